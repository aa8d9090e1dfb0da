"""The query of an address: what it does not take is refused by name, on every route, and nothing is taken for a value."""

import httpx
import pytest

from schemas.vocabulary import DealStatus
from tests.makers import Caller, Market
from tests.test_routes import ROUTES
from tests.web.test_requests import somewhere

DESCRIBED = [(method, path) for method, path, handler in ROUTES if handler.resolve_include_in_schema()]
PAGES = sorted({path for _, path, handler in ROUTES if not handler.resolve_include_in_schema()})


@pytest.fixture(scope="module")
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


def problems(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("method", "path"), DESCRIBED, ids=[f"{method} {path}" for method, path in DESCRIBED]
)
async def test_no_route_takes_a_parameter_that_it_does_not_declare(
    officer: Caller, method: str, path: str
) -> None:
    """Before it looks for the thing, and before it reads a body."""
    headers = {
        "Authorization": f"Bearer {officer.token}",
        "Idempotency-Key": f"unknown {path}",
        "If-Match": "*",
    }
    address = f"{somewhere(path)}?kindd=result&limit=1"
    answer = await officer.client.request(method, address, headers=headers)
    assert "no such parameter" in problems(answer)["kindd"] or "no parameters" in problems(answer)["kindd"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_takes_whatever_a_link_to_it_carries(market: Market, path: str) -> None:
    plain = await market.client.get(somewhere(path))
    assert (await market.client.get(f"{somewhere(path)}?utm_source=letter")).status_code == plain.status_code


async def test_the_parameter_that_was_meant_is_named(market: Market) -> None:
    answer = await market.client.get("/api/v1/search?kindd=result&colour=red&Q=x")
    found = problems(answer)
    assert found["kindd"].endswith("did you mean kind?")
    assert "discipline" in found["colour"]
    assert set(found) == {"kindd", "colour", "Q"}
    assert problems(await market.client.get("/api/v1/releases?limit=1")) == {
        "limit": "this address takes no parameters"
    }


async def test_unknown_parameters_and_null_are_told_together(market: Market) -> None:
    answer = await market.client.get("/api/v1/search?trl_min=null&trlmax=9")
    assert problems(answer) == {
        "trl_min": "null is no value: leave the parameter out",
        "trlmax": "there is no such parameter here: did you mean trl_max?",
    }


async def test_who_is_not_signed_in_learns_nothing_of_parameters(market: Market) -> None:
    assert (await market.client.get("/api/v1/deals?nothing=1")).status_code == 401


async def test_a_changing_request_with_a_parameter_changes_nothing(officer: Caller) -> None:
    before = len((await officer.ok("GET", "/listings"))["items"])
    answer = await officer.post("/listings?dry_run=true", {"kind": "result", "title": {"en": "Not a draft"}})
    assert problems(answer) == {"dry_run": "this address takes no parameters"}
    assert len((await officer.ok("GET", "/listings"))["items"]) == before


WRONG = [
    (
        "/search?sort=Price",
        "sort",
        "the values are relevance, newest, confirmed, price, price_asc, price_desc",
    ),
    ("/search?limit=abc", "limit", "give a whole number"),
    ("/search?limit=101", "limit", "at most 100"),
    ("/search?limit=-1", "limit", "at least 0"),
    ("/search?price_min=cheap", "price_min", "give a number"),
    ("/search?published_from=2026-13-01", "published_from", "give a day, such as 2026-01-31"),
    ("/search?limit=1&limit=2", "limit", "give this once"),
    ("/search/suggestions", "q", "give this parameter"),
    ("/organisations?kind=uni", "kind", "the values are university, institute"),
]


@pytest.mark.parametrize(("address", "name", "told"), WRONG, ids=[address for address, _, _ in WRONG])
async def test_what_is_wrong_with_a_parameter_is_told_in_the_words_of_the_api(
    market: Market, address: str, name: str, told: str
) -> None:
    assert problems(await market.client.get(f"/api/v1{address}"))[name].startswith(told)


async def test_the_words_of_a_list_and_an_id_are_named_to_whoever_is_signed_in(officer: Caller) -> None:
    wrong = "status=open&waiting_for=us&listing=7"
    assert problems(await officer.get(f"/deals?{wrong}")) == {
        "status": f"the values are {', '.join(DealStatus)}",
        "waiting_for": "the values are me, seller, buyer, manager",
        "listing": "give an id, which is a UUID",
    }
    assert problems(await officer.get("/interests?side=both&overdue=maybe&waiting_for=us")) == {
        "side": "the values are sent, received",
        "overdue": "give true or false",
        "waiting_for": "the values are me",
    }


async def test_a_parameter_of_several_values_may_be_given_several_times(market: Market) -> None:
    assert (await market.client.get("/api/v1/search?kind=result&kind=product")).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kindd=result", {"kindd": "没有这个参数：是否为 kind？"}),
        ("sort=x", {"sort": "应为以下之一：relevance, newest, confirmed, price, price_asc, price_desc"}),
        ("limit=x&published_to=x", {"limit": "应为整数", "published_to": "日期格式应为 2026-01-31"}),
        ("limit=1&limit=1", {"limit": "只能给出一次"}),
        ("trl_min=null", {"trl_min": "null 不是值：请省略此参数"}),
    ],
)
async def test_parameters_are_explained_in_chinese_too(
    market: Market, query: str, found: dict[str, str]
) -> None:
    answer = await market.client.get(f"/api/v1/search?{query}", headers={"Accept-Language": "zh"})
    assert problems(answer) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (None, {"": "send a JSON object as the body"}),
        ([], {"": "give a JSON object"}),
        ({"kind": "thing"}, {"/kind": "the values are 'result', 'product', 'opportunity'"}),
        ({"kind": "result", "title": "Battery"}, {"/title": "give a JSON object"}),
        (
            {"kind": "result", "title": {"en": "A battery"}, "tittle": 1},
            {"/tittle": "there is no such field: check its spelling"},
        ),
        (
            {
                "kind": "result",
                "title": {"en": "A battery"},
                "price": {"mode": "fixed", "amount": "100.00"},
            },
            {"/price/amount": "give a JSON object"},
        ),
    ],
)
async def test_what_is_wrong_with_a_body_is_told_in_words_of_json(
    officer: Caller, body: object, found: dict[str, str]
) -> None:
    assert problems(await officer.post("/listings", body)) == found


async def test_a_short_password_is_counted_in_characters(market: Market) -> None:
    body = {"email": "me@example.org", "password": "short", "name": "Me", "invitation": "rhi_x"}
    told = problems(await market.client.post("/api/v1/people", json=body))
    assert told == {"/password": "give at least 12 characters"}
    answer = await market.client.post("/api/v1/people", json=body, headers={"Accept-Language": "zh"})
    assert problems(answer) == {"/password": "至少需要 12 个字符"}


async def test_an_address_that_is_none_says_where_they_all_are(market: Market) -> None:
    for path in ("/api/v1/searches", "/api/v1/listings/7", "/api/v1/"):
        answer = await market.client.get(path)
        assert answer.status_code == 404
        assert "/schema" in answer.json()["detail"]
