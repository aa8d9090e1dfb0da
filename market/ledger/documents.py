"""Row to view of an event."""

from collections.abc import Iterable

from market.ledger.tables import Event
from schemas.record import EventView


def event_views(events: Iterable[Event]) -> list[EventView]:
    """The events as shown, hashes in hexadecimal."""
    return [
        EventView(
            **event.model_dump(include={"seq", "kind", "at", "actor_id", "role", "reason", "data"}),
            previous=event.previous.hex(),
            hash=event.hash.hex(),
        )
        for event in events
    ]
