"""Row to document of an edition: the canonical snapshot, the table that Excel opens, and the views."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from market.editions.queries import Standing
from market.editions.rules import Item, code, unmet_for_release
from market.editions.tables import Edition, EditionItem
from market.ledger.rules import canonical
from market.listings.documents import instant, listing_url
from market.listings.rules import PUBLIC
from schemas.editions import EditionState, EditionSummary, ItemResult, ItemState
from schemas.vocabulary import EditionStatus, ListingStatus, OpportunityType

_STATE = ("revision", "created_by", "created_at", "updated_at")


def code_of(edition: Edition) -> str | None:
    """The public code, or None before the edition has its number."""
    return code(edition.kind, edition.number) if edition.number is not None else None


def snapshot(edition: Edition, kept: Sequence[Standing], left_out: Sequence[Standing]) -> bytes:
    """RFC 8785 canonical JSON: each item with the version and SHA-256 of the document that stands for it.

    What was withdrawn since the edition was scheduled is named by id alone, as the hall shows no more of it.
    """
    document: dict[str, Any] = {
        "id": str(edition.id),
        "code": code_of(edition),
        "kind": edition.kind.value,
        "number": edition.number,
        "title": edition.title,
        "published_at": instant(edition.published_at) if edition.published_at else None,
        "items": [_snapshot_item(place, row) for place, row in enumerate(kept, 1)],
        "withdrawn": [str(row.item.listing_id) for row in left_out],
    }
    if edition.applications_until is not None:
        document["applications_until"] = instant(edition.applications_until)
    return canonical(document)


def _snapshot_item(position: int, row: Standing) -> dict[str, Any]:
    body = json.loads(row.document)
    return {
        "position": position,
        "listing_id": str(row.item.listing_id),
        "version": row.version,
        "sha256": row.sha256.hex(),
        "title": body["title"],
        "organisation": {name: body["organisation"][name] for name in ("id", "name")},
    }


COLUMNS = ("场景类型", "序号", "场景机会名称", "单位名称", "合作需求", "联系方式")
"""The columns of the scenario opportunity lists as they are published."""

_TYPES = {OpportunityType.SCENARIO.value: "应用场景", OpportunityType.DEMAND.value: "技术需求"}
# A cell that begins with one of these is run as a formula, also in its full width.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def table(rows: Sequence[Standing], base_url: str) -> bytes:
    """CSV of a released opportunity list from the documents of its snapshot; a byte order mark tells Excel UTF-8.

    Answers are given through the hall, so the contact (联系方式) is the listing's address in it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(text) for text in _cells(row, base_url)])
    return out.getvalue().encode("utf-8-sig")


def _cells(row: Standing, base_url: str) -> tuple[str, ...]:
    body = json.loads(row.document)
    unit = body.get("owner_unit") or _text(body["organisation"]["name"])
    needs = _text(body.get("needs") or body.get("problem") or {})
    contact = listing_url(base_url, row.item.listing_id)
    if row.status not in PUBLIC:  # the snapshot keeps its name; its content is not given out any more
        needs, contact = "已撤回", ""
    kind = _TYPES[body["opportunity_type"]]
    return kind, str(row.item.position), _text(body["title"]), unit, needs, contact


def _text(texts: dict[str, str]) -> str:
    return texts.get("zh-Hans") or texts.get("en") or ""


def edition_summary(edition: Edition, *, embargoed: bool) -> EditionSummary:
    """The edition in a list; `embargoed` shows of a scheduled one no more than the calendar does."""
    return EditionSummary(**_summary(edition, embargoed=embargoed))


def _summary(edition: Edition, *, embargoed: bool) -> dict[str, Any]:
    hidden = embargoed and edition.status is EditionStatus.SCHEDULED
    names = (
        "id",
        "kind",
        "number",
        "title",
        "status",
        "release_at",
        "published_at",
        "closed_at",
        "reported_at",
    )
    return {name: getattr(edition, name) for name in names} | {
        "code": code_of(edition),
        "applications_until": None if hidden else edition.applications_until,
        "sha256": edition.sha256.hex() if edition.sha256 else None,
    }


def edition_state(edition: Edition, items: Sequence[tuple[EditionItem, ListingStatus, Any]]) -> EditionState:
    """The edition with its items, for the operator and the auditor."""
    unmet = []
    if edition.status is EditionStatus.COMPILING:
        facts = [Item(item.listing_id, status, item.outcome) for item, status, _ in items]
        unmet = unmet_for_release(facts, None, edition.applications_until)
    shown = [
        ItemState(**item.model_dump(exclude={"edition_id"}), title=title, listing_status=status)
        for item, status, title in items
    ]
    state = {name: getattr(edition, name) for name in _STATE}
    return EditionState(**_summary(edition, embargoed=False), **state, items=shown, unmet=unmet)


def item_result(item: EditionItem) -> ItemResult:
    return ItemResult(**item.model_dump(exclude={"edition_id", "version"}))
