"""Events of the record as they are shown."""

from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.values import View


class EventView(View):
    """One entry of a subject's chain; `hash` covers it and, through `previous`, all before it."""

    seq: int
    kind: str
    at: datetime
    actor_id: UUID | None
    role: str | None
    reason: str | None
    data: dict[str, Any]
    previous: str
    hash: str
