"""Row to view of due lines, royalty reports, refunds and distributions; a contributor's own view holds their lines alone."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from market.deals.tables import Deal
from market.deals.terms import currency_of
from market.distributions import clocks, plan
from market.distributions.queries import Books, CaseFile
from market.distributions.tables import DistributionLine, DueLine, Refund, RevenueCase, RoyaltyReport
from market.money.rules import Balance
from market.rules.packs import rulebook
from schemas.deals import Terms
from schemas.distributions import (
    ApprovalView,
    DealBalances,
    DeductionView,
    DissentView,
    DistributionSummary,
    DistributionView,
    DueLineView,
    Finding,
    LineView,
    OwnShareView,
    ReceivablesView,
    RefundView,
    RoyaltyReportView,
    TaxNote,
)
from schemas.rules import PeriodView
from schemas.values import Money
from schemas.vocabulary import AccountKind


def receivables_view(
    deal: Deal, known: Books, balances: Mapping[AccountKind, Balance] | None, today: date
) -> ReceivablesView:
    """The plan of a deal as it stands today."""
    currency = currency_of(Terms.model_validate(deal.terms))
    rest = sum(known.unmatched(payment) for payment in known.payments)
    lines = sorted(known.lines, key=lambda line: (line.due_on, line.number))
    return ReceivablesView(
        deal_id=deal.id,
        lines=[_due_line(line, known.paid(line.id), today) for line in lines],
        unmatched=Money.of(rest, currency) if currency else None,
        ledger=_balances(balances, currency) if balances and currency else None,
    )


def _due_line(line: DueLine, paid: int, today: date) -> DueLineView:
    return DueLineView(
        id=line.id,
        kind=line.kind,
        amount=Money.of(line.amount, line.currency),
        paid=Money.of(paid, line.currency),
        due_on=line.due_on,
        status=plan.due_status(line.standing, line.amount, paid, line.due_on, today),
        reason=line.reason,
        report_id=line.report_id,
    )


def _balances(held: Mapping[AccountKind, Balance], currency: str) -> DealBalances:
    # What is paid before it is due makes the receivable positive: nothing is owed then.
    return DealBalances(
        receivable=Money.of(max(0, -held[AccountKind.RECEIVABLE].held), currency),
        received=Money.of(max(0, -held[AccountKind.RECEIVED].held), currency),
        income=Money.of(max(0, held[AccountKind.INCOME].held), currency),
        rewarded=Money.of(max(0, held[AccountKind.REWARD].held), currency),
    )


def report_view(row: RoyaltyReport) -> RoyaltyReportView:
    return RoyaltyReportView(
        **row.model_dump(
            include={
                "id",
                "period",
                "begins_on",
                "ends_on",
                "status",
                "audit_reason",
                "reported_by",
                "reported_at",
            }
        ),
        base_amount=Money.of(row.base_amount, row.currency),
        rate_percent=Decimal(row.rate) / plan.RATE_UNIT,
        computed=Money.of(row.computed, row.currency),
        statement_sha256=row.statement_sha256.hex(),
        audit_sha256=row.audit_sha256.hex() if row.audit_sha256 else None,
    )


def refund_view(row: Refund) -> RefundView:
    return RefundView(
        **row.model_dump(include={"id", "refunded_on", "reference", "reason", "recorded_by", "recorded_at"}),
        amount=Money.of(row.amount, row.currency),
    )


_SHOWN = {
    "id",
    "status",
    "revision",
    "basis",
    "organisation_id",
    "deal_id",
    "listing_id",
    "follows",
    "jurisdiction",
    "pack_version",
    "judged_on",
    "agreement",
    "notice_id",
    "due_on",
    "paid_on",
    "payment_reference",
    "created_at",
    "updated_at",
}


def distribution_view(file: CaseFile, notice: tuple[str, str] | None) -> DistributionView:
    """The whole of a case; `notice` says whose rewards have to be public, and by which rule."""
    row = file.case
    retained = row.net - row.pool if row.net is not None and row.pool is not None else None
    return DistributionView(
        **row.model_dump(include=_SHOWN),
        own_use_year=row.own_use["year"] if row.own_use else None,
        income=Money.of(row.income, row.currency),
        payment_ids=row.payments,
        refund_ids=row.refunds,
        deductions=[
            DeductionView(
                kind=each.kind,
                amount=Money.of(each.amount, row.currency),
                description=each.description,
                evidence_sha256=each.evidence_sha256.hex(),
            )
            for each in file.deductions
        ],
        net=_money(row, row.net),
        pool=_money(row, row.pool),
        retained=_money(row, retained),
        lines=[_line(line, row.currency) for line in file.lines],
        findings=[Finding.model_validate(each) for each in row.findings],
        dissents=[DissentView.model_validate(each) for each in file.dissents],
        notice_required=notice is not None,
        notice_rule=notice[1] if notice else None,
        approvals=[ApprovalView(role=each.role, by=each.person_id, at=each.at) for each in file.approvals],
        payout_period=PeriodView.model_validate(row.payout_period) if row.payout_period else None,
        tax_notes=_tax_notes(row),
    )


def distribution_summary(row: RevenueCase) -> DistributionSummary:
    return DistributionSummary(
        **row.model_dump(
            include={
                "id",
                "status",
                "basis",
                "organisation_id",
                "deal_id",
                "listing_id",
                "due_on",
                "created_at",
            }
        ),
        income=Money.of(row.income, row.currency),
        net=_money(row, row.net),
        pool=_money(row, row.pool),
    )


def own_share(file: CaseFile, person_id: UUID) -> OwnShareView:
    """What one contributor sees of a case: nothing of anybody else's."""
    row = file.case
    return OwnShareView(
        **row.model_dump(
            include={"status", "revision", "organisation_id", "listing_id", "agreement", "due_on"}
        ),
        distribution_id=row.id,
        net=_money(row, row.net),
        pool=_money(row, row.pool),
        lines=[_line(line, row.currency) for line in file.lines if line.person_id == person_id],
        dissents=[DissentView.model_validate(each) for each in file.dissents if each.person_id == person_id],
        tax_notes=_tax_notes(row),
    )


def _money(row: RevenueCase, minor: int | None) -> Money | None:
    return Money.of(minor, row.currency) if minor is not None else None


def _line(line: DistributionLine, currency: str) -> LineView:
    return LineView(
        **line.model_dump(
            include={
                "id",
                "name",
                "person_id",
                "role",
                "weight",
                "is_leader",
                "holds_ownership_share",
                "rounding",
                "signed_at",
            }
        ),
        amount=Money.of(line.amount, currency),
        paid_before=Money.of(line.paid_before, currency),
    )


def _tax_notes(row: RevenueCase) -> list[TaxNote]:
    book = rulebook(row.jurisdiction, row.judged_on)
    return clocks.tax_notes(book, row.basis, row.income_on, cash_benefit=row.cash_benefit)
