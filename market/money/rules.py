"""What an account holds, what may be taken from it, how a sum is split and a forfeited deposit used; no database.

Amounts are whole minor units of one currency, never fractions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from market.errors import Conflict, Invalid
from schemas.values import FieldProblem, Money
from schemas.vocabulary import AccountKind, TransferKind

HALL = UUID(int=0)
"""The subject of the bank accounts: the installation has one in each currency."""

SETTLED_TO = frozenset({AccountKind.PARTY, AccountKind.SELLER, AccountKind.COSTS})
"""Who can be given a part of a settled deposit: what leaves by the bank is recorded when the bank has paid it."""

MOST = 2**53 - 1
"""The largest amount, as that of a whole number in canonical JSON (RFC 8785), which the record is hashed in."""

MOVING = frozenset({TransferKind.POSTED, TransferKind.POST})


@dataclass(frozen=True)
class Movement:
    """Transfers of one account that count alike, as one sum."""

    kind: TransferKind
    incoming: bool
    amount: int
    resolved: bool = False
    """Of pending transfers: whether they were posted or voided."""


@dataclass(frozen=True)
class Balance:
    """What an account holds, and how much of it pending transfers reserve."""

    held: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.held - self.reserved


@dataclass(frozen=True)
class Part:
    """What one account is given of a settled deposit."""

    kind: AccountKind
    subject_id: UUID
    amount: int


@dataclass(frozen=True)
class Share:
    """What one account is given of a rest by agreement, in proportion to the other weights."""

    kind: AccountKind
    subject_id: UUID
    weight: int = 1


def balance(movements: Iterable[Movement]) -> Balance:
    """The balance that the transfers of an account come to.

    What is pending towards an account does not count until it is posted. The bank's account is negative by as much as
    the bank holds: all accounts of a currency together are zero.
    """
    held = reserved = 0
    for each in movements:
        if each.kind in MOVING:
            held += each.amount if each.incoming else -each.amount
        elif each.kind is TransferKind.PENDING and not (each.incoming or each.resolved):
            reserved += each.amount
    return Balance(held, reserved)


def check_amount(amount: int) -> None:
    """Raise Invalid for what is no sum to move."""
    if not 0 < amount <= MOST:
        detail = "more than nothing" if amount <= 0 else f"at most {MOST} minor units"
        raise Invalid(errors=[FieldProblem(pointer="/amount", detail=detail)])


def check_available(standing: Balance, amount: int, currency: str) -> None:
    """Raise Conflict where an account would spend more than it has beside what is reserved."""
    if amount > standing.available:
        able, wanted = (Money.of(minor, currency).amount for minor in (standing.available, amount))
        raise Conflict(f"{able} {currency} are available, {wanted} {currency} are needed")


def check_evidence(evidence: Mapping[str, Any], today: date) -> None:
    """Raise Invalid where the bank's line bears a day that has not come; `today` is the legal day."""
    if str(evidence.get("value_date", "")) > today.isoformat():
        detail = "a bank's line is recorded once its day has come"
        raise Invalid(errors=[FieldProblem(pointer="/value_date", detail=detail)])


def check_settlement(amount: int, parts: Sequence[Part]) -> None:
    """Raise Invalid, with every fault at once, unless the parts are exactly the deposit."""
    faults: list[FieldProblem] = []
    for number, part in enumerate(parts):
        if part.amount <= 0:
            faults.append(FieldProblem(pointer=f"/parts/{number}/amount", detail="more than nothing"))
        if part.kind not in SETTLED_TO:
            able = ", ".join(sorted(SETTLED_TO))
            faults.append(FieldProblem(pointer=f"/parts/{number}/kind", detail=f"one of: {able}"))
    total = sum(part.amount for part in parts)
    if total != amount:
        detail = f"the parts come to {total} minor units, the deposit is {amount}"
        faults.append(FieldProblem(pointer="/parts", detail=detail))
    if faults:
        raise Invalid(errors=faults)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in proportion to the weights, exact: what rounding leaves goes to the largest remainders, one each.

    Of equal remainders the earlier comes first: 100 in three is 34, 33, 33. ValueError where nobody weighs anything.
    """
    total = sum(weights)
    if amount < 0 or total <= 0 or min(weights) < 0:
        raise ValueError("an amount and weights are not negative, and some weight is more than nothing")
    shares = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    largest = sorted(range(len(weights)), key=lambda number: -remainders[number])
    for number in largest[: amount - sum(shares)]:
        shares[number] += 1
    return shares


def waterfall(deposit: int, costs: Part, gap: Part, rest_to: Sequence[Share]) -> list[Part]:
    """Who is given what of a deposit forfeited by a defaulting buyer (悔拍), ready to settle it.

    First the costs and commissions of the sale, then the shortfall of the re-sale's price, each as far as the deposit
    reaches, then the rest by agreement (拍卖法 art. 39, BD-12; 法释〔2016〕18号 art. 24 for the order). The amounts of
    `costs` and `gap` are what is claimed, and may be nothing; what the deposit does not cover stays the defaulter's
    debt outside it. ValueError where a rest is left and nobody has a share in it.
    """
    if min(deposit, costs.amount, gap.amount) < 0:
        raise ValueError("a deposit and what is claimed of it are not negative")
    parts: list[Part] = []
    left = deposit
    for claim in (costs, gap):
        met = min(claim.amount, left)
        parts.append(Part(claim.kind, claim.subject_id, met))
        left -= met
    if left:
        amounts = split(left, [share.weight for share in rest_to])
        parts += [
            Part(share.kind, share.subject_id, given) for share, given in zip(rest_to, amounts, strict=True)
        ]
    return [part for part in parts if part.amount]
