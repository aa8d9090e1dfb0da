"""Objections over HTTP: who lodges and until when, who decides, what it does to the notice, and who learns the name."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from market.errors import WrongState
from market.notices.queries import Standing, StandingState, standing
from market.notices.rules import Announced
from market.notices.service import material_change, settle
from market.permissions import Actor
from schemas.values import Money
from schemas.vocabulary import Mode, NoticeKind, NoticeSubject, Role, Scope
from tests.makers import Caller, Market
from tests.notices.unit import (
    OBJECTION,
    PRICE,
    REASON,
    REJECTED,
    REWARD,
    UPHELD,
    Unit,
    is_refused,
    problems,
)


async def test_anybody_who_is_signed_in_objects_and_the_subject_is_frozen(market: Market, unit: Unit) -> None:
    published = await unit.published()
    path = f"/notices/{published['id']}/objections"
    assert (await market.client.post(f"/api/v1{path}", json=OBJECTION)).status_code == 401
    objector = await market.company()
    lodged = await unit.object(published, objector)
    assert (lodged["status"], lodged["overdue"], lodged["grounds"]) == ("open", False, OBJECTION["grounds"])
    state = await unit.state(published)
    assert (state["status"], state["open_objections"]) == ("objected", 1)
    is_refused(await objector.post(path, OBJECTION), 409, "already-exists")
    await unit.object(published)
    assert (await unit.state(published))["open_objections"] == 2


async def test_an_objection_has_grounds_and_evidence(market: Market, unit: Unit) -> None:
    published, objector = await unit.published(), await market.company()
    path = f"/notices/{published['id']}/objections"
    for name in ("grounds", "evidence"):
        body = {key: value for key, value in OBJECTION.items() if key != name}
        assert [pointer for pointer, _ in problems(await objector.post(path, body))] == [f"/{name}"]
    assert [pointer for pointer, _ in problems(await objector.post(path, OBJECTION | {"evidence": []}))] == [
        "/evidence"
    ]


async def test_no_key_objects_in_place_of_a_person(market: Market, unit: Unit) -> None:
    published, objector = await unit.published(), await market.company()
    key = await objector.ok("POST", "/api-keys", {"name": "k", "scopes": [scope.value for scope in Scope]})
    answer = await market.client.post(
        f"/api/v1/notices/{published['id']}/objections",
        json=OBJECTION,
        headers={"Authorization": f"Bearer {key['key']}"},
    )
    is_refused(answer, 403, "not-allowed")


async def test_an_objection_after_the_period_is_late(market: Market, unit: Unit) -> None:
    published, objector = await unit.published(), await market.company()
    await unit.end_period(published)
    answer = await objector.post(f"/notices/{published['id']}/objections", OBJECTION)
    is_refused(answer, 409, "wrong-state")
    assert await unit.status(published) == "closed_clear"


async def test_while_one_is_open_another_one_is_late_too(market: Market, unit: Unit) -> None:
    published, late = await unit.published(), await market.company()
    await unit.object(published)
    await unit.end_period(published)
    is_refused(await late.post(f"/notices/{published['id']}/objections", OBJECTION), 409, "wrong-state")
    assert await unit.status(published) == "objected"


# Who decides


async def test_two_equal_opinions_of_the_panel_decide(unit: Unit) -> None:
    published = await unit.published()
    lodged = await unit.object(published)
    first, second = unit.panel
    undecided = (await unit.vote(lodged, first, UPHELD)).json()
    assert (undecided["status"], undecided["decided_at"]) == ("open", None)
    is_refused(await unit.vote(lodged, first, UPHELD), 409, "already-exists")
    undecided = (await unit.vote(lodged, second, REJECTED)).json()
    assert undecided["status"] == "open"
    decided = (await unit.vote(lodged, unit.director, REJECTED)).json()
    assert decided["status"] == "rejected"
    assert [each["outcome"] for each in decided["opinions"]] == ["upheld", "rejected", "rejected"]
    is_refused(await unit.vote(lodged, unit.director, REJECTED), 409, "wrong-state")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await unit.market.database.pool.execute("UPDATE objection_opinion SET reasons = ''")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await unit.market.database.pool.execute("UPDATE objection SET grounds = ''")


async def test_a_person_whom_the_policy_names_sits_on_the_panel(market: Market) -> None:
    unit, expert = await Unit.of(market), await market.company()
    published = await unit.published()
    lodged = await unit.object(published)
    is_refused(await unit.vote(lodged, expert, UPHELD), 404, "not-found")
    await unit.set_policy(panel=[str(expert.person_id)])
    assert (await unit.vote(lodged, expert, UPHELD)).status_code == 200
    assert (await unit.vote(lodged, unit.director, UPHELD)).json()["status"] == "upheld"


async def test_nobody_of_the_unit_without_a_directors_rights_decides(unit: Unit) -> None:
    lodged = await unit.object(await unit.published())
    is_refused(await unit.vote(lodged, unit.officer, REJECTED), 403, "not-allowed")


async def test_pr_11_objector_authors_and_whoever_is_named_step_back(market: Market, unit: Unit) -> None:
    home = unit.officer.organisation_id
    author, objector, recipient, namesake = [await market.person(home, Role.TTO_DIRECTOR) for _ in range(4)]
    name = await market.database.pool.fetchval("SELECT name FROM person WHERE id = $1", namesake.person_id)
    named = [
        {"name": "A", "is_leader": True, "person_id": str(recipient.person_id)},
        {"name": name.upper(), "is_leader": False},
    ]
    about = {"kind": "distribution", "id": str(uuid4())}
    draft = await author.ok("POST", "/notices", {"subject": about, "content": REWARD | {"recipients": named}})
    lodged = await unit.object(await unit.publish(draft), objector)
    for who in (author, objector, recipient, namesake):
        answer = await unit.vote(lodged, who, REJECTED)
        is_refused(answer, 403, "not-allowed")
        assert [each["rule"] for each in answer.json()["errors"]] == ["PR-11"]
    assert (await unit.decide(lodged, REJECTED))["status"] == "rejected"


# What it does to the notice


async def test_a_rejected_objection_lets_the_period_go_on_and_does_not_begin_it_again(unit: Unit) -> None:
    published = await unit.published()
    first, second = await unit.object(published), await unit.object(published)
    await unit.decide(first, REJECTED)
    assert await unit.status(published) == "objected"
    await unit.decide(second, REJECTED)
    state = await unit.state(published)
    assert (state["status"], state["until"]) == ("published", published["until"])
    await unit.end_period(published)
    assert (await unit.state(published))["cleared_at"] == published["until"]


async def test_a_notice_whose_objection_is_rejected_after_its_end_is_clear_from_then(unit: Unit) -> None:
    published = await unit.published()
    lodged = await unit.object(published)
    await unit.end_period(published)
    await unit.let_pass(timedelta(days=3))
    decided = await unit.decide(lodged, REJECTED)
    state = await unit.state(published)
    assert (state["status"], state["cleared_at"]) == ("closed_clear", decided["decided_at"])
    assert state["cleared_at"] > published["until"]


async def test_an_upheld_objection_ends_the_notice_and_the_subject_is_noticed_anew(unit: Unit) -> None:
    published = await unit.published()
    lodged, other = await unit.object(published), await unit.object(published)
    await unit.decide(lodged, UPHELD)
    assert await unit.status(published) == "upheld"
    outcomes = {each["id"]: each["status"] for each in (await unit.proof(published))["objections"]}
    assert outcomes == {lodged["id"]: "upheld", other["id"]: "moot"}
    await unit.end_period(published)
    assert await unit.status(published) == "upheld"
    anew = await unit.published(subject=UUID(published["subject"]["id"]))
    assert (anew["status"], anew["number"]) == ("published", 2)


async def test_while_an_objection_is_open_the_notice_is_not_amended_but_may_be_given_up(unit: Unit) -> None:
    published = await unit.published()
    draft = await unit.officer.ok("POST", f"/notices/{published['id']}/amendment", REASON)
    lodged = await unit.object(published)
    is_refused(await unit.director.post(f"/notices/{draft['id']}/publication"), 409, "wrong-state")
    is_refused(await unit.director.post(f"/notices/{published['id']}/amendment", REASON), 409, "wrong-state")
    await unit.director.ok("POST", f"/notices/{published['id']}/withdrawal", REASON)
    (outcome,) = (await unit.proof(published))["objections"]
    assert (outcome["id"], outcome["status"]) == (lodged["id"], "moot")


async def test_pr_11_an_answer_is_overdue_after_ten_working_days(unit: Unit) -> None:
    published = await unit.published()
    lodged = await unit.object(published)
    period = await unit.market.database.pool.fetchval(
        "SELECT answer_period::text FROM objection WHERE id = $1", UUID(lodged["id"])
    )
    assert '"PR-11"' in period
    assert '"working_days"' in period
    at = await unit.market.database.pool.fetchval("SELECT clock_timestamp()")
    await unit.let_pass(datetime.fromisoformat(lodged["answer_until"]) - at)
    (outcome,) = (await unit.proof(published))["objections"]
    assert (outcome["status"], outcome["overdue"]) == ("open", True)
    await unit.decide(lodged, REJECTED)
    assert not (await unit.proof(published))["objections"][0]["overdue"]


# Who learns what


async def test_the_objector_is_known_to_the_panel_the_unit_and_the_hall_alone(
    market: Market, unit: Unit
) -> None:
    published, objector = await unit.published(), await market.company()
    lodged = await unit.object(published, objector)
    path = f"/notices/{published['id']}/objections"
    for who in (unit.officer, unit.panel[0], await market.operator(), await market.auditor(), objector):
        (seen,) = await who.ok("GET", path)
        assert seen["objector"]["person_id"] == str(objector.person_id)
    assert await (await market.company()).ok("GET", path) == []
    name = lodged["objector"]["name"]
    for public in ("", "/proof"):
        text = (await unit.public(f"/notices/{published['id']}{public}")).text
        assert str(objector.person_id) not in text
        assert name not in text
        assert OBJECTION["grounds"] not in text
    feed = (await unit.public("/notices.atom")).text + (await unit.public("/notices")).text
    assert str(objector.person_id) not in feed


# What a deal asks and tells


async def asked(unit: Unit, notice: dict[str, Any], kind: NoticeKind = NoticeKind.PRICE) -> Standing:
    async with unit.market.database.sessions() as session:
        return await standing(
            session,
            NoticeSubject.DEAL,
            UUID(notice["subject"]["id"]),
            kind,
            organisation_id=unit.officer.organisation_id,
        )


async def test_a_deal_reads_where_its_notice_stands(market: Market, unit: Unit) -> None:
    draft = await unit.draft()
    assert (await asked(unit, draft)).state is StandingState.NONE
    published = await unit.publish(draft)
    running = await asked(unit, published)
    assert (running.state, running.sha256, running.number) == (
        StandingState.RUNNING,
        published["sha256"],
        1,
    )
    assert running.pack_version == published["pack_version"]
    assert running.content is not None
    assert running.content.kind == "price"
    assert (await asked(unit, published, NoticeKind.REWARD)).state is StandingState.NONE
    stranger = await Unit.of(market)
    await stranger.published(subject=UUID(published["subject"]["id"]))
    assert (await asked(unit, published)).notice_id == UUID(published["id"])
    lodged = await unit.object(published)
    assert (await asked(unit, published)).state is StandingState.OBJECTED
    await unit.decide(lodged, REJECTED)
    assert (await asked(unit, published)).state is StandingState.RUNNING
    await unit.end_period(published)
    clear = await asked(unit, published)  # though nobody has written down that its period is over
    assert (clear.state, clear.clear_since) == (
        StandingState.CLEAR,
        datetime.fromisoformat(published["until"]),
    )
    await unit.let_pass(timedelta(days=400))
    assert (await asked(unit, published)).state is StandingState.LAPSED


async def test_an_upheld_or_withdrawn_notice_opens_no_gate(unit: Unit) -> None:
    published = await unit.published()
    await unit.decide(await unit.object(published), UPHELD)
    assert (await asked(unit, published)).state is StandingState.UPHELD
    withdrawn = await unit.published()
    await unit.director.ok("POST", f"/notices/{withdrawn['id']}/withdrawal", REASON)
    assert (await asked(unit, withdrawn)).state is StandingState.NONE


async def signed(unit: Unit, notice: dict[str, Any]) -> None:
    async with unit.market.database.sessions() as session, session.begin():
        await settle(
            session,
            None,
            NoticeSubject.DEAL,
            UUID(notice["subject"]["id"]),
            NoticeKind.PRICE,
            organisation_id=unit.officer.organisation_id,
        )


async def test_what_was_signed_on_a_clear_notice_keeps_it_from_lapsing(unit: Unit) -> None:
    published = await unit.published()
    with pytest.raises(WrongState):
        await signed(unit, published)
    await unit.end_period(published)
    await signed(unit, published)
    await unit.let_pass(timedelta(days=400))
    assert await unit.status(published) == "settled"
    assert (await asked(unit, published)).state is StandingState.CLEAR
    with pytest.raises(WrongState):
        await signed(unit, published)


async def change(unit: Unit, notice: dict[str, Any], now_stands: Announced) -> list[UUID]:
    who: Caller = unit.officer
    actor = Actor(who.person_id, {who.organisation_id: frozenset({Role.TTO_OFFICER})})

    async def told(session: AsyncSession) -> list[UUID]:
        ended = await material_change(
            session,
            actor,
            NoticeSubject.DEAL,
            UUID(notice["subject"]["id"]),
            now_stands,
            organisation_id=who.organisation_id,
            reason="The parties agreed on another price",
        )
        return [row.id for row in ended]

    async with unit.market.database.sessions() as session, session.begin():
        return await told(session)


CHEAPER = Announced(price=Money(amount="280000.00"), mode=Mode.EXCLUSIVE_LICENCE)


async def test_another_price_voids_a_running_notice_and_the_next_one_stands_drafted(unit: Unit) -> None:
    published = await unit.published()
    same = Announced(price=Money(amount="300000.00"), mode=Mode.EXCLUSIVE_LICENCE)
    assert await change(unit, published, same) == []
    assert await change(unit, published, CHEAPER) == [UUID(published["id"])]
    void = await unit.state(published)
    assert (void["status"], void["reason"]) == ("void", "The parties agreed on another price")
    assert (await asked(unit, published)).state is StandingState.NONE
    query = f"/notices?status=draft&subject_id={published['subject']['id']}"
    (draft,) = (await unit.officer.ok("GET", query))["items"]
    state = await unit.state(draft)
    assert (state["content"]["price"], state["unmet"]) == ({"amount": "280000.00", "currency": "CNY"}, [])
    is_refused(await unit.officer.post(f"/notices/{draft['id']}/publication"), 403, "not-allowed")
    second = await unit.publish(draft)
    assert (second["number"], second["follows"]) == (2, published["id"])
    assert await change(unit, second, CHEAPER) == []


async def test_another_price_voids_a_clear_notice_too(unit: Unit) -> None:
    published = await unit.published()
    await unit.end_period(published)
    assert await change(unit, published, CHEAPER) == [UUID(published["id"])]


async def test_a_draft_takes_the_new_price(unit: Unit) -> None:
    draft = await unit.draft()
    assert await change(unit, draft, CHEAPER) == []
    assert (await unit.state(draft))["content"]["price"]["amount"] == "280000.00"


async def test_what_is_objected_to_is_frozen(unit: Unit) -> None:
    published = await unit.published(PRICE)
    await unit.object(published)
    with pytest.raises(WrongState):
        await change(unit, published, CHEAPER)
    assert await unit.status(published) == "objected"


async def test_of_many_objections_at_the_end_those_before_it_count_and_all_are_answered(
    market: Market, unit: Unit
) -> None:
    published = await unit.published()
    objectors = [await market.company() for _ in range(4)]
    answers: list[httpx.Response] = [
        await who.post(f"/notices/{published['id']}/objections", OBJECTION) for who in objectors[:2]
    ]
    await unit.end_period(published)
    answers += [await who.post(f"/notices/{published['id']}/objections", OBJECTION) for who in objectors[2:]]
    assert [answer.status_code for answer in answers] == [201, 201, 409, 409]
