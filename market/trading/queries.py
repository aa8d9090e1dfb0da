"""Reads of rounds, their bidders and logs; what an actor sees starts from `visible_to` and `registrations_visible_to`."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.listings.tables import Listing
from market.money.queries import hall_role
from market.permissions import Actor, Permission
from market.trading import rules
from market.trading.tables import Award, Entry, Registration, Round
from schemas.values import FieldProblem
from schemas.vocabulary import AwardStatus, EntryKind, RoundKind, RoundStatus, Scope

UNOPENED = frozenset({RoundStatus.BIDDING, RoundStatus.SUSPENDED, RoundStatus.OPENING})
"""While these last, the log of a sealed tender ends before its first bid: it would tell how many there are."""
_COUNTING = (EntryKind.SEALED_BID, EntryKind.SUSPENDED, EntryKind.RESUMED)
"""So would a suspension, by its number: the log ends before it too."""


def visible_to(actor: Actor | None) -> ColumnElement[bool]:
    """Anybody sees a round from its announcement on; before, its seller, the operator and the auditor."""
    announced = col(Round.announced_at).is_not(None)
    if actor is None or not actor.reads(Scope.ROUNDS):
        return announced
    if actor.sees_everything:
        return true()
    return or_(announced, col(Round.seller_id).in_(list(actor.organisations)))


def prepares(actor: Actor | None, row: Round) -> bool:
    """Whether the actor sees how the round was planned and approved."""
    if actor is None or not actor.reads(Scope.ROUNDS):
        return False
    return actor.sees_everything or row.seller_id in actor.organisations


async def round_by_id(session: AsyncSession, actor: Actor | None, round_id: UUID) -> Round:
    """One round that the actor sees, or NotFound."""
    found = await session.execute(select(Round).where(Round.id == round_id, visible_to(actor)))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no round that you see has this id")
    return row


async def locked(session: AsyncSession, round_id: UUID) -> Round:
    """A round held until the transaction ends, whose `now` is from here on the database's clock after the lock.

    The caller has settled that it exists and is seen.
    """
    query = select(Round).where(Round.id == round_id).with_for_update()
    row = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    at: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    session.info["now"] = at.astimezone(UTC)  # the transaction may have waited long for the lock
    return row


def rounds(actor: Actor | None, status: RoundStatus | None, listing_id: UUID | None) -> Any:
    """The rounds that the actor sees, for a page."""
    query = select(Round).where(visible_to(actor))
    if status is not None:
        query = query.where(Round.status == status)
    return query.where(Round.listing_id == listing_id) if listing_id is not None else query


async def locked_listing(session: AsyncSession, listing_id: UUID) -> Listing:
    """The listing of a round, held for a change after its round; whoever changes it may not see its working copy."""
    query = select(Listing).where(Listing.id == listing_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def open_round(session: AsyncSession, listing_id: UUID) -> UUID | None:
    """The listing's round between its approval and its end."""
    query = select(Round.id).where(Round.listing_id == listing_id, col(Round.status).in_(rules.OPEN))
    return (await session.execute(query)).scalar_one_or_none()


async def due_rounds(session: AsyncSession, at: datetime, limit: int) -> list[UUID]:
    """Rounds of which the clock asks something at `at`."""
    status = col(Round.status)
    due = or_(
        and_(status == RoundStatus.ANNOUNCED, col(Round.registration_until) <= at),
        and_(status == RoundStatus.QUALIFYING, col(Round.bidding_from) <= at),
        and_(status == RoundStatus.BIDDING, col(Round.ends_at) <= at),
    )
    found = await session.execute(select(Round.id).where(due).order_by(col(Round.ends_at)).limit(limit))
    return list(found.scalars())


async def last_entry_at(session: AsyncSession, row: Round) -> datetime | None:
    """When the log was last written: of a round that has ended, when it ended."""
    query = select(Entry.at).where(Entry.round_id == row.id, Entry.seq == row.last_seq)
    return (await session.execute(query)).scalar_one_or_none()


async def log_of(session: AsyncSession, row: Round, after: int, limit: int) -> list[Entry]:
    """The public entries behind the one numbered `after`, in order."""
    query = select(Entry).where(Entry.round_id == row.id, col(Entry.seq) > after)
    if row.kind is RoundKind.SEALED_TENDER and row.status in UNOPENED:
        first = await _first(session, row.id, _COUNTING)
        if first is not None:
            query = query.where(col(Entry.seq) < first)
    found = await session.execute(query.order_by(col(Entry.seq)).limit(limit))
    return list(found.scalars())


async def has_sealed_bids(session: AsyncSession, round_id: UUID) -> bool:
    """Whether anybody has bid in a sealed tender."""
    return await _first(session, round_id, [EntryKind.SEALED_BID]) is not None


async def _first(session: AsyncSession, round_id: UUID, kinds: Collection[EntryKind]) -> int | None:
    query = select(Entry.seq).where(Entry.round_id == round_id, col(Entry.kind).in_(kinds))
    return (await session.execute(query.order_by(col(Entry.seq)).limit(1))).scalar_one_or_none()


async def sealed_bids(session: AsyncSession, round_id: UUID) -> list[tuple[Entry, Registration]]:
    """Every sealed bid with its bidder, in the order in which they came."""
    query = (
        select(Entry, Registration)
        .join(Registration, col(Registration.id) == Entry.registration_id)
        .where(Entry.round_id == round_id, Entry.kind == EntryKind.SEALED_BID)
        .order_by(col(Entry.seq))
    )
    return [(entry, bidder) for entry, bidder in (await session.execute(query)).all()]


async def is_opened(session: AsyncSession, row: Round) -> bool:
    """Whether the key of the sealed bids is public."""
    query = select(Entry.seq).where(Entry.round_id == row.id, Entry.kind == EntryKind.OPENED)
    return (await session.execute(query)).scalar_one_or_none() is not None


# Bidders


def registrations_visible_to(actor: Actor) -> ColumnElement[bool]:
    """A registration is seen by its organisation, by whoever qualifies bidders for the seller, and by the hall.

    Bidders do not see each other: who they are stays secret until the end, and then the winner alone is named (BD-14).
    """
    if not actor.reads(Scope.ROUNDS):
        return false()
    if actor.sees_everything:
        return true()
    seller = select(Round.id).where(
        Round.id == Registration.round_id, col(Round.seller_id).in_(actor.where(Permission.QUALIFY_BIDDER))
    )
    return or_(col(Registration.organisation_id).in_(list(actor.organisations)), seller.exists())


async def registrations(session: AsyncSession, actor: Actor, round_id: UUID) -> Any:
    """Those of a round that the actor sees, for a page; whoever records deposits for the hall sees all."""
    records = await hall_role(session, actor) is not None
    seen = true() if records else registrations_visible_to(actor)
    return select(Registration).where(Registration.round_id == round_id, seen)


async def registration(session: AsyncSession, actor: Actor, round_id: UUID, identifier: UUID) -> Registration:
    """One registration that the actor sees, or NotFound; it changes under the lock of its round."""
    query = (await registrations(session, actor, round_id)).where(Registration.id == identifier)
    found: Registration | None = (
        await session.execute(query.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("no registration that you see has this id")
    return found


async def all_registrations(session: AsyncSession, round_id: UUID) -> list[Registration]:
    """Every registration of a locked round, in the order of ids."""
    query = select(Registration).where(Registration.round_id == round_id).order_by(col(Registration.id))
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def registration_of(
    session: AsyncSession, round_id: UUID, organisation_id: UUID
) -> Registration | None:
    """The registration of an organisation for a round."""
    query = select(Registration).where(
        Registration.round_id == round_id, Registration.organisation_id == organisation_id
    )
    return (await session.execute(query)).scalar_one_or_none()


_CONFLICTS = text("SELECT rule, why FROM bid_conflicts(:round_id, :person_id, :organisation_id)")


async def conflicts(
    session: AsyncSession, round_id: UUID, person_id: UUID, organisation_id: UUID
) -> list[FieldProblem]:
    """Every relation that keeps this person from bidding for this organisation, with its rule (BD-2)."""
    found = await session.execute(
        _CONFLICTS, {"round_id": round_id, "person_id": person_id, "organisation_id": organisation_id}
    )
    return [FieldProblem(pointer="", detail=why, rule=rule) for rule, why in found.all()]


_DEFAULTS = text("""
WITH RECURSIVE before(id, relisted_from) AS (
    SELECT id, relisted_from FROM sale_round WHERE id = :round_id
    UNION SELECT s.id, s.relisted_from FROM sale_round s JOIN before b ON s.id = b.relisted_from
)
SELECT EXISTS (
    SELECT FROM before JOIN award a ON a.round_id = before.id AND a.status = 'defaulted'
    JOIN bidder_registration r ON r.id = a.registration_id AND r.organisation_id = :organisation_id
)
""")


async def has_defaulted(session: AsyncSession, round_id: UUID, organisation_id: UUID) -> bool:
    """Whether the organisation defaulted in a round that this one follows."""
    found = await session.execute(_DEFAULTS, {"round_id": round_id, "organisation_id": organisation_id})
    return bool(found.scalar_one())


_FOLLOWING = text("""
WITH RECURSIVE following(id) AS (
    SELECT id FROM sale_round WHERE relisted_from = :round_id
    UNION SELECT s.id FROM sale_round s JOIN following f ON s.relisted_from = f.id
)
SELECT id FROM following
""")


async def following(session: AsyncSession, round_id: UUID) -> list[Round]:
    """The rounds in which the same was offered again, oldest first."""
    ids = list((await session.execute(_FOLLOWING, {"round_id": round_id})).scalars())
    found = await session.execute(select(Round).where(col(Round.id).in_(ids)).order_by(col(Round.id)))
    return list(found.scalars())


# Awards


async def award_of(session: AsyncSession, round_id: UUID) -> tuple[Award, Registration] | None:
    """The latest award of a round with the winner's registration."""
    return (await awards_of(session, [round_id])).get(round_id)


async def awards_of(
    session: AsyncSession, round_ids: Collection[UUID]
) -> dict[UUID, tuple[Award, Registration]]:
    """The awards of these rounds that were not declared void, by round."""
    found = await session.execute(
        select(Award, Registration)
        .join(Registration, col(Registration.id) == Award.registration_id)
        .where(col(Award.round_id).in_(round_ids), Award.status != AwardStatus.VOID)
        .order_by(col(Award.id))
    )
    return {award.round_id: (award, bidder) for award, bidder in found.all()}


async def award_seen(
    session: AsyncSession, actor: Actor, round_id: UUID
) -> tuple[Round, Award, Registration]:
    """The award of a round for its seller, its winner and the hall; NotFound for everybody else."""
    row = await round_by_id(session, actor, round_id)
    found = await award_of(session, row.id)
    if found is not None and actor.reads(Scope.ROUNDS):
        parties = {row.seller_id, found[1].organisation_id}
        if actor.sees_everything or parties & actor.organisations.keys():
            return row, *found
    raise NotFound("no award that you see belongs to this round")


def deposits(rows: Sequence[Registration]) -> list[UUID]:
    """The pending transfers of these registrations."""
    return [row.deposit_id for row in rows if row.deposit_id is not None]
