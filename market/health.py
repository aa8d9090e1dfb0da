"""Whether this process lives, and whether it can serve."""

from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import State

from market.database import LOST, Database
from market.trading.durability import SHOW, unsafe
from schemas.values import View

_LAG = "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float AS lag, count(*) AS waiting FROM search_dirty"


class Readiness(View):
    """`index_lag_seconds` is the age of the oldest change that the search does not show yet.

    While `search` is false, the search answers from the database, with less.
    `durable`: the database keeps what it confirms; where it does not, everything else is served and no round is held.
    """

    database: bool
    search: bool
    index_lag_seconds: float | None
    index_waiting: int | None
    durable: bool | None


@get("/health", opt={"public": True}, summary="The process lives")
async def health() -> dict[str, str]:
    """Answers without asking anything else."""
    return {"status": "ok"}


@get("/ready", opt={"public": True}, summary="The process can serve")
async def ready(request: Request[Any, Any, Any], state: State) -> Response[Readiness]:
    """200 while the database answers, 503 otherwise; without it nothing else is served, without the search all else is."""
    database: Database = state.database
    lag: float | None = None
    waiting: int | None = None
    durable: bool | None = None
    try:
        row = await database.pool.fetchrow(_LAG, timeout=2)
        lag, waiting = (row["lag"], row["waiting"]) if row else (None, None)
        durable = unsafe(await database.pool.fetchrow(SHOW, timeout=2)) is None
    except LOST:
        pass
    search = (await request.app.state.search.health()).reachable
    view = Readiness(
        database=lag is not None,
        search=search,
        index_lag_seconds=lag,
        index_waiting=waiting,
        durable=durable,
    )
    return Response(view, status_code=200 if lag is not None else 503, headers={"Cache-Control": "no-store"})


router = Router("/", route_handlers=[health, ready], tags=["Health"])
