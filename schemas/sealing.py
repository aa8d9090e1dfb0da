"""Opening officers' keys and shares, and a sealed box, as they cross the boundary."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from schemas.values import Shape, View
from schemas.vocabulary import Role

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
"""32 bytes in base64."""
Words = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(\s+[A-Za-z]+)*$", max_length=1000)]


class NewOpeningKey(Shape):
    """An X25519 public key, made by `seal_bid.py key`."""

    public_key: Key


class OpeningKeyView(View):
    public_key: str
    registered_at: datetime


class NewShare(Shape):
    """The words of an opening share, as `seal_bid.py share` shows them."""

    words: Words


class OfficerPlace(View):
    """In which organisation an opening officer is what."""

    organisation_id: UUID
    organisation: dict[str, str]
    roles: list[Role]


class OfficerView(View):
    """One opening officer, and whether their share is in."""

    person_id: UUID
    name: str
    places: list[OfficerPlace]
    public_key: str
    """To which the share is encrypted, in base64."""
    handed_in_at: datetime | None


class OpeningView(View):
    """A sealed box. Keys are 32 raw bytes in base64; the private key is null until the box was opened."""

    subject: UUID
    purpose: str
    suite: str
    """Of HPKE in base mode (RFC 9180)."""
    public_key: str
    blob_bytes: int
    """The size of every sealed blob."""
    threshold: int
    """How many shares it takes."""
    officers: list[OfficerView]
    opened_at: datetime | None
    private_key: str | None


class ShareView(View):
    """Your share of a box's private key, encrypted to your own; all in base64."""

    subject: UUID
    officer: UUID
    box: str
    """The public key of the box."""
    sealed_to: str
    """Your public key at that time."""
    sealed: str
