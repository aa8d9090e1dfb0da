"""The notices of the small market in which everybody tries everything, and the bodies of the requests about them."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.makers import Caller
from tests.notices.unit import OBJECTION, POLICY, PRICE, REASON, REJECTED

if TYPE_CHECKING:
    from tests.api.world import World

STATES = ("noticing", "noticed", "disputed")


async def have_notices(world: "World", standing: str) -> None:
    """A draft, a published one, and one to which a company has objected, of the home or of strangers."""
    own = standing == "own"
    officer, director = (world.author, world.director) if own else (world.stranger, world.their_director)
    await director.ok("PUT", f"/organisations/{officer.organisation_id}/objection-policy", POLICY)

    async def make(state: str) -> None:
        about = {"kind": "deal", "id": str(uuid4())}
        notice = await officer.ok("POST", "/notices", {"subject": about, "content": PRICE})
        path = f"/notices/{notice['id']}"
        world.things[f"{standing}:{state}"] = thing = {"notice_id": notice["id"]}
        if state != "noticing":
            await director.ok("POST", f"{path}/publication")
        if state == "disputed":
            lodged = await world.company.ok("POST", f"{path}/objections", OBJECTION)
            thing["objection_id"] = lodged["id"]

    await asyncio.gather(*(make(state) for state in STATES))


BODIES: dict[str, Callable[["World", dict[str, Any], Caller], Any]] = {
    "PUT /organisations/{organisation_id}/objection-policy": lambda world, thing, who: POLICY,
    "POST /notices": lambda world, thing, who: {
        "subject": {"kind": "deal", "id": str(uuid4())},
        "content": PRICE,
    },
    "PATCH /notices/{notice_id}": lambda world, thing, who: {"scope": {"en": "Boats"}},
    "POST /notices/{notice_id}/amendment": lambda world, thing, who: REASON,
    "POST /notices/{notice_id}/withdrawal": lambda world, thing, who: REASON,
    "POST /notices/{notice_id}/objections": lambda world, thing, who: OBJECTION,
    "POST /notices/{notice_id}/objections/{objection_id}/opinions": lambda world, thing, who: REJECTED,
}
"""The body of each request that needs one, from the world, the thing and who calls."""
