"""Search over HTTP: anonymous, one endpoint over all published listings, and what stands beside a listing."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import Database, now
from market.discovery.documents import search_hit
from market.discovery.fallback import GENERATION, Fallback
from market.discovery.queries import FIELDS, Question, encode_offset, search_request, still_shown
from market.editions.queries import edition_codes
from market.errors import Invalid, Unavailable
from market.interests.queries import response_record
from market.listings.queries import published, stands
from schemas.discovery import SearchAnswer, SimilarHit, SuggestionView
from schemas.listings import PublicStatus
from schemas.values import FieldProblem
from schemas.vocabulary import SearchOrder
from search.port import MAX_DEPTH, EngineUnreachable, IndexUnusable, SearchEngine, Viewer

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]

Words = Annotated[
    list[str] | None, QueryParameter(description="One or several, repeated or comma-separated.")
]
Day = Annotated[date | None, QueryParameter(description="A day in Asia/Shanghai, included.")]
Number = Annotated[
    float | None,
    QueryParameter(
        ge=0, description="In major units of price_currency, CNY where none is named; others are left out."
    ),
]
Currencies = Annotated[
    list[str] | None, QueryParameter(description="ISO 4217; one alone together with price_min or price_max.")
]
Order = Annotated[
    SearchOrder,
    QueryParameter(
        description="price is price_asc. Prices are compared within one currency: those in CNY first, then those in each "
        "other one; listings without the value last."
    ),
]
Level = Annotated[int | None, QueryParameter(ge=1, le=9)]

MOST_TYPED = 100

log = logging.getLogger("market.discovery")


@contextmanager
def _asking() -> Iterator[None]:
    """Around every question to the engine: one that cannot answer is 503, never an error of ours."""
    try:
        yield
    except (EngineUnreachable, IndexUnusable) as error:
        raise Unavailable("the search does not answer now", retry_after=2) from error


def _split(given: list[str] | None) -> list[str]:
    return [word.strip() for part in given or [] for word in part.split(",") if word.strip()]


@get("/search", opt={"public": True}, summary="Search the hall")
async def search(
    request: AnyRequest,
    state: State,
    q: Annotated[str, QueryParameter(description="Words in Chinese, English or both.")] = "",
    kind: Words = None,
    status: Words = None,
    owner: Words = None,
    region: Words = None,
    ipc: Words = None,
    industry: Words = None,
    discipline: Words = None,
    mode: Words = None,
    price_mode: Words = None,
    price_currency: Currencies = None,
    edition: Words = None,
    trl: Words = None,
    trl_min: Level = None,
    trl_max: Level = None,
    price_min: Number = None,
    price_max: Number = None,
    published_from: Day = None,
    published_to: Day = None,
    confirmed_from: Day = None,
    confirmed_to: Day = None,
    deadline_from: Day = None,
    deadline_to: Day = None,
    facets: Words = None,
    sort: Order = SearchOrder.RELEVANCE,
    limit: Annotated[int, QueryParameter(ge=0, le=100)] = 20,
    cursor: FromQuery[str | None] = None,
) -> Response[SearchAnswer]:
    """All published listings: words in either language, typing mistakes forgiven, the last word as a beginning.

    Codes filter by their beginning: `ipc=H01M` finds `H01M 10/0525`, `region=11` all of Beijing. Several values of
    one filter are alternatives, several filters all hold. `price_min` and `price_max` find prices, budgets and base prices
    in one currency, `price_currency` or CNY.
    """
    given: dict[str, list[str] | None] = {
        "kind": kind, "status": status, "owner": owner, "region": region, "ipc": ipc, "industry": industry,
        "discipline": discipline, "mode": mode, "price_mode": price_mode, "price_currency": price_currency, "edition": edition,
        "trl": trl,
    }  # fmt: skip
    question = Question(
        q=q,
        words={name: _split(values) for name, values in given.items()},
        trl=(trl_min, trl_max),
        price=(price_min, price_max),
        published=(published_from, published_to),
        confirmed=(confirmed_from, confirmed_to),
        deadline=(deadline_from, deadline_to),
        facets=_split(facets),
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    return await _answered(request, state, question)


async def _answered(request: AnyRequest, state: State, question: Question) -> Response[SearchAnswer]:
    asked = search_request(question)
    engine: SearchEngine = state.search
    try:
        page = await engine.search(asked)
    except (EngineUnreachable, IndexUnusable) as error:
        log.warning("the search answers from the database: %s", error)
        page = await _fallback(request).search(asked)
    shown = await still_shown(state.database, [hit.id for hit in page.hits]) if page.hits else set()
    end = asked.offset + asked.limit
    more = bool(page.hits) and end < min(page.total, MAX_DEPTH)
    names = {behind: name for name, behind in FIELDS.items()}
    answer = SearchAnswer(
        hits=[search_hit(hit) for hit in page.hits if hit.id in shown],
        total=page.total,
        total_is_exact=page.total_is_exact,
        facets={
            names[field]: {str(count.value): count.count for count in counts}
            for field, counts in page.facets.items()
        },
        next_cursor=encode_offset(end) if more else None,
        degraded=page.generation == GENERATION,
    )
    headers = {"Cache-Control": "no-store", "Server-Timing": f"search;dur={page.took_ms:.1f}"}
    if answer.next_cursor:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        query = urlencode([*kept, ("cursor", answer.next_cursor)])
        headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return Response(answer, headers=headers)


def _fallback(request: AnyRequest) -> Fallback:
    state = request.app.state
    if "fallback" not in state:
        state["fallback"] = Fallback(state.database)
    found: Fallback = state["fallback"]
    return found


def _refuse_long(name: str, typed: str) -> None:
    if len(typed) > MOST_TYPED:
        raise Invalid(errors=[FieldProblem(pointer=name, detail=f"at most {MOST_TYPED} characters")])


@get("/search/suggestions", opt={"public": True}, summary="Search as you type")
async def suggest(
    state: State, q: FromQuery[str], limit: Annotated[int, QueryParameter(ge=1, le=20)] = 8
) -> list[SuggestionView]:
    """Keywords and titles of published listings that begin with what was typed."""
    _refuse_long("q", q)
    engine: SearchEngine = state.search
    with _asking():
        found = await engine.suggest(q, Viewer.anonymous(), limit)
    return [SuggestionView(text=s.text, count=s.count) for s in found]


@get("/search/facets/{name:str}", opt={"public": True}, summary="Values of a facet")
async def facet_values(
    state: State,
    name: FromPath[str],
    prefix: FromQuery[str] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> dict[str, int]:
    """Values that begin with `prefix`, with the number of published listings that carry them."""
    if name not in FIELDS:
        raise Invalid(errors=[FieldProblem(pointer="name", detail=f"the facets are {', '.join(FIELDS)}")])
    _refuse_long("prefix", prefix)
    engine: SearchEngine = state.search
    try:
        with _asking():
            found = await engine.facet_values(FIELDS[name], prefix, Viewer.anonymous(), limit)
    except ValueError as error:
        raise Invalid(errors=[FieldProblem(pointer="name", detail=str(error))]) from error
    return {str(count.value): count.count for count in found}


@get("/listings/{listing_id:uuid}/similar", opt={"public": True}, summary="Similar listings")
async def similar(
    session: Session,
    database: NamedDependency[Database],
    state: State,
    listing_id: FromPath[UUID],
    limit: Annotated[int, QueryParameter(ge=1, le=20)] = 6,
) -> list[SimilarHit]:
    """Listings that share words with this one, most alike first."""
    listing = await published(session, listing_id)
    engine: SearchEngine = state.search
    with _asking():
        hits = await engine.similar(str(listing.id), Viewer.anonymous(), limit)
    shown = await still_shown(database, [hit.id for hit in hits]) if hits else set()
    return [
        SimilarHit(id=found.id, kind=found.kind, title=found.title, score=found.score)
        for found in (search_hit(hit) for hit in hits if hit.id in shown)
    ]


@get("/listings/{listing_id:uuid}/status", opt={"public": True}, summary="How a listing stands today")
async def listing_status(session: Session, listing_id: FromPath[UUID]) -> Response[PublicStatus]:
    """What changes while its document stays: freshness, editions, and how fast its owner answers."""
    listing = await published(session, listing_id)
    at = await now(session)
    record = (await response_record(session, [listing.organisation_id]))[listing.organisation_id]
    codes = await edition_codes(session, [listing.id])
    assert listing.published_at  # noqa: S101 - a published listing has all three
    assert listing.confirmed_at  # noqa: S101
    assert listing.confirm_due_at  # noqa: S101
    view = PublicStatus(
        id=listing.id,
        kind=listing.kind,
        status=stands(listing, at),
        version=listing.published_version or 0,
        published_at=listing.published_at,
        confirmed_at=listing.confirmed_at,
        confirm_due_at=listing.confirm_due_at,
        days_since_confirmed=(at - listing.confirmed_at).days,
        editions=codes.get(listing.id, []),
        median_response_days=record.median_response_days,
    )
    return Response(view, headers={"Cache-Control": "no-cache"})


hot_router = Router("/", route_handlers=[search, suggest, facet_values], tags=["Search"])
router = Router("/", route_handlers=[similar, listing_status], tags=["Search"])
