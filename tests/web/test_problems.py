"""Problems (RFC 9457): every refusal has one shape, names its fields by JSON Pointer, and speaks the caller's language."""

import re
from typing import Annotated, Any, Literal

import asyncpg
import httpx
import pytest
from litestar import Request
from pydantic import BaseModel, Field, RootModel, ValidationError, model_validator
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from market import errors
from market.web.problems import as_market_error, field_problems, pointer, speaks_chinese
from tests.makers import RESULT, Caller, Market

NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


# Pointers into nested input


class Fixed(BaseModel):
    kind: Literal["fixed"]
    amount: int


class Royalty(BaseModel):
    kind: Literal["royalty"]
    rate: int
    upfront: Fixed | None = None

    @model_validator(mode="after")
    def _rate(self) -> "Royalty":
        if self.rate > 100:
            raise ValueError("more than everything")
        return self


Terms = Annotated[Fixed | Royalty, Field(discriminator="kind")]


class Deal(BaseModel, extra="forbid"):
    terms: Terms
    lines: list[Terms] = []
    either: int | list[int] = 0
    names: dict[Literal["en", "zh"], str] = {}


class Offer(RootModel[Annotated[Fixed | Royalty, Field(discriminator="kind")]]):
    pass


GOOD: dict[str, Any] = {"kind": "fixed", "amount": 1}


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (Deal, {}, ["/terms"]),
        (Deal, {"terms": {"kind": "fixed"}}, ["/terms/amount"]),
        (Deal, {"terms": {"kind": "royalty", "rate": "x"}}, ["/terms/rate"]),
        (Deal, {"terms": {"kind": "royalty", "rate": 101}}, ["/terms"]),
        (
            Deal,
            {"terms": {"kind": "royalty", "rate": 1, "upfront": {"kind": "fixed"}}},
            ["/terms/upfront/amount"],
        ),
        (Deal, {"terms": {"kind": "free"}}, ["/terms/kind"]),
        (Deal, {"terms": {}}, ["/terms/kind"]),
        (Deal, {"terms": 5}, ["/terms"]),
        (Deal, {"terms": None}, ["/terms"]),
        (Deal, {"terms": GOOD, "lines": [GOOD, {"kind": "fixed", "amount": "x"}]}, ["/lines/1/amount"]),
        (Deal, {"terms": GOOD, "lines": [GOOD, {"kind": "royalty", "rate": 101}]}, ["/lines/1"]),
        (Deal, {"terms": GOOD, "lines": [{"kind": "free"}]}, ["/lines/0/kind"]),
        (Deal, {"terms": GOOD, "lines": [5]}, ["/lines/0"]),
        (Deal, {"terms": GOOD, "lines": {}}, ["/lines"]),
        (Deal, {"terms": GOOD, "names": {"fr": "x"}}, ["/names/fr"]),
        (Deal, {"terms": GOOD, "names": {"en": 5}}, ["/names/en"]),
        (Deal, {"terms": GOOD, "a/b~c": 1}, ["/a~1b~0c"]),
        (Deal, {"terms": GOOD, "": 1}, ["/"]),
        (Deal, {"terms": GOOD, "either": ["x"]}, ["/either", "/either/0"]),
        (Deal, {"terms": {"kind": "fixed"}, "lines": 5, "more": 1}, ["/terms/amount", "/lines", "/more"]),
        (Deal, [], [""]),
        (Deal, None, [""]),
        (Offer, {"kind": "royalty"}, ["/rate"]),
        (Offer, {"kind": "royalty", "rate": 101}, [""]),
        (Offer, {"kind": "free"}, ["/kind"]),
        (Offer, {}, ["/kind"]),
        (Offer, [], [""]),
    ],
)
def test_pointers_name_places_of_the_input(model: type[BaseModel], given: Any, expected: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(given)
    found = field_problems(refused.value.errors(), given, chinese=False)
    assert [problem.pointer for problem in found] == expected
    for problem in found:
        if problem.pointer and "missing" not in str(refused.value):
            assert _exists(given, problem.pointer) or problem.pointer.endswith("/kind")


def _exists(document: Any, path: str) -> bool:
    for step in path.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def test_a_key_that_looks_like_a_tag_is_a_key() -> None:
    assert pointer(("a", "[key]"), {"a": {"[key]": 1}}, missing=False) == "/a/[key]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"title": {}}, ["/kind"]),
        (RESULT | {"kind": "patent"}, ["/kind"]),
        (RESULT | {"title": {}}, ["/title"]),
        (RESULT | {"title": {"fr": "pile"}}, ["/title/fr"]),
        (RESULT | {"title": {"en": "a\u202eb"}}, ["/title/en"]),
        (RESULT | {"keywords": {"en": ["ok", ""]}}, ["/keywords/en/1"]),
        (RESULT | {"ipc": ["H01M 10/0562", "nonsense"]}, ["/ipc/1"]),
        (RESULT | {"price": {"mode": "fixed"}}, ["/price"]),
        (RESULT | {"price": {"mode": "fixed", "amount": {"amount": 12.5}}}, ["/price/amount/amount"]),
        (RESULT | {"ip_rights": [{"kind": "invention"}, {"kind": "x", "office": "cn"}]}, ["/ip_rights/1/kind", "/ip_rights/1/office"]),
        (RESULT | {"maturity": {"level": 12}, "region": "x"}, ["/region", "/maturity/level"]),
        (RESULT | {"status": "published"}, ["/status"]),
        ([], [""]),
        ("result", [""]),
        (None, [""]),
    ],
)  # fmt: skip
async def test_a_refused_body_names_all_its_fields(officer: Caller, body: Any, expected: list[str]) -> None:
    answer = await officer.post("/listings", body)
    assert answer.status_code == 422, answer.text
    assert pointers(answer) == expected
    assert answer.json()["type"] == "http://hall.test/problems/invalid"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"price": {"mode": "range"}}, ["/price"]),
        ({"title": None}, ["/title"]),
        ({"maturity": {"level": 12}}, ["/maturity/level"]),
        ({"kind": "product"}, ["/kind"]),
        ({"organisation_id": NOBODY}, ["/organisation_id"]),
        ({"unknown": 1}, ["/unknown"]),
    ],
)
async def test_a_refused_patch_names_fields_of_the_patched_whole(
    officer: Caller, patch: Any, expected: list[str]
) -> None:
    draft = await officer.ok("POST", "/listings", RESULT)
    answer = await officer.patch(f"/listings/{draft['id']}", patch, "*")
    assert answer.status_code == 422, answer.text
    assert pointers(answer) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"kind": NaN}',
        b"\xff\xfe",
        b'{"kind": "result", "title": {"en": "\xff"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"kind": "result", "title": {"en": "\\ud800"}}',
        b'{"kind": "result", "title": {"en": "nul \\u0000"}}',
        b'{"kind": "result", "title": {"en": "x"}, "\\u0000": 1}',
        b'{"kind": "result", "title": {"en": "x"}, "price": {"mode": "fixed", "amount": {"amount": 1e400}}}',
        b'{"kind": "result", "title": {"en": "x"}, "maturity": {"level": ' + b"9" * 4000 + b"}}",
    ],
    ids=range(13),
)
async def test_a_body_that_cannot_be_read_is_the_callers_mistake(officer: Caller, content: bytes) -> None:
    answer = await officer("POST", "/listings", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_refused(officer: Caller) -> None:
    answer = await officer("POST", "/listings", content=b" " * 1_000_001)
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/problems/too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/listings/no-uuid", 404, "not-found"),
        ("GET", f"/listings/{NOBODY}", 404, "not-found"),
        ("GET", f"/listings/{NOBODY}/draft", 404, "not-found"),
        ("GET", f"/listings/{NOBODY}/versions/1", 404, "not-found"),
        ("PUT", "/listings", 405, "method-not-allowed"),
        ("GET", "/listings?limit=0", 422, "invalid"),
        ("GET", "/listings?limit=101", 422, "invalid"),
        ("GET", "/listings?limit=many", 422, "invalid"),
        ("GET", "/listings?status=gone", 422, "invalid"),
        ("GET", "/listings?cursor=%00", 422, "invalid"),
        ("GET", "/listings?cursor=x", 422, "invalid"),
        ("GET", "/organisations?kind=club", 422, "invalid"),
    ],
)
async def test_every_refusal_is_a_problem(
    officer: Caller, method: str, path: str, status: int, slug: str
) -> None:
    answer = await officer(method, path)
    body = answer.json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert body["type"] == f"http://hall.test/problems/{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == f"/api/v1{path}".partition("?")[0]
    if status == 405:
        assert "GET" in answer.headers["allow"]
    if status == 422:
        assert pointers(answer) == [re.search(r"\?(\w+)=", path).group(1)]  # type: ignore[union-attr]


@pytest.mark.parametrize("number", ["0", "-1", "2", str(2**31), str(2**63), "9" * 200])
async def test_a_version_number_of_any_size_is_only_not_found(market: Market, number: str) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    answer = await market.client.get(f"/api/v1/listings/{listing['id']}/versions/{number}")
    assert answer.status_code == 404, answer.text


async def test_nobody_is_asked_to_sign_in(market: Market) -> None:
    answer = await market.client.post("/api/v1/listings", json=RESULT)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


# Languages


@pytest.mark.parametrize(
    ("accepted", "chinese"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("zh-Hans", True),
        ("ZH", True),
        ("en-GB,en;q=0.9,zh;q=0.8", False),
        ("en;q=0.5, zh;q=0.9", True),
        ("en; q=0.5, zh; q=0.9", True),
        ("fr, zh;q=0.2", True),
        ("fr", False),
        ("", False),
        ("*", False),
        ("zh;q=0", False),
        ("zh;q=0, en", False),
        ("zh;q=nonsense", False),
        ("en, zh", False),
        ("zh, en", True),
        ("zhx", False),
    ],
)
def test_the_first_of_the_two_languages_that_is_accepted_is_spoken(accepted: str, chinese: bool) -> None:
    scope: dict[str, Any] = {"type": "http", "headers": [(b"accept-language", accepted.encode())]}
    assert speaks_chinese(Request(scope)) is chinese  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "result"}, "缺少此字段"),
        (RESULT | {"misspelt": 1}, "没有这个字段，请检查拼写"),
        (RESULT | {"title": {"en": "x" * 301}}, "最多 300 个字符"),
        (RESULT | {"maturity": {"level": 12}}, "不得大于 9"),
        (RESULT | {"maturity": {"level": "x"}}, "应为整数"),
        (RESULT | {"secrecy_attested": "yes"}, "应为 true 或 false"),
        (RESULT | {"ip_rights": [{"kind": "x"}]}, "应为以下之一："),
        (RESULT | {"price": {"mode": "fixed", "amount": {"amount": 1}}}, "金额应为十进制字符串"),
        (RESULT | {"kind": "patent"}, "kind 应为以下之一："),
        ({}, "缺少 kind"),
    ],
)
async def test_chinese_callers_read_chinese(officer: Caller, body: Any, message: str) -> None:
    answer = await officer("POST", "/listings", json=body, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 422
    assert answer.headers["content-language"] == "zh-Hans"
    assert answer.json()["title"] == "部分字段无效"
    assert answer.json()["errors"][0]["detail"].startswith(message)


async def test_a_patch_is_refused_in_chinese_too(officer: Caller) -> None:
    draft = await officer.ok("POST", "/listings", RESULT)
    headers = {"If-Match": "*", "Accept-Language": "zh"}
    answer = await officer("PATCH", f"/listings/{draft['id']}", json={"misspelt": 1}, headers=headers)
    assert answer.json()["errors"] == [
        {"pointer": "/misspelt", "detail": "没有这个字段，请检查拼写", "rule": None}
    ]


async def test_every_problem_has_a_chinese_title(market: Market) -> None:
    for path, title in (("/nowhere", "未找到"), ("/listings", "请先登录")):
        answer = await market.client.get(f"/api/v1{path}", headers={"Accept-Language": "zh"})
        assert answer.json()["title"] == title


# What the database says


def _of_asyncpg(error: asyncpg.PostgresError) -> DBAPIError:
    class Original(Exception):
        sqlstate = error.sqlstate

    return DBAPIError("SELECT", {}, Original(str(error)))


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (_of_asyncpg(asyncpg.SerializationError("x")), errors.Unavailable),
        (_of_asyncpg(asyncpg.DeadlockDetectedError("x")), errors.Unavailable),
        (_of_asyncpg(asyncpg.AdminShutdownError("x")), errors.Unavailable),
        (_of_asyncpg(asyncpg.TooManyConnectionsError("x")), errors.Unavailable),
        (_of_asyncpg(asyncpg.DiskFullError("x")), errors.Unavailable),
        (_of_asyncpg(asyncpg.NumericValueOutOfRangeError("x")), errors.Invalid),
        (_of_asyncpg(asyncpg.UntranslatableCharacterError("x")), errors.Invalid),
        (_of_asyncpg(asyncpg.UndefinedTableError("x")), errors.MarketError),
        (asyncpg.ConnectionDoesNotExistError("x"), errors.Unavailable),
        (asyncpg.InterfaceError("x"), errors.Unavailable),
        (ConnectionRefusedError("x"), errors.Unavailable),
        (PoolTimeout("x"), errors.Unavailable),
        (ZeroDivisionError("x"), errors.MarketError),
    ],
    ids=lambda value: value.__class__.__name__ if isinstance(value, Exception) else value.__name__,
)
def test_what_passes_is_told_apart_from_what_is_broken(
    raised: Exception, expected: type[errors.MarketError]
) -> None:
    error = as_market_error(raised, b"", chinese=False)
    assert type(error) is expected
    assert "SELECT" not in error.detail
    assert (error.retry_after is not None) is (expected is errors.Unavailable)
