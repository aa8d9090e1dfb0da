"""The verbs of a deal before its contract: open, change the terms, accept them, declare conflicts, cancel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import now
from market.deals import gates, queries, rules, terms
from market.deals.awarded import open_awarded, refuse_another_price
from market.deals.law import needs_publicity, waits_for
from market.deals.rules import Verb
from market.deals.tables import Consent, Deal, RelatedParties
from market.errors import Incomplete, NotAllowed, PreconditionFailed
from market.evidence import service as evidence
from market.evidence.tables import Proof
from market.interests.queries import interest as interest_by_id
from market.interests.queries import locked as locked_interest
from market.interests.service import agree
from market.interests.service import end as end_interest
from market.interests.tables import Interest
from market.ledger.service import record
from market.listings import service as listings
from market.listings.rules import Verb as ListingVerb
from market.listings.rules import differences
from market.listings.tables import Listing
from market.managers.service import end_with_deal as end_assignments
from market.notices.service import material_change
from market.permissions import Actor, Permission, require
from market.web.problems import validated
from schemas.deals import Declaration, NewDeal, Terms, WholeTerms
from schemas.rights import NewEvidence
from schemas.values import FieldProblem, Reason
from schemas.vocabulary import DealStatus, ListingKind, Matter, Mode, NoticeSubject, Party, Role


async def open_deal(session: AsyncSession, actor: Actor, data: NewDeal) -> Deal:
    """Open a deal on an interest in negotiation, or on a confirmed round, with its first terms if there are any."""
    if data.interest_id is not None:
        deal, role = await _open_on_interest(session, actor, data.interest_id, data.mode)
    else:
        assert data.round_id is not None  # noqa: S101 - the shape asks for one of the two
        deal, role = await open_awarded(session, actor, data.round_id, data.mode)
    if data.terms is not None:
        await _set_terms(session, actor, deal, data.terms, role)
    return deal


async def _open_on_interest(
    session: AsyncSession, actor: Actor, interest_id: UUID, mode: Mode
) -> tuple[Deal, Role]:
    """The interest becomes agreed. The listing's officers, directors, buyers.

    A mode that takes the right holds the listing. WrongState where the interest is not in negotiation, or where the
    listing takes no such deal now.
    """
    interest = await interest_by_id(session, actor, interest_id)
    role = require(actor, Permission.OPEN_DEAL, interest.owner_organisation_id)
    listing = await queries.locked_listing(session, interest.listing_id)
    await listings.let_time_pass(session, listing)
    interest = await interest_by_id(session, actor, interest_id, lock=True)
    await agree(session, actor, interest)
    unsigned = await queries.unsigned_deals(session, listing.id)
    rules.refuse_conflicting(mode, listing.kind, listing.status, unsigned)
    if rules.holds_listing(mode, listing.kind):
        await listings.move_for_deal(session, actor, listing, ListingVerb.HOLD)
    if listing.kind is ListingKind.OPPORTUNITY:
        await listings.note_award(session, actor, listing, stands=True)
    deal = _between(interest, listing, mode, actor, await now(session))
    session.add(deal)
    await session.flush()
    facts = {
        "interest": str(interest.id),
        "listing": str(listing.id),
        "version": deal.listing_version,
        "mode": mode.value,
    }
    await record(session, actor, ("deal", deal.id), "proposed", role=role, data=facts)
    return deal, role


def _between(interest: Interest, listing: Listing, mode: Mode, actor: Actor, at: datetime) -> Deal:
    """The deal between the owner of a listing and the interested company, each on its side."""
    owner, other = interest.owner_organisation_id, interest.organisation_id
    owner_sells = rules.owner_side(listing.kind) is Party.SELLER
    return Deal(
        interest_id=interest.id,
        listing_id=listing.id,
        listing_version=listing.published_version or interest.listing_version,
        mode=mode,
        seller_id=owner if owner_sells else other,
        buyer_id=other if owner_sells else owner,
        manager_person_id=interest.manager_person_id,
        manager_organisation_id=interest.manager_organisation_id,
        terms=Terms().model_dump(mode="json"),
        opened_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )


async def change_terms(session: AsyncSession, actor: Actor, deal: Deal, patch: dict[str, Any]) -> Deal:
    """Apply a merge patch to the terms of a locked deal, which takes back what was accepted.

    Whoever may open deals, of either side. Invalid names the fields.
    """
    _, role = acting_side(actor, Permission.OPEN_DEAL, deal)
    rules.next_status(Verb.CHANGE_TERMS, deal.status)
    merged = {"terms": rules.merge_terms(deal.terms, patch)}
    try:
        changed = WholeTerms.model_validate(merged).terms
    except ValidationError as error:
        raise validated(error, merged) from error
    if changed == Terms.model_validate(deal.terms) and deal.status is not DealStatus.PROPOSED:
        return deal
    return await _set_terms(session, actor, deal, changed, role)


async def _set_terms(session: AsyncSession, actor: Actor, deal: Deal, changed: Terms, role: Role) -> Deal:
    before, after = deal.terms, changed.model_dump(mode="json")
    await take_back(session, deal, Matter.TERMS)
    if not terms.same_related_parties(Terms.model_validate(before), changed):
        await session.execute(delete(RelatedParties).where(col(RelatedParties.deal_id) == deal.id))
    deal.terms = after
    await _tell_the_notices(session, actor, deal)
    data = {
        "changed": [difference.pointer for difference in differences(before, after)],
        "terms_sha256": terms.terms_hash(changed).hex(),
    }
    return await moved(session, actor, deal, Verb.CHANGE_TERMS, "terms_changed", role, data=data)


async def _tell_the_notices(session: AsyncSession, actor: Actor, deal: Deal) -> None:
    """A price or mode that is not the announced one voids the notice, and a new full period is needed (公示重新计算)."""
    file = await queries.file_of(session, deal)
    if needs_publicity(file.facts()):
        await material_change(
            session,
            actor,
            NoticeSubject.DEAL,
            deal.id,
            queries.announced(file),
            organisation_id=deal.seller_id,
            reason="the terms of the deal have changed",
        )


async def accept(session: AsyncSession, actor: Actor, deal: Deal, sha256: bytes) -> Deal:
    """Accept the terms with this hash for one's side. Whoever may sign contracts there.

    PreconditionFailed where the terms are not these any more; Incomplete lists what they lack.
    """
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.ACCEPT, deal.status)
    current = Terms.model_validate(deal.terms)
    if sha256 != terms.terms_hash(current):
        raise PreconditionFailed(f"the terms have changed: their hash is {terms.terms_hash(current).hex()}")
    missing = terms.lacking(deal.mode, current)
    if missing:
        raise Incomplete(
            errors=[FieldProblem(pointer=c.pointer, detail=c.detail, rule=c.rule) for c in missing]
        )
    await refuse_another_price(session, deal, current)
    if not await consent(session, actor, deal, Matter.TERMS, side, sha256):
        return deal
    data = {"party": side.value, "terms_sha256": sha256.hex()}
    await moved(session, actor, deal, Verb.ACCEPT, "terms_accepted", role, data=data)
    return await _clear(session, deal)


async def declare(session: AsyncSession, actor: Actor, deal: Deal, data: Declaration) -> Deal:
    """Declare for a side, or as the technology manager, whether there is a related party; a later one replaces it.

    Whoever may sign contracts for the side, and the manager of the deal in person.
    """
    party, role = _declaring_party(actor, deal)
    rules.next_status(Verb.DECLARE, deal.status)
    mine = (col(RelatedParties.deal_id) == deal.id) & (col(RelatedParties.party) == party)
    await session.execute(delete(RelatedParties).where(mine))
    session.add(
        RelatedParties(
            deal_id=deal.id,
            party=party,
            related=data.related,
            person_id=actor.person_id,
            at=await now(session),
        )
    )
    facts = {"party": party.value, "related": data.related}
    await moved(session, actor, deal, Verb.DECLARE, "conflicts_declared", role, data=facts)
    return await _clear(session, deal)


def _declaring_party(actor: Actor, deal: Deal) -> tuple[Party, Role]:
    if actor.person_id == deal.manager_person_id and actor.may(
        Permission.MANAGE, deal.manager_organisation_id
    ):
        return Party.MANAGER, require(actor, Permission.MANAGE, deal.manager_organisation_id)
    return acting_side(actor, Permission.SIGN_CONTRACT, deal)


async def cancel(session: AsyncSession, actor: Actor, deal: Deal, reason: str) -> Deal:
    """End a deal before signature and release its listing. Whoever may open deals, of either side."""
    side, role = acting_side(actor, Permission.OPEN_DEAL, deal)
    return await end_unsigned(session, actor, deal, role, reason, {"party": side.value})


async def end_unsigned(
    session: AsyncSession, actor: Actor, deal: Deal, role: Role, reason: str, data: dict[str, Any]
) -> Deal:
    """End a locked deal before signature and release its locked listing, for a caller who has settled who may."""
    rules.next_status(Verb.CANCEL, deal.status)
    listing = await session.get_one(Listing, deal.listing_id)
    if rules.holds_listing(deal.mode, listing.kind):
        await listings.move_for_deal(session, actor, listing, ListingVerb.RELEASE)
    deal.cancellation_reason = reason
    await moved(session, actor, deal, Verb.CANCEL, "cancelled", role, reason=reason, data=data)
    if listing.kind is ListingKind.OPPORTUNITY:
        stands = await queries.is_awarded(session, listing.id)
        await listings.note_award(session, actor, listing, stands=stands)
    return deal


def acting_side(actor: Actor, permission: Permission, deal: Deal) -> tuple[Party, Role]:
    """The one side for which the actor may do it, and the role by which they may; NotAllowed for none and for both."""
    organisations = {Party.SELLER: deal.seller_id, Party.BUYER: deal.buyer_id}
    able = [side for side, organisation in organisations.items() if actor.may(permission, organisation)]
    if len(able) > 1:
        raise NotAllowed("you belong to both sides: nobody acts for both (民法典 art. 168)")
    side = able[0] if able else Party.SELLER
    return side, require(actor, permission, organisations[side])


async def consent(
    session: AsyncSession, actor: Actor, deal: Deal, matter: Matter, side: Party, sha256: bytes | None = None
) -> bool:
    """Write down a side's consent, unless it stands already (False). NotAllowed by the person who gave the other's."""
    agreed = (await queries.file_of(session, deal)).agreed(matter)
    if side in agreed:
        return False
    other = agreed.get(rules.other_side(side))
    if other is not None and other.person_id == actor.person_id:
        raise NotAllowed("you have agreed for the other side: nobody acts for both (民法典 art. 168)")
    at = await now(session)
    session.add(
        Consent(deal_id=deal.id, matter=matter, party=side, sha256=sha256, person_id=actor.person_id, at=at)
    )
    await session.flush()
    return True


async def take_back(session: AsyncSession, deal: Deal, matter: Matter) -> None:
    """Nobody consents to this matter any more: it has changed."""
    given = (col(Consent.deal_id) == deal.id) & (col(Consent.matter) == matter)
    await session.execute(delete(Consent).where(given))


async def prove(session: AsyncSession, actor: Actor, deal: Deal, data: NewEvidence) -> Proof:
    """Give a document that a gate of a locked deal asks for, or the effect of its contract, for one's side.

    Officers, directors and buyers of either side.
    """
    side, role = acting_side(actor, Permission.RECORD_RIGHTS, deal)
    rules.next_status(Verb.PROVE, deal.status)
    proof = await evidence.give(
        session, actor, ("deal", deal.id), deal.listing_id, data, role=role, side=side
    )
    await _clear(session, deal)
    await take_effect(session, deal)
    return proof


async def withdraw_proof(
    session: AsyncSession, actor: Actor, deal: Deal, proof_id: UUID, data: Reason
) -> Proof:
    """A document of one's own side counts no more. A cleared deal stays so, and its contract is judged again."""
    side, role = acting_side(actor, Permission.RECORD_RIGHTS, deal)
    rules.next_status(Verb.PROVE, deal.status)
    proof = await evidence.withdraw(session, actor, ("deal", deal.id), proof_id, data, role=role)
    if proof.given_as is not side:
        raise NotAllowed("the side that gave a document withdraws it")
    return proof


async def take_effect(session: AsyncSession, deal: Deal) -> Deal:
    """By the system, in the transaction of the signature or of the last registration that the contract waits for."""
    if deal.status is DealStatus.SIGNED and not waits_for((await queries.file_of(session, deal)).facts()):
        await moved(session, None, deal, Verb.TAKE_EFFECT, "took_effect", None)
    return deal


async def refuse_unmet(session: AsyncSession, deal: Deal) -> None:
    """Incomplete with every condition that a gate of this deal lacks now."""
    judged = gates.judge((await queries.file_of(session, deal)).facts())
    errors = [
        FieldProblem(pointer=each.pointer, detail=each.detail, rule=each.rule)
        for gate in judged
        for each in gate.unmet
    ]
    if errors:
        raise Incomplete(errors=errors)


async def up_to_date(session: AsyncSession, actor: Actor, deal_id: UUID) -> Deal:
    """The deal for reading; cleared where time, or what was settled elsewhere, has met the last condition."""
    deal = await queries.deal(session, actor, deal_id)
    if deal.status is not DealStatus.GATING:
        return deal
    judged = gates.judge((await queries.file_of(session, deal)).facts())
    if not all(gate.met for gate in judged):
        return deal
    return await _clear(session, await queries.locked(session, actor, deal_id))


async def _clear(session: AsyncSession, deal: Deal) -> Deal:
    """By the system, in the transaction of the write that met the last condition, or of whoever reads it then."""
    judged = gates.judge((await queries.file_of(session, deal)).facts())
    if deal.status is DealStatus.GATING and all(gate.met for gate in judged):
        data = {"gates": [gate.name for gate in judged]}
        await moved(session, None, deal, Verb.CLEAR, "cleared", None, data=data)
    return deal


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    deal: Deal,
    verb: Verb,
    kind: str,
    role: Role | None,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Deal:
    """Take a locked deal where the verb leads, and write it down; one that ends takes interest and assignment along."""
    deal.status = rules.next_status(verb, deal.status)
    deal.revision += 1
    deal.updated_at = await now(session)
    await record(session, actor, ("deal", deal.id), kind, role=role, reason=reason, data=data)
    if deal.status in rules.FINAL:
        why = f"the deal was {deal.status}" + (f": {reason}" if reason else "")
        interest = await locked_interest(session, deal.interest_id) if deal.interest_id else None
        if interest is not None:
            await end_interest(session, interest, why)
        completed = deal.status is DealStatus.COMPLETED
        await end_assignments(session, deal.id, interest, completed=completed, reason=why)
    return deal
