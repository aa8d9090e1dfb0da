"""Reads every row of a round as an auditor would, whatever its state; what must hold of them is in `checking`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from market.errors import NotFound
from market.listings.tables import ListingVersion
from market.money.tables import Transfer
from market.trading.tables import Award, Entry, Registration, Round


@dataclass(frozen=True)
class Rows:
    """One round with all that belongs to it."""

    round: Row[Any]
    entries: Sequence[Row[Any]]
    """By seq."""
    registrations: Sequence[Row[Any]]
    awards: Sequence[Row[Any]]
    deposits: Mapping[UUID | None, Row[Any]]
    resolutions: Mapping[UUID | None, Row[Any]]
    """By the deposit that they resolve."""
    offered: bytes | None
    """The hash of the listing's version."""
    recorded: str | None
    """The hash of the rules in the record of the announcement, in hexadecimal."""
    at: datetime


_RECORDED = text("""
SELECT data ->> 'rules_sha256' FROM event WHERE subject_kind = 'round' AND subject_id = :id AND kind = 'announced'
""")


async def round_ids(connection: AsyncConnection) -> list[UUID]:
    """Every round, oldest first."""
    return list((await connection.execute(select(col(Round.id)).order_by(col(Round.id)))).scalars())


async def read_rows(connection: AsyncConnection, round_id: UUID) -> Rows:
    """All rows of one round, as of the connection's snapshot. NotFound where there is none."""

    async def read(query: Any) -> Sequence[Row[Any]]:
        return (await connection.execute(query)).all()

    found = await read(select(Round).where(col(Round.id) == round_id))
    if not found:
        raise NotFound("there is no round with this id")
    row = found[0]
    registrations = await read(
        select(Registration).where(col(Registration.round_id) == round_id).order_by(col(Registration.id))
    )
    held = [each.deposit_id for each in registrations if each.deposit_id is not None]
    deposits = await read(select(Transfer).where(col(Transfer.id).in_(held)))
    resolutions = await read(select(Transfer).where(col(Transfer.pending_id).in_(held)))
    offered = await read(
        select(col(ListingVersion.sha256)).where(
            col(ListingVersion.listing_id) == row.listing_id,
            col(ListingVersion.number) == row.listing_version,
        )
    )
    return Rows(
        round=row,
        entries=await read(select(Entry).where(col(Entry.round_id) == round_id).order_by(col(Entry.seq))),
        registrations=registrations,
        awards=await read(select(Award).where(col(Award.round_id) == round_id).order_by(col(Award.id))),
        deposits={each.id: each for each in deposits},
        resolutions={each.pending_id: each for each in resolutions},
        offered=offered[0].sha256 if offered else None,
        recorded=(await connection.execute(_RECORDED, {"id": round_id})).scalar(),
        at=(await connection.execute(select(func.clock_timestamp()))).scalar_one(),
    )
