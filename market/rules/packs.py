"""Rule packs: reads and checks the files, and resolves a value by jurisdiction and day; it knows no deal and no database.

    where = jurisdiction_of(seller.region, seller.founding)     # "CN-BJ", or "CN-BJ+CN-SOE"; stored with the deal
    book = rulebook(where, legal_day(agreed_at))                # the packs in force at the deal's own date
    book.percent("transfer_income_floor")                       # 50; ValueUnknown where no pack has it
    book.find("reward_payout")                                  # Value or None, with rule, source, article, confirmed
    book.period("price_publicity", published_at)                # a Period with its inputs (periods.py)
    book.levels("transfer_income_floor")                        # every level's value, the nearest first
    book.version                                                # stored with whatever was judged by it

A `Value` has: pack, level, rule, name, unit, value, source, article, since, until, confirmed, mark, effect (block or
warn), applies_to, note; `binds(founding)` says whether it binds an organisation of that founding, `view()` is its
schemas.rules.RuleValueView. The nearest pack that has a value of the name in force on that day gives it.

A pack is added by putting a file beside the others; no code names any pack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from market.rules.files import TIME, Pack, PacksInvalid, Value, faults_between, read
from market.rules.periods import Basis, Period, count
from market.workdays import legal_day
from schemas.values import Money
from schemas.vocabulary import Founding, RuleUnit

FOLDER = Path(__file__).parent / "packs"
ON_TOP = "+"
"""Parts a jurisdiction's pack of the region from the pack that lies on top of it."""


class ValueUnknown(LookupError):
    """No pack of the jurisdiction has a value of this name and unit in force on that day."""


class JurisdictionUnknown(LookupError):
    """There is no such pack."""


@dataclass(frozen=True)
class Rulebook:
    """The rules of a jurisdiction on one day."""

    jurisdiction: str
    on: date
    packs: tuple[Pack, ...]
    """The nearest first."""

    @property
    def chain(self) -> list[str]:
        return [pack.file.id for pack in self.packs]

    @property
    def version(self) -> str:
        """Each pack of the chain with the SHA-256 of its file, the nearest first: `CN-BJ@<hex> CN@<hex> …`."""
        return " ".join(f"{pack.file.id}@{pack.sha256}" for pack in self.packs)

    def levels(self, name: str) -> list[Value]:
        """The value of every pack that has one, the nearest first."""
        return [value for pack in self.packs if (value := pack.at(name, self.on)) is not None]

    def history(self, name: str) -> list[Value]:
        """Past and coming values too."""
        return [value for pack in self.packs for value in pack.values.get(name, ())]

    def find(self, name: str) -> Value | None:
        return next(iter(self.levels(name)), None)

    def value(self, name: str) -> Value:
        """Raises ValueUnknown."""
        found = self.find(name)
        if found is None:
            raise ValueUnknown(f"{self.jurisdiction} has no {name} in force on {self.on}")
        return found

    def days(self, name: str) -> int:
        return self._number(name, RuleUnit.DAYS)

    def working_days(self, name: str) -> int:
        return self._number(name, RuleUnit.WORKING_DAYS)

    def months(self, name: str) -> int:
        return self._number(name, RuleUnit.MONTHS)

    def years(self, name: str) -> int:
        return self._number(name, RuleUnit.YEARS)

    def percent(self, name: str) -> int:
        return self._number(name, RuleUnit.PERCENT)

    def money(self, name: str) -> Money:
        return Money.of(self._number(name, RuleUnit.CNY) * 100, "CNY")

    def flag(self, name: str) -> bool:
        """False where no pack has it: what no rule asks for is not asked for."""
        return self.find(name) is not None and self._of(name, RuleUnit.FLAG).value is True

    def words(self, name: str) -> tuple[str, ...]:
        found = self._of(name, RuleUnit.WORDS).value
        assert isinstance(found, list)  # noqa: S101 - the unit says so
        return tuple(found)

    def text(self, name: str) -> str:
        return str(self._of(name, RuleUnit.TEXT).value)

    def day_of(self, name: str, year: int) -> date:
        """The day that a rule names of every year, in this one."""
        return date.fromisoformat(f"{year:04}-{self._of(name, RuleUnit.MONTH_DAY).value}")

    def period(self, name: str, start: datetime) -> Period:
        """The legal period of this name that `start` sets running, in whichever unit the rule counts."""
        value = self._of(name, *TIME)
        basis = Basis(value.rule, value.name, value.pack, self.version, value.confirmed)
        return count(start, _whole(value), value.unit, basis)

    def _number(self, name: str, unit: RuleUnit) -> int:
        return _whole(self._of(name, unit))

    def _of(self, name: str, *units: RuleUnit) -> Value:
        found = self.value(name)
        if found.unit not in units:
            raise ValueUnknown(
                f"{found.pack} gives {name} in {found.unit}, not in {', '.join(sorted(units))}"
            )
        return found


def _whole(value: Value) -> int:
    assert isinstance(value.value, int)  # noqa: S101 - the unit says so
    return value.value


@dataclass(frozen=True)
class Library:
    """The packs of one or several folders, checked together."""

    packs: Mapping[str, Pack]

    @classmethod
    def of(cls, *folders: Path) -> "Library":
        """Raises PacksInvalid with every fault of every file."""
        packs: dict[str, Pack] = {}
        faults: list[str] = []
        for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
            try:
                pack = read(path)
            except PacksInvalid as error:
                faults += error.faults
                continue
            if pack.file.id in packs:
                faults.append(f"{path.name}: id: {packs[pack.file.id].path.name} is {pack.file.id} already")
            packs[pack.file.id] = pack
        faults = faults or list(faults_between(packs))
        if faults:
            raise PacksInvalid(faults)
        return cls(packs)

    def rulebook(self, jurisdiction: str, on: date) -> Rulebook:
        """Raises JurisdictionUnknown."""
        day = legal_day(on) if isinstance(on, datetime) else on
        chain: list[Pack] = []
        for name in reversed(jurisdiction.split(ON_TOP)):
            if name not in self.packs:
                raise JurisdictionUnknown(f"there is no rule pack {name}")
            own = list(_ancestry(self.packs, name))
            ids = {pack.file.id for pack in own}
            chain = [pack for pack in chain if pack.file.id not in ids] + own
        return Rulebook(jurisdiction, day, tuple(chain))

    def jurisdiction_of(self, region: str | None, founding: Founding) -> str:
        """The pack of the region, and what lies on top of it for organisations that were founded so."""
        found = self._of_region(region, founding)
        law = [pack.file.id for pack in _ancestry(self.packs, found.file.id)]
        # An overlay holds where the law that it extends does: the state's company abroad is not under it.
        tops = [
            name
            for name, pack in sorted(self.packs.items())
            if founding in pack.file.foundings and pack.file.extends in law
        ]
        return ON_TOP.join([found.file.id, *tops])

    def _of_region(self, region: str | None, founding: Founding) -> Pack:
        fitting = {
            prefix: pack
            for pack in self.packs.values()
            for prefix in pack.file.regions
            if region and region.startswith(prefix)
        }
        if fitting:
            return fitting[max(fitting, key=len)]
        stays = region is None and founding is not Founding.FOREIGN
        return next(
            pack
            for pack in self.packs.values()
            if (pack.file.default if stays else pack.file.extends is None)
        )


def _ancestry(packs: Mapping[str, Pack], name: str) -> Iterator[Pack]:
    following: str | None = name
    while following is not None:
        yield packs[following]
        following = packs[following].file.extends


@cache
def library() -> Library:
    """The packs of this hall, read once; raises PacksInvalid."""
    return Library.of(FOLDER)


def rulebook(jurisdiction: str, on: date) -> Rulebook:
    """The rules in force in a jurisdiction on a day in Asia/Shanghai; raises JurisdictionUnknown."""
    return library().rulebook(jurisdiction, on)


def jurisdiction_of(region: str | None, founding: Founding) -> str:
    """Under whose rules an organisation transfers: of a deal, its seller's, stored with the deal.

    Its place decides: `110108` is CN-BJ, `33…` CN-ZJ, `31…` CN-SH, any other in China CN, elsewhere GENERIC; without
    a region it is Beijing's, or GENERIC for one of foreign founding. A state-owned enterprise has CN-SOE on top,
    as in `CN-BJ+CN-SOE`.
    """
    return library().jurisdiction_of(region, founding)
