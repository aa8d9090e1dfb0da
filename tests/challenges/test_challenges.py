"""The story of a challenge over HTTP: from the plan through questions, sealed submissions and review to the acceptance."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from market.ledger.rules import sha256
from schemas.vocabulary import Role, VerificationLevel
from tests.challenges.stage import REASONS, SOLUTION, Contest, a_plan, a_race, key, money
from tests.makers import Market


def problems(answer: httpx.Response, status: int = 422) -> list[tuple[str, str | None]]:
    assert answer.status_code == status, answer.text
    return [(each["pointer"], each.get("rule")) for each in answer.json()["errors"]]


def is_refused(answer: httpx.Response, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].endswith(f"/problems/{slug}")


# Until the publication


async def test_a_draft_is_seen_by_its_sponsor_and_the_hall_alone(market: Market) -> None:
    contest = await Contest.of(market, "draft")
    assert (await contest.read(contest.director))["preparation"]["unmet"] == []
    assert (await contest.read(contest.operator))["status"] == "draft"
    assert (await contest.public()).status_code == 404
    stranger = await market.company()
    for method, what in (("GET", ""), ("GET", "/rules"), ("POST", "/approval"), ("GET", "/results")):
        assert (await stranger(method, f"{contest.path}{what}")).status_code == 404
    listed = (await market.client.get("/api/v1/challenges")).json()["items"]
    assert contest.id not in [each["id"] for each in listed]


async def test_what_a_plan_lacks_is_shown_and_keeps_it_from_being_approved(market: Market) -> None:
    contest = await Contest.of(market, "draft", rubric=[], panel_size=2)
    unmet = (await contest.read(contest.officer))["preparation"]["unmet"]
    assert {each["pointer"] for each in unmet} == {"/rubric", "/panel_size"}
    answer = await contest.director.post(f"{contest.path}/approval")
    assert set(problems(answer)) == {("/plan/rubric", None), ("/plan/panel_size", "CH-4")}


async def test_an_officer_without_an_opening_key_cannot_open(market: Market) -> None:
    nobody = await market.person(await market.organisation(), Role.REVIEWER)
    opening = {"officers": [str(nobody.person_id)] * 2, "threshold": 2}
    contest = await Contest.of(market, "draft", opening=opening)
    answer = await contest.director.post(f"{contest.path}/approval")
    assert ("/plan/opening/officers/0", None) in problems(answer)


async def test_amounts_of_several_currencies_are_no_plan(market: Market) -> None:
    contest = await Contest.of(market, "draft")
    plan = a_plan(**a_race(budget=money("1.00", "USD")))
    answer = await contest.officer.post("/challenges", {"listing_id": contest.listing["id"], "plan": plan})
    assert ("/plan/stages/0/budget/currency", None) in problems(answer)


async def test_whoever_wrote_the_plan_does_not_approve_it_and_a_change_asks_again(market: Market) -> None:
    contest = await Contest.of(market, "approved")
    is_refused(await contest.operator.post(f"{contest.path}/approval"), 403, "not-allowed")
    etag = (await contest.officer.get(contest.path)).headers["etag"]
    stale = await contest.director.patch(contest.path, {"awards": 2}, '"r1"')
    assert stale.status_code == 412
    changed = await contest.director.patch(contest.path, {"awards": 2}, etag)
    assert changed.json()["preparation"]["approved_by"] is None
    is_refused(await contest.director.post(f"{contest.path}/approval"), 403, "not-allowed")
    is_refused(await contest.operator.post(f"{contest.path}/publication"), 409, "wrong-state")


async def test_a_challenge_is_held_on_an_opportunity_and_one_at_a_time(market: Market) -> None:
    officer, director = await market.university()
    result = await market.listing(officer, director)
    answer = await officer.post("/challenges", {"listing_id": result["id"], "plan": a_plan()})
    is_refused(answer, 409, "wrong-state")
    contest = await Contest.of(market, "published")
    first = contest.id
    people = [str(each.who.person_id) for each in contest.officers]
    await contest.plan(opening={"officers": people, "threshold": 2})
    await contest.director.ok("POST", f"{contest.path}/approval")
    is_refused(await contest.operator.post(f"{contest.path}/publication"), 409, "already-exists")
    await contest.director.ok("POST", f"/challenges/{first}/cancellation", {"reason": "Planned anew"})
    await contest.publish()


async def test_the_rules_are_frozen_and_public(market: Market) -> None:
    contest = await Contest.of(market, **a_race(public_money=True))
    answer = await contest.public("/rules")
    said = answer.json()
    assert answer.headers["etag"] == f'"{sha256(answer.content).hex()}"'
    assert said["publicity"] == {"working_days": 5, "confirmed": False}
    assert [stage["budget"] for stage in said["stages"]] == [400_000_00, 400_000_00]
    assert said["rubric"][0]["weight"] == 60
    seen = await contest.read()
    assert [phase["name"] for phase in seen["phases"]] == ["questions", "submissions", "stage 1", "stage 2"]
    assert seen["phases"][0]["from"] == seen["published_at"]
    assert seen["preparation"] is None
    etag = (await contest.officer.get(contest.path)).headers["etag"]
    is_refused(await contest.officer.patch(contest.path, {"awards": 2}, etag), 409, "wrong-state")


# Questions


async def test_questions_and_answers_are_public_and_who_asked_is_not(market: Market) -> None:
    contest = await Contest.of(market)
    who = await market.company()
    asked = await who.ok("POST", f"{contest.path}/questions", {"question": "Which pipes?"})
    is_refused(
        await who.post(f"{contest.path}/questions/{asked['id']}/answer", {"answer": "Mine"}),
        403,
        "not-allowed",
    )
    path = f"{contest.path}/questions/{asked['id']}/answer"
    await contest.officer.ok("POST", path, {"answer": "Cast iron"})
    is_refused(await contest.officer.post(path, {"answer": "Steel"}), 409, "already-exists")
    answer = await contest.public("/questions")
    (item,) = answer.json()["items"]
    assert (item["question"], item["answer"]) == ("Which pipes?", "Cast iron")
    for secret in (who.person_id, who.organisation_id, who.email):
        assert str(secret) not in answer.text


async def test_a_late_question_is_refused_and_answers_end_before_submissions_begin(market: Market) -> None:
    contest = await Contest.of(market)
    who = await market.company()
    asked = await who.ok("POST", f"{contest.path}/questions", {"question": "Which pipes?"})
    assert (await contest.let_pass(hours=1))["status"] == "questions_closed"
    is_refused(await who.post(f"{contest.path}/questions", {"question": "More?"}), 409, "wrong-state")
    await contest.let_pass(hours=1)
    answer = await contest.officer.post(
        f"{contest.path}/questions/{asked['id']}/answer", {"answer": "Too late"}
    )
    is_refused(answer, 409, "wrong-state")


async def test_who_is_not_verified_does_not_ask_or_submit(market: Market) -> None:
    contest = await Contest.of(market)
    who = await market.company(VerificationLevel.L0)
    is_refused(await who.post(f"{contest.path}/questions", {"question": "Which?"}), 409, "conflict")
    await contest.let_pass(hours=2)
    is_refused(await contest.try_submit(who), 409, "conflict")


# Submissions


async def test_a_receipt_is_signed_and_says_what_was_taken_and_when(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    who = await market.company()
    blob = contest.blob(who)
    got = (await contest.try_submit(who, sealed=blob)).json()
    assert got["sealed_sha256"] == sha256(base64.b64decode(blob)).hex()
    assert got["hash"] == sha256(got["document"].encode()).hex()
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(got["public_key"]))
    public.verify(base64.b64decode(got["signature"]), bytes.fromhex(got["hash"]))
    assert (got["number"], got["sealed_by"]) == (1, "client")
    again = (await contest.try_submit(who, solution=SOLUTION)).json()
    assert (again["number"], again["sealed_by"]) == (2, "server")
    own = (await who.ok("GET", f"{contest.path}/submissions"))["items"]
    assert [each["number"] for each in own] == [2, 1]
    assert own[1] == got


async def test_a_repeated_request_submits_once(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    who, same = await market.company(), key()
    body = {"sealed": contest.blob(who)}
    first, second = [await who.post(f"{contest.path}/submissions", body, headers=same) for _ in range(2)]
    assert first.json() == second.json()
    assert len((await who.ok("GET", f"{contest.path}/submissions"))["items"]) == 1


async def test_a_blob_of_another_sender_or_another_challenge_is_refused(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    other = await Contest.of(market, "submissions_open", entrants=0)
    who, stranger = await market.company(), await market.company()
    for sealed in (contest.blob(stranger), other.blob(who), "AAAA", "A"):
        assert problems(await contest.try_submit(who, sealed=sealed)) == [("/sealed", None)]
    assert problems(await contest.try_submit(who, sealed=contest.blob(who), solution=SOLUTION))
    assert problems(await contest.try_submit(who, organisation_id=str(who.organisation_id)))


async def test_every_blob_has_one_size_and_none_holds_more_than_64_kib(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    who = await market.company()
    long = SOLUTION | {"approach": {"en": "x" * 19_000, "zh-Hans": "长" * 15_000}}
    assert len(contest.blob(who, long)) == len(contest.blob(who))
    too_long = SOLUTION | {"approach": {"en": "x" * 19_000, "zh-Hans": "长" * 19_000}}
    assert problems(await contest.try_submit(who, solution=too_long)) == [("/solution", None)]


async def test_submissions_are_taken_in_their_period_alone(market: Market) -> None:
    contest = await Contest.of(market)
    who = await market.company()
    is_refused(await contest.try_submit(who), 409, "wrong-state")
    await contest.let_pass(hours=2)
    await contest.an_entrant(who)
    await contest.move(timedelta(hours=24))
    is_refused(await contest.try_submit(who), 409, "wrong-state")


async def test_only_the_last_submission_of_an_organisation_counts(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    who = await market.company()
    await contest.an_entrant(who, team="First")
    assert (await contest.try_submit(who, solution=SOLUTION | {"team": "Second"})).status_code == 201
    contest = await contest_to(contest, "opened")
    (own,) = await who.ok("GET", f"{contest.path}/entrants")
    assert own["solution"]["team"] == "Second"


async def contest_to(contest: Contest, status: str) -> Contest:
    """From open submissions to reviewing or opened."""
    await contest.let_pass(hours=24)
    for _ in range(3):
        await contest.a_reviewer()
    await contest.operator.ok("POST", f"{contest.path}/review")
    if status == "opened":
        await contest.open()
    return contest


async def test_a_deadline_with_nothing_submitted_lets_it_expire(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    assert (await contest.let_pass(hours=24))["status"] == "expired"


async def test_nothing_of_a_submission_is_readable_before_the_opening_not_even_that_it_is_there(
    market: Market,
) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    empty = await contest.read(contest.operator)
    receipt = await contest.an_entrant()
    await contest.an_entrant()
    looked = ["", "/rules", "/questions", "/submissions", "/entrants", "/reviews", "/results", "/opening", "/panel", "/evidence"]  # fmt: skip
    auditor, stranger = await market.auditor(), await market.company()
    people = [contest.officer, contest.director, contest.operator, auditor, stranger]
    people += [officer.who for officer in contest.officers]
    for who in people:
        for what in looked:
            answer = await who.get(f"{contest.path}{what}")
            for secret in ("CANARY", receipt["id"], receipt["sealed_sha256"], receipt["organisation"]):
                assert secret not in answer.text, (what, answer.text)
    after = await contest.read(contest.operator)
    assert {**after, "server_time": None} == {**empty, "server_time": None}
    stored = await market.database.pool.fetch("SELECT sealed, document FROM challenge_submission")
    assert not [row for row in stored if b"CANARY" in row["sealed"] or b"CANARY" in row["document"]]


async def test_fewer_shares_than_it_takes_open_nothing_and_none_is_taken_before_the_review(
    market: Market,
) -> None:
    contest = await Contest.of(market, "closed", entrants=2)
    is_refused(await contest.hand_in(contest.officers[0]), 409, "wrong-state")
    await contest.operator.ok("POST", f"{contest.path}/review")
    reviewer = contest.reviewers[0]
    assert (await contest.hand_in(contest.officers[0])).status_code == 200
    assert await reviewer.ok("GET", f"{contest.path}/entrants") == []
    is_refused(await contest.operator.post(f"{contest.path}/shortlist"), 409, "conflict")
    opened = await contest.hand_in(contest.officers[1])
    assert opened.json()["opened_at"]
    assert opened.json()["private_key"] is None
    shown = await reviewer.ok("GET", f"{contest.path}/entrants")
    assert len(shown) == 2
    assert all(each["solution"]["approach"] and each["organisation"] is None for each in shown)
    for who in (contest.officer, contest.operator):
        assert await who.ok("GET", f"{contest.path}/entrants") == []


async def test_what_cannot_be_understood_does_not_count_and_keeps_no_other_from_counting(
    market: Market,
) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=1)
    who = await market.company()
    raw = bytearray(base64.b64decode(contest.blob(who)))
    raw[-1] ^= 1
    await contest.try_submit(who, sealed=base64.b64encode(raw).decode())
    await contest_to(contest, "opened")
    (broken,) = await who.ok("GET", f"{contest.path}/entrants")
    assert broken["solution"] is None
    answer = await contest.score(contest.reviewers[0], broken["alias"], 1, 1)
    is_refused(answer, 409, "conflict")
    await contest.score_all()
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    results = await contest.results()
    assert list(results["void"]) == [broken["alias"]]
    assert len(results["ranking"]) == 1


# Review


async def test_scores_are_within_the_rubric_and_never_changed(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=1)
    (alias,) = await contest.aliases()
    who = contest.reviewers[0]
    assert problems(await contest.score(who, alias, 11, 5)) == [("/scores/0/score", None)]
    assert problems(await contest.score(who, alias, 10)) == [("/scores", None)]
    assert (await contest.score(who, alias, 10, 5)).status_code == 201
    is_refused(await contest.score(who, alias, 1, 1), 409, "already-exists")
    is_refused(await contest.score(contest.operator, alias, 1, 1), 404, "not-found")
    is_refused(await contest.score(who, "ZZZZ", 1, 1), 404, "not-found")


async def test_a_reviewer_sees_the_scores_of_others_once_their_own_are_in(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=2)
    first, second, _ = contest.reviewers
    one, other = await contest.aliases()
    for alias in (one, other):
        await contest.score(second, alias, 9, 5)
    await contest.score(first, one, 5, 5)
    mine = await first.ok("GET", f"{contest.path}/reviews")
    assert {each["reviewer"] for each in mine} == {str(first.person_id)}
    for who in (contest.operator, contest.director, contest.entrants[0]):
        assert (await who.get(f"{contest.path}/reviews")).status_code in (404,)
    await contest.score(first, other, 5, 5)
    assert len(await first.ok("GET", f"{contest.path}/reviews")) == 4


async def test_the_review_ends_when_everybody_has_scored_everything(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=1, reviewers=4)
    (alias,) = await contest.aliases()
    for who in contest.reviewers[:3]:
        await contest.score(who, alias, 9, 5)
    is_refused(await contest.operator.post(f"{contest.path}/shortlist"), 409, "conflict")
    path = f"{contest.path}/panel/{contest.reviewers[3].person_id}/dismissal"
    await contest.operator.ok("POST", path, {"reason": "Ill for weeks"})
    done = f"{contest.path}/panel/{contest.reviewers[0].person_id}/dismissal"
    is_refused(await contest.operator.post(done, {"reason": "Too strict"}), 409, "conflict")
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    assert (await contest.results())["reviewers"] == 3


async def test_results_show_scores_with_their_dispersion_by_alias(market: Market) -> None:
    contest = await Contest.of(market, "opened")
    assert (await contest.public("/results")).status_code == 404
    await contest.score_all()
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    results, aliases = await contest.results(), await contest.aliases()
    assert [each["alias"] for each in results["ranking"]] == aliases
    best = results["ranking"][0]
    assert (best["rank"], best["tied"], best["score"], best["exact"]) == (1, False, "92.0000", "92")
    assert (best["deviation"], best["range"]) == ("2.8284", "6.0000")
    assert best["criteria"][0] == {"mean": "8.6667", "deviation": "0.4714", "range": 1}
    assert results["awardees"] == []
    public = (await contest.public("/results")).text
    assert not [who for who in contest.entrants if str(who.organisation_id) in public]
    named = await contest.operator.ok("GET", f"{contest.path}/entrants")
    assert all(each["organisation"] for each in named)
    assert len(await contest.director.ok("GET", f"{contest.path}/reviews")) == 9


# Award


async def test_an_award_by_rank_names_the_awardee_and_needs_no_reasons(market: Market) -> None:
    contest = await Contest.of(market, "awarded")
    results = await contest.results()
    (awardee,) = results["awardees"]
    assert awardee["organisation"]["id"] == str(contest.entrants[0].organisation_id)
    assert results["follows_rank"] is True


async def test_an_award_off_the_rank_needs_reasons(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted")
    second = (await contest.aliases())[1]
    for reasons in (None, "x" * 19):
        answer = await contest.director.post(
            f"{contest.path}/award", {"awardees": [second], "reasons": reasons}, headers=key()
        )
        assert problems(answer) == [("/reasons", "CH-6")]
    await contest.award([second], REASONS)
    results = await contest.results()
    assert (results["follows_rank"], results["reasons"]) == (False, REASONS)


async def test_a_tie_is_named_and_breaking_it_needs_reasons(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=2)
    aliases = await contest.aliases()
    for alias in aliases:
        for who in contest.reviewers:
            await contest.score(who, alias, 7, 3)
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    assert [(each["rank"], each["tied"]) for each in (await contest.results())["ranking"]] == [(1, True)] * 2
    answer = await contest.director.post(f"{contest.path}/award", {"awardees": aliases[:1]}, headers=key())
    assert problems(answer) == [("/reasons", "CH-6")]


async def test_no_more_are_awarded_than_the_rules_allow_and_none_off_the_shortlist(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted", shortlist=2, awards=1)
    aliases = await contest.aliases()
    for awardees, pointer in ((aliases[:2], "/awardees"), ([aliases[2]], "/awardees/0"), (["ZZZZ"], "/awardees/0")):  # fmt: skip
        body = {"awardees": awardees, "reasons": REASONS}
        answer = await contest.director.post(f"{contest.path}/award", body, headers=key())
        assert problems(answer) == [(pointer, None)]


async def test_nobody_is_awarded_with_reasons_in_public(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted", entrants=1)
    path = f"{contest.path}/no-award"
    assert problems(await contest.director.post(path, {"reason": "No good"})) == [("/reason", "CH-6")]
    reason = "No submission reaches the leak rate that was asked for"
    is_refused(await contest.officer.post(path, {"reason": reason}), 403, "not-allowed")
    await contest.director.ok("POST", path, {"reason": reason})
    assert (await contest.read())["status"] == "no_award"
    assert (await contest.results())["reasons"] == reason


# The work


async def test_public_money_asks_for_publicity_before_the_work(market: Market) -> None:
    contest = await Contest.of(market, "awarded", public_money=True)
    answer = await contest.officer.post(f"{contest.path}/start")
    assert problems(answer) == [("", "CH-3")]
    path = f"{contest.path}/publicity"
    for at in (datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)):
        body = {"published_at": at.isoformat(), "channel": "https://sponsor.example/notice"}
        assert problems(await contest.officer.post(path, body)) == [("/published_at", None)]
    body["published_at"] = datetime.now(UTC).isoformat()
    await contest.officer.ok("POST", path, body)
    is_refused(await contest.officer.post(path, body), 409, "already-exists")
    shown = (await contest.results())["publicity"]
    assert (shown["channel"], shown["working_days"], shown["confirmed"]) == (body["channel"], 5, False)
    await contest.officer.ok("POST", f"{contest.path}/start")


async def test_without_public_money_no_publicity_is_recorded(market: Market) -> None:
    contest = await Contest.of(market, "awarded", entrants=1)
    body = {"published_at": datetime.now(UTC).isoformat(), "channel": "x"}
    is_refused(await contest.officer.post(f"{contest.path}/publicity", body), 409, "wrong-state")


async def test_an_open_challenge_is_completed_by_two_people_with_a_public_acceptance(market: Market) -> None:
    contest = await Contest.of(market, "running", entrants=1)
    is_refused(await contest.countersign("complete"), 409, "wrong-state")
    await contest.director.ok("POST", f"{contest.path}/completion", {"acceptance": "0.8 % reached"})
    is_refused(await contest.countersign("complete"), 403, "not-allowed")
    is_refused(await contest.countersign("complete", contest.officer), 403, "not-allowed")
    is_refused(await contest.countersign("fail"), 409, "wrong-state")
    await contest.officer.ok("POST", f"{contest.path}/completion", {"acceptance": "0.7 % reached"})
    assert (await contest.countersign("complete")).status_code == 200
    seen = await contest.read()
    assert (seen["status"], seen["outcome"]) == ("completed", "0.7 % reached")
    assert (await contest.results())["awardees"][0]["status"] == "finished"


@pytest.mark.parametrize("secret", [True, False])
async def test_what_was_learnt_of_a_failure_is_public_unless_it_is_secret(
    market: Market, secret: bool
) -> None:
    contest = await Contest.of(market, "running", entrants=1)
    body = {"lessons": "The sensors drown", "secret": secret}
    await contest.officer.ok("POST", f"{contest.path}/failure", body)
    assert (await contest.countersign("fail")).status_code == 200
    assert (await contest.read())["status"] == "failed"
    assert (await contest.read())["outcome"] == (None if secret else "The sensors drown")
    assert (await contest.read(contest.officer))["outcome"] == "The sensors drown"


async def show(contest: Contest, number: int, alias: str) -> httpx.Response:
    body = {"evidence": f"Report of {alias}", "sha256": ["0" * 64]}
    return await contest.entrants[number].post(f"{contest.path}/teams/{alias}/evidence", body)


def gate(**decisions: str) -> dict[str, Any]:
    return {
        "decisions": [
            {"team": team, "decision": decision, "reason": "As the report shows"}
            for team, decision in decisions.items()
        ]
    }


async def test_a_horse_race_is_run_stage_by_stage_until_one_is_left(market: Market) -> None:
    contest = await Contest.of(market, "running", **a_race())
    first, second, third = await contest.aliases()
    assert (await contest.read())["stage"] == 1
    for number, alias in enumerate((first, second, third)):
        assert (await show(contest, number, alias)).status_code == 201
    is_refused(await show(contest, 0, second), 404, "not-found")
    decided = gate(**{first: "pass", second: "pass", third: "stop"})
    is_refused(await contest.officer.post(f"{contest.path}/gate", decided), 409, "wrong-state")
    await contest.let_pass(hours=10)
    is_refused(await show(contest, 0, first), 409, "wrong-state")
    everybody = gate(**{first: "pass", second: "pass", third: "pass"})
    assert problems(await contest.officer.post(f"{contest.path}/gate", everybody)) == [("/decisions", "CH-7")]
    await contest.officer.ok("POST", f"{contest.path}/gate", decided)
    is_refused(await contest.officer.post(f"{contest.path}/completion", {"acceptance": "x"}), 409, "wrong-state")  # fmt: skip
    assert (await contest.countersign("decide_gate")).status_code == 200
    assert (await contest.read())["stage"] == 2
    is_refused(await show(contest, 2, third), 404, "not-found")
    assert (await show(contest, 1, second)).status_code == 201
    await contest.let_pass(hours=10)
    without = gate(**{first: "pass", second: "stop"})
    answer = await contest.officer.post(f"{contest.path}/gate", without)
    assert problems(answer) == [("/decisions/0/decision", "CH-7")]
    await contest.officer.ok("POST", f"{contest.path}/gate", gate(**{first: "stop", second: "pass"}))
    await contest.countersign("decide_gate")
    await contest.officer.ok("POST", f"{contest.path}/completion", {"acceptance": "0.7 % reached"})
    await contest.countersign("complete")
    results = await contest.results()
    stands = {each["alias"]: each["status"] for each in results["awardees"]}
    assert stands == {first: "stopped", second: "finished", third: "stopped"}
    assert [each["stage"] for each in results["gates"]] == [1, 2]
    assert results["gates"][0]["decisions"][2]["reason"] == "As the report shows"


async def test_evidence_is_seen_by_the_team_the_sponsor_and_the_hall(market: Market) -> None:
    contest = await Contest.of(market, "running", entrants=2, **a_race())
    first, second = await contest.aliases()
    await show(contest, 0, first)
    await show(contest, 1, second)
    path = f"{contest.path}/evidence"
    assert [each["team"] for each in await contest.entrants[0].ok("GET", path)] == [first]
    assert len(await contest.officer.ok("GET", path)) == len(await contest.operator.ok("GET", path)) == 2
    assert await (await market.company()).ok("GET", path) == []


async def test_a_race_in_which_nobody_passes_can_only_fail(market: Market) -> None:
    contest = await Contest.of(market, "running", entrants=1, **a_race())
    (alias,) = await contest.aliases()
    for _ in range(2):
        await contest.let_pass(hours=10)
        if (await contest.read())["stage"] == 1:
            await contest.officer.ok("POST", f"{contest.path}/gate", gate(**{alias: "stop"}))
            await contest.countersign("decide_gate")
    answer = await contest.officer.post(f"{contest.path}/completion", {"acceptance": "x"})
    is_refused(answer, 409, "wrong-state")
    await contest.officer.ok("POST", f"{contest.path}/failure", {"lessons": "Too hard"})
    assert (await contest.countersign("fail")).json()["status"] == "failed"


async def test_a_challenge_is_called_off_with_a_public_reason(market: Market) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=1)
    body = {"reason": "The pipes were sold"}
    is_refused(await contest.officer.post(f"{contest.path}/cancellation", body), 403, "not-allowed")
    await contest.director.ok("POST", f"{contest.path}/cancellation", body)
    seen = await contest.read()
    assert (seen["status"], seen["reason"]) == ("cancelled", "The pipes were sold")
    is_refused(await contest.try_submit(contest.entrants[0]), 409, "wrong-state")


async def test_the_worker_makes_the_turns_that_nobody_reads(market: Market) -> None:
    from market.worker import turn_challenges

    contest = await Contest.of(market, "submissions_open", entrants=1)
    await contest.move(timedelta(hours=24))
    await turn_challenges(market.database)
    query = "SELECT status FROM challenge WHERE id = $1"
    assert await market.database.pool.fetchval(query, UUID(contest.id)) == "closed"


async def test_every_turn_stands_in_the_record(market: Market) -> None:
    contest = await Contest.of(market, "awarded", entrants=1)
    query = "SELECT kind FROM event WHERE subject_id = $1 ORDER BY seq"
    kinds = [row["kind"] for row in await market.database.pool.fetch(query, UUID(contest.id))]
    wanted = "planned approved published questions_closed submissions_opened submissions_closed review_began shortlisted awarded"
    assert [kind for kind in kinds if kind in wanted.split()] == wanted.split()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE challenge_submission SET at = now()",
        "DELETE FROM challenge_submission",
        "UPDATE challenge_review SET at = now()",
        "DELETE FROM challenge_review",
        "UPDATE challenge_evidence SET evidence = 'other'",
        "DELETE FROM challenge_entrant",
        "DELETE FROM challenge_reviewer",
    ],
)
async def test_the_database_refuses_to_change_what_was_sent(
    market: Market, written: Contest, statement: str
) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await market.database.pool.execute(statement)


@pytest.fixture(scope="module")
async def written(market: Market) -> Contest:
    """A race with something in every table."""
    contest = await Contest.of(market, "running", entrants=1, **a_race())
    assert (await show(contest, 0, (await contest.aliases())[0])).status_code == 201
    return contest
