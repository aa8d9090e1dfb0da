"""Plays what happened in the demo market through the verbs of the application, each at its own past instant."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import PLAYED, new_id
from market.deals.withdrawal import withdraw
from market.demo.cast import BODIES, CAST, OPERATOR, PASSWORD, Body
from market.demo.courses import Move, Step, course
from market.demo.library import Piece
from market.identity.passwords import hash_password
from market.identity.rules import founder_roles
from market.identity.tables import Membership, Person
from market.ledger.service import record
from market.listings import service as listings
from market.listings.tables import Listing
from market.notices.objecting import set_policy
from market.organisations.service import register_organisation, verify_organisation
from market.organisations.tables import Organisation, OrganisationIdentifier
from market.permissions import Actor
from market.trading.durability import IGNORED
from schemas.listings import NewListing
from schemas.notices import NewObjectionPolicy
from schemas.organisations import Verification
from schemas.vocabulary import Founding, Language, OrganisationKind, Role

BEGINNING = 320
"""So many days before the loading the organisations joined the hall."""


class Stage:
    """One transaction, the day of loading, and everything that was made so far, by the names of the demo's files."""

    def __init__(self, session: AsyncSession, loaded_at: datetime) -> None:
        self.session, self.loaded_at = session, loaded_at
        session.info[PLAYED] = True
        session.info["durability"] = (
            IGNORED  # whatever a crash takes of an invented bid, a new load brings back
        )
        self.organisations: dict[str, UUID] = {}
        self.people: dict[str, Actor] = {}
        self.managers: dict[str, UUID] = {}
        """The technology managers' profiles, by address."""
        self.listings: dict[str, Listing] = {}

    def instant(self, days: float) -> datetime:
        """So many days before the loading; after it for a negative number."""
        return self.loaded_at - timedelta(days=days)

    def hour(self, days: float) -> datetime:
        """The full hour before an instant."""
        return self.instant(days).replace(minute=0, second=0, microsecond=0)

    def go_to(self, days: float) -> None:
        """From here on it is then: every verb asks market.database.now for the time."""
        self.session.info["now"] = self.instant(days)

    def buyer(self, body: str) -> Actor:
        """Who asks, answers and signs for a company."""
        return self.people[BODIES[body].who(Role.BUYER)]

    def officer(self, body: str) -> Actor:
        """Who answers and opens deals for an owner: a research body's officer, a company's buyer."""
        company = BODIES[body].new.kind is OrganisationKind.COMPANY
        return self.buyer(body) if company else self.people[BODIES[body].who(Role.TTO_OFFICER)]

    def signer(self, body: str) -> Actor:
        """Who signs for an owner: a research body's director, a company's buyer."""
        company = BODIES[body].new.kind is OrganisationKind.COMPANY
        return self.buyer(body) if company else self.people[BODIES[body].who(Role.TTO_DIRECTOR)]

    def finance(self, body: str) -> Actor:
        """Who approves what an owner asks for what it sells."""
        return self.people[BODIES[body].who(Role.FINANCE)]

    def signed_in(self, email: str) -> Actor:
        """A person in a session of their own, for what is kept from API keys."""
        return replace(self.people[email], session_id=new_id())

    def owner(self, listing: str) -> str:
        """The key of the organisation whose listing it is."""
        owner_id = self.listings[listing].organisation_id
        return next(key for key, found in self.organisations.items() if found == owner_id)


Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """Something that happened so many days before the loading."""

    days: float
    play: Play


async def raise_curtain(stage: Stage) -> None:
    """Make the organisations and their people; the operator's is set up directly, as on a real machine."""
    stage.go_to(BEGINNING)
    hashed = await hash_password(PASSWORD)
    for body in CAST:
        await _join(stage, body, hashed)
    for body in CAST:
        said = Verification(level=body.verification, note="示例：已核对证照（虚构）")
        await verify_organisation(stage.session, stage.people[OPERATOR], stage.organisations[body.key], said)
    for body in CAST:
        if body.new.founding is Founding.STATE_FOUNDED:
            await _say_how_to_object(stage, body)


async def _say_how_to_object(stage: Stage, body: Body) -> None:
    director = stage.signed_in(body.who(Role.TTO_DIRECTOR))
    policy = NewObjectionPolicy(
        text={
            Language.ZH_HANS: "公示期内可实名提出异议，由本单位异议处理小组答复（示例）。",
            Language.EN: "Objections are lodged by name before the period ends; a panel answers them (example).",
        },
        contact=f"objections@{body.players[0].email.partition('@')[2]}",
    )
    await set_policy(stage.session, director, stage.organisations[body.key], policy)


async def _join(stage: Stage, body: Body, hashed: str) -> None:
    at = stage.instant(BEGINNING)
    people = [
        Person(email=player.email, name=player.name, password_hash=hashed, created_at=at)
        for player in body.players
    ]
    stage.session.add_all(people)
    await stage.session.flush()
    founder = Actor(people[0].id)
    if body.new.kind is OrganisationKind.OPERATOR:
        organisation = await _operator(stage, body)
    else:
        organisation = await register_organisation(stage.session, founder, body.new)
    stage.organisations[body.key] = organisation.id
    for player, person in zip(body.players, people, strict=True):
        roles = frozenset({player.role})
        if person is people[0] and Role.OPERATOR not in roles:
            roles |= founder_roles(body.new.kind) & {Role.ADMIN}
        stage.people[player.email] = Actor(person.id, {organisation.id: roles})
        listed = sorted(role.value for role in roles)
        stage.session.add(
            Membership(person_id=person.id, organisation_id=organisation.id, roles=listed, since=at)
        )
        data = {"person": str(person.id), "roles": listed}
        await record(stage.session, founder, ("organisation", organisation.id), "roles_changed", data=data)


async def _operator(stage: Stage, body: Body) -> Organisation:
    """Sign-up makes no operator."""
    new = body.new
    organisation = Organisation(
        name={language.value: text for language, text in new.name.items()},
        kind=new.kind,
        founding=new.founding,
        region=new.region,
        created_at=stage.instant(BEGINNING),
    )
    stage.session.add(organisation)
    await stage.session.flush()
    stage.session.add_all(
        OrganisationIdentifier(
            organisation_id=organisation.id, scheme=given.scheme, value=given.value, check_result="passed"
        )
        for given in new.identifiers
    )
    await record(
        stage.session, None, ("organisation", organisation.id), "registered", data={"kind": new.kind.value}
    )
    return organisation


def scenes_of(piece: Piece) -> list[Scene]:
    """The course of one listing."""
    return [_scene(piece, step) for step in course(piece)]


def _scene(piece: Piece, step: Step) -> Scene:
    async def play(stage: Stage) -> None:
        actor = stage.people[step.by]
        if step.move is Move.DRAFT:
            content = {**step.said, "organisation_id": str(stage.organisations[piece.owner])}
            made = await listings.draft(stage.session, actor, NewListing.model_validate(content))
            stage.listings[piece.key] = made
            return
        await _move(stage, actor, stage.listings[piece.key], step.move, step.said)

    return Scene(step.days, play)


async def _move(stage: Stage, actor: Actor, listing: Listing, move: Move, said: Any) -> None:
    session = stage.session
    match move:
        case Move.CHANGE:
            await listings.change(session, actor, listing, said)
        case Move.SUBMIT:
            await listings.submit(session, actor, listing)
        case Move.REFUSE:
            await listings.refuse(session, actor, listing, said)
        case Move.APPROVE:
            await listings.approve(session, actor, listing)
        case Move.PUBLISH:
            await listings.publish(session, actor, listing)
        case Move.PAUSE:
            await listings.pause(session, actor, listing)
        case Move.CONFIRM:
            await listings.confirm(session, actor, listing)
        case Move.WITHDRAW:
            await withdraw(session, actor, listing, said)
        case Move.TIME:
            await listings.let_time_pass(session, listing)
