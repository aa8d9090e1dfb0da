"""Bids over HTTP, without a transaction of their own: the desk decides many of them in one."""

import base64
import binascii
import hmac
from typing import Any
from uuid import UUID

from litestar import MediaType, Request, Response, Router, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from market.errors import Incomplete, Invalid, KeyRequired, Unauthenticated
from market.identity.credentials import credential
from market.trading.course import Offer
from market.trading.desk import Desk
from market.trading.documents import receipt
from market.web.transaction import idempotency_key, refuse_cross_site, refuse_duplicate_names
from schemas.trading import NewBid, Receipt
from schemas.values import FieldProblem


async def refuse_names_twice(request: Request[Any, Any, Any]) -> None:
    """Before the body is read as a bid: which of two amounts would it be?"""
    refuse_duplicate_names(await request.body())


@post(
    "/rounds/{round_id:uuid}/bids",
    opt={"decides_who": True, "key_required": True},
    before_request=refuse_names_twice,
    summary="Bid",
)
async def bid(
    request: Request[Any, Any, Any], state: State, round_id: FromPath[UUID], data: JSONBody[NewBid]
) -> Response[Receipt]:
    """For buyers of an organisation whose registration is qualified and whose deposit is held. A bid is not withdrawn.

    In a sealed tender send `sealed`, made by `seal_bid.py` or `seal-bid.js`; the last one counts. An `amount` is sealed by
    the server at once, which the receipt marks as weaker.

    201 with the signed receipt once the bid is committed; 409 with the least amount where it is too low, or where the
    bidding is not open by the server's clock; 503 where the database may lose what it confirms. The same
    Idempotency-Key gives the same receipt, whatever happened to the first answer.
    """
    sender = credential(request)
    if sender is None:
        raise Unauthenticated()
    refuse_cross_site(request, signed_in=True)
    body = await request.body()
    key = idempotency_key(request)
    if key is None:
        raise KeyRequired()
    sealed = _sealed(data)
    secret = state.settings.secret_key.get_secret_value().encode()
    desk: Desk = state.desk
    await state.durability.require()
    digest = hmac.digest(secret, body, "sha256")
    offer = Offer(sender, key, digest, data.amount, data.organisation_id, sealed)
    placed = await desk.place(round_id, offer)
    headers = {"Cache-Control": "no-store"} | ({"Idempotency-Replayed": "true"} if placed.replayed else {})
    view = receipt(placed, state.receipt_key)
    return Response(view, status_code=201, headers=headers, media_type=MediaType.JSON)


def _sealed(data: NewBid) -> bytes | None:
    """The bytes of a sealed bid. Incomplete where neither it nor an amount is given, Invalid where both are."""
    if data.sealed is None:
        if data.amount is None:
            raise Incomplete(errors=[FieldProblem(pointer="/amount", detail="say how much you bid")])
        return None
    if data.amount is not None:
        detail = "give either an amount or a sealed bid"
        raise Invalid(errors=[FieldProblem(pointer="/sealed", detail=detail)])
    try:
        return base64.b64decode(data.sealed, validate=True)
    except binascii.Error as trouble:
        raise Invalid(errors=[FieldProblem(pointer="/sealed", detail="this is not base64")]) from trouble


hot_router = Router("/", route_handlers=[bid], tags=["Rounds"])
