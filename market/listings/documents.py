"""Row to public document: the one canonical document of a publication, and what the search index makes of it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from market.ledger.rules import canonical, sha256
from market.listings.tables import Listing
from market.organisations.tables import Organisation
from schemas.search import ListingDoc

# What the owner states to the reviewer and nobody else.
_PRIVATE = {"secrecy_attested": True, "co_owner_consent": True, "contributors": {"__all__": {"confirmed"}}}
_STEPS_OF_TIME = "seconds"


def instant(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat(timespec=_STEPS_OF_TIME).replace("+00:00", "Z")


def public_document(
    listing: Listing, organisation: Organisation, content: Any, number: int, at: datetime
) -> bytes:
    """RFC 8785 canonical JSON of version `number`; what is unset is left out."""
    body: dict[str, Any] = content.model_dump(mode="json", exclude=_PRIVATE, exclude_none=True)
    for right in body.get("ip_rights", []):
        if right["status"] == "pending":
            # Not laid open by the office yet: its number and dates stay with the owner.
            for name in ("application_number", "filed_on", "expires_on"):
                right.pop(name, None)
    owner = {
        "id": str(organisation.id),
        "name": organisation.name,
        "kind": organisation.kind.value,
        "region": organisation.region,
    }
    document = {name: value for name, value in body.items() if value not in ({}, [])} | {
        "id": str(listing.id),
        "version": number,
        "published_at": instant(at),
        "organisation": {name: value for name, value in owner.items() if value is not None},
    }
    return canonical(document)


def search_document(
    document: bytes,
    listing: Listing,
    organisation: Organisation,
    editions: list[str],
) -> ListingDoc:
    """What the index holds of a published listing: its public document, its live state and its owner's live name.

    `rev` is a fingerprint of everything else in it, so that index and database can be compared row by row.
    """
    body: dict[str, Any] = json.loads(document)
    made = _document_of(body, listing, organisation, editions)
    fingerprint = int.from_bytes(sha256(made.model_dump_json().encode())[:6])
    return made.model_copy(update={"rev": fingerprint})


def _document_of(
    body: dict[str, Any], listing: Listing, organisation: Organisation, editions: list[str]
) -> ListingDoc:
    price = body.get("price", {})
    money = price.get("amount") or body.get("budget")
    return ListingDoc(
        id=str(listing.id),
        rev=0,
        kind=listing.kind.value,
        status=listing.status.value,
        title_zh=_text(body, "title", "zh-Hans"),
        title_en=_text(body, "title", "en"),
        abstract_zh=_text(body, "summary", "zh-Hans") or _text(body, "problem", "zh-Hans"),
        abstract_en=_text(body, "summary", "en") or _text(body, "problem", "en"),
        keywords_zh=body.get("keywords", {}).get("zh-Hans", []),
        keywords_en=body.get("keywords", {}).get("en", []),
        text_zh=_further(body, "zh-Hans"),
        text_en=_further(body, "en"),
        organisation_id=str(organisation.id),
        organisation_zh=organisation.name.get("zh-Hans"),
        organisation_en=organisation.name.get("en"),
        people=[name for c in body.get("contributors", []) for name in (c["name"], c.get("name_en")) if name],
        identifiers=_identifiers(body),
        region=body.get("region") or organisation.region,
        ipc=[symbol.replace(" ", "") for symbol in body.get("ipc", [])],
        industry=[
            code if len(code) == 1 else code.lstrip("ABCDEFGHIJKLMNOPQRST")
            for code in body.get("industry", [])
        ],
        discipline=body.get("discipline", []),
        trl=body.get("maturity", {}).get("level"),
        modes=body.get("modes", []),
        price_mode=price.get("mode"),
        price=float(money["amount"]) if money else None,
        currency=money["currency"] if money else None,
        editions=editions,
        published_at=_seconds(listing.published_at),
        confirmed_at=_seconds(listing.confirmed_at),
        deadline_at=_seconds(datetime.fromisoformat(body["deadline"])) if body.get("deadline") else None,
    )


_FURTHER = (
    "problem",
    "benefits",
    "application",
    "advantages",
    "needs",
    "data_offered",
    "constraints",
    "baseline",
)


def _text(body: dict[str, Any], name: str, language: str) -> str | None:
    value: str | None = body.get(name, {}).get(language)
    return value


def _further(body: dict[str, Any], language: str) -> str | None:
    parts = [_text(body, name, language) for name in _FURTHER]
    parts += [kpi["name"].get(language) for kpi in body.get("kpis", [])]
    return "\n".join(part for part in parts if part) or None


def _identifiers(body: dict[str, Any]) -> list[str]:
    names = ("application_number", "publication_number", "grant_number")
    found = [right[name] for right in body.get("ip_rights", []) for name in names if right.get(name)]
    if "certificate" in body:
        found.append(body["certificate"]["number"])
    return found


def _seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None


def listing_url(base_url: str, listing_id: UUID) -> str:
    """The stable public address of a listing."""
    return f"{base_url}/api/v1/listings/{listing_id}"
