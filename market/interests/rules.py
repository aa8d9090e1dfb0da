"""What an interest must say, when a listing takes one, its state machine and its reply clock; no database."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from market import workdays
from market.errors import WrongState
from schemas.interests import InterestForm
from schemas.listings import Unmet
from schemas.vocabulary import (
    InterestStatus,
    LicenceKind,
    ListingKind,
    ListingStatus,
    Mode,
    VerificationLevel,
)

REPLY_WORKING_DAYS = 10
LEAST_VERIFICATION = VerificationLevel.L1
APPLICATION = "37-CFR-404.8"
"""The items of an application for a licence to federally owned inventions, borrowed as our form."""

S = InterestStatus
OPEN = frozenset({S.SUBMITTED, S.ACKNOWLEDGED, S.DISCLOSED, S.NEGOTIATING})
"""One company has at most one of these for a listing."""


class Verb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    DISCLOSE = "disclose"
    NEGOTIATE = "negotiate"
    AGREE = "agree"
    PASS = "pass"  # noqa: S105 - the verb
    DECLINE = "decline"


FROM: Mapping[Verb, frozenset[InterestStatus]] = {
    Verb.ACKNOWLEDGE: frozenset({S.SUBMITTED}),
    Verb.DISCLOSE: frozenset({S.ACKNOWLEDGED}),
    Verb.NEGOTIATE: frozenset({S.ACKNOWLEDGED, S.DISCLOSED}),
    Verb.AGREE: frozenset({S.NEGOTIATING}),
    Verb.PASS: OPEN,
    Verb.DECLINE: OPEN,
}
TO: Mapping[Verb, InterestStatus] = {
    Verb.ACKNOWLEDGE: S.ACKNOWLEDGED,
    Verb.DISCLOSE: S.DISCLOSED,
    Verb.NEGOTIATE: S.NEGOTIATING,
    Verb.AGREE: S.AGREED,
    Verb.PASS: S.PASSED,
    Verb.DECLINE: S.DECLINED,
}
ANSWERS = frozenset({Verb.ACKNOWLEDGE, Verb.DECLINE})
"""What the owner does to stop the reply clock."""


def next_status(verb: Verb, status: InterestStatus) -> InterestStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the interest is {status}; {verb.value} is possible from: {able}")
    return TO[verb]


def reply_clock(at: datetime) -> tuple[datetime, dict[str, Any]]:
    """When the owner's answer to an interest submitted at `at` is due, and what that was computed from."""
    due = workdays.add_working_days(at, REPLY_WORKING_DAYS)
    return due, {
        "submitted_at": at.isoformat(),
        "working_days": REPLY_WORKING_DAYS,
        "calendar": workdays.CALENDAR,
        "confirmed": workdays.is_confirmed_between(at, due),
    }


def is_overdue(status: InterestStatus, reply_due_at: datetime, now: datetime) -> bool:
    """Whether the owner still owes the first answer; at the end instant itself it is late."""
    return status is S.SUBMITTED and now >= reply_due_at


_LICENCE_OF_MODE = {
    Mode.EXCLUSIVE_LICENCE: LicenceKind.EXCLUSIVE,
    Mode.SOLE_LICENCE: LicenceKind.SOLE,
    Mode.ORDINARY_LICENCE: LicenceKind.ORDINARY,
    Mode.OPEN_LICENCE: LicenceKind.ORDINARY,
}
_WITHOUT_LICENCE = frozenset({Mode.TRANSFER, Mode.EQUITY})
_EXCLUSIVE_MODES = frozenset({Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE})
_EXCLUSIVE_KINDS = frozenset({LicenceKind.EXCLUSIVE, LicenceKind.SOLE})


def licence_kind(form: InterestForm) -> LicenceKind | None:
    """The licence kind that is asked for: as stated, else as the mode implies."""
    return form.licence_kind or (_LICENCE_OF_MODE.get(form.mode) if form.mode else None)


def is_exclusive(form: InterestForm) -> bool:
    """Whether it would keep others, or the owner, from the technology."""
    return form.mode in _EXCLUSIVE_MODES or licence_kind(form) in _EXCLUSIVE_KINDS


def why_not_taken(
    status: ListingStatus, document: Mapping[str, Any], form: InterestForm, now: datetime
) -> str | None:
    """Why a listing that is public takes no such interest now, or None. `document` is its published version."""
    today = workdays.legal_day(now)
    if status is ListingStatus.CLOSED:
        return "this listing is closed: its deal was made"
    deadline = document.get("deadline")
    if deadline and (status is ListingStatus.EXPIRED or now >= datetime.fromisoformat(deadline)):
        return f"answers to this opportunity were due by {deadline}"
    valid_until = document.get("valid_until")
    if valid_until and today > date.fromisoformat(valid_until):
        return f"this offer ended on {valid_until}"
    rights = document.get("ip_rights", [])
    ends = [right.get("expires_on") for right in rights]
    if rights and all(end and today > date.fromisoformat(end) for end in ends):
        return "every right of this listing has expired"
    if status is ListingStatus.IN_ROUND and is_exclusive(form):
        return "this listing is offered in a trading round: register for the round instead"
    if status is ListingStatus.UNDER_DEAL and is_exclusive(form):
        return "an exclusive deal on this listing is open: no further exclusive request is taken"
    return None


def unmet(form: InterestForm, kind: ListingKind, offered: list[Mode]) -> list[Unmet]:
    """Everything that the form lacks or contradicts for a listing that offers these modes (none: any)."""
    if kind is ListingKind.OPPORTUNITY:
        found = [] if form.solution else [Unmet(pointer="/solution", detail="say which solution you offer")]
        return found + list(_contradicting(form))
    found = list(_of_the_mode(form, offered)) + list(_contradicting(form))
    if form.solution:
        found.append(Unmet(pointer="/solution", detail="a solution is offered to an opportunity alone"))
    if is_exclusive(form):
        found += _lacking_for_exclusive(form)
    return found


def _of_the_mode(form: InterestForm, offered: list[Mode]) -> Iterator[Unmet]:
    if form.mode is None:
        yield Unmet(pointer="/mode", detail="say in which mode you want it")
    elif offered and form.mode not in offered:
        yield Unmet(pointer="/mode", detail=f"the listing offers: {', '.join(offered)}")


def _contradicting(form: InterestForm) -> Iterator[Unmet]:
    if form.mode is None or form.licence_kind is None:
        return
    if form.mode in _WITHOUT_LICENCE:
        yield Unmet(pointer="/licence_kind", detail=f"{form.mode} is no licence")
    elif form.licence_kind is not _LICENCE_OF_MODE.get(form.mode, form.licence_kind):
        yield Unmet(pointer="/licence_kind", detail=f"{form.mode} is not of the kind {form.licence_kind}")


def _lacking_for_exclusive(form: InterestForm) -> list[Unmet]:
    """An exclusive request shows what the applicant will do with it, by when, and with what money."""
    wanted = {
        "field_of_use": "name the field of use",
        "territory": "name the territory, or worldwide",
        "incorporation": "say where the company is incorporated",
        "representative": "name a representative for the owner to write to",
    }
    plan_wanted = {
        "time": "say by when it will be in use",
        "nature": "say what will be done, step by step",
        "capital": "say how much capital is planned for it",
        "capability": "say which people and plant will do it",
    }
    lacking = [(f"/{name}", detail) for name, detail in wanted.items() if not getattr(form, name)]
    plan = form.development_plan
    lacking += [
        (f"/development_plan/{name}", detail)
        for name, detail in plan_wanted.items()
        if plan is None or getattr(plan, name) is None
    ]
    return [Unmet(pointer=where, detail=detail, rule=APPLICATION) for where, detail in lacking]
