"""Bids over HTTP, without a transaction of their own: the desk decides many of them in one."""

import base64
import binascii
import hmac
from typing import Any
from uuid import UUID

from litestar import Request, Router, post
from litestar.params import FromPath, JSONBody

from market.errors import Incomplete, Invalid, KeyRequired, Unauthenticated
from market.identity.credentials import credential
from market.trading.course import Offer
from market.trading.desk import Desk
from market.trading.receipts import receipt
from market.web.direct import Direct, Ready
from market.web.problems import BODY_KEY
from market.web.transaction import idempotency_key, refuse_cross_site
from schemas.trading import NewBid, Receipt
from schemas.values import FieldProblem

_HEADERS = [(b"cache-control", b"no-store")]
_REPLAYED = [*_HEADERS, (b"idempotency-replayed", b"true")]


@post(
    "/rounds/{round_id:uuid}/bids",
    opt={"decides_who": True, "key_required": True},
    middleware=[Direct(NewBid)],
    summary="Bid",
)
async def bid(
    request: Request[Any, Any, Any], round_id: FromPath[UUID], data: JSONBody[NewBid]
) -> Ready[Receipt]:
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
    key = idempotency_key(request)
    if key is None:
        raise KeyRequired()
    sealed = _sealed(data)
    state = request.app.state
    await state.durability.require()
    secret = state.settings.secret_key.get_secret_value().encode()
    digest = hmac.digest(secret, request.scope["state"][BODY_KEY], "sha256")
    desk: Desk = state.desk
    placed = await desk.place(round_id, Offer(sender, key, digest, data.amount, data.organisation_id, sealed))
    headers = _REPLAYED if placed.replayed else _HEADERS
    return Ready(receipt(placed, state.receipt_key), headers, status_code=201)


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
