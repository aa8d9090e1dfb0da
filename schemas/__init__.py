"""The words and shapes that cross a boundary; they know pydantic and nothing of storage or transport."""
