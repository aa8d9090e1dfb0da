"""The log over HTTP, for anybody: the checkpoint, tiles as C2SP tlog-tiles lays them out, and proofs as JSON.

A leaf is a hash and says nothing of what it stands for.
"""

import re
from typing import Annotated

from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter

from market.database import Database
from market.errors import NotFound
from market.ledger import notes, proofs, tree
from market.ledger.signing import base64_text, log_key, public_key
from schemas.record import LogConsistency, LogInclusion, LogKey

_LEAF = re.compile(r"[0-9]{1,15}|[0-9a-f]{64}")
_TILE = re.compile(r"/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LARGEST = 2**53
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_SECONDS = {"Cache-Control": "public, max-age=2"}


@get("/log/checkpoint", opt={"public": True}, summary="The newest checkpoint", include_in_schema=False)
async def checkpoint(state: State) -> Response[str]:
    """A signed note (C2SP tlog-checkpoint): the log's name, its size, its root. 404 until the first is signed."""
    database: Database = state.database
    async with database.pool.acquire() as connection:
        signed = await proofs.newest(connection)
    return Response(signed.note, media_type="text/plain", headers=_FOR_SECONDS)


@get("/log/tile/{level:str}/{where:path}", opt={"public": True}, summary="A tile", include_in_schema=False)
async def read_tile(state: State, level: FromPath[str], where: FromPath[str]) -> Response[bytes]:
    """`/log/tile/<level>/<number>[.p/<width>]` with 256 hashes or `width`, `/log/tile/entries/…` the entries below them."""
    found = _TILE.fullmatch(where)
    if found is None or not re.fullmatch(r"entries|[0-5]", level):
        raise NotFound("there is no such tile")
    above, last, part = found.groups()
    number = int(above.replace("x", "").replace("/", "") + last)
    width = int(part or tree.WIDTH)
    if _spelt(number) != above + last or (part and width >= tree.WIDTH):
        raise NotFound("there is no such tile")
    body = await proofs.tile(state.database, None if level == "entries" else int(level), number, width)
    return Response(body, media_type="application/octet-stream", headers=_FOR_EVER)


def _spelt(number: int) -> str:
    """A tile's number in groups of three digits, all but the last marked: 1234067 is x001/x234/067."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


@get("/log/entries/{leaf:str}", opt={"public": True}, summary="Prove that something is in the log")
async def prove_inclusion(state: State, leaf: FromPath[str]) -> Response[LogInclusion]:
    """The leaf by its index, or by the hash that a receipt or an event has, with the path to the newest checkpoint.

    For the receipt of a bid it is `hash`, for that of an introduction `sha256`. It enters the log within seconds.
    """
    if not _LEAF.fullmatch(leaf):
        raise NotFound("a leaf is named by its index, or by 64 hexadecimal digits")
    found = await proofs.inclusion(state.database, leaf)
    view = LogInclusion(
        index=found.index,
        entry=found.entry.hex(),
        leaf_hash=tree.leaf_hash(found.entry).hex(),
        size=found.checkpoint.size,
        path=[each.hex() for each in found.path],
        checkpoint=found.checkpoint.note,
    )
    return Response(view, headers=_FOR_SECONDS)


@get("/log/consistency", opt={"public": True}, summary="Prove that the log was only ever added to")
async def prove_consistency(
    state: State,
    first: FromQuery[Annotated[int, QueryParameter(name="from", ge=0, le=_LARGEST)]],
    second: FromQuery[Annotated[int | None, QueryParameter(name="to", ge=0, le=_LARGEST)]] = None,
) -> Response[LogConsistency]:
    """From the tree of one size to that of another, by default the newest that was signed. 422 for larger ones."""
    to, path, signed = await proofs.consistency(state.database, first, second)
    view = LogConsistency(first=first, second=to, path=[each.hex() for each in path], checkpoint=signed.note)
    return Response(view, headers=_FOR_SECONDS)


@get(
    "/keys/log",
    opt={"public": True},
    summary="The key that checkpoints are signed with",
    sync_to_thread=False,
)
def read_log_key(state: State) -> LogKey:
    """The public key, and the line by which verifiers of signed notes know it."""
    public = public_key(log_key(state.settings.secret_key.get_secret_value()))
    origin = notes.origin_of(state.base_url)
    return LogKey(origin=origin, public_key=base64_text(public), verifier=notes.verifier(origin, public))


router = Router("/", route_handlers=[checkpoint, read_tile])
api_router = Router("/", route_handlers=[prove_inclusion, prove_consistency, read_log_key], tags=["Record"])
