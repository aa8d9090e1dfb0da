"""Recomputes what must never have changed: stored documents, signatures, rounds, challenges, money, every chain.

It reads the database as an auditor would, from the stored bytes, and believes no column that it can compute.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from market.challenges import checking, rows
from market.database import Database
from market.ledger.auditing import log_findings
from market.ledger.notes import Checkpoint, NotSigned
from market.ledger.notes import read as read_note
from market.ledger.queries import broken_chains
from market.ledger.rules import sha256
from market.progress import Progress
from market.trading.checking import faults
from market.trading.rows import read_rows, round_ids
from market.trouble import Trouble


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
                AND e.subject_id = i.assignment_id AND e.kind = 'introduced'
                AND e.data ->> 'introduction' = i.id::text) AS recorded
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

# What must hold of money: each query answers one sentence for each place where it does not.
LEDGER = (
    # In each currency what was debited was credited, each side counted in the currency of its account.
    """
    SELECT 'the ledger in ' || a.currency || ': debits and credits differ by ' || abs(sum(s.amount)) || ' minor units'
    FROM (
        SELECT debit_id AS account_id, -amount AS amount FROM transfer WHERE kind IN ('posted', 'post')
        UNION ALL SELECT credit_id, amount FROM transfer WHERE kind IN ('posted', 'post')
    ) s JOIN account a ON a.id = s.account_id
    GROUP BY a.currency HAVING sum(s.amount) <> 0 ORDER BY a.currency
    """,
    """
    SELECT 'transfer ' || t.id || ': an account of it is missing or in another currency'
    FROM transfer t WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = t.debit_id AND a.currency = t.currency)
        OR NOT EXISTS (SELECT FROM account a WHERE a.id = t.credit_id AND a.currency = t.currency)
    ORDER BY t.id
    """,
    """
    SELECT 'transfer ' || pending_id || ' was resolved ' || count(*) || ' times'
    FROM transfer WHERE pending_id IS NOT NULL GROUP BY pending_id HAVING count(*) > 1 ORDER BY pending_id
    """,
    """
    SELECT 'transfer ' || r.id || ': what it resolves is missing, or another sum between other accounts'
    FROM transfer r LEFT JOIN transfer p ON p.id = r.pending_id AND p.kind = 'pending'
    WHERE r.kind IN ('post', 'void') AND (p.debit_id, p.credit_id, p.amount, p.currency)
        IS DISTINCT FROM (r.debit_id, r.credit_id, r.amount, r.currency)
    ORDER BY r.id
    """,
    """
    SELECT 'the settlement ' || p.id || ': its parts come to ' || coalesce(sum(t.amount), 0) || ' of ' || p.amount
    FROM transfer p JOIN account e ON e.id = p.credit_id AND e.kind = 'escrow'
    LEFT JOIN transfer t ON t.post_id = p.id AND t.debit_id = p.credit_id
    WHERE p.kind = 'post' GROUP BY p.id, p.amount HAVING coalesce(sum(t.amount), 0) <> p.amount ORDER BY p.id
    """,
    """
    SELECT 'transfer ' || t.id || ': it is a part of no settlement'
    FROM transfer t LEFT JOIN transfer p ON p.id = t.post_id AND p.kind = 'post' AND p.credit_id = t.debit_id
    WHERE t.post_id IS NOT NULL AND p.id IS NULL ORDER BY t.id
    """,
    # A deposit that is held reserves; below zero are the bank's account, by what the bank holds, and those of a deal that
    # count what is owed, what came in and, after a refund, what was earned.
    """
    SELECT 'account ' || a.id || ' (' || a.kind || ', ' || a.currency || ') is overdrawn by ' || -sum(s.amount)
        || ' minor units'
    FROM account a JOIN (
        SELECT debit_id AS account_id, -amount AS amount FROM transfer t WHERE kind IN ('posted', 'post')
            OR kind = 'pending' AND NOT EXISTS (SELECT FROM transfer r WHERE r.pending_id = t.id)
        UNION ALL SELECT credit_id, amount FROM transfer WHERE kind IN ('posted', 'post')
    ) s ON s.account_id = a.id
    WHERE a.kind NOT IN ('bank', 'receivable', 'received', 'income') GROUP BY a.id HAVING sum(s.amount) < 0 ORDER BY a.id
    """,
    # What a bank moved is in the ledger as it was recorded, and nothing else is.
    """
    SELECT 'transfer ' || coalesce(t.id, e.id) || ': the ledger and the record know different receipts, refunds or payouts'
    FROM (
        SELECT t.id, jsonb_build_array(t.amount, t.currency, t.purpose, t.evidence, t.actor_id) AS said,
            CASE b.id WHEN t.debit_id THEN t.credit_id ELSE t.debit_id END AS account_id,
            CASE WHEN t.kind = 'pending' THEN 'payout_ordered' WHEN t.kind = 'post' THEN 'payout_recorded'
                WHEN t.kind = 'void' THEN 'payout_cancelled' WHEN b.id = t.debit_id THEN 'receipt_recorded'
                ELSE 'refund_recorded' END AS kind
        FROM transfer t JOIN account b ON b.id IN (t.debit_id, t.credit_id) AND b.kind = 'bank'
    ) t FULL JOIN (
        SELECT (e.data ->> 'transfer')::uuid AS id, e.subject_id AS account_id, e.kind, jsonb_build_array(
            e.data -> 'amount', e.data -> 'currency', e.data -> 'purpose', e.data -> 'evidence', e.actor_id) AS said
        FROM event e WHERE e.subject_kind = 'account' AND e.kind IN ('receipt_recorded', 'refund_recorded',
            'payout_ordered', 'payout_recorded', 'payout_cancelled')
    ) e ON e.id = t.id
    WHERE (t.said, t.account_id, t.kind) IS DISTINCT FROM (e.said, e.account_id, e.kind) ORDER BY 1
    """,
)

# Of a submission the record tells nothing but its receipt, so that a lost one is found from there alone.
_LOST = """
SELECT 'submission ' || e.subject_id || ' is missing' FROM event e WHERE e.subject_kind = 'submission'
    AND NOT EXISTS (SELECT FROM challenge_submission s WHERE s.id = e.subject_id) ORDER BY e.subject_id
"""

_SIGNED = "SELECT id, receipt, signature, public_key FROM introduction ORDER BY id"


async def findings(
    database: Database, progress: Progress, *, log_key: bytes | None = None, older: Checkpoint | None = None
) -> AsyncIterator[str]:
    """One sentence for each thing that was touched; `progress` counts documents, rounds and challenges.

    With `log_key` every checkpoint has to be signed by it; `older` is one that was kept elsewhere (see `log_findings`).
    """
    async with _one_moment(database) as connection:
        async for found in findings_through(connection, progress, log_key=log_key, older=older):
            yield found


async def findings_through(
    connection: AsyncConnection,
    progress: Progress,
    *,
    log_key: bytes | None = None,
    older: Checkpoint | None = None,
) -> AsyncIterator[str]:
    """The same as the connection's own transaction sees it."""
    total = sum([(await connection.execute(text(stored.count))).scalar_one() for stored in DOCUMENTS])
    rounds, challenges = await round_ids(connection), await rows.challenge_ids(connection)
    total, done = total + len(rounds) + len(challenges), 0
    for stored in DOCUMENTS:
        async for found in _documents(connection, stored):
            done += 1
            if found is not None:
                yield found
            progress(done, total)
    for round_id in rounds:
        for fault in faults(await read_rows(connection, round_id)):
            yield f"round {round_id}: {fault}"
        done += 1
        progress(done, total)
    for challenge_id in challenges:
        for fault in checking.faults(await rows.read_rows(connection, challenge_id)):
            yield f"challenge {challenge_id}: {fault}"
        done += 1
        progress(done, total)
    for query in (_MISSING, _LOST, *LEDGER):
        for row in await connection.execute(text(query)):
            yield row[0]
    async for finding in _record(connection, log_key, older):
        yield finding


async def _record(
    connection: AsyncConnection, log_key: bytes | None, older: Checkpoint | None
) -> AsyncIterator[str]:
    """The signed receipts, every chain, and the log over all of it."""
    async for identifier, receipt, signature, key in await connection.stream(text(_SIGNED)):
        if not _signed(receipt, signature, key):
            yield f"introduction {identifier}: its signature does not fit its receipt"
    async with AsyncSession(connection) as session:
        async for broken in broken_chains(session):
            yield broken
    async for finding in log_findings(connection, log_key, older):
        yield finding


def kept_checkpoint(path: Path, log_key: bytes) -> Checkpoint:
    """The checkpoint in a file. Trouble where it cannot be read or is not signed by the log."""
    try:
        return read_note(path.read_text("utf-8"), log_key)
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{path} cannot be read as a checkpoint.") from error
    except NotSigned as error:
        raise Trouble(f"{path}: {error}.") from error


@asynccontextmanager
async def _one_moment(database: Database) -> AsyncIterator[AsyncConnection]:
    """What is written meanwhile is not half seen."""
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


async def findings_of_round(database: Database, round_id: UUID) -> list[str]:
    """One sentence for each thing of one round that was touched. NotFound where there is none."""
    async with _one_moment(database) as connection:
        return faults(await read_rows(connection, round_id))


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
