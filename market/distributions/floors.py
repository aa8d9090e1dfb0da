"""The floors and standards that a reward is held to, at every level of the rules; no database.

National floors, and those of a place that a unit shall (应当) keep, block; standards that it may (可以) set only warn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from market.errors import Incomplete
from market.rules.files import Value
from market.rules.packs import Rulebook
from schemas.distributions import Finding
from schemas.values import FieldProblem
from schemas.vocabulary import ContributorRole, Effect, Founding, RevenueBasis

_NAMES: Mapping[RevenueBasis, tuple[Sequence[str], str]] = {
    RevenueBasis.TRANSFER: (("transfer_income_floor", "transfer_income_standard"), "net income"),
    RevenueBasis.LICENCE: (("licence_income_floor", "licence_income_standard"), "net income"),
    RevenueBasis.EQUITY: (("equity_floor", "equity_standard"), "equity"),
    RevenueBasis.OWN_USE: (("operating_profit_floor", "operating_profit_standard"), "operating profit"),
    RevenueBasis.SERVICE: (("service_income_standard",), "net income"),
}
_SPANS = {
    "operating_profit_floor": "operating_profit_least_span",
    "operating_profit_standard": "operating_profit_standard_span",
}
"""For how many years of own use a value is asked for."""


@dataclass(frozen=True)
class Pool:
    """What is judged: the pool, what it is a part of, and what each role has of it."""

    basis: RevenueBasis
    net: int
    amount: int
    by_role: Mapping[ContributorRole, int]
    transfer_staff_took_part: bool = True
    year: int = 1
    """Of own use."""


def findings(book: Rulebook, founding: Founding, pool: Pool) -> list[Finding]:
    """Every floor and standard that binds the unit, of every level, and whether the pool meets it (RV-1 to RV-5, RV-9)."""
    names, of = _NAMES[pool.basis]
    found = [
        _finding(value, pool.amount, pool.net, of)
        for name in names
        for value in _levels(book, founding, name)
        if _is_asked(book, name, pool)
    ]
    main = pool.by_role.get(ContributorRole.MAIN, 0)
    staff = pool.by_role.get(ContributorRole.TRANSFER_STAFF, 0)
    if pool.basis is not RevenueBasis.SERVICE:
        for value in _levels(book, founding, "main_contributors_floor"):
            found.append(_finding(value, main, pool.amount, "the pool"))
    if pool.transfer_staff_took_part:
        for value in _levels(book, founding, "transfer_staff_floor"):
            found.append(_finding(value, staff, pool.amount, "the pool"))
    return found


def _levels(book: Rulebook, founding: Founding, name: str) -> list[Value]:
    return [value for value in book.levels(name) if value.binds(founding)]


def _is_asked(book: Rulebook, name: str, pool: Pool) -> bool:
    if pool.basis is not RevenueBasis.OWN_USE:
        return True
    return book.find(_SPANS[name]) is None or pool.year <= book.years(_SPANS[name])


def _finding(value: Value, part: int, whole: int, of: str) -> Finding:
    needed = value.value
    assert isinstance(needed, int)  # noqa: S101 - the unit says so
    hundredths = part * 10_000 // whole if whole else 0
    return Finding(
        rule=value.rule,
        name=value.name,
        pack=value.pack,
        level=value.level,
        source=value.cited,
        confirmed=value.confirmed,
        effect=value.effect or Effect.WARN,
        needed_percent=needed,
        given_percent=str(Decimal(hundredths).scaleb(-2)),
        of=of,
        met=part * 100 >= whole * needed,
    )


_POINTERS = {"main_contributors_floor": "/lines", "transfer_staff_floor": "/lines"}


def refuse_below_floor(found: Sequence[Finding]) -> None:
    """Incomplete with every floor that blocks and is not met."""
    missed = [
        FieldProblem(
            pointer=_POINTERS.get(each.name, "/pool"),
            detail=f"at least {each.needed_percent} % of {each.of}, it is {each.given_percent} % ({each.source}"
            + (")" if each.confirmed else "; not confirmed)"),
            rule=each.rule,
        )
        for each in found
        if each.effect is Effect.BLOCK and not each.met
    ]
    if missed:
        raise Incomplete(errors=missed)
