"""Who may open a box together, and what a share is encrypted with; no database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from market.ledger.rules import canonical
from schemas.listings import Unmet


@dataclass(frozen=True)
class Officer:
    """A person who is named as an opening officer (开标人)."""

    name: str
    public_key: bytes | None = None
    organisations: frozenset[UUID] = field(default_factory=frozenset)


def unmet(officers: Sequence[UUID], threshold: int, known: Mapping[UUID, Officer]) -> list[Unmet]:
    """Why these people cannot open a box with `threshold` shares; pointers are into the opening of a plan.

    Every one has registered a key, and no organisation has so many of them that it could open alone.
    """
    found = []
    for place, each in enumerate(officers):
        pointer = f"/opening/officers/{place}"
        if each not in known:
            found.append(Unmet(pointer=pointer, detail="no person has this id"))
        elif known[each].public_key is None:
            detail = "this person has not registered an opening key"
            found.append(Unmet(pointer=pointer, detail=detail))
    held = Counter(
        organisation for each in set(officers) & known.keys() for organisation in known[each].organisations
    )
    found += [
        Unmet(
            pointer="/opening/threshold",
            detail=f"organisation {organisation} has {count} of the officers and could open alone",
        )
        for organisation, count in sorted(held.items())
        if count >= threshold
    ]
    return found


def share_context(subject_id: UUID, public_key: bytes, officer: UUID) -> bytes:
    """What an officer's encrypted share is bound to, as HPKE's `info`."""
    return canonical(
        {
            "purpose": "opening share",
            "subject": str(subject_id),
            "box": public_key.hex(),
            "officer": str(officer),
        }
    )
