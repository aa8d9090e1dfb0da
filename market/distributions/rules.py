"""The state machine of a distribution, net income, and how a pool is split; no database.

Amounts are whole minor units of one currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from market.errors import Incomplete, Invalid, WrongState
from market.money.rules import split
from market.rules.files import Value
from market.rules.packs import Rulebook
from schemas.distributions import NewDeduction, NewProposal, NewShare
from schemas.values import FieldProblem, Money
from schemas.vocabulary import (
    ContractKind,
    DeductionKind,
    Founding,
    Mode,
    RevenueBasis,
    RevenueStatus,
)

S = RevenueStatus
FINAL = frozenset({S.ADJUSTED, S.CANCELLED})
LIVE = frozenset(S) - FINAL
"""Of those, each payment is counted in one."""
SETTLED = frozenset({S.APPROVED, S.PAID, S.CLOSED})
UNAPPROVED = LIVE - SETTLED


class Verb(StrEnum):
    CALCULATE = "calculate"
    PROPOSE = "propose"
    SIGN = "sign"
    COMPLETE_SIGNING = "complete_signing"
    """By the system, once the last contributor has signed."""
    DISSENT = "dissent"
    TAKE_BACK = "take_back"
    """One dissent, while another is open."""
    RESUME = "resume"
    """With the last open dissent taken back."""
    REVISE = "revise"
    PUBLICISE = "publicise"
    CONSENT = "consent"
    APPROVE = "approve"
    """By the system, once director and finance have consented."""
    PAY = "pay"
    CLOSE = "close"
    ADJUST = "adjust"
    CANCEL = "cancel"


FROM: Mapping[Verb, frozenset[RevenueStatus]] = {
    Verb.CALCULATE: frozenset({S.OPENED, S.NET_CALCULATED}),
    Verb.PROPOSE: frozenset({S.NET_CALCULATED}),
    Verb.SIGN: frozenset({S.PROPOSED}),
    Verb.COMPLETE_SIGNING: frozenset({S.PROPOSED}),
    Verb.DISSENT: frozenset({S.PROPOSED, S.DISPUTED}),
    Verb.TAKE_BACK: frozenset({S.DISPUTED}),
    Verb.RESUME: frozenset({S.DISPUTED}),
    Verb.REVISE: frozenset({S.PROPOSED, S.DISPUTED, S.SIGNED_OFF, S.PUBLICISED}),
    Verb.PUBLICISE: frozenset({S.SIGNED_OFF}),
    Verb.CONSENT: frozenset({S.PUBLICISED}),
    Verb.APPROVE: frozenset({S.PUBLICISED}),
    Verb.PAY: frozenset({S.APPROVED}),
    Verb.CLOSE: frozenset({S.PAID}),
    Verb.ADJUST: SETTLED,
    Verb.CANCEL: UNAPPROVED,
}
TO: Mapping[Verb, RevenueStatus] = {
    Verb.CALCULATE: S.NET_CALCULATED,
    Verb.PROPOSE: S.PROPOSED,
    Verb.COMPLETE_SIGNING: S.SIGNED_OFF,
    Verb.DISSENT: S.DISPUTED,
    Verb.RESUME: S.PROPOSED,
    Verb.REVISE: S.NET_CALCULATED,
    Verb.PUBLICISE: S.PUBLICISED,
    Verb.APPROVE: S.APPROVED,
    Verb.PAY: S.PAID,
    Verb.CLOSE: S.CLOSED,
    Verb.ADJUST: S.ADJUSTED,
    Verb.CANCEL: S.CANCELLED,
}
"""Where a verb leads; one that is not named here leaves the case where it is."""


def next_status(verb: Verb, status: RevenueStatus) -> RevenueStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(
            f"the distribution is {status}; {verb.value.replace('_', ' ')} is possible from: {able}"
        )
    return TO.get(verb, status)


def basis_of(mode: Mode, kind: ContractKind) -> RevenueBasis:
    """Of what income a deal's is: an equity contract is registered as a transfer, and is none here."""
    if mode is Mode.EQUITY:
        return RevenueBasis.EQUITY
    kinds = {ContractKind.TRANSFER: RevenueBasis.TRANSFER, ContractKind.LICENCE: RevenueBasis.LICENCE}
    return kinds.get(kind, RevenueBasis.SERVICE)


def binding(book: Rulebook, founding: Founding, name: str) -> Value | None:
    """The value of the nearest pack, where it binds an organisation of this founding."""
    found = book.find(name)
    return found if found is not None and found.binds(founding) else None


def net_income(book: Rulebook, founding: Founding, income: Money, deductions: Sequence[NewDeduction]) -> int:
    """净收入: the income less each deduction, of kinds that the rule pack allows (RV-3, RV-4).

    Invalid names every deduction that it does not allow, of another currency, or of more than there is. The state's
    research money (财政科研经费) is never a cost.
    """
    allowed = binding(book, founding, "net_income_deductions")
    refused = binding(book, founding, "net_income_no_deductions")
    problems = []
    for place, each in enumerate(deductions):
        rule = _refusing(each.kind, allowed, refused)
        if rule is not None:
            detail = f"{each.kind.value.replace('_', ' ')} is not deducted from the income"
            problems.append(FieldProblem(pointer=f"/deductions/{place}/kind", detail=detail, rule=rule))
        if each.amount.currency != income.currency:
            detail = f"this income is in {income.currency}"
            problems.append(FieldProblem(pointer=f"/deductions/{place}/amount/currency", detail=detail))
    net = income.minor - sum(each.amount.minor for each in deductions)
    if not problems and net < 0:
        detail = "the deductions come to more than the income"
        problems.append(FieldProblem(pointer="/deductions", detail=detail))
    if problems:
        raise Invalid(errors=problems)
    return net


def _refusing(kind: DeductionKind, allowed: Value | None, refused: Value | None) -> str | None:
    """The rule that does not let this kind be deducted."""
    for value, bars in ((refused, True), (allowed, False)):
        if value is not None and isinstance(value.value, list) and (kind.value in value.value) is bars:
            return value.rule
    return "RV-4" if kind is DeductionKind.STATE_RESEARCH_FUNDS else None


@dataclass(frozen=True)
class Share:
    """What one line comes to."""

    weight: int
    amount: int
    rounding: int
    """How much of it is from the remainder of the split: one minor unit or none."""


def weight_of(line: NewShare) -> int:
    """A percent counts in ten-thousandths; who holds an ownership share alone weighs nothing."""
    if line.percent is not None:
        return int(line.percent * 10_000)
    return line.weight or 0


def shares(pool: int, weights: Sequence[int]) -> list[Share]:
    """The pool in proportion to the weights, exact: the remainder goes to named lines by largest remainder (最大余额法)."""
    total = sum(weights)
    amounts = split(pool, weights)
    return [
        Share(weight, amount, amount - pool * weight // total)
        for weight, amount in zip(weights, amounts, strict=True)
    ]


def pool_of(proposal: NewProposal, net: Money) -> int:
    """The pool in minor units; a percent of net income is rounded up, so that no floor is missed by rounding.

    Invalid for another currency, and for more than the net income.
    """
    if proposal.pool_percent is not None:
        whole = 100 * 10_000
        return -(-net.minor * int(proposal.pool_percent * 10_000) // whole)
    assert proposal.pool is not None  # noqa: S101 - the shape asks for one of the two
    if proposal.pool.currency != net.currency:
        detail = f"this income is in {net.currency}"
        raise Invalid(errors=[FieldProblem(pointer="/pool/currency", detail=detail)])
    if proposal.pool.minor > net.minor:
        raise Invalid(errors=[FieldProblem(pointer="/pool", detail="more than the net income")])
    return proposal.pool.minor


def refuse_double_benefit(book: Rulebook, founding: Founding, lines: Sequence[NewShare]) -> None:
    """RV-8, Zhejiang: who took a share of the ownership has no share of the unit's income; Incomplete names the lines."""
    value = binding(book, founding, "ownership_share_instead_of_income")
    if value is None or value.value is not True:
        return
    detail = "holds a share of the ownership instead: no further share of the unit's income"
    both = [
        FieldProblem(pointer=f"/lines/{place}", detail=f"{line.name} {detail}", rule=value.rule)
        for place, line in enumerate(lines)
        if line.holds_ownership_share and line.has_share
    ]
    if both:
        raise Incomplete(errors=both)


def notice_rule(
    book: Rulebook, founding: Founding, leaders: bool, cash_benefit: bool
) -> tuple[str, str] | None:
    """Whose rewards are made public (`everyone` or `leaders`) and by which rule; None where nobody's are (PR-7 to PR-9)."""
    value = binding(book, founding, "reward_notice_for")
    words = value.value if value is not None and isinstance(value.value, list) else []
    if value is not None and "everyone" in words:
        return "everyone", value.rule
    if cash_benefit and book.find("cash_reward_publicity") is not None:
        return "everyone", "PR-9"
    if leaders and founding is Founding.STATE_FOUNDED:
        return "leaders", "PR-7"
    return None
