"""What the hall records of its bank's statement, and how an organisation is shown its account."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from schemas.values import Money, Shape, ShortText, View
from schemas.vocabulary import AccountKind, TransferKind

BankReference = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{2,63}$", to_upper=True, strip_whitespace=True),
]
"""The bank's own number of the line (交易流水号); each line is recorded once, in capitals."""


class NewReceipt(Shape):
    """A line of the bank's statement that shows money coming in."""

    amount: Money
    bank_reference: BankReference
    value_date: date
    payer: ShortText
    """The account holder who paid, as the bank names them."""


class NewRefund(Shape):
    """A line of the bank's statement that shows money paid out."""

    amount: Money
    bank_reference: BankReference
    value_date: date
    payee: ShortText
    """The account holder who was paid, as the bank names them."""


class NewPayout(Shape):
    """An order to the bank, out of what deposits gave a seller or the costs of a sale."""

    amount: Money
    payee: ShortText
    """Who is to be paid, as the bank is told."""
    reason: ShortText
    """What it is paid for."""


class PayoutPaid(Shape):
    """The line of the bank's statement that shows the whole of an ordered payout."""

    bank_reference: BankReference
    value_date: date
    payee: ShortText


class PayoutOrder(View):
    """Whom the bank was told to pay, and what for."""

    payee: str
    reason: str


class BankLine(View):
    """What the bank's statement shows of a receipt or refund."""

    reference: str
    value_date: date
    name: str
    """Who paid or was paid."""


class StatementLine(View):
    """One transfer as an organisation's account shows it."""

    id: UUID
    at: datetime
    account: AccountKind
    kind: TransferKind
    """`pending` reserves, `post` takes what was reserved, `void` frees it, `posted` moves at once."""
    direction: Literal["in", "out"]
    amount: Money
    counterpart: AccountKind
    counterpart_id: UUID | None
    """The round or organisation on the other side; null for the bank."""
    purpose: str
    resolves: UUID | None
    """The pending transfer that this one posts or voids."""
    resolution: Literal["post", "void"] | None
    """What became of a pending transfer; null while it reserves."""
    bank: BankLine | None
    order: PayoutOrder | None
    """Of a payout that was ordered: a pending transfer to the bank, which another person posts or voids."""


class CostsAccount(View):
    """What defaulters' deposits left for the costs of one round."""

    round_id: UUID
    balances: list["AccountBalance"]


class AccountBalance(View):
    """What one account in one currency holds; what pending deposits reserve of it is not available."""

    account: AccountKind
    """`party` is what the hall holds for the organisation, `seller` what it is owed out of settled deposits."""
    held: Money
    reserved: Money
    available: Money


class OrganisationAccount(View):
    """An organisation's accounts with the hall: recorded here, moved by the hall's bank."""

    organisation_id: UUID
    balances: list[AccountBalance]
