"""Rule packs as files, and as they are served; it knows their shape, and nothing of how a value is resolved."""

from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.values import WHOLE, LocalTitle, Shape, ShortText, Truth, View
from schemas.vocabulary import Effect, Founding, PackLevel, RuleMark, RuleUnit

PackId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,15}(-[A-Z0-9]{1,15})*$")]
RuleId = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}-[1-9][0-9]?$"), Field(examples=["PR-3", "RV-1"])
]
"""A stable id of the rules of the trade; docs/rules.md says where each is used."""
ValueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
RegionPrefix = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,5}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


def _day_of_a_year(value: str) -> str:
    try:
        date.fromisoformat(f"2023-{value}")  # no leap year: 29 February is no day of every year
    except ValueError:
        raise PydanticCustomError("month_day", "give a day of every year, as 03-30") from None
    return value


MonthDay = Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$"), AfterValidator(_day_of_a_year)]


class _Ruled(Shape):
    """What every value of a pack says of itself."""

    model_config = ConfigDict(frozen=True)

    rule: RuleId
    name: ValueName
    source: ShortText
    """The statute or document, by its Chinese title; of our own choice, why."""
    article: ShortText | None = None
    since: Annotated[date, Field(alias="from")]
    """The first day in Asia/Shanghai on which it is in force."""
    until: Annotated[date | None, Field(alias="to")] = None
    """The last day, included; open without it."""
    confirmed: Truth
    """Whether the text of the source was read and says so."""
    mark: RuleMark | None = None
    effect: Effect | None = None
    applies_to: Annotated[list[Founding], Field(min_length=1)] | None = None
    """Whom the rule binds, by founding (设立性质); everybody without it."""
    note: ShortText | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.confirmed is (self.mark is not None):
            raise PydanticCustomError("mark", "mark says why a value is not confirmed, and only then")
        if self.until is not None and self.until < self.since:
            raise PydanticCustomError("dates", "to is before from")
        return self


class PeriodValue(_Ruled):
    unit: Literal[RuleUnit.DAYS, RuleUnit.WORKING_DAYS, RuleUnit.MONTHS, RuleUnit.YEARS]
    value: Annotated[int, WHOLE, Field(ge=1, le=1000)]


class PercentValue(_Ruled):
    unit: Literal[RuleUnit.PERCENT]
    value: Annotated[int, WHOLE, Field(ge=0, le=100)]


class SumValue(_Ruled):
    unit: Literal[RuleUnit.CNY]
    value: Annotated[int, WHOLE, Field(ge=0, le=10**12)]


class FlagValue(_Ruled):
    unit: Literal[RuleUnit.FLAG]
    value: Truth


class WordsValue(_Ruled):
    unit: Literal[RuleUnit.WORDS]
    value: Annotated[list[Word], Field(max_length=50)]


class MonthDayValue(_Ruled):
    unit: Literal[RuleUnit.MONTH_DAY]
    value: MonthDay


class TextValue(_Ruled):
    unit: Literal[RuleUnit.TEXT]
    value: ShortText


RuleValue = Annotated[
    PeriodValue | PercentValue | SumValue | FlagValue | WordsValue | MonthDayValue | TextValue,
    Field(discriminator="unit"),
]


class PackFile(Shape):
    """A rule pack (规则包) as a TOML file holds it."""

    model_config = ConfigDict(frozen=True, title="Rule pack")

    id: PackId
    title: LocalTitle
    jurisdiction: ShortText
    """Whose law it is, in a few words."""
    level: PackLevel
    extends: PackId | None = None
    """The pack that is asked where this one says nothing; one pack of all extends none."""
    regions: Annotated[list[RegionPrefix], Field(max_length=100)] = []
    """Beginnings of the region codes for which it stands: GB/T 2260, or ISO 3166. The longest that fits decides."""
    foundings: Annotated[list[Founding], Field(max_length=4)] = []
    """It lies on top of the pack of the region for organisations that were founded so."""
    default: Truth = False
    """It stands for organisations that name no region; one pack of all does."""
    values: Annotated[list[RuleValue], Field(max_length=1000)]

    @model_validator(mode="after")
    def _no_overlap(self) -> Self:
        named: dict[str, list[_Ruled]] = defaultdict(list)
        for value in self.values:
            named[value.name].append(value)
        clashes = [
            f"{later.rule} {name}: two values are in force on {later.since}"
            for name, values in named.items()
            for earlier, later in pairwise(sorted(values, key=lambda value: value.since))
            if earlier.until is None or later.since <= earlier.until
        ]
        if clashes:
            raise PydanticCustomError("overlap", "{clashes}", {"clashes": "; ".join(clashes)})
        return self


class RuleValueView(View):
    """One value with the pack that it stands in; unconfirmed ones say why in `mark`."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    pack: str
    level: PackLevel
    rule: str
    name: str
    unit: RuleUnit
    value: int | bool | list[str] | str
    source: str
    article: str | None
    since: Annotated[date, Field(alias="from")]
    until: Annotated[date | None, Field(alias="to")]
    confirmed: bool
    mark: RuleMark | None
    effect: Effect | None
    applies_to: list[Founding] | None
    note: str | None


class RulePackSummary(View):
    id: str
    title: dict[str, str]
    jurisdiction: str
    level: PackLevel
    extends: str | None
    regions: list[str]
    foundings: list[Founding]
    default: bool
    sha256: str
    """Of the file, in hexadecimal."""
    values: int
    unconfirmed: int


class RulePackList(View):
    items: list[RulePackSummary]


class RulePackView(View):
    """A pack by itself: what it inherits stands in the packs that it extends."""

    pack: RulePackSummary
    on: date | None
    """The day on which the values are in force; without it every value is shown, past and coming ones too."""
    values: list[RuleValueView]


class ResolvedValue(View):
    """How one value is found on one day: the first pack of `chain` that has one in force gives it."""

    name: str
    jurisdiction: str
    on: date
    chain: list[str]
    """Pack ids, the nearest first."""
    version: str
    """What is stored with a decision: each pack of the chain with the SHA-256 of its file."""
    value: RuleValueView | None
    levels: list[RuleValueView]
    """Every pack's value in force, the nearest first: floors of several levels are seen together."""
    history: list[RuleValueView]
    """Every value of this name in the chain, past and coming ones too."""


class PeriodView(View):
    """A legal period with what it was counted from (期间, 民法典 art. 200 to 204); stored with what it decided.

    `end` is 24:00 Asia/Shanghai of `last_day`. `nominal_last_day` is the day before it rolled over a holiday.
    """

    start: datetime
    start_day: date
    length: int
    unit: RuleUnit
    nominal_last_day: date
    last_day: date
    end: datetime
    calendar: str
    calendar_confirmed: bool
    """Whether the holidays of every year that it depends on are decreed and known."""
    rule: str | None
    name: str | None
    pack: str | None
    pack_version: str | None
    rule_confirmed: bool | None
    """Null where no rule gave the length, but an agreement."""
    confirmed: bool
    """Calendar and rule both."""
