"""The story of a notice over HTTP: draft, publication, the public's reads, the end of the period, amendment, proof."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import asyncpg
import pytest

from market import worker
from market.ledger.rules import canonical, sha256
from market.workdays import legal_day
from tests.makers import Market
from tests.notices.unit import (
    CHANNELS,
    GRANT,
    POLICY,
    PRICE,
    REASON,
    RESULT,
    REWARD,
    Unit,
    is_refused,
    money,
    problems,
)

ATOM = "{http://www.w3.org/2005/Atom}"


# Drafts


async def test_a_draft_is_seen_by_its_unit_and_the_hall_alone(market: Market, unit: Unit) -> None:
    draft = await unit.draft()
    path = f"/notices/{draft['id']}"
    assert (draft["status"], draft["number"], draft["unmet"]) == ("draft", None, [])
    for who in (unit.director, await market.operator(), await market.auditor()):
        assert (await who.ok("GET", f"{path}/draft"))["revision"] == 1
    stranger = (await market.university())[1]
    for method, what in (("GET", "/draft"), ("PATCH", ""), ("POST", "/publication"), ("GET", "/events")):
        answer = await stranger(method, f"{path}{what}", json={} if method == "PATCH" else None)
        is_refused(answer, 404, "not-found")
    for what in ("", "/proof"):
        assert (await unit.public(path + what)).status_code == 404
    listed = (await unit.public("/notices?limit=100")).json()["items"]
    assert draft["id"] not in [each["id"] for each in listed]
    own = (await unit.officer.ok("GET", "/notices?status=draft"))["items"]
    assert draft["id"] in [each["id"] for each in own]


async def test_a_draft_is_changed_by_a_patch_that_names_what_it_changes(unit: Unit) -> None:
    draft = await unit.draft(price=None)
    assert [each["pointer"] for each in draft["unmet"]] == ["/content/price"]
    path = f"/notices/{draft['id']}"
    patch = {"price": money("1.00")}
    assert (await unit.officer("PATCH", path, json=patch)).status_code == 428
    answer = await unit.officer.patch(path, patch, '"r1"')
    assert (answer.status_code, answer.json()["unmet"], answer.headers["etag"]) == (200, [], '"r2"')
    assert (await unit.officer.patch(path, patch, '"r1"')).status_code == 412
    assert problems(await unit.officer.patch(path, {"kind": "reward"}, '"r2"')) == [("/kind", None)]
    assert problems(await unit.officer.patch(path, {"price": "1"}, '"r2"')) == [("/price", None)]
    assert (await unit.officer.patch(path, patch, '"r2"')).headers["etag"] == '"r2"'


async def test_whoever_is_named_with_an_account_has_one(unit: Unit) -> None:
    named = [
        {"name": "A", "person_id": str(unit.officer.person_id)},
        {"name": "B", "person_id": str(uuid4())},
    ]
    about = {"kind": "grant", "id": str(uuid4())}
    content = GRANT | {"recipients": named, "contributors": named}
    answer = await unit.officer.post("/notices", {"subject": about, "content": content})
    found = [pointer for pointer, _ in problems(answer)]
    assert found == ["/content/contributors/1/person_id", "/content/recipients/1/person_id"]


async def test_a_subject_has_one_notice_of_a_kind_at_a_time(unit: Unit) -> None:
    subject = uuid4()
    draft = await unit.draft(subject=subject)
    again = {"subject": {"kind": "deal", "id": str(subject)}, "content": PRICE}
    is_refused(await unit.officer.post("/notices", again), 409, "already-exists")
    await unit.draft(REWARD, subject)
    await unit.publish(draft)
    is_refused(await unit.officer.post("/notices", again), 409, "already-exists")
    other = await Unit.of(unit.market)
    await other.published(subject=subject)


# Publication


async def test_all_that_is_missing_is_told_at_once_with_rule_and_pointer(market: Market) -> None:
    zhejiang = await Unit.of(market, region="330106", policy=False)
    bare = {"kind": "price", "name": PRICE["name"], "channels": [CHANNELS[0]]}
    draft = await zhejiang.draft(bare)
    answer = await zhejiang.director.post(f"/notices/{draft['id']}/publication")
    assert set(problems(answer)) == {
        ("/content/abstract", "PR-4"),
        ("/content/mode", "PR-4"),
        ("/content/price", "PR-4"),
        ("/content/related_party", "PR-4"),
        ("/content/channels", "PR-4"),
        ("/objection_policy", "PR-3"),
    }
    assert answer.json()["errors"] == draft["unmet"]


async def test_four_eyes_publish(unit: Unit) -> None:
    draft = await unit.draft()
    path = f"/notices/{draft['id']}/publication"
    is_refused(await unit.officer.post(path), 403, "not-allowed")
    published = await unit.director.ok("POST", path)
    assert (published["status"], published["number"]) == ("published", 1)
    is_refused(await unit.director.post(path), 409, "wrong-state")


async def test_the_period_is_computed_once_and_stored_with_what_it_was_counted_from(unit: Unit) -> None:
    published = await unit.published()
    period = (await unit.proof(published))["period"]
    start = datetime.fromisoformat(published["published_at"])
    assert period["start_day"] == legal_day(start).isoformat()
    assert (period["length"], period["unit"], period["rule"], period["pack"]) == (15, "days", "PR-3", "CN")
    assert datetime.fromisoformat(period["end"]) == datetime.fromisoformat(published["until"])
    assert datetime.fromisoformat(period["last_day"]) >= datetime.fromisoformat(
        period["start_day"]
    ) + timedelta(days=15)
    assert period["calendar"].startswith("CN")
    assert period["pack_version"] == published["pack_version"]
    assert published["pack_version"].startswith("CN-BJ@")


async def test_anybody_reads_the_stored_bytes_by_their_hash(unit: Unit) -> None:
    secret = [{"name": "A", "person_id": str(unit.panel[0].person_id)}]
    published = await unit.published(contributors=secret)
    path = f"/notices/{published['id']}"
    answer = await unit.public(path)
    assert sha256(answer.content).hex() == published["sha256"]
    assert answer.headers["etag"] == f'"{published["sha256"]}"'
    document = json.loads(answer.content)
    assert canonical(document) == answer.content
    assert document["price"] == money("300000.00")
    assert document["objections"]["policy"]["text"] == POLICY["text"]
    assert document["objections"]["contact"] == POLICY["contact"]
    assert document["contributors"] == [{"name": "A"}]
    assert str(unit.panel[0].person_id) not in answer.text
    again = await unit.public(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "change",
    [
        "document = ''",
        "content = '{}'",
        "until = now()",
        "number = 7",
        "published_at = now()",
        "editors = '{}'",
    ],
)
async def test_the_database_refuses_to_change_what_was_published(unit: Unit, change: str) -> None:
    published = await unit.published()
    for statement in (f"UPDATE notice SET {change} WHERE id = $1", "DELETE FROM notice WHERE id = $1"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await unit.market.database.pool.execute(statement, UUID(published["id"]))


async def test_what_is_published_is_not_patched(unit: Unit) -> None:
    published = await unit.published()
    answer = await unit.officer.patch(f"/notices/{published['id']}", {"price": money("1.00")}, "*")
    is_refused(answer, 409, "wrong-state")


# The public's list and feed


async def test_the_list_is_narrowed_by_kind_organisation_state_subject_and_day(market: Market) -> None:
    unit = await Unit.of(market)
    price, reward = await unit.published(), await unit.published(REWARD)
    home = f"organisation_id={unit.officer.organisation_id}"

    async def found(query: str) -> set[str]:
        answer = await unit.public(f"/notices?{home}&{query}")
        assert answer.status_code == 200, answer.text
        return {each["id"] for each in answer.json()["items"]}

    assert await found("") == {price["id"], reward["id"]}
    assert await found("kind=reward") == {reward["id"]}
    assert await found(f"subject_id={price['subject']['id']}") == {price["id"]}
    assert await found("status=closed_clear") == set()
    start = legal_day(datetime.fromisoformat(price["published_at"]))
    last = legal_day(datetime.fromisoformat(price["until"]) - timedelta(seconds=1))
    for day in (start, last):
        assert price["id"] in await found(f"open_on={day}")
    for day in (start - timedelta(days=1), last + timedelta(days=1)):
        assert await found(f"open_on={day}") == set()
    await unit.director.ok("POST", f"/notices/{price['id']}/withdrawal", REASON)
    assert await found("status=void") == {price["id"]}
    assert await found(f"open_on={last}") == {reward["id"]}
    first = (await unit.public(f"/notices?{home}&limit=1")).json()
    second = (await unit.public(f"/notices?{home}&limit=1&cursor={first['next_cursor']}")).json()
    assert [page["items"][0]["id"] for page in (first, second)] == [reward["id"], price["id"]]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0", "yesterday", "null"])
async def test_a_day_that_is_none_is_bad_input(unit: Unit, day: str) -> None:
    assert [pointer for pointer, _ in problems(await unit.public(f"/notices?open_on={day}"))] == ["open_on"]


async def test_the_feed_has_an_entry_for_each_notice_that_says_where_it_stands(market: Market) -> None:
    unit = await Unit.of(market)
    name = {"zh-Hans": "<电解质> & \uffff", "en": "Electrolyte"}
    published = await unit.published(name=name)
    answer = await unit.public("/notices.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    entries = {
        entry.findtext(f"{ATOM}id"): entry
        for entry in ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    }
    entry = entries[f"urn:uuid:{published['id']}"]
    assert entry.findtext(f"{ATOM}title") == "价格公示第1号：<电解质> &  / Price notice no. 1: Electrolyte"
    assert "The period runs" in (entry.findtext(f"{ATOM}content") or "")
    tag = answer.headers["etag"]
    assert (await unit.public("/notices.atom", headers={"If-None-Match": tag})).status_code == 304
    await unit.object(published)
    changed = await unit.public("/notices.atom")
    assert changed.headers["etag"] != tag
    assert "An objection is open" in changed.text


# The end of the period


@pytest.mark.parametrize("content", [PRICE, REWARD, GRANT, RESULT], ids=lambda content: content["kind"])
async def test_a_notice_is_clear_at_the_end_of_its_period(unit: Unit, content: dict[str, Any]) -> None:
    published = await unit.published(content)
    assert await unit.status(published) == "published"
    await unit.end_period(published)
    clear = await unit.state(published)
    assert (clear["status"], clear["cleared_at"]) == ("closed_clear", published["until"])
    proof = await unit.proof(published)
    assert (proof["notice"]["status"], proof["objections"]) == ("closed_clear", [])


async def test_the_worker_closes_what_nobody_reads_and_lets_it_lapse_after_twelve_months(unit: Unit) -> None:
    published = await unit.published()
    status = "SELECT status FROM notice WHERE id = $1"
    pool, known = unit.market.database.pool, UUID(published["id"])
    await unit.end_period(published)
    await worker.pass_time(unit.market.database)
    assert await pool.fetchval(status, known) == "closed_clear"
    await unit.let_pass(timedelta(days=363))
    await worker.pass_time(unit.market.database)
    assert await pool.fetchval(status, known) == "closed_clear"
    await unit.let_pass(timedelta(days=20))
    await worker.pass_time(unit.market.database)
    assert await pool.fetchval(status, known) == "lapsed"
    anew = await unit.published(subject=UUID(published["subject"]["id"]))
    assert (anew["number"], anew["follows"]) == (2, published["id"])


async def test_what_nobody_read_at_its_end_was_clear_since_then_and_lapses_in_one_step(unit: Unit) -> None:
    published = await unit.published()
    await unit.let_pass(timedelta(days=500))
    lapsed = await unit.state(published)
    assert (lapsed["status"], lapsed["cleared_at"]) == ("lapsed", published["until"])


# Amendment and withdrawal


async def test_an_amendment_runs_a_new_full_period_and_the_earlier_notice_keeps_number_and_bytes(
    unit: Unit,
) -> None:
    first = await unit.published()
    before = await unit.public(f"/notices/{first['id']}")
    await unit.let_pass(timedelta(days=10))
    draft = await unit.officer.ok("POST", f"/notices/{first['id']}/amendment", REASON)
    is_refused(await unit.officer.post(f"/notices/{first['id']}/amendment", REASON), 409, "already-exists")
    await unit.officer.patch(f"/notices/{draft['id']}", {"price": money("280000.00")}, '"r1"')
    assert await unit.status(first) == "published"
    second = await unit.publish(draft)
    assert (second["number"], second["follows"]) == (2, first["id"])
    began = datetime.fromisoformat(second["published_at"])
    assert datetime.fromisoformat(second["until"]) - began >= timedelta(days=15)
    assert await unit.status(first) == "amended"
    assert (await unit.public(f"/notices/{first['id']}")).content == before.content
    document = (await unit.public(f"/notices/{second['id']}")).json()
    assert document["follows"] == {"id": first["id"], "sha256": first["sha256"]}
    versions = (await unit.proof(first))["versions"]
    assert [(each["number"], each["status"], each["sha256"]) for each in versions] == [
        (1, "amended", first["sha256"]),
        (2, "published", second["sha256"]),
    ]
    await unit.end_period(first)
    assert await unit.status(first) == "amended"


async def test_only_the_director_amends_or_withdraws_what_is_published(unit: Unit) -> None:
    published = await unit.published()
    is_refused(await unit.officer.post(f"/notices/{published['id']}/withdrawal", REASON), 403, "not-allowed")
    draft = await unit.director.ok("POST", f"/notices/{published['id']}/amendment", REASON)
    is_refused(await unit.officer.post(f"/notices/{draft['id']}/publication"), 403, "not-allowed")
    await unit.officer.ok("POST", f"/notices/{draft['id']}/withdrawal", REASON)
    void = await unit.director.ok("POST", f"/notices/{published['id']}/withdrawal", REASON)
    assert (void["status"], void["reason"]) == ("void", REASON["reason"])
    assert (await unit.public(f"/notices/{published['id']}")).status_code == 200


# The record and the policy


async def test_the_proof_names_hash_time_places_and_the_head_of_the_record(unit: Unit) -> None:
    published = await unit.published()
    proof = await unit.proof(published)
    assert proof["url"] == f"http://hall.test/api/v1/notices/{published['id']}"
    assert proof["notice"]["sha256"] == published["sha256"]
    assert proof["channels"] == CHANNELS
    events = await unit.director.ok("GET", f"/notices/{published['id']}/events")
    assert [each["kind"] for each in events] == ["drafted", "published"]
    assert events[-1]["hash"] == proof["record_head"]
    assert events[-1]["data"]["sha256"] == published["sha256"]
    assert events[-1]["data"]["channels"] == CHANNELS


async def test_pr_3_a_unit_publishes_its_objection_policy_in_versions(market: Market) -> None:
    unit = await Unit.of(market, policy=False)
    path = f"/organisations/{unit.officer.organisation_id}/objection-policy"
    assert (await unit.public(path)).status_code == 404
    is_refused(await unit.officer("PUT", path, json=POLICY), 403, "not-allowed")
    first = await unit.set_policy()
    published = await unit.published()
    second = await unit.set_policy(contact="another@university.example")
    assert (first["version"], second["version"]) == (1, 2)
    assert (await unit.public(path)).json() == second
    assert (await unit.public(f"{path}?version=1")).json() == first
    assert (await unit.public(f"{path}?version=3")).status_code == 404
    assert (await unit.proof(published))["policy"] == {"version": 1, "sha256": first["sha256"]}
    stale = await unit.director("PUT", path, json=POLICY, headers={"If-Match": '"r1"'})
    assert stale.status_code == 412
    nobody = POLICY | {"panel": [str(unit.officer.person_id), str(uuid4())]}
    assert problems(await unit.director("PUT", path, json=nobody)) == [("/panel/1", None)]
    for statement in ("UPDATE objection_policy SET contact = ''", "DELETE FROM objection_policy"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await unit.market.database.pool.execute(statement)
