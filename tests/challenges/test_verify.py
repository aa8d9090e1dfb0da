"""Whoever verifies a genuine challenge finds nothing; what a superuser changes in one row is named."""

from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from market.challenges.checking import faults
from market.challenges.rows import Rows, read_rows
from market.ledger.rules import canonical
from market.verification import findings
from tests.challenges.held import NAMES, Held
from tests.makers import Market
from tests.trading.clock import give_a_clock


@pytest_asyncio.fixture(scope="module")
async def database_url(database_url: str) -> str:
    await give_a_clock(database_url)
    return database_url


@pytest_asyncio.fixture(scope="module")
async def held(market: Market) -> Held:
    return await Held.of(market)


@pytest.mark.parametrize("name", NAMES)
async def test_a_genuine_challenge_has_no_faults(market: Market, held: Held, name: str) -> None:
    async with market.database.engine.connect() as connection:
        assert faults(await read_rows(connection, held.ids[name])) == []


async def test_a_market_with_genuine_challenges_has_no_findings(market: Market, held: Held) -> None:
    counted: list[tuple[int, int]] = []
    told = [each async for each in findings(market.database, lambda done, of: counted.append((done, of)))]
    assert told == []
    assert counted[-1][0] == counted[-1][1] > len(held.contests)


# Which challenge, what a superuser changes in it, and what is named: {…} stands for what the row is called.
ENTRANT = "id = (SELECT id FROM challenge_entrant WHERE challenge_id = :id ORDER BY alias LIMIT 1)"
SUBMISSION = "id = (SELECT id FROM challenge_submission WHERE challenge_id = :id ORDER BY id LIMIT 1)"
REVIEW = (
    "(entrant_id, person_id) = (SELECT r.entrant_id, r.person_id FROM challenge_review r JOIN challenge_entrant e"
    " ON e.id = r.entrant_id WHERE e.challenge_id = :id ORDER BY e.alias, r.person_id LIMIT 1)"
)
EVIDENCE = (
    "id = (SELECT v.id FROM challenge_evidence v JOIN challenge_entrant e ON e.id = v.entrant_id"
    " WHERE e.challenge_id = :id ORDER BY v.at, v.id LIMIT 1)"
)
OWN = "challenge_id = :id"
BYTE = "set_byte({0}, 40, (get_byte({0}, 40) + 1) % 256)"
EDITS = {
    "the rules": (
        "judged",
        f"UPDATE challenge SET rules = {BYTE.format('rules')} WHERE id = :id",
        "the rules:",
    ),
    "their hash": (
        "judged",
        "UPDATE challenge SET rules_sha256 = sha256(rules_sha256) WHERE id = :id",
        "the rules:",
    ),
    "the budget": (
        "awarded",
        "UPDATE challenge SET plan = jsonb_set(plan, '{budget,amount}', '\"2000000.00\"') WHERE id = :id",
        "the plan: budget",
    ),
    "a stage's budget": (
        "race",
        "UPDATE challenge SET plan = jsonb_set(plan, '{stages,0,budget,amount}', '\"600000.00\"') WHERE id = :id",
        "the plan: stages",
    ),
    "a weight": (
        "judged",
        "UPDATE challenge SET plan = jsonb_set(plan, '{rubric,0,weight}', '61') WHERE id = :id",
        "the plan: rubric",
    ),
    "the deadline": (
        "asked",
        "UPDATE challenge SET submissions_until = submissions_until + interval '1 hour' WHERE id = :id",
        "the challenge: submissions_until",
    ),
    "the state": (
        "judged",
        "UPDATE challenge SET status = 'awarded' WHERE id = :id",
        "the challenge: status",
    ),
    "the approval": (
        "judged",
        "UPDATE challenge SET approved_by = created_by WHERE id = :id",
        "the challenge: approved_by",
    ),
    "the state of a draft": (
        "draft",
        "UPDATE challenge SET status = 'cancelled' WHERE id = :id",
        "the challenge: status",
    ),
    "the revision": ("race", "UPDATE challenge SET revision = 3 WHERE id = :id", "the challenge: revision"),
    "the reasons for nobody": (
        "nobody",
        "UPDATE challenge SET reason = 'Another' WHERE id = :id",
        "the challenge: reason",
    ),
    "an event": (
        "judged",
        "DELETE FROM event WHERE subject_id = :id AND kind = 'review_began'",
        "event ",
    ),
    "a question": (
        "asked",
        f"UPDATE challenge_question SET question = 'Another?' WHERE {OWN} AND answer IS NULL",
        "question {question}: its text is not what was asked",
    ),
    "an answer": (
        "asked",
        f"UPDATE challenge_question SET answer = 'Those of the farm' WHERE {OWN} AND answer IS NOT NULL",
        "question {answered}: its text is not what was answered",
    ),
    "an answer that is gone": (
        "asked",
        f"UPDATE challenge_question SET answer = NULL WHERE {OWN} AND answer IS NOT NULL",
        "question {answered}: the record does not know",
    ),
    "a sealed submission": (
        "judged",
        "UPDATE challenge_submission SET sealed = set_byte(sealed, 200, (get_byte(sealed, 200) + 1) % 256) WHERE "
        f"{SUBMISSION}",
        "submission {submission}: it is not the one that its receipt tells of",
    ),
    "its receipt": (
        "judged",
        f"UPDATE challenge_submission SET document = {BYTE.format('document')} WHERE {SUBMISSION}",
        "submission {submission}: the bytes of its receipt",
    ),
    "the hash of its receipt": (
        "judged",
        f"UPDATE challenge_submission SET hash = sha256(hash) WHERE {SUBMISSION}",
        "submission {submission}: the bytes of its receipt",
    ),
    "its time": (
        "judged",
        f"UPDATE challenge_submission SET at = at - interval '1 minute' WHERE {SUBMISSION}",
        "submission {submission}: it is not the one that its receipt tells of",
    ),
    "whose it is": (
        "judged",
        f"UPDATE challenge_submission SET organisation_id = gen_random_uuid() WHERE {SUBMISSION}",
        "submission {submission}: this was sealed by another sender",
    ),
    "a submission that is gone": (
        "judged",
        f"DELETE FROM challenge_submission WHERE {SUBMISSION}",
        "it is not the last submission of its organisation",
    ),
    "the first of two": (
        "judged",
        f"DELETE FROM challenge_submission WHERE {OWN} AND number = 1 AND organisation_id IN "
        "(SELECT organisation_id FROM challenge_submission WHERE challenge_id = :id AND number = 2)",
        "submission 1 of organisation",
    ),
    "the published key": (
        "judged",
        "UPDATE sealed_box SET private_key = sha256(private_key) WHERE subject_id = :id",
        "the box: its private key",
    ),
    "what was submitted": (
        "judged",
        f"UPDATE challenge_entrant SET content = jsonb_set(content, '{{title,en}}', '\"Another\"') WHERE {ENTRANT}",
        "entrant {alias}: it is not what submission",
    ),
    "an alias": ("judged", f"UPDATE challenge_entrant SET alias = 'ZZZZ' WHERE {ENTRANT}", "ZZZZ"),
    "an entrant that is gone": (
        "judged",
        f"DELETE FROM challenge_entrant WHERE {ENTRANT}",
        "its entrant is missing",
    ),
    "an entrant that is left out": (
        "judged",
        f"UPDATE challenge_entrant SET content = NULL, fault = 'Too late' WHERE {ENTRANT}",
        "entrant {alias}:",
    ),
    "a score": (
        "judged",
        f"UPDATE challenge_review SET scores = jsonb_set(scores, '{{0,score}}', '1') WHERE {REVIEW}",
        "the review of {alias} by {reviewer}: its scores",
    ),
    "a score beyond the rubric": (
        "judged",
        f"UPDATE challenge_review SET scores = jsonb_set(scores, '{{1,score}}', '99') WHERE {REVIEW}",
        "the review of {alias} by {reviewer}: its scores are not of the rubric",
    ),
    "a comment": (
        "judged",
        f"UPDATE challenge_review SET scores = jsonb_set(scores, '{{0,comment}}', '\"Bad\"') WHERE {REVIEW}",
        "the review of {alias} by {reviewer}: its scores",
    ),
    "a review that is gone": (
        "judged",
        f"DELETE FROM challenge_review WHERE {REVIEW}",
        "the review of {alias} by {reviewer}: it is missing",
    ),
    "a reviewer who had left": (
        "judged",
        f"UPDATE challenge_reviewer SET status = 'declared' WHERE {OWN} AND status = 'dropped'",
        "reviewer {left}: they have not declared",
    ),
    "a reviewer nobody named": (
        "judged",
        f"UPDATE challenge_reviewer SET person_id = gen_random_uuid() WHERE {OWN} AND status = 'dropped'",
        "reviewer {left}: named, and missing",
    ),
    "a rank": (
        "judged",
        "UPDATE challenge SET results = jsonb_set(results, '{ranking,1,rank}', '1') WHERE id = :id",
        "has rank 1 and should have 2",
    ),
    "the dispersion": (
        "judged",
        "UPDATE challenge SET results = jsonb_set(results, '{ranking,0,deviation}', '\"0.0001\"') WHERE id = :id",
        "has deviation 0.0001",
    ),
    "the dispersion of a criterion": (
        "judged",
        "UPDATE challenge SET results = jsonb_set(results, '{ranking,0,criteria,0,deviation}', '\"9\"') WHERE id = :id",
        "has criteria",
    ),
    "a mean": (
        "judged",
        "UPDATE challenge SET results = jsonb_set(results, '{ranking,0,exact}', '\"1/3\"') WHERE id = :id",
        "has exact 1/3",
    ),
    "a ranking that is gone": (
        "judged",
        "UPDATE challenge SET results = NULL WHERE id = :id",
        "the ranking: it is missing",
    ),
    "who is awarded": (
        "awarded",
        f"UPDATE challenge_entrant SET status = NULL WHERE {OWN} AND status IS NOT NULL AND alias = "
        "(SELECT min(alias) FROM challenge_entrant WHERE challenge_id = :id AND status IS NOT NULL)",
        "entrant {awarded}: status is None and should be awarded",
    ),
    "that it follows the rank": (
        "awarded",
        "UPDATE challenge SET award = jsonb_set(award, '{follows_rank}', 'true') WHERE id = :id",
        "the award: follows_rank",
    ),
    "the reasons of an award": (
        "awarded",
        "UPDATE challenge SET award = jsonb_set(award, '{reasons}', '\"None\"') WHERE id = :id",
        "the award: reasons",
    ),
    "an award that is gone": (
        "awarded",
        "UPDATE challenge SET award = NULL WHERE id = :id",
        "the award: it is missing",
    ),
    "its publicity": (
        "awarded",
        "UPDATE challenge SET publicity = jsonb_set(publicity, '{until}', '\"2020-01-01T00:00:00.000000Z\"') "
        "WHERE id = :id",
        "the publicity: until",
    ),
    "an evidence": (
        "race",
        f"UPDATE challenge_evidence SET evidence = 'A better report' WHERE {EVIDENCE}",
        "evidence {evidence}: it is not what was recorded",
    ),
    "an evidence that is gone": (
        "race",
        f"DELETE FROM challenge_evidence WHERE {EVIDENCE}",
        "for stage 1: it is missing",
    ),
    "a gate": (
        "race",
        "UPDATE challenge SET gates = jsonb_set(gates, '{0,decisions,2,decision}', '\"pass\"') WHERE id = :id",
        "gate 1:",
    ),
    "a gate that is gone": ("race", "UPDATE challenge SET gates = '[]' WHERE id = :id", "the gates:"),
    "the stage": ("race", "UPDATE challenge SET stage = 1 WHERE id = :id", "the challenge: stage"),
    "a team that stopped": (
        "race",
        f"UPDATE challenge_entrant SET status = 'running' WHERE {OWN} AND status = 'stopped'",
        "status is running and should be stopped",
    ),
    "what was proposed": (
        "race",
        "UPDATE challenge SET proposed = jsonb_set(proposed, '{data,decisions,0,reason}', '\"Another\"') WHERE id = :id",
        "what was proposed: it is not what was recorded",
    ),
    "the lessons": (
        "failed",
        "UPDATE challenge SET outcome = 'All went well' WHERE id = :id",
        "the challenge: outcome",
    ),
    "that they are secret": (
        "failed",
        "UPDATE challenge SET outcome_secret = false WHERE id = :id",
        "the challenge: outcome",
    ),
}


def called(rows: Rows) -> dict[str, Any]:
    """What the rows are called that the edits change."""
    first = rows.entrants[0] if rows.entrants else None
    reviews = sorted(
        (each for each in rows.reviews if first and each.entrant_id == first.id), key=lambda r: r.person_id
    )
    questions = {each.answer is not None: each.id for each in rows.questions}
    return {
        "alias": first.alias if first else None,
        "reviewer": reviews[0].person_id if reviews else None,
        "left": next((each.person_id for each in rows.reviewers if each.status == "dropped"), None),
        "submission": min((each.id for each in rows.submissions), default=None),
        "question": questions.get(False),
        "answered": questions.get(True),
        "awarded": next((each.alias for each in rows.entrants if each.status), None),
        "evidence": rows.evidence[0].id if rows.evidence else None,
    }


async def superuser(connection: AsyncConnection) -> None:
    """From here on the database's triggers and foreign keys stop nothing."""
    await connection.execute(text("SET LOCAL session_replication_role = replica"))


@pytest.mark.parametrize("what", EDITS)
async def test_what_a_superuser_changes_in_one_row_is_named(market: Market, held: Held, what: str) -> None:
    name, statement, named = EDITS[what]
    async with market.database.engine.connect() as connection, connection.begin() as transaction:
        await superuser(connection)
        before = await read_rows(connection, held.ids[name])
        done = await connection.execute(
            text(statement.replace(":id", "CAST(:id AS uuid)")), {"id": held.ids[name]}
        )
        assert done.rowcount == 1
        found = faults(await read_rows(connection, held.ids[name]))
        await transaction.rollback()
    assert any(named.format(**called(before)) in fault for fault in found), found


async def test_a_submission_that_is_lost_before_the_opening_is_missed(market: Market, held: Held) -> None:
    """Before the opening nothing counts them but the record, which does not tell whose challenge they were for."""
    pool = market.database.pool
    async with pool.acquire() as connection:
        lost = await connection.fetchrow("SELECT * FROM challenge_submission ORDER BY id LIMIT 1")
        await connection.execute("SET session_replication_role = replica")
        try:
            await connection.execute("DELETE FROM challenge_submission WHERE id = $1", lost["id"])
            told = [each async for each in findings(market.database, lambda done, of: None)]
            await connection.execute(
                "INSERT INTO challenge_submission SELECT * FROM jsonb_populate_record(null::challenge_submission, $1)",
                canonical({name: _plain(value) for name, value in lost.items()}).decode(),
            )
        finally:
            await connection.execute("RESET session_replication_role")
    assert f"submission {lost['id']} is missing" in told
    assert [each async for each in findings(market.database, lambda done, of: None)] == []


def _plain(value: Any) -> Any:
    """As PostgreSQL reads it out of JSON."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value if isinstance(value, int) else str(value)
