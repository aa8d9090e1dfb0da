"""The pure rules of a distribution: its states, net income, floors by mode and place, splits, clocks and notes."""

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from market.distributions import clocks, floors, rules
from market.distributions.rules import FROM, TO, Verb, next_status
from market.errors import Incomplete, Invalid, WrongState
from market.rules.packs import Rulebook, rulebook
from schemas.distributions import Finding, NewDeduction, NewProposal, NewShare
from schemas.values import Money
from schemas.vocabulary import (
    ContractKind,
    ContributorRole,
    DeductionKind,
    Founding,
    IPRightKind,
    Mode,
    RevenueBasis,
    RevenueStatus,
)
from tests.depth import examples

ON = date(2026, 1, 15)
BEIJING, ZHEJIANG, CHINA = (rulebook(name, ON) for name in ("CN-BJ", "CN-ZJ", "CN"))
STATE = Founding.STATE_FOUNDED
MAIN, OTHER, STAFF = ContributorRole.MAIN, ContributorRole.OTHER, ContributorRole.TRANSFER_STAFF
SHA = "ab" * 32


# The state machine


@pytest.mark.parametrize("status", RevenueStatus)
@pytest.mark.parametrize("verb", Verb)
def test_a_verb_leads_where_the_table_says_or_nowhere(verb: Verb, status: RevenueStatus) -> None:
    if status in FROM[verb]:
        assert next_status(verb, status) == TO.get(verb, status)
        return
    with pytest.raises(WrongState) as refused:
        next_status(verb, status)
    assert all(able in refused.value.detail for able in FROM[verb])


def test_every_state_is_reached_and_has_a_way_out_or_is_final() -> None:
    reached, frontier = {RevenueStatus.OPENED}, [RevenueStatus.OPENED]
    while frontier:
        status = frontier.pop()
        for verb in Verb:
            if status in FROM[verb] and (after := next_status(verb, status)) not in reached:
                reached.add(after)
                frontier.append(after)
    assert reached == set(RevenueStatus)
    for status in RevenueStatus:
        out = {next_status(verb, status) for verb in Verb if status in FROM[verb]} - {status}
        assert bool(out) is (status not in rules.FINAL)


# Net income


def deduction(kind: str, amount: str = "100.00", currency: str = "CNY") -> NewDeduction:
    return NewDeduction(
        kind=DeductionKind(kind),
        amount=Money(amount=amount, currency=currency),
        description="Cost",
        evidence_sha256=SHA,
    )


def net(book: Rulebook, *deductions: NewDeduction, founding: Founding = STATE) -> int:
    return rules.net_income(book, founding, Money(amount="1000.00"), list(deductions))


def test_rv_3_net_income_is_income_less_taxes_upkeep_and_direct_costs() -> None:
    kinds = ("tax", "upkeep", "appraisal", "certification", "negotiation")
    assert net(BEIJING, *(deduction(kind) for kind in kinds)) == 500_00
    with pytest.raises(Invalid) as refused:
        net(BEIJING, deduction("tax"), deduction("other_cost"))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/deductions/1/kind", "RV-3")]


def test_rv_4_in_zhejiang_other_costs_count_and_the_states_research_money_does_not() -> None:
    assert net(ZHEJIANG, deduction("other_cost")) == 900_00
    with pytest.raises(Invalid) as refused:
        net(ZHEJIANG, deduction("state_research_funds"))
    assert [each.rule for each in refused.value.errors] == ["RV-4"]


def test_the_states_research_money_is_no_cost_anywhere() -> None:
    for book, founding in ((BEIJING, STATE), (CHINA, STATE), (rulebook("GENERIC", ON), Founding.PRIVATE)):
        with pytest.raises(Invalid):
            net(book, deduction("state_research_funds"), founding=founding)


def test_deductions_are_in_the_currency_of_the_income_and_not_more_than_it() -> None:
    with pytest.raises(Invalid) as refused:
        net(BEIJING, deduction("tax", currency="USD"))
    assert refused.value.errors[0].pointer == "/deductions/0/amount/currency"
    with pytest.raises(Invalid) as refused:
        net(BEIJING, deduction("tax", "1000.01"))
    assert refused.value.errors[0].pointer == "/deductions"
    assert net(BEIJING, deduction("tax", "1000.00")) == 0


# Floors


def judged(
    book: Rulebook,
    basis: RevenueBasis,
    pool: int,
    *,
    net: int = 100_00,
    by_role: Any = None,
    founding: Founding = STATE,
    **more: Any,
) -> list[Finding]:
    held = by_role if by_role is not None else {MAIN: pool}
    return floors.findings(book, founding, floors.Pool(basis, net, pool, held, **more))


def missed(found: list[Finding]) -> set[tuple[str, str, str]]:
    return {(each.rule, each.pack, each.effect.value) for each in found if not each.met}


@pytest.mark.parametrize("basis", [RevenueBasis.TRANSFER, RevenueBasis.LICENCE, RevenueBasis.EQUITY])
def test_rv_1_below_half_of_net_income_or_equity_blocks_everywhere(basis: RevenueBasis) -> None:
    for book in (CHINA, BEIJING, ZHEJIANG):
        for pool, below in ((49_99, True), (50_00, False)):
            assert (("RV-1", "CN", "block") in missed(judged(book, basis, pool))) is below


def test_rv_1_own_use_gives_five_percent_of_the_profit_for_three_years() -> None:
    for year in (1, 3):
        found = judged(CHINA, RevenueBasis.OWN_USE, 4_99, year=year)
        assert ("RV-1", "CN", "block") in missed(found)
    assert not [each for each in judged(CHINA, RevenueBasis.OWN_USE, 0, year=4) if each.rule == "RV-1"]
    assert not missed(judged(CHINA, RevenueBasis.OWN_USE, 5_00))


def test_rv_1_binds_units_that_the_state_founded_and_nobody_else() -> None:
    for founding in (Founding.PRIVATE, Founding.FOREIGN):
        assert judged(BEIJING, RevenueBasis.LICENCE, 1, founding=founding) == []


@pytest.mark.parametrize("basis", [RevenueBasis.TRANSFER, RevenueBasis.LICENCE, RevenueBasis.EQUITY])
def test_rv_2_beijing_warns_below_seventy_percent_and_does_not_block(basis: RevenueBasis) -> None:
    found = judged(BEIJING, basis, 69_99)
    assert missed(found) == {("RV-2", "CN-BJ", "warn")}
    floors.refuse_below_floor(found)
    assert not missed(judged(BEIJING, basis, 70_00))


def test_rv_2_beijing_warns_of_own_use_for_five_years() -> None:
    assert missed(judged(BEIJING, RevenueBasis.OWN_USE, 4_99, year=5)) == {("RV-2", "CN-BJ", "warn")}
    assert not missed(judged(BEIJING, RevenueBasis.OWN_USE, 0, year=6))


@pytest.mark.parametrize("basis", [RevenueBasis.TRANSFER, RevenueBasis.LICENCE, RevenueBasis.EQUITY])
def test_rv_4_zhejiang_blocks_below_seventy_percent(basis: RevenueBasis) -> None:
    staffed = {MAIN: 66_00, STAFF: 3_99}
    found = judged(ZHEJIANG, basis, 69_99, by_role=staffed)
    assert missed(found) == {("RV-4", "CN-ZJ", "block")}
    with pytest.raises(Incomplete) as refused:
        floors.refuse_below_floor(found)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/pool", "RV-4")]


def test_rv_4_zhejiang_asks_seventy_percent_for_main_contributors_and_five_for_transfer_staff() -> None:
    found = judged(ZHEJIANG, RevenueBasis.LICENCE, 70_00, by_role={MAIN: 48_99, OTHER: 17_52, STAFF: 3_49})
    assert {each.name for each in found if not each.met} == {
        "main_contributors_floor",
        "transfer_staff_floor",
    }
    exact = {MAIN: 49_00, OTHER: 17_50, STAFF: 3_50}
    assert not missed(judged(ZHEJIANG, RevenueBasis.LICENCE, 70_00, by_role=exact))
    alone = judged(ZHEJIANG, RevenueBasis.LICENCE, 70_00, transfer_staff_took_part=False)
    assert not missed(alone)


def test_rv_4_zhejiang_warns_below_a_tenth_of_the_profit_from_own_use() -> None:
    found = judged(ZHEJIANG, RevenueBasis.OWN_USE, 9_99, transfer_staff_took_part=False)
    assert missed(found) == {("RV-4", "CN-ZJ", "warn")}


def test_rv_5_main_contributors_have_half_of_the_pool_and_the_value_is_shown_as_not_confirmed() -> None:
    found = judged(CHINA, RevenueBasis.LICENCE, 60_00, by_role={MAIN: 29_99, OTHER: 30_01})
    (below,) = [each for each in found if not each.met]
    assert (below.rule, below.confirmed, below.given_percent) == ("RV-5", False, "49.98")
    with pytest.raises(Incomplete) as refused:
        floors.refuse_below_floor(found)
    assert "not confirmed" in refused.value.errors[0].detail
    assert not missed(judged(CHINA, RevenueBasis.LICENCE, 60_00, by_role={MAIN: 30_00, OTHER: 30_00}))


def test_rv_9_beijing_warns_below_a_fifth_of_the_income_from_services() -> None:
    assert missed(judged(BEIJING, RevenueBasis.SERVICE, 19_99)) == {("RV-9", "CN-BJ", "warn")}
    assert not missed(judged(BEIJING, RevenueBasis.SERVICE, 20_00))


def test_rv_9_is_for_development_consulting_and_service_and_not_for_transfers() -> None:
    services = {ContractKind.DEVELOPMENT, ContractKind.CONSULTING, ContractKind.SERVICE}
    for kind in ContractKind:
        basis = rules.basis_of(Mode.OPTION, kind)
        assert (basis is RevenueBasis.SERVICE) is (kind in services)
    assert rules.basis_of(Mode.EQUITY, ContractKind.TRANSFER) is RevenueBasis.EQUITY


def test_of_nothing_every_floor_is_met() -> None:
    assert not missed(judged(ZHEJIANG, RevenueBasis.LICENCE, 0, net=0))


# Shares


def share(name: str = "A", **fields: Any) -> NewShare:
    return NewShare(name=name, role=MAIN, is_leader=False, **fields)


def proposal(**fields: Any) -> NewProposal:
    return NewProposal(basis="Rule", lines=[share(weight=1)], **fields)


def test_the_pool_by_percent_is_rounded_up_so_that_no_floor_is_missed_by_rounding() -> None:
    for minor in range(1, 500):
        pool = rules.pool_of(proposal(pool_percent="50"), Money.of(minor, "CNY"))
        assert pool * 2 - minor in (0, 1)
        assert not missed(judged(CHINA, RevenueBasis.LICENCE, pool, net=minor))


def test_a_pool_is_no_more_than_the_net_income_and_in_its_currency() -> None:
    income = Money(amount="10.00")
    assert rules.pool_of(proposal(pool=Money(amount="10.00")), income) == 10_00
    for pool in (Money(amount="10.01"), Money(amount="1.00", currency="USD")):
        with pytest.raises(Invalid):
            rules.pool_of(proposal(pool=pool), income)


def test_the_remainder_goes_to_the_largest_remainders_and_is_named() -> None:
    found = rules.shares(100, [1, 1, 1])
    assert [(each.amount, each.rounding) for each in found] == [(34, 1), (33, 0), (33, 0)]


def test_random_splits_are_exact() -> None:
    """A million by `python -m scripts.bench splits`."""
    choose = random.Random(4)
    for _ in range(examples(200_000)):
        weights = [choose.randrange(1, 10 ** choose.randint(1, 7)) for _ in range(choose.randint(1, 12))]
        pool, total = choose.randrange(10**15), sum(weights)
        found = rules.shares(pool, weights)
        assert sum(each.amount for each in found) == pool
        for each in found:
            assert -total < pool * each.weight - each.amount * total < total
            assert each.rounding in (0, 1)


@pytest.mark.parametrize("book", [BEIJING, ZHEJIANG])
def test_rv_8_in_zhejiang_an_ownership_share_shuts_out_a_share_of_the_income(book: Rulebook) -> None:
    lines = [share(weight=1), share("B", weight=1, holds_ownership_share=True)]
    if book is BEIJING:
        rules.refuse_double_benefit(book, STATE, lines)
        return
    with pytest.raises(Incomplete) as refused:
        rules.refuse_double_benefit(book, STATE, lines)
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/lines/1", "RV-8")]
    rules.refuse_double_benefit(book, STATE, [lines[0], share("B", holds_ownership_share=True)])


# Notices


def test_pr_7_a_leaders_reward_is_made_public_in_every_unit_of_the_state() -> None:
    for book in (BEIJING, CHINA):
        assert rules.notice_rule(book, STATE, True, False) == ("leaders", "PR-7")
        assert rules.notice_rule(book, STATE, False, False) is None
    assert rules.notice_rule(CHINA, Founding.PRIVATE, True, False) is None


def test_pr_8_in_zhejiang_everybodys_is() -> None:
    assert rules.notice_rule(ZHEJIANG, STATE, False, False) == ("everyone", "PR-8")


def test_pr_9_a_cash_reward_with_the_tax_benefit_is_made_public() -> None:
    assert rules.notice_rule(BEIJING, STATE, False, True) == ("everyone", "PR-9")


# Clocks and notes


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (IPRightKind.INVENTION, "4000.00"),
        (IPRightKind.UTILITY_MODEL, "1500.00"),
        (IPRightKind.DESIGN, "1500.00"),
    ],
)
def test_rv_10_the_bonus_of_a_granted_patent_is_due_in_three_months(kind: IPRightKind, least: str) -> None:
    found = clocks.bonus(CHINA, kind, date(2026, 1, 15))
    assert found is not None
    assert (str(found.least.amount), found.rule) == (least, "RV-10")
    assert found.due.last_day == date(2026, 4, 15)


def test_rv_10_nothing_is_owed_for_a_right_that_is_no_patent() -> None:
    assert clocks.bonus(CHINA, IPRightKind.SOFTWARE, ON) is None


@pytest.mark.parametrize(
    ("book", "outcome"), [(BEIJING, "completers_may_implement"), (ZHEJIANG, "income_to_completers")]
)
def test_rv_12_a_year_after_its_registration_an_unused_result_is_free(book: Rulebook, outcome: str) -> None:
    registered = date(2025, 3, 3)
    last = datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC)
    before = clocks.unused(book, STATE, registered, last)
    after = clocks.unused(book, STATE, registered, datetime(2026, 3, 3, 16, tzinfo=UTC))
    assert before is not None
    assert after is not None
    assert (before.is_over, after.is_over, after.outcome) == (False, True, outcome)
    assert clocks.unused(CHINA, STATE, registered, last) is None


def test_ct_20_the_units_tax_note_says_that_it_is_none_of_advice() -> None:
    (note,) = clocks.tax_notes(CHINA, RevenueBasis.LICENCE, ON, cash_benefit=False)
    assert (note.rule, note.confirmed) == ("CT-20", False)
    assert note.text.startswith("Not tax advice.")
    assert clocks.tax_notes(CHINA, RevenueBasis.SERVICE, ON, cash_benefit=True) == []


def test_ct_22_half_of_a_cash_reward_counts_where_it_is_paid_within_three_years() -> None:
    note = clocks.tax_notes(CHINA, RevenueBasis.TRANSFER, date(2026, 2, 1), cash_benefit=True)[-1]
    assert (note.rule, note.confirmed, note.until) == ("CT-22", False, date(2029, 2, 1))
    assert note.text.startswith("Not tax advice.")
