"""Every error of the application: what it says, in which language, and where it stands in the tree."""

import re
from http import HTTPStatus

import pytest

import market.app  # noqa: F401 - a feature may add errors of its own
from market import errors
from market.errors import MarketError, every_error
from tests.makers import Market

EVERY = every_error()


def by_name(error: type[MarketError]) -> str:
    return error.__name__


@pytest.mark.parametrize("error", EVERY, ids=by_name)
def test_every_error_says_what_happened_in_both_languages(error: type[MarketError]) -> None:
    assert error.__doc__, "the docstring is the title"
    assert "\n" not in error.__doc__.strip()
    assert error.title_en()
    assert not error.title_en().endswith(".")
    assert re.search(r"[\u4e00-\u9fff]", error.__dict__.get("title_zh", "")), "a Chinese title of its own"


@pytest.mark.parametrize("error", EVERY, ids=by_name)
def test_every_error_has_a_status_of_an_error(error: type[MarketError]) -> None:
    assert 400 <= HTTPStatus(error.status) < 600
    parent = error.__mro__[1]
    if issubclass(parent, MarketError) and parent is not MarketError:
        assert error.status == parent.status, "whoever catches the parent expects its status"


def test_no_two_errors_share_a_slug() -> None:
    slugs = [error.slug() for error in EVERY]
    assert len(slugs) == len(set(slugs))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


def test_the_tree_in_the_docstring_names_every_error_with_its_status() -> None:
    tree = (errors.__doc__ or "").split("\n\n")[1]
    named = re.findall(r"[A-Z][A-Za-z]+", tree)
    own = {error.__name__ for error in EVERY if error.__module__ == errors.__name__}
    assert set(named) == own
    assert len(named) == len(own), "each is named once"
    for name, status in re.findall(r"([A-Z][A-Za-z]+) (\d{3})", tree):
        assert getattr(errors, name).status == int(status)
    for parent, children in re.findall(r"([A-Z][A-Za-z]+) \d{3} ── (.+)", tree):
        for child in children.split(", "):
            assert issubclass(getattr(errors, child.strip()), getattr(errors, parent))


def test_an_error_without_a_detail_says_its_title() -> None:
    assert errors.NotFound().detail == "There is nothing here for you"
    assert str(errors.NotFound("no such page")) == "no such page"


@pytest.mark.parametrize("error", EVERY, ids=by_name)
async def test_the_type_of_every_problem_resolves_to_a_page(market: Market, error: type[MarketError]) -> None:
    page = await market.client.get(f"/problems/{error.slug()}")
    assert page.status_code == 200
    assert error.title_zh in page.text
