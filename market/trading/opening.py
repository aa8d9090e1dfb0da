"""The opening of a sealed tender (开标): officers hand in their shares, every bid is opened, and the highest wins.

Until then nobody can read a bid; what is asked of a sealed bid when it comes is settled by the desk.
"""

import base64
import json
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.errors import WrongState
from market.permissions import Actor
from market.sealing import queries as boxes
from market.sealing import rules as officers_rules
from market.sealing import service as sealing
from market.sealing.tables import Box
from market.trading import queries, rules, sealed
from market.trading.bidding import Bidder
from market.trading.entries import append_entry, moved
from market.trading.house import House
from market.trading.log import instant
from market.trading.rules import Verb
from market.trading.sealed import Taken
from market.trading.tables import Round
from market.trading.turning import conclude
from schemas.listings import Unmet
from schemas.trading import RoundPlan
from schemas.vocabulary import EntryKind, RoundKind


def subject(row: Round) -> tuple[str, UUID]:
    """How the box of a round is found."""
    return "round", row.id


async def unmet(session: AsyncSession, plan: RoundPlan) -> list[Unmet]:
    """Why the officers of a plan could not open its bids, or one organisation could alone."""
    if plan.kind is not RoundKind.SEALED_TENDER or plan.opening is None:
        return []
    named = plan.opening.officers
    return officers_rules.unmet(named, plan.opening.threshold, await boxes.officers(session, named))


async def prepare(session: AsyncSession, row: Round, plan: RoundPlan) -> dict[str, Any] | None:
    """Make the box of a sealed tender that is being announced; what its rules say of it, None for another round."""
    if plan.kind is not RoundKind.SEALED_TENDER or plan.opening is None:
        return None
    named = plan.opening.officers
    box = await sealing.make_box(
        session,
        subject(row),
        purpose=sealed.PURPOSE,
        blob_bytes=sealed.BLOB_BYTES,
        officers=named,
        threshold=plan.opening.threshold,
    )
    return sealed.opening_rules(box, await boxes.officers(session, named), row.currency)


async def hand_in(session: AsyncSession, actor: Actor, row: Round, words: str, house: House) -> Box:
    """Hand in the share of an opening officer whom the rules of a locked round name; no role does it for them.

    With as many shares as it takes the bids are opened and the round is awarded at once. NotFound for everybody else,
    WrongState before the deadline: the share is not kept then.
    """
    box = await boxes.box_of(session, subject(row))
    await boxes.own_share(session, actor, box)
    if row.status not in rules.FROM[Verb.OPEN]:
        raise WrongState(
            f"the round is {row.status}; shares are taken between the end of the bidding,"
            f" {instant(row.ends_at)}, and the opening: yours was not kept"
        )
    key = await sealing.hand_in(session, actor, box, words)
    await moved(session, actor, row, "opening_share_handed_in")
    if key is not None:
        await _open(session, row, key, house)
    return box


async def _open(session: AsyncSession, row: Round, key: bytes, house: House) -> None:
    """Publish the key and what every sealed bid says, and award the round to the best of each bidder's last."""
    if row.rules is None or row.rules_sha256 is None:
        raise AssertionError("sealed bids were made under rules")
    lid = sealed.lid_of(row.rules, row.rules_sha256)
    taken = [
        Taken(
            entry.seq,
            Bidder(bidder.id, bidder.alias, bidder.priority),
            entry.sealed or b"",
            json.loads(entry.document)["sealed_sha256"],
        )
        for entry, bidder in await queries.sealed_bids(session, row.id)
    ]
    said, best = sealed.open_all(lid, key, taken, row.currency, row.opening_price)
    facts = {"private_key": base64.b64encode(key).decode(), "bids": said}
    await append_entry(session, row, EntryKind.OPENED, facts)
    await moved(session, None, row, "bids_opened", data={"bids": len(said)})
    reserve = house.vault.open(row.id, row.reserve_sealed) if row.reserve_sealed is not None else None
    await conclude(session, row, best, reserve)
