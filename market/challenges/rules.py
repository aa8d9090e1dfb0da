"""The state machine of a challenge and what its clock asks for; no database."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from market.errors import WrongState
from schemas.vocabulary import ChallengeStatus

S = ChallengeStatus
ENDED = frozenset({S.NO_AWARD, S.COMPLETED, S.FAILED, S.CANCELLED, S.EXPIRED})
OPEN = frozenset(S) - ENDED - {S.DRAFT}
"""One open challenge of an opportunity at a time."""
RANKED = frozenset({S.SHORTLISTED, S.AWARDED, S.NO_AWARD, S.RUNNING, S.COMPLETED, S.FAILED})
"""The review is over and its results are public."""


class Verb(StrEnum):
    CHANGE = "change"
    APPROVE = "approve"
    PUBLISH = "publish"
    ASK = "ask"
    ANSWER = "answer"
    CLOSE_QUESTIONS = "close_questions"
    OPEN_SUBMISSIONS = "open_submissions"
    SUBMIT = "submit"
    CLOSE = "close"
    EXPIRE = "expire"
    NAME_PANEL = "name_panel"
    DECLARE = "declare"
    RECUSE = "recuse"
    DISMISS = "dismiss"
    BEGIN_REVIEW = "begin_review"
    OPEN = "open"
    REVIEW = "review"
    SHORTLIST = "shortlist"
    AWARD = "award"
    AWARD_NOBODY = "award_nobody"
    RECORD_PUBLICITY = "record_publicity"
    OBJECT = "object"
    DECIDE_OBJECTION = "decide_objection"
    SET_ASIDE = "set_aside"
    """An objection was upheld."""
    START = "start"
    SHOW_EVIDENCE = "show_evidence"
    DECIDE_GATE = "decide_gate"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"


FROM: Mapping[Verb, frozenset[ChallengeStatus]] = {
    Verb.CHANGE: frozenset({S.DRAFT}),
    Verb.APPROVE: frozenset({S.DRAFT}),
    Verb.PUBLISH: frozenset({S.DRAFT}),
    Verb.ASK: frozenset({S.PUBLISHED}),
    Verb.ANSWER: frozenset({S.PUBLISHED, S.QUESTIONS_CLOSED}),
    Verb.CLOSE_QUESTIONS: frozenset({S.PUBLISHED}),
    Verb.OPEN_SUBMISSIONS: frozenset({S.QUESTIONS_CLOSED}),
    Verb.SUBMIT: frozenset({S.SUBMISSIONS_OPEN}),
    Verb.CLOSE: frozenset({S.SUBMISSIONS_OPEN}),
    Verb.EXPIRE: frozenset({S.SUBMISSIONS_OPEN}),
    Verb.NAME_PANEL: frozenset({S.CLOSED, S.REVIEWING}),
    Verb.DECLARE: frozenset({S.CLOSED, S.REVIEWING}),
    Verb.RECUSE: frozenset({S.CLOSED, S.REVIEWING}),
    Verb.DISMISS: frozenset({S.CLOSED, S.REVIEWING}),
    Verb.BEGIN_REVIEW: frozenset({S.CLOSED}),
    Verb.OPEN: frozenset({S.REVIEWING}),
    Verb.REVIEW: frozenset({S.REVIEWING}),
    Verb.SHORTLIST: frozenset({S.REVIEWING}),
    Verb.AWARD: frozenset({S.SHORTLISTED}),
    Verb.AWARD_NOBODY: frozenset({S.SHORTLISTED}),
    Verb.RECORD_PUBLICITY: frozenset({S.AWARDED}),
    Verb.OBJECT: frozenset({S.AWARDED}),
    Verb.DECIDE_OBJECTION: frozenset({S.AWARDED}),
    Verb.SET_ASIDE: frozenset({S.AWARDED}),
    Verb.START: frozenset({S.AWARDED}),
    Verb.SHOW_EVIDENCE: frozenset({S.RUNNING}),
    Verb.DECIDE_GATE: frozenset({S.RUNNING}),
    Verb.COMPLETE: frozenset({S.RUNNING}),
    Verb.FAIL: frozenset({S.RUNNING}),
    Verb.CANCEL: frozenset(S) - ENDED,
}
"""From which states each verb is possible. Answers end before submissions begin, so that all entrants know as much;
nobody is named for the panel before the deadline, and whoever drops out of it later may be replaced."""

TO: Mapping[Verb, ChallengeStatus] = {
    Verb.PUBLISH: S.PUBLISHED,
    Verb.CLOSE_QUESTIONS: S.QUESTIONS_CLOSED,
    Verb.OPEN_SUBMISSIONS: S.SUBMISSIONS_OPEN,
    Verb.CLOSE: S.CLOSED,
    Verb.EXPIRE: S.EXPIRED,
    Verb.BEGIN_REVIEW: S.REVIEWING,
    Verb.SHORTLIST: S.SHORTLISTED,
    Verb.AWARD: S.AWARDED,
    Verb.AWARD_NOBODY: S.NO_AWARD,
    Verb.SET_ASIDE: S.SHORTLISTED,
    Verb.START: S.RUNNING,
    Verb.COMPLETE: S.COMPLETED,
    Verb.FAIL: S.FAILED,
    Verb.CANCEL: S.CANCELLED,
}
"""Where the verbs lead that change the state; all others leave it."""


def check_transition(verb: Verb, status: ChallengeStatus) -> None:
    """Raise WrongState where the verb is not possible, naming the states from which it is."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(
            f"the challenge is {status}; {verb.value.replace('_', ' ')} is possible from: {able}"
        )


def moved_by(verb: Verb, status: ChallengeStatus) -> ChallengeStatus:
    """The state after a verb that is possible; WrongState where it is not."""
    check_transition(verb, status)
    return TO.get(verb, status)


def due(
    status: ChallengeStatus,
    questions_until: datetime,
    submissions_from: datetime,
    submissions_until: datetime,
    *,
    submitted: bool,
    now: datetime,
) -> Verb | None:
    """What the clock asks for at `now`, or None; at the very instant of an end it has ended.

    A deadline at which nothing was submitted lets the challenge expire.
    """
    if status is S.PUBLISHED and now >= questions_until:
        return Verb.CLOSE_QUESTIONS
    if status is S.QUESTIONS_CLOSED and now >= submissions_from:
        return Verb.OPEN_SUBMISSIONS
    if status is S.SUBMISSIONS_OPEN and now >= submissions_until:
        return Verb.CLOSE if submitted else Verb.EXPIRE
    return None
