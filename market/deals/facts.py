"""What is known of a deal when its gates are judged, and the form of a gate; no database."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from market.deals.rules import SIDES
from market.evidence.tables import Proof
from market.listings.tables import Encumbrance
from schemas.deals import Condition, Terms
from schemas.vocabulary import Founding, ListingKind, Mode, Party


@dataclass(frozen=True)
class Publicity:
    """Where the public notice (公示) of the price stands."""

    clear: bool
    detail: str
    """What it still lacks, for whoever waits for it."""


@dataclass(frozen=True)
class Facts:
    """What is known of a deal when its gates are judged."""

    mode: Mode
    terms: Terms
    accepted: Mapping[Party, bytes]
    """The hash of the terms that each side has accepted."""
    declared: Set[Party]
    """Who has declared related-party facts."""
    has_manager: bool
    on: date
    """The day, in China, on which it is judged."""
    kind: ListingKind = ListingKind.RESULT
    seller_founding: Founding = Founding.PRIVATE
    buyer_founding: Founding = Founding.PRIVATE
    buyer_foreign: bool = False
    """The buyer is foreign or under foreign control."""
    seller_names: Set[str] = frozenset()
    document: Mapping[str, Any] = field(default_factory=dict)
    """The published version that the deal is about."""
    encumbrances: Sequence[Encumbrance] = ()
    proofs: Sequence[Proof] = ()
    from_round: bool = False
    """It grew from the award of a trading round."""
    publicity: Publicity | None = None
    """None where no notice of the price was begun."""

    @property
    def parties(self) -> list[Party]:
        return [*SIDES, Party.MANAGER] if self.has_manager else [*SIDES]


def always(_: Facts) -> bool:
    return True


@dataclass(frozen=True)
class Gate:
    """One gate: its rule, where that stands, what it lacks, and whether the law asks for it at all."""

    name: str
    rule: str
    source: str
    unmet: Callable[[Facts], list[Condition]]
    required: Callable[[Facts], bool] = always
