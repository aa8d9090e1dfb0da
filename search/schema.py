"""What of a listing can be searched, filtered, counted and sorted, as data both engines build from; knows no engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from schemas.search import ListingDoc
from schemas.values import CURRENCIES
from search import codes
from search.folding import fold
from search.glossary import Glossary, load_glossary

Scalar = str | int | float | bool

_FORMAT = 2  # raise it when the same document would be indexed differently


@dataclass(frozen=True, slots=True)
class Searchable:
    """A text field: its weight in ranking, and the language of its words (`None` for names and numbers)."""

    name: str
    weight: float
    language: Literal["zh", "en"] | None


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of codes or numbers; `attribute` is where engines keep it, with every level of a nested code."""

    name: str
    attribute: str
    type: Literal["text", "int", "float"] = "text"
    spell: Callable[[str], str] = codes.spell_lower
    levels: Callable[[str], list[str]] | None = None

    @property
    def is_number(self) -> bool:
        return self.type != "text"

    def spell_start(self, start: str) -> str:
        """The beginning of a code as it is stored."""
        return start.strip().lower() if self.spell is codes.spell_lower else codes.spell_upper(start)


# Most important first: the order is itself the ranking in one engine, the weights are in the other.
SEARCHABLE = (
    Searchable("title_zh", 4.0, "zh"),
    Searchable("title_en", 4.0, "en"),
    Searchable("keywords_zh", 3.0, "zh"),
    Searchable("keywords_en", 3.0, "en"),
    Searchable("abstract_zh", 1.5, "zh"),
    Searchable("abstract_en", 1.5, "en"),
    Searchable("names", 1.5, None),
    Searchable("text_zh", 1.0, "zh"),
    Searchable("text_en", 1.0, "en"),
    Searchable("identifier_forms", 4.0, None),
)
FIELDS = {
    f.name: f
    for f in (
        FilterField("id", "id"),
        FilterField("kind", "kind"),
        FilterField("status", "status"),
        FilterField("organisation_id", "organisation_id"),
        FilterField("region", "region_levels", spell=codes.spell_region, levels=codes.region_levels),
        FilterField("ipc", "ipc_levels", spell=codes.spell_upper, levels=codes.ipc_levels),
        FilterField("industry", "industry_levels", spell=codes.spell_industry, levels=codes.industry_levels),
        FilterField(
            "discipline", "discipline_levels", spell=codes.spell_upper, levels=codes.discipline_levels
        ),
        FilterField("modes", "modes"),
        FilterField("price_mode", "price_mode"),
        FilterField("currency", "currency", spell=codes.spell_upper),
        FilterField("editions", "editions"),
        FilterField("trl", "trl", "int"),
        FilterField("price", "price", "float"),
        FilterField("published_at", "published_at", "int"),
        FilterField("confirmed_at", "confirmed_at", "int"),
        FilterField("deadline_at", "deadline_at", "int"),
    )
}
ACL = FilterField("acl", "acl")  # compiled from the viewer inside the engine, never part of a caller's filter
FACETS = frozenset(FIELDS) - {"id", "price", "published_at", "confirmed_at", "deadline_at"}
HIGHLIGHTS = frozenset(f.name for f in SEARCHABLE if f.language and not f.name.startswith("keywords"))
HIDDEN = frozenset({"acl"})  # who else may see a listing is nobody's business
CURRENCY_ORDER = ("CNY", *sorted(CURRENCIES - {"CNY"}))
"""Prices are compared within one currency alone, and stand in this order of currencies: no rate is known here."""
STALE_STATUSES = frozenset({"stale"})
MAX_FACET_VALUES = 300
LIKENESS_KEYWORDS = 6
STOP_WORDS_ZH = (
    "的",
    "了",
    "和",
    "与",
    "及",
    "在",
    "是",
    "之",
    "其",
    "或",
    "等",
    "用于",
    "一种",
    "基于",
    "对",
    "中",
)
STOP_WORDS_EN = (
    "a",
    "an",
    "and",
    "at",
    "by",
    "for",
    "from",
    "in",
    "is",
    "of",
    "on",
    "or",
    "the",
    "to",
    "with",
)


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """Everything that decides how documents are stored; equal fingerprints mean interchangeable indexes."""

    glossary: Glossary
    semantic: bool = False
    stop_words: frozenset[str] = field(default=frozenset(STOP_WORDS_ZH + STOP_WORDS_EN))

    @property
    def fingerprint(self) -> str:
        shape = [
            _FORMAT,
            [(f.name, f.weight, f.language) for f in SEARCHABLE],
            [(f.name, f.attribute, f.type) for f in FIELDS.values()],
            CURRENCY_ORDER,
            sorted(self.stop_words),
            self.glossary.fingerprint,
            self.semantic,
        ]
        return hashlib.sha256(json.dumps(shape, ensure_ascii=False).encode()).hexdigest()[:12]


@cache
def listing_schema(*, semantic: bool = False) -> IndexSchema:
    """The schema of the `listings` index in this version of the code."""
    return IndexSchema(load_glossary(), semantic)


def engine_document(doc: ListingDoc) -> dict[str, Any]:
    """The listing with everything an engine derives from it; empty fields are left out."""
    values = doc.model_dump(exclude_none=True)
    for f in FIELDS.values():
        if f.levels is not None:
            given = values.get(f.name, [])
            values[f.attribute] = _levels(f.levels, [given] if isinstance(given, str) else given)
    values["names"] = [name for name in (doc.organisation_zh, doc.organisation_en, *doc.people) if name]
    values["identifier_forms"] = _unique(
        form for number in doc.identifiers for form in codes.identifier_forms(number)
    )
    values["phrases"] = _phrases(doc)
    values["stale"] = int(doc.status in STALE_STATUSES)
    if doc.price is not None:
        values["currency_place"] = currency_place(doc.currency)
    return {name: value for name, value in values.items() if value != []}


def currency_place(currency: str | None) -> int:
    """Where the prices in this currency stand among the others; behind all of them where it is none of those."""
    return CURRENCY_ORDER.index(currency) if currency in CURRENCY_ORDER else len(CURRENCY_ORDER)


def countable(name: str) -> FilterField:
    """The field of a facet whose values have a beginning; raises `ValueError` naming it otherwise."""
    if name not in FACETS or FIELDS[name].is_number:
        raise ValueError(f"field: {name} has no values to complete")
    return FIELDS[name]


def shown(doc: ListingDoc) -> dict[str, Any]:
    """What a hit shows of the listing: its own fields, without hidden and empty ones."""
    values = doc.model_dump(exclude_none=True)
    return {name: value for name, value in values.items() if name not in HIDDEN and value != []}


def likeness(fields: dict[str, Any]) -> list[str]:
    """What a listing's likes are looked for with: some of its keywords, then its titles."""
    keywords = [*fields.get("keywords_zh", []), *fields.get("keywords_en", [])]
    return keywords[:LIKENESS_KEYWORDS] + [
        fields[name] for name in ("title_zh", "title_en") if fields.get(name)
    ]


def _levels(levels: Callable[[str], list[str]], given: list[str]) -> list[str]:
    return _unique(level for code in given for level in levels(code))


def _phrases(doc: ListingDoc) -> list[str]:
    """What completes a query: keywords and titles, one spelling each."""
    titles = [title for title in (doc.title_zh, doc.title_en) if title and len(title) <= 80]
    seen: dict[str, str] = {}
    for phrase in (*doc.keywords_zh, *doc.keywords_en, *titles):
        seen.setdefault(fold(phrase.strip()), phrase.strip())
    return [phrase for folded, phrase in seen.items() if folded]


def _unique(values: Any) -> list[str]:
    return list(dict.fromkeys(values))
