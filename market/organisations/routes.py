"""The list of organisations over HTTP; one of them is read and changed with its response record, by the interests."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.organisations import queries
from market.organisations.documents import organisation_view
from market.organisations.tables import Organisation
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.organisations import OrganisationView
from schemas.values import Page
from schemas.vocabulary import OrganisationKind, VerificationLevel

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]

PartOfName = Annotated[
    str | None, QueryParameter(min_length=1, max_length=100, description="Stands in a name.")
]


@get("/organisations", opt={"public": True}, summary="Organisations in the hall")
async def list_organisations(
    request: AnyRequest,
    session: Session,
    kind: FromQuery[OrganisationKind | None] = None,
    verification: FromQuery[VerificationLevel | None] = None,
    name: PartOfName = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[OrganisationView]]:
    """Newest first; `name` stands in a name in either language, as it is written in either case."""
    query = queries.profiles(kind=kind, verification=verification, name=name)
    found = await session.execute(page_of(query, col(Organisation.id), cursor, limit))
    rows = list(found.scalars())
    identifiers = await queries.identifiers(session, [row.id for row in rows])
    return paged(
        request, rows, limit, lambda row: organisation_view(row, identifiers[row.id]), lambda row: row.id
    )


router = Router("/", route_handlers=[list_organisations], tags=["Organisations"])
