"""The record: events of every subject, each chained to the one before by hash, written with what they record."""
