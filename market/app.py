"""Puts the application together: one ASGI app per process, with its database, search engine and caches."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from litestar import Litestar, Router, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.pydantic import PydanticPlugin
from litestar.response import Redirect

from market import __version__, health
from market.brokerage import routes as brokerage
from market.challenges import objection_routes as award_objections
from market.challenges import race_routes, review_routes
from market.challenges import routes as challenges
from market.database import Database
from market.deals import evidence_routes
from market.deals import routes as deals
from market.discovery import routes as discovery
from market.distributions import clock_routes, receivable_routes
from market.distributions import routes as distributions
from market.editions import public_routes as releases
from market.editions import routes as editions
from market.identity import routes as identity
from market.identity.credentials import authenticate
from market.interests import routes as interests
from market.ledger import routes as ledger
from market.ledger.signing import signing_key
from market.listings import encumbrance_routes
from market.listings import routes as listings
from market.listings.cache import DocumentCache
from market.managers import routes as managers
from market.money import payout_routes as payouts
from market.money import routes as money
from market.notices import objection_routes, public_routes
from market.notices import routes as notices
from market.notifications import Listener
from market.organisations import control_routes
from market.organisations import routes as organisations
from market.rules import routes as rules
from market.rules.packs import library
from market.sealing import routes as sealing
from market.settings import Settings
from market.trading import (
    award_routes,
    bid_routes,
    event_routes,
    opening_routes,
    registration_routes,
    signal_routes,
)
from market.trading import routes as trading
from market.trading.announcer import Announcer
from market.trading.desk import Desk
from market.trading.durability import Durability
from market.trading.house import House
from market.trading.turning import advance
from market.web import assets_routes, openapi, problem_pages
from market.web.head import answering_head
from market.web.parameters import check_query
from market.web.problems import problem_response
from market.web.transaction import (
    TransactionMiddleware,
    provide_actor,
    provide_database,
    provide_session,
    provide_visitor,
)
from search import open_engine

log = logging.getLogger("market")

MOST_BODY_BYTES = 1_000_000


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """What lives as long as the application: the database's connections and notifications, streams, the search engine."""
    settings: Settings = app.state.settings
    database: Database = app.state.database
    announcer: Announcer = app.state.announcer
    listener = Listener(database, app.state.documents, announcer)
    await database.open()
    await app.state.durability.look()
    key = settings.search_key.get_secret_value() if settings.search_key else None
    app.state.search = open_engine(settings.search_url, key, settings.index_dir, semantic=settings.semantic)
    try:
        async with announcer.open():
            await listener.start()
            try:
                yield
            finally:
                await listener.stop()
    finally:
        await app.state.desk.close()
        await app.state.search.aclose()
        await database.close()


@get("/", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def front_door() -> Redirect:
    """Who opens the address alone is shown the documentation of the API."""
    return Redirect("/schema")


def create_app(settings: Settings, *, database_url: str | None = None) -> Litestar:
    """The application; `database_url` stands for the embedded database where the settings name none."""
    url = database_url or settings.database_url
    if url is None:
        raise ValueError("no database: start through `market serve`, or set MARKET_DATABASE_URL")
    database = Database(url, pool_size=settings.pool_size, durability=settings.durability)
    house = House.of(settings)
    advancing = partial(advance, database, house.vault)
    verbs = Router(
        "/",
        route_handlers=[
            identity.router,
            organisations.router,
            control_routes.router,
            listings.router,
            encumbrance_routes.router,
            editions.router,
            releases.router,
            interests.router,
            money.router,
            payouts.router,
            notices.router,
            public_routes.router,
            objection_routes.router,
            sealing.router,
            trading.router,
            opening_routes.router,
            registration_routes.router,
            award_routes.router,
            signal_routes.router,
            challenges.router,
            review_routes.router,
            race_routes.router,
            award_objections.router,
            managers.router,
            brokerage.router,
            deals.router,
            evidence_routes.router,
            receivable_routes.router,
            distributions.router,
            clock_routes.router,
            discovery.router,
            ledger.api_router,
            rules.router,
        ],
        middleware=[TransactionMiddleware(authenticate)],
        dependencies={
            "session": Provide(provide_session, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "visitor": Provide(provide_visitor, sync_to_thread=False),
            "database": Provide(provide_database, sync_to_thread=False),
        },
    )
    # One router for both: the same address is read without a transaction and changed within one.
    api = Router(
        "/api/v1",
        route_handlers=[
            verbs,
            listings.public_router,
            discovery.hot_router,
            bid_routes.hot_router,
            event_routes.hot_router,
        ],
    )
    app = Litestar(
        route_handlers=[
            front_door,
            api,
            ledger.router,
            health.router,
            openapi.router,
            problem_pages.router,
            assets_routes.router,
        ],
        exception_handlers={Exception: problem_response},
        before_request=check_query,
        plugins=[PydanticPlugin(prefer_alias=True)],
        lifespan=[running],
        state=State(
            {
                "database": database,
                "documents": DocumentCache(database),
                "rule_packs": library(),
                "desk": Desk(database, advancing),
                "announcer": Announcer(database, advancing),
                "durability": Durability(database),
                "house": house,
                "receipt_key": signing_key(settings.secret_key.get_secret_value()),
                "settings": settings,
                "base_url": settings.base_url,
            }
        ),
        request_max_body_size=MOST_BODY_BYTES,
        openapi_config=openapi.config(__version__),
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = answering_head(app)
    return app
