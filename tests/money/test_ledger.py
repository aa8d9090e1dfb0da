"""The ledger of deposits on PostgreSQL: what each verb moves, once, and what no two of them can do at once."""

from uuid import UUID, uuid4

import pytest

from market.errors import Conflict, Invalid, NotAllowed, NotFound
from market.money import service
from market.money.rules import HALL, Balance, Part
from market.permissions import Actor
from schemas.vocabulary import AccountKind, Role, TransferKind
from tests.makers import Market
from tests.money.deposits import CNY, Ledger, whole

SELLER, COSTS, PARTY = AccountKind.SELLER, AccountKind.COSTS, AccountKind.PARTY


# What each verb moves


async def test_a_receipt_is_available_and_a_refund_is_gone(ledger: Ledger, bidder: UUID) -> None:
    bank = await ledger.balance(HALL, AccountKind.BANK)
    await ledger.refund(bidder, 2_500)
    assert await ledger.balance(bidder) == Balance(7_500, 0)
    assert (await ledger.balance(HALL, AccountKind.BANK)).held == bank.held + 2_500
    await whole(ledger)


async def test_a_held_deposit_is_reserved_and_still_held(ledger: Ledger, bidder: UUID) -> None:
    round_id = uuid4()
    held = await ledger.hold(bidder, 4_000, round_id=round_id)
    assert held.kind is TransferKind.PENDING
    assert await ledger.balance(bidder) == Balance(10_000, 4_000)
    assert await ledger.balance(round_id, AccountKind.ESCROW) == Balance(0, 0)


async def test_a_released_deposit_is_available_again(ledger: Ledger, bidder: UUID) -> None:
    held = await ledger.hold(bidder, 4_000)
    await ledger.release(held.id)
    assert await ledger.balance(bidder) == Balance(10_000, 0)
    await ledger.hold(bidder, 10_000)


async def test_a_settled_deposit_is_given_to_its_parts_and_leaves_no_escrow(
    ledger: Ledger, bidder: UUID
) -> None:
    round_id, seller = uuid4(), uuid4()
    held = await ledger.hold(bidder, 4_000, round_id=round_id)
    parts = [Part(COSTS, round_id, 500), Part(SELLER, seller, 3_000), Part(PARTY, bidder, 500)]
    post, *given = await ledger.settle(held.id, parts)
    assert (post.kind, post.pending_id, post.amount) == (TransferKind.POST, held.id, 4_000)
    assert [transfer.amount for transfer in given] == [500, 3_000, 500]
    assert {transfer.post_id for transfer in given} == {post.id}
    assert await ledger.balance(bidder) == Balance(6_500, 0)
    assert await ledger.balance(round_id, COSTS) == Balance(500, 0)
    assert await ledger.balance(seller, SELLER) == Balance(3_000, 0)
    assert await ledger.balance(round_id, AccountKind.ESCROW) == Balance(0, 0)
    await whole(ledger)


@pytest.mark.parametrize("total", [3_999, 4_001])
async def test_a_settlement_that_is_not_the_deposit_moves_nothing(
    ledger: Ledger, bidder: UUID, total: int
) -> None:
    held = await ledger.hold(bidder, 4_000)
    with pytest.raises(Invalid):
        await ledger.settle(held.id, [Part(SELLER, uuid4(), total)])
    assert await ledger.balance(bidder) == Balance(10_000, 4_000)
    await ledger.release(held.id)


async def test_a_settlement_is_all_or_none_even_where_its_caller_goes_on(
    ledger: Ledger, bidder: UUID
) -> None:
    held = await ledger.hold(bidder, 4_000)
    other = await ledger.hold(bidder, 1_000, purpose="taken/2")
    parts = [Part(SELLER, uuid4(), 3_000), Part(SELLER, uuid4(), 1_000)]
    async with ledger.transaction() as session:
        with pytest.raises(Conflict, match="a part of taken"):
            await service.settle(session, held.id, parts, purpose="taken")
        await service.release(session, other.id, purpose="goes on")
    assert await ledger.balance(bidder) == Balance(10_000, 4_000)
    assert (await ledger.settle(held.id, parts, purpose="free"))[0].pending_id == held.id


# What is refused


@pytest.mark.parametrize("amount", [10_001, 20_000])
async def test_nobody_spends_more_than_is_available(ledger: Ledger, bidder: UUID, amount: int) -> None:
    for spend in (ledger.hold, ledger.refund):
        with pytest.raises(Conflict, match=r"100\.00 CNY are available"):
            await spend(bidder, amount)
    assert await ledger.balance(bidder) == Balance(10_000, 0)


async def test_what_is_held_is_neither_held_again_nor_refunded(ledger: Ledger, bidder: UUID) -> None:
    await ledger.hold(bidder, 6_000)
    for spend in (ledger.hold, ledger.refund):
        with pytest.raises(Conflict, match=r"40\.00 CNY are available"):
            await spend(bidder, 4_001)
    await ledger.refund(bidder, 4_000)


async def test_who_never_paid_in_has_nothing_to_hold(market: Market, ledger: Ledger) -> None:
    with pytest.raises(Conflict, match=r"0\.00 CNY are available"):
        await ledger.hold(await market.organisation(), 1)


@pytest.mark.parametrize("amount", [0, -1])
async def test_nothing_is_no_amount(ledger: Ledger, bidder: UUID, amount: int) -> None:
    for verb in (ledger.receive, ledger.refund, ledger.hold):
        with pytest.raises(Invalid):
            await verb(bidder, amount)


async def test_only_what_is_pending_is_resolved(ledger: Ledger, bidder: UUID) -> None:
    posted = await ledger.receive(bidder, 1)
    for nothing in (uuid4(), posted.id):
        with pytest.raises(NotFound):
            await ledger.release(nothing)
        with pytest.raises(NotFound):
            await ledger.settle(nothing, [Part(SELLER, uuid4(), 1)])


async def test_an_organisation_that_does_not_exist_receives_nothing(ledger: Ledger) -> None:
    for verb in (ledger.receive, ledger.refund):
        with pytest.raises(NotFound):
            await verb(uuid4(), 1)


async def test_one_currency_does_not_pay_for_another(ledger: Ledger, bidder: UUID) -> None:
    async with ledger.transaction() as session:
        with pytest.raises(Conflict, match=r"0\.00 EUR are available"):
            await service.hold(
                session,
                organisation_id=bidder,
                round_id=uuid4(),
                amount=1,
                currency="EUR",
                purpose=str(uuid4()),
            )


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR}))
async def test_finance_of_another_organisation_records_nothing_for_the_hall(
    ledger: Ledger, bidder: UUID, role: Role
) -> None:
    own = Actor(ledger.operator.person_id, {bidder: frozenset({role})})
    async with ledger.transaction() as session:
        for verb in (service.record_receipt, service.record_refund):
            with pytest.raises(NotAllowed):
                await verb(
                    session,
                    own,
                    organisation_id=bidder,
                    amount=1,
                    currency=CNY,
                    purpose=str(uuid4()),
                    evidence={},
                )


# Repeats


async def test_a_repeat_of_a_verb_answers_what_it_made(ledger: Ledger, bidder: UUID) -> None:
    round_id, seller = uuid4(), uuid4()
    for _ in range(2):
        receipt = await ledger.receive(bidder, 100, purpose=f"receipt {bidder}")
        refund = await ledger.refund(bidder, 100, purpose=f"refund {bidder}")
        held = await ledger.hold(bidder, 10_000, round_id=round_id, purpose=f"hold {bidder}")
    assert await ledger.balance(bidder) == Balance(10_000, 10_000)
    parts = [Part(SELLER, seller, 9_000), Part(SELLER, seller, 1_000)]
    first = await ledger.settle(held.id, parts, purpose=f"settle {bidder}")
    again = await ledger.settle(held.id, parts, purpose=f"settle {bidder}")
    assert [transfer.id for transfer in again] == [transfer.id for transfer in first]
    assert (await ledger.receive(bidder, 100, purpose=f"receipt {bidder}")).id == receipt.id
    assert (await ledger.refund(bidder, 100, purpose=f"refund {bidder}")).id == refund.id
    again = await ledger.hold(bidder, 10_000, round_id=round_id, purpose=f"hold {bidder}")
    assert again.id == held.id
    assert await ledger.balance(bidder) == Balance(0, 0)


async def test_a_repeated_release_answers_the_first(ledger: Ledger, bidder: UUID) -> None:
    held = await ledger.hold(bidder, 10)
    first = await ledger.release(held.id, purpose=f"release {bidder}")
    assert (await ledger.release(held.id, purpose=f"release {bidder}")).id == first.id


async def test_a_purpose_stands_for_one_thing(ledger: Ledger, bidder: UUID) -> None:
    purpose = f"once {bidder}"
    await ledger.receive(bidder, 100, purpose=purpose)
    held = await ledger.hold(bidder, 10)
    for other in (
        ledger.receive(bidder, 101, purpose=purpose),
        ledger.refund(bidder, 100, purpose=purpose),
        ledger.hold(bidder, 100, purpose=purpose),
        ledger.release(held.id, purpose=purpose),
        ledger.settle(held.id, [Part(SELLER, bidder, 10)], purpose=purpose),
    ):
        with pytest.raises(Conflict, match="another transfer"):
            await other
    assert await ledger.balance(bidder) == Balance(10_100, 10)


async def test_a_settlement_is_not_repeated_with_other_parts(ledger: Ledger, bidder: UUID) -> None:
    seller = uuid4()
    held = await ledger.hold(bidder, 100)
    await ledger.settle(held.id, [Part(SELLER, seller, 60), Part(SELLER, bidder, 40)], purpose=f"s {bidder}")
    for parts in (
        [Part(SELLER, seller, 100)],
        [Part(SELLER, seller, 40), Part(SELLER, bidder, 60)],
        [Part(SELLER, seller, 60), Part(COSTS, bidder, 40)],
    ):
        with pytest.raises(Conflict, match="in other parts"):
            await ledger.settle(held.id, parts, purpose=f"s {bidder}")


async def test_a_deposit_is_resolved_once(ledger: Ledger, bidder: UUID) -> None:
    released, settled = await ledger.hold(bidder, 100), await ledger.hold(bidder, 100)
    await ledger.release(released.id)
    await ledger.settle(settled.id, [Part(SELLER, bidder, 100)])
    for held, done in ((released, "released"), (settled, "settled")):
        with pytest.raises(Conflict, match=f"was {done} already"):
            await ledger.release(held.id)
        with pytest.raises(Conflict, match=f"was {done} already"):
            await ledger.settle(held.id, [Part(SELLER, bidder, 100)])
