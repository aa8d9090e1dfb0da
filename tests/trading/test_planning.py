"""What a plan must show before it is approved and announced, each condition alone and all of them at once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from market.trading import planning
from market.trading.planning import Facts, Periods
from schemas.listings import Unmet
from schemas.trading import RoundPlan
from schemas.values import Money
from tests.trading.stage import money

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)  # noon in Beijing
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
HOLDER, OTHER = UUID(int=1), UUID(int=2)

PLAN: dict[str, Any] = {
    "kind": "listed_sale",
    "mode": "transfer",
    "opening_price": money(100_000_00),
    "price_basis": {"en": "Appraisal report"},
    "step": money(1_000_00),
    "viewing": {"from": NOW + DAY, "until": NOW + 3 * DAY, "place": {"en": "Room 1"}},
    "registration_until": NOW + 6 * DAY,
    "bidding_from": NOW + 7 * DAY,
    "bidding_until": NOW + 8 * DAY,
    "known_defects": {"en": "None"},
    "contact": "office@seller.example",
    "encumbrances": {"en": "None"},
    "taxes_and_fees": {"en": "Each side bears its own"},
    "first_refusals": [
        {"organisation_id": HOLDER, "rank": 1, "notified_on": date(2026, 2, 27), "proof": "Letter 7"}
    ],
}
AUCTION: dict[str, Any] = {
    "kind": "auction",
    "auction": {"auctioneer": "A", "auctioneer_licence": "7", "media_refs": ["Daily, 2 March"]},
}
TENDER: dict[str, Any] = {
    "kind": "sealed_tender",
    "opening": {"officers": [HOLDER, OTHER, UUID(int=3)], "threshold": 2},
}


def plan(**fields: Any) -> RoundPlan:
    return RoundPlan.model_validate(PLAN | fields)


def named(found: list[Unmet]) -> list[tuple[str, str | None]]:
    return [(each.pointer, each.rule) for each in found]


@pytest.mark.parametrize("fields", [{}, AUCTION, TENDER])
def test_a_complete_plan_lacks_nothing_at_the_last_possible_moment(fields: dict[str, Any]) -> None:
    facts = Facts(auction_licence="京拍 7", reserve=100_000_00, cut_from=(125_000_00, "CNY"))
    assert planning.unmet_for_announcement(plan(**fields), facts, NOW) == []
    assert planning.malformed(plan(**fields)) == []


# Each condition alone: what is changed, and what is then named.
ALONE: list[tuple[str, dict[str, Any], Facts, tuple[str, str | None]]] = [
    ("no basis", {"price_basis": None}, Facts(), ("/price_basis", "PR-5")),
    ("no defects", {"known_defects": None}, Facts(), ("/known_defects", "BD-9")),
    ("no contact", {"contact": None}, Facts(), ("/contact", "BD-6")),
    ("small deposit", {"deposit": money(4_999_99)}, Facts(), ("/deposit", "法释〔2016〕18号 art. 17")),
    ("large deposit", {"deposit": money(20_000_01)}, Facts(), ("/deposit", "法释〔2016〕18号 art. 17")),
    ("low reserve", {}, Facts(reserve=99_999_99), ("/reserve_price", "BD-5")),
    ("deep cut", {}, Facts(cut_from=(125_000_01, "CNY")), ("/opening_price", "法释〔2016〕18号 art. 26")),
    ("other currency", {}, Facts(cut_from=(1, "EUR")), ("/opening_price/currency", None)),
    ("no viewing", {"viewing": None}, Facts(), ("/viewing", "BD-8")),
    (
        "late registration",
        {"registration_until": NOW + 7 * DAY},
        Facts(),
        ("/registration_until", "BD-6"),
    ),
    (
        "short bidding",
        {"bidding_until": NOW + 8 * DAY - TICK},
        Facts(),
        ("/bidding_until", "法释〔2016〕18号 art. 20"),
    ),
    ("early stop", {"hard_stop": NOW + 8 * DAY - TICK}, Facts(), ("/hard_stop", None)),
    (
        "viewing after the beginning",
        {"viewing": PLAN["viewing"] | {"until": NOW + 7 * DAY + TICK}},
        Facts(),
        ("/viewing/until", "BD-8"),
    ),
    (
        "holder twice",
        {"first_refusals": PLAN["first_refusals"] * 2},
        Facts(),
        ("/first_refusals/1/organisation_id", None),
    ),
    ("no licence", AUCTION, Facts(), ("/kind", "拍卖法 art. 11")),
    (
        "no media",
        AUCTION | {"auction": AUCTION["auction"] | {"media_refs": []}},
        Facts(auction_licence="7"),
        ("/auction/media_refs", "BD-7"),
    ),
    ("no opening", TENDER | {"opening": None}, Facts(), ("/opening", None)),
    (
        "few officers",
        TENDER | {"opening": {"officers": [HOLDER], "threshold": 2}},
        Facts(),
        ("/opening/threshold", None),
    ),
]


@pytest.mark.parametrize(
    ("fields", "facts", "expected"), [case[1:] for case in ALONE], ids=[case[0] for case in ALONE]
)
def test_each_condition_of_an_approval_is_named_alone(
    fields: dict[str, Any], facts: Facts, expected: tuple[str, str | None]
) -> None:
    assert named(planning.unmet_for_approval(plan(**fields), facts)) == [expected]
    assert named(planning.unmet_for_announcement(plan(**fields), facts, NOW)) == [expected]


def test_an_officer_named_twice_counts_once() -> None:
    twice = plan(**TENDER | {"opening": {"officers": [HOLDER, HOLDER], "threshold": 2}})
    found = named(planning.unmet_for_approval(twice, Facts()))
    assert found == [("/opening/officers/1", None), ("/opening/threshold", None)]


def test_an_auction_without_its_auctioneer_lacks_both_articles() -> None:
    found = planning.unmet_for_approval(plan(**AUCTION | {"auction": None}), Facts(auction_licence="7"))
    assert named(found) == [("/auction", "拍卖法 art. 14"), ("/auction/media_refs", "BD-7")]


def test_a_short_viewing_is_named_whenever_the_notice_is_given() -> None:
    short = plan(viewing=PLAN["viewing"] | {"until": NOW + 3 * DAY - TICK})
    assert named(planning.unmet_for_approval(short, Facts())) == [("/viewing/until", "BD-8")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, []),
        (NOW + TICK, [("/bidding_from", "BD-6")]),
        (NOW + DAY, [("/bidding_from", "BD-6")]),
        (NOW + DAY + TICK, [("/bidding_from", "BD-6"), ("/viewing/from", "BD-8")]),
        (
            NOW + 6 * DAY,
            [("/bidding_from", "BD-6"), ("/registration_until", "BD-6"), ("/viewing/from", "BD-8")],
        ),
    ],
)
def test_the_notice_leaves_its_periods(now: datetime, expected: list[tuple[str, str | None]]) -> None:
    assert named(planning.unmet_for_announcement(plan(), Facts(), now)) == expected


@pytest.mark.parametrize(("told", "enough"), [(date(2026, 2, 27), True), (date(2026, 2, 28), False)])
def test_holders_of_a_first_refusal_are_told_three_days_before(told: date, enough: bool) -> None:
    holders = [PLAN["first_refusals"][0] | {"notified_on": told}]
    found = planning.unmet_for_announcement(plan(first_refusals=holders), Facts(), NOW)
    rule = "法释〔2016〕18号 art. 16"
    assert named(found) == ([] if enough else [("/first_refusals/0/notified_on", rule)])


def test_the_day_of_the_notice_is_counted_in_china() -> None:
    holders = [PLAN["first_refusals"][0] | {"notified_on": date(2026, 2, 28)}]
    late = plan(
        first_refusals=holders,
        **{name: PLAN[name] + DAY for name in ("registration_until", "bidding_from", "bidding_until")},
    )
    evening = datetime(2026, 3, 2, 16, tzinfo=UTC)  # 3 March, 0:00 there
    assert planning.unmet_for_announcement(late, Facts(), evening) == []
    assert planning.unmet_for_announcement(late, Facts(), evening - TICK) != []


def test_everything_that_is_missing_is_named_at_once() -> None:
    bare = RoundPlan.model_validate(
        {
            "kind": "auction",
            "mode": "transfer",
            "opening_price": money(100_00),
            "step": money(1),
            "deposit": money(1_00),
            "registration_until": NOW,
            "bidding_from": NOW,
            "bidding_until": NOW,
            "hard_stop": NOW - TICK,
        }
    )
    found = planning.unmet_for_announcement(bare, Facts(reserve=1, cut_from=(200_00, "CNY")), NOW)
    assert [each.pointer for each in found] == [
        "/deposit",
        "/reserve_price",
        "/opening_price",
        "/price_basis",
        "/known_defects",
        "/contact",
        "/viewing",
        "/registration_until",
        "/bidding_until",
        "/hard_stop",
        "/kind",
        "/auction",
        "/auction/media_refs",
        "/bidding_from",
        "/registration_until",
    ]


# Short periods


def test_short_periods_keep_the_order_of_the_times_and_not_their_length() -> None:
    short = Facts(Periods.SHORT)
    quick = {
        "viewing": {"from": NOW, "until": NOW + TICK, "place": {"en": "Room 1"}},
        "registration_until": NOW + TICK,
        "bidding_from": NOW + 2 * TICK,
        "bidding_until": NOW + 3 * TICK,
        "first_refusals": [PLAN["first_refusals"][0] | {"notified_on": date(2026, 3, 2)}],
    }
    assert planning.unmet_for_announcement(plan(**quick), short, NOW) == []
    assert planning.unmet_for_announcement(plan(**quick), Facts(), NOW) != []
    backwards = quick | {"registration_until": NOW + 2 * TICK, "bidding_until": NOW + 2 * TICK}
    found = named(planning.unmet_for_announcement(plan(**backwards), short, NOW))
    assert [pointer for pointer, _ in found] == ["/registration_until", "/bidding_until"]
    past = named(planning.unmet_for_announcement(plan(**quick), short, NOW + 2 * TICK))
    assert [pointer for pointer, _ in past] == ["/bidding_from", "/registration_until", "/viewing/from"]


# Amounts


@pytest.mark.parametrize(
    ("minor", "currency", "deposit"),
    [
        (100_00, "CNY", 10_00),
        (100_01, "CNY", 10_01),
        (1_000_05, "CNY", 100_01),
        (15, "JPY", 2),
        (10, "JPY", 1),
    ],
)
def test_the_deposit_is_ten_percent_rounded_up_where_none_is_said(
    minor: int, currency: str, deposit: int
) -> None:
    found = planning.deposit_of(plan(opening_price=Money.of(minor, currency), step=Money.of(1, currency)))
    assert found == Money.of(deposit, currency)


@given(price=st.integers(5, 10**14), share=st.integers(0, 40))
def test_a_deposit_is_taken_from_exactly_five_to_exactly_twenty_percent(price: int, share: int) -> None:
    deposit = max(1, price * share // 100)
    found = planning.unmet_for_approval(
        plan(opening_price=Money.of(price, "CNY"), deposit=Money.of(deposit, "CNY")), Facts()
    )
    assert (found == []) is (price * 5 <= deposit * 100 <= price * 20)


@pytest.mark.parametrize(("value", "warned"), [(142_857_14, False), (142_857_15, True)])
def test_an_opening_price_below_seventy_percent_of_the_appraisal_is_warned_of_and_allowed(
    value: int, warned: bool
) -> None:
    low = plan(appraised_value=money(value))
    assert bool(planning.warnings(low)) is warned
    assert planning.unmet_for_approval(low, Facts()) == []
    assert planning.warnings(plan()) == []


def test_a_notice_that_leaves_rights_and_taxes_open_is_warned_of() -> None:
    silent = plan(encumbrances=None, taxes_and_fees=None)
    found = named(planning.warnings(silent))
    assert found == [
        ("/encumbrances", "法释〔2016〕18号 art. 13"),
        ("/taxes_and_fees", "法释〔2016〕18号 art. 13"),
    ]
    assert planning.unmet_for_approval(silent, Facts()) == []


@pytest.mark.parametrize(("told", "enough"), [(date(2026, 2, 25), True), (date(2026, 2, 26), False)])
def test_a_holder_who_could_not_be_found_is_told_in_public_for_five_days(told: date, enough: bool) -> None:
    holders = [PLAN["first_refusals"][0] | {"notified_on": told, "unreachable": True}]
    found = planning.unmet_for_announcement(plan(first_refusals=holders), Facts(), NOW)
    rule = "法释〔2016〕18号 art. 16"
    assert named(found) == ([] if enough else [("/first_refusals/0/notified_on", rule)])


CURRENCIES: list[Callable[[], dict[str, Any]]] = [
    lambda: {"step": money(1, "EUR")},
    lambda: {"reserve_price": money(100_000_00, "EUR")},
    lambda: {"deposit": money(10_000_00, "EUR")},
    lambda: {"appraised_value": money(1, "EUR")},
]


@pytest.mark.parametrize("fields", CURRENCIES)
def test_all_amounts_are_in_one_currency(fields: Callable[[], dict[str, Any]]) -> None:
    (name,) = fields()
    assert [each.pointer for each in planning.malformed(plan(**fields()))] == [f"/{name}/currency"]


@pytest.mark.parametrize("name", ["opening_price", "step", "deposit", "reserve_price"])
def test_no_amount_is_nothing(name: str) -> None:
    assert [each.pointer for each in planning.malformed(plan(**{name: money(0)}))] == [f"/{name}/amount"]


@pytest.mark.parametrize(
    "bad",
    [
        {"bidding_from": "2026-03-09T10:00:00"},
        {"bidding_from": "2200-01-01T00:00:00Z"},
        {"bidding_from": "0001-01-01T00:00:00+14:00"},
        {"extension_seconds": 29},
        {"extension_seconds": 3601},
        {"confirm_working_days": 0},
        {"unknown": 1},
    ],
)
def test_what_no_plan_may_say(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan(**bad)


@pytest.mark.parametrize(
    ("document", "offered"),
    [
        (b'{"modes":["transfer"]}', True),
        (b'{"modes":["equity"]}', False),
        (b'{"modes":[]}', False),
        (b"{}", False),
    ],
)
def test_a_round_sells_what_the_listing_offers(document: bytes, offered: bool) -> None:
    assert (planning.not_offered(plan(), document) == []) is offered
