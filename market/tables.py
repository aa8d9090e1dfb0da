"""Every table, imported so that the metadata is whole: for migrations and for tests of all tables."""

from market.challenges.tables import (
    Challenge,
    Entrant,
    Evidence,
    Question,
    Review,
    Reviewer,
    Submission,
)
from market.deals.tables import Consent, Contract, Deal, Payment, RelatedParties
from market.editions.tables import Edition, EditionItem
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.interests.tables import Interest
from market.ledger.tables import Event
from market.listings.tables import Listing, ListingVersion, SearchDirty
from market.managers.tables import Assignment, Introduction, Manager
from market.money.tables import Account, Transfer
from market.organisations.tables import Organisation, OrganisationControl, OrganisationIdentifier
from market.sealing.tables import Box, OpeningKey, Share
from market.trading.tables import Award, Entry, Registration, Round
from market.web.tables import Attempts, StoredAnswer

__all__ = [
    "Account",
    "ApiKey",
    "Assignment",
    "Attempts",
    "Award",
    "Box",
    "Challenge",
    "Consent",
    "Contract",
    "Deal",
    "Edition",
    "EditionItem",
    "Entrant",
    "Entry",
    "Event",
    "Evidence",
    "Interest",
    "Introduction",
    "Invitation",
    "Listing",
    "ListingVersion",
    "Manager",
    "Membership",
    "OpeningKey",
    "Organisation",
    "OrganisationControl",
    "OrganisationIdentifier",
    "Payment",
    "Person",
    "PersonSession",
    "Question",
    "Registration",
    "RelatedParties",
    "Review",
    "Reviewer",
    "Round",
    "SearchDirty",
    "Share",
    "StoredAnswer",
    "Submission",
    "Transfer",
]
