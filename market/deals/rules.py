"""The state machine of a deal, who supplies and who pays, and what a deal does to its listing; no database."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from market.errors import WrongState
from market.listings.rules import FROM as LISTING_FROM
from market.listings.rules import Verb as ListingVerb
from market.listings.rules import merge_patch
from schemas.vocabulary import DealStatus, ListingKind, ListingStatus, Mode, Party

S = DealStatus
FINAL = frozenset({S.COMPLETED, S.CANCELLED, S.TERMINATED})
UNSIGNED = frozenset({S.PROPOSED, S.GATING, S.CLEARED})
SIGNED = frozenset({S.CONTRACTED, S.SIGNED, S.PERFORMING, S.BREACHED, S.COMPLETED, S.TERMINATED})
"""The states in which a contract is on record."""
IN_FORCE = frozenset({S.SIGNED, S.PERFORMING, S.BREACHED})
"""Both sides are bound, and it has not ended."""
CURE_DAYS = 30
"""How long a side has to cure its breach before the other may terminate (技术合同司法解释 art. 15)."""


class Verb(StrEnum):
    CHANGE_TERMS = "change_terms"
    ACCEPT = "accept"
    DECLARE = "declare"
    PROVE = "prove"
    """Give or withdraw a document that a gate, or the effect of the contract, asks for."""
    CLEAR = "clear"
    """By the system, once every gate is met."""
    RECORD_CONTRACT = "record_contract"
    CONFIRM_CONTRACT = "confirm_contract"
    REFUSE_CONTRACT = "refuse_contract"
    TAKE_EFFECT = "take_effect"
    """By the system, once everything is registered on which the effect of the contract waits."""
    NOTIFY_BREACH = "notify_breach"
    CURE = "cure"
    """By the side that gave notice of the breach."""
    TERMINATE = "terminate"
    RECORD_PAYMENT = "record_payment"
    AGREE_COMPLETION = "agree_completion"
    COMPLETE = "complete"
    """By the system, once both sides have agreed that it is done."""
    CANCEL = "cancel"


FROM: Mapping[Verb, frozenset[DealStatus]] = {
    Verb.CHANGE_TERMS: UNSIGNED,
    Verb.ACCEPT: frozenset({S.GATING, S.CLEARED}),
    Verb.DECLARE: UNSIGNED,
    Verb.PROVE: UNSIGNED | {S.CONTRACTED, S.SIGNED},
    Verb.CLEAR: frozenset({S.GATING}),
    Verb.RECORD_CONTRACT: frozenset({S.CLEARED}),
    Verb.CONFIRM_CONTRACT: frozenset({S.CONTRACTED}),
    Verb.REFUSE_CONTRACT: frozenset({S.CONTRACTED}),
    Verb.TAKE_EFFECT: frozenset({S.SIGNED}),
    Verb.NOTIFY_BREACH: frozenset({S.PERFORMING}),
    Verb.CURE: frozenset({S.BREACHED}),
    Verb.TERMINATE: IN_FORCE,
    Verb.RECORD_PAYMENT: IN_FORCE,
    Verb.AGREE_COMPLETION: frozenset({S.PERFORMING}),
    Verb.COMPLETE: frozenset({S.PERFORMING}),
    Verb.CANCEL: UNSIGNED,
}
TO: Mapping[Verb, DealStatus] = {
    Verb.CHANGE_TERMS: S.GATING,
    Verb.CLEAR: S.CLEARED,
    Verb.RECORD_CONTRACT: S.CONTRACTED,
    Verb.CONFIRM_CONTRACT: S.SIGNED,
    Verb.REFUSE_CONTRACT: S.CLEARED,
    Verb.TAKE_EFFECT: S.PERFORMING,
    Verb.NOTIFY_BREACH: S.BREACHED,
    Verb.CURE: S.PERFORMING,
    Verb.TERMINATE: S.TERMINATED,
    Verb.COMPLETE: S.COMPLETED,
    Verb.CANCEL: S.CANCELLED,
}
"""Where a verb leads; one that is not named here leaves the deal where it is."""


def next_status(verb: Verb, status: DealStatus) -> DealStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the deal is {status}; {verb.value.replace('_', ' ')} is possible from: {able}")
    return TO.get(verb, status)


SIDES = (Party.SELLER, Party.BUYER)


def other_side(side: Party) -> Party:
    return Party.BUYER if side is Party.SELLER else Party.SELLER


def owner_side(kind: ListingKind) -> Party:
    """Which side the listing's owner is on.

    The owner of a result or product supplies it and is paid: the seller (卖方). The owner of an opportunity pays for
    the solution: the buyer (买方), and the interested company supplies it.
    """
    return Party.BUYER if kind is ListingKind.OPPORTUNITY else Party.SELLER


_TAKES_THE_RIGHT = frozenset({Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE, Mode.EQUITY})


def holds_listing(mode: Mode, kind: ListingKind) -> bool:
    """Whether the deal keeps everybody else from the listing while it is open.

    A transfer, a contribution to equity and a licence that shuts out other licensees do (技术合同司法解释 art. 25); an
    ordinary licence does not. An opportunity is never held: its owner disposes of no right.
    """
    return kind is not ListingKind.OPPORTUNITY and mode in _TAKES_THE_RIGHT


def closes_listing(mode: Mode, kind: ListingKind, *, limited: bool) -> bool:
    """Whether the listing has nothing left to offer once the contract stands.

    A licence that is exclusive within a field of use or a territory alone leaves the others: the listing comes back.
    """
    licence = mode in (Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE)
    return holds_listing(mode, kind) and not (licence and limited)


_OPEN_FOR_A_DEAL = frozenset({ListingStatus.PUBLISHED, ListingStatus.STALE, ListingStatus.PAUSED})
"""For a deal that does not hold it; a held listing is shown, so that a paused one comes back first."""
_TAKES_NO_MORE_ANSWERS = frozenset({ListingStatus.EXPIRED, ListingStatus.CLOSED})
"""An opportunity is decided after its deadline too, among the answers that came in time."""


def refuse_conflicting(mode: Mode, kind: ListingKind, status: ListingStatus, unsigned: int) -> None:
    """Raise WrongState where a listing in this state, with so many other deals before signature, takes no such deal.

    Otherwise two companies could each be promised what only one of them can get.
    """
    open_for_a_deal = _OPEN_FOR_A_DEAL
    if kind is ListingKind.OPPORTUNITY:
        open_for_a_deal |= _TAKES_NO_MORE_ANSWERS
    elif holds_listing(mode, kind):
        open_for_a_deal = LISTING_FROM[ListingVerb.HOLD]
    if status not in open_for_a_deal:
        able = ", ".join(sorted(open_for_a_deal))
        raise WrongState(f"the listing is {status}; a deal by {mode} opens while it is: {able}")
    if unsigned and holds_listing(mode, kind):
        raise WrongState(
            f"{unsigned} other deal(s) on this listing are not signed: {mode} shuts them out, "
            "so sign or cancel them first"
        )


def merge_terms(stored: dict[str, Any], patch: dict[str, Any]) -> Any:
    """The stored terms with an RFC 7396 patch; a payment of another type replaces the one before it whole."""
    before, after = stored.get("payment"), patch.get("payment")
    if (
        isinstance(before, dict)
        and isinstance(after, dict)
        and after.get("type") not in (None, before["type"])
    ):
        stored = stored | {"payment": None}
    return merge_patch(stored, patch)
