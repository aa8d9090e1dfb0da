"""Rule packs as files: reads each, and checks it by itself and against the others; it resolves nothing."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.rules import PackFile, RuleValue, RuleValueView
from schemas.vocabulary import Effect, Founding, PackLevel, RuleMark, RuleUnit

TIME = frozenset({RuleUnit.DAYS, RuleUnit.WORKING_DAYS, RuleUnit.MONTHS, RuleUnit.YEARS})


class PacksInvalid(ValueError):
    """Some rule packs cannot be used; the text has a line for every fault, with file, rule and field."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("Rule packs:\n" + "\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True)
class Value:
    """A value of a rule with the pack that gave it."""

    pack: str
    level: PackLevel
    rule: str
    name: str
    unit: RuleUnit
    value: int | bool | list[str] | str
    source: str
    article: str | None
    since: date
    until: date | None
    confirmed: bool
    mark: RuleMark | None
    effect: Effect | None
    applies_to: list[Founding] | None
    note: str | None

    @property
    def cited(self) -> str:
        """Source and article as one text."""
        return f"{self.source} {self.article}" if self.article else self.source

    def binds(self, founding: Founding) -> bool:
        return self.applies_to is None or founding in self.applies_to

    def in_force(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)

    def view(self) -> RuleValueView:
        return RuleValueView.model_validate(self)


@dataclass(frozen=True)
class Pack:
    """A pack as its file says it."""

    file: PackFile
    path: Path
    sha256: str

    @cached_property
    def values(self) -> Mapping[str, list[Value]]:
        """By name, the earliest first."""
        found: dict[str, list[Value]] = {}
        for value in sorted(self.file.values, key=lambda value: value.since):
            found.setdefault(value.name, []).append(self._value(value))
        return found

    def _value(self, value: RuleValue) -> Value:
        return Value(pack=self.file.id, level=self.file.level, **dict(value))

    def at(self, name: str, on: date) -> Value | None:
        return next((value for value in self.values.get(name, ()) if value.in_force(on)), None)


def read(path: Path) -> Pack:
    """Raises PacksInvalid with every fault of the file."""
    content = path.read_bytes()
    try:
        raw = tomllib.loads(content.decode())
    except ValueError as error:  # also of bytes that are no UTF-8
        raise PacksInvalid([f"{path.name}: {error}"]) from error
    try:
        file = PackFile.model_validate(raw)
    except ValidationError as error:
        faults = [f"{path.name}: {_said(fault, raw)}" for fault in error.errors(include_url=False)]
        raise PacksInvalid(faults) from error
    return Pack(file, path, hashlib.sha256(content).hexdigest())


def _said(fault: ErrorDetails, raw: Mapping[str, Any]) -> str:
    """Rule, name, field and what is wrong with it."""
    place = list(fault["loc"])
    told = []
    if len(place) > 1 and place[0] == "values" and isinstance(place[1], int):
        value = raw["values"][place[1]]
        known = value if isinstance(value, dict) else {}
        told.append(
            " ".join(str(known.get(key, "?")) for key in ("rule", "name")) + f" (value {place[1] + 1})"
        )
        # The union of kinds names the unit between the value and its field.
        place = place[3:] if place[2:3] == [known.get("unit")] else place[2:]
    field = "/".join(str(part) for part in place)
    return ": ".join([*told, *([field] if field else []), fault["msg"]])


def faults_between(packs: Mapping[str, Pack]) -> Iterator[str]:
    """What is wrong with sound packs as a whole."""
    roots = sorted(name for name, pack in packs.items() if pack.file.extends is None)
    if len(roots) != 1:
        yield f"extends: one pack extends no other, here {', '.join(roots) or 'none'}"
    defaults = sorted(name for name, pack in packs.items() if pack.file.default)
    if len(defaults) != 1:
        yield f"default: one pack is the default, here {', '.join(defaults) or 'none'}"
    yield from _claimed_twice(packs)
    for pack in packs.values():
        lineage = list(_lineage(packs, pack))
        if broken := _broken(packs, lineage):
            yield f"{pack.path.name}: extends: {broken}"
        else:
            yield from _other_units(pack, lineage[1:])


def _claimed_twice(packs: Mapping[str, Pack]) -> Iterator[str]:
    claimed: dict[str, Pack] = {}
    for pack in packs.values():
        for region in pack.file.regions:
            if region in claimed:
                yield f"{pack.path.name}: regions: {region} is {claimed[region].file.id}'s already"
            claimed[region] = pack


def _lineage(packs: Mapping[str, Pack], pack: Pack) -> Iterator[Pack]:
    """The pack and those that it extends, as far as they exist and no pack comes twice."""
    seen: set[str] = set()
    following: Pack | None = pack
    while following is not None and following.file.id not in seen:
        seen.add(following.file.id)
        yield following
        following = packs.get(following.file.extends or "")


def _broken(packs: Mapping[str, Pack], lineage: Sequence[Pack]) -> str:
    last = lineage[-1].file
    if last.extends is None:
        return ""
    return f"{last.id} extends {last.extends}, which " + (
        "leads back to it" if last.extends in packs else "is nowhere"
    )


def _other_units(pack: Pack, above: Sequence[Pack]) -> Iterator[str]:
    """A name means one thing in all packs; only a span of time may be counted in another unit of time."""
    for name, values in pack.values.items():
        known = [other for one in above for other in one.values.get(name, ())] + values
        kinds = {"a span of time" if value.unit in TIME else value.unit.value for value in known}
        if len(kinds) > 1:
            yield f"{pack.path.name}: {values[0].rule} {name}: unit: it is {' and '.join(sorted(kinds))}"
