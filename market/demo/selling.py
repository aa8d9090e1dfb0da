"""Plays the trading rounds of the demo: planned, announced, registered for, bid in, signed, carried on as a deal."""

import hmac
from collections.abc import Iterator, Set
from dataclasses import replace
from functools import partial
from typing import Any

from market.database import now
from market.deals import service as deals
from market.demo.cast import OPERATOR
from market.demo.lots import LOTS, OFFICERS, Bidder, Lot
from market.demo.stage import Play, Scene, Stage
from market.errors import MarketError
from market.identity.credentials import Credential
from market.ledger.rules import canonical
from market.sealing.envelope import seal
from market.settings import settings
from market.trading import awards, placing, registrations, sealed, service, turning
from market.trading.course import Course, Offer, Sender
from market.trading.house import House
from market.trading.planning import Periods
from market.trading.tables import Registration, Round
from market.trading.vault import Vault
from market.workdays import legal_day
from schemas.deals import NewDeal
from schemas.money import NewReceipt
from schemas.trading import NewRegistration, NewRound, RoundPlan
from schemas.values import Money
from schemas.vocabulary import RoundKind


def scenes(shown: Set[str]) -> list[Scene]:
    """Everything that happened in the rounds of these listings."""
    return [
        Scene(days, play) for lot in LOTS if lot.listing in shown for days, play in _story(lot, Selling(lot))
    ]


def _story(lot: Lot, selling: "Selling") -> Iterator[tuple[float, Play]]:
    yield lot.announced + 3, selling.plan
    yield lot.announced + 2, selling.approve
    yield lot.announced, selling.announce
    for each in lot.bidders:
        yield each.registered, partial(selling.register, each)
        if each.admitted:
            yield each.registered - 1, partial(selling.admit, each)
        for days, yuan in each.bids:
            yield days, partial(selling.bid, each, yuan)
    for days in (lot.registration_until, lot.bidding_from, lot.bidding_until):
        if days > 0:
            yield days, selling.time
    if lot.confirmed is not None:
        yield lot.confirmed, selling.confirm
        yield lot.confirmed - 1, selling.countersign
        yield 0.0, selling.open_deal  # which is done by the database's clock
    if lot.again is not None:
        yield from _story(lot.again, Selling(lot.again, selling))


class Selling:
    """One round on its way; `before` is the one that sold nothing."""

    def __init__(self, lot: Lot, before: "Selling | None" = None) -> None:
        self.lot, self.before = lot, before
        self._row: Round | None = None
        self._registered: dict[str, Registration] = {}
        secret = settings().secret_key.get_secret_value()
        self._secret = secret.encode()
        self._house = House(Vault(secret), Periods.LEGAL)

    @property
    def row(self) -> Round:
        assert self._row is not None  # noqa: S101 - planned first
        return self._row

    def _seller(self, stage: Stage) -> str:
        return stage.owner(self.lot.listing)

    async def plan(self, stage: Stage) -> None:
        actor, plan = stage.officer(self._seller(stage)), RoundPlan.model_validate(self._plan(stage))
        if self.before is not None:
            self._row = await service.relist(stage.session, actor, self.before.row, plan, self._house)
            return
        data = NewRound(listing_id=stage.listings[self.lot.listing].id, plan=plan)
        self._row = await service.create(stage.session, actor, data, self._house)

    def _plan(self, stage: Stage) -> dict[str, Any]:
        lot = self.lot
        said: dict[str, Any] = {
            "kind": lot.kind,
            "mode": lot.mode,
            "opening_price": _yuan(lot.price),
            "price_basis": {"zh-Hans": "示例资产评估报告（虚构）", "en": "An example appraisal (invented)"},
            "appraised_value": _yuan(lot.price),
            "step": _yuan(lot.step),
            "viewing": {
                "from": stage.hour(lot.announced - 1),
                "until": stage.hour(lot.bidding_from + 1),
                "place": {
                    "zh-Hans": "资料室，提前一日预约（示例）",
                    "en": "Reading room, by appointment (example)",
                },
            },
            "registration_until": stage.hour(lot.registration_until),
            "bidding_from": stage.hour(lot.bidding_from),
            "bidding_until": stage.hour(lot.bidding_until),
            "conditions": [
                {"zh-Hans": "具备实施该技术的生产条件", "en": "A plant that can use the technology"}
            ],
            "known_defects": {"zh-Hans": "未发现", "en": "None are known"},
            "encumbrances": {"zh-Hans": "无质押、无在先许可", "en": "No pledge and no earlier licence"},
            "taxes_and_fees": {"zh-Hans": "依法各自承担", "en": "Each side bears its own, as the law says"},
            "contact": "转化专员（示例）",
        }
        if lot.reserve is not None:
            said["reserve_price"] = _yuan(lot.reserve)
        if lot.kind is RoundKind.SEALED_TENDER:
            officers = [str(stage.people[email].person_id) for email in OFFICERS]
            said["opening"] = {"officers": officers, "threshold": 2}
        return said

    async def approve(self, stage: Stage) -> None:
        seller = self._seller(stage)
        for actor in (stage.signer(seller), stage.finance(seller)):
            await service.approve(stage.session, actor, self.row, self._house)

    async def announce(self, stage: Stage) -> None:
        await service.announce(stage.session, stage.people[OPERATOR], self.row, self._house)

    async def register(self, bidder: Bidder, stage: Stage) -> None:
        data = NewRegistration(
            rules_sha256=(self.row.rules_sha256 or b"").hex(),
            statements=["自有生产线与技术团队，可在两年内实施（示例）。"],
            related_party=False,
        )
        made = await registrations.register(stage.session, stage.buyer(bidder.buyer), self.row, data)
        self._registered[bidder.buyer] = made

    async def admit(self, bidder: Bidder, stage: Stage) -> None:
        """The bank reports the deposit, and the seller finds the conditions met."""
        mine, at = self._registered[bidder.buyer], await now(stage.session)
        data = NewReceipt(
            amount=Money.of(self.row.deposit, self.row.currency),
            bank_reference=f"DEMO-{self.lot.listing.removeprefix('demo-').upper()}-{bidder.buyer.upper()}",
            value_date=legal_day(at),
            payer="示例付款人",
        )
        await registrations.take_deposit(stage.session, stage.people[OPERATOR], self.row, mine, data)
        await registrations.qualify(stage.session, stage.officer(self._seller(stage)), self.row, mine)

    async def time(self, stage: Stage) -> None:
        await turning.let_time_pass(stage.session, self.row, self._house.vault)

    async def bid(self, bidder: Bidder, yuan: int, stage: Stage) -> None:
        """As the desk places it, at this instant in place of the database's clock."""
        actor, amount = stage.buyer(bidder.buyer), Money.model_validate(_yuan(yuan))
        offer = self._offer(bidder, amount)
        senders = {offer.credential: Sender.of(actor)}
        await stage.session.flush()
        connection = (await (await stage.session.connection()).get_raw_connection()).driver_connection
        assert connection is not None  # noqa: S101 - a session in a transaction has one
        state = await placing.locked(connection, self.row.id)
        assert state is not None  # noqa: S101 - announced first
        state = replace(state, at=await now(stage.session), due=None)
        course = Course(state, *await placing.bidders(connection, self.row.id, [offer], senders))
        outcome = course.decide(offer, senders)
        if isinstance(outcome, MarketError):
            raise outcome
        await placing.write(connection, course)
        await stage.session.refresh(self.row)

    def _offer(self, bidder: Bidder, amount: Money) -> Offer:
        row, body = self.row, canonical({"amount": amount.model_dump(mode="json")})
        key = f"demo-{amount.minor}"
        given = Offer(
            Credential(bidder.buyer.encode()), key, hmac.digest(self._secret, body, "sha256"), amount
        )
        if row.kind is not RoundKind.SEALED_TENDER:
            return given
        lid = sealed.lid_of(row.rules or b"", row.rules_sha256 or b"")
        content = sealed.content(amount.minor, row.currency)
        return given._replace(amount=None, sealed=seal(lid, self._registered[bidder.buyer].id, content))

    async def confirm(self, stage: Stage) -> None:
        winner = next(
            key for key, each in self._registered.items() if each.id == self.row.top_registration_id
        )
        await awards.confirm(stage.session, stage.buyer(winner), self.row)

    async def countersign(self, stage: Stage) -> None:
        await awards.confirm(stage.session, stage.people[OPERATOR], self.row)

    async def open_deal(self, stage: Stage) -> None:
        data = NewDeal(round_id=self.row.id, mode=self.lot.mode)
        await deals.open_deal(stage.session, stage.officer(self._seller(stage)), data)


def _yuan(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "CNY"}
