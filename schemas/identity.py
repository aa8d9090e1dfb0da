"""People, sessions and API keys as they cross the boundary; secrets go out once and never come back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field, SecretStr

from schemas.organisations import NewOrganisation
from schemas.values import WHOLE, Shape, ShortText, View
from schemas.vocabulary import Role, Scope

Password = Annotated[SecretStr, Field(min_length=12, max_length=200)]


class SignUp(Shape):
    """A person registers, with a new organisation or with an invitation to one."""

    email: EmailStr
    password: Password
    name: ShortText
    organisation: NewOrganisation | None = None
    invitation: ShortText | None = None


class SignIn(Shape):
    email: EmailStr
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class PasswordChange(Shape):
    current: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new: Password


class MembershipView(View):
    organisation_id: UUID
    organisation_name: dict[str, str]
    roles: list[Role]


class PersonView(View):
    id: UUID
    email: str
    name: str
    memberships: list[MembershipView]


class SessionOpened(View):
    """Use `token` as `Authorization: Bearer`; it is shown once and also set as a cookie."""

    token: str
    expires_at: datetime
    person: PersonView


class SessionView(View):
    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str | None
    current: bool


class NewInvitation(Shape):
    email: EmailStr
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]


class InvitationView(View):
    id: UUID
    email: str
    roles: list[Role]
    expires_at: datetime


class InvitationIssued(InvitationView):
    """`token` is shown once; the inviter passes it on. Good for 7 days, once, for that address."""

    token: str


class NewApiKey(Shape):
    name: ShortText
    organisation_id: UUID | None = None
    scopes: Annotated[list[Scope], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=365), WHOLE] = 90


class ApiKeyView(View):
    id: UUID
    name: str
    organisation_id: UUID
    scopes: list[Scope]
    prefix: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyIssued(ApiKeyView):
    key: str


class RoleChange(Shape):
    roles: Annotated[list[Role], Field(max_length=5)]


class InvitationToken(Shape):
    token: ShortText


class MemberView(View):
    person_id: UUID
    name: str
    email: str
    roles: list[Role]
    since: datetime
