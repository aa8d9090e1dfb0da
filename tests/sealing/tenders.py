"""A sealed tender as tests hold it: its officers with their keys at home, its bidders with their own sealing."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from market.ledger.rules import sha256
from market.sealing import envelope
from market.sealing.envelope import Lid
from market.sealing.rules import share_context
from market.trading import sealed
from schemas.vocabulary import Role
from tests.makers import Caller, Market
from tests.trading.stage import Sale, key, money


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@dataclass(frozen=True)
class Officer:
    """An opening officer with the private key that is on their machine."""

    who: Caller
    private_key: bytes

    @classmethod
    async def of(cls, market: Market, organisation_id: UUID | None = None) -> "Officer":
        """Someone of an organisation of their own, or of this one, who has registered a key."""
        who = await market.person(organisation_id or await market.organisation(), Role.REVIEWER)
        private, public = envelope.new_key()
        await who.ok("POST", "/people/me/opening-key", {"public_key": text(public)})
        return cls(who, private)


@dataclass
class Tender:
    """A sale by sealed bids."""

    sale: Sale
    officers: list[Officer]
    rules: bytes = b""

    @classmethod
    async def of(
        cls,
        market: Market,
        status: str = "bidding",
        *,
        bidders: int = 2,
        officers: int = 3,
        threshold: int = 2,
        **plan: Any,
    ) -> "Tender":
        """A tender of a new listing brought to `status`, at most to the bidding."""
        people = [await Officer.of(market) for _ in range(officers)]
        named = [str(officer.who.person_id) for officer in people]
        opening = {"officers": named, "threshold": threshold}
        plan = {"kind": "sealed_tender", "opening": opening} | plan
        tender = cls(await Sale.of(market, status, bidders=bidders, **plan), people)
        if status not in ("draft", "approved"):
            await tender.read_rules()
        return tender

    async def read_rules(self) -> None:
        answer = await self.sale.market.client.get(f"/api/v1{self.path}/rules")
        assert answer.is_success, answer.text
        self.rules = answer.content

    @property
    def path(self) -> str:
        return self.sale.path

    @property
    def lid(self) -> Lid:
        return sealed.lid_of(self.rules, sha256(self.rules))

    def blob(self, number: int, minor: int, currency: str = "CNY") -> bytes:
        """A bid of the bidder with this number, sealed at home."""
        content = sealed.content(minor, currency)
        return envelope.seal(self.lid, UUID(self.sale.bidders[number].id), content)

    async def send(self, number: int, blob: bytes, **options: Any) -> httpx.Response:
        headers = options.pop("headers", None) or key()
        body = {"sealed": text(blob)}
        return await self.sale.bidders[number].who.post(f"{self.path}/bids", body, headers=headers)

    async def bid(self, number: int, minor: int, *, by: str = "client") -> Any:
        """The receipt of a bid that the bidder, or the server, has sealed."""
        if by == "client":
            answer = await self.send(number, self.blob(number, minor))
        else:
            answer = await self.sale.bidders[number].who.post(
                f"{self.path}/bids", {"amount": money(minor)}, headers=key()
            )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def words(self, officer: Officer) -> str:
        """The officer's share, decrypted at home."""
        share = await officer.who.ok("GET", f"{self.path}/opening/share")
        context = share_context(UUID(share["subject"]), base64.b64decode(share["box"]), officer.who.person_id)
        return envelope.decrypt(base64.b64decode(share["sealed"]), officer.private_key, context).decode()

    async def try_hand_in(self, officer: Officer, words: str | None = None) -> httpx.Response:
        words = words if words is not None else await self.words(officer)
        return await officer.who.post(f"{self.path}/opening/shares", {"words": words})

    async def hand_in(self, number: int) -> Any:
        """What the opening looks like once the officer with this number has handed in their share."""
        answer = await self.try_hand_in(self.officers[number])
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def open(self) -> Any:
        """End the bidding and open the bids; the round after it."""
        assert (await self.sale.let_pass(hours=24))["status"] == "opening"
        for number in range(2):
            await self.hand_in(number)
        return await self.sale.read()

    async def opening(self) -> Any:
        """The opening as everybody sees it."""
        answer = await self.sale.market.client.get(f"/api/v1{self.path}/opening")
        assert answer.is_success, answer.text
        return answer.json()
