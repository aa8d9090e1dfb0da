"""The schema's history; `market migrate` brings a database to its head."""
