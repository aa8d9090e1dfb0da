"""The second half of a plot: a deal is opened, agreed, cleared, contracted, paid and done."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from market.deals import contracting, gates, queries, rules, terms
from market.deals import service as deals
from market.deals.law import needs_publicity, waits_for
from market.deals.tables import Deal
from market.demo.asking import Asking
from market.demo.plots import Agreement
from market.demo.stage import Stage
from market.ledger.rules import sha256
from market.notices import drafting
from market.notices.service import publish
from market.permissions import Actor
from market.workdays import legal_day
from schemas.deals import Condition, Declaration, GateView, NewContract, NewDeal, NewPayment, Terms
from schemas.notices import NewNotice
from schemas.rights import NewEvidence
from schemas.vocabulary import ContractKind, Language, Mode, Party

_LICENCES = frozenset({Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE, Mode.ORDINARY_LICENCE})


class Dealing:
    """One deal on its way, grown from an interest."""

    def __init__(self, asking: Asking) -> None:
        self.asking, self.plot = asking, asking.plot
        self._deal: Deal | None = None

    @property
    def deal(self) -> Deal:
        assert self._deal is not None  # noqa: S101 - opened first
        return self._deal

    @property
    def agreed(self) -> Agreement:
        assert self.plot.agreement is not None  # noqa: S101 - every plot beyond a proposal has one
        return self.plot.agreement

    def _signers(self, stage: Stage) -> dict[Party, Actor]:
        mine = rules.owner_side(self.asking.listing(stage).kind)
        owner = stage.signer(self.asking.owner(stage))
        return {mine: owner, rules.other_side(mine): stage.buyer(self.plot.buyer)}

    async def open(self, stage: Stage) -> None:
        data = NewDeal(interest_id=self.asking.interest.id, mode=self.plot.mode or Mode.CO_DEVELOPMENT)
        self._deal = await deals.open_deal(stage.session, self.asking.answerer(stage), data)

    async def write_terms(self, stage: Stage) -> None:
        """The owner writes the terms and accepts them; the other side has yet to."""
        patch = self._terms(legal_day(stage.instant(self.plot.begun)))
        await deals.change_terms(stage.session, self.asking.answerer(stage), self.deal, patch)
        await self._accept(stage, stage.signer(self.asking.owner(stage)))

    def _terms(self, asked_on: date) -> dict[str, Any]:
        agreed, fee, begins = self.agreed, self.agreed.fee, asked_on + timedelta(days=25)
        lines = [_line("技术费用", agreed.technical, technical=True)]
        if agreed.technical < fee:
            lines.append(_line("设备与材料", fee - agreed.technical, technical=False))
        found: dict[str, Any] = {
            "improvements": {"ownership": "each_its_own"},
            "price_lines": lines,
            "payment": _payment(agreed, begins),
            "pricing_method": "negotiated",
        }
        if self.deal.mode in _LICENCES:
            ends = begins + timedelta(days=5 * 365)
            found |= {
                "field_of_use": agreed.field_of_use,
                "territory": ["CN"],
                "term": {"begins_on": begins.isoformat(), "ends_on": ends.isoformat()},
                "sublicence_right": False,
            }
        return found

    async def _accept(self, stage: Stage, actor: Actor) -> None:
        current = terms.terms_hash(Terms.model_validate(self.deal.terms))
        await deals.accept(stage.session, actor, self.deal, current)

    async def announce(self, stage: Stage) -> None:
        """A state-founded seller publishes the name and the price that was negotiated, by two pairs of eyes."""
        file = await queries.file_of(stage.session, self.deal)
        price = terms.total_value(file.terms)
        if not needs_publicity(file.facts()) or price is None:
            return
        place = file.seller.name[Language.ZH_HANS]
        content = {
            "kind": "price",
            "name": self.asking.listing(stage).content["title"],
            "abstract": self.asking.listing(stage).content["summary"],
            "mode": self.deal.mode,
            "price": price.model_dump(mode="json"),
            "related_party": False,
            "channels": [
                {"kind": "unit", "place": f"{place}公示栏（示例）"},
                {"kind": "market", "place": "示例技术交易市场（虚构）"},
            ],
        }
        about = {"kind": "deal", "id": str(self.deal.id)}
        seller = str(self.deal.seller_id)
        data = NewNotice.model_validate({"organisation_id": seller, "subject": about, "content": content})
        drafted = await drafting.draft(stage.session, self.asking.answerer(stage), data)
        await publish(stage.session, stage.signer(self.asking.owner(stage)), drafted)

    async def clear(self, stage: Stage) -> None:
        """Every document that a gate asks for is given; with the notice's period over, the last one clears the deal."""
        await self._prove(stage, [c for gate in await self._judged(stage) for c in gate.unmet])
        await deals.up_to_date(stage.session, stage.buyer(self.plot.buyer), self.deal.id)

    async def register(self, stage: Stage) -> None:
        """What a signed contract waits for is registered."""
        await self._prove(stage, waits_for((await queries.file_of(stage.session, self.deal)).facts()))

    async def _judged(self, stage: Stage) -> list[GateView]:
        return gates.judge((await queries.file_of(stage.session, self.deal)).facts())

    async def _prove(self, stage: Stage, lacking: Sequence[Condition]) -> None:
        signers, given = self._signers(stage), set()
        for condition in lacking:
            side = condition.who_can_supply[0]
            if condition.evidence is None or (condition.evidence, side) in given:
                continue
            given.add((condition.evidence, side))
            await deals.prove(stage.session, signers[side], self.deal, self._document(stage, condition))

    def _document(self, stage: Stage, condition: Condition) -> NewEvidence:
        title = f"{condition.evidence}（示例材料，虚构）"
        content = self.asking.listing(stage).content
        names = [each["name"] for each in content.get("contributors", [])]
        names += [owner for right in content.get("ip_rights", []) for owner in right["owners"]]
        return NewEvidence.model_validate(
            {
                "kind": condition.evidence,
                "title": title,
                "sha256": sha256(title.encode()).hex(),
                "issued_by": "示例出具单位（虚构）",
                "number": "DEMO-1",
                "issued_on": legal_day(stage.instant(self.plot.begun)).isoformat(),
                "names": names or ["示例签署人"],
                "value": _yuan(self.agreed.fee),
                "terms_sha256": terms.terms_hash(Terms.model_validate(self.deal.terms)).hex(),
            }
        )

    async def agree(self, stage: Stage) -> None:
        """The other side accepts, and everyone declares."""
        await self._accept(stage, stage.buyer(self.plot.buyer))
        declaring = [*self._signers(stage).values()]
        if self.plot.manager is not None:
            declaring.append(stage.people[self.plot.manager])
        for actor in declaring:
            await deals.declare(stage.session, actor, self.deal, Declaration(none=True))

    async def cancel(self, stage: Stage) -> None:
        actor = self.asking.answerer(stage)
        await deals.cancel(stage.session, actor, self.deal, self.agreed.cancelled or "")

    async def record(self, stage: Stage) -> None:
        """The owner records what both have signed."""
        kind = {Mode.TRANSFER: ContractKind.TRANSFER, Mode.CO_DEVELOPMENT: ContractKind.DEVELOPMENT}
        title = self.asking.listing(stage).content["title"]
        signed = legal_day(stage.instant(self.plot.begun)) + timedelta(days=37)
        signatory = {"name": "法定代表人（示例）", "authority": "法定代表人"}
        data = NewContract.model_validate(
            {
                "kind": kind.get(self.deal.mode, ContractKind.LICENCE),
                "number": f"DEMO-{self.plot.listing.removeprefix('demo-').upper()[:20]}",
                "title": {language: f"{text}（示例合同）"[:300] for language, text in title.items()},
                "signed_on": signed.isoformat(),
                "signatories": {"seller": signatory, "buyer": signatory},
            }
        )
        await contracting.record_contract(
            stage.session, stage.signer(self.asking.owner(stage)), self.deal, data
        )

    async def confirm(self, stage: Stage) -> None:
        await contracting.confirm_contract(stage.session, stage.buyer(self.plot.buyer), self.deal)

    async def pay(self, stage: Stage) -> None:
        """The first part; of a deal that is paid at once, all."""
        payer = self._signers(stage)[Party.BUYER]
        paid_on = legal_day(stage.instant(self.plot.begun)) + timedelta(days=50)
        data = NewPayment.model_validate(
            {
                "amount": _yuan(self.agreed.fee // self.agreed.parts),
                "paid_on": paid_on.isoformat(),
                "purpose": "首期款" if self.agreed.parts > 1 else "全款",
                "reference": f"DEMO-PAY-{self.plot.listing.removeprefix('demo-').upper()[:20]}-1",
                "evidence": "示例银行回单（虚构）",
            }
        )
        await contracting.record_payment(stage.session, payer, self.deal, data)

    async def complete(self, stage: Stage) -> None:
        for actor in self._signers(stage).values():
            await contracting.agree_completion(stage.session, actor, self.deal)


def _yuan(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "CNY"}


def _line(description: str, amount: int, *, technical: bool) -> dict[str, Any]:
    return {"description": description, "amount": _yuan(amount), "is_technical": technical}


def _payment(agreed: Agreement, begins: date) -> dict[str, Any]:
    if agreed.royalty_percent is not None:
        royalty = {
            "base": "sales",
            "rate_percent": agreed.royalty_percent,
            "period": "half_year",
            "audit_right": True,
        }
        return {"type": "upfront_and_royalty", "days_after_signing": 30, "royalty": royalty}
    if agreed.parts == 1:
        return {"type": "lump_sum", "days_after_signing": 30}
    parts = [
        {
            "amount": _yuan(agreed.fee // agreed.parts),
            "due_on": (begins + timedelta(days=180 * number)).isoformat(),
        }
        for number in range(agreed.parts)
    ]
    return {"type": "instalments", "instalments": parts}
