"""People and what proves who they are; every secret is stored as a hash."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from market.database import identifier, moment


class Person(SQLModel, table=True):
    __tablename__ = "person"

    id: UUID = identifier()
    email: str = Field(unique=True)
    """Lower case."""
    name: str
    password_hash: str
    """argon2id, in PHC format."""
    created_at: datetime = moment()


class Membership(SQLModel, table=True):
    """What a person is in an organisation."""

    __tablename__ = "membership"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    organisation_id: UUID = Field(primary_key=True, foreign_key="organisation.id", index=True)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    since: datetime = moment()


class PersonSession(SQLModel, table=True):
    """One sign-in on one device; the token is known to the client alone."""

    __tablename__ = "person_session"

    id: UUID = identifier()
    person_id: UUID = Field(foreign_key="person.id", index=True)
    token_sha256: bytes = Field(unique=True)
    created_at: datetime = moment()
    last_used_at: datetime = moment()
    expires_at: datetime = moment()
    address: str | None = None
    user_agent: str | None = None


class ApiKey(SQLModel, table=True):
    """A key of an organisation, made by a person, for a program."""

    __tablename__ = "api_key"

    id: UUID = identifier()
    public_id: str = Field(unique=True)
    """The middle part of rh_<id>_<secret>."""
    secret_sha256: bytes
    name: str
    person_id: UUID = Field(foreign_key="person.id")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = moment()
    expires_at: datetime = moment()
    last_used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)


class Invitation(SQLModel, table=True):
    """Lets one address join an organisation in given roles, once."""

    __tablename__ = "invitation"

    id: UUID = identifier()
    organisation_id: UUID = Field(foreign_key="organisation.id")
    email: str
    roles: list[str] = Field(sa_type=ARRAY(Text))
    token_sha256: bytes = Field(unique=True)
    invited_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    expires_at: datetime = moment()
    accepted_at: datetime | None = moment(nullable=True)
    withdrawn_at: datetime | None = moment(nullable=True)
