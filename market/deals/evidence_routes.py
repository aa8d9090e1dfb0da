"""The documents that the gates of a deal ask for, and the dossier that they make, over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.deals import queries, service
from market.deals.dossier import dossier, printed
from market.deals.routes import hold_deal
from market.evidence import service as evidence
from market.permissions import Actor
from market.web.conditional import answer
from schemas.deals import Dossier
from schemas.rights import EvidenceView, NewEvidence
from schemas.values import Reason

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
DealId = FromPath[UUID]


@get("/deals/{deal_id:uuid}/evidence", summary="Documents that were given to a deal")
async def list_evidence(session: Session, actor: Caller, deal_id: DealId) -> list[EvidenceView]:
    """What each is, its hash and who gave it, with those of the interest before it; the withdrawn ones too."""
    deal = await queries.deal(session, actor, deal_id)
    return evidence.views((await queries.file_of(session, deal)).proofs)


@post("/deals/{deal_id:uuid}/evidence", summary="Give a document that a gate asks for")
async def prove(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewEvidence]
) -> Response[EvidenceView]:
    """The document stays with whoever holds it: the hall keeps what it is and its hash.

    `evidence` of an unmet condition names the kind that settles it. The deal is cleared with the last one.
    """
    deal = await hold_deal(request, session, actor, deal_id)
    return answer(evidence.view(await service.prove(session, actor, deal, data)), status=201)


@post(
    "/deals/{deal_id:uuid}/evidence/{evidence_id:uuid}/withdrawal",
    status_code=200,
    summary="Withdraw a document",
)
async def withdraw(
    session: Session, actor: Caller, deal_id: DealId, evidence_id: FromPath[UUID], data: JSONBody[Reason]
) -> Response[EvidenceView]:
    """By the side that gave it, with a reason, before signature. It counts no more, and stays on record."""
    deal = await queries.locked(session, actor, deal_id)
    return answer(evidence.view(await service.withdraw_proof(session, actor, deal, evidence_id, data)))


@get("/deals/{deal_id:uuid}/dossier", summary="The due-diligence dossier")
async def read_dossier(session: Session, actor: Caller, deal_id: DealId) -> Response[Dossier]:
    """Terms, gates, every document with its hash, what others hold, payments and the record (尽职调查卷宗)."""
    return answer(await dossier(session, await service.up_to_date(session, actor, deal_id)))


@get(
    "/deals/{deal_id:uuid}/dossier.pdf",
    media_type="application/pdf",
    summary="The due-diligence dossier as PDF",
)
async def print_dossier(session: Session, actor: Caller, deal_id: DealId) -> Response[bytes]:
    """The same to print and sign; each page names the hash of the JSON that it was made from."""
    content = await dossier(session, await service.up_to_date(session, actor, deal_id))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="dossier-{deal_id}.pdf"',
    }
    made = await asyncio.to_thread(printed, content)
    return Response(made, media_type="application/pdf", headers=headers)


router = Router(
    "/",
    route_handlers=[list_evidence, prove, withdraw, read_dossier, print_dossier],
    tags=["Deals"],
)
