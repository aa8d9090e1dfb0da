"""Sign-up, sessions, invitations, members and API keys over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import Database
from market.identity import queries, service
from market.identity.credentials import cookie_name, is_https
from market.identity.rules import ATTEMPT_WINDOW, SESSION_ABSOLUTE, TRIES_PER_ADDRESS
from market.identity.tables import ApiKey, Invitation, Person, PersonSession
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.web.attempts import count_attempt
from market.web.conditional import answer
from schemas.identity import (
    ApiKeyIssued,
    ApiKeyView,
    InvitationIssued,
    InvitationToken,
    InvitationView,
    MemberView,
    NewApiKey,
    NewInvitation,
    PasswordChange,
    PersonView,
    RoleChange,
    SessionOpened,
    SessionView,
    SignIn,
    SignUp,
)
from schemas.vocabulary import Role, Scope

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]


def _address(request: AnyRequest) -> str:
    return request.client.host if request.client else "unknown"


def _opened(
    request: AnyRequest, opened: PersonSession, token: str, person: PersonView
) -> Response[SessionOpened]:
    return Response(
        SessionOpened(token=token, expires_at=opened.expires_at, person=person),
        status_code=201,
        headers={"Location": f"/api/v1/sessions/{opened.id}", "Cache-Control": "no-store"},
        cookies=[_cookie(request, token, int(SESSION_ABSOLUTE.total_seconds()))],
    )


def _cookie(request: AnyRequest, token: str, seconds: int) -> Cookie:
    return Cookie(
        key=cookie_name(request),
        value=token,
        path="/",
        httponly=True,
        secure=is_https(request),  # a browser also ignores the end of a __Host- cookie that is not secure
        samesite="lax",
        max_age=seconds,
    )


@post("/people", opt={"public": True, "secret": True}, summary="Sign up")
async def sign_up(
    request: AnyRequest, session: Session, database: NamedDependency[Database], data: JSONBody[SignUp]
) -> Response[SessionOpened]:
    """Register with a new organisation or with an invitation; answers an open session. Sixty tries per address."""
    bucket = f"sign-up:{_address(request)}"
    await count_attempt(database, bucket, most=TRIES_PER_ADDRESS, window=ATTEMPT_WINDOW)
    person = await service.sign_up(session, data)
    opened, token = await service.open_session(
        session, person.id, address=_address(request), user_agent=request.headers.get("user-agent")
    )
    return _opened(request, opened, token, await queries.person_view(session, person.id))


@post("/sessions", opt={"public": True, "secret": True}, summary="Sign in")
async def sign_in(
    request: AnyRequest, session: Session, database: NamedDependency[Database], data: JSONBody[SignIn]
) -> Response[SessionOpened]:
    """Open a session. Ten tries per account and sixty per address in fifteen minutes, then 429."""
    opened, token = await service.sign_in(
        session, database, data, address=_address(request), user_agent=request.headers.get("user-agent")
    )
    return _opened(request, opened, token, await queries.person_view(session, opened.person_id))


@get("/sessions", summary="Where you are signed in")
async def list_sessions(session: Session, actor: Caller) -> list[SessionView]:
    """Your own open sessions, newest first. Not with an API key."""
    service.from_session(actor)
    rows = await queries.own_sessions(session, actor)
    return [
        SessionView(
            **row.model_dump(exclude={"person_id", "token_sha256"}), current=row.id == actor.session_id
        )
        for row in rows
    ]


@delete("/sessions/current", summary="Sign out")
async def sign_out_here(request: AnyRequest, session: Session, actor: Caller) -> Response[None]:
    """End the session of this request."""
    await service.sign_out(session, actor, service.from_session(actor))
    return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])


@delete("/sessions", summary="Sign out everywhere")
async def sign_out_everywhere(session: Session, actor: Caller) -> None:
    """End all your sessions, this one included."""
    await service.sign_out_everywhere(session, actor)


@delete("/sessions/{session_id:uuid}", summary="Sign out one device")
async def sign_out_there(session: Session, actor: Caller, session_id: FromPath[UUID]) -> None:
    """End one of your own sessions."""
    await service.sign_out(session, actor, session_id)


@get("/people/me", summary="Who you are")
async def me(session: Session, actor: Caller) -> PersonView:
    """The person of this session with their roles in each organisation; of a key, in its organisation alone."""
    return await queries.person_view(session, actor.person_id, within=actor.organisations)


@put("/people/me/password", status_code=204, summary="Change your password", opt={"unconditional": True})
async def change_password(
    session: Session, actor: Caller, database: NamedDependency[Database], data: JSONBody[PasswordChange]
) -> None:
    """Ends all your other sessions."""
    await service.change_password(session, database, actor, data)


@post("/organisations/{organisation_id:uuid}/invitations", opt={"secret": True}, summary="Invite a colleague")
async def invite(
    session: Session, actor: Caller, organisation_id: FromPath[UUID], data: JSONBody[NewInvitation]
) -> Response[InvitationIssued]:
    """Answers a token, shown once; pass it on, it is good for that address, once, for seven days."""
    invitation, token = await service.invite(session, actor, organisation_id, data)
    view = InvitationIssued(**_invitation_view(invitation).model_dump(), token=token)
    return answer(view, status=201)


@get("/organisations/{organisation_id:uuid}/invitations", summary="Open invitations of your organisation")
async def list_invitations(
    session: Session, actor: Caller, organisation_id: FromPath[UUID]
) -> list[InvitationView]:
    """Those that can still be accepted, latest first, without their tokens. For those who may invite."""
    require(actor, Permission.MANAGE_MEMBERS, organisation_id)
    await organisation_by_id(session, organisation_id)
    return [_invitation_view(row) for row in await queries.open_invitations(session, organisation_id)]


@delete(
    "/organisations/{organisation_id:uuid}/invitations/{invitation_id:uuid}", summary="Withdraw an invitation"
)
async def withdraw_invitation(
    session: Session, actor: Caller, organisation_id: FromPath[UUID], invitation_id: FromPath[UUID]
) -> None:
    """By those who may invite, while it is open; its token is then answered like an unknown one."""
    await service.withdraw_invitation(session, actor, organisation_id, invitation_id)


def _invitation_view(invitation: Invitation) -> InvitationView:
    return InvitationView(
        id=invitation.id,
        email=invitation.email,
        roles=[Role(role) for role in invitation.roles],
        expires_at=invitation.expires_at,
    )


@post("/invitations", opt={"secret": True}, status_code=200, summary="Join another organisation")
async def join(session: Session, actor: Caller, data: JSONBody[InvitationToken]) -> PersonView:
    """For a person who has an account already. Not with an API key."""
    service.from_session(actor)
    await service.accept_invitation(session, await session.get_one(Person, actor.person_id), data.token)
    return await queries.person_view(session, actor.person_id)


@get("/organisations/{organisation_id:uuid}/members", summary="Members of your organisation")
async def list_members(session: Session, actor: Caller, organisation_id: FromPath[UUID]) -> list[MemberView]:
    """For those who may manage them."""
    require(actor, Permission.MANAGE_MEMBERS, organisation_id)
    await organisation_by_id(session, organisation_id)
    return [
        MemberView(
            person_id=person.id,
            name=person.name,
            email=person.email,
            roles=[Role(role) for role in membership.roles],
            since=membership.since,
        )
        for membership, person in await queries.members(session, organisation_id)
    ]


@patch(
    "/organisations/{organisation_id:uuid}/members/{person_id:uuid}",
    status_code=204,
    summary="Change a member's roles",
    opt={"unconditional": True},
)
async def change_roles(
    session: Session,
    actor: Caller,
    organisation_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[RoleChange],
) -> None:
    """The whole set of roles; none ends the membership. Effective with the member's next request."""
    await service.change_roles(session, actor, organisation_id, person_id, data.roles)


@get("/api-keys", summary="Your API keys")
async def list_keys(session: Session, actor: Caller) -> list[ApiKeyView]:
    """All keys that you made, the revoked ones too. Not with an API key."""
    service.from_session(actor)
    return [_key_view(key) for key in await queries.own_keys(session, actor)]


@post("/api-keys", opt={"secret": True}, summary="Make an API key")
async def issue_key(session: Session, actor: Caller, data: JSONBody[NewApiKey]) -> Response[ApiKeyIssued]:
    """Answers `rh_<id>_<secret>`, shown once."""
    key, whole = await service.issue_key(session, actor, data)
    view = ApiKeyIssued(**_key_view(key).model_dump(), key=whole)
    return answer(view, status=201, location=f"/api/v1/api-keys/{key.id}")


@delete("/api-keys/{key_id:uuid}", summary="Revoke an API key")
async def revoke_key(session: Session, actor: Caller, key_id: FromPath[UUID]) -> None:
    """Effective with the next request in every process."""
    await service.revoke_key(session, actor, key_id)


def _key_view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        **key.model_dump(exclude={"public_id", "secret_sha256", "person_id", "scopes"}),
        scopes=[Scope(scope) for scope in key.scopes],
        prefix=f"rh_{key.public_id}",
    )


router = Router(
    "/",
    route_handlers=[
        sign_up,
        sign_in,
        list_sessions,
        sign_out_here,
        sign_out_everywhere,
        sign_out_there,
        me,
        change_password,
        invite,
        list_invitations,
        withdraw_invitation,
        join,
        list_members,
        change_roles,
        list_keys,
        issue_key,
        revoke_key,
    ],
    tags=["People and sessions"],
)
