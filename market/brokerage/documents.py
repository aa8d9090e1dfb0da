"""Row to view of plans, claims, credit and rewards, and the evidence portfolio of a manager."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.brokerage.claims import ClaimFile
from market.brokerage.plans import Planned
from market.brokerage.queries import Entitlement
from market.brokerage.rules import CountedDeal, claim_stands, shares
from market.brokerage.tables import RewardClaim, RewardScheme
from market.deals.tables import Contract
from market.ledger.rules import canonical, sha256
from market.managers.directory import Profile
from market.managers.documents import manager_summary
from schemas.brokerage import (
    AnswerView,
    AssignmentPlan,
    CircumventionView,
    CreditedDeal,
    CreditedManager,
    CreditView,
    EligibleReward,
    PlannedAssignment,
    Portfolio,
    Registration,
    RewardClaimView,
    SchemeView,
    UnplannedItem,
)
from schemas.values import Money
from schemas.vocabulary import PerformanceFact


def plan_view(planned: Planned, *, applied: bool) -> AssignmentPlan:
    return AssignmentPlan(
        applied=applied,
        proposals=[
            PlannedAssignment(
                item=planned.items[placed.item],
                manager=manager_summary(planned.profiles[placed.manager]),
                score=placed.score,
                parts=placed.parts,
                assignment_id=planned.offers.get(placed.item),
            )
            for placed in planned.plan.placed
        ],
        unassigned=[
            UnplannedItem(
                item=planned.items[left.item],
                because=left.because,
                obstacles=dict(left.obstacles),
                without_field=left.without_field,
                taken=left.taken,
            )
            for left in planned.plan.unplaced
        ],
    )


def percent(share: int) -> Decimal:
    """From hundredths of a per cent."""
    return Decimal(share).scaleb(-2)


def claim_view(file: ClaimFile, profile: Profile, at: datetime) -> CircumventionView:
    """As it stands at `at`."""
    row, introduction, deal, contract = file
    shown = ("id", "deal_id", "statement", "answers_due_at", "reasons", "decided_at", "opened_at", "revision")
    return CircumventionView(
        **row.model_dump(include=set(shown)),
        status=claim_stands(row.status, row.answers_due_at, at),
        manager=manager_summary(profile),
        introduction_id=introduction.id,
        introduction_sha256=introduction.sha256.hex(),
        introduced_at=introduction.introduced_at,
        valid_until=introduction.valid_until,
        signed_on=contract.signed_on,
        same_listing=deal.listing_id == introduction.listing_id,
        answers=[AnswerView.model_validate(given) for given in row.answers],
    )


def credit_view(
    deal_id: UUID,
    entitled: list[Entitlement],
    decided: Mapping[UUID, int],
    profiles: Mapping[UUID, Profile],
) -> CreditView:
    managers = [each.manager_id for each in entitled]
    split = shares(managers, decided)
    return CreditView(
        deal_id=deal_id,
        decided=bool(managers) and set(decided) == set(managers),
        shares=[
            CreditedManager(
                manager=manager_summary(profiles[each.manager_id]),
                percent=percent(split[each.manager_id]),
                assignment_id=each.assignment_id,
                claim_id=each.claim_id,
            )
            for each in entitled
        ],
    )


def scheme_view(row: RewardScheme) -> SchemeView:
    shown = {"id", "name", "source", "basis", "once_per_deal", "valid_from", "valid_until"}
    return SchemeView(
        **row.model_dump(include=shown),
        percent=Decimal(row.rate).scaleb(-4),
        requires=[PerformanceFact(fact) for fact in row.requires],
        cap_per_year=Money.of(row.cap, row.currency),
    )


def eligible_view(
    scheme: RewardScheme, deal: CountedDeal, amount: int, *, needs_registration: bool
) -> EligibleReward:
    return EligibleReward(
        scheme=scheme_view(scheme),
        deal_id=deal.deal_id,
        share_percent=percent(deal.share),
        amount=Money.of(amount, scheme.currency),
        needs_registration=needs_registration,
    )


def reward_view(row: RewardClaim, scheme: RewardScheme, profile: Profile) -> RewardClaimView:
    shown = (
        "id",
        "status",
        "deal_id",
        "year",
        "note",
        "paid_on",
        "payment_reference",
        "claimed_at",
        "revision",
    )
    registered = None
    if row.registration_number is not None and row.registered_on is not None:
        registered = Registration(number=row.registration_number, registered_on=row.registered_on)
    return RewardClaimView(
        **row.model_dump(include=set(shown)),
        scheme=scheme_view(scheme),
        manager=manager_summary(profile),
        share_percent=percent(row.share),
        computed=Money.of(row.computed, row.currency),
        amount=Money.of(row.amount, row.currency),
        registration=registered,
    )


def credited_deal(fact: CountedDeal, contract: Contract) -> CreditedDeal:
    currency = contract.currency
    return CreditedDeal(
        deal_id=fact.deal_id,
        share_percent=percent(fact.share),
        contract_sha256=contract.sha256.hex(),
        signed_on=fact.signed_on,
        registered_on=fact.registered_on,
        value=Money.of(fact.value, currency) if currency and contract.total_value is not None else None,
        paid=Money.of(fact.paid, currency) if currency else None,
    )


def sealed(portfolio: Portfolio) -> Portfolio:
    """With the SHA-256 of the RFC 8785 form of all the rest."""
    text = canonical(portfolio.model_dump(mode="json", exclude={"sha256"}))
    return portfolio.model_copy(update={"sha256": sha256(text).hex()})
