"""Organisations: who they are, how they are identified, and how far that was verified."""
