"""Money that is held for others: a double-entry ledger. The platform records, banks move."""
