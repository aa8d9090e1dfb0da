"""What the files of the demo market say, before anything is loaded."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stdnum.cn import uscc

from market.demo import courses, lots, plots
from market.demo.cast import ACCOUNTS, BODIES, CAST, Body
from market.demo.courses import Move, course
from market.demo.library import Piece, pieces
from market.demo.seed import script
from market.demo.stage import BEGINNING
from market.listings.rules import CONTENT, Verb, unmet
from schemas.vocabulary import Language, OrganisationKind, Role

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SHOWN = pieces(NOW)
NOTICE = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
OF_THE_DEMO = NOTICE.partition("Listings of the demo market\n")[2].partition("Codes in these listings\n")[0]
SOURCES = re.findall(r"^\* (.+)$", OF_THE_DEMO, re.MULTILINE)


def test_every_listing_meets_every_rule_up_to_publication() -> None:
    for piece in SHOWN:
        content = CONTENT.validate_python(piece.content)
        for verb in (Verb.SUBMIT, Verb.APPROVE, Verb.PUBLISH):
            assert unmet(verb, content, NOW) == [], piece.key


def test_there_are_several_hundred_listings_of_all_kinds_in_both_languages() -> None:
    kinds = Counter(piece.kind for piece in SHOWN)
    assert kinds == {"result": 249, "product": 80, "opportunity": 95}
    titles = [set(piece.content["title"]) for piece in SHOWN]
    assert titles.count({"zh-Hans", "en"}) >= 180
    assert titles.count({"zh-Hans"}) >= 60
    assert titles.count({"en"}) >= 120


def test_keys_are_unique_and_stand_in_order() -> None:
    keys = [piece.key for piece in SHOWN]
    assert keys == sorted(set(keys))


def test_notice_names_every_source_that_a_listing_names_and_no_other() -> None:
    named = {source for source in SOURCES for piece in SHOWN if _speaks_of(piece, source)}
    assert named == set(SOURCES)
    for piece in SHOWN:
        assert [source for source in SOURCES if _speaks_of(piece, source)], piece.key


def _speaks_of(piece: Piece, source: str) -> bool:
    return source in piece.content["attribution"]


def test_every_attribution_says_that_terms_or_content_are_invented() -> None:
    for piece in SHOWN:
        assert re.search("invented|虚构", piece.content["attribution"]), piece.key


def test_no_listing_from_a_source_claims_a_price_or_is_owned_by_a_real_body() -> None:
    for piece in SHOWN:
        price = piece.content.get("price", {})
        if not piece.key.startswith("demo-"):
            assert price.get("mode", "on_request") == "on_request" or price["amount"]["amount"] == "0.00"
            assert "budget" not in piece.content
        names = BODIES[piece.owner].new.name
        assert "示例" in names[Language.ZH_HANS]
        assert "Example" in names[Language.EN]


def test_chinese_patents_stay_out() -> None:
    numbers = [
        right["application_number"]
        for piece in SHOWN
        for right in piece.content.get("ip_rights", [])
        if right["office"] == "CN" and right["kind"] in ("invention", "utility_model")
    ]
    assert numbers
    assert all(re.fullmatch(r"CN20[0-9]{2}[12]99999[0-9]{2}\.[0-9X]", number) for number in numbers)


def test_what_has_expired_on_the_day_of_loading_is_left_out() -> None:
    later = pieces(NOW.replace(year=2035))
    assert 0 < len(later) < len(SHOWN)
    assert not any(piece.key.startswith("nasa-patent") for piece in later)


def test_the_story_can_still_be_told_when_patents_have_expired() -> None:
    assert script(NOW.replace(year=2035))


def test_deadlines_lie_after_the_loading_and_questions_end_before_them() -> None:
    dated = [piece.content for piece in SHOWN if piece.kind == "opportunity"]
    for content in dated:
        assert NOW + timedelta(days=14) < datetime.fromisoformat(content["deadline"])
        assert content["questions_until"] < content["deadline"]


@pytest.mark.parametrize("body", CAST, ids=lambda body: body.key)
def test_an_organisation_is_plainly_invented(body: Body) -> None:
    (number,) = [identifier.value for identifier in body.new.identifiers]
    assert uscc.is_valid(number)
    assert number[2:8] == "990000"
    assert _organisation_code_check(number[8:16]) == number[16]
    assert all(player.email.endswith(".example") for player in body.players)


def _organisation_code_check(code: str) -> str:
    """GB 11714-1997."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rest = 11 - sum(digits.index(c) * w for c, w in zip(code, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def test_the_cast_holds_what_the_demo_promises() -> None:
    kinds = Counter(body.new.kind for body in CAST)
    assert kinds[OrganisationKind.COMPANY] == 6
    for kind in OrganisationKind:
        if kind in ("university", "institute", "hospital", "new_rd_body", "tto", "operator"):
            assert kinds[kind] == 1
    emails = [player.email for body in CAST for player in body.players]
    assert len(emails) == len(set(emails))
    assert set(ACCOUNTS) <= set(emails)


@pytest.mark.parametrize(
    "named",
    [
        *(courses.STALE, courses.ARCHIVED, courses.PAUSED, courses.WITHDRAWN, courses.IN_REVIEW),
        *(courses.APPROVED, courses.REFUSED, courses.UNFINISHED, courses.TRANSLATED, courses.PRICED),
        *(courses.WRITTEN, courses.HANDED_IN, plots.FIRST_LIST, plots.SECOND_LIST, plots.CATALOGUE),
        [plot.listing for plot in plots.PLOTS],
        lots.OFFERED,
    ],
)
def test_every_listing_that_a_course_names_exists(named: Iterable[str]) -> None:
    assert set(named) <= {piece.key for piece in SHOWN}


def test_every_course_runs_forward_in_the_past_and_is_approved_by_another_person() -> None:
    for piece in SHOWN:
        steps = course(piece)
        days = [step.days for step in steps]
        assert days == sorted(days, reverse=True), piece.key
        assert all(0 < day < BEGINNING for day in days), piece.key
        wrote = {step.by for step in steps if step.move in (Move.DRAFT, Move.CHANGE)}
        approved = {step.by for step in steps if step.move is Move.APPROVE}
        assert not wrote & approved, piece.key


def test_every_draft_that_is_unfinished_lacks_what_it_is_said_to_lack() -> None:
    for piece in SHOWN:
        if piece.key in courses.UNFINISHED:
            (step,) = course(piece)
            assert not set(courses.UNFINISHED[piece.key]) & set(step.said)
            assert unmet(Verb.SUBMIT, CONTENT.validate_python(step.said), NOW)


def test_deals_rounds_and_challenges_are_held_on_invented_listings_alone() -> None:
    assert all(plot.listing.startswith("demo-") for plot in plots.DEALS)
    assert all(key.startswith("demo-") for key in lots.OFFERED)


def test_there_is_somebody_for_every_role_that_the_story_needs() -> None:
    held = {player.role for body in CAST for player in body.players}
    assert held == set(Role) - {Role.REVIEWER, Role.ADMIN}
