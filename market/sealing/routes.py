"""The opening key of a person over HTTP; the boxes themselves are opened where their subject is."""

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.identity.service import from_session
from market.permissions import Actor
from market.sealing import queries, service
from market.sealing.documents import key_view
from schemas.sealing import NewOpeningKey, OpeningKeyView

Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]


@post("/people/me/opening-key", summary="Register your opening key")
async def register_key(
    session: Session, actor: Caller, data: JSONBody[NewOpeningKey]
) -> Response[OpeningKeyView]:
    """The public key to which your shares of sealed boxes are encrypted, made on your own machine; not with an API key.

    Another one takes its place for the boxes made from then on: keep the private keys of earlier ones.
    """
    row = await service.register_key(session, actor, data)
    return Response(key_view(row), status_code=201, headers={"Location": "/api/v1/people/me/opening-key"})


@get("/people/me/opening-key", summary="Your opening key")
async def read_key(session: Session, actor: Caller) -> OpeningKeyView:
    """The public key that you registered last. Not with an API key."""
    from_session(actor)
    return key_view(await queries.opening_key(session, actor))


router = Router("/", route_handlers=[register_key, read_key], tags=["Sealing"])
