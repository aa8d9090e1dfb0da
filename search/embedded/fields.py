"""The tantivy schema and how a listing becomes a tantivy document; knows field types, not queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import tantivy

from schemas.search import ListingDoc
from search.embedded import tokens
from search.folding import fold
from search.port import Sort
from search.schema import ACL, FIELDS, SEARCHABLE, FilterField, currency_place, engine_document, shown

# Scores are multiplied by log2(2 + value): a stale listing keeps 85 % of its score.
FRESH, STALE = 0.25, 0.0
SORT_FIELDS = {sort: f"sort_{sort}" for sort in Sort if sort is not Sort.RELEVANCE}
PHRASE_SEPARATOR = "\t"
REV_SEPARATOR = "|"


@cache
def tantivy_schema() -> tantivy.Schema:
    """Text is segmented by us and split at blanks; codes are raw; one packed number per sort order."""
    builder = tantivy.SchemaBuilder()
    for searchable in SEARCHABLE:
        if searchable.name == "identifier_forms":
            builder.add_text_field(searchable.name, tokenizer_name="raw", index_option="basic")
        else:
            builder.add_text_field(searchable.name, tokenizer_name="whitespace")
    for name in ("han", "words"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for field in (*FIELDS.values(), ACL):
        match field.type:
            case "text":
                builder.add_text_field(field.attribute, tokenizer_name="raw", fast=True, index_option="basic")
            case "int":
                builder.add_integer_field(field.attribute, indexed=True, fast=True)
            case "float":
                builder.add_float_field(field.attribute, indexed=True, fast=True)
    for name in ("phrases", "id_rev"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in SORT_FIELDS.values():
        builder.add_unsigned_field(name, fast=True)
    builder.add_unsigned_field("id_hash", indexed=True, fast=True)
    builder.add_float_field("freshness", fast=True)
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def tantivy_document(doc: ListingDoc) -> tantivy.Document:
    """The document to add; raises `ValueError` for a value that does not fit its field."""
    values = engine_document(doc)
    made = tantivy.Document()
    texts = [
        (name, tokens.index_terms(fold(text))) for name in _text_names() for text in _listed(values.get(name))
    ]
    for name, terms in texts:
        made.add_text(name, terms.words)
    made.add_text("han", " ".join(terms.pairs for _, terms in texts))
    made.add_text("words", " ".join(terms.surface for _, terms in texts))
    for form in values.get("identifier_forms", []):
        made.add_text("identifier_forms", form)
    for field in (*FIELDS.values(), ACL):
        for value in _listed(values.get(field.attribute)):
            _add(made, field, value)
    for phrase in values.get("phrases", []):
        made.add_text("phrases", f"{fold(phrase)}{PHRASE_SEPARATOR}{phrase}")
    made.add_text("id_rev", f"{doc.id}{REV_SEPARATOR}{doc.rev}")
    hashed = id_hash(doc.id)
    made.add_unsigned("id_hash", hashed)
    for sort, name in SORT_FIELDS.items():
        made.add_unsigned(name, _sort_key(doc, sort, hashed))
    made.add_float("freshness", STALE if values["stale"] else FRESH)
    made.add_bytes("source", json.dumps(shown(doc), ensure_ascii=False).encode())
    return made


def _add(made: tantivy.Document, field: FilterField, value: Any) -> None:
    match field.type:
        case "text":
            made.add_text(field.attribute, value)
        case "int":
            made.add_integer(field.attribute, value)
        case "float":
            made.add_float(field.attribute, value)


def id_hash(id_: str) -> int:
    """64 bits that break ties the same way in every generation."""
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest())


def _sort_key(doc: ListingDoc, sort: Sort, hashed: int) -> int:
    """Highest first, in 64 bits: what is sorted by, then as much of the hash as there is room for.

    Of a time: bit 63 says that there is one, then 50 bits of seconds. Of a price: six bits of the currency, which are
    never nought, then 50 bits of hundredths.
    """
    if sort in (Sort.NEWEST, Sort.CONFIRMED):
        at = doc.published_at if sort is Sort.NEWEST else doc.confirmed_at
        return hashed >> 2 if at is None else 1 << 63 | at << 13 | hashed >> 51
    if doc.price is None:
        return hashed >> 6
    price = round(doc.price * 100)
    if sort is Sort.PRICE_ASC:
        price = 2**50 - 1 - price
    return (63 - currency_place(doc.currency)) << 58 | price << 8 | hashed >> 56


@cache
def _text_names() -> tuple[str, ...]:
    return tuple(searchable.name for searchable in SEARCHABLE if searchable.name != "identifier_forms")


def _listed(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)
