"""Recomputes what must never have changed: stored documents, signatures, and every chain of the record.

It reads the database as an auditor would, from the stored bytes, and believes no column that it can compute.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from market.database import Database
from market.ledger.queries import broken_chains
from market.ledger.rules import sha256
from market.progress import Progress


@dataclass(frozen=True)
class Stored:
    """One kind of stored document: how many there are, and each with its name, bytes, hash and recorded hash."""

    count: str
    read: str


DOCUMENTS = (
    # Every published version, and the hash that the event of its publication recorded.
    Stored(
        "SELECT count(*) FROM listing_version",
        """
        SELECT 'version ' || v.number || ' of listing ' || v.listing_id AS name, v.document, v.sha256,
            (SELECT e.data ->> 'sha256' FROM event e WHERE e.subject_kind = 'listing' AND e.subject_id = v.listing_id
                AND e.kind = 'published' AND (e.data ->> 'version')::int = v.number) AS recorded
        FROM listing_version v ORDER BY v.listing_id, v.number
        """,
    ),
    # The snapshot of every released edition; it is taken once.
    Stored(
        "SELECT count(*) FROM edition WHERE snapshot IS NOT NULL",
        """
        SELECT 'the snapshot of edition ' || d.id AS name, d.snapshot AS document, d.sha256,
            (SELECT e.data ->> 'sha256' FROM event e WHERE e.subject_kind = 'edition' AND e.subject_id = d.id
                AND e.kind = 'published' ORDER BY e.seq DESC LIMIT 1) AS recorded
        FROM edition d WHERE d.snapshot IS NOT NULL ORDER BY d.id
        """,
    ),
    # Every contract as it was recorded, the refused ones too.
    Stored(
        "SELECT count(*) FROM contract",
        """
        SELECT 'record ' || c.record_number || ' of the contract of deal ' || c.deal_id AS name, c.document, c.sha256,
            (SELECT e.data ->> 'sha256' FROM event e WHERE e.subject_kind = 'deal' AND e.subject_id = c.deal_id
                AND e.kind = 'contract_recorded' AND (e.data ->> 'record')::int = c.record_number) AS recorded
        FROM contract c ORDER BY c.deal_id, c.record_number
        """,
    ),
    # The signed receipt of every introduction.
    Stored(
        "SELECT count(*) FROM introduction",
        """
        SELECT 'the receipt of introduction ' || i.id AS name, i.receipt AS document, i.sha256,
            (SELECT e.data ->> 'sha256' FROM event e WHERE e.subject_kind = 'assignment'
                AND e.subject_id = i.assignment_id AND e.kind = 'introduced') AS recorded
        FROM introduction i ORDER BY i.id
        """,
    ),
)

# Versions are numbered from 1 without gaps, up to the one that the listing shows.
_MISSING = """
SELECT 'version ' || n || ' of listing ' || l.id || ' is missing'
FROM listing l CROSS JOIN LATERAL generate_series(1, l.published_version) AS n
WHERE NOT EXISTS (SELECT FROM listing_version v WHERE v.listing_id = l.id AND v.number = n)
ORDER BY l.id, n
"""

_SIGNED = "SELECT id, receipt, signature, public_key FROM introduction ORDER BY id"


async def findings(database: Database, progress: Progress) -> AsyncIterator[str]:
    """One sentence for each thing that was touched; `progress` counts documents."""
    async with database.engine.connect() as connection:
        # One moment for all of it: what is published meanwhile is not half seen.
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text("SET TRANSACTION READ ONLY"))
        total = sum([(await connection.execute(text(stored.count))).scalar_one() for stored in DOCUMENTS])
        done = 0
        for stored in DOCUMENTS:
            async for found in _documents(connection, stored):
                done += 1
                if found is not None:
                    yield found
                progress(done, total)
        for row in await connection.execute(text(_MISSING)):
            yield row[0]
        async for identifier, receipt, signature, key in await connection.stream(text(_SIGNED)):
            if not _signed(receipt, signature, key):
                yield f"introduction {identifier}: its signature does not fit its receipt"
        async with AsyncSession(connection) as session:
            async for broken in broken_chains(session):
                yield broken


def _signed(receipt: bytes, signature: bytes, key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, receipt)
    except (InvalidSignature, ValueError):
        return False
    return True


async def _documents(connection: AsyncConnection, stored: Stored) -> AsyncIterator[str | None]:
    """For each document what is wrong with it, or None."""
    async for name, document, claimed, recorded in await connection.stream(text(stored.read)):
        computed = sha256(document)
        if computed != claimed:
            yield f"{name}: its bytes or its hash were changed"
        elif recorded != computed.hex():
            yield f"{name}: the record knows another document"
        else:
            yield None
