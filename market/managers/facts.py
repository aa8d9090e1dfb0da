"""What the hall knows of managers and of what looks for one, gathered for the rules of conflicts and fit."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, tuple_
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market import workdays
from market.database import now
from market.identity.tables import Membership
from market.interests.tables import Interest
from market.ledger.tables import Event
from market.listings.tables import Listing, ListingVersion
from market.managers import rules
from market.managers.conflicts import Ownership, Ties, barred
from market.managers.directory import Profile, credentials_of, employments_of
from market.managers.fitting import Candidate, Case, Codes
from market.managers.tables import Assignment, Employment
from market.organisations.tables import Organisation, OrganisationControl
from market.trading.tables import Award, Registration, Round
from schemas.vocabulary import AssignmentSubject, InterestStatus, OrganisationKind


@dataclass(frozen=True)
class Matter:
    """What a manager is asked to carry: a published listing, an interest in one, or a deal about one."""

    subject: AssignmentSubject
    id: UUID
    """Of the listing, the interest or the deal."""
    listing_id: UUID
    version: int
    """The published version that it is about."""
    owner_id: UUID
    counterpart_id: UUID | None
    """Of a listing there is none yet."""
    ended: str | None = None
    """Why nobody is assigned to it any more."""

    @property
    def parties(self) -> frozenset[UUID]:
        return frozenset(party for party in (self.owner_id, self.counterpart_id) if party is not None)


def of_interest(interest: Interest) -> Matter:
    return Matter(
        subject=AssignmentSubject.INTEREST,
        id=interest.id,
        listing_id=interest.listing_id,
        version=interest.listing_version,
        owner_id=interest.owner_organisation_id,
        counterpart_id=interest.organisation_id,
        ended=f"the interest is {interest.status} and has ended" if interest.ended_at else None,
    )


def of_listing(listing: Listing) -> Matter:
    """Of a listing that has been published."""
    withdrawn = listing.status in rules.ENDED_LISTINGS
    return Matter(
        subject=AssignmentSubject.LISTING,
        id=listing.id,
        listing_id=listing.id,
        version=listing.published_version or 0,
        owner_id=listing.organisation_id,
        counterpart_id=None,
        ended=f"the listing is {listing.status}" if withdrawn else None,
    )


async def candidates(session: AsyncSession, profiles: Sequence[Profile]) -> list[Candidate]:
    """What is known of each manager today, in the same order."""
    at = await now(session)
    today = workdays.legal_day(at)
    ids = [profile.manager.id for profile in profiles]
    people = [profile.manager.person_id for profile in profiles]
    members = await _memberships(session, people)
    employed = await employments_of(session, ids)
    credentials = await credentials_of(session, ids)
    own = {
        profile.manager.id: members[profile.manager.person_id] | _current(employed[profile.manager.id], today)
        for profile in profiles
    }
    homes = {profile.manager.organisation_id for profile in profiles}
    partners = await _partners(session, homes.union(*own.values()), rules.ties_since(today))
    ownership = await _ownership(session, at)
    made = []
    for profile in profiles:
        manager = profile.manager
        mine = {manager.organisation_id, *own[manager.id]}
        ties = Ties(
            home=manager.organisation_id,
            own=own[manager.id],
            former=_former(employed[manager.id], today),
            partners={partner for organisation in mine for partner in partners.get(organisation, ())},
        )
        ends = [(held.expires_on, held.verified_at is not None) for held in credentials[manager.id]]
        made.append(
            Candidate(
                manager_id=manager.id,
                person_id=manager.person_id,
                name=profile.name,
                fields=Codes(tuple(manager.ipc), tuple(manager.discipline), tuple(manager.industry)),
                languages=frozenset(manager.languages),
                capacity=manager.capacity,
                load=profile.load,
                succeeded=profile.succeeded,
                without_deal=profile.without_deal,
                available=manager.available,
                credential=rules.credential_obstacle(ends, today),
                barred=barred(ties, ownership),
            )
        )
    return made


def _current(employments: Iterable[Employment], today: date) -> set[UUID]:
    return {e.organisation_id for e in employments if e.ends_on is None or e.ends_on >= today}


def _former(employments: Iterable[Employment], today: date) -> set[UUID]:
    since = rules.ties_since(today)
    return {e.organisation_id for e in employments if e.ends_on is not None and since <= e.ends_on < today}


async def _memberships(session: AsyncSession, people: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    found = await session.execute(
        sql(col(Membership.person_id), col(Membership.organisation_id)).where(
            col(Membership.person_id).in_(people)
        )
    )
    grouped: dict[UUID, set[UUID]] = {person: set() for person in people}
    for person, organisation in found.all():
        grouped[person].add(organisation)
    return grouped


async def _ownership(session: AsyncSession, at: datetime) -> Ownership:
    stands = or_(col(OrganisationControl.until).is_(None), col(OrganisationControl.until) > at)
    found = await session.execute(
        sql(col(OrganisationControl.organisation_id), col(OrganisationControl.controller_id)).where(stands)
    )
    controllers: dict[UUID, set[UUID]] = {}
    for organisation, controller in found.all():
        controllers.setdefault(organisation, set()).add(controller)
    public = select(Organisation.id).where(Organisation.kind == OrganisationKind.GOVERNMENT)
    return Ownership(controllers, set((await session.execute(public)).scalars()))


async def _partners(session: AsyncSession, organisations: set[UUID], since: date) -> dict[UUID, set[UUID]]:
    """With whom each organisation has come to an agreement: by an interest that led to a deal, or by an award.

    One whose deal was cancelled later counts too: the two had come to terms.
    """
    begun = workdays.end_of_day(since)
    agreed = sql(col(Interest.owner_organisation_id), col(Interest.organisation_id)).where(
        col(Interest.status) == InterestStatus.AGREED,
        func.coalesce(col(Interest.ended_at), col(Interest.updated_at)) >= begun,
    )
    awarded = (
        sql(col(Round.seller_id), col(Registration.organisation_id))
        .select_from(Award)
        .join(Round, col(Round.id) == col(Award.round_id))
        .join(Registration, col(Registration.id) == col(Award.registration_id))
        .where(col(Award.confirmed_at) >= begun)
    )
    found: dict[UUID, set[UUID]] = {}
    for query, one, other in (
        (agreed, Interest.owner_organisation_id, Interest.organisation_id),
        (awarded, Round.seller_id, Registration.organisation_id),
    ):
        theirs = query.where(or_(col(one).in_(organisations), col(other).in_(organisations)))
        for first, second in (await session.execute(theirs)).all():
            found.setdefault(first, set()).add(second)
            found.setdefault(second, set()).add(first)
    return found


async def cases(session: AsyncSession, matters: Sequence[Matter]) -> list[Case]:
    """What is known of each matter, by the version of the listing that it is about; in the same order."""
    ids = {matter.listing_id for matter in matters}
    listings = (await session.execute(select(Listing).where(col(Listing.id).in_(ids)))).scalars()
    authors = {listing.id: {listing.created_by, *listing.editors} for listing in listings}
    wrote = sql(col(Event.subject_id), col(Event.actor_id)).where(
        col(Event.subject_kind) == "listing",
        col(Event.subject_id).in_(ids),
        col(Event.kind).in_(("drafted", "changed")),
    )
    for listing_id, person in (await session.execute(wrote)).all():
        if person is not None:
            authors[listing_id].add(person)
    key = tuple_(col(ListingVersion.listing_id), col(ListingVersion.number))
    versions = select(ListingVersion).where(key.in_({(m.listing_id, m.version) for m in matters}))
    documents: dict[tuple[UUID, int], dict[str, Any]] = {
        (row.listing_id, row.number): json.loads(row.document)
        for row in (await session.execute(versions)).scalars()
    }
    declined = await _declined(session, ids)
    return [
        _case(
            matter,
            documents[matter.listing_id, matter.version],
            authors[matter.listing_id],
            declined.get((matter.listing_id, matter.counterpart_id), set()),
        )
        for matter in matters
    ]


async def _declined(
    session: AsyncSession, listing_ids: set[UUID]
) -> dict[tuple[UUID, UUID | None], set[UUID]]:
    """The managers who have declared a conflict, by listing and other party."""
    found = await session.execute(
        sql(col(Assignment.listing_id), col(Assignment.organisation_id), col(Assignment.manager_id)).where(
            col(Assignment.listing_id).in_(listing_ids), col(Assignment.declared_conflict).is_not(None)
        )
    )
    declined: dict[tuple[UUID, UUID | None], set[UUID]] = {}
    for listing_id, organisation_id, manager_id in found.all():
        declined.setdefault((listing_id, organisation_id), set()).add(manager_id)
    return declined


def _case(matter: Matter, document: dict[str, Any], authors: set[UUID], declined: set[UUID]) -> Case:
    return Case(
        parties=matter.parties,
        authors=authors,
        contributors=frozenset(
            named
            for person in document.get("contributors", [])
            for named in (person["name"], person.get("name_en"))
            if named
        ),
        codes=Codes.of(document.get("ipc", []), document.get("discipline", []), document.get("industry", [])),
        languages=frozenset(language.split("-")[0] for language in document["title"]),
        declined=declined,
    )
