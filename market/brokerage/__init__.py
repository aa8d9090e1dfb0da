"""What the work of technology managers leads to (中介, 民法典 ch. 26): plans, credit for deals, claims, rewards, evidence."""
