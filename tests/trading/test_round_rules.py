"""The state machines of a round and of a registration, and what the clock asks for, without a database."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError

from market.errors import WrongState
from market.settings import Settings
from market.trading import rules
from market.trading.rules import FROM, STEP_DURING, STEP_FROM, Step, Verb
from schemas.vocabulary import RegistrationStatus, RoundStatus

S, R, V = RoundStatus, RegistrationStatus, Verb
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)

# Written a second time, from the model of the trade: from where each verb leads on.
POSSIBLE: dict[Verb, set[RoundStatus]] = {
    V.CHANGE: {S.DRAFT},
    V.APPROVE: {S.DRAFT},
    V.ANNOUNCE: {S.APPROVED},
    V.WITHDRAW: {S.DRAFT, S.APPROVED, S.ANNOUNCED, S.QUALIFYING},
    V.REGISTER: {S.ANNOUNCED},
    V.QUALIFY: {S.ANNOUNCED, S.QUALIFYING},
    V.END_REGISTRATION: {S.ANNOUNCED},
    V.BEGIN: {S.QUALIFYING},
    V.SUSPEND: {S.BIDDING},
    V.RESUME: {S.SUSPENDED},
    V.VOID: {S.BIDDING, S.SUSPENDED, S.OPENING, S.PROVISIONAL_AWARD},
    V.CLOSE: {S.BIDDING},
    V.OPEN: {S.OPENING},
    V.CONFIRM: {S.PROVISIONAL_AWARD},
    V.DEFAULT: {S.PROVISIONAL_AWARD},
    V.SETTLE: {S.DEFAULTED},
    V.RELIST: {S.NO_SALE, S.FAILED_NO_BIDDER, S.DEFAULTED},
}


@pytest.mark.parametrize(("verb", "status"), list(itertools.product(Verb, RoundStatus)))
def test_every_verb_in_every_state(verb: Verb, status: RoundStatus) -> None:
    if status in POSSIBLE[verb]:
        rules.check_transition(verb, status)
        return
    with pytest.raises(WrongState) as refused:
        rules.check_transition(verb, status)
    assert refused.value.detail.startswith(f"the round is {status.value};")
    named = refused.value.detail.rpartition(": ")[2].split(", ")
    assert set(named) == {state.value for state in POSSIBLE[verb]}


def test_what_has_ended_never_moves_again() -> None:
    moving = set(Verb) - {V.SETTLE, V.RELIST}  # which make something of it, and leave it as it is
    assert not [verb for verb in moving if FROM[verb] & rules.ENDED]
    assert not rules.ENDED & rules.OPEN
    assert rules.ENDED | rules.OPEN | {S.DRAFT} == set(S)


def test_the_winner_is_named_only_when_the_bidding_has_ended() -> None:
    assert {S.PROVISIONAL_AWARD, S.CONFIRMED, S.DEFAULTED} == rules.NAMED
    assert not rules.NAMED & (FROM[V.CLOSE] | FROM[V.SUSPEND] | FROM[V.RESUME])


@pytest.mark.parametrize(
    ("step", "status", "during"), list(itertools.product(Step, RegistrationStatus, RoundStatus))
)
def test_every_step_of_a_registration_in_every_state_of_its_round(
    step: Step, status: RegistrationStatus, during: RoundStatus
) -> None:
    before_bidding = {S.ANNOUNCED, S.QUALIFYING}
    times = {S.ANNOUNCED} if step is Step.WITHDRAW else before_bidding
    froms = {R.APPLIED} if step in (Step.QUALIFY, Step.REFUSE) else {R.APPLIED, R.QUALIFIED}
    if during in times and status in froms:
        rules.check_step(step, status, during)
        return
    with pytest.raises(WrongState) as refused:
        rules.check_step(step, status, during)
    what, wrong = ("round", during) if during not in times else ("registration", status)
    assert refused.value.detail.startswith(f"the {what} is {wrong.value};")


def test_every_step_is_possible_somewhere() -> None:
    assert set(STEP_FROM) == set(STEP_DURING) == set(Step)


BOUNDS = {
    "registration_until": AT,
    "bidding_from": AT + timedelta(hours=1),
    "ends_at": AT + timedelta(days=1),
}
ASKED = {
    S.ANNOUNCED: ("registration_until", V.END_REGISTRATION),
    S.QUALIFYING: ("bidding_from", V.BEGIN),
    S.BIDDING: ("ends_at", V.CLOSE),
}


@pytest.mark.parametrize("status", RoundStatus)
def test_the_clock_asks_for_a_turn_from_the_very_instant_on(status: RoundStatus) -> None:
    if status not in ASKED:
        far = AT + timedelta(days=9999)
        assert rules.due(status, **BOUNDS, now=far) is None
        return
    name, verb = ASKED[status]
    assert rules.due(status, **BOUNDS, now=BOUNDS[name] - TICK) is None
    assert rules.due(status, **BOUNDS, now=BOUNDS[name]) is verb
    assert rules.due(status, **BOUNDS, now=BOUNDS[name] + TICK) is verb


@pytest.mark.parametrize(
    ("qualified", "sealed", "status"),
    [
        (0, False, S.FAILED_NO_BIDDER),
        (1, False, S.SINGLE_BIDDER),
        (2, False, S.BIDDING),
        (99, False, S.BIDDING),
        (0, True, S.FAILED_NO_BIDDER),
        (1, True, S.BIDDING),
        (2, True, S.BIDDING),
    ],
)
def test_how_many_have_qualified_decides_how_it_goes_on(
    qualified: int, sealed: bool, status: RoundStatus
) -> None:
    assert rules.begins_as(qualified, sealed=sealed) is status


def test_a_suspension_gives_back_exactly_the_time_it_took() -> None:
    resumed = AT + timedelta(hours=3, microseconds=7)
    end = AT + timedelta(seconds=1)
    assert rules.after_pause(end, AT, resumed) - resumed == end - AT


def a_setting(**values: object) -> Settings:
    given: dict[str, object] = {"database_url": "postgresql://nobody@127.0.0.1/nowhere", "demo": True}
    return Settings.model_validate(given | values)


def test_short_periods_are_for_the_demo_alone() -> None:
    assert a_setting().round_periods == "legal"
    assert a_setting(round_periods="short").round_periods == "short"
    with pytest.raises(ValidationError, match="MARKET_ROUND_PERIODS"):
        a_setting(round_periods="short", demo=False, secret_key=SecretStr("x" * 32))
    with pytest.raises(ValidationError):
        a_setting(round_periods="none")
