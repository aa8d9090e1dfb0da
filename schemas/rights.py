"""What others hold in a right, and the documents that prove something to a gate: as they are given and as they are shown."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.values import WHOLE, Money, Shape, ShortText, View
from schemas.vocabulary import EncumbranceKind, EvidenceKind, ExportClass, Party

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a document, in hexadecimal."""


class NewEncumbrance(Shape):
    """What somebody holds in the rights of a listing, for a time."""

    kind: EncumbranceKind
    place: Annotated[int, Field(ge=0), WHOLE] | None = None
    """The place of the right in the listing's `ip_rights`, from 0; all of them where it is left out."""
    holder: ShortText
    begins_on: date
    ends_on: date | None = None
    """The last day; open where it is left out."""
    source: ShortText
    """The registration, contract or order that it rests on."""
    source_sha256: Digest | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "NewEncumbrance":
        if self.ends_on and self.ends_on < self.begins_on:
            raise ValueError("it ends before it begins")
        return self


class Release(Shape):
    """That it holds no more, and by what (解除)."""

    released_on: date
    source: ShortText


class EncumbranceView(View):
    id: UUID
    listing_id: UUID
    kind: EncumbranceKind
    place: int | None
    holder: str
    begins_on: date
    ends_on: date | None
    source: str
    source_sha256: str | None
    released_on: date | None
    release_source: str | None
    active: bool
    """Whether it holds today, in China."""
    recorded_by: UUID
    recorded_at: datetime


class NewEvidence(Shape):
    """A document that stays with whoever holds it; the hall keeps what it is and its hash."""

    kind: EvidenceKind
    title: ShortText
    sha256: Digest
    issued_by: ShortText | None = None
    number: ShortText | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    names: Annotated[list[ShortText], Field(max_length=100)] = []
    """Whose consent, waiver or authority it shows."""
    encumbrance_id: UUID | None = None
    """The encumbrance that it answers."""
    value: Money | None = None
    """What an appraisal comes to."""
    export_class: ExportClass | None = None
    """What a determination has found."""
    terms_sha256: Digest | None = None
    """The terms on which first refusal was offered."""


class EvidenceView(View):
    id: UUID
    kind: EvidenceKind
    title: str
    sha256: str
    issued_by: str | None
    number: str | None
    issued_on: date | None
    valid_until: date | None
    names: list[str]
    encumbrance_id: UUID | None
    value: Money | None
    export_class: ExportClass | None
    terms_sha256: str | None
    given_as: Party | None
    """The side that gave it; null where it was given before there was a deal."""
    given_by: UUID
    given_at: datetime
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
