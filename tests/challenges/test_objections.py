"""Objections to an award, which waits for them, and what a cancellation owes by the rules to the teams at work."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from market.challenges import conflicts, planning
from market.challenges.compensating import compensation, owed
from market.challenges.conflicts import Facts, Web
from market.trading.planning import Periods
from market.workdays import add_working_days
from schemas.challenges import ChallengePlan
from schemas.vocabulary import Role
from tests.challenges.stage import Contest, a_plan, a_race, key, money
from tests.makers import Caller, Market
from tests.trading.stage import join

GROUNDS = {"grounds": "The winner's sensors are those that our patent protects."}
UPHELD = {"finding": "upheld", "reasons": "The panel had not seen the register of patents."}
REJECTED = {"finding": "rejected", "reasons": "The patent has lapsed, as the register shows."}
REASON = {"reason": "The pipes were sold"}


async def objected(contest: Contest, place: int = 1) -> str:
    """The path of an objection that the entrant of this place has lodged."""
    made = await contest.entrants[place].ok("POST", f"{contest.path}/objections", GROUNDS)
    return f"{contest.path}/objections/{made['id']}"


async def signed(contest: Contest, path: str, auditor: Caller | None = None) -> httpx.Response:
    auditor = auditor or await contest.market.auditor()
    return await auditor.post(f"{path}/countersignature", headers=key())


async def decided(contest: Contest, path: str, decision: dict[str, Any]) -> Any:
    await contest.operator.ok("POST", f"{path}/decision", decision)
    answer = await signed(contest, path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rules_of(answer: httpx.Response) -> list[str]:
    return [each["rule"] for each in answer.json()["errors"]]


# An award waits


async def test_an_award_waits_for_what_is_objected_to_it(market: Market) -> None:
    contest = await Contest.of(market, "awarded")
    path = await objected(contest)
    waiting = await contest.officer.post(f"{contest.path}/start")
    assert (waiting.status_code, rules_of(waiting)) == (422, ["CH-8"])
    said = await decided(contest, path, REJECTED)
    assert (said["status"], said["reasons"], len(said["decided_by"])) == ("rejected", REJECTED["reasons"], 2)
    assert (await contest.officer.post(f"{contest.path}/start")).status_code == 200
    alias = (await contest.aliases())[1]
    (shown,) = (await contest.results())["objections"]
    assert (shown["team"], shown["status"], shown["reasons"]) == (alias, "rejected", REJECTED["reasons"])
    assert "grounds" not in shown


async def test_an_objection_that_is_upheld_sets_the_award_aside(market: Market) -> None:
    contest = await Contest.of(market, "awarded")
    first = (await contest.results())["awardees"][0]["alias"]
    path, other = await objected(contest), await objected(contest, 2)
    await decided(contest, path, UPHELD)
    results = await contest.results()
    assert (results["awardees"], results["follows_rank"], results["publicity"]) == ([], None, None)
    assert [each["status"] for each in results["objections"]] == ["upheld", "moot"]
    assert (await contest.read())["status"] == "shortlisted"
    assert (await contest.operator.post(f"{other}/decision", UPHELD)).status_code == 409
    second = next(each["alias"] for each in results["ranking"] if each["alias"] != first)
    await contest.award([second], reasons="The first infringes a patent, as was found.")
    assert (await contest.officer.post(f"{contest.path}/start")).status_code == 200
    assert [each["alias"] for each in (await contest.results())["awardees"]] == [second]


async def test_the_days_for_objections_are_those_of_the_rules(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted", objection_working_days=3)
    async with market.database.sessions() as session, session.begin():
        from sqlalchemy import text

        await session.execute(
            text(
                "UPDATE challenge SET rules = convert_to(replace(convert_from(rules, 'UTF8'),"
                ' \'"periods":"short"\', \'"periods":"legal"\'), \'UTF8\') WHERE id = :id'
            ),
            {"id": contest.id},
        )
    await contest.award([(await contest.results())["ranking"][0]["alias"]])
    until = (await contest.results())["objections_until"]
    assert datetime.fromisoformat(until) == add_working_days(datetime.now(UTC), 3)
    early = await contest.officer.post(f"{contest.path}/start")
    assert (early.status_code, rules_of(early)) == (422, ["CH-8"])
    assert until.replace("Z", "+00:00")[:19] in early.json()["errors"][0]["detail"].replace("Z", "+00:00")
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "UPDATE challenge SET award = jsonb_set(award, '{objections_until}', '\"2026-01-01T00:00:00.000000Z\"')"
                " WHERE id = :id"
            ),
            {"id": contest.id},
        )
    late = await contest.entrants[1].post(f"{contest.path}/objections", GROUNDS)
    assert (late.status_code, late.json()["detail"][:30]) == (409, "objections to this award were ")
    assert (await contest.officer.post(f"{contest.path}/start")).status_code == 200


# Who objects, who decides, who reads


async def test_whoever_has_submitted_objects_once_at_a_time_and_under_their_name(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted")
    where, entrant = f"{contest.path}/objections", contest.entrants[1]
    assert (await entrant.post(where, GROUNDS)).status_code == 409  # nobody is awarded yet
    await contest.award([(await contest.results())["ranking"][0]["alias"]])
    for stranger in (await market.company(), contest.director, contest.operator, contest.reviewers[0]):
        assert (await stranger.post(where, GROUNDS)).status_code == 403
    colleague = await market.person(entrant.organisation_id, Role.FINANCE)
    assert (await colleague.post(where, GROUNDS)).status_code == 403
    issued = await entrant.ok("POST", "/api-keys", {"name": "robot", "scopes": ["rounds"]})
    robot = replace(entrant, token=issued["key"])
    assert (await robot.post(where, GROUNDS)).status_code == 403
    assert (await entrant.post(where, {"grounds": "Unfair"})).status_code == 422
    assert (await entrant.post(where, GROUNDS)).status_code == 201
    assert (await entrant.post(where, GROUNDS)).status_code == 409


async def test_two_of_the_hall_without_a_conflict_decide(market: Market) -> None:
    contest = await Contest.of(market, "awarded")
    path = await objected(contest)
    auditor = await market.auditor()
    assert (await signed(contest, path, auditor)).status_code == 409  # nothing was proposed
    for who in (contest.director, contest.entrants[0], auditor):
        assert (await who.post(f"{path}/decision", REJECTED)).status_code == 403
    assert (await contest.operator.post(f"{path}/decision", REJECTED | {"reasons": "No"})).status_code == 422
    await contest.operator.ok("POST", f"{path}/decision", REJECTED)
    assert (await signed(contest, path, contest.operator)).status_code == 403
    both = await market.person(contest.operator.organisation_id, Role.OPERATOR, Role.AUDITOR)
    await both.ok("POST", f"{path}/decision", UPHELD)
    assert (await signed(contest, path, both)).status_code == 403
    await join(market, auditor, contest.entrants[2].organisation_id, Role.RESEARCHER)
    partial = await signed(contest, path, auditor)
    assert (partial.status_code, rules_of(partial)) == (403, ["CH-8"])
    assert (await signed(contest, path)).json()["status"] == "upheld"


async def test_who_reads_objections(market: Market) -> None:
    contest = await Contest.of(market, "awarded")
    path = await objected(contest)
    await contest.operator.ok("POST", f"{path}/decision", UPHELD)
    for who, seen in (
        (contest.entrants[1], 1),
        (contest.director, 1),
        (contest.operator, 1),
        (contest.entrants[0], 0),
        (await market.company(), 0),
    ):
        shown = await who.ok("GET", f"{contest.path}/objections")
        assert len(shown) == seen
        assert [each["proposed"] for each in shown] == ["upheld"] * seen
    missing = f"{contest.path}/objections/{contest.id}/decision"
    assert (await contest.operator.post(missing, UPHELD)).status_code == 404


def _id(number: int) -> UUID:
    return UUID(int=number)


SPONSOR, ENTRANT, SISTER, ELSEWHERE, PARENT = map(_id, range(1, 6))
PREPARED, SUBMITTED, REVIEWED, SOMEBODY = map(_id, range(11, 15))
JUDGED = Facts(
    sponsor=SPONSOR,
    web=Web(above={ENTRANT: frozenset({PARENT}), SISTER: frozenset({PARENT})}),
    entrants=frozenset({ENTRANT}),
    prepared_by=frozenset({PREPARED}),
    submitters=frozenset({SUBMITTED}),
)


@pytest.mark.parametrize(
    ("person", "member_of", "how_many"),
    [
        (SOMEBODY, {ELSEWHERE}, 0),
        (SOMEBODY, {SPONSOR}, 1),
        (SOMEBODY, {ENTRANT}, 1),
        (SOMEBODY, {SISTER}, 1),
        (PREPARED, {ELSEWHERE}, 1),
        (SUBMITTED, {ELSEWHERE}, 1),
        (REVIEWED, {ELSEWHERE}, 1),
        (SUBMITTED, {SPONSOR, ENTRANT}, 3),
    ],
)
def test_every_relation_that_keeps_somebody_from_deciding(
    person: UUID, member_of: set[UUID], how_many: int
) -> None:
    found = conflicts.of_judge(JUDGED, person, member_of, {REVIEWED})
    assert [each.rule for each in found] == ["CH-8"] * how_many


# What a cancellation owes


def a_paid_race() -> dict[str, Any]:
    race = a_race(compensation=money("1000.00"))
    for stage, promised in zip(race["stages"], ("20000.00", "30000.00"), strict=True):
        stage["compensation"] = money(promised)
    return race


@pytest.mark.parametrize(("passed", "amount"), [(0, 1_000_00), (1, 21_000_00), (2, 51_000_00)])
def test_each_stage_that_was_passed_adds_its_sum(passed: int, amount: int) -> None:
    plan = ChallengePlan.model_validate(a_plan(**a_paid_race())).model_dump(mode="json")
    assert owed(plan, passed) == amount
    assert owed({"stages": [{}, {}]}, passed) == 0  # rules of before
    said = compensation(plan | {"currency": "CNY"}, ["BBBB", "AAAA"], passed)
    assert said == {
        "currency": "CNY",
        "teams": [{"team": alias, "stages": passed, "amount": amount} for alias in ("AAAA", "BBBB")],
    }
    assert compensation(plan, [], passed) is None


def test_what_is_promised_is_within_the_budgets_and_in_their_currency() -> None:
    race = a_paid_race()
    race["stages"][0]["compensation"] = money("200000.01")
    race["compensation"] = money("333333.34")
    over = ChallengePlan.model_validate(a_plan(**race))
    found = [each.pointer for each in planning.unmet(over, [], Periods.SHORT, datetime.now(UTC))]
    assert {"/compensation", "/stages/0/compensation"} <= set(found)
    race["stages"][1]["compensation"] = race["compensation"] = money("1.00", "EUR")
    foreign = ChallengePlan.model_validate(a_plan(**race))
    assert [each.pointer for each in planning.malformed(foreign)] == [
        "/compensation/currency",
        "/stages/1/compensation/currency",
    ]


async def test_a_race_that_is_called_off_compensates_the_teams_at_work(market: Market) -> None:
    contest = await Contest.of(market, "running", **a_paid_race())
    aliases = await contest.aliases()
    for who, alias in zip(contest.entrants, aliases, strict=True):
        await who.ok("POST", f"{contest.path}/teams/{alias}/evidence", {"evidence": "A test report"})
    await contest.let_pass(hours=11)
    decisions = [
        {"team": alias, "decision": "pass" if place < 2 else "stop", "reason": "As the report shows"}
        for place, alias in enumerate(aliases)
    ]
    await contest.officer.ok("POST", f"{contest.path}/gate", {"decisions": decisions})
    assert (await contest.countersign("decide_gate")).status_code == 200
    await contest.director.ok("POST", f"{contest.path}/cancellation", REASON)
    seen = await contest.results()
    assert seen["compensation"] == [
        {"team": alias, "stages": 1, "amount": money("21000.00")} for alias in sorted(aliases[:2])
    ]
    assert {each["status"] for each in seen["awardees"]} == {"stopped"}
    assert (await contest.read())["reason"] == REASON["reason"]
    told = await market.database.pool.fetchval(
        "SELECT data FROM event WHERE subject_kind = 'challenge' AND subject_id = $1 AND kind = 'cancelled'",
        contest.id,
    )
    assert [each["amount"] for each in json.loads(told)["compensation"]["teams"]] == [21_000_00] * 2


async def test_what_is_called_off_before_the_work_owes_nothing(market: Market) -> None:
    contest = await Contest.of(market, "awarded", compensation=money("1000.00"))
    path = await objected(contest)
    await contest.director.ok("POST", f"{contest.path}/cancellation", REASON)
    seen = await contest.results()
    assert (seen["compensation"], [each["status"] for each in seen["objections"]]) == ([], ["moot"])
    assert (await contest.operator.post(f"{path}/decision", UPHELD)).status_code == 409
