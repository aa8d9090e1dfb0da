"""Schemes of rewards and the claims to them over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market import workdays
from market.brokerage import queries, rewards
from market.brokerage.documents import eligible_view, reward_view, scheme_view
from market.brokerage.tables import RewardClaim, RewardScheme
from market.database import now
from market.managers.directory import own_profile, profiles_of
from market.permissions import Actor
from market.web.conditional import answer, match_if_given
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.brokerage import (
    EligibleReward,
    NewRewardClaim,
    NewScheme,
    RewardCheck,
    RewardClaimView,
    RewardPayment,
    SchemeView,
)
from schemas.values import Page, Reason

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
RewardId = FromPath[UUID]

KEYED = {"key_required": True}


@post("/reward-schemes", summary="Make a scheme of rewards")
async def make_scheme(session: Session, actor: Caller, data: JSONBody[NewScheme]) -> Response[SchemeView]:
    """Operators only. A scheme never changes; where the rules change, another one begins when this one ends."""
    return answer(scheme_view(await rewards.make_scheme(session, actor, data)), status=201)


@get("/reward-schemes", opt={"public": True}, summary="Schemes of rewards")
async def list_schemes(
    request: AnyRequest, session: Session, cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[SchemeView]]:
    """For what technology managers are rewarded, how much, and up to what in a year; newest first."""
    query = page_of(select(RewardScheme), col(RewardScheme.id), cursor, limit)
    rows = list((await session.execute(query)).scalars())
    return paged(request, rows, limit, scheme_view, lambda row: row.id)


@get("/managers/me/rewards", summary="Rewards that you could claim")
async def list_eligible(session: Session, actor: Caller) -> list[EligibleReward]:
    """Of every scheme and every signed deal to your credit, what is due to you under this year's cap."""
    manager_id = await own_profile(session, actor)
    profile = (await profiles_of(session, [manager_id]))[manager_id]
    year = workdays.legal_day(await now(session)).year
    found = await rewards.eligible(session, profile.manager, year)
    return [
        eligible_view(scheme, deal, amount, needs_registration=needed)
        for scheme, deal, amount, needed in found
    ]


@post("/reward-claims", opt=KEYED, summary="Claim a reward")
async def claim(session: Session, actor: Caller, data: JSONBody[NewRewardClaim]) -> Response[RewardClaimView]:
    """For your own share of a signed deal, once for a scheme; what was returned is claimed again here.

    422 lists everything that stands against it.
    """
    row, scheme = await rewards.claim(session, actor, data)
    return await _answer(session, row, scheme, status=201)


@get("/reward-claims", summary="Claims to rewards")
async def list_rewards(
    request: AnyRequest, session: Session, actor: Caller, cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[RewardClaimView]]:
    """Your own as manager; the operator and the auditor read all of them. Newest first."""
    query = page_of(queries.own_rewards(actor), col(RewardClaim.id), cursor, limit)
    rows = list((await session.execute(query)).all())
    profiles = await profiles_of(session, [row[0].manager_id for row in rows])
    return paged(
        request,
        rows,
        limit,
        lambda row: reward_view(row[0], row[1], profiles[row[0].manager_id]),
        lambda row: row[0].id,
    )


@get("/reward-claims/{reward_id:uuid}", summary="One claim to a reward")
async def read_reward(session: Session, actor: Caller, reward_id: RewardId) -> Response[RewardClaimView]:
    """For its manager, the operator and the auditor."""
    return await _answer(session, *await queries.reward(session, actor, reward_id))


@post("/reward-claims/{reward_id:uuid}/check", status_code=200, summary="Check a claim to a reward")
async def check(
    request: AnyRequest, session: Session, actor: Caller, reward_id: RewardId, data: JSONBody[RewardCheck]
) -> Response[RewardClaimView]:
    """Operators only: it agrees with the contract, the payments and the register."""
    row, scheme = await _held(request, session, actor, reward_id)
    return await _answer(session, await rewards.check(session, actor, row, data), scheme)


@post("/reward-claims/{reward_id:uuid}/approval", status_code=200, summary="Approve a claim to a reward")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, reward_id: RewardId
) -> Response[RewardClaimView]:
    """By another operator than the one who checked it."""
    row, scheme = await _held(request, session, actor, reward_id)
    return await _answer(session, await rewards.approve(session, actor, row), scheme)


@post("/reward-claims/{reward_id:uuid}/return", status_code=200, summary="Return a claim to a reward")
async def send_back(
    request: AnyRequest, session: Session, actor: Caller, reward_id: RewardId, data: JSONBody[Reason]
) -> Response[RewardClaimView]:
    """Operators only, with what is wrong with it; the manager claims it again."""
    row, scheme = await _held(request, session, actor, reward_id)
    return await _answer(session, await rewards.send_back(session, actor, row, data.reason), scheme)


@post(
    "/reward-claims/{reward_id:uuid}/payment", opt=KEYED, status_code=200, summary="Record that it was paid"
)
async def pay(
    request: AnyRequest, session: Session, actor: Caller, reward_id: RewardId, data: JSONBody[RewardPayment]
) -> Response[RewardClaimView]:
    """Operators only, of an approved one."""
    row, scheme = await _held(request, session, actor, reward_id)
    return await _answer(session, await rewards.pay(session, actor, row, data), scheme)


async def _held(
    request: AnyRequest, session: AsyncSession, actor: Actor, reward_id: UUID
) -> tuple[RewardClaim, RewardScheme]:
    row, scheme = await queries.reward(session, actor, reward_id, lock=True)
    match_if_given(request, row.revision)
    return row, scheme


async def _answer(
    session: AsyncSession, row: RewardClaim, scheme: RewardScheme, *, status: int = 200
) -> Response[RewardClaimView]:
    profiles = await profiles_of(session, [row.manager_id])
    view = reward_view(row, scheme, profiles[row.manager_id])
    location = f"/api/v1/reward-claims/{row.id}" if status == 201 else None
    return answer(view, revision=row.revision, status=status, location=location)


handlers = [
    make_scheme,
    list_schemes,
    list_eligible,
    claim,
    list_rewards,
    read_reward,
    check,
    approve,
    send_back,
    pay,
]
