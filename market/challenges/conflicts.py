"""Who may not submit to a challenge (CH-1), review it (CH-2), or judge its award (CH-8), from plain facts; no database."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from schemas.values import FieldProblem


@dataclass(frozen=True)
class Web:
    """Who controls whom: every organisation with all that stand above it, itself left out."""

    above: Mapping[UUID, frozenset[UUID]]
    governments: frozenset[UUID] = frozenset()
    """A government above two organisations makes them no relations."""
    operators: frozenset[UUID] = frozenset()

    def over(self, organisation: UUID) -> frozenset[UUID]:
        return self.above.get(organisation, frozenset())

    def relation(self, one: UUID, other: UUID) -> str | None:
        """How `one` stands to `other`, where they are related."""
        if one == other:
            return "is"
        if other in self.over(one):
            return "is controlled by"
        if one in self.over(other):
            return "controls"
        if self.over(one) & self.over(other) - self.governments:
            return "has the same controller as"
        return None


@dataclass(frozen=True)
class Facts:
    """What a challenge is to those who would submit or review."""

    sponsor: UUID
    web: Web
    prepared_by: frozenset[UUID] = frozenset()
    """People who wrote or approved the plan."""
    managers: frozenset[UUID] = frozenset()
    """People and organisations who carry the opportunity as technology manager."""
    officers: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    """The opening officers, each with the organisations they are members of."""
    entrants: frozenset[UUID] = frozenset()
    """Organisations that have submitted."""
    submitters: frozenset[UUID] = frozenset()
    """The people who have submitted for them."""


def of_entrant(
    facts: Facts, organisation: UUID, person: UUID | None = None, member_of: Collection[UUID] = ()
) -> list[FieldProblem]:
    """Every relation that keeps this person from submitting for this organisation."""
    return [
        FieldProblem(pointer="", detail=why, rule="CH-1")
        for why in _entrant(facts, organisation, person, member_of)
    ]


def _entrant(
    facts: Facts, organisation: UUID, person: UUID | None, member_of: Collection[UUID]
) -> Iterator[str]:
    how = facts.web.relation(organisation, facts.sponsor)
    if how is not None:
        yield f"your organisation {how} the sponsor"
    if facts.sponsor in member_of and organisation != facts.sponsor:
        yield "you are a member of the sponsor"
    if organisation in facts.web.operators or facts.web.operators & set(member_of):
        yield "the platform and its staff may not submit"
    if person in facts.prepared_by:
        yield "you took part in preparing the challenge"
    if facts.managers & {organisation, person}:
        yield "you or your organisation carry this opportunity as its technology manager"
    if person in facts.officers or any(organisation in places for places in facts.officers.values()):
        yield "you, or someone of your organisation, opens the sealed submissions"


def of_reviewer(facts: Facts, person: UUID, member_of: Collection[UUID]) -> list[FieldProblem]:
    """Every relation that keeps this person from reviewing."""
    return [FieldProblem(pointer="", detail=why, rule="CH-2") for why in _reviewer(facts, person, member_of)]


def _reviewer(facts: Facts, person: UUID, member_of: Collection[UUID]) -> Iterator[str]:
    if (how := _nearest(facts.web, member_of, [facts.sponsor])) is not None:
        yield f"an organisation of this reviewer {how} the sponsor"
    if (how := _nearest(facts.web, member_of, facts.entrants)) is not None:
        yield f"an organisation of this reviewer {how} an entrant"
    if person in facts.submitters:
        yield "this reviewer has submitted a solution"
    if facts.web.operators & set(member_of):
        yield "the platform and its staff may not review"
    if person in facts.prepared_by:
        yield "this reviewer took part in preparing the challenge"
    if facts.managers & {person, *member_of}:
        yield "this reviewer or their organisation carries the opportunity as its technology manager"


def of_judge(
    facts: Facts, person: UUID, member_of: Collection[UUID], panel: Collection[UUID]
) -> list[FieldProblem]:
    """Every relation that keeps this person of the hall from deciding an objection to the award (CH-8)."""
    return [
        FieldProblem(pointer="", detail=why, rule="CH-8") for why in _judge(facts, person, member_of, panel)
    ]


def _judge(facts: Facts, person: UUID, member_of: Collection[UUID], panel: Collection[UUID]) -> Iterator[str]:
    if (how := _nearest(facts.web, member_of, [facts.sponsor])) is not None:
        yield f"an organisation of yours {how} the sponsor"
    if (how := _nearest(facts.web, member_of, facts.entrants)) is not None:
        yield f"an organisation of yours {how} an entrant"
    if person in facts.submitters:
        yield "you have submitted a solution"
    if person in panel:
        yield "you were named to the panel whose ranking the award rests on"
    if person in facts.prepared_by:
        yield "you took part in preparing the challenge"
    if facts.managers & {person, *member_of}:
        yield "you or your organisation carry the opportunity as its technology manager"


def _nearest(web: Web, mine: Collection[UUID], theirs: Collection[UUID]) -> str | None:
    found = {web.relation(one, other) for one in mine for other in theirs} - {None}
    return next(
        (how for how in ("is", "is controlled by", "controls", "has the same controller as") if how in found),
        None,
    )
