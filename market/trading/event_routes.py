"""The live stream of a round over HTTP, without a transaction: it may last for days."""

from collections.abc import AsyncGenerator
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from market.errors import Invalid
from market.trading.announcer import Announcer
from schemas.values import FieldProblem

LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="The id of the last event that was seen.")
]


@get(
    "/rounds/{round_id:uuid}/events",
    opt={"public": True},
    media_type="text/event-stream",
    summary="Watch a round",
)
async def watch(
    state: State, round_id: FromPath[UUID], last_event_id: LastEventId = None
) -> Response[bytes] | Stream:
    """Server-sent events: where the round stands, at once and after every move, each with its place in the log as `id`.

    A bid comes as `standing`, a turn of the round by its kind (`admitted`, `suspended`, `resumed`, `opened`, `closed`,
    `confirmed`, `defaulted`, `withdrawn`, `void`), all with the data of `Standing`. Bids that are overtaken within a tenth
    of a second are left out; with `Last-Event-ID` every entry since then is sent first. Of sealed bids nothing is told
    before the opening. The stream ends with the round; 204 to whoever has seen its last entry.
    """
    last = _seq(last_event_id)
    announcer: Announcer = state.announcer
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if not await announcer.admit(round_id, last):
        return Response(b"", status_code=204, headers=headers)
    stream = announcer.watch(round_id, last)
    left = BackgroundTask(_leave, stream)
    return Stream(stream, media_type="text/event-stream", headers=headers, background=left)


async def _leave(stream: AsyncGenerator[bytes]) -> None:
    """A watcher who goes while something is being sent leaves the generator where it is."""
    await stream.aclose()


def _seq(last_event_id: str | None) -> int | None:
    if last_event_id is None:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 9):
        detail = "not an id of an event of this stream"
        raise Invalid(errors=[FieldProblem(pointer="Last-Event-ID", detail=detail)])
    return int(last_event_id)


hot_router = Router("/", route_handlers=[watch], tags=["Rounds"])
