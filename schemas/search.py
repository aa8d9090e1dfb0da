"""The public document of a listing as the search index sees it; knows its shape and codes, not how an engine stores it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Kind = Literal["result", "product", "opportunity"]

# Engines compare codes differently (one ignores case, the other does not), so a code has exactly one spelling.
_LOWER = re.compile(r"[a-z0-9][a-z0-9._:\-]*")
_REGION = re.compile(r"\d{6}|[A-Z]{2}(-[A-Z0-9]{1,3})?")
_IPC = re.compile(r"[A-H](\d{2}([A-Z](\d{1,4}(/\d{2,6})?)?)?)?")
_INDUSTRY = re.compile(r"[A-T]|\d{2,4}")
_DISCIPLINE = re.compile(r"[A-Z](\d{2}){0,3}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_CODE = 200


def _spelled(pattern: re.Pattern[str], meaning: str) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) > _LONGEST_CODE or pattern.fullmatch(value) is None:
            raise ValueError(f"{value!r} is not {meaning}")
        return value

    return AfterValidator(check)


SHAPES = {"region": _REGION, "ipc": _IPC, "industry": _INDUSTRY, "discipline": _DISCIPLINE, "edition": _LOWER}
"""How a whole code, or one of the levels above it, is spelled."""

Code = Annotated[str, _spelled(_LOWER, "a lower-case ASCII code")]
RegionCode = Annotated[str, _spelled(_REGION, "a six-digit GB/T 2260 code or an ISO 3166-2 code")]
IpcCode = Annotated[str, _spelled(_IPC, "an IPC symbol written like H01M10/0525")]
IndustryCode = Annotated[str, _spelled(_INDUSTRY, "a GB/T 4754 code: a section letter or two to four digits")]
DisciplineCode = Annotated[str, _spelled(_DISCIPLINE, "an NSFC discipline code written like E0201")]
CurrencyCode = Annotated[str, _spelled(_CURRENCY, "an ISO 4217 code")]
ListingId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", max_length=36)
]
Name = Annotated[str, Field(min_length=1, max_length=500)]
EpochSeconds = Annotated[int, Field(ge=0, lt=2**33)]


class ListingDoc(BaseModel):
    """One listing as everyone named in `acl` may see it.

    Nothing an organisation keeps to itself belongs here: whether a query matches is already an answer.
    `price` orders hits and answers ranges, among prices in its `currency`; it is in major units and is never shown as an
    amount.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: ListingId
    rev: Annotated[int, Field(ge=0, lt=2**53)]
    kind: Kind
    status: Code
    title_zh: str | None = None
    title_en: str | None = None
    abstract_zh: str | None = None
    abstract_en: str | None = None
    keywords_zh: list[Name] = []
    keywords_en: list[Name] = []
    text_zh: str | None = None
    text_en: str | None = None
    organisation_id: Code
    organisation_zh: str | None = None
    organisation_en: str | None = None
    people: list[Name] = []
    identifiers: list[Name] = []
    region: RegionCode | None = None
    ipc: list[IpcCode] = []
    industry: list[IndustryCode] = []
    discipline: list[DisciplineCode] = []
    trl: Annotated[int, Field(ge=1, le=9)] | None = None
    modes: list[Code] = []
    price_mode: Code | None = None
    price: Annotated[float, Field(ge=0, le=1e13)] | None = None
    currency: CurrencyCode | None = None
    editions: list[Code] = []
    published_at: EpochSeconds | None = None
    confirmed_at: EpochSeconds | None = None
    deadline_at: EpochSeconds | None = None
    acl: list[Code] = ["public"]

    @model_validator(mode="after")
    def _has_a_title(self) -> Self:
        if not (self.title_zh or self.title_en):
            raise ValueError("a listing needs title_zh or title_en")
        return self
