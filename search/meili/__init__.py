"""The Meilisearch engine; knows its HTTP API and the port's semantics, nothing of other engines."""
