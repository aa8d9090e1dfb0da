"""What a notice must say, what changes it materially, who may decide, and when one is late: without a database."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from market.errors import WrongState
from market.notices import demands, rules
from market.notices.rules import CONTENT, FINAL, FROM, TO, Announced, Demand, Demands, Verb
from market.organisations.tables import Organisation
from schemas.values import Money
from schemas.vocabulary import (
    Founding,
    Mode,
    NoticeKind,
    NoticeStatus,
    ObjectionStatus,
    OrganisationKind,
    RuleUnit,
)
from tests.notices.unit import GRANT, PRICE, RESULT, REWARD

S = NoticeStatus
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CONTENTS = {"price": PRICE, "reward": REWARD, "grant": GRANT, "result": RESULT}


def unit(region: str = "110108", founding: Founding = Founding.STATE_FOUNDED) -> Organisation:
    return Organisation(
        name={"en": "Example University"},
        kind=OrganisationKind.UNIVERSITY,
        founding=founding,
        region=region,
        created_at=NOW,
    )


def missing(content: dict[str, Any], region: str = "110108", *, policy: bool = True) -> set[tuple[str, Any]]:
    parsed = CONTENT.validate_python(content)
    asked = demands.demands(unit(region), NoticeKind(parsed.kind), NOW)
    return {(each.pointer, each.rule) for each in rules.unmet(parsed, asked, has_policy=policy)}


# The state machine


@pytest.mark.parametrize(("verb", "status"), [*itertools.product(Verb, S)])
def test_a_verb_is_possible_from_the_states_of_the_table_and_from_no_other(
    verb: Verb, status: NoticeStatus
) -> None:
    if status in FROM[verb]:
        assert rules.next_status(verb, status) is TO.get(verb, status)
        return
    with pytest.raises(WrongState) as refused:
        rules.next_status(verb, status)
    assert refused.value.detail.partition("from: ")[2].split(", ") == sorted(FROM[verb])


def test_every_state_is_reached_and_has_a_way_out_or_is_final() -> None:
    reached, waiting = {S.DRAFT}, [S.DRAFT]
    while waiting:
        status = waiting.pop()
        following = {TO.get(verb, status) for verb in Verb if status in FROM[verb]} - {status}
        assert bool(following) is (status not in FINAL)
        waiting += following - reached
        reached |= following
    assert reached == set(S)


def test_nothing_is_clear_that_did_not_run_its_period() -> None:
    assert {verb for verb, status in TO.items() if status is S.CLOSED_CLEAR} == {Verb.CLEAR}
    assert FROM[Verb.CLEAR] == {S.PUBLISHED}
    assert FROM[Verb.SETTLE] == {S.CLOSED_CLEAR}


@pytest.mark.parametrize("status", S)
def test_a_notice_is_clear_at_the_very_end_of_its_period_unless_an_objection_is_open(
    status: NoticeStatus,
) -> None:
    expected = Verb.CLEAR if status is S.PUBLISHED else None
    assert rules.due(status, NOW, None, NOW) is expected
    assert rules.due(status, NOW, None, NOW - TICK) is None


@pytest.mark.parametrize("status", S)
def test_a_clear_notice_lapses_when_its_year_is_over(status: NoticeStatus) -> None:
    until = NOW - timedelta(days=365)
    expected = {S.CLOSED_CLEAR: Verb.LAPSE, S.PUBLISHED: Verb.CLEAR}.get(status)
    assert rules.due(status, until, NOW, NOW) is expected
    if status is S.CLOSED_CLEAR:
        assert rules.due(status, until, NOW, NOW - TICK) is None


def test_an_objection_at_the_very_end_is_late() -> None:
    rules.refuse_late(NOW, NOW - TICK)
    for at in (NOW, NOW + TICK):
        with pytest.raises(WrongState):
            rules.refuse_late(NOW, at)


# Content by pack


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("region", ["110108", "330106", "310104", "440300"])
def test_a_whole_notice_lacks_nothing_anywhere_in_china(kind: NoticeKind, region: str) -> None:
    assert missing(CONTENTS[kind], region) == set()


def test_pr_2_a_price_notice_says_name_and_proposed_price() -> None:
    bare = {"kind": "price", "name": {"en": "Name"}, "related_party": False, "channels": PRICE["channels"]}
    assert missing(bare) == {("/content/price", "PR-2")}


def test_pr_3_without_an_objection_policy_nothing_is_published() -> None:
    assert missing(PRICE, policy=False) == {("/objection_policy", "PR-3")}


def test_pr_4_zhejiang_asks_for_abstract_mode_price_the_market_and_the_related_party_at_once() -> None:
    bare = {"kind": "price", "name": {"en": "Name"}, "channels": [PRICE["channels"][0]]}
    assert missing(bare, "330106") == {
        ("/content/abstract", "PR-4"),
        ("/content/mode", "PR-4"),
        ("/content/price", "PR-4"),
        ("/content/related_party", "PR-4"),
        ("/content/channels", "PR-4"),
    }


def test_pr_4_whoever_marks_a_related_party_says_what_the_relation_is() -> None:
    assert missing(PRICE | {"related_party": True}, "330106") == {("/content/relation", "PR-4")}
    told = {"related_party": True, "relation": {"zh-Hans": "受让方由完成人设立"}}
    assert missing(PRICE | told, "330106") == set()


def test_pr_7_of_every_recipient_it_is_said_whether_they_lead() -> None:
    people = [{"name": "A", "is_leader": True}, {"name": "B"}, {"name": "C"}]
    assert missing(REWARD | {"recipients": people}) == {
        ("/content/recipients/1/is_leader", "PR-7"),
        ("/content/recipients/2/is_leader", "PR-7"),
    }


def test_pr_8_a_reward_notice_names_its_recipients_and_its_place() -> None:
    bare = {"kind": "reward", "name": {"en": "Name"}}
    assert missing(bare) == {("/content/recipients", "PR-8"), ("/content/channels", "PR-8")}


def test_a_grant_says_to_whom_what_is_given_and_for_how_long() -> None:
    bare = {"kind": "grant", "name": {"en": "Name"}}
    fields = ("recipients", "right", "years", "channels")
    assert missing(bare) == {(f"/content/{name}", "RV-11") for name in fields}


def test_a_result_says_how_it_ended() -> None:
    assert missing({"kind": "result", "name": {"en": "Name"}}) == {
        ("/content/outcome", "PR-14"),
        ("/content/channels", "PR-14"),
    }


def test_abroad_no_chinese_rule_is_asked_for() -> None:
    asked = demands.demands(unit("DE", Founding.FOREIGN), NoticeKind.PRICE, NOW)
    assert asked.channels == []
    assert {each.what for each in asked.fields} == {"price", "related_party"}


# Periods


def test_pr_3_fifteen_days_end_at_24_00_of_the_fifteenth_day_after_publication() -> None:
    """Published on Monday 2026-03-02: 3 to 17 March, a Tuesday."""
    found = demands.period(unit(), CONTENT.validate_python(PRICE), NOW)
    assert (found.length, found.unit, found.last_day.isoformat()) == (15, RuleUnit.DAYS, "2026-03-17")
    assert found.end == datetime(2026, 3, 17, 16, tzinfo=UTC)


def test_pr_9_a_cash_reward_for_the_tax_benefit_stands_for_fifteen_working_days() -> None:
    """3 March to 23 March: three weeks of five working days from Tuesday to Monday."""
    plain = demands.period(unit(), CONTENT.validate_python(REWARD), NOW)
    cash = demands.period(unit(), CONTENT.validate_python(REWARD | {"cash": True}), NOW)
    assert (plain.unit, plain.last_day.isoformat()) == (RuleUnit.DAYS, "2026-03-17")
    assert (cash.unit, cash.last_day.isoformat()) == (RuleUnit.WORKING_DAYS, "2026-03-23")


def test_pr_14_a_result_of_a_state_enterprise_stands_for_five_working_days() -> None:
    company = unit(founding=Founding.STATE_OWNED)
    found = demands.period(company, CONTENT.validate_python(RESULT), NOW)
    assert (found.length, found.unit) == (5, RuleUnit.WORKING_DAYS)


def test_a_period_that_no_rule_gives_is_shown_as_agreed() -> None:
    found = demands.period(unit("DE", Founding.FOREIGN), CONTENT.validate_python(GRANT), NOW)
    assert found.view().rule is None
    assert found.length == demands.UNRULED_DAYS


def test_pr_11_the_unit_answers_within_ten_working_days() -> None:
    assert demands.answer_period(unit(), NOW).last_day.isoformat() == "2026-03-16"


def test_a_notice_is_good_for_twelve_months() -> None:
    assert demands.lapses_at(unit(), datetime(2026, 3, 17, 16, tzinfo=UTC)) == datetime(
        2027, 3, 18, 16, tzinfo=UTC
    )


# Material change, conflicts, decisions


@pytest.mark.parametrize(
    ("now_stands", "expected"),
    [
        (Announced(), []),
        (Announced(price=Money(amount="300000.00"), mode=Mode.EXCLUSIVE_LICENCE), []),
        (Announced(scope={"en": "Traction batteries, five years"}), []),
        (Announced(price=Money(amount="299999.99")), ["price"]),
        (Announced(price=Money(amount="300000.00", currency="USD")), ["price"]),
        (Announced(mode=Mode.TRANSFER, scope={"en": "Everything"}), ["mode", "scope"]),
    ],
)
def test_another_price_mode_or_scope_is_a_material_change(now_stands: Announced, expected: list[str]) -> None:
    assert rules.changed(CONTENT.validate_python(PRICE), now_stands) == expected


def test_a_reward_notice_speaks_of_no_price() -> None:
    assert rules.changed(CONTENT.validate_python(REWARD), Announced(price=Money(amount="1.00"))) == []


MEMBER, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("objector", "authors", "named", "count"),
    [
        (OTHER, [OTHER], [], 0),
        (MEMBER, [OTHER], [], 1),
        (OTHER, [OTHER, MEMBER], [], 1),
        (OTHER, [], [{"name": "Somebody", "person_id": str(MEMBER)}], 1),
        (OTHER, [], [{"name": "王 小明"}], 1),
        (OTHER, [], [{"name": "王小明", "person_id": str(OTHER)}], 0),
        (MEMBER, [MEMBER], [{"name": "王小明"}], 3),
    ],
)
@pytest.mark.parametrize("role", ["contributors", "recipients"])
def test_pr_11_nobody_decides_on_their_own_matter(
    objector: UUID, authors: list[UUID], named: list[dict[str, Any]], count: int, role: str
) -> None:
    content = CONTENT.validate_python(REWARD | {"recipients": [], "contributors": []} | {role: named})
    found = rules.conflicts(MEMBER, "王小明", objector=objector, authors=authors, content=content)
    assert len(found) == count
    assert {each.rule for each in found} <= {"PR-11"}


U, R = ObjectionStatus.UPHELD, ObjectionStatus.REJECTED


@pytest.mark.parametrize(
    ("opinions", "decided"),
    [([], None), ([U], None), ([R], None), ([U, R], None), ([U, U], U), ([R, R], R), ([U, R, R], R)],
)
def test_two_equal_opinions_decide(opinions: list[ObjectionStatus], decided: ObjectionStatus | None) -> None:
    assert rules.decided(opinions) is decided


def test_what_a_pack_asks_for_is_named_with_its_rule_even_where_no_words_are_known_for_it() -> None:
    asked = Demands([Demand("scope", "XX-1")], [], Demand("policy", "PR-3"))
    content = CONTENT.validate_python(PRICE | {"scope": None})
    (found,) = rules.unmet(content, asked, has_policy=True)
    assert (found.pointer, found.rule) == ("/content/scope", "XX-1")
