"""An open challenge as its sponsor, its entrants, its reviewers and the operator walk it, told in docs/http."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.clock import Clock
from tests.journeys.story import Story

pytestmark = pytest.mark.xdist_group("journeys")

OFFICERS = ("director of the institute", "director of the hospital")
ENTRANTS = ("company", "other company", "railway company")
PANEL = ("first reviewer", "second reviewer", "third reviewer")
OPPORTUNITY: dict[str, Any] = {
    "kind": "opportunity",
    "opportunity_type": "demand",
    "title": {"en": "A way to hear leaks in a conduit of lapis", "zh-Hans": "青金石输水管听漏"},
    "problem": {"en": "Nobody knows where it leaks until a street is wet", "zh-Hans": "漏点难以定位"},
    "needs": {"en": "A way to find a leak to one metre without digging"},
    "kpis": [{"name": {"en": "Error of the position"}, "target": "1 m", "baseline": "15 m"}],
    "budget": {"amount": "900000.00", "currency": "CNY"},
    "deadline": "2099-06-30T17:00:00+08:00",
    "award_rule": {"en": "The best score of the panel"},
    "ip_terms": "shared",
}
RUBRIC = [
    {"criterion": {"en": "Feasibility", "zh-Hans": "可行性"}, "weight": 60, "max": 10},
    {"criterion": {"en": "Costs", "zh-Hans": "成本"}, "weight": 40, "max": 5},
]
SOLUTIONS: dict[str, dict[str, Any]] = {
    "company": {
        "title": {"en": "A cart that listens", "zh-Hans": "听漏小车"},
        "approach": {"en": "Two sensors on a cart; the difference of what they hear gives the place."},
        "price": {"amount": "760000.00", "currency": "CNY"},
    },
    "other company": {
        "title": {"en": "A fibre along the pipe"},
        "approach": {"en": "The fibre feels where it is warm."},
        "price": {"amount": "880000.00", "currency": "CNY"},
    },
    "railway company": {
        "title": {"en": "Waves of pressure"},
        "approach": {"en": "What the gauges show already gives the place."},
    },
}
SCORES = {"company": (9, 4), "other company": (7, 3), "railway company": (6, 5)}


def test_an_open_challenge_goes_from_its_publication_to_its_award(
    client: Any, clock: Clock, environment: Mapping[str, str], tmp_path: Path
) -> None:
    story = Story(
        client,
        "challenge",
        "An open challenge",
        "A university puts out an opportunity as an open challenge (揭榜挂帅): questions are answered in public, "
        "solutions are sealed until the deadline has passed, three reviewers without conflicts score them against the "
        "published rubric, and the award follows. In this hall of a demonstration the periods are short, which the "
        "rules say; by default fourteen days lie between publication and deadline.",
    )
    story.transcript.call(f"{tmp_path}/", "")
    challenge = _published(story, clock, tmp_path)
    at = f"/challenges/{challenge['id']}"
    _asked(story, at)
    clock.let_pass(hours=2, minutes=1)
    _submitted(story, at, tmp_path)
    clock.let_pass(hours=1)
    _seated(story, at)
    _opened(story, at, tmp_path)
    best = _scored(story, at)
    _awarded(story, at, best)
    told = story.market(
        "The hall recomputes every challenge from its rows: rules, receipts, what the sealed solutions open to, "
        "scores and their dispersion, the award.",
        environment,
        "verify",
    )
    assert told == "Nothing was touched."
    story.write()


def _published(story: Story, clock: Clock, folder: Path) -> dict[str, Any]:
    people = _officers(story, folder)
    listing = story.quietly("officer", "POST", "/listings", OPPORTUNITY)
    for who, verb in (("officer", "submission"), ("director", "approval"), ("director", "publication")):
        story.quietly(who, "POST", f"/listings/{listing['id']}/{verb}")
    story.chapter("The plan and its publication")
    at = clock.now

    def later(name: str, **time: float) -> str:
        said = (at + timedelta(**time)).isoformat()
        story.transcript.call(said, f"{{{name}}}")
        return said

    plan = {
        "kind": "open_challenge",
        "rubric": RUBRIC,
        "questions_until": later("in one hour", hours=1),
        "submissions_from": later("in two hours", hours=2),
        "submissions_until": later("in three hours", hours=3),
        "award_rule": {"en": "The best score", "zh-Hans": "按得分择优"},
        "ip_terms": {"en": "Shared by both", "zh-Hans": "双方共享"},
        "budget": OPPORTUNITY["budget"],
        "shortlist": 2,
        "public_money": False,
        "opening": {"officers": people, "threshold": 2},
    }
    body = {"listing_id": listing["id"], "plan": plan}
    draft = story(
        "An officer plans the challenge on a published opportunity: rubric, times, budget, who will own what comes out "
        "of it, and which two officers open the solutions together.",
        "officer",
        "POST",
        "/challenges",
        body,
    )
    path = f"/challenges/{draft['id']}"
    story("The director, who has not written in it, approves it.", "director", "POST", f"{path}/approval")
    published: dict[str, Any] = story(
        "The operator publishes it (发榜): the rules are frozen, and a key is made to which the solutions are sealed.",
        "operator",
        "POST",
        f"{path}/publication",
    )
    story("Anybody reads the rules.", "public", "GET", f"{path}/rules")
    return published


def _officers(story: Story, folder: Path) -> list[str]:
    """Two people of two organisations that take no part, with keys made at home; their ids."""
    story.chapter("The opening officers")
    people = []
    for number, who in enumerate(OFFICERS):
        public = story.script(
            "Whoever opens sealed solutions makes a key at home."
            if number == 0
            else "So does the second officer.",
            "seal_bid.py",
            "key",
            str(folder / f"officer-{number + 1}.key"),
            called=f"public key of the {who}",
        )
        key = {"public_key": public}
        if number == 0:
            story("Its public half is registered.", who, "POST", "/people/me/opening-key", key)
        else:
            story.quietly(who, "POST", "/people/me/opening-key", key)
        people.append(story.quietly(who, "GET", "/people/me")["id"])
        story.transcript.call(people[-1], f"{{id of the {who}}}")
    return people


def _asked(story: Story, at: str) -> None:
    story.chapter("Questions, answered in public")
    question = story(
        "In the question period whoever belongs to a verified organisation asks.",
        "company",
        "POST",
        f"{at}/questions",
        {"question": "May the water be stopped for a night?"},
    )
    story(
        "The sponsor answers once, for all.",
        "officer",
        "POST",
        f"{at}/questions/{question['id']}/answer",
        {"answer": "No, but the pressure may be halved."},
    )
    story("Everybody reads it, and nobody who asked.", "public", "GET", f"{at}/questions")


def _submitted(story: Story, at: str, folder: Path) -> None:
    story.chapter("Sealed submissions")
    address = f"{str(story.client.base_url).rstrip('/')}/api/v1{at}"
    file = folder / "solution.json"
    file.write_text(json.dumps(SOLUTIONS["company"], ensure_ascii=False), encoding="utf-8")
    me = story.quietly("company", "GET", "/people/me")
    organisation = me["memberships"][0]["organisation_id"]
    story.transcript.call(organisation, "{id of the company}")
    blob = story.script(
        "A company seals its solution on its own machine; a page does the same with `sealSubmission` of "
        "`/assets/seal-bid.js`.",
        "seal_bid.py",
        "submission",
        address,
        "--organisation",
        organisation,
        "--solution",
        str(file),
        called="sealed solution",
    )
    receipt = story(
        "It is taken, and the receipt says what was taken and when. Until the deadline another one may take its place.",
        "company",
        "POST",
        f"{at}/submissions",
        {"sealed": blob},
        key=True,
    )
    assert receipt["sealed_by"] == "client"
    weaker = story(
        "Another company lets the server seal, which the receipt marks as weaker.",
        "other company",
        "POST",
        f"{at}/submissions",
        {"solution": SOLUTIONS["other company"]},
        key=True,
    )
    assert weaker["sealed_by"] == "server"
    third = {"solution": SOLUTIONS["railway company"]}
    story.quietly("railway company", "POST", f"{at}/submissions", third, key=True)
    refused = story(
        "Whoever wrote the challenge does not answer it.",
        "officer",
        "POST",
        f"{at}/submissions",
        third,
        key=True,
        status=403,
    )
    assert {error["rule"] for error in refused["errors"]} == {"CH-1"}
    nothing = story(
        "How many came is nobody's to know before the deadline.", "operator", "GET", f"{at}/submissions"
    )
    assert nothing["items"] == []


def _seated(story: Story, at: str) -> None:
    story.chapter("The panel")
    people = {who: story.quietly(who, "GET", "/people/me")["id"] for who in PANEL}
    for who, person in people.items():
        story.transcript.call(person, f"{{id of the {who}}}")
    conflicted = story.quietly("company", "GET", "/people/me")["id"]
    story.transcript.call(conflicted, "{id of somebody of the company}")
    refused = story(
        "After the deadline the operator names reviewers. Nobody who stands to gain is among them.",
        "operator",
        "POST",
        f"{at}/panel",
        {"people": [conflicted]},
        status=422,
    )
    assert {error["rule"] for error in refused["errors"]} == {"CH-2"}
    story(
        "Three people of three other organisations are named.",
        "operator",
        "POST",
        f"{at}/panel",
        {"people": list(people.values())},
    )
    said = {"no_conflict": True, "statement": "I know none of them."}
    story(
        "Each of them declares to be without conflict of interest (回避声明).",
        PANEL[0],
        "POST",
        f"{at}/panel/declaration",
        said,
    )
    for who in PANEL[1:]:
        story.quietly(who, "POST", f"{at}/panel/declaration", said)
    begun = story("The review begins.", "operator", "POST", f"{at}/review")
    assert begun["status"] == "reviewing"


def _opened(story: Story, at: str, folder: Path) -> None:
    story.chapter("The opening")
    for number, who in enumerate(OFFICERS):
        share = story.quietly(who, "GET", f"{at}/opening/share")
        arguments = ("share", "-", "--key", str(folder / f"officer-{number + 1}.key"))
        words = story.script(
            "Each officer decrypts their share at home,"
            if number == 0
            else "When the second one does so too,",
            "seal_bid.py",
            *arguments,
            called=f"words of the {who}",
            stdin=json.dumps(share),
        )
        story(
            "and hands in its words; one alone opens nothing." if number == 0 else "the key is whole.",
            who,
            "POST",
            f"{at}/opening/shares",
            {"words": words},
        )


def _scored(story: Story, at: str) -> str:
    """The alias of the best."""
    story.chapter("The scores")
    aliases = {}
    for who in ENTRANTS:
        (own,) = story.quietly(who, "GET", f"{at}/entrants")
        aliases[who] = own["alias"]
        story.transcript.call(own["alias"], f"{{alias of the {who}}}")
    first = f"{at}/entrants/{aliases['company']}"
    (mine,) = story("An entrant finds its own solution, under an alias.", "company", "GET", f"{at}/entrants")
    assert mine["fault"] is None
    assert len(story.quietly(PANEL[0], "GET", f"{at}/entrants")) == len(ENTRANTS)
    for number, reviewer in enumerate(PANEL):
        for who, (feasible, cheap) in SCORES.items():
            said = {
                "scores": [
                    {"score": feasible - number % 2, "comment": "A prototype was shown."},
                    {"score": cheap, "comment": "Within the budget."},
                ]
            }
            if (number, who) == (0, "company"):
                story(
                    "A reviewer reads all of them, unnamed, and scores each against the rubric, for good.",
                    reviewer,
                    "POST",
                    f"{first}/reviews",
                    said,
                )
            else:
                story.quietly(reviewer, "POST", f"{at}/entrants/{aliases[who]}/reviews", said)
    story(
        "When all have scored everything, the operator ends the review.",
        "operator",
        "POST",
        f"{at}/shortlist",
    )
    results = story(
        "The ranking is public, with how far the reviewers were apart.", "public", "GET", f"{at}/results"
    )
    best: str = results["ranking"][0]["alias"]
    assert best == aliases["company"]
    return best


def _awarded(story: Story, at: str, best: str) -> None:
    story.chapter("The award")
    story(
        "The sponsor's director awards the best. Another one would take reasons that everybody reads.",
        "director",
        "POST",
        f"{at}/award",
        {"awardees": [best]},
        key=True,
    )
    results = story("With the award the name is public.", "public", "GET", f"{at}/results")
    assert [each["alias"] for each in results["awardees"]] == [best]
    story("The record of the challenge is kept.", "public", "GET", at)
