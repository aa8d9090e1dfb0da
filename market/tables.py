"""Every table, imported so that the metadata is whole: for migrations and for tests of all tables."""

from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.ledger.tables import Event
from market.listings.tables import Listing, ListingVersion, SearchDirty
from market.organisations.tables import Organisation, OrganisationIdentifier
from market.web.tables import Attempts, StoredAnswer

__all__ = [
    "ApiKey",
    "Attempts",
    "Event",
    "Invitation",
    "Listing",
    "ListingVersion",
    "Membership",
    "Organisation",
    "OrganisationIdentifier",
    "Person",
    "PersonSession",
    "SearchDirty",
    "StoredAnswer",
]
