"""The database's address as each of the two clients reads it."""

import pytest

from market.database import database_urls


def test_the_address_is_given_to_each_client_in_its_own_scheme() -> None:
    alchemy, plain = database_urls("postgres://hall:secret@db.example/hall")
    assert alchemy.drivername == "postgresql+asyncpg"
    assert plain == "postgresql://hall:secret@db.example/hall"


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_the_sslmode_of_a_managed_database_reaches_both_clients(mode: str) -> None:
    alchemy, plain = database_urls(f"postgresql://hall@db.example/hall?sslmode={mode}")
    assert dict(alchemy.query) == {"ssl": mode}
    assert plain.endswith(f"?sslmode={mode}")
