"""Rows that belong to HTTP itself: answers stored for repeated requests, and counters of attempts."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import moment


class StoredAnswer(SQLModel, table=True):
    """The answer to one request with an Idempotency-Key, written in the transaction of its effect.

    `body` is null where the answer held a secret that is shown once.
    """

    __tablename__ = "stored_answer"

    principal: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    method: str
    path: str
    request_sha256: bytes
    status: int
    headers: dict[str, Any] = Field(sa_type=JSONB)
    body: bytes | None = None
    stored_at: datetime = moment(index=True)


class Attempts(SQLModel, table=True):
    """How often something was tried in one window of time; shared by all processes."""

    __tablename__ = "attempts"

    bucket: str = Field(primary_key=True)
    window_start: datetime = moment()
    tries: int
