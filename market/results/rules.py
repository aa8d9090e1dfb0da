"""What a result needs before it is reviewed and approved, and how application numbers are checked."""

from collections.abc import Iterator
from datetime import date

from schemas.listings import CN_APPLICATION, IPRight, ResultContent, Unmet, one_spelling
from schemas.vocabulary import ExportClass, IPRightKind, IPRightStatus, Mode

_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_TYPES = {
    "1": IPRightKind.INVENTION,
    "2": IPRightKind.UTILITY_MODEL,
    "3": IPRightKind.DESIGN,
    "8": IPRightKind.INVENTION,  # PCT application for an invention
    "9": IPRightKind.UTILITY_MODEL,  # PCT application for a utility model
}
_NEED_ALL_OWNERS = frozenset(Mode) - {Mode.ORDINARY_LICENCE, Mode.TRIAL, Mode.SALE}
"""A co-owner alone may practise the patent and grant ordinary licences, of which a trial is one (专利法 art. 14)."""


def cn_check_character(digits: str) -> str:
    """The check character of 8 or 12 digits: their sum weighted 2..9, 2..5, mod 11, ten as X (ZC 0006-2003)."""
    rest = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)) % 11
    return "X" if rest == 10 else str(rest)


def cn_application_number(given: str, kind: IPRightKind | None = None) -> str:
    """A Chinese application number as `2010800631969`-style digits with `.` before the check character.

    Takes the prefixes CN and ZL, full-width digits and a missing point. Raises ValueError with a sentence for the user
    where the form, the check character, the year or the type digit is wrong.
    """
    found = CN_APPLICATION.fullmatch(one_spelling(given))
    if found is None:
        raise ValueError(
            "a Chinese application number has 12 digits (8 before October 2003), a point and a check digit"
        )
    digits, check = found.groups()
    expected = cn_check_character(digits)
    if check != expected:
        raise ValueError(f"the check digit of {digits} is {expected}, not {check}: look for a mistyped digit")
    year, kind_digit = (digits[:4], digits[4]) if len(digits) == 12 else (digits[:2], digits[2])
    # The first applications were taken in April 1985; numbers have twelve digits since October 2003.
    if not (int(year) >= 2003 if len(year) == 4 else int(year) >= 85 or int(year) <= 3):
        raise ValueError(f"no Chinese application of this form was numbered in the year {year}")
    stated = _TYPES.get(kind_digit)
    if stated is None:
        raise ValueError(f"the digit after the year says the type, 1, 2, 3, 8 or 9, and not {kind_digit}")
    if kind in _TYPES.values() and stated is not kind:
        raise ValueError(f"this number belongs to the type {stated}, not {kind}")
    return f"{digits}.{check}"


def ip_right_problems(rights: list[IPRight], today: date) -> Iterator[Unmet]:
    """What is wrong with the rights of a listing."""
    seen: set[tuple[str, str]] = set()
    for place, right in enumerate(rights):
        where = f"/ip_rights/{place}"
        number = right.application_number
        if number and right.office == "CN" and right.kind in _TYPES.values():
            try:
                number = cn_application_number(number, right.kind)
            except ValueError as error:
                yield Unmet(pointer=f"{where}/application_number", detail=str(error), rule="ZC-0006")
        if number and (right.office, number) in seen:
            yield Unmet(pointer=f"{where}/application_number", detail="the same right is listed twice")
        if number:
            seen.add((right.office, number))
        if right.kind is not IPRightKind.KNOW_HOW and not (
            number or right.grant_number or right.publication_number
        ):
            yield Unmet(
                pointer=f"{where}/application_number",
                detail="a right has an application or registration number",
            )
        if right.status in (IPRightStatus.LAPSED, IPRightStatus.EXPIRED) or (
            right.expires_on is not None and right.expires_on < today
        ):
            yield Unmet(
                pointer=f"{where}/status", detail="this right is no longer in force and cannot be offered"
            )


def unmet_for_submission(content: ResultContent, today: date) -> list[Unmet]:
    """What a result lacks before it can be reviewed."""
    return list(_lacking(content, today))


def _lacking(content: ResultContent, today: date) -> Iterator[Unmet]:
    if content.summary is None:
        yield Unmet(pointer="/summary", detail="say in a few sentences what it is and what it does")
    if not content.modes:
        yield Unmet(pointer="/modes", detail="offer at least one mode, such as ordinary_licence")
    if content.price is None:
        yield Unmet(pointer="/price", detail="say how the price is set, on_request included", rule="PR-1")
    if not content.secrecy_attested:
        yield Unmet(
            pointer="/secrecy_attested",
            detail="attest that it holds no state secret and no defence patent",
            rule="XB-9",
        )
    if not content.contributors:
        yield Unmet(pointer="/contributors", detail="name the inventors or authors")
    for place, contributor in enumerate(content.contributors):
        if not contributor.confirmed:
            yield Unmet(
                pointer=f"/contributors/{place}/confirmed",
                detail=f"{contributor.name} has not agreed to be named",
            )
    if content.maturity is not None and content.maturity.level >= 4 and content.maturity.evidence is None:
        yield Unmet(pointer="/maturity/evidence", detail="a readiness level of 4 or more names its evidence")
    yield from ip_right_problems(content.ip_rights, today)
    yield from _without_co_owners(content)


def unmet_for_approval(content: ResultContent) -> list[Unmet]:
    """What a director must settle before approving."""
    if content.export_class is ExportClass.UNDETERMINED:
        detail = "decide the export class: free, restricted or prohibited"
        return [Unmet(pointer="/export_class", detail=detail, rule="XB-1")]
    return []


def _without_co_owners(content: ResultContent) -> Iterator[Unmet]:
    """Co-owners must all agree to anything but an ordinary licence (专利法 art. 14)."""
    owners = {owner for right in content.ip_rights for owner in right.owners}
    if len(owners) > 1 and not content.co_owner_consent and _NEED_ALL_OWNERS & set(content.modes):
        detail = f"{len(owners)} owners: all must agree to what is offered beyond an ordinary licence"
        yield Unmet(pointer="/co_owner_consent", detail=detail, rule="RV-16")
