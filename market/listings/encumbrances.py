"""What others hold in the rights of a listing (权利负担): when it holds, what it bars, what lifts the bar, and its record.

A deal, an offer and a publication ask `barring`; it does not know deals.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.errors import Conflict, Invalid, NotFound
from market.ledger.service import record
from market.listings.tables import Encumbrance, Listing
from market.permissions import Actor, Permission, require
from market.workdays import legal_day
from schemas.listings import Unmet
from schemas.rights import EncumbranceView, NewEncumbrance, Release
from schemas.values import FieldProblem
from schemas.vocabulary import EncumbranceKind, EvidenceKind, Mode

K = EncumbranceKind
_LICENCES = frozenset(
    {
        Mode.EXCLUSIVE_LICENCE,
        Mode.SOLE_LICENCE,
        Mode.ORDINARY_LICENCE,
        Mode.OPEN_LICENCE,
        Mode.OPTION,
        Mode.TRIAL,
    }
)
_DISPOSALS = _LICENCES | {Mode.TRANSFER, Mode.EQUITY}

BARS: Mapping[EncumbranceKind, frozenset[Mode]] = {
    K.PLEDGE: _DISPOSALS,
    K.FREEZE: _DISPOSALS,
    K.EXCLUSIVE_LICENCE: _LICENCES,  # a transfer leaves the licence as it is: 技术合同司法解释 art. 24
    K.SOLE_LICENCE: _LICENCES,
    K.CO_OWNERSHIP: _DISPOSALS - {Mode.ORDINARY_LICENCE, Mode.TRIAL},
    K.FIRST_REFUSAL: frozenset({Mode.TRANSFER}),
    K.FUNDER_CONSENT: frozenset({Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.EQUITY}),
}
"""In which modes the right is not disposed of while it holds."""

LIFTED_BY: Mapping[EncumbranceKind, EvidenceKind] = {
    K.PLEDGE: EvidenceKind.PLEDGEE_CONSENT,
    K.CO_OWNERSHIP: EvidenceKind.CO_OWNER_CONSENT,
    K.FIRST_REFUSAL: EvidenceKind.FIRST_REFUSAL_WAIVER,
    K.FUNDER_CONSENT: EvidenceKind.FUNDER_APPROVAL,
}
"""The consent that lifts the bar for one deal; a freeze and a licence in force are lifted by their end alone."""

RULES: Mapping[EncumbranceKind, tuple[str, str]] = {
    K.PLEDGE: ("PL-1", "民法典 art. 444"),
    K.FREEZE: ("PL-1", "专利法实施细则 art. 103"),
    K.EXCLUSIVE_LICENCE: ("CT-6", "技术合同司法解释 art. 25"),
    K.SOLE_LICENCE: ("CT-6", "技术合同司法解释 art. 25"),
    K.CO_OWNERSHIP: ("RV-16", "专利法 art. 14"),
    K.FIRST_REFUSAL: ("RV-15", "民法典 art. 859, 860"),
    K.FUNDER_CONSENT: ("XB-7", "科学技术进步法 art. 34"),
}


def is_active(row: Encumbrance, day: date) -> bool:
    """Whether it holds on a day: from its first to its last, and not once it was released."""
    if day < row.begins_on or (row.ends_on is not None and day > row.ends_on):
        return False
    return row.released_on is None or day < row.released_on


def barring(mode: Mode, rows: Iterable[Encumbrance], day: date) -> list[Encumbrance]:
    """Those that keep the owner from disposing of the right in this mode on this day."""
    return [row for row in rows if is_active(row, day) and mode in BARS[row.kind]]


def unmet_for_publication(
    modes: Collection[Mode], disclosed: bool, rows: Sequence[Encumbrance], day: date
) -> Iterator[Unmet]:
    """What stands against publishing an offer in these modes: what is not disclosed, and what nobody can consent to."""
    active = [row for row in rows if is_active(row, day)]
    if active and not disclosed:
        held = ", ".join(sorted({row.kind.value for row in active}))
        yield Unmet(
            pointer="/encumbrances_disclosed", detail=f"say what others hold in it: {held}", rule="PL-1"
        )
    for mode in modes:
        for row in barring(mode, active, day):
            if row.kind not in LIFTED_BY:
                detail = f"{mode} cannot be offered while the {row.kind} of {row.holder} holds"
                yield Unmet(pointer="/modes", detail=detail, rule=RULES[row.kind][0])


async def of_listings(session: AsyncSession, ids: Collection[UUID]) -> list[Encumbrance]:
    """All that was ever recorded of these listings, oldest first."""
    query = select(Encumbrance).where(col(Encumbrance.listing_id).in_(ids))
    return list((await session.execute(query.order_by(col(Encumbrance.id)))).scalars())


async def encumber(
    session: AsyncSession, actor: Actor, listing: Listing, data: NewEncumbrance
) -> Encumbrance:
    """Record what another holds in the rights of a locked listing. Its officers, directors and buyers, and the operator."""
    role = require(actor, Permission.RECORD_RIGHTS, listing.organisation_id)
    if data.place is not None and data.place >= len(listing.content.get("ip_rights", [])):
        raise Invalid(
            errors=[FieldProblem(pointer="/place", detail="the listing has no right in this place")]
        )
    row = Encumbrance(
        listing_id=listing.id,
        **data.model_dump(exclude={"source_sha256"}),
        source_sha256=bytes.fromhex(data.source_sha256) if data.source_sha256 else None,
        recorded_by=actor.person_id,
        recorded_at=await now(session),
    )
    session.add(row)
    await session.flush()
    facts = data.model_dump(mode="json", exclude_none=True) | {"encumbrance": str(row.id)}
    await record(session, actor, ("listing", listing.id), "encumbered", role=role, data=facts)
    return row


async def release(
    session: AsyncSession, actor: Actor, listing: Listing, encumbrance_id: UUID, data: Release
) -> Encumbrance:
    """Record that it holds no more (解除), from a day on. Who may record it. Conflict where it was released before."""
    role = require(actor, Permission.RECORD_RIGHTS, listing.organisation_id)
    query = select(Encumbrance).where(Encumbrance.id == encumbrance_id, Encumbrance.listing_id == listing.id)
    found = await session.execute(query.with_for_update().execution_options(populate_existing=True))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no encumbrance of this listing has this id")
    if row.released_on is not None:
        raise Conflict(f"it was released on {row.released_on}")
    if data.released_on < row.begins_on or data.released_on > legal_day(await now(session)):
        detail = "the day on which it was released: after it began, and not in the future"
        raise Invalid(errors=[FieldProblem(pointer="/released_on", detail=detail)])
    row.released_on, row.release_source = data.released_on, data.source
    facts = data.model_dump(mode="json") | {"encumbrance": str(row.id)}
    await record(session, actor, ("listing", listing.id), "released", role=role, data=facts)
    return row


def view(row: Encumbrance, day: date) -> EncumbranceView:
    return EncumbranceView(
        **row.model_dump(exclude={"source_sha256"}),
        source_sha256=row.source_sha256.hex() if row.source_sha256 else None,
        active=is_active(row, day),
    )
