"""The embedded engine: a tantivy index in a local folder; knows the port's semantics, nothing of other engines."""
