"""Every table, imported so that the metadata is whole: for migrations and for tests of all tables."""

from market.brokerage.tables import Circumvention, DealCredit, RewardClaim, RewardScheme
from market.challenges.tables import (
    AwardObjection,
    Challenge,
    Entrant,
    Evidence,
    Question,
    Review,
    Reviewer,
    Submission,
)
from market.deals.tables import Consent, Contract, Deal, Payment, RelatedParties
from market.distributions.tables import (
    Approval,
    Deduction,
    Dissent,
    DistributionLine,
    DueLine,
    PaymentMatch,
    Refund,
    RevenueCase,
    RoyaltyReport,
)
from market.editions.tables import Edition, EditionItem
from market.evidence.tables import Proof
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.interests.tables import Interest
from market.ledger.tables import Event, Leaf, Node, Pending, SignedCheckpoint
from market.listings.tables import Encumbrance, Listing, ListingVersion, SearchDirty
from market.managers.tables import Assignment, Employment, Introduction, Manager, ManagerCredential
from market.money.tables import Account, Transfer
from market.notices.tables import Notice, Objection, ObjectionPolicy, Opinion
from market.organisations.tables import Organisation, OrganisationControl, OrganisationIdentifier
from market.sealing.tables import Box, OpeningKey, Share
from market.trading.tables import Award, Case, Entry, Registration, Round
from market.web.tables import Attempts, StoredAnswer

__all__ = [
    "Account",
    "ApiKey",
    "Approval",
    "Assignment",
    "Attempts",
    "Award",
    "AwardObjection",
    "Box",
    "Case",
    "Challenge",
    "Circumvention",
    "Consent",
    "Contract",
    "Deal",
    "DealCredit",
    "Deduction",
    "Dissent",
    "DistributionLine",
    "DueLine",
    "Edition",
    "EditionItem",
    "Employment",
    "Encumbrance",
    "Entrant",
    "Entry",
    "Event",
    "Evidence",
    "Interest",
    "Introduction",
    "Invitation",
    "Leaf",
    "Listing",
    "ListingVersion",
    "Manager",
    "ManagerCredential",
    "Membership",
    "Node",
    "Notice",
    "Objection",
    "ObjectionPolicy",
    "OpeningKey",
    "Opinion",
    "Organisation",
    "OrganisationControl",
    "OrganisationIdentifier",
    "Payment",
    "PaymentMatch",
    "Pending",
    "Person",
    "PersonSession",
    "Proof",
    "Question",
    "Refund",
    "Registration",
    "RelatedParties",
    "RevenueCase",
    "Review",
    "Reviewer",
    "RewardClaim",
    "RewardScheme",
    "Round",
    "RoyaltyReport",
    "SearchDirty",
    "Share",
    "SignedCheckpoint",
    "StoredAnswer",
    "Submission",
    "Transfer",
]
