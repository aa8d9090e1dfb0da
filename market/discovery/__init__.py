"""Finding listings: the search endpoint, what a listing shows besides its document, and the index kept in step."""
