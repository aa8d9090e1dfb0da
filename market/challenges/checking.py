"""Checks a challenge against itself: its rules, the record of it, the sealed submissions and what they open to.

No database: `rows` reads what is checked. It believes no column that follows from another; each fault is a sentence
that names the row. What came of the review is in `settled`; whether the record is whole, the ledger checks.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from market.challenges import rules as states
from market.challenges.documents import lid_of, receipt_document, solution_in
from market.challenges.rows import Rows
from market.challenges.rules import Verb
from market.challenges.settled import (
    award_faults,
    compensation_faults,
    gate_faults,
    panel_faults,
    proposal_faults,
    ranking_faults,
    team_faults,
)
from market.errors import WrongState
from market.ledger.rules import canonical, sha256
from market.sealing.envelope import CannotOpen, Lid, misaddressed, public_key_of, unseal
from market.trading.log import instant
from market.trading.settled import differences
from schemas.challenges import ChallengePlan
from schemas.vocabulary import ChallengeStatus

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
_TURNS = {
    "published": Verb.PUBLISH,
    "questions_closed": Verb.CLOSE_QUESTIONS,
    "submissions_opened": Verb.OPEN_SUBMISSIONS,
    "submissions_closed": Verb.CLOSE,
    "expired": Verb.EXPIRE,
    "review_began": Verb.BEGIN_REVIEW,
    "shortlisted": Verb.SHORTLIST,
    "awarded": Verb.AWARD,
    "nobody_awarded": Verb.AWARD_NOBODY,
    "award_set_aside": Verb.SET_ASIDE,
    "work_began": Verb.START,
    "completed": Verb.COMPLETE,
    "failed": Verb.FAIL,
    "cancelled": Verb.CANCEL,
}
"""What the record calls the verbs that change the state."""
_NOT_BEFORE = {
    "questions_closed": "questions_until",
    "submissions_opened": "submissions_from",
    "submissions_closed": "submissions_until",
    "expired": "submissions_until",
}
"""What the clock has done, and by the rules not before when."""


def faults(rows: Rows) -> list[str]:
    """What is wrong with one challenge; empty when all of it holds."""
    if rows.challenge.rules is None:
        return list(_standing(rows, None))
    found: list[str] = []
    if sha256(rows.challenge.rules) != rows.challenge.rules_sha256:
        found.append("the rules: their bytes or their hash were changed")
    try:
        rules = json.loads(rows.challenge.rules)
        lid = lid_of(rows.challenge.rules, rows.challenge.rules_sha256)
    except _UNREADABLE:
        return [*found, "the rules: they cannot be read as the rules of a challenge"]
    checks: list[tuple[str, Callable[[], Iterable[str]]]] = [
        ("the rules", lambda: _rules(rows, rules)),
        ("where the challenge stands", lambda: _standing(rows, rules)),
        ("the questions", lambda: _questions(rows)),
        ("the submissions", lambda: _submissions(rows, rules, lid)),
        ("the opening", lambda: _entrants(rows, lid)),
        ("the panel", lambda: panel_faults(rows, rules)),
        ("the ranking", lambda: ranking_faults(rows, rules)),
        ("the award", lambda: award_faults(rows, rules)),
        ("the gates", lambda: gate_faults(rows, rules)),
        ("the teams", lambda: team_faults(rows)),
        ("what was proposed", lambda: proposal_faults(rows)),
        ("the compensation", lambda: compensation_faults(rows, rules)),
    ]
    for what, check in checks:
        try:
            found += check()
        except _UNREADABLE:
            found.append(f"{what} cannot be checked: something that they follow from cannot be read")
    return found


def _rules(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """The row, its plan, the opportunity's version and the record of the publication against the rules."""
    row, plan = rows.challenge, ChallengePlan.model_validate(rows.challenge.plan)
    times = ("questions_until", "submissions_from", "submissions_until")
    shown = {name: instant(getattr(row, name)) for name in (*times, "published_at")}
    shown |= {"kind": row.kind, "listing_version": row.listing_version}
    for name, value in shown.items():
        said = rules["listing"]["version"] if name == "listing_version" else rules[name]
        if value != said:
            yield f"the challenge: {name} is {value} and should be {said}"
    said = plan.model_dump(mode="json", exclude={"opening", "budget", "stages", *times})
    said |= {name: instant(getattr(plan, name)) for name in times}
    said |= {"budget": plan.budget.minor, "currency": plan.budget.currency}
    said["stages"] = [
        stage.model_dump(mode="json", exclude={"budget", "until"})
        | {"budget": stage.budget.minor, "until": instant(stage.until)}
        for stage in plan.stages
    ]
    yield from (
        f"the plan: {name} is not as the rules were published"
        for name, value in said.items()
        if rules[name] != value
    )
    if sum(stage["budget"] for stage in rules["stages"]) > rules["budget"]:
        yield "the rules: the budgets of the stages add up to more than the whole"
    ids = [str(each) for each in (row.id, row.listing_id, row.sponsor_id)]
    if ids != [rules["challenge"], rules["listing"]["id"], rules["sponsor"]["id"]]:
        yield "the rules: they are those of another challenge, listing or sponsor"
    if rows.offered is None or rows.offered.hex() != rules["listing"]["sha256"]:
        yield "the rules: they name another document than the listing's version"
    recorded = [each.data.get("rules_sha256") for each in rows.events if each.kind == "published"]
    if recorded != [row.rules_sha256.hex()]:
        yield "the rules: the record of the publication knows other ones"


def _standing(rows: Rows, rules: dict[str, Any] | None) -> Iterator[str]:
    """Where the row says that the challenge stands, against the record of what was done."""
    status, approved_by = ChallengeStatus.DRAFT, None
    reasons = [each.reason for each in rows.events if each.kind in ("cancelled", "nobody_awarded")]
    for event in rows.events:
        name = f"event {event.seq} of the challenge"
        if event.kind in _TURNS:
            try:
                status = states.moved_by(_TURNS[event.kind], status)
            except WrongState as wrong:
                yield f"{name}: {wrong}"
        if event.kind in _NOT_BEFORE and rules and instant(event.at) < rules[_NOT_BEFORE[event.kind]]:
            yield f"{name}: {event.kind} came before its time"
        if event.kind in ("approved", "changed"):
            approved_by = event.actor_id if event.kind == "approved" else None
    expected = {
        "status": status,
        "approved_by": approved_by,
        "reason": reasons[-1] if reasons else None,
        "revision": len(rows.events),
    }
    yield from differences("the challenge", rows.challenge, expected)
    if status is ChallengeStatus.EXPIRED and rows.submissions:
        yield "the challenge: it expired, and something was submitted"


def _questions(rows: Rows) -> Iterator[str]:
    """Each question and its answer against their record."""
    for each in rows.questions:
        name, told = f"question {each.id}", rows.told.get(each.id, {})
        for kind, text, by in (
            ("asked", each.question, each.asked_by),
            ("answered", each.answer, each.answered_by),
        ):
            event = told.get(kind)
            if (event is None) is not (text is None):
                yield f"{name}: the record does not know that it was {kind}, or knows more"
            elif event is not None and text is not None:
                said = event.data.get("sha256")
                if said is not None and said != sha256(text.encode()).hex():
                    yield f"{name}: its text is not what was {kind}"
                if event.actor_id != by:
                    yield f"{name}: somebody else has {kind} it"


def _submissions(rows: Rows, rules: dict[str, Any], lid: Lid) -> Iterator[str]:
    """Each sealed submission against its receipt, its record and the rules."""
    for organisation, theirs in groupby(rows.submissions, key=lambda each: each.organisation_id):
        for expected, each in enumerate(theirs, start=1):
            if each.number != expected:
                yield f"submission {expected} of organisation {organisation} is missing"
                break
    for each in rows.submissions:
        name = f"submission {each.id}"
        event = rows.told.get(each.id, {}).get("submitted")
        if sha256(each.document) != each.hash:
            yield f"{name}: the bytes of its receipt or their hash were changed"
        if event is None or event.data.get("receipt") != each.hash.hex():
            yield f"{name}: the record knows another receipt"
        elif event.actor_id != each.person_id:
            yield f"{name}: somebody else has submitted it"
        row: Any = each
        if receipt_document(row, sha256(each.sealed), rows.challenge.rules_sha256) != each.document:
            yield f"{name}: it is not the one that its receipt tells of"
        if reason := misaddressed(lid, each.organisation_id, each.sealed):
            yield f"{name}: {reason}"
        if not rules["submissions_from"] <= instant(each.at) < rules["submissions_until"]:
            yield f"{name}: it came at {instant(each.at)}, outside of the time for submissions"


def _entrants(rows: Rows, lid: Lid) -> Iterator[str]:
    """The key of the box, and what each organisation's last submission opens to."""
    opened = next((each for each in rows.events if each.kind == "submissions_opened_up"), None)
    box = rows.box
    if box is None or box.public_key != lid.public_key:
        yield "the box: it is missing, or has another key than the rules name"
        return
    if (opened is None) is not (box.private_key is None):
        yield "the box: it was opened and the record does not know it, or the other way round"
        return
    if opened is None:
        yield from (f"entrant {each.alias}: nothing was opened yet" for each in rows.entrants)
        return
    if public_key_of(box.private_key) != box.public_key:
        yield "the box: its private key is another one's"
        return
    last = {each.organisation_id: each for each in rows.submissions}
    if len(last) != opened.data.get("submissions"):
        yield f"the submissions: those of {len(last)} organisations are there, {opened.data.get('submissions')} were opened"
    shown = {each.organisation_id for each in rows.entrants}
    yield from (
        f"submission {each.id}: it was opened, and its entrant is missing"
        for organisation, each in last.items()
        if organisation not in shown
    )
    for each in rows.entrants:
        yield from _entrant(each, last.get(each.organisation_id), box.private_key, lid)


def _entrant(row: Row[Any], submission: Row[Any] | None, key: bytes, lid: Lid) -> Iterator[str]:
    name = f"entrant {row.alias}"
    if submission is None or submission.id != row.submission_id:
        yield f"{name}: it is not the last submission of its organisation"
        return
    try:
        content, fault = solution_in(unseal(lid, row.organisation_id, key, submission.sealed)), None
    except CannotOpen as trouble:
        content, fault = None, str(trouble)
    if row.content is None and (row.fault or "").startswith("CH-1: "):
        return  # who stood on the sponsor's side when it was opened does not follow from these rows
    if row.fault != fault or canonical(row.content) != canonical(content):
        yield f"{name}: it is not what submission {submission.id} opens to"
