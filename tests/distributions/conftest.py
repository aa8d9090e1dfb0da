"""Reward notices run their whole periods: the clock of the database is moved."""

from tests.notices.conftest import database_url

__all__ = ["database_url"]
