"""The verbs of organisations: register, change, verify, record who controls one and that it has ended."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid, NotFound, WrongState
from market.ledger.service import record
from market.organisations import queries, rules
from market.organisations.tables import Organisation, OrganisationControl, OrganisationIdentifier
from market.permissions import Actor, Permission, require
from schemas.organisations import Identifier, NewControl, NewOrganisation, OrganisationChange, Verification
from schemas.values import FieldProblem
from schemas.vocabulary import Language, OrganisationKind, VerificationLevel


async def register_organisation(session: AsyncSession, actor: Actor, data: NewOrganisation) -> Organisation:
    """Register an organisation at level L0. Anyone may call, signing up with it.

    Invalid names every bad field; AlreadyExists where a number, or a name that looks the same, is registered.
    """
    identifiers, problems = _identifiers(data.identifiers)
    problems += _mixed_words(data.name, "/organisation/name")
    if data.kind is OrganisationKind.OPERATOR:
        detail = "the operator of the hall is set up on the machine, not through sign-up"
        problems.append(FieldProblem(pointer="/organisation/kind", detail=detail))
    if problems:
        raise Invalid(errors=problems)
    keys = await _free_name(session, data.name, None)
    organisation = Organisation(
        name={language.value: text for language, text in data.name.items()},
        name_keys=keys,
        kind=data.kind,
        founding=data.founding,
        region=data.region,
        website=data.website,
        created_at=await now(session),
    )
    session.add(organisation)
    await session.flush()
    for scheme, (value, check) in identifiers.items():
        if await queries.organisation_of_identifier(session, scheme, value):
            raise AlreadyExists(f"an organisation with {scheme} {value} is registered: ask it to invite you")
        session.add(
            OrganisationIdentifier(
                organisation_id=organisation.id, scheme=scheme, value=value, check_result=check
            )
        )
    await session.flush()
    await record(
        session, actor, ("organisation", organisation.id), "registered", data={"kind": data.kind.value}
    )
    return organisation


def _identifiers(
    given: list[Identifier],
) -> tuple[dict[str, tuple[str, rules.CheckResult]], list[FieldProblem]]:
    """The normal forms by scheme, and what is wrong with those that have none."""
    found: dict[str, tuple[str, rules.CheckResult]] = {}
    problems: list[FieldProblem] = []
    for place, identifier in enumerate(given):
        where = f"/organisation/identifiers/{place}"
        if identifier.scheme in found:
            problems.append(FieldProblem(pointer=f"{where}/scheme", detail="one number of each scheme"))
        try:
            found[identifier.scheme] = rules.normal_form(identifier)
        except ValueError as error:
            problems.append(FieldProblem(pointer=f"{where}/value", detail=str(error)))
    return found, problems


def _mixed_words(name: Mapping[Language, str], pointer: str) -> list[FieldProblem]:
    mixed = {language: rules.mixed_word(text) for language, text in name.items()}
    return [
        FieldProblem(
            pointer=f"{pointer}/{language}", detail=f"{word} mixes the letters of different alphabets"
        )
        for language, word in mixed.items()
        if word
    ]


async def _free_name(session: AsyncSession, name: Mapping[Language, str], own: UUID | None) -> list[str]:
    """The keys of a name that no other organisation has; AlreadyExists for one that looks the same."""
    keys = rules.name_keys(name)
    other = await queries.organisation_of_name(session, keys, but=own)
    if other is not None:
        raise AlreadyExists("an organisation is registered whose name looks the same: ask it to invite you")
    return keys


async def change_organisation(
    session: AsyncSession, actor: Actor, organisation: Organisation, data: OrganisationChange
) -> Organisation:
    """Change an organisation's public profile. Its directors and admins.

    An organisation whose papers were seen (L2) falls back to L1 with a new name, which nobody has compared with them.
    """
    role = require(actor, Permission.EDIT_ORGANISATION, organisation.id)
    changed: dict[str, Any] = data.model_dump(mode="json", exclude_unset=True)
    if "name" in changed:
        changed["name"] = await _renamed(session, organisation, data)
    if all(getattr(organisation, name) == value for name, value in changed.items()):
        return organisation
    if "name" in changed and organisation.verification is VerificationLevel.L2:
        organisation.verification = VerificationLevel.L1
    for name, value in changed.items():
        setattr(organisation, name, value)
    organisation.revision += 1
    await record(session, actor, ("organisation", organisation.id), "changed", role=role, data=changed)
    return organisation


async def _renamed(
    session: AsyncSession, organisation: Organisation, data: OrganisationChange
) -> dict[str, str]:
    """The name in all its languages after the patch, with its keys set."""
    patched = {Language(language): text for language, text in organisation.name.items()}
    for language, text in (data.name or dict.fromkeys(patched)).items():
        if text is None:
            patched.pop(language, None)
        else:
            patched[language] = text
    if not patched:
        raise Invalid(errors=[FieldProblem(pointer="/name", detail="an organisation keeps a name")])
    problems = _mixed_words(patched, "/name")
    if problems:
        raise Invalid(errors=problems)
    organisation.name_keys = await _free_name(session, patched, organisation.id)
    return {language.value: text for language, text in patched.items()}


async def verify_organisation(
    session: AsyncSession, actor: Actor, organisation_id: UUID, data: Verification
) -> Organisation:
    """Set the verification level after looking at the papers. Operators. Incomplete names what stands against it.

    A code that fails its check digit is accepted once a person has looked at the certificate (the early pilot codes).
    """
    role = require(actor, Permission.VERIFY_ORGANISATION)
    organisation = await queries.organisation(session, organisation_id, lock=True)
    identifiers = (await queries.identifiers(session, [organisation_id]))[organisation_id]
    registered = {identifier.scheme for identifier in identifiers}
    for place, scheme in enumerate(data.manually_verified):
        if scheme not in registered:
            detail = f"the organisation has no {scheme}"
            raise Invalid(errors=[FieldProblem(pointer=f"/manually_verified/{place}", detail=detail)])
    for identifier in identifiers:
        if identifier.scheme in data.manually_verified and identifier.check_result == "failed":
            identifier.check_result = "manually_verified"
    if data.level is not VerificationLevel.L0:
        sound = [i for i in identifiers if i.check_result != "failed"]
        if not sound:
            detail = "no identifier has passed its check or was verified by hand"
            raise Incomplete(errors=[FieldProblem(pointer="/level", detail=detail)])
    organisation.verification = data.level
    organisation.revision += 1
    await record(
        session,
        actor,
        ("organisation", organisation.id),
        "verified",
        role=role,
        reason=data.note,
        data={"level": data.level.value, "manually_verified": list(data.manually_verified)},
    )
    return organisation


async def record_control(
    session: AsyncSession, actor: Actor, organisation: Organisation, data: NewControl
) -> OrganisationControl:
    """Record who controls a locked organisation: declared by its editors, or found by the operator.

    Whoever controls a seller, or is controlled by it or with it, may not bid for what it sells (BD-2).
    """
    if actor.may(Permission.VERIFY_ORGANISATION):
        role = require(actor, Permission.VERIFY_ORGANISATION)
    else:
        role = require(actor, Permission.EDIT_ORGANISATION, organisation.id)
    known = await queries.organisations(session, [data.controller_id])
    if data.controller_id == organisation.id or not known:
        detail = "name another organisation that is registered here"
        raise Invalid(errors=[FieldProblem(pointer="/controller_id", detail=detail)])
    standing = await queries.controls(session, actor, organisation.id)
    if any(row.controller_id == data.controller_id and row.until is None for row in standing):
        raise AlreadyExists("this controller is recorded")
    row = OrganisationControl(
        organisation_id=organisation.id,
        controller_id=data.controller_id,
        evidence=data.evidence,
        since=await now(session),
        recorded_by=actor.person_id,
    )
    session.add(row)
    await session.flush()
    facts = {"control": str(row.id), "controller": str(data.controller_id), "evidence": data.evidence}
    await record(session, actor, ("organisation", organisation.id), "control_recorded", role=role, data=facts)
    return row


async def end_control(
    session: AsyncSession, actor: Actor, organisation: Organisation, control_id: UUID, reason: str
) -> OrganisationControl:
    """Record that a control of a locked organisation has ended; it is never deleted.

    The operator alone, who has seen the papers: else it would end the day before a sale.
    """
    role = require(actor, Permission.VERIFY_ORGANISATION)
    row = await session.get(OrganisationControl, control_id)
    if row is None or row.organisation_id != organisation.id:
        raise NotFound("this organisation has no such controller")
    if row.until is not None:
        raise WrongState("it has ended already")
    row.until = await now(session)
    facts = {"control": str(row.id)}
    await record(
        session,
        actor,
        ("organisation", organisation.id),
        "control_ended",
        role=role,
        reason=reason,
        data=facts,
    )
    return row
