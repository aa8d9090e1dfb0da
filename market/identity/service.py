"""The verbs of identity: sign up, sign in and out, change a password, invite, grant roles, make and revoke keys."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import Database, now
from market.errors import AlreadyExists, Invalid, NotAllowed, NotFound, SignInFailed
from market.identity import rules
from market.identity.credentials import revoke_sessions
from market.identity.passwords import hash_password, password_fits
from market.identity.queries import (
    invitation_of,
    invitation_of_token,
    locked_person,
    own_key,
    person_by_email,
    roles_of,
)
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.ledger.service import record
from market.organisations.queries import organisation as organisation_by_id
from market.organisations.service import register_organisation
from market.organisations.tables import Organisation
from market.permissions import Actor, Permission, require
from market.web.attempts import count_attempt, forget_attempts, take_back_attempt
from schemas.identity import NewApiKey, NewInvitation, PasswordChange, SignIn, SignUp
from schemas.values import FieldProblem
from schemas.vocabulary import Role


def from_session(actor: Actor) -> UUID:
    """The session of this request. A person's own account is kept from one: no scope of an API key reaches it."""
    if actor.session_id is None:
        raise NotAllowed("this is done from a session, not with an API key")
    return actor.session_id


async def sign_up(session: AsyncSession, data: SignUp) -> Person:
    """Register a person with their organisation or by invitation. Anyone may call. AlreadyExists, Invalid."""
    password = data.password.get_secret_value()
    _refuse_weak(password, data.email, "/password")
    if (data.organisation is None) == (data.invitation is None):
        raise Invalid(
            errors=[FieldProblem(pointer="", detail="give either an organisation or an invitation")]
        )
    if await person_by_email(session, data.email):
        raise AlreadyExists("this e-mail address has an account: sign in, or ask for a new invitation")
    at = await now(session)
    person = Person(
        email=data.email.lower(), name=data.name, password_hash=await hash_password(password), created_at=at
    )
    session.add(person)
    await session.flush()
    actor = Actor(person.id)
    if data.organisation is not None:
        organisation = await register_organisation(session, actor, data.organisation)
        founder = rules.founder_roles(organisation.kind)
        await _set_roles(session, actor, organisation, person.id, founder)
    else:
        await accept_invitation(session, person, data.invitation or "")
    return person


def _refuse_weak(password: str, email: str, pointer: str) -> None:
    weakness = rules.weak_password(password, email)
    if weakness:
        raise Invalid(errors=[FieldProblem(pointer=pointer, detail=weakness)])


async def accept_invitation(session: AsyncSession, person: Person, token: str) -> None:
    """Join the organisation that issued the invitation; good once, for its address, for 7 days. Invalid, AlreadyExists."""
    invitation = await invitation_of_token(session, rules.digest(token))
    at = await now(session)
    if invitation is None or invitation.email != person.email or not _is_open(invitation, at):
        detail = "this invitation is not valid for this address, was used or withdrawn, or has expired"
        raise Invalid(errors=[FieldProblem(pointer="/invitation", detail=detail)])
    organisation = await organisation_by_id(session, invitation.organisation_id, lock=True)
    if organisation.id in await roles_of(session, person.id):
        raise AlreadyExists("you are a member already: ask a colleague to change your roles")
    invitation.accepted_at = at
    roles = frozenset(Role(role) for role in invitation.roles)
    await _set_roles(session, Actor(invitation.invited_by), organisation, person.id, roles)


def _is_open(invitation: Invitation, at: datetime) -> bool:
    return invitation.accepted_at is None and invitation.withdrawn_at is None and at < invitation.expires_at


async def sign_in(
    session: AsyncSession, database: Database, data: SignIn, *, address: str, user_agent: str | None
) -> tuple[PersonSession, str]:
    """Open a session; answers it with its token. Anyone may call. SignInFailed, TooManyRequests."""
    account = f"account:{data.email.lower()}"
    window = rules.ATTEMPT_WINDOW
    await count_attempt(database, account, most=rules.TRIES_PER_ACCOUNT, window=window)
    await count_attempt(database, f"address:{address}", most=rules.TRIES_PER_ADDRESS, window=window)
    person = await person_by_email(session, data.email)
    fits = await password_fits(person.password_hash if person else None, data.password.get_secret_value())
    if person is None or not fits:
        raise SignInFailed()
    await forget_attempts(database, account)
    await take_back_attempt(database, f"address:{address}")  # many people share the address of a campus
    return await open_session(session, person.id, address=address, user_agent=user_agent)


async def open_session(
    session: AsyncSession, person_id: UUID, *, address: str, user_agent: str | None
) -> tuple[PersonSession, str]:
    """A new session with a new token; a token given by the client is never taken over."""
    at = await now(session)
    token = rules.new_secret(rules.SESSION_PREFIX)
    opened = PersonSession(
        person_id=person_id,
        token_sha256=rules.digest(token),
        created_at=at,
        last_used_at=at,
        expires_at=rules.session_end(at, at),
        address=address,
        user_agent=(user_agent or "")[:300] or None,
    )
    session.add(opened)
    await session.flush()
    return opened, token


async def sign_out(session: AsyncSession, actor: Actor, session_id: UUID) -> None:
    """End one of the actor's own sessions; effective with the next request in every process. Not with an API key."""
    from_session(actor)
    ending = delete(PersonSession).where(
        col(PersonSession.id) == session_id, col(PersonSession.person_id) == actor.person_id
    )
    if (await session.execute(ending.returning(col(PersonSession.id)))).first() is None:
        raise NotFound("you have no session with this id")


async def sign_out_everywhere(session: AsyncSession, actor: Actor) -> None:
    """End all the actor's sessions, the one of this request included. Not with an API key."""
    from_session(actor)
    await revoke_sessions(session, actor.person_id)


async def change_password(
    session: AsyncSession, database: Database, actor: Actor, data: PasswordChange
) -> None:
    """Change the actor's own password and end all their other sessions. Not with an API key."""
    from_session(actor)
    person = await locked_person(session, actor.person_id)
    account = f"password:{person.id}"
    await count_attempt(database, account, most=rules.TRIES_PER_ACCOUNT, window=rules.ATTEMPT_WINDOW)
    if not await password_fits(person.password_hash, data.current.get_secret_value()):
        raise Invalid(errors=[FieldProblem(pointer="/current", detail="this is not the current password")])
    new = data.new.get_secret_value()
    _refuse_weak(new, person.email, "/new")
    person.password_hash = await hash_password(new)
    await revoke_sessions(session, person.id, but=actor.session_id)
    await record(session, actor, ("person", person.id), "password_changed")
    await forget_attempts(database, account)


async def invite(
    session: AsyncSession, actor: Actor, organisation_id: UUID, data: NewInvitation
) -> tuple[Invitation, str]:
    """Invite an address into an organisation; answers the token, to be passed on. Directors, admins, operators.

    AlreadyExists for a member, whose roles would else be changed past `change_roles`.
    """
    role = require(actor, Permission.MANAGE_MEMBERS, organisation_id)
    organisation = await organisation_by_id(session, organisation_id, lock=True)
    _refuse_unfit(organisation, data.roles)
    person = await person_by_email(session, data.email)
    if person is not None and organisation_id in await roles_of(session, person.id):
        raise AlreadyExists("this person is a member already: change their roles")
    at = await now(session)
    token = rules.new_secret(rules.INVITATION_PREFIX)
    invitation = Invitation(
        organisation_id=organisation_id,
        email=data.email.lower(),
        roles=sorted({role.value for role in data.roles}),
        token_sha256=rules.digest(token),
        invited_by=actor.person_id,
        created_at=at,
        expires_at=at + rules.INVITATION_LIFE,
    )
    session.add(invitation)
    await session.flush()
    about = {"invitation": str(invitation.id), "roles": invitation.roles}
    await record(session, actor, ("organisation", organisation_id), "invited", role=role, data=about)
    return invitation, token


async def withdraw_invitation(
    session: AsyncSession, actor: Actor, organisation_id: UUID, invitation_id: UUID
) -> None:
    """Take an open invitation back: its token is worth as much as an unknown one. Whoever may invite.

    NotFound where the organisation has no such invitation that is still open.
    """
    role = require(actor, Permission.MANAGE_MEMBERS, organisation_id)
    invitation = await invitation_of(session, organisation_id, invitation_id)
    at = await now(session)
    if not _is_open(invitation, at):
        raise NotFound("this invitation was used or withdrawn, or has expired")
    await organisation_by_id(session, organisation_id, lock=True)
    invitation.withdrawn_at = at
    about = {"invitation": str(invitation_id)}
    await record(
        session, actor, ("organisation", organisation_id), "invitation_withdrawn", role=role, data=about
    )


def _refuse_unfit(organisation: Organisation, roles: list[Role]) -> None:
    unfit = rules.unfit_roles(organisation.kind, roles)
    if unfit:
        detail = f"not held in an organisation of the kind {organisation.kind}: {', '.join(unfit)}"
        raise Invalid(errors=[FieldProblem(pointer="/roles", detail=detail)])


async def change_roles(
    session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID, roles: list[Role]
) -> None:
    """Set a member's roles; none ends the membership. Nobody changes their own, so nobody locks everyone out."""
    require(actor, Permission.MANAGE_MEMBERS, organisation_id)
    organisation = await organisation_by_id(session, organisation_id, lock=True)
    # Again behind the lock: two who take each other's roles away at once would lock everyone out.
    current = replace(actor, organisations=await roles_of(session, actor.person_id))
    role = require(current, Permission.MANAGE_MEMBERS, organisation_id)
    if person_id == actor.person_id:
        raise NotAllowed("ask another person of your organisation to change your own roles")
    if organisation_id not in await roles_of(session, person_id):
        raise NotFound("this person is not a member: invite them")
    _refuse_unfit(organisation, roles)
    await _set_roles(session, actor, organisation, person_id, frozenset(roles), role)


async def _set_roles(
    session: AsyncSession,
    actor: Actor,
    organisation: Organisation,
    person_id: UUID,
    roles: frozenset[Role],
    role: Role | None = None,
) -> None:
    held = await session.get(Membership, (person_id, organisation.id))
    listed = sorted(role.value for role in roles)
    if held is None:
        session.add(
            Membership(
                person_id=person_id, organisation_id=organisation.id, roles=listed, since=await now(session)
            )
        )
    elif listed:
        held.roles = listed
    else:
        await session.delete(held)
    data = {"person": str(person_id), "roles": listed}
    await record(session, actor, ("organisation", organisation.id), "roles_changed", role=role, data=data)


async def issue_key(session: AsyncSession, actor: Actor, data: NewApiKey) -> tuple[ApiKey, str]:
    """Make an API key bound to one of the actor's organisations; answers it with the key itself, shown once."""
    from_session(actor)
    own = list(actor.organisations)
    organisation_id = data.organisation_id or (own[0] if len(own) == 1 else None)
    if organisation_id is None or organisation_id not in actor.organisations:
        detail = "name one of your own organisations"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    at = await now(session)
    public_id, secret, whole = rules.new_key()
    key = ApiKey(
        public_id=public_id,
        secret_sha256=rules.digest(secret),
        name=data.name,
        person_id=actor.person_id,
        organisation_id=organisation_id,
        scopes=sorted({scope.value for scope in data.scopes}),
        created_at=at,
        expires_at=at + timedelta(days=data.days),
    )
    session.add(key)
    await session.flush()
    await organisation_by_id(session, organisation_id, lock=True)
    about = {"key": str(key.id), "scopes": key.scopes}
    await record(session, actor, ("organisation", organisation_id), "key_issued", data=about)
    return key, whole


async def revoke_key(session: AsyncSession, actor: Actor, key_id: UUID) -> ApiKey:
    """Revoke one of the actor's own keys; effective with the next request in every process. Not with an API key."""
    from_session(actor)
    key = await own_key(session, actor, key_id)
    if key.revoked_at is None:
        key.revoked_at = await now(session)
        await organisation_by_id(session, key.organisation_id, lock=True)
        about = {"key": str(key.id)}
        await record(session, actor, ("organisation", key.organisation_id), "key_revoked", data=about)
    return key
