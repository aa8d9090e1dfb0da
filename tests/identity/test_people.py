"""Sign-up, invitations, members and roles: who comes in, as what, and who decides it."""

import asyncio
import itertools
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from market.identity import passwords
from market.identity.passwords import hash_password, password_fits
from market.identity.rules import COMMON_PASSWORDS, founder_roles, unfit_roles, weak_password
from market.permissions import ROLE_PERMISSIONS, Permission
from schemas.vocabulary import OrganisationKind, Role
from tests.makers import PASSWORD, Caller, Market
from tests.web.instances import client_at

PEOPLE = "/api/v1/people"
_numbers = itertools.count(1)
UNIVERSITY = {"kind": "university", "founding": "state_founded"}


@pytest.fixture(autouse=True)
async def unlimited(market: Market) -> None:
    """These tests sign up more often than an address may in fifteen minutes."""
    await market.database.pool.execute("DELETE FROM attempts")


def organisation(**fields: Any) -> dict[str, Any]:
    return UNIVERSITY | {"name": {"en": f"Founded {next(_numbers)} University"}} | fields


def form(**fields: Any) -> dict[str, Any]:
    made = {"email": f"new{next(_numbers)}@example.org", "password": PASSWORD, "name": "New Person"} | fields
    return (
        made if "invitation" in made or "organisation" in fields else made | {"organisation": organisation()}
    )


async def sign_up(market: Market, **fields: Any) -> httpx.Response:
    answer = await market.client.post(PEOPLE, json=form(**fields))
    market.client.cookies.clear()
    return answer


def caller(market: Market, answer: httpx.Response, body: Any = None) -> Caller:
    opened = answer.json()
    person = opened["person"]
    first = person["memberships"][0]["organisation_id"]
    return Caller(market.client, opened["token"], person["id"], first, person["email"])


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


# Signing up


async def test_signing_up_registers_an_organisation_and_opens_a_session(market: Market) -> None:
    wanted = organisation(identifiers=[{"scheme": "uscc", "value": "12100000400002259P"}], region="110108")
    answer = await sign_up(market, organisation=wanted, email="First.Person@Example.org")
    assert answer.status_code == 201, answer.text
    person = answer.json()["person"]
    assert person["email"] == "first.person@example.org"
    (membership,) = person["memberships"]
    assert membership["roles"] == ["tto_director"]
    assert membership["organisation_name"] == wanted["name"]
    me = caller(market, answer)
    assert (await me.ok("GET", "/people/me")) == person
    listed = (await market.client.get("/api/v1/organisations?limit=1")).json()["items"][0]
    assert listed["verification"] == "L0"
    assert listed["identifiers"] == [{"scheme": "uscc", "value": "12100000400002259P", "check": "passed"}]
    assert "name_keys" not in listed


@pytest.mark.parametrize("kind", [kind for kind in OrganisationKind if kind is not OrganisationKind.OPERATOR])
def test_the_founder_has_a_role_that_fits_and_may_invite(kind: OrganisationKind) -> None:
    roles = founder_roles(kind)
    assert roles
    assert unfit_roles(kind, roles) == []
    assert any(Permission.MANAGE_MEMBERS in ROLE_PERMISSIONS[role] for role in roles)


async def test_the_operator_of_the_hall_cannot_be_signed_up(market: Market) -> None:
    answer = await sign_up(market, organisation=organisation(kind="operator"))
    assert pointers(answer) == ["/organisation/kind"]


async def test_everything_that_is_wrong_with_an_organisation_is_named_at_once(market: Market) -> None:
    wrong = organisation(
        kind="operator",
        name={"en": "Ехample University"},
        identifiers=[
            {"scheme": "uscc", "value": "911101080123450000"[:15] + "000"},
            {"scheme": "ror", "value": "nonsense"},
        ],
    )
    assert pointers(await sign_up(market, organisation=wrong)) == [
        "/organisation/identifiers/0/value",
        "/organisation/identifiers/1/value",
        "/organisation/name/en",
        "/organisation/kind",
    ]


async def test_an_organisation_has_one_number_of_each_scheme(market: Market) -> None:
    twice = [{"scheme": "ror", "value": "03cve4549"}, {"scheme": "ror", "value": "05qwgg493"}]
    assert pointers(await sign_up(market, organisation=organisation(identifiers=twice))) == [
        "/organisation/identifiers/1/scheme"
    ]


async def test_a_registered_number_belongs_to_one_organisation(market: Market) -> None:
    taken = {"identifiers": [{"scheme": "uscc", "value": "91350200MA2YJ1XR9G"}]}
    assert (await sign_up(market, organisation=organisation(**taken))).status_code == 201
    spelt = {"identifiers": [{"scheme": "uscc", "value": "91350200 ma2yj1xr9g"}]}
    again = await sign_up(market, organisation=organisation(**spelt))
    assert again.status_code == 409
    assert again.json()["type"].endswith("/problems/already-exists")


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ({"en": "Siemens Example"}, {"en": "Ѕіеmеnѕ Ехаmрlе"}),
        ({"zh-Hans": "仿冒示例大学"}, {"zh-Hans": "仿冒示例大學"}),
        ({"en": "Lookalike College"}, {"en": "Something else", "zh-Hans": "L0OKALIKE COLLEGE"}),
    ],
)
async def test_no_second_organisation_looks_like_the_first(market: Market, name: Any, forged: Any) -> None:
    assert (await sign_up(market, organisation=organisation(name=name))).status_code == 201
    assert (await sign_up(market, organisation=organisation(name=forged))).status_code in (409, 422)


async def test_of_two_equal_names_at_once_one_is_registered(market: Market) -> None:
    wanted = organisation()
    answers = await asyncio.gather(*(sign_up(market, organisation=wanted) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_an_address_has_one_account_however_it_is_written(market: Market) -> None:
    assert (await sign_up(market, email="twice@example.org")).status_code == 201
    for email in ("twice@example.org", "TWICE@Example.ORG"):
        again = await sign_up(market, email=email)
        assert again.status_code == 409
        assert again.json()["type"].endswith("/problems/already-exists")


async def test_of_two_equal_sign_ups_at_once_one_comes_in(market: Market) -> None:
    answers = await asyncio.gather(*(sign_up(market, email="race@example.org") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    found = await market.database.pool.fetchval(
        "SELECT count(*) FROM person WHERE email = 'race@example.org'"
    )
    assert found == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"email": "no address"}, "/email"),
        ({"email": "a@b"}, "/email"),
        ({"email": "nul\x00@example.org"}, "/email"),
        ({"password": "eleven chrs"}, "/password"),
        ({"password": "x" * 201}, "/password"),
        ({"password": "111122223333"}, "/password"),
        ({"password": "Password12345"}, "/password"),
        ({"name": ""}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"organisation": organisation(name={})}, "/organisation/name"),
        ({"organisation": organisation(website="javascript:alert(1)")}, "/organisation/website"),
        ({"organisation": None}, ""),
        ({"organisation": organisation(), "invitation": "rhi_x"}, ""),
        ({"invitation": "rhi_" + "A" * 43}, "/invitation"),
        ({"verification": "L2"}, "/verification"),
        ({"roles": ["operator"]}, "/roles"),
    ],
)
async def test_a_wrong_field_is_named_and_nobody_is_registered(
    market: Market, fields: Any, pointer: str
) -> None:
    body = form(**fields)
    answer = await market.client.post(PEOPLE, json=body)
    assert pointers(answer) == [pointer]
    assert body["password"] not in answer.text
    count = "SELECT count(*) FROM person WHERE email = $1"
    assert await market.database.pool.fetchval(count, body["email"].replace("\x00", "").lower()) == 0


# Passwords


@pytest.mark.parametrize(
    "password", [*sorted(COMMON_PASSWORDS), "PassWordPassword", "aaaabbbbcccc", "abcdabcdabcd"]
)
def test_what_is_guessed_first_is_no_password(password: str) -> None:
    assert weak_password(password, "someone@example.org")


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "密码是四个随机的中文词语啊", "tr0ub4dor&3-long"]
)
def test_a_long_phrase_in_any_script_is_one(password: str) -> None:
    assert weak_password(password, "someone@example.org") is None


def test_a_password_does_not_contain_the_address_unless_that_is_a_mere_syllable() -> None:
    assert weak_password("wanglixin-2026!", "wanglixin@example.org")
    assert weak_password("WangLiXin-2026!", "wanglixin@example.org")
    assert weak_password("a phrase that stands", "a@example.org") is None
    assert weak_password("long long ago again", "long@example.org")


async def test_hashes_are_argon2id_and_salted() -> None:
    one, other = [await hash_password(PASSWORD) for _ in range(2)]
    assert one != other
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await password_fits(one, PASSWORD)
    assert not await password_fits(one, PASSWORD + " ")
    assert not await password_fits(None, PASSWORD)
    assert not await password_fits("", PASSWORD)


async def test_no_more_than_two_hashes_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 19 MiB and a core."""
    lock, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(2, timeout=10)

    class Counting:
        def hash(self, _password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            together.wait()
            with lock:
                running -= 1
            return ""

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    await asyncio.gather(*(hash_password(PASSWORD) for _ in range(8)))
    assert most == 2


# Invitations


async def invited(director: Caller, email: str, *roles: str) -> str:
    path = f"/organisations/{director.organisation_id}/invitations"
    issued = await director.ok("POST", path, {"email": email, "roles": list(roles) or ["researcher"]})
    assert issued["token"].startswith("rhi_")
    return str(issued["token"])


async def test_an_invited_person_signs_up_into_the_organisation(market: Market) -> None:
    _, director = await market.university()
    token = await invited(director, "Guest@Example.org", "tto_officer", "researcher")
    answer = await sign_up(market, email="guest@example.org", invitation=token)
    assert answer.status_code == 201, answer.text
    (membership,) = answer.json()["person"]["memberships"]
    assert membership["organisation_id"] == str(director.organisation_id)
    assert membership["roles"] == ["researcher", "tto_officer"]
    members = await director.ok("GET", f"/organisations/{director.organisation_id}/members")
    assert "guest@example.org" in {member["email"] for member in members}


async def test_a_person_with_an_account_joins_another_organisation(market: Market) -> None:
    _, director = await market.university()
    officer, _ = await market.university()
    token = await invited(director, officer.email)
    joined = await officer.ok("POST", "/invitations", {"token": token})
    assert {membership["organisation_id"] for membership in joined["memberships"]} == {
        str(director.organisation_id),
        str(officer.organisation_id),
    }
    roles = [membership["roles"] for membership in joined["memberships"]]
    assert sorted(roles) == [["researcher"], ["tto_officer"]]


async def test_an_invitation_is_good_once(market: Market) -> None:
    _, director = await market.university()
    token = await invited(director, "once@example.org")
    assert (await sign_up(market, email="once@example.org", invitation=token)).status_code == 201
    again = await sign_up(market, email="once.more@example.org", invitation=token)
    assert pointers(again) == ["/invitation"]


async def test_a_withdrawn_invitation_is_answered_like_an_unknown_one(market: Market) -> None:
    officer, director = await market.university()
    guest, foreign = await market.university()
    path = f"/organisations/{director.organisation_id}/invitations"
    issued = await director.ok("POST", path, {"email": guest.email, "roles": ["researcher"]})
    kept = await director.ok("POST", path, {"email": "kept@example.org", "roles": ["finance"]})
    shown = await director.ok("GET", path)
    assert [one["id"] for one in shown] == [kept["id"], issued["id"]]
    assert "token" not in shown[0]
    for stranger, status in ((officer, 403), (foreign, 403), (await market.auditor(), 403)):
        assert (await stranger.get(path)).status_code == status
        assert (await stranger("DELETE", f"{path}/{issued['id']}")).status_code == status
    elsewhere = f"/organisations/{foreign.organisation_id}/invitations/{issued['id']}"
    assert (await foreign("DELETE", elsewhere)).status_code == 404

    assert (await director("DELETE", f"{path}/{issued['id']}")).status_code == 204
    assert [one["id"] for one in await director.ok("GET", path)] == [kept["id"]]
    unknown = await guest.post("/invitations", {"token": "rhi_" + "A" * 43})
    withdrawn = await guest.post("/invitations", {"token": issued["token"]})
    assert pointers(withdrawn) == ["/invitation"]
    assert withdrawn.json()["errors"] == unknown.json()["errors"]
    again = await director("DELETE", f"{path}/{issued['id']}")
    assert again.status_code == 404


async def test_an_invitation_that_was_used_is_not_withdrawn(market: Market) -> None:
    _, director = await market.university()
    guest, _ = await market.university()
    path = f"/organisations/{director.organisation_id}/invitations"
    issued = await director.ok("POST", path, {"email": guest.email, "roles": ["researcher"]})
    await guest.ok("POST", "/invitations", {"token": issued["token"]})
    assert await director.ok("GET", path) == []
    assert (await director("DELETE", f"{path}/{issued['id']}")).status_code == 404
    members = await director.ok("GET", f"/organisations/{director.organisation_id}/members")
    assert guest.email in {member["email"] for member in members}


async def test_an_invitation_that_is_used_and_withdrawn_at_once_is_one_of_both(market: Market) -> None:
    _, director = await market.university()
    guest, _ = await market.university()
    path = f"/organisations/{director.organisation_id}/invitations"
    issued = await director.ok("POST", path, {"email": guest.email, "roles": ["researcher"]})
    used, withdrawn = await asyncio.gather(
        guest.post("/invitations", {"token": issued["token"]}), director("DELETE", f"{path}/{issued['id']}")
    )
    assert (used.status_code, withdrawn.status_code) in {(200, 404), (422, 204)}


async def test_of_two_who_use_an_invitation_at_once_one_comes_in(market: Market) -> None:
    _, director = await market.university()
    officer, _ = await market.university()
    token = await invited(director, officer.email)
    answers = await asyncio.gather(*(officer.post("/invitations", {"token": token}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_an_invitation_is_good_for_its_address_alone(market: Market) -> None:
    _, director = await market.university()
    thief, _ = await market.university()
    token = await invited(director, "someone@example.org")
    assert pointers(await thief.post("/invitations", {"token": token})) == ["/invitation"]
    assert pointers(await sign_up(market, email="thief@example.org", invitation=token)) == ["/invitation"]


async def test_an_invitation_is_good_for_seven_days(market: Market) -> None:
    _, director = await market.university()
    token = await invited(director, "late@example.org")
    shift = "UPDATE invitation SET expires_at = expires_at - $1::interval WHERE email = 'late@example.org'"
    await market.database.pool.execute(shift, timedelta(days=6, hours=23))
    other = await invited(director, "later@example.org")
    assert (await sign_up(market, email="late@example.org", invitation=token)).status_code == 201
    await market.database.pool.execute(shift.replace("late@", "later@"), timedelta(days=7))
    assert pointers(await sign_up(market, email="later@example.org", invitation=other)) == ["/invitation"]


async def test_nobody_changes_their_own_roles_by_inviting_themselves(market: Market) -> None:
    company = await market.company()
    path = f"/organisations/{company.organisation_id}/invitations"
    answer = await company.post(path, {"email": company.email.upper(), "roles": ["finance"]})
    assert answer.status_code == 409
    assert (await company.ok("GET", "/people/me"))["memberships"][0]["roles"] == ["admin", "buyer"]


async def test_a_member_is_not_made_less_by_an_older_invitation(market: Market) -> None:
    _, director = await market.university()
    guest, _ = await market.university()
    tokens = [await invited(director, guest.email, role) for role in ("tto_director", "researcher")]
    await guest.ok("POST", "/invitations", {"token": tokens[0]})
    assert (await guest.post("/invitations", {"token": tokens[1]})).status_code == 409
    joined = (await guest.ok("GET", "/people/me"))["memberships"]
    assert ["tto_director"] in [membership["roles"] for membership in joined]


# Roles


FIT = {
    OrganisationKind.OPERATOR: {Role.OPERATOR, Role.AUDITOR, Role.REVIEWER, Role.FINANCE},
    **{
        kind: set(Role) - {Role.OPERATOR, Role.AUDITOR}
        for kind in (
            OrganisationKind.UNIVERSITY,
            OrganisationKind.INSTITUTE,
            OrganisationKind.HOSPITAL,
            OrganisationKind.NEW_RD_BODY,
            OrganisationKind.TTO,
        )
    },
}
TRADERS = {Role.BUYER, Role.MANAGER, Role.REVIEWER, Role.FINANCE, Role.ADMIN}


@pytest.mark.parametrize(("kind", "role"), [*itertools.product(OrganisationKind, Role)])
def test_which_roles_fit_which_organisation(kind: OrganisationKind, role: Role) -> None:
    fit = role in FIT.get(kind, TRADERS)
    assert unfit_roles(kind, [role]) == ([] if fit else [role])


@pytest.mark.parametrize("role", ["operator", "auditor", "tto_director"])
async def test_an_unfit_role_is_neither_offered_nor_given(market: Market, role: str) -> None:
    company = await market.company()
    colleague = await market.person(company.organisation_id, Role.FINANCE)
    base = f"/organisations/{company.organisation_id}"
    offered = await company.post(f"{base}/invitations", {"email": "x@example.org", "roles": ["buyer", role]})
    assert pointers(offered) == ["/roles"]
    given = await company("PATCH", f"{base}/members/{colleague.person_id}", json={"roles": [role]})
    assert pointers(given) == ["/roles"]


@pytest.mark.parametrize("roles", [["king"], [], ["researcher"] * 6, "researcher", None])
async def test_only_known_roles_are_offered(market: Market, roles: Any) -> None:
    _, director = await market.university()
    path = f"/organisations/{director.organisation_id}/invitations"
    answer = await director.post(path, {"email": "x@example.org", "roles": roles})
    assert answer.status_code == 422


async def test_only_those_who_manage_members_see_and_change_them(market: Market) -> None:
    officer, director = await market.university()
    stranger = (await market.university())[1]
    base = f"/organisations/{director.organisation_id}"
    buyer, manager = [
        await market.person(director.organisation_id, role) for role in (Role.BUYER, Role.MANAGER)
    ]
    for who in (officer, stranger, buyer, manager):
        assert (await who.get(f"{base}/members")).status_code == 403
        assert (
            await who.post(f"{base}/invitations", {"email": "x@example.org", "roles": ["finance"]})
        ).status_code == 403
        answer = await who("PATCH", f"{base}/members/{officer.person_id}", json={"roles": ["tto_director"]})
        assert answer.status_code == 403
    assert len(await director.ok("GET", f"{base}/members")) == 4


async def test_a_companys_founder_invites_and_may_hand_that_on(market: Market) -> None:
    company = organisation(kind="company", founding="private")
    founder = caller(market, await sign_up(market, organisation=company))
    roles = (await founder.ok("GET", "/people/me"))["memberships"][0]["roles"]
    assert roles == ["admin", "buyer"]
    base = f"/organisations/{founder.organisation_id}"
    token = await invited(founder, "buyer@example.org", "buyer")
    buyer = caller(market, await sign_up(market, email="buyer@example.org", invitation=token))
    offer = {"email": "third@example.org", "roles": ["finance"]}
    refused = await buyer.post(f"{base}/invitations", offer)
    assert refused.status_code == 403
    assert refused.json()["detail"].endswith("needs one of the roles: admin, operator, tto_director")
    handed_on = {"roles": ["admin", "buyer"]}
    assert (await founder("PATCH", f"{base}/members/{buyer.person_id}", json=handed_on)).status_code == 204
    assert (await buyer.post(f"{base}/invitations", offer)).status_code == 201


async def test_nobody_changes_their_own_roles(market: Market) -> None:
    _, director = await market.university()
    path = f"/organisations/{director.organisation_id}/members/{director.person_id}"
    for roles in ([], ["tto_director", "finance"]):
        assert (await director("PATCH", path, json={"roles": roles})).status_code == 403


async def test_two_who_take_each_others_roles_away_at_once_do_not_lock_everyone_out(market: Market) -> None:
    _, one = await market.university()
    other = await market.person(one.organisation_id, Role.TTO_DIRECTOR)
    base = f"/organisations/{one.organisation_id}/members"
    answers = await asyncio.gather(
        one("PATCH", f"{base}/{other.person_id}", json={"roles": []}),
        other("PATCH", f"{base}/{one.person_id}", json={"roles": []}),
    )
    assert sorted(answer.status_code for answer in answers) == [204, 403]


async def test_a_stranger_is_no_member_to_change(market: Market) -> None:
    _, director = await market.university()
    stranger, _ = await market.university()
    for person in (stranger.person_id, "01900000-0000-7000-8000-000000000000"):
        path = f"/organisations/{director.organisation_id}/members/{person}"
        assert (await director("PATCH", path, json={"roles": ["finance"]})).status_code == 404


async def test_who_gave_which_role_is_in_the_record(market: Market) -> None:
    officer, director = await market.university()
    path = f"/organisations/{director.organisation_id}/members/{officer.person_id}"
    await director("PATCH", path, json={"roles": ["tto_director", "finance"]})
    await invited(director, "recorded@example.org")
    rows = await market.database.pool.fetch(
        "SELECT kind, actor_id, role, data::text AS data FROM event WHERE subject_id = $1 ORDER BY seq",
        director.organisation_id,
    )
    assert [(row["kind"], row["actor_id"], row["role"]) for row in rows] == [
        ("roles_changed", director.person_id, "tto_director"),
        ("invited", director.person_id, "tto_director"),
    ]
    assert "recorded@example.org" not in rows[1]["data"]


async def test_members_of_another_client_address_are_not_confused(market: Market) -> None:
    """The same person from two addresses has two sessions, each with its own."""
    officer, _ = await market.university()
    async with client_at(market, "203.0.113.9") as client:
        await client.post("/api/v1/sessions", json={"email": officer.email, "password": PASSWORD})
    assert {s["address"] for s in await officer.ok("GET", "/sessions")} == {"127.0.0.1", "203.0.113.9"}
