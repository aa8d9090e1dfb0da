"""Which contract a mode becomes, what it must state of patents, when a licence is recorded; no database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from market import workdays
from schemas.deals import NewContract, PatentFacts
from schemas.listings import application_number_of
from schemas.values import FieldProblem
from schemas.vocabulary import ContractKind, IPRightKind, Mode

K = ContractKind

KINDS: Mapping[Mode, frozenset[ContractKind]] = {
    Mode.TRANSFER: frozenset({K.TRANSFER}),
    Mode.EXCLUSIVE_LICENCE: frozenset({K.LICENCE}),
    Mode.SOLE_LICENCE: frozenset({K.LICENCE}),
    Mode.ORDINARY_LICENCE: frozenset({K.LICENCE}),
    Mode.OPEN_LICENCE: frozenset({K.LICENCE}),
    Mode.EQUITY: frozenset({K.TRANSFER}),  # 北京市技术市场条例 art. 23
    Mode.CO_DEVELOPMENT: frozenset({K.DEVELOPMENT}),
    Mode.OPTION: frozenset({K.LICENCE, K.TRANSFER}),
    Mode.TRIAL: frozenset({K.LICENCE}),
    Mode.SALE: frozenset({K.SERVICE, K.CONSULTING}),
}
"""The kinds of technology contract (民法典 art. 843) that a deal in each mode can end as."""

PATENTS = frozenset({IPRightKind.INVENTION, IPRightKind.UTILITY_MODEL, IPRightKind.DESIGN})
_OVER = frozenset({"lapsed", "expired"})
_DESIGNS_LAST_15_YEARS_SINCE = date(2021, 6, 1)
"""国家知识产权局公告第423号; 10 years before."""


def patent_expiry(kind: IPRightKind, filed_on: date) -> date | None:
    """When a Chinese patent ends: 20, 10 or 15 years from filing (专利法 art. 42)."""
    years = {IPRightKind.INVENTION: 20, IPRightKind.UTILITY_MODEL: 10, IPRightKind.DESIGN: 15}.get(kind)
    if kind is IPRightKind.DESIGN and filed_on < _DESIGNS_LAST_15_YEARS_SINCE:
        years = 10
    return months_later(filed_on, 12 * years) if years else None


def months_later(day: date, months: int) -> date:
    """The corresponding day, or the last of a month that has none (民法典 art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    first = date(year, month + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def licence_recordal_due(
    kind: ContractKind, patents: Sequence[PatentFacts], effective_on: date
) -> date | None:
    """By which day a licence of granted Chinese patents is recorded with CNIPA: three months after it takes effect.

    None where nothing is to be recorded. 专利法实施细则(2023) art. 15; a last day that is a holiday rolls on to
    the next working day (art. 5).
    """
    if kind is not K.LICENCE or not any(patent.granted and patent.office == "CN" for patent in patents):
        return None
    due = months_later(effective_on, 3)
    while not workdays.is_working_day(due):
        due += timedelta(days=1)
    return due


def stated_patents(
    document: Mapping[str, Any], given: Sequence[PatentFacts]
) -> tuple[list[tuple[str, PatentFacts]], list[FieldProblem]]:
    """The patents of a contract, each with its place in the body: the listing's, with what the parties fill in.

    Patents whose term is over are left out: nothing of them can be granted. The problems name what contradicts the
    listing.
    """
    problems: list[FieldProblem] = []
    filled: dict[int, tuple[int, PatentFacts]] = {}
    others: list[tuple[str, PatentFacts]] = []
    listed = _listed(document)
    for index, facts in enumerate(given):
        where = f"/patents/{index}/place"
        if facts.place is None:
            others.append((f"/patents/{index}", _derived(facts)))
        elif facts.place not in listed:
            problems.append(FieldProblem(pointer=where, detail="the listing has no patent in this place"))
        elif facts.place in filled:
            problems.append(FieldProblem(pointer=where, detail="named twice"))
        else:
            filled[facts.place] = (index, facts)
    patents: list[tuple[str, PatentFacts]] = []
    for place, right in listed.items():
        if place not in filled:
            patents.append(("/patents/-", _derived(right)))  # RFC 6901: the entry that is not there yet
            continue
        index, facts = filled[place]
        if facts.office is None:  # then its number is spelled as the listing's office spells it
            number = application_number_of(facts.application_number, right.office)
            facts = facts.model_copy(update={"application_number": number})
        problems += _contradictions(right, facts, index)
        patents.append((f"/patents/{index}", _derived(_filled(right, facts))))
    return patents + others, problems


def _listed(document: Mapping[str, Any]) -> dict[int, PatentFacts]:
    """The patents and applications of a published version, by their place in `ip_rights`."""
    return {
        place: PatentFacts(
            place=place,
            title=document["title"],
            kind=IPRightKind(right["kind"]),
            office=right["office"],
            owners=right.get("owners", []),
            filed_on=right.get("filed_on"),
            application_number=right.get("application_number"),
            granted=right["status"] == "granted",
            patent_number=right.get("grant_number") if right["office"] != "CN" else None,
            expires_on=right.get("expires_on"),
        )
        for place, right in enumerate(document.get("ip_rights", []))
        if right["kind"] in PATENTS and right["status"] not in _OVER
    }


_FILLABLE = ("owners", "filed_on", "application_number", "patent_number", "expires_on")


def _contradictions(listed: PatentFacts, given: PatentFacts, index: int) -> Iterator[FieldProblem]:
    for name in ("kind", "office", "granted", *_FILLABLE):
        stated, value = getattr(listed, name), getattr(given, name)
        if value not in (None, []) and stated not in (None, [], value):
            yield FieldProblem(pointer=f"/patents/{index}/{name}", detail=f"the listing states {stated}")


def _filled(listed: PatentFacts, given: PatentFacts) -> PatentFacts:
    """With what the listing leaves out; the title of the patent itself goes before the title of the listing."""
    missing = {name: getattr(given, name) for name in _FILLABLE if not getattr(listed, name)}
    return listed.model_copy(update=missing | {"title": given.title or listed.title})


def _derived(facts: PatentFacts) -> PatentFacts:
    """With what follows from the rest of a Chinese patent: its number, ZL and the application number, and its end."""
    if facts.office != "CN" or not facts.granted:
        return facts
    number = facts.application_number
    zl = f"ZL{re.sub('^(CN|ZL)', '', number)}" if number else None
    ends = patent_expiry(facts.kind, facts.filed_on) if facts.kind and facts.filed_on else None
    return facts.model_copy(
        update={"patent_number": facts.patent_number or zl, "expires_on": facts.expires_on or ends}
    )


_MUST_STATE = {
    "title": "the title of the invention",
    "kind": "the kind of patent",
    "office": "the patent office",
    "owners": "the applicant or owner",
    "filed_on": "the filing date",
    "application_number": "the application number",
    "granted": "whether it is granted",
}
_MUST_STATE_OF_GRANTED = {"patent_number": "the patent number", "expires_on": "the end of its term"}


def lacking(
    data: NewContract,
    mode: Mode,
    patents: Sequence[tuple[str, PatentFacts]],
    agreed_until: date | None,
    today: date,
) -> Iterator[FieldProblem]:
    """Everything that stands against recording this contract; `agreed_until` is the last day of the agreed term."""
    effective_on = data.effective_on or data.signed_on
    if data.kind not in KINDS[mode]:
        able = ", ".join(sorted(KINDS[mode]))
        yield FieldProblem(pointer="/kind", detail=f"a deal by {mode} ends as: {able}", rule="CT-1")
    if data.signed_on > today:
        yield FieldProblem(pointer="/signed_on", detail="a contract is recorded once it is signed")
    if agreed_until and data.valid_until not in (None, agreed_until):
        yield FieldProblem(pointer="/valid_until", detail=f"the agreed term ends on {agreed_until}")
    if agreed_until and agreed_until < effective_on:
        yield FieldProblem(pointer="/effective_on", detail=f"the agreed term ends before, on {agreed_until}")
    if data.kind in (K.TRANSFER, K.LICENCE):
        for where, patent in patents:
            yield from _lacking_of(patent, where, effective_on)


def _lacking_of(patent: PatentFacts, where: str, effective_on: date) -> Iterator[FieldProblem]:
    """民法典 art. 845: what a contract must state of a patent; art. 865: it is licensed while it lives."""
    wanted = _MUST_STATE | (_MUST_STATE_OF_GRANTED if patent.granted else {})
    for name, words in wanted.items():
        if getattr(patent, name) in (None, []):
            yield FieldProblem(
                pointer=f"{where}/{name}",
                detail=f"{_called(patent)}: state {words}",
                rule="CT-3",
            )
    if patent.expires_on and patent.expires_on <= effective_on:
        yield FieldProblem(
            pointer=f"{where}/expires_on",
            detail=f"{_called(patent)} ends before the contract takes effect",
            rule="CT-7",
        )


def _called(patent: PatentFacts) -> str:
    place = "" if patent.place is None else f" in place {patent.place} of the listing"
    return f"the patent {patent.application_number or ''}".rstrip() + place
