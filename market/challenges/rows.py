"""Reads every row of a challenge as an auditor would, whatever its state; what must hold of them is in `checking`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from market.challenges.tables import (
    Challenge,
    Entrant,
    Evidence,
    Question,
    Review,
    Reviewer,
    Submission,
)
from market.errors import NotFound
from market.ledger.tables import Event
from market.listings.tables import ListingVersion
from market.sealing.tables import Box


@dataclass(frozen=True)
class Rows:
    """One challenge with all that belongs to it."""

    challenge: Row[Any]
    events: Sequence[Row[Any]]
    """Its own, by seq."""
    told: Mapping[UUID, Mapping[str, Row[Any]]]
    """Those of its questions and submissions, by whose they are and by kind."""
    questions: Sequence[Row[Any]]
    submissions: Sequence[Row[Any]]
    """By organisation and number."""
    entrants: Sequence[Row[Any]]
    reviewers: Sequence[Row[Any]]
    reviews: Sequence[Row[Any]]
    evidence: Sequence[Row[Any]]
    box: Row[Any] | None
    offered: bytes | None
    """The hash of the opportunity's version."""


async def challenge_ids(connection: AsyncConnection) -> list[UUID]:
    """Every challenge, oldest first."""
    return list((await connection.execute(select(col(Challenge.id)).order_by(col(Challenge.id)))).scalars())


async def read_rows(connection: AsyncConnection, challenge_id: UUID) -> Rows:
    """All rows of one challenge, as of the connection's snapshot. NotFound where there is none."""

    async def read(query: Any) -> Sequence[Row[Any]]:
        return (await connection.execute(query)).all()

    async def of_it(table: Any, *order: Any) -> Sequence[Row[Any]]:
        return await read(select(table).where(table.challenge_id == challenge_id).order_by(*order))

    async def of_them(table: Any, entrants: Sequence[Row[Any]], *order: Any) -> Sequence[Row[Any]]:
        ids = [each.id for each in entrants]
        return await read(select(table).where(table.entrant_id.in_(ids)).order_by(*order))

    found = await read(select(Challenge).where(col(Challenge.id) == challenge_id))
    if not found:
        raise NotFound("there is no challenge with this id")
    row = found[0]
    questions = await of_it(Question, col(Question.id))
    submissions = await of_it(Submission, col(Submission.organisation_id), col(Submission.number))
    entrants = await of_it(Entrant, col(Entrant.alias))
    offered = await read(
        select(col(ListingVersion.sha256)).where(
            col(ListingVersion.listing_id) == row.listing_id,
            col(ListingVersion.number) == row.listing_version,
        )
    )
    boxes = await read(
        select(Box).where(col(Box.subject_kind) == "challenge", col(Box.subject_id) == challenge_id)
    )
    return Rows(
        challenge=row,
        events=await read(_events("challenge", [challenge_id])),
        told=_told(
            [
                *await read(_events("challenge_question", [each.id for each in questions])),
                *await read(_events("submission", [each.id for each in submissions])),
            ]
        ),
        questions=questions,
        submissions=submissions,
        entrants=entrants,
        reviewers=await of_it(Reviewer, col(Reviewer.person_id)),
        reviews=await of_them(Review, entrants, col(Review.entrant_id), col(Review.person_id)),
        evidence=await of_them(Evidence, entrants, col(Evidence.at), col(Evidence.id)),
        box=boxes[0] if boxes else None,
        offered=offered[0].sha256 if offered else None,
    )


def _events(kind: str, ids: Sequence[UUID]) -> Any:
    return (
        select(Event)
        .where(col(Event.subject_kind) == kind, col(Event.subject_id).in_(ids))
        .order_by(col(Event.seq))
    )


def _told(events: Sequence[Row[Any]]) -> dict[UUID, dict[str, Row[Any]]]:
    found: dict[UUID, dict[str, Row[Any]]] = {}
    for event in events:
        found.setdefault(event.subject_id, {})[event.kind] = event
    return found
