"""Checks what came of a challenge against its rules and its record: panel, ranking, award, gates; see `checking`.

No database.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from market.challenges import planning, ranking
from market.challenges.compensating import compensation
from market.challenges.planning import LEAST_PANEL
from market.challenges.ranking import Line
from market.challenges.rows import Rows
from market.ledger.rules import canonical, sha256
from market.trading.log import instant
from market.trading.planning import Periods
from market.trading.settled import differences
from schemas.vocabulary import ChallengeKind, GateDecision, ReviewerStatus, TeamStatus


def _of(rows: Rows, *kinds: str) -> list[Row[Any]]:
    return [each for each in rows.events if each.kind in kinds]


def _last(rows: Rows, *kinds: str) -> Row[Any] | None:
    """What happens once at most, and what happened last of what may happen again."""
    found = _of(rows, *kinds)
    return found[-1] if found else None


def _standing(rows: Rows, kind: str) -> Row[Any] | None:
    """What happened last of a kind, unless an objection to the award was upheld since."""
    event = _last(rows, kind, "award_set_aside")
    return event if event is not None and event.kind == kind else None


def _hash(said: Any) -> str:
    return sha256(canonical(said)).hex()


def panel_faults(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """Who is on the panel and how they stand, and every review, against the record."""
    named = [person for event in _of(rows, "panel_named") for person in event.data["people"]]
    declared = {event.data["reviewer"] for event in _of(rows, "no_conflict_declared")}
    left = {event.data["reviewer"] for event in _of(rows, "reviewer_recused", "reviewer_dismissed")}
    begun = bool(_of(rows, "review_began"))
    on_it = {str(each.person_id): each for each in rows.reviewers}
    yield from (f"reviewer {person}: named, and missing" for person in named if person not in on_it)
    for person, row in on_it.items():
        name = f"reviewer {person}"
        if person not in named:
            yield f"{name}: nobody has named them"
        elif row.status is ReviewerStatus.DECLARED and (person not in declared or person in left):
            yield f"{name}: they have not declared to be without conflict, or have left"
        elif row.status is ReviewerStatus.NAMED and (begun or person in declared | left):
            yield f"{name}: the record knows that they have declared or left"
        elif row.status is ReviewerStatus.DROPPED and person not in left and row.reason is None:
            yield f"{name}: they have dropped out without a reason"
    yield from _reviews(rows, rules, set(named))


def _reviews(rows: Rows, rules: dict[str, Any], named: set[str]) -> Iterator[str]:
    aliases = {each.id: each.alias for each in rows.entrants}
    recorded = Counter(
        (str(event.actor_id), event.data["alias"], event.data["sha256"]) for event in _of(rows, "reviewed")
    )
    for each in rows.reviews:
        alias, person = aliases[each.entrant_id], str(each.person_id)
        name, said = f"the review of {alias} by {person}", (person, alias, _hash(each.scores))
        if person not in named:
            yield f"{name}: they are not on the panel"
        if recorded[said]:
            recorded[said] -= 1
        else:
            yield f"{name}: its scores are not those that were recorded"
        given = [score["score"] for score in each.scores]
        most = [line["max"] for line in rules["rubric"]]
        if len(given) != len(most) or not all(0 <= one <= top for one, top in zip(given, most, strict=True)):
            yield f"{name}: its scores are not of the rubric"
    yield from (f"the review of {alias} by {person}: it is missing" for person, alias, _ in +recorded)


def ranking_faults(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """The ranking with its dispersion, computed again from the stored reviews."""
    ended = _last(rows, "shortlisted")
    found = rows.challenge.results
    if ended is None or found is None:
        if (ended is None) is not (found is None):
            yield "the ranking: it is missing, or the review has not ended"
        return
    if ended.data.get("results_sha256") != _hash(found):
        yield "the ranking: the record knows another one"
    seated = {each.person_id for each in rows.reviewers if each.status is ReviewerStatus.DECLARED}
    if len(seated) < LEAST_PANEL:
        yield f"the ranking: {len(seated)} reviewers have judged, and it takes {LEAST_PANEL}"
    scores: dict[str, list[list[int]]] = {}
    for entrant in rows.entrants:
        if entrant.fault is None:
            theirs = {each.person_id: each.scores for each in rows.reviews if each.entrant_id == entrant.id}
            missing = seated - theirs.keys()
            yield from (f"the review of {entrant.alias} by {person}: it is missing" for person in missing)
            scores[entrant.alias] = [
                [score["score"] for score in theirs[person]] for person in sorted(seated & theirs.keys())
            ]
    lines = [Line(each["weight"], each["max"]) for each in rules["rubric"]]
    again = ranking.published(ranking.ranking(lines, scores), rules["shortlist"], len(seated))
    yield from _ranking_differs(
        found, again, {each.alias: each.fault for each in rows.entrants if each.fault}
    )


def _ranking_differs(
    found: dict[str, Any], again: dict[str, Any], void: dict[str, str | None]
) -> Iterator[str]:
    if found["reviewers"] != again["reviewers"]:
        yield f"the ranking: {again['reviewers']} reviewers have judged, not {found['reviewers']}"
    if found["void"] != void:
        yield "the ranking: it leaves out other submissions than those that do not count"
    should = {each["alias"]: each for each in again["ranking"]}
    for each in found["ranking"]:
        alias = each["alias"]
        for name, value in should.pop(alias, {"alias": None}).items():
            if each[name] != value:
                yield f"the ranking: {alias} has {name} {each[name]} and should have {value}"
    yield from (f"the ranking: {alias} is missing" for alias in should)
    order = [each["alias"] for each in again["ranking"]]
    if not should and [each["alias"] for each in found["ranking"]] != order:
        yield f"the ranking: it stands in another order than {', '.join(order)}"


def award_faults(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """The award against the shortlist, the rules, and its record; then its publicity."""
    event = _standing(rows, "awarded")
    row = rows.challenge
    if event is None or row.award is None:
        if (event is None) is not (row.award is None):
            yield "the award: it is missing, or the record does not know it"
        return
    awardees = event.data["awardees"]
    said = {"follows_rank": event.data["follows_rank"], "reasons": event.reason, "at": instant(event.at)}
    yield from (
        f"the award: {name} is {row.award.get(name)} and should be {value}"
        for name, value in said.items()
        if row.award.get(name) != value
    )
    listed = {each["alias"]: each["rank"] for each in row.results["ranking"] if each["shortlisted"]}
    yield from (f"the award: {alias} was not shortlisted" for alias in awardees if alias not in listed)
    if len(awardees) > rules["awards"]:
        yield f"the award: {len(awardees)} were awarded, and the rules allow {rules['awards']}"
    ranks = {each["alias"]: each["rank"] for each in row.results["ranking"]}
    if set(awardees) <= ranks.keys() and ranking.follows_rank(ranks, awardees) is not said["follows_rank"]:
        yield f"the award: follows_rank is {said['follows_rank']}, which the ranking does not give"
    yield from _publicity(rows, rules)


def _publicity(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    recorded = _standing(rows, "publicity_recorded")
    begun = _last(rows, "work_began")
    found = rows.challenge.publicity
    if found != (recorded.data if recorded else None):
        yield "the publicity: the record knows another one"
    if found is not None:
        published = datetime.fromisoformat(found["published_at"])
        until = instant(planning.publicity_until(published, Periods(rules["periods"])))
        if found["until"] != until:
            yield f"the publicity: until is {found['until']} and should be {until}"
    if begun and rules["public_money"] and (found is None or instant(begun.at) < found["until"]):
        yield "the work: it began before the award had stood in public"


def gate_faults(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """The evidence, and what was decided at each gate of a race, against the rules and the record."""
    aliases = {each.id: each.alias for each in rows.entrants}
    recorded = Counter(
        (event.data["team"], event.data["stage"], event.data["sha256"])
        for event in _of(rows, "evidence_shown")
    )
    for each in rows.evidence:
        said = (aliases[each.entrant_id], each.stage, sha256(each.evidence.encode()).hex())
        if recorded[said]:
            recorded[said] -= 1
        else:
            yield f"evidence {each.id}: it is not what was recorded"
    yield from (f"the evidence of {team} for stage {stage}: it is missing" for team, stage, _ in +recorded)
    race = rows.challenge.kind is ChallengeKind.HORSE_RACE and bool(_of(rows, "work_began"))
    events, gates = _of(rows, "gate_decided"), rows.challenge.gates
    stage = 1 + len(events) if race else None
    yield from differences("the challenge", rows.challenge, {"stage": stage})
    if len(gates) != len(events):
        yield f"the gates: {len(gates)} are there, {len(events)} were decided"
        return
    shown = {(aliases[each.entrant_id], each.stage) for each in rows.evidence}
    for number, (gate, event) in enumerate(zip(gates, events, strict=True), start=1):
        name = f"gate {number}"
        decided = {"decisions": gate["decisions"]}
        if (gate["stage"], gate["at"], _hash(decided)) != (number, instant(event.at), event.data["sha256"]):
            yield f"{name}: it is not what was recorded"
        on = [each["team"] for each in gate["decisions"] if each["decision"] == GateDecision.PASS]
        rule = rules["stages"][number - 1]
        if len(on) > rule["keep"]:
            yield f"{name}: {len(on)} went on, and the rules keep {rule['keep']}"
        yield from (f"{name}: {team} went on without evidence" for team in on if (team, number) not in shown)
        if instant(event.at) < rule["until"]:
            yield f"{name}: it was decided before its stage had ended"


def team_faults(rows: Rows) -> Iterator[str]:
    """Where each team stands, from what was awarded, begun, decided and ended."""
    teams: dict[str, TeamStatus] = {}
    gates = iter(rows.challenge.gates)
    for event in rows.events:
        if event.kind == "awarded":
            teams = dict.fromkeys(event.data["awardees"], TeamStatus.AWARDED)
        elif event.kind == "award_set_aside":
            teams = {}
        elif event.kind == "cancelled":
            teams = dict.fromkeys(teams, TeamStatus.STOPPED)
        elif event.kind == "work_began":
            teams = dict.fromkeys(teams, TeamStatus.RUNNING)
        elif event.kind == "gate_decided":
            decisions: list[dict[str, Any]] = next(gates, {"decisions": []})["decisions"]
            stopped = [each["team"] for each in decisions if each["decision"] == GateDecision.STOP]
            teams |= dict.fromkeys(stopped, TeamStatus.STOPPED)
        elif event.kind in ("completed", "failed"):
            end = TeamStatus.FINISHED if event.kind == "completed" else TeamStatus.STOPPED
            teams |= {team: end for team, status in teams.items() if status is TeamStatus.RUNNING}
    for each in rows.entrants:
        yield from differences(f"entrant {each.alias}", each, {"status": teams.pop(each.alias, None)})
    yield from (f"entrant {alias}: it was awarded, and is missing" for alias in teams)


def compensation_faults(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """What a cancellation owes, by the rules and by who was at work."""
    event, row = _last(rows, "cancelled"), rows.challenge
    begun = _last(rows, "work_began")
    expected = None
    if event is not None and begun is not None:
        stopped = {
            each["team"]
            for gate in row.gates
            for each in gate["decisions"]
            if each["decision"] == GateDecision.STOP
        }
        working = {each.alias for each in rows.entrants if each.status is not None} - stopped
        expected = compensation(rules, working, len(row.gates))
    yield from differences("the challenge", row, {"compensation": expected})
    if event is not None and (event.data or {}).get("compensation") != expected:
        yield "the compensation: the record knows another one"


def proposal_faults(rows: Rows) -> Iterator[str]:
    """What waits for a second signature, and how the work ended, against the record."""
    row, waiting = rows.challenge, None
    for event in _of(rows, "proposed", "gate_decided", "completed", "failed", "cancelled"):
        waiting = event if event.kind == "proposed" else None
    found = row.proposed
    if (found is None) is not (waiting is None):
        yield "what was proposed: it is missing, or was signed or never recorded"
    elif found is not None and waiting is not None:
        said = (found["verb"], found["by"], found["at"], _hash(found["data"]))
        if said != (waiting.data["verb"], str(waiting.actor_id), instant(waiting.at), waiting.data["sha256"]):
            yield "what was proposed: it is not what was recorded"
    ended = _last(rows, "completed", "failed")
    if ended is None:
        yield from differences("the challenge", row, {"outcome": None, "outcome_secret": False})
        return
    data: dict[str, Any] = {"acceptance": row.outcome}
    if ended.kind == "failed":
        data = {"lessons": row.outcome, "secret": row.outcome_secret}
    if _hash(data) != ended.data["sha256"]:
        yield "the challenge: outcome is not what was recorded"
