"""Organisations and their identifiers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import Founding, OrganisationKind, VerificationLevel


class Organisation(SQLModel, table=True):
    __tablename__ = "organisation"
    __table_args__ = (Index("ix_organisation_name_keys", "name_keys", postgresql_using="gin"),)

    id: UUID = identifier()
    name: dict[str, str] = Field(sa_type=JSONB)
    name_keys: list[str] = Field(default=[], sa_type=ARRAY(Text), sa_column_kwargs={"server_default": "{}"})
    """Each name as the eye sees it, so that no second organisation looks like this one."""
    kind: OrganisationKind = word(OrganisationKind)
    founding: Founding = word(Founding)
    region: str | None = None
    website: str | None = None
    verification: VerificationLevel = word(VerificationLevel, default=VerificationLevel.L0)
    revision: int = 1
    created_at: datetime = moment()


class OrganisationIdentifier(SQLModel, table=True):
    """A registry number; one organisation per number."""

    __tablename__ = "organisation_identifier"
    __table_args__ = (UniqueConstraint("scheme", "value"),)

    organisation_id: UUID = Field(primary_key=True, foreign_key="organisation.id")
    scheme: str = Field(primary_key=True)
    value: str
    check_result: str


class OrganisationControl(SQLModel, table=True):
    """Who controls an organisation (实际控制人, 控股), as declared by it or found by the operator; read with its own controllers."""

    __tablename__ = "organisation_control"

    id: UUID = identifier()
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    controller_id: UUID = Field(foreign_key="organisation.id", index=True)
    evidence: str
    since: datetime = moment()
    until: datetime | None = moment(nullable=True)
    recorded_by: UUID
