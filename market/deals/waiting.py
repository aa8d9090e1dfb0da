"""Whose step a deal waits for, as conditions of the database; it knows consents and declarations, and judges no gate."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_
from sqlmodel import col

from market.deals.rules import IN_FORCE, SIDES, UNSIGNED, other_side
from market.deals.tables import Consent, Deal, RelatedParties
from market.permissions import Actor, Permission
from schemas.vocabulary import DealStatus, Matter, Party, WaitingFor

_SIDE = {Party.SELLER: col(Deal.seller_id), Party.BUYER: col(Deal.buyer_id)}


def waits_for(actor: Actor, whom: WaitingFor) -> ColumnElement[bool]:
    """Deals whose next step is a party's, or the actor's own.

    A side writes the first terms, accepts terms, declares its related parties, records the contract or confirms the
    other side's record, cures the breach of which it was given notice, and agrees that all is done, or that it is to end,
    once the other side does; the technology manager declares. A document that is still to be given is no step of these.
    """
    if whom is not WaitingFor.ME:
        return _waits_for(Party(whom.value))
    writers, signers = actor.where(Permission.OPEN_DEAL), actor.where(Permission.SIGN_CONTRACT)
    steps = [_own(side, signers) & _waits_for(side) for side in SIDES]
    steps += [_own(side, writers) & (col(Deal.status) == DealStatus.PROPOSED) for side in SIDES]
    carried = and_(
        col(Deal.manager_person_id) == actor.person_id,
        col(Deal.manager_organisation_id).in_(actor.where(Permission.MANAGE)),
    )
    return or_(false(), *steps, carried & _waits_for(Party.MANAGER))


def _own(side: Party, organisations: list[UUID]) -> ColumnElement[bool]:
    """Nobody acts for both sides (民法典 art. 168)."""
    return _SIDE[side].in_(organisations) & _SIDE[other_side(side)].not_in(organisations)


def _waits_for(party: Party) -> ColumnElement[bool]:
    status = col(Deal.status)
    if party is Party.MANAGER:
        return and_(
            status.in_(UNSIGNED), col(Deal.manager_person_id).is_not(None), ~_has_declared(Party.MANAGER)
        )
    return or_(
        status.in_((DealStatus.PROPOSED, DealStatus.CLEARED)),
        (status == DealStatus.GATING) & ~(_has_agreed(Matter.TERMS, party) & _has_declared(party)),
        (status == DealStatus.CONTRACTED) & ~_has_agreed(Matter.CONTRACT, party),
        (status == DealStatus.PERFORMING) & _answers(Matter.COMPLETION, party),
        status.in_(IN_FORCE) & _answers(Matter.TERMINATION, party),
        (status == DealStatus.BREACHED) & (col(Deal.breach_noted_as) == other_side(party)),
    )


def _answers(matter: Matter, party: Party) -> ColumnElement[bool]:
    """The other side has agreed, and this one has not."""
    return _has_agreed(matter, other_side(party)) & ~_has_agreed(matter, party)


def _has_agreed(matter: Matter, party: Party) -> ColumnElement[bool]:
    return exists().where(
        col(Consent.deal_id) == col(Deal.id), col(Consent.matter) == matter, col(Consent.party) == party
    )


def _has_declared(party: Party) -> ColumnElement[bool]:
    return exists().where(col(RelatedParties.deal_id) == col(Deal.id), col(RelatedParties.party) == party)
