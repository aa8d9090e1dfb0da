"""Terms in plain values: their hash, their totals, what holds where they are silent, what they still lack; no database."""

from collections.abc import Iterator
from datetime import date

from market.ledger.rules import canonical, sha256
from schemas.deals import (
    WHOLE_DIGITS,
    Condition,
    DefaultTerm,
    Equity,
    Instalments,
    LumpSum,
    NewPayment,
    PayAfterUse,
    Royalty,
    Terms,
)
from schemas.values import MINOR_UNITS, FieldProblem, Money
from schemas.vocabulary import ContractKind, LicenceKind, Mode, Party

BOTH = [Party.SELLER, Party.BUYER]

_LICENCE_OF_MODE = {
    Mode.EXCLUSIVE_LICENCE: LicenceKind.EXCLUSIVE,
    Mode.SOLE_LICENCE: LicenceKind.SOLE,
    Mode.ORDINARY_LICENCE: LicenceKind.ORDINARY,
    Mode.OPEN_LICENCE: LicenceKind.ORDINARY,
}
_LICENCES = frozenset({*_LICENCE_OF_MODE, Mode.OPTION, Mode.TRIAL})
"""Modes in which something is licensed, or will be."""
_WITH_IMPROVEMENTS = frozenset(Mode) - {Mode.SALE}

_INTERPRETATION = "最高人民法院关于审理技术合同纠纷案件适用法律若干问题的解释"


def terms_hash(terms: Terms) -> bytes:
    """SHA-256 of the RFC 8785 form of the terms as a deal shows them."""
    return sha256(canonical(terms.model_dump(mode="json")))


def currency_of(terms: Terms) -> str | None:
    """The one currency of the terms; None while no amount is named."""
    return next(iter(terms.currencies()), None)


def _sum(terms: Terms, amounts: list[Money]) -> Money | None:
    """In integer minor units; None without a currency, or where nothing has a price line."""
    currency = currency_of(terms)
    if currency is None or not terms.price_lines:
        return None
    return Money.of(sum(amount.minor for amount in amounts), currency)


def total_value(terms: Terms) -> Money | None:
    """成交额: the sum of all price lines (CT-17)."""
    return _sum(terms, [line.amount for line in terms.price_lines])


def technical_value(terms: Terms) -> Money | None:
    """技术交易额: the sum of the lines that are technology (CT-17)."""
    return _sum(terms, [line.amount for line in terms.price_lines if line.is_technical])


def is_too_much(minor: int, currency: str) -> bool:
    """Whether a sum has more digits than the market shows."""
    return minor >= int(10 ** (WHOLE_DIGITS + MINOR_UNITS.get(currency, 2)))


def has_fixed_price(terms: Terms) -> bool:
    """Whether the price lines are all that is ever paid."""
    return isinstance(terms.payment, (LumpSum, Instalments))


def is_limited(terms: Terms) -> bool:
    """Whether the grant is limited to a field of use or to some territory."""
    return terms.field_of_use is not None or bool(set(terms.territory) - {"worldwide"})


def licence_kind(mode: Mode, terms: Terms) -> LicenceKind | None:
    """As stated, else as the mode says, else ordinary; None where nothing is licensed."""
    if mode not in _LICENCES:
        return None
    return terms.licence_kind or _LICENCE_OF_MODE.get(mode, LicenceKind.ORDINARY)


def contract_licence(kind: ContractKind, mode: Mode, terms: Terms) -> LicenceKind | None:
    """Of which kind a contract of this kind is a licence; None where it is none, such as an option on a transfer."""
    return licence_kind(mode, terms) if kind is ContractKind.LICENCE else None


def defaults(mode: Mode, terms: Terms) -> list[DefaultTerm]:
    """What the law puts where the terms are silent: shown before they are accepted, and in the contract (CT-6)."""
    if mode not in _LICENCES:
        return []
    found: list[DefaultTerm] = []
    if terms.licence_kind is None and mode not in _LICENCE_OF_MODE:
        found.append(
            DefaultTerm(
                pointer="/terms/licence_kind",
                value=LicenceKind.ORDINARY.value,
                detail="a licence whose kind is not agreed is ordinary (普通许可)",
                rule="CT-6",
                source=f"{_INTERPRETATION} art. 25",
            )
        )
    if terms.term is None or (terms.term.ends_on is None and not terms.term.unlimited):
        found.append(
            DefaultTerm(
                pointer="/terms/term",
                value="unlimited",
                detail="a term that is not agreed is not limited",
                rule="CT-6",
                source=f"{_INTERPRETATION} art. 28",
            )
        )
    if terms.sublicence_right is None:
        found.append(
            DefaultTerm(
                pointer="/terms/sublicence_right",
                value="false",
                detail="without agreement the licensee may not let a third party use it",
                rule="CT-6",
                source="民法典 art. 867",
            )
        )
    return found


def lacking(mode: Mode, terms: Terms) -> list[Condition]:
    """Everything that the terms lack or contradict for a deal in this mode, all at once."""
    return [
        *_lacking_scope(mode, terms),
        *_lacking_price(terms),
        *_unfit_payment(mode, terms),
        *_wrong_sums(terms),
    ]


def _condition(pointer: str, detail: str, rule: str) -> Condition:
    return Condition(pointer=f"/terms/{pointer}", detail=detail, rule=rule, who_can_supply=BOTH)


def _lacking_scope(mode: Mode, terms: Terms) -> Iterator[Condition]:
    if mode in _LICENCES:
        if terms.field_of_use is None and not terms.all_fields:
            yield _condition(
                "field_of_use", "name the field of use, or all_fields where it is not limited", "CT-6"
            )
        if not terms.territory:
            yield _condition("territory", "name the territory, or worldwide", "CT-6")
    implied = _LICENCE_OF_MODE.get(mode)
    if terms.licence_kind is not None:
        if mode not in _LICENCES:
            yield _condition("licence_kind", f"{mode} is no licence", "CT-6")
        elif implied not in (None, terms.licence_kind):
            yield _condition("licence_kind", f"{mode} is not of the kind {terms.licence_kind}", "CT-6")
    if mode in _WITH_IMPROVEMENTS and terms.improvements is None:
        detail = "say whose later improvements are: where it is not agreed, the other side has no share"
        yield _condition("improvements", detail, "CT-11")


def _lacking_price(terms: Terms) -> Iterator[Condition]:
    if terms.payment is None:
        yield _condition("payment", "say how it is paid", "CT-4")
    if isinstance(terms.payment, Royalty):
        if terms.price_lines:
            detail = "a royalty alone has no fixed price: with an entry fee it is upfront_and_royalty"
            yield _condition("price_lines", detail, "CT-4")
    elif not terms.price_lines and not isinstance(terms.payment, PayAfterUse):
        detail = "name what is paid, line by line, and which lines are technology"
        yield _condition("price_lines", detail, "CT-17")


def _unfit_payment(mode: Mode, terms: Terms) -> Iterator[Condition]:
    if terms.payment is None:
        return
    if (mode is Mode.EQUITY) != isinstance(terms.payment, Equity):
        detail = "a contribution to equity is paid by a share, and nothing else is"
        yield _condition("payment/type", detail, "CT-18")
    after_use = isinstance(terms.payment, PayAfterUse)
    if mode is Mode.TRIAL and not after_use:
        yield _condition("payment/type", "a trial is paid after use", "CT-5")
    if mode not in _LICENCES and after_use:
        yield _condition("payment/type", "a licence alone is paid after use", "CT-5")


def _wrong_sums(terms: Terms) -> Iterator[Condition]:
    total = total_value(terms)
    if total is None:
        return
    match terms.payment:
        case Instalments(instalments=instalments):
            together = sum(instalment.amount.minor for instalment in instalments)
            if together != total.minor:
                apart = Money.of(abs(total.minor - together), total.currency)
                side = "less" if together < total.minor else "more"
                detail = (
                    f"the instalments come to {apart.amount} {apart.currency} {side} than the price lines"
                )
                yield _condition("payment/instalments", detail, "CT-4")
        case Equity(valuation=valuation):
            if valuation.minor != total.minor:
                detail = f"the valuation is not the sum of the price lines, {total.amount} {total.currency}"
                yield _condition("payment/valuation", detail, "CT-18")


def same_related_parties(before: Terms, after: Terms) -> bool:
    """Whether a declaration of conflicts made for `before` speaks of everyone in `after`.

    The two sides stay; the company that a technology is contributed to is a third one.
    """
    return _company(before) == _company(after)


def _company(terms: Terms) -> str | None:
    return terms.payment.company if isinstance(terms.payment, Equity) else None


def payment_problems(terms: Terms, data: NewPayment, paid: int, today: date) -> list[FieldProblem]:
    """What stands against recording this payment after `paid` minor units; all of it."""
    found: list[FieldProblem] = []
    currency, total = currency_of(terms), total_value(terms)
    if data.amount.currency != currency:
        return [FieldProblem(pointer="/amount/currency", detail=f"this deal is in {currency}")]
    if data.paid_on > today:
        found.append(FieldProblem(pointer="/paid_on", detail="a payment is recorded once it was made"))
    after = paid + data.amount.minor
    if is_too_much(after, currency):
        detail = f"all payments come to more than {WHOLE_DIGITS} digits"
        found.append(FieldProblem(pointer="/amount/amount", detail=detail))
    elif total and has_fixed_price(terms) and after > total.minor and data.over_total is None:
        over = Money.of(after - total.minor, currency)
        detail = f"{over.amount} {currency} more than the fixed price: say why"
        found.append(FieldProblem(pointer="/over_total", detail=detail, rule="CT-4"))
    return found
