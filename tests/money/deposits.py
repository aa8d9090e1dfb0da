"""The verbs of the ledger as tests call them: each in a transaction of its own, over a real connection."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import Database
from market.money import queries, service
from market.money.rules import Balance, Part
from market.money.tables import Transfer
from market.permissions import Actor
from schemas.vocabulary import AccountKind, Role
from tests.makers import Market

CNY = "CNY"


@dataclass(frozen=True)
class Ledger:
    """One installation's ledger, with the operator who records for its bank."""

    database: Database
    operator: Actor

    @classmethod
    async def of(cls, market: Market) -> "Ledger":
        operator = await market.operator()
        roles = {operator.organisation_id: frozenset({Role.OPERATOR})}
        return cls(market.database, Actor(operator.person_id, roles))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self.database.sessions() as session, session.begin():
            yield session

    async def receive(self, organisation_id: UUID, amount: int, *, purpose: str = "") -> Transfer:
        async with self.transaction() as session:
            line = _banked(organisation_id, amount, purpose)
            return await service.record_receipt(session, self.operator, **line)

    async def refund(self, organisation_id: UUID, amount: int, *, purpose: str = "") -> Transfer:
        async with self.transaction() as session:
            line = _banked(organisation_id, amount, purpose)
            return await service.record_refund(session, self.operator, **line)

    async def hold(
        self, organisation_id: UUID, amount: int, *, round_id: UUID | None = None, purpose: str = ""
    ) -> Transfer:
        async with self.transaction() as session:
            return await service.hold(
                session,
                organisation_id=organisation_id,
                round_id=round_id or uuid4(),
                amount=amount,
                currency=CNY,
                purpose=purpose or str(uuid4()),
            )

    async def release(self, pending_id: UUID, *, purpose: str = "") -> Transfer:
        async with self.transaction() as session:
            return await service.release(session, pending_id, purpose=purpose or str(uuid4()))

    async def settle(self, pending_id: UUID, parts: Sequence[Part], *, purpose: str = "") -> list[Transfer]:
        async with self.transaction() as session:
            return await service.settle(session, pending_id, parts, purpose=purpose or str(uuid4()))

    async def balance(
        self, subject_id: UUID, kind: AccountKind = AccountKind.PARTY, currency: str = CNY
    ) -> Balance:
        async with self.transaction() as session:
            account = await queries.account(session, kind, subject_id, currency)
            return await queries.balance(session, account) if account else Balance()


def _banked(organisation_id: UUID, amount: int, purpose: str) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "amount": amount,
        "currency": CNY,
        "purpose": purpose or str(uuid4()),
        "evidence": {"value_date": "2026-01-05"},
    }


async def whole(ledger: Ledger) -> None:
    """Every currency comes to zero."""
    async with ledger.transaction() as session:
        found = await session.execute(
            text(
                "SELECT currency, sum(CASE WHEN a.id = t.credit_id THEN amount ELSE -amount END)"
                " FROM account a JOIN transfer t USING (currency) WHERE a.id IN (t.debit_id, t.credit_id)"
                " AND t.kind IN ('posted', 'post') GROUP BY currency"
            )
        )
        assert all(total == 0 for _, total in found)
