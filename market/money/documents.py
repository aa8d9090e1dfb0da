"""What the ledger says of an organisation's money, and what a bank's line becomes in it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from market.money.rules import HALL, Balance
from market.money.tables import Account, Transfer
from schemas.money import (
    AccountBalance,
    BankLine,
    CostsAccount,
    NewReceipt,
    NewRefund,
    OrganisationAccount,
    PayoutOrder,
    PayoutPaid,
    StatementLine,
)
from schemas.values import Money
from schemas.vocabulary import AccountKind, TransferKind


def bank_purpose(line: NewReceipt | NewRefund | PayoutPaid) -> str:
    """The one purpose of a line of the bank's statement, whichever way its money went."""
    return f"bank/{line.bank_reference}"


def bank_evidence(line: NewReceipt | NewRefund | PayoutPaid) -> dict[str, Any]:
    """A bank's line as the transfer keeps it."""
    name = line.payer if isinstance(line, NewReceipt) else line.payee
    return BankLine(reference=line.bank_reference, value_date=line.value_date, name=name).model_dump(
        mode="json"
    )


def organisation_account(
    organisation_id: UUID, accounts: Sequence[Account], balances: Mapping[UUID, Balance]
) -> OrganisationAccount:
    """Every account of an organisation with what it holds."""
    return OrganisationAccount(
        organisation_id=organisation_id,
        balances=[_balance(account, balances[account.id]) for account in accounts],
    )


def costs_account(
    round_id: UUID, accounts: Sequence[Account], balances: Mapping[UUID, Balance]
) -> CostsAccount:
    """What is held for the costs of a round."""
    return CostsAccount(
        round_id=round_id, balances=[_balance(account, balances[account.id]) for account in accounts]
    )


def _balance(account: Account, balance: Balance) -> AccountBalance:
    return AccountBalance(
        account=account.kind,
        held=Money.of(balance.held, account.currency),
        reserved=Money.of(balance.reserved, account.currency),
        available=Money.of(balance.available, account.currency),
    )


def statement_line(
    transfer: Transfer, owner_id: UUID, accounts: Mapping[UUID, Account], resolution: Transfer | None
) -> StatementLine:
    """A transfer as the account of `owner_id` shows it; `accounts` holds both sides."""
    debit, credit = accounts[transfer.debit_id], accounts[transfer.credit_id]
    outgoing = debit.subject_id == owner_id and debit.kind is not AccountKind.ESCROW  # which is nobody's own
    own, other = (debit, credit) if outgoing else (credit, debit)
    return StatementLine(
        id=transfer.id,
        at=transfer.at,
        account=own.kind,
        kind=transfer.kind,
        direction="out" if outgoing else "in",
        amount=Money.of(transfer.amount, transfer.currency),
        counterpart=other.kind,
        counterpart_id=None if other.subject_id == HALL else other.subject_id,
        purpose=transfer.purpose,
        resolves=transfer.pending_id,
        resolution=_resolved(resolution),
        bank=BankLine.model_validate(transfer.evidence) if _of_bank(transfer) else None,
        order=PayoutOrder.model_validate(transfer.evidence) if _is_order(transfer) else None,
    )


def _resolved(resolution: Transfer | None) -> Literal["post", "void"] | None:
    if resolution is None:
        return None
    return "void" if resolution.kind is TransferKind.VOID else "post"


def _of_bank(transfer: Transfer) -> bool:
    return BankLine.model_fields.keys() <= transfer.evidence.keys()


def _is_order(transfer: Transfer) -> bool:
    return transfer.evidence.keys() == PayoutOrder.model_fields.keys()
