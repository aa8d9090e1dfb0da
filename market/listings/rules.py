"""The state machine of a listing, four eyes, freshness, and what changed between two documents; no database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from market.errors import NotAllowed, WrongState
from market.opportunities import rules as opportunities
from market.products import rules as products
from market.results import rules as results
from market.workdays import legal_day
from schemas.listings import Content, Difference, OpportunityContent, ProductContent, ResultContent, Unmet
from schemas.vocabulary import ListingStatus, Review

CONFIRM_EVERY = timedelta(days=180)
ARCHIVE_AFTER = timedelta(days=60)
"""A stale listing that nobody confirms is archived."""

CONTENT: TypeAdapter[ResultContent | ProductContent | OpportunityContent] = TypeAdapter(Content)

S = ListingStatus
BEFORE_PUBLICATION = frozenset({S.DRAFT, S.IN_REVIEW, S.APPROVED})
PUBLIC = frozenset({S.PUBLISHED, S.STALE, S.IN_ROUND, S.UNDER_DEAL, S.CLOSED, S.EXPIRED})
"""The states in which the public reads the document."""
SEARCHABLE = frozenset({S.PUBLISHED, S.STALE, S.IN_ROUND, S.UNDER_DEAL})
ENDED = frozenset({S.WITHDRAWN, S.CLOSED})


class Verb(StrEnum):
    CHANGE = "change"
    SUBMIT = "submit"
    REFUSE = "refuse"
    APPROVE = "approve"
    PUBLISH = "publish"
    PAUSE = "pause"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    GO_STALE = "go_stale"
    ARCHIVE = "archive"
    EXPIRE = "expire"
    END_ANSWERS = "end_answers"
    """At the deadline of an opportunity that was awarded."""
    HOLD = "hold"
    RELEASE = "release"
    CLOSE = "close"
    ENTER_ROUND = "enter_round"
    LEAVE_ROUND = "leave_round"


_CHANGED_WHILE_IT_STANDS = frozenset({S.PUBLISHED, S.STALE, S.PAUSED, S.EXPIRED})

FROM: Mapping[Verb, frozenset[ListingStatus]] = {
    Verb.CHANGE: frozenset({S.DRAFT, S.APPROVED}) | _CHANGED_WHILE_IT_STANDS,
    Verb.SUBMIT: frozenset({S.DRAFT}) | _CHANGED_WHILE_IT_STANDS,
    Verb.REFUSE: frozenset({S.IN_REVIEW}) | _CHANGED_WHILE_IT_STANDS,
    Verb.APPROVE: frozenset({S.IN_REVIEW}) | _CHANGED_WHILE_IT_STANDS,
    Verb.PUBLISH: frozenset({S.APPROVED}) | _CHANGED_WHILE_IT_STANDS,
    Verb.PAUSE: frozenset({S.PUBLISHED, S.STALE}),
    Verb.CONFIRM: frozenset({S.PUBLISHED, S.STALE, S.ARCHIVED}),
    Verb.WITHDRAW: frozenset(S) - ENDED - {S.IN_ROUND, S.UNDER_DEAL},
    Verb.GO_STALE: frozenset({S.PUBLISHED}),
    Verb.ARCHIVE: frozenset({S.STALE}),
    Verb.EXPIRE: frozenset({S.PUBLISHED, S.STALE}),
    Verb.END_ANSWERS: frozenset({S.PUBLISHED, S.STALE}),
    Verb.HOLD: frozenset({S.PUBLISHED, S.STALE}),
    Verb.RELEASE: frozenset({S.UNDER_DEAL}),
    Verb.CLOSE: frozenset({S.UNDER_DEAL}),
    Verb.ENTER_ROUND: frozenset({S.PUBLISHED}),
    Verb.LEAVE_ROUND: frozenset({S.IN_ROUND}),
}
"""From which states each verb is possible. A change of a published listing is reviewed while the old one stands; an
expired opportunity comes back with a later deadline in this way. While it is offered in a round, nothing of it changes.
"""

BY_TIME: Mapping[Verb, ListingStatus] = {
    Verb.GO_STALE: S.STALE,
    Verb.ARCHIVE: S.ARCHIVED,
    Verb.EXPIRE: S.EXPIRED,
    Verb.END_ANSWERS: S.CLOSED,
}
"""Where the verbs lead that the passing of time does by itself."""

REVIEW_FROM: Mapping[Verb, frozenset[Review]] = {
    Verb.CHANGE: frozenset({Review.DRAFT, Review.APPROVED, Review.CLEAN}),
    Verb.SUBMIT: frozenset({Review.DRAFT}),
    Verb.REFUSE: frozenset({Review.IN_REVIEW}),
    Verb.APPROVE: frozenset({Review.IN_REVIEW}),
    Verb.PUBLISH: frozenset({Review.APPROVED}),
}


def check_transition(verb: Verb, status: ListingStatus, review: Review) -> None:
    """Raise WrongState where the verb is not possible, naming the states from which it is."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the listing is {status}; {verb.value.replace('_', ' ')} is possible from: {able}")
    reviews = REVIEW_FROM.get(verb)
    if reviews is not None and review not in reviews:
        able = ", ".join(sorted(reviews))
        raise WrongState(f"its content is {review}; {verb} is possible while the content is: {able}")


def check_four_eyes(approver: UUID, editors: Sequence[UUID]) -> None:
    """Whoever wrote in the content may not approve it."""
    if approver in editors:
        raise NotAllowed("four eyes: you have written in this content, another person approves it")


def is_due(
    status: ListingStatus,
    confirm_due_at: datetime | None,
    now: datetime,
    *,
    deadline_at: datetime | None = None,
    awarded: bool = False,
) -> Verb | None:
    """What the passing of time does to a listing at `now`; the very instant of a time counts as reached.

    An opportunity takes no more answers, a listing that nobody confirmed goes stale or is archived, or nothing.
    """
    if deadline_at is not None and now >= deadline_at and status in FROM[Verb.EXPIRE]:
        return Verb.END_ANSWERS if awarded else Verb.EXPIRE
    if confirm_due_at is None:
        return None
    if status is S.STALE and now >= confirm_due_at + ARCHIVE_AFTER:
        return Verb.ARCHIVE
    if status is S.PUBLISHED and now >= confirm_due_at:
        return Verb.GO_STALE
    return None


def unmet(
    verb: Verb,
    content: ResultContent | ProductContent | OpportunityContent,
    now: datetime,
    offered: Collection[UUID] = (),
) -> list[Unmet]:
    """The conditions that the content does not meet for SUBMIT, APPROVE or PUBLISH, all of them at once.

    `offered` are the results on offer, among which the one is that a product names as its source.
    """
    found: list[Unmet] = []
    today = legal_day(now)
    if isinstance(content, ResultContent):
        found += results.unmet_for_submission(content, today)
        if verb in (Verb.APPROVE, Verb.PUBLISH):
            found += results.unmet_for_approval(content)
    elif isinstance(content, ProductContent):
        found += products.unmet_for_submission(content, today, offered)
    elif verb is Verb.SUBMIT:
        found += opportunities.unmet_for_submission(content, now)
    else:
        found += opportunities.unmet_for_publication(content, now)
    return found


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: null removes a member, an object goes deeper, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def differences(before: Any, after: Any, pointer: str = "") -> list[Difference]:
    """Where two JSON documents differ, deepest first places named by JSON Pointer; a missing member is null."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[Difference] = []
        for name in sorted(before.keys() | after.keys()):
            step = str(name).replace("~", "~0").replace("/", "~1")
            found += differences(before.get(name), after.get(name), f"{pointer}/{step}")
        return found
    return [] if before == after else [Difference(pointer=pointer, before=before, after=after)]
