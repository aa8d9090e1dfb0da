"""The verbs of organisations: register, change, verify."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid
from market.ledger.service import record
from market.organisations import queries, rules
from market.organisations.tables import Organisation, OrganisationIdentifier
from market.permissions import Actor, Permission, require
from schemas.organisations import NewOrganisation, OrganisationChange, Verification
from schemas.values import FieldProblem
from schemas.vocabulary import OrganisationKind, VerificationLevel


async def register_organisation(session: AsyncSession, actor: Actor, data: NewOrganisation) -> Organisation:
    """Register an organisation at level L0. Invalid for a bad identifier, AlreadyExists for one that is taken."""
    if data.kind is OrganisationKind.OPERATOR:
        detail = "the operator of the hall is set up on the machine, not through sign-up"
        raise Invalid(errors=[FieldProblem(pointer="/organisation/kind", detail=detail)])
    organisation = Organisation(
        name={language.value: text for language, text in data.name.items()},
        kind=data.kind,
        founding=data.founding,
        region=data.region,
        website=data.website,
        created_at=await now(session),
    )
    session.add(organisation)
    await session.flush()
    for place, identifier in enumerate(data.identifiers):
        try:
            value, check = rules.normal_form(identifier)
        except ValueError as error:
            where = f"/organisation/identifiers/{place}/value"
            raise Invalid(errors=[FieldProblem(pointer=where, detail=str(error))]) from error
        if await queries.organisation_of_identifier(session, identifier.scheme, value):
            raise AlreadyExists(
                f"an organisation with {identifier.scheme} {value} is registered: ask it to invite you"
            )
        session.add(
            OrganisationIdentifier(
                organisation_id=organisation.id, scheme=identifier.scheme, value=value, check_result=check
            )
        )
    await session.flush()
    await record(
        session, actor, ("organisation", organisation.id), "registered", data={"kind": data.kind.value}
    )
    return organisation


async def change_organisation(
    session: AsyncSession, actor: Actor, organisation: Organisation, data: OrganisationChange
) -> Organisation:
    """Change an organisation's public profile. Its directors, buyers and managers."""
    role = require(actor, Permission.EDIT_ORGANISATION, organisation.id)
    changed: dict[str, Any] = data.model_dump(mode="json", exclude_unset=True)
    if changed.get("name", "") is None:
        raise Invalid(errors=[FieldProblem(pointer="/name", detail="an organisation keeps a name")])
    for name, value in changed.items():
        setattr(organisation, name, value)
    organisation.revision += 1
    await record(session, actor, ("organisation", organisation.id), "changed", role=role, data=changed)
    return organisation


async def verify_organisation(
    session: AsyncSession, actor: Actor, organisation_id: UUID, data: Verification
) -> Organisation:
    """Set the verification level after looking at the papers. Operators. Incomplete names what stands against it.

    A code that fails its check digit is accepted once a person has looked at the certificate (the early pilot codes).
    """
    role = require(actor, Permission.VERIFY_ORGANISATION)
    organisation = await queries.organisation(session, organisation_id, lock=True)
    identifiers = (await queries.identifiers(session, [organisation_id]))[organisation_id]
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
