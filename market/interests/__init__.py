"""Interests: a verified company asks the owner of a listing, the owner's reply clock runs, both may end it with a reason."""
