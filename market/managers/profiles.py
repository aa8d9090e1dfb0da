"""The verbs of a manager's profile: register, change, employ, and what the operator finds of a credential."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market import workdays
from market.database import now
from market.errors import Invalid, NotAllowed, NotFound, WrongState
from market.ledger.service import record
from market.managers import rules
from market.managers.directory import credentials_of, employments_of
from market.managers.fitting import Codes
from market.managers.tables import Employment, Manager, ManagerCredential
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require
from schemas.managers import (
    Credential,
    CredentialFinding,
    Fields,
    ManagerChange,
    NewEmployment,
    NewManager,
)
from schemas.values import FieldProblem
from schemas.vocabulary import Role


async def register(session: AsyncSession, actor: Actor, data: NewManager) -> Manager:
    """The actor's own profile. Managers; one per person, else AlreadyExists."""
    organisation_id = data.organisation_id or _only(actor)
    role = require(actor, Permission.MANAGE, organisation_id)
    at = await now(session)
    stated = data.model_dump(mode="json", exclude={"organisation_id", "fields", "credentials"})
    stated |= _codes(data.fields)
    manager = Manager(
        person_id=actor.person_id,
        organisation_id=organisation_id,
        created_at=at,
        updated_at=at,
        **stated,
    )
    session.add(manager)
    await session.flush()  # a second profile breaks the unique person: AlreadyExists
    await _state(session, manager, data.credentials)
    await record(session, actor, ("manager", manager.id), "registered", role=role)
    return manager


def _only(actor: Actor) -> UUID:
    able = actor.where(Permission.MANAGE)
    if len(able) > 1:
        detail = "you are a manager in several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    if not able:
        require(actor, Permission.MANAGE)
    return able[0]


def _codes(fields: Fields) -> dict[str, list[str]]:
    plain = Codes.of(fields.ipc, fields.discipline, fields.industry)
    return {name: list(codes) for name, codes in vars(plain).items()}


async def change(session: AsyncSession, actor: Actor, manager: Manager, data: ManagerChange) -> Manager:
    """Change the actor's own profile, whose row the caller holds. A credential that stays keeps what was found of it."""
    role = require_own(actor, manager)
    given = data.model_dump(mode="json", exclude_unset=True)
    removed = [name for name, value in given.items() if value is None]
    if removed:
        detail = "a profile keeps this: give another value"
        raise Invalid(errors=[FieldProblem(pointer=f"/{name}", detail=detail) for name in removed])
    set_now = {name: value for name, value in given.items() if name not in ("fields", "credentials")}
    if data.fields is not None:
        set_now |= _codes(data.fields)
    for name, value in set_now.items():
        setattr(manager, name, value)
    if data.credentials is not None:
        await _state(session, manager, data.credentials)
    return await _recorded(session, actor, manager, "changed", role, given)


def require_own(actor: Actor, manager: Manager) -> Role:
    """The role by which the actor is this manager, or NotAllowed."""
    role = require(actor, Permission.MANAGE, manager.organisation_id)
    if manager.person_id != actor.person_id:
        raise NotAllowed("only the technology manager themself does this")
    return role


async def _state(session: AsyncSession, manager: Manager, stated: list[Credential]) -> None:
    """The list replaces the one before it: what is not in it any more is withdrawn, and stays in the record."""
    at = await now(session)
    left = [given.model_dump() for given in stated]
    for held in (await credentials_of(session, [manager.id]))[manager.id]:
        same = {name: getattr(held, name) for name in Credential.model_fields}
        if same in left:
            left.remove(same)
        else:
            held.withdrawn_at = at
    session.add_all(ManagerCredential(manager_id=manager.id, stated_at=at, **given) for given in left)
    await session.flush()


async def find(
    session: AsyncSession, actor: Actor, manager: Manager, credential_id: UUID, data: CredentialFinding
) -> Manager:
    """Say whether the issuer stands behind a credential of a locked profile. Operators; a later finding replaces it."""
    role = require(actor, Permission.VERIFY_CREDENTIAL)
    query = select(ManagerCredential).where(
        ManagerCredential.id == credential_id,
        ManagerCredential.manager_id == manager.id,
        col(ManagerCredential.withdrawn_at).is_(None),
    )
    credential = (await session.execute(query)).scalar_one_or_none()
    if credential is None:
        raise NotFound("no credential of this manager has this id")
    at = await now(session)
    credential.verified_at, credential.refused_at = (at, None) if data.verified else (None, at)
    credential.found_by, credential.note = actor.person_id, data.note
    facts = {"credential": str(credential.id), "number": credential.number, "note": data.note}
    kind = "credential_verified" if data.verified else "credential_refused"
    return await _recorded(session, actor, manager, kind, role, facts)


async def employ(session: AsyncSession, actor: Actor, manager: Manager, data: NewEmployment) -> Manager:
    """State a joint employment of one's own locked profile. Invalid where the shares of a day exceed 100 %."""
    role = require_own(actor, manager)
    if data.organisation_id not in await organisations(session, [data.organisation_id]):
        detail = "no organisation has this id"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    held = (await employments_of(session, [manager.id]))[manager.id]
    terms = [(known.begins_on, known.ends_on, known.share_percent) for known in held]
    overfull = rules.first_overfull_day([*terms, (data.begins_on, data.ends_on, data.share_percent)])
    if overfull:
        detail = f"on {overfull[0]} the employments come to {overfull[1]} %, and a day has 100 %"
        raise Invalid(errors=[FieldProblem(pointer="/share_percent", detail=detail, rule="TM-9")])
    employment = Employment(manager_id=manager.id, stated_at=await now(session), **data.model_dump())
    session.add(employment)
    await session.flush()
    facts = {"employment": str(employment.id)} | data.model_dump(mode="json")
    return await _recorded(session, actor, manager, "employed", role, facts)


async def end_employment(
    session: AsyncSession, actor: Actor, manager: Manager, employment_id: UUID, ends_on: date
) -> Manager:
    """Name the last day of an employment that goes on. It is a former one from then on, and never forgotten.

    A last day that is named is not moved, nor named before today: a conflict is not talked away afterwards.
    """
    role = require_own(actor, manager)
    query = select(Employment).where(Employment.id == employment_id, Employment.manager_id == manager.id)
    employment = (await session.execute(query)).scalar_one_or_none()
    if employment is None:
        raise NotFound("no employment of this manager has this id")
    if employment.ends_on is not None:
        raise WrongState(f"the employment ends on {employment.ends_on}")
    if ends_on < max(employment.begins_on, workdays.legal_day(await now(session))):
        detail = "an employment that goes on ends today or later"
        raise Invalid(errors=[FieldProblem(pointer="/ends_on", detail=detail)])
    employment.ends_on = ends_on
    facts = {"employment": str(employment.id), "ends_on": ends_on.isoformat()}
    return await _recorded(session, actor, manager, "employment_ended", role, facts)


async def _recorded(
    session: AsyncSession, actor: Actor, manager: Manager, kind: str, role: Role, data: dict[str, Any]
) -> Manager:
    manager.revision += 1
    manager.updated_at = await now(session)
    await record(session, actor, ("manager", manager.id), kind, role=role, data=data)
    return manager
