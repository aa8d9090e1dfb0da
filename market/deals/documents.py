"""Row to document of a deal: its view, the view of a payment, and the canonical bytes of a recorded contract."""

from collections.abc import Sequence
from datetime import date

from market.deals import gates, terms
from market.deals.law import waits_for
from market.deals.queries import DealFile
from market.deals.rules import other_side
from market.deals.tables import Contract, Deal, Payment, RelatedParties
from market.ledger.rules import canonical
from market.organisations.tables import Organisation
from schemas.deals import (
    BreachView,
    ContractView,
    DealView,
    DeclarationView,
    ManagerPartyView,
    NewContract,
    PartyView,
    PatentFacts,
    PaymentView,
)
from schemas.values import Money, Stamp
from schemas.vocabulary import DealStatus, Matter, Party


def deal_view(file: DealFile) -> DealView:
    """The deal with its parties, terms, gates, contract and money."""
    row, agreed_terms = file.deal, file.terms
    total = terms.total_value(agreed_terms)
    currency = terms.currency_of(agreed_terms) if file.contract else None
    fixed = total if currency and terms.has_fixed_price(agreed_terms) else None
    return DealView(
        **row.model_dump(include=_SHOWN),
        seller=_party(file.seller),
        buyer=_party(file.buyer),
        manager=_manager(row, file.agency),
        terms=agreed_terms,
        terms_sha256=terms.terms_hash(agreed_terms).hex(),
        defaults=terms.defaults(row.mode, agreed_terms),
        licence_kind=terms.licence_kind(row.mode, agreed_terms),
        total_value=total,
        technical_value=terms.technical_value(agreed_terms),
        acceptances=_stamps(file, Matter.TERMS),
        declarations={declared.party: _declaration(declared) for declared in file.related},
        related_parties=any(declared.related for declared in file.related),
        gates=gates.judge(file.facts()),
        contract=_contract_view(file, file.contract) if file.contract else None,
        paid=Money.of(file.paid, currency) if currency else None,
        outstanding=Money.of(max(0, fixed.minor - file.paid), fixed.currency) if fixed else None,
        completions=_stamps(file, Matter.COMPLETION),
        waits_for=waits_for(file.facts()) if row.status is DealStatus.SIGNED else [],
        breach=_breach(row),
        terminations=_stamps(file, Matter.TERMINATION),
    )


_SHOWN = {
    "id",
    "status",
    "mode",
    "revision",
    "interest_id",
    "award_id",
    "listing_id",
    "listing_version",
    "cancellation_reason",
    "opened_by",
    "created_at",
    "updated_at",
}


def _breach(row: Deal) -> BreachView | None:
    if row.breach_reason is None or row.breach_noted_as is None or row.cure_due_at is None:
        return None
    return BreachView(reason=row.breach_reason, noted_as=row.breach_noted_as, cure_due_at=row.cure_due_at)


def _party(organisation: Organisation) -> PartyView:
    return PartyView(organisation_id=organisation.id, name=organisation.name)


def _manager(row: Deal, agency: Organisation | None) -> ManagerPartyView | None:
    if row.manager_person_id is None or agency is None:
        return None
    return ManagerPartyView(person_id=row.manager_person_id, organisation_id=agency.id, name=agency.name)


def _stamps(file: DealFile, matter: Matter) -> dict[Party, Stamp]:
    return {
        party: Stamp(at=consent.at, by=consent.person_id) for party, consent in file.agreed(matter).items()
    }


def _declaration(row: RelatedParties) -> DeclarationView:
    return DeclarationView(none=row.related is None, related=row.related, at=row.at, by=row.person_id)


_OF_CONTRACT = {
    "kind",
    "licence_kind",
    "number",
    "title",
    "signed_on",
    "effective_on",
    "valid_until",
    "licence_recordal_due_on",
}


def _contract_view(file: DealFile, contract: Contract) -> ContractView:
    confirmed = _stamps(file, Matter.CONTRACT).get(other_side(contract.recorded_as))
    return ContractView(
        **contract.model_dump(include=_OF_CONTRACT),
        total_value=_money(contract.total_value, contract.currency),
        technical_value=_money(contract.technical_value, contract.currency),
        sha256=contract.sha256.hex(),
        recorded=Stamp(at=contract.recorded_at, by=contract.recorded_by),
        confirmed=confirmed,
    )


def _money(minor: int | None, currency: str | None) -> Money | None:
    return Money.of(minor, currency) if minor is not None and currency is not None else None


def payment_view(row: Payment) -> PaymentView:
    return PaymentView(
        **row.model_dump(exclude={"amount", "currency", "deal_id"}),
        amount=Money.of(row.amount, row.currency),
    )


def contract_document(
    file: DealFile,
    data: NewContract,
    patents: Sequence[PatentFacts],
    listing_sha256: bytes,
    valid_until: date | None,
) -> bytes:
    """RFC 8785 canonical JSON of what both sides signed; what does not apply is left out."""
    agreed = file.terms
    total, technical = terms.total_value(agreed), terms.technical_value(agreed)
    signed = data.model_dump(mode="json", exclude={"patents", "effective_on", "valid_until"})
    document = signed | {
        "deal": str(file.deal.id),
        "mode": file.deal.mode.value,
        "effective_on": (data.effective_on or data.signed_on).isoformat(),
        "valid_until": valid_until.isoformat() if valid_until else None,
        "parties": {
            Party.SELLER.value: _party(file.seller).model_dump(mode="json"),
            Party.BUYER.value: _party(file.buyer).model_dump(mode="json"),
        },
        "listing": {
            "id": str(file.deal.listing_id),
            "version": file.deal.listing_version,
            "sha256": listing_sha256.hex(),
        },
        "licence_kind": terms.contract_licence(data.kind, file.deal.mode, agreed),
        "terms": agreed.model_dump(mode="json"),
        "terms_sha256": terms.terms_hash(agreed).hex(),
        "defaults": [default.model_dump() for default in terms.defaults(file.deal.mode, agreed)],
        "total_value": total.model_dump(mode="json") if total else None,
        "technical_value": technical.model_dump(mode="json") if technical else None,
        "patents": [patent.model_dump(mode="json", exclude={"place"}) for patent in patents],
        "related_parties": {declared.party.value: declared.related for declared in file.related},
    }
    return canonical({name: value for name, value in document.items() if value is not None})
