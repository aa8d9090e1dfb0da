"""A challenge driven by chance against the running application: what the pure rules promise, the rows keep.

Every example is one challenge of the same opportunity with the same people; it is called off where it has not ended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.challenges import rules
from market.challenges.rules import Verb
from schemas.vocabulary import ChallengeStatus
from tests.challenges.stage import REASONS, Contest, key
from tests.depth import examples
from tests.makers import Market

S = ChallengeStatus
WHY = {"reason": "By chance, and nothing else than chance"}


@dataclass
class Course:
    """One challenge with what was seen of it."""

    contest: Contest
    statuses: list[str] = field(default_factory=list)
    received: dict[UUID, int] = field(default_factory=dict)
    """How often each organisation has a receipt."""

    async def look(self) -> ChallengeStatus:
        seen = await self.contest.read(self.contest.operator)
        if not self.statuses or self.statuses[-1] != seen["status"]:
            self.statuses.append(seen["status"])
        return S(seen["status"])

    async def attempt(self, verb: Verb, number: int) -> None:
        """Try a verb: where the rules do not know it from this state, it is refused and changes nothing."""
        before = await self.look()
        answer = await self.steps()[verb](number)
        assert answer.status_code < 500, answer.text
        if before not in rules.FROM[verb]:
            assert answer.status_code in (404, 409), (verb, before, answer.text)
        after = await self.look()
        if answer.is_success and verb in rules.TO:
            assert after is rules.TO[verb]
        if not answer.is_success:
            assert after is before

    def steps(self) -> dict[Verb, Callable[[int], Awaitable[httpx.Response]]]:
        contest, path = self.contest, self.contest.path
        director, operator, officer = contest.director, contest.operator, contest.officer
        return {
            Verb.APPROVE: lambda _: director.post(f"{path}/approval"),
            Verb.PUBLISH: lambda _: operator.post(f"{path}/publication"),
            Verb.ASK: lambda number: contest.entrants[number % 3].post(
                f"{path}/questions", {"question": "Which?"}
            ),
            Verb.SUBMIT: self.submit,
            Verb.NAME_PANEL: lambda number: operator.post(
                f"{path}/panel", {"people": [str(contest.reviewers[number % 4].person_id)]}
            ),
            Verb.DECLARE: lambda number: contest.reviewers[number % 4].post(
                f"{path}/panel/declaration", {"no_conflict": True, "statement": "None"}
            ),
            Verb.RECUSE: lambda number: contest.reviewers[number % 4].post(f"{path}/panel/recusal", WHY),
            Verb.BEGIN_REVIEW: lambda _: operator.post(f"{path}/review"),
            Verb.SHORTLIST: lambda _: operator.post(f"{path}/shortlist"),
            Verb.AWARD: self.award,
            Verb.AWARD_NOBODY: lambda _: director.post(f"{path}/no-award", WHY),
            Verb.START: lambda _: officer.post(f"{path}/start"),
            Verb.CANCEL: lambda _: director.post(f"{path}/cancellation", WHY),
        }

    async def submit(self, number: int) -> httpx.Response:
        who = self.contest.entrants[number % 3]
        sent = {"solution": {"title": {"en": "One"}, "approach": {"en": f"Number {number}"}}}
        answer = await self.contest.try_submit(who, **sent)
        if answer.is_success:
            self.received[who.organisation_id] = self.received.get(who.organisation_id, 0) + 1
            assert answer.json()["number"] == self.received[who.organisation_id]
        return answer

    async def award(self, number: int) -> httpx.Response:
        results = await self.contest.public("/results")
        ranking = results.json()["ranking"] if results.is_success else []
        alias = ranking[number % len(ranking)]["alias"] if ranking else "ZZZZ"
        body = {"awardees": [alias], "reasons": REASONS}
        return await self.contest.director.post(f"{self.contest.path}/award", body, headers=key())

    async def go_on(self) -> None:
        """The next step of the main road, so that its end is reached as well."""
        status = await self.look()
        if status is S.DRAFT:
            await self.attempt(Verb.APPROVE, 0)
            await self.attempt(Verb.PUBLISH, 0)
        elif status in (S.PUBLISHED, S.QUESTIONS_CLOSED):
            await self.contest.move(timedelta(hours=2))
        elif status is S.SUBMISSIONS_OPEN:
            await self.attempt(Verb.SUBMIT, 0)
            await self.contest.move(timedelta(hours=24))
        elif status is S.CLOSED:
            for number in range(4):
                await self.attempt(Verb.NAME_PANEL, number)
                await self.attempt(Verb.DECLARE, number)
            await self.attempt(Verb.BEGIN_REVIEW, 0)
        elif status is S.REVIEWING:
            await self.review()
        else:
            verb = {S.SHORTLISTED: Verb.AWARD, S.AWARDED: Verb.START}.get(status)
            if verb is not None:
                await self.attempt(verb, 0)

    async def review(self) -> None:
        contest = self.contest
        for officer in contest.officers[:2]:
            await contest.hand_in(officer)
        for number, who in enumerate(contest.reviewers):
            for entrant in (await who.get(f"{contest.path}/entrants")).json():
                await contest.score(who, entrant["alias"], 5 + number, number)
        await self.attempt(Verb.SHORTLIST, 0)

    async def check(self) -> None:
        """What must hold at every moment."""
        status, pool = await self.look(), self.contest.market.database.pool
        identifier = UUID(self.contest.id)
        stored = await pool.fetch(
            "SELECT organisation_id, count(*) AS n FROM challenge_submission WHERE challenge_id = $1 GROUP BY 1",
            identifier,
        )
        assert {row["organisation_id"]: row["n"] for row in stored} == self.received
        entrants = await pool.fetch(
            "SELECT e.*, s.number FROM challenge_entrant e JOIN challenge_submission s ON s.id = e.submission_id"
            " WHERE e.challenge_id = $1",
            identifier,
        )
        for row in entrants:
            assert row["number"] == self.received[row["organisation_id"]]
        if entrants:
            assert "reviewing" in self.statuses
            assert len(entrants) == len(self.received)
        awarded = [row for row in entrants if row["status"] is not None]
        assert len(awarded) == ("awarded" in self.statuses)
        assert (await self.contest.public("/results")).is_success is ("shortlisted" in self.statuses)
        if status is S.EXPIRED:
            assert not self.received


STEPS = st.lists(
    st.one_of(
        st.just(None),
        st.just(None),
        st.tuples(st.sampled_from([Verb.SUBMIT, Verb.ASK, Verb.RECUSE, Verb.NAME_PANEL, Verb.DECLARE]), st.integers(0, 7)),
        st.tuples(st.sampled_from([Verb.PUBLISH, Verb.BEGIN_REVIEW, Verb.SHORTLIST, Verb.AWARD, Verb.START]), st.integers(0, 7)),
        st.tuples(st.sampled_from([Verb.AWARD_NOBODY, Verb.CANCEL]), st.just(0)),
        st.sampled_from([timedelta(minutes=59), timedelta(hours=2), timedelta(hours=25)]),
    ),
    min_size=3,
    max_size=10,
)  # fmt: skip


@pytest.fixture(scope="module")
async def model(market: Market) -> Contest:
    """A draft with everybody who may take part in it."""
    contest = await Contest.of(market, "draft")
    contest.entrants = [await market.company() for _ in range(3)]
    contest.reviewers = [await contest.a_person() for _ in range(4)]
    return contest


@pytest.mark.deep
@pytest.mark.slow
@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_what_the_rules_promise_the_rows_keep(model: Contest, steps: list[Any]) -> None:
    people = [str(each.who.person_id) for each in model.officers]
    await model.plan(opening={"officers": people, "threshold": 2})
    course = Course(model)
    for step in steps:
        if step is None:
            await course.go_on()
        elif isinstance(step, timedelta):
            await model.move(step)
        else:
            await course.attempt(*step)
    await course.check()
    await model.director.post(f"{model.path}/cancellation", WHY)
    await course.look()
    assert S(course.statuses[-1]) in rules.ENDED
