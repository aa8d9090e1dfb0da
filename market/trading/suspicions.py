"""Reads what the red flags of a round are asked of, and keeps a case for each that is raised; see `signals`.

Nothing is collected for it: relations of organisations, the bank's lines, and what a sign-in records are there already.
Whoever looks, and the worker after each turn of a round, opens the cases; a bid is never touched by one.
"""

import ipaddress
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import new_id, now
from market.errors import AlreadyExists, NotAllowed, NotFound
from market.ledger.service import record
from market.permissions import Actor, Permission, require
from market.trading import queries, rules
from market.trading.signals import Bid, Facts, Participant, Past, signals
from market.trading.tables import Case, Entry, Registration, Round
from schemas.trading import SignalConclusion
from schemas.vocabulary import AwardStatus, EntryKind, RegistrationStatus

_PEOPLE = text("""
SELECT r.id AS registration_id, p.id, lower(split_part(p.email, '@', 2)) AS domain,
    p.id = r.registered_by OR EXISTS (
        SELECT FROM round_entry e WHERE e.registration_id = r.id AND e.person_id = p.id) AS acts
FROM bidder_registration r JOIN membership m ON m.organisation_id = r.organisation_id AND 'buyer' = ANY(m.roles)
JOIN person p ON p.id = m.person_id WHERE r.round_id = :round_id
""")
_ADDRESSES = text("""
SELECT DISTINCT person_id, address FROM person_session
WHERE person_id = ANY(:people) AND address IS NOT NULL AND expires_at >= :since
""")
_ABOVE = text("""
WITH RECURSIVE above(root, id) AS (
    SELECT organisation_id, organisation_id FROM bidder_registration WHERE round_id = :round_id
    UNION SELECT a.root, c.controller_id FROM organisation_control c JOIN above a ON c.organisation_id = a.id
        WHERE c.until IS NULL OR c.until > clock_timestamp()
)
SELECT a.root, a.id FROM above a JOIN organisation o ON o.id = a.id WHERE a.id <> a.root AND o.kind <> 'government'
""")
_PAYERS = text("""
SELECT r.id AS registration_id, t.evidence ->> 'name' AS payer
FROM bidder_registration r JOIN account a ON a.kind = 'party' AND a.subject_id = r.organisation_id
JOIN transfer t ON t.credit_id = a.id AND t.evidence ? 'name' AND t.at >= r.created_at
WHERE r.round_id = :round_id
""")
# How the rounds ended in which several of these bid: the winner, and whoever had bid most of the others.
_PAST = text("""
SELECT w.organisation_id AS winner, s.organisation_id AS second, a.status
FROM award a JOIN bidder_registration w ON w.id = a.registration_id
CROSS JOIN LATERAL (
    SELECT b.organisation_id FROM round_entry e JOIN bidder_registration b ON b.id = e.registration_id
    WHERE e.round_id = a.round_id AND e.kind = 'bid' AND b.id <> w.id ORDER BY e.amount DESC, e.seq LIMIT 1
) s
WHERE a.status <> 'void' AND a.round_id <> :round_id
    AND (w.organisation_id = ANY(:organisations) AND s.organisation_id = ANY(:organisations)
        OR a.status = 'defaulted' AND a.round_id = :relisted_from)
ORDER BY a.id
""")


async def facts_of(session: AsyncSession, row: Round) -> Facts:
    """What a round's red flags are asked of; its bids only once it has ended, when its bidders may be named."""
    registrations = await queries.all_registrations(session, row.id)
    ended = row.status in rules.ENDED | rules.NAMED
    documents = await _log(session, row) if ended else []
    award = await queries.award_of(session, row.id) if ended else None
    past = await session.execute(
        _PAST,
        {
            "round_id": row.id,
            "organisations": [each.organisation_id for each in registrations],
            "relisted_from": row.relisted_from,
        },
    )
    return Facts(
        participants=await _participants(session, row, registrations),
        step=row.step,
        opening_price=row.opening_price,
        registration_until=row.registration_until,
        bids=[
            Bid(said["bidder"], said["amount"], entry.at)
            for entry, said in documents
            if entry.kind is EntryKind.BID
        ],
        opened=next(
            (
                {bid["bidder"]: bid["amount"] for bid in said["bids"] if bid["amount"] is not None}
                for entry, said in documents
                if entry.kind is EntryKind.OPENED
            ),
            None,
        ),
        past=[
            Past(each.winner, each.second, defaulted=each.status == AwardStatus.DEFAULTED)
            for each in past.all()
        ],
        winner=award[1].organisation_id if award else None,
    )


async def _log(session: AsyncSession, row: Round) -> list[tuple[Entry, dict[str, Any]]]:
    query = select(Entry).where(
        Entry.round_id == row.id, col(Entry.kind).in_([EntryKind.BID, EntryKind.OPENED])
    )
    found = await session.execute(query.order_by(col(Entry.seq)))
    return [(entry, json.loads(entry.document)) for entry in found.scalars()]


async def _participants(
    session: AsyncSession, row: Round, registrations: Sequence[Registration]
) -> list[Participant]:
    of_round = {"round_id": row.id}
    people: defaultdict[UUID, set[UUID]] = defaultdict(set)
    acting: defaultdict[UUID, set[UUID]] = defaultdict(set)
    domains: defaultdict[UUID, set[str]] = defaultdict(set)
    for each in (await session.execute(_PEOPLE, of_round)).all():
        people[each.registration_id].add(each.id)
        if each.acts:
            acting[each.registration_id].add(each.id)
            domains[each.registration_id].add(each.domain)
    everybody = {person for those in acting.values() for person in those}
    since = row.announced_at or row.created_at
    addresses: defaultdict[UUID, set[str]] = defaultdict(set)
    for each in (await session.execute(_ADDRESSES, {"people": list(everybody), "since": since})).all():
        if _tells(each.address):
            addresses[each.person_id].add(each.address)
    above: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for each in (await session.execute(_ABOVE, of_round)).all():
        above[each.root].add(each.id)
    payers: defaultdict[UUID, set[str]] = defaultdict(set)
    for each in (await session.execute(_PAYERS, of_round)).all():
        payers[each.registration_id].add(each.payer)
    return [
        Participant(
            id=each.id,
            organisation=each.organisation_id,
            alias=each.alias,
            admitted=each.status is RegistrationStatus.QUALIFIED,
            withdrawn_at=each.updated_at if each.status is RegistrationStatus.WITHDRAWN else None,
            people=frozenset(people[each.id]),
            above=frozenset(above[each.organisation_id]),
            payers=frozenset(payers[each.id]),
            domains=frozenset(domains[each.id]),
            addresses=frozenset(address for person in acting[each.id] for address in addresses[person]),
        )
        for each in registrations
    ]


def _tells(address: str) -> bool:
    """Whether an address tells where somebody sat: that of the machine itself, or of nothing, does not."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (read.is_loopback or read.is_unspecified)


async def open_cases(session: AsyncSession, row: Round) -> None:
    """Open a case for every red flag that has none; whoever does it at the same time opens the same ones."""
    at = await now(session)
    for found in signals(await facts_of(session, row)):
        case = {
            "id": new_id(),
            "round_id": row.id,
            "signal": found.signal,
            "registrations": sorted(found.participants),
            "detail": found.detail,
            "opened_at": at,
        }
        await session.execute(insert(Case).values(case).on_conflict_do_nothing())


async def cases(session: AsyncSession, actor: Actor, row: Round) -> list[Case]:
    """The red flags of a round, those that nobody has concluded first. The operator and the auditor."""
    require(actor, Permission.READ_EVERYTHING)
    await open_cases(session, row)
    query = select(Case).where(Case.round_id == row.id)
    found = await session.execute(
        query.order_by(col(Case.decided_at).is_not(None), col(Case.id)).execution_options(
            populate_existing=True
        )
    )
    return list(found.scalars())


async def conclude(
    session: AsyncSession, actor: Actor, row: Round, case_id: UUID, data: SignalConclusion
) -> Case:
    """Say what a red flag comes to, for good. The operator or the auditor, who belongs to none of the bidders.

    It changes nothing of the round: what follows is asked for and signed by two, as a suspension is.
    """
    role = require(actor, Permission.READ_EVERYTHING)
    query = select(Case).where(Case.round_id == row.id, Case.id == case_id).with_for_update()
    case = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if case is None:
        raise NotFound("this round has no such case")
    if case.finding is not None:
        raise AlreadyExists("this case was concluded")
    bidders = await queries.all_registrations(session, row.id)
    if {each.organisation_id for each in bidders} & actor.organisations.keys():
        raise NotAllowed("you are a member of an organisation that is registered for this round")
    case.finding, case.reason = data.finding, data.reason
    case.decided_by, case.decided_at = actor.person_id, await now(session)
    facts = {"signal": case.signal.value, "finding": data.finding.value}
    await record(
        session, actor, ("round_case", case.id), "concluded", role=role, reason=data.reason, data=facts
    )
    return case
