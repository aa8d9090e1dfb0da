"""Trading rounds: listed sales, auctions and sealed tenders, from their rules to the award."""
