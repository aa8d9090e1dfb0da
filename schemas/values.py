"""Small values that every feature uses: two-language text, money, pages, and problems."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from schemas.vocabulary import Language

T = TypeVar("T")


class Shape(BaseModel):
    """A shape that comes in: unknown fields are an error, so that a misspelt one is never lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """A shape that goes out."""

    model_config = ConfigDict(from_attributes=True)


def _truth(value: object) -> object:
    if not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "give true or false")
    return value


def _whole(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool):
        raise PydanticCustomError("int_type", "give a whole number")
    return value


# Not by pydantic's strict types: Litestar asks for the lax reading of everything, and an attestation is no "yes".
Truth = Annotated[bool, BeforeValidator(_truth)]
"""True or false, and nothing that is taken for either."""
WHOLE = BeforeValidator(_whole)
"""For an int, behind its bounds: a whole number, and nothing that is taken for one."""

# Control characters other than tab and line ends are refused, so that no text can hide or reorder another: the
# controls C0 and C1, and Unicode's Bidi_Control (U+061C, 200E, 200F, 202A-202E, 2066-2069).
_PLAIN = (
    r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F"
    r"\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]*$"
)

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_PLAIN)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=_PLAIN)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./-]{0,31}$")]


def _some_language(value: dict[Language, str]) -> dict[Language, str]:
    if not value:
        raise ValueError("give the text in at least one language")
    return value


LocalTitle = Annotated[dict[Language, ShortText], AfterValidator(_some_language)]
"""A short text per language, at least one of zh-Hans and en."""
LocalText = Annotated[dict[Language, LongText], AfterValidator(_some_language)]
"""A long text per language, at least one of zh-Hans and en."""


# ISO 4217 minor units of the currencies that are not divided into hundredths.
MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3, "CLF": 4}
CURRENCIES = frozenset(
    [
        "CNY",
        "HKD",
        "MOP",
        "TWD",
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "KRW",
        "SGD",
        "CHF",
        "AUD",
        "CAD",
        "NZD",
        "SEK",
        "NOK",
        "DKK",
        "INR",
        "BRL",
        "RUB",
        "ZAR",
        "AED",
        "SAR",
        "THB",
        "MYR",
        "IDR",
        "VND",
        "PHP",
        "PLN",
        "CZK",
        "HUF",
        "ILS",
        "TRY",
        "MXN",
        "KWD",
        "BHD",
        "OMR",
        "JOD",
        "TND",
        "CLF",
        "KZT",
        "UZS",
        "MNT",
        "PKR",
    ]
)


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("not a currency code of ISO 4217 that is traded here")
    return value


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]


# Python's Decimal would also read 1_000, 1e3 and digits of other scripts.
_DECIMAL = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")


def _decimal_string(value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        return value
    raise PydanticCustomError("decimal_parsing", 'give the amount as a decimal string, such as "1200.00"')


Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4),
    BeforeValidator(_decimal_string),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,14}(\.\d{1,4})?$", "examples": ["1200.00"]}),
]


class Money(BaseModel):
    """An amount as a decimal string with its ISO 4217 currency; never a float.

    It is kept with the decimal places of its currency, so that one sum has one spelling in documents and hashes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Amount
    currency: Currency = "CNY"

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        """From integer minor units, as stored."""
        digits = MINOR_UNITS.get(currency, 2)
        return cls(amount=Decimal(minor).scaleb(-digits), currency=currency)

    @property
    def minor(self) -> int:
        """In integer minor units; an amount finer than the currency is refused when it comes in."""
        return int(self.amount.scaleb(MINOR_UNITS.get(self.currency, 2)))

    def model_post_init(self, _context: object) -> None:
        digits = MINOR_UNITS.get(self.currency, 2)
        if self.amount != round(self.amount, digits):
            raise ValueError(f"{self.currency} has {digits} decimal places")
        object.__setattr__(self, "amount", self.amount.quantize(Decimal(1).scaleb(-digits)))


class Page(View, Generic[T]):
    """One page of a list; the RFC 8288 Link header names the next one."""

    items: list[T]
    next_cursor: str | None = None


class FieldProblem(View):
    """What is wrong with one field; `pointer` is an RFC 6901 JSON Pointer into the body, or a parameter's name."""

    pointer: str
    detail: str
    rule: str | None = None


class Problem(View):
    """An RFC 9457 problem; `type` resolves to a page that explains it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[FieldProblem] | None = None


class Reason(Shape):
    """A reason in the actor's own words, kept in the record."""

    reason: Annotated[str, StringConstraints(min_length=2, max_length=2000, pattern=_PLAIN)]


class Stamp(View):
    """When something happened and who did it."""

    at: datetime
    by: UUID | None = None
