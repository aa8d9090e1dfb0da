"""Plays the challenges of the demo: published, asked about, submitted to, judged, awarded, and run as a race."""

import base64
from collections.abc import Iterator, Set
from datetime import datetime
from functools import partial
from typing import Any

from market.challenges import (
    awarding,
    documents,
    panel,
    queries,
    racing,
    reviewing,
    service,
    submitting,
    turning,
)
from market.challenges.tables import Challenge as Row
from market.challenges.tables import Entrant
from market.database import now
from market.demo.cast import OPERATOR, opening_key
from market.demo.lots import CHALLENGES, KEYS_MADE, OFFICERS, Asked, Challenge, Entry
from market.demo.stage import Play, Scene, Stage
from market.ledger.rules import sha256
from market.sealing import queries as boxes
from market.sealing import service as sealing
from market.sealing.envelope import decrypt, public_key_of, seal
from market.sealing.rules import share_context
from market.trading.planning import Periods
from schemas.challenges import (
    ChallengePlan,
    Declaration,
    Gate,
    NewAnswer,
    NewAward,
    NewChallenge,
    NewEvidence,
    NewPanel,
    NewPublicity,
    NewQuestion,
    NewReview,
    NewSubmission,
    Solution,
)
from schemas.sealing import NewOpeningKey

PERIODS = Periods.LEGAL
RUBRIC: tuple[tuple[dict[str, str], int, int], ...] = (
    ({"zh-Hans": "技术可行性", "en": "Feasibility"}, 50, 10),
    ({"zh-Hans": "团队与条件", "en": "Team and means"}, 30, 10),
    ({"zh-Hans": "成本", "en": "Costs"}, 20, 5),
)


def scenes(shown: Set[str]) -> list[Scene]:
    """Everything that happened in the challenges of these listings; before it the officers register their keys."""
    told = [
        Scene(days, play)
        for plan in CHALLENGES
        if plan.listing in shown
        for days, play in _story(plan, Contesting(plan))
    ]
    return [Scene(KEYS_MADE, register_keys), *told]


async def register_keys(stage: Stage) -> None:
    """The opening officers' keys; those of the demo can be known, as its password is."""
    for email in OFFICERS:
        public = base64.b64encode(public_key_of(opening_key(email))).decode()
        await sealing.register_key(stage.session, stage.signed_in(email), NewOpeningKey(public_key=public))


def _story(plan: Challenge, on: "Contesting") -> Iterator[tuple[float, Play]]:
    yield plan.published + 4, on.plan
    yield plan.published + 2, on.approve
    yield plan.published, on.publish
    for each in plan.questions:
        yield each.asked, partial(on.ask, each)
        if each.answer is not None:
            yield each.asked - 1, partial(on.answer, each)
    for days in (plan.questions_until, plan.submissions_from, plan.submissions_until):
        if days > 0:
            yield days, on.time
    for place, entry in enumerate(plan.entries):
        yield plan.submissions_from - 2 - place / 7, partial(on.submit, entry)
    if plan.awarded is not None:
        yield from _judged(plan, on)


def _judged(plan: Challenge, on: "Contesting") -> Iterator[tuple[float, Play]]:
    assert plan.awarded is not None  # noqa: S101 - asked before
    yield plan.awarded + 8, on.name_panel
    yield plan.awarded + 7, on.declare
    yield plan.awarded + 6, on.begin_review
    yield plan.awarded + 5, on.open
    for number in range(len(plan.reviewers)):
        yield plan.awarded + 4 - number / 5, partial(on.review, number)
    yield plan.awarded + 2, on.shortlist
    yield plan.awarded, on.award
    if plan.public_money:
        yield plan.awarded - 1, on.record_publicity
    yield plan.awarded - 17, on.start  # five working days, whatever holidays lie between
    for _, ends, _, _ in plan.stages:
        if ends > 0:
            yield ends + 2, on.show_evidence
            yield ends - 0.5, on.propose_gate


class Contesting:
    """One challenge on its way."""

    def __init__(self, plan: Challenge) -> None:
        self.planned = plan
        self._row: Row | None = None
        self._questions: dict[Asked, Any] = {}

    @property
    def row(self) -> Row:
        assert self._row is not None  # noqa: S101 - planned first
        return self._row

    def _sponsor(self, stage: Stage) -> str:
        return stage.owner(self.planned.listing)

    async def plan(self, stage: Stage) -> None:
        plan = self.planned
        stages = [
            {
                "name": {"zh-Hans": name},
                "until": stage.hour(ends),
                "keep": keep,
                "evidence": {"zh-Hans": "第三方检测报告与现场记录"},
                "budget": _yuan(budget),
            }
            for name, ends, keep, budget in plan.stages
        ]
        said = {
            "kind": plan.kind,
            "rubric": [{"criterion": name, "weight": weight, "max": most} for name, weight, most in RUBRIC],
            "questions_until": stage.hour(plan.questions_until),
            "submissions_from": stage.hour(plan.submissions_from),
            "submissions_until": stage.hour(plan.submissions_until),
            "award_rule": {"zh-Hans": "按得分择优", "en": "The best score"},
            "ip_terms": {"zh-Hans": "成果双方共享，揭榜方优先实施", "en": "Shared; the solver uses it first"},
            "budget": _yuan(plan.budget),
            "awards": plan.awards,
            "shortlist": max(2, plan.awards),
            "stages": stages,
            "public_money": plan.public_money,
            "opening": {
                "officers": [str(stage.people[email].person_id) for email in OFFICERS],
                "threshold": 2,
            },
        }
        data = NewChallenge(
            listing_id=stage.listings[plan.listing].id, plan=ChallengePlan.model_validate(said)
        )
        self._row = await service.create(stage.session, stage.officer(self._sponsor(stage)), data)

    async def approve(self, stage: Stage) -> None:
        await service.approve(stage.session, stage.signer(self._sponsor(stage)), self.row, PERIODS)

    async def publish(self, stage: Stage) -> None:
        await service.publish(stage.session, stage.people[OPERATOR], self.row, PERIODS)

    async def ask(self, asked: Asked, stage: Stage) -> None:
        data = NewQuestion(question=asked.question)
        self._questions[asked] = await service.ask(stage.session, stage.buyer(asked.buyer), self.row, data)

    async def answer(self, asked: Asked, stage: Stage) -> None:
        actor, data = stage.officer(self._sponsor(stage)), NewAnswer(answer=asked.answer or "")
        await service.answer(stage.session, actor, self.row, self._questions[asked], data)

    async def time(self, stage: Stage) -> None:
        await turning.let_time_pass(stage.session, self.row)

    async def submit(self, entry: Entry, stage: Stage) -> None:
        """Sealed at the company."""
        lid = documents.lid_of(self.row.rules or b"", self.row.rules_sha256 or b"")
        solution = Solution.model_validate(
            {
                "title": {"zh-Hans": entry.title},
                "approach": {"zh-Hans": entry.approach},
                "team": "十二人团队（示例）",
                "price": _yuan(entry.price),
            }
        )
        blob = seal(lid, stage.organisations[entry.buyer], documents.content(solution))
        data = NewSubmission(sealed=base64.b64encode(blob).decode())
        await submitting.submit(stage.session, stage.buyer(entry.buyer), self.row, data)

    async def name_panel(self, stage: Stage) -> None:
        people = [stage.people[email].person_id for email in self.planned.reviewers]
        await panel.name(stage.session, stage.people[OPERATOR], self.row, NewPanel(people=people))

    async def declare(self, stage: Stage) -> None:
        said = Declaration(no_conflict=True, statement="与申报单位无任职、持股或合作关系（示例声明）。")
        for email in self.planned.reviewers:
            await panel.declare(stage.session, stage.signed_in(email), self.row, said)

    async def begin_review(self, stage: Stage) -> None:
        await panel.begin_review(stage.session, stage.people[OPERATOR], self.row)

    async def open(self, stage: Stage) -> None:
        """Two officers hand in their shares."""
        for email in OFFICERS[:2]:
            actor = stage.signed_in(email)
            box = await boxes.box_of(stage.session, service.subject(self.row))
            share = await boxes.own_share(stage.session, actor, box)
            context = share_context(self.row.id, box.public_key, actor.person_id)
            words = decrypt(share.sealed, opening_key(email), context).decode()
            await reviewing.hand_in(stage.session, actor, self.row, words)

    async def _teams(self, stage: Stage) -> list[Entrant]:
        """In the order of the entries: the best first."""
        found = {each.organisation_id: each for each in await queries.entrants(stage.session, self.row.id)}
        return [found[stage.organisations[entry.buyer]] for entry in self.planned.entries]

    async def review(self, number: int, stage: Stage) -> None:
        """One reviewer scores all; they are not quite of one mind."""
        actor = stage.signed_in(self.planned.reviewers[number])
        for place, team in enumerate(await self._teams(stage)):
            given = (9 - 2 * place - number % 2, 8 - place, 3 + (place + number) % 3)
            comments = ("原理清楚，有样机数据。", "团队配置合理。", "报价与预算相符。")
            scores = [
                {"score": score, "comment": comment} for score, comment in zip(given, comments, strict=True)
            ]
            data = NewReview.model_validate({"scores": scores})
            await reviewing.review(stage.session, actor, self.row, team, data)

    async def shortlist(self, stage: Stage) -> None:
        await reviewing.shortlist(stage.session, stage.people[OPERATOR], self.row)

    async def award(self, stage: Stage) -> None:
        awardees = [each.alias for each in (await self._teams(stage))[: self.planned.awards]]
        actor = stage.signer(self._sponsor(stage))
        await awarding.award(stage.session, actor, self.row, NewAward(awardees=awardees))

    async def record_publicity(self, stage: Stage) -> None:
        at: datetime = await now(stage.session)
        data = NewPublicity(published_at=at, channel="示例单位官网公示栏")
        actor = stage.officer(self._sponsor(stage))
        await awarding.record_publicity(stage.session, actor, self.row, data, PERIODS)

    async def start(self, stage: Stage) -> None:
        await awarding.start(stage.session, stage.officer(self._sponsor(stage)), self.row)

    async def _running(self, stage: Stage) -> list[tuple[str, str]]:
        """The teams at work: company and alias, the best first."""
        running = {each.id for each in await racing.running(stage.session, self.row)}
        teams = zip(self.planned.entries, await self._teams(stage), strict=True)
        return [(entry.buyer, team.alias) for entry, team in teams if team.id in running]

    async def show_evidence(self, stage: Stage) -> None:
        for buyer, alias in await self._running(stage):
            report = f"第三方检测报告，队伍 {alias}（示例）"
            data = NewEvidence(evidence=report, sha256=[sha256(report.encode()).hex()])
            await racing.show_evidence(stage.session, stage.buyer(buyer), self.row, alias, data)

    async def propose_gate(self, stage: Stage) -> None:
        decisions = [
            {"team": alias, "decision": decision, "reason": reason}
            for (_, alias), decision, reason in zip(
                await self._running(stage),
                ("pass", "stop"),
                ("溯源准确率达到阶段指标。", "准确率未达阶段指标。"),
                strict=True,
            )
        ]
        data = Gate.model_validate({"decisions": decisions})
        await racing.propose_gate(stage.session, stage.officer(self._sponsor(stage)), self.row, data)


def _yuan(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "CNY"}
