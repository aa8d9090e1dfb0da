"""Every table, imported so that the metadata is whole: for migrations and for tests of all tables."""

from market.deals.tables import Consent, Contract, Deal, Payment, RelatedParties
from market.editions.tables import Edition, EditionItem
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.interests.tables import Interest
from market.ledger.tables import Event
from market.listings.tables import Listing, ListingVersion, SearchDirty
from market.managers.tables import Assignment, Introduction, Manager
from market.organisations.tables import Organisation, OrganisationIdentifier
from market.web.tables import Attempts, StoredAnswer

__all__ = [
    "ApiKey",
    "Assignment",
    "Attempts",
    "Consent",
    "Contract",
    "Deal",
    "Edition",
    "EditionItem",
    "Event",
    "Interest",
    "Introduction",
    "Invitation",
    "Listing",
    "ListingVersion",
    "Manager",
    "Membership",
    "Organisation",
    "OrganisationIdentifier",
    "Payment",
    "Person",
    "PersonSession",
    "RelatedParties",
    "SearchDirty",
    "StoredAnswer",
]
