"""Rows to what is shown over HTTP of a round, its log, its bidders and its award."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.money import queries as ledger
from market.organisations.queries import organisations
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.trading import planning, queries, rules
from market.trading.documents import public_until
from market.trading.house import House
from market.trading.service import facts_of, plan_of
from market.trading.tables import Award, Case, Entry, Registration, Round
from schemas.trading import (
    Asked,
    AwardView,
    CaseView,
    EntryView,
    PartyName,
    Preparation,
    RegistrationView,
    RoundOutcome,
    RoundView,
    Standing,
)
from schemas.values import Money
from schemas.vocabulary import RoundKind, RoundStatus

Winner = tuple[Award, Registration]

_AS_STORED = {
    "id",
    "kind",
    "mode",
    "status",
    "listing_id",
    "listing_version",
    "announced_at",
    "registration_until",
    "bidding_from",
    "bidding_until",
    "ends_at",
    "hard_stop",
    "extension_seconds",
    "reason",
    "relisted_from",
    "revision",
    "created_at",
    "updated_at",
}
_NOT_BEGUN = rules.BEFORE_ANNOUNCEMENT | rules.BEFORE_BIDDING | {RoundStatus.DRAFT, RoundStatus.WITHDRAWN}


async def round_views(
    session: AsyncSession, actor: Actor | None, rows: Sequence[Round], house: House
) -> dict[UUID, RoundView]:
    """These rounds as the actor sees them, by id."""
    awards = await queries.awards_of(session, [row.id for row in rows])
    winners = [bidder.organisation_id for _, bidder in awards.values()]
    parties = await organisations(session, [*(row.seller_id for row in rows), *winners])
    at = await now(session)
    return {
        row.id: round_view(
            row, parties, awards.get(row.id), await _preparation(session, actor, row, house), house, at
        )
        for row in rows
    }


def round_view(
    row: Round,
    parties: Mapping[UUID, Organisation],
    award: Winner | None,
    preparation: Preparation | None,
    house: House,
    at: datetime,
) -> RoundView:
    """One round; `parties` holds its seller and its winner."""
    return RoundView(
        **row.model_dump(include=_AS_STORED),
        seller=_named(parties[row.seller_id]),
        opening_price=Money.of(row.opening_price, row.currency),
        step=Money.of(row.step, row.currency),
        deposit=Money.of(row.deposit, row.currency),
        has_reserve=row.reserve_sealed is not None,
        periods=json.loads(row.rules)["periods"] if row.rules else house.periods.value,
        rules_sha256=row.rules_sha256.hex() if row.rules_sha256 else None,
        standing=standing(row, at),
        outcome=_outcome(row, award, parties) if award else None,
        preparation=preparation,
    )


def standing(row: Round, at: datetime) -> Standing | None:
    """Where an open bidding stands; None before it begins, and for a sealed tender."""
    if row.kind is RoundKind.SEALED_TENDER or row.status in _NOT_BEGUN:
        return None
    top = row.top_amount
    least = row.opening_price if top is None else top + row.step
    return Standing(
        round=row.id,
        status=row.status,
        seq=row.last_seq,
        bidder=row.top_alias,
        amount=Money.of(top, row.currency) if top is not None else None,
        least_next=Money.of(least, row.currency),
        ends_at=row.ends_at,
        server_time=at,
    )


def _outcome(row: Round, award: Winner, parties: Mapping[UUID, Organisation]) -> RoundOutcome:
    made, bidder = award
    return RoundOutcome(
        bidder=bidder.alias,
        winner=_named(parties[bidder.organisation_id]),
        amount=Money.of(made.amount, row.currency),
        status=made.status,
        confirm_due_at=row.confirm_due_at,
        public_until=public_until(row, made),
    )


def _named(organisation: Organisation) -> PartyName:
    return PartyName(id=organisation.id, name=organisation.name)


async def _preparation(
    session: AsyncSession, actor: Actor | None, row: Round, house: House
) -> Preparation | None:
    if not queries.prepares(actor, row):
        return None
    plan = plan_of(row)
    unmet = []
    if row.status in rules.BEFORE_ANNOUNCEMENT:
        facts = await facts_of(session, row, house)
        unmet = planning.unmet_for_announcement(plan, facts, await now(session))
    return Preparation(
        plan=plan,
        approvals={side: UUID(person) for side, person in row.approvals.items()},
        unmet=unmet,
        warnings=planning.warnings(plan),
        asked=Asked(**row.asked) if row.asked else None,
    )


def entry_view(row: Entry, *, opened: bool = False) -> EntryView:
    """One line of the public log, as its bytes have it; a sealed bid itself once the key is public."""
    return EntryView(
        seq=row.seq,
        kind=row.kind,
        at=row.at,
        document=row.document.decode(),
        previous=row.previous.hex(),
        hash=row.hash.hex(),
        sealed=base64.b64encode(row.sealed).decode() if opened and row.sealed else None,
    )


async def registration_views(
    session: AsyncSession, actor: Actor, round_: Round, rows: Sequence[Registration]
) -> dict[UUID, RegistrationView]:
    """Registrations of one round as the actor sees them, by id."""
    parties = await organisations(session, [row.organisation_id for row in rows])
    resolved = await ledger.resolutions(session, queries.deposits(rows))
    ended = round_.status in rules.ENDED | rules.NAMED
    return {
        row.id: RegistrationView(
            **row.model_dump(
                include={
                    "id",
                    "round_id",
                    "status",
                    "decision_reason",
                    "revision",
                    "created_at",
                    "updated_at",
                }
            ),
            **row.form,
            bidder=_named(parties[row.organisation_id]),
            alias=row.alias if ended or row.organisation_id in actor.organisations else None,
            priority=row.priority,
            deposit=_deposit(row, resolved),
        )
        for row in rows
    }


def _deposit(row: Registration, resolved: Collection[UUID]) -> Literal["awaited", "held", "resolved"]:
    if row.deposit_id is None:
        return "awaited"
    return "resolved" if row.deposit_id in resolved else "held"


async def award_view(session: AsyncSession, row: Round, award: Award, bidder: Registration) -> AwardView:
    """The award as its parties see it."""
    parties = await organisations(session, [bidder.organisation_id])
    return AwardView(
        **award.model_dump(include={"id", "round_id", "status", "buyer_confirmed_at", "confirmed_at"}),
        bidder=bidder.alias,
        winner=_named(parties[bidder.organisation_id]),
        amount=Money.of(award.amount, row.currency),
        confirm_due_at=row.confirm_due_at,
        public_until=public_until(row, award),
        document=award.document.decode() if award.document else None,
        sha256=award.sha256.hex() if award.sha256 else None,
    )


async def case_views(session: AsyncSession, row: Round, cases: Sequence[Case]) -> list[CaseView]:
    """Red flags with the organisations that they concern; which alias is whose stays unsaid."""
    bidders = {each.id: each.organisation_id for each in await queries.all_registrations(session, row.id)}
    parties = await organisations(session, list(bidders.values()))
    return [
        CaseView(
            **case.model_dump(include=set(CaseView.model_fields) - {"bidders"}),
            bidders=[_named(parties[bidders[each]]) for each in case.registrations],
        )
        for case in cases
    ]
