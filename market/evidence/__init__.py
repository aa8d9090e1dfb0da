"""Documents that prove something to a gate, and what the law of exports asks before anything is shown."""
