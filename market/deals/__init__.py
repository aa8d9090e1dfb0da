"""Deals: terms that both sides accept, gates that have to be met, the recorded contract, and payments against it."""
