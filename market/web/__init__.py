"""What every route shares: transactions, problems, conditional requests, paging and the API's description."""
