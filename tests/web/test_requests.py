"""Requests as an adversary or a careless client would send them: methods, kinds and sizes of bodies, headers."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.makers import PASSWORD, RESULT, Caller, Market
from tests.test_routes import NOTHING, ROUTES

ADDRESSES = sorted({path for _, path, _ in ROUTES})
READ = sorted({path for method, path, _ in ROUTES if method == "GET"})
JSON = {"Content-Type": "application/json"}


def somewhere(path: str) -> str:
    """An address of this path, where nothing is."""
    known = {"number": "1", "name": "kind", "slug": "invalid"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], NOTHING), path)


def assert_problem(answer: httpx.Response, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"http://hall.test/problems/{slug}"


@pytest.fixture(scope="module")
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


# Methods


@pytest.mark.parametrize("path", ADDRESSES)
async def test_which_methods_an_address_takes_is_told_to_anyone(market: Market, path: str) -> None:
    takes = {method for method, known, _ in ROUTES if known == path}
    takes |= {"OPTIONS"} | ({"HEAD"} if "GET" in takes else set())
    asked = await market.client.options(somewhere(path))
    assert asked.status_code == 204
    assert set(asked.headers["allow"].split(", ")) == takes
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - takes:
        refused = await market.client.request(method, somewhere(path))
        assert_problem(refused, 405, "method-not-allowed")
        assert set(refused.headers["allow"].split(", ")) == takes


@pytest.mark.parametrize("path", READ)
async def test_the_head_of_an_answer_is_had_without_its_content(officer: Caller, path: str) -> None:
    headers = {"Authorization": f"Bearer {officer.token}"}
    whole = await officer.client.get(somewhere(path), headers=headers)
    head = await officer.client.head(somewhere(path), headers=headers)
    assert head.status_code == whole.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers.get(name) == whole.headers.get(name), name


@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/v1", "/api/v2/listings", "/%ff", "/%0d%0a"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
async def test_an_unknown_address_is_a_problem_too(market: Market, method: str, path: str) -> None:
    assert_problem(await market.client.request(method, path), 404, "not-found")


# Bodies


@pytest.mark.parametrize(
    "named",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "json",
    ],
)
async def test_a_body_that_says_it_is_no_json_is_not_read(officer: Caller, named: str) -> None:
    """Among them the three that a page of another site can send without asking."""
    content = b'{"kind": "result", "title": {"en": "x"}}'
    answer = await officer("POST", "/listings", content=content, headers={"Content-Type": named})
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("named", ["application/json", "Application/JSON; charset=utf-8", None])
async def test_json_is_read_also_where_nothing_says_so(officer: Caller, named: str | None) -> None:
    headers = {} if named is None else {"Content-Type": named}
    content = b'{"kind": "result", "title": {"en": "x"}}'
    assert (await officer("POST", "/listings", content=content, headers=headers)).status_code == 201


async def test_a_merge_patch_may_say_that_it_is_one(officer: Caller) -> None:
    draft = await officer.ok("POST", "/listings", RESULT)
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    patched = await officer(
        "PATCH", f"/listings/{draft['id']}", content=b'{"region": "310000"}', headers=headers
    )
    assert patched.status_code == 200
    posted = await officer("POST", "/listings", content=b"{}", headers=headers)
    assert_problem(posted, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind": "result", "kind": "product", "title": {"en": "x"}}',
        b'{"kind": "result", "title": {"en": "x", "en": "y"}}',
        b'{"kind": "result", "title": {"en": "x"}, "price": {"mode": "fixed", "amount": {"amount": "1", "amount": "9"}}}',
        b'{"kind": "result", "\\u006bind": "product", "title": {"en": "x"}}',
        b'{"kind": "result", "contributors": [{"name": "a", "name": "b"}]}',
    ],
    ids=range(5),
)
async def test_a_name_that_is_given_twice_is_refused_wherever_it_stands(
    officer: Caller, content: bytes
) -> None:
    answer = await officer("POST", "/listings", content=content, headers=JSON)
    assert_problem(answer, 400, "malformed-body")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"terms":{"a":['])
async def test_a_body_that_is_nested_without_end_is_refused(officer: Caller, opening: bytes) -> None:
    for path in ("/listings", "/deals", "/sessions"):
        content = opening * (900_000 // len(opening))
        answer = await officer("POST", path, content=content, headers=JSON)
        assert_problem(answer, 400, "malformed-body")


async def test_a_body_without_a_length_is_measured_while_it_comes(market: Market, officer: Caller) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(400):
            sent += 1
            yield b" " * 10_000

    for path in ("/sessions", "/people"):
        answer = await market.client.post(f"/api/v1{path}", content=endless(), headers=JSON)
        assert_problem(answer, 413, "too-large")
    assert_problem(await officer("POST", "/listings", content=endless(), headers=JSON), 413, "too-large")


async def test_who_is_not_signed_in_is_refused_before_the_body_is_read(market: Market) -> None:
    answer = await market.client.post("/api/v1/listings", content=b" " * 2_000_000, headers=JSON)
    assert_problem(answer, 401, "unauthenticated")


# Headers and addresses


@pytest.mark.parametrize(
    "injected", ["%0d%0aSet-Cookie: a=b", "%0aX-Injected: 1", "%E5%98%8D%E5%98%8ASet-Cookie:a=b", "%00"]
)
async def test_nothing_that_is_sent_becomes_a_header_of_the_answer(
    market: Market, officer: Caller, injected: str
) -> None:
    answers = [
        await officer.get(f"/listings?limit=1&q={injected}"),
        await officer.get(f"/listings?limit=1&{injected}=1"),
        await market.client.get(f"/api/v1/search?limit=0&q=a{injected}"),
        await market.client.get(f"/problems/{injected}"),
        await market.client.get(f"/api/v1/{injected}"),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert "set-cookie" not in answer.headers
        assert "x-injected" not in answer.headers
        assert not any(sign in value for value in answer.headers.values() for sign in "\r\n\0")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer rhs_\xff"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Cookie": "release_hall_session=\xff; release_hall_session=x"},
        {"If-Match": "\xff"},
        {"If-None-Match": "\x7f" * 3000},
        {"Accept-Language": ";q=,zh;q=1e400," + "," * 3000},
        {"User-Agent": "\xff\x01" * 200},
        {"Idempotency-Key": "\xff"},
        {
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-For": "203.0.113.9",
            "Forwarded": "host=evil.example",
        },
    ],
    ids=lambda value: next(iter(value)),
)
async def test_no_header_breaks_an_answer(market: Market, officer: Caller, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    body: dict[str, Any] = {"email": officer.email, "password": PASSWORD}
    for method, path, json in (
        ("GET", "/api/v1/organisations", None),
        ("GET", "/api/v1/nowhere", None),
        ("POST", "/api/v1/sessions", body),
    ):
        answer = await market.client.request(method, path, json=json, headers=raw)
        market.client.cookies.clear()
        assert answer.status_code < 500, answer.text
        assert "evil.example" not in answer.text
