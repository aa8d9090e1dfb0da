"""Who may not submit, review or decide: every path tried over HTTP, all refused with the rule's id."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from market.organisations.tables import OrganisationControl
from schemas.vocabulary import OrganisationKind, Role
from tests.challenges.stage import REASONS, Contest, key
from tests.makers import Caller, Market
from tests.trading.stage import join


async def control(market: Market, organisation: UUID, controller: UUID) -> None:
    async with market.database.sessions() as session, session.begin():
        session.add(
            OrganisationControl(
                organisation_id=organisation,
                controller_id=controller,
                evidence="registry",
                since=datetime.now(UTC),
                recorded_by=UUID(int=0),
            )
        )


def rules_of(answer: httpx.Response, status: int) -> set[str | None]:
    assert answer.status_code == status, answer.text
    return {each["rule"] for each in answer.json()["errors"]}


@pytest.fixture(scope="module")
async def open_contest(market: Market) -> Contest:
    return await Contest.of(market, "submissions_open", entrants=1)


async def test_the_sponsor_does_not_submit(open_contest: Contest) -> None:
    for who in (open_contest.officer, open_contest.director):
        assert rules_of(await open_contest.try_submit(who), 403) == {"CH-1"}


async def test_what_the_sponsor_controls_and_what_controls_it_do_not_submit(
    market: Market, open_contest: Contest
) -> None:
    sponsor = open_contest.officer.organisation_id
    daughter, mother, sister, grandchild = [await market.company() for _ in range(4)]
    await control(market, daughter.organisation_id, sponsor)
    await control(market, grandchild.organisation_id, daughter.organisation_id)
    await control(market, sponsor, mother.organisation_id)
    await control(market, sister.organisation_id, mother.organisation_id)
    for who in (daughter, mother, sister, grandchild):
        assert rules_of(await open_contest.try_submit(who), 403) == {"CH-1"}


async def test_members_of_the_sponsor_do_not_submit_for_others(market: Market, open_contest: Contest) -> None:
    who = await market.company()
    await join(market, who, open_contest.officer.organisation_id, Role.RESEARCHER)
    body = {"organisation_id": str(who.organisation_id), "sealed": open_contest.blob(who)}
    assert rules_of(await open_contest.try_submit(who, **body), 403) == {"CH-1"}


async def test_staff_of_the_hall_do_not_submit(market: Market, open_contest: Contest) -> None:
    who = await market.company()
    await join(market, who, open_contest.operator.organisation_id, Role.AUDITOR)
    body = {"organisation_id": str(who.organisation_id), "sealed": open_contest.blob(who)}
    assert rules_of(await open_contest.try_submit(who, **body), 403) == {"CH-1"}
    assert (await open_contest.try_submit(open_contest.operator)).status_code == 403


async def test_whoever_opens_the_submissions_does_not_submit(market: Market, open_contest: Contest) -> None:
    officer = open_contest.officers[0].who
    colleague = await market.person(officer.organisation_id, Role.BUYER)
    assert rules_of(await open_contest.try_submit(colleague), 403) == {"CH-1"}


async def test_an_entrant_who_has_come_under_the_sponsor_since_does_not_count(market: Market) -> None:
    contest = await Contest.of(market, "reviewing", entrants=2)
    await control(market, contest.entrants[0].organisation_id, contest.officer.organisation_id)
    await contest.open()
    (own,) = await contest.entrants[0].ok("GET", f"{contest.path}/entrants")
    assert own["fault"].startswith("CH-1")
    assert own["solution"] is None


async def name(contest: Contest, who: Caller) -> httpx.Response:
    return await contest.operator.post(f"{contest.path}/panel", {"people": [str(who.person_id)]})


@pytest.fixture(scope="module")
async def closed_contest(market: Market) -> Contest:
    return await Contest.of(market, "closed", entrants=2, reviewers=0)


async def test_nobody_is_named_before_the_deadline(market: Market, open_contest: Contest) -> None:
    assert (await name(open_contest, await open_contest.a_person())).status_code == 409


async def test_people_of_the_sponsor_of_an_entrant_and_of_the_hall_do_not_review(
    market: Market, closed_contest: Contest
) -> None:
    entrant = closed_contest.entrants[0]
    colleague = await market.person(entrant.organisation_id, Role.REVIEWER)
    researcher = await market.person(closed_contest.officer.organisation_id, Role.RESEARCHER)
    for who in (closed_contest.officer, researcher, entrant, colleague, closed_contest.operator):
        assert rules_of(await name(closed_contest, who), 422) == {"CH-2"}


async def test_people_of_what_controls_an_entrant_or_the_sponsor_do_not_review(
    market: Market, closed_contest: Contest
) -> None:
    for party in (closed_contest.entrants[1].organisation_id, closed_contest.officer.organisation_id):
        above, below = await closed_contest.a_person(), await closed_contest.a_person()
        await control(market, party, above.organisation_id)
        await control(market, below.organisation_id, party)
        for who in (above, below):
            assert rules_of(await name(closed_contest, who), 422) == {"CH-2"}


async def test_the_technology_manager_of_the_opportunity_does_not_review(
    market: Market, closed_contest: Contest
) -> None:
    manager = await market.manager()
    async with market.database.sessions() as session, session.begin():
        from market.interests.tables import Interest

        session.add(
            Interest(
                listing_id=UUID(closed_contest.listing["id"]),
                listing_version=1,
                organisation_id=(await market.company()).organisation_id,
                owner_organisation_id=closed_contest.officer.organisation_id,
                form={},
                reply_due_at=datetime.now(UTC),
                reply_clock={},
                manager_person_id=manager.person_id,
                manager_organisation_id=manager.organisation_id,
                submitted_by=manager.person_id,
                created_at=datetime.now(UTC),
                updated_at=datetime.now(UTC),
            )
        )
    assert rules_of(await name(closed_contest, manager), 422) == {"CH-2"}


async def test_who_is_unknown_or_named_twice_is_told_with_the_place(closed_contest: Contest) -> None:
    who = await closed_contest.a_person()
    people = [str(who.person_id), str(UUID(int=5)), str(who.person_id)]
    answer = await closed_contest.operator.post(f"{closed_contest.path}/panel", {"people": people})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/people/1", "/people/2"]
    assert (await closed_contest.director.post(f"{closed_contest.path}/panel", {"people": people})).status_code == 403  # fmt: skip


async def test_the_review_begins_with_three_who_have_declared_and_not_with_fewer(market: Market) -> None:
    contest = await Contest.of(market, "closed", entrants=1, reviewers=2)
    third = await contest.a_reviewer(declared=False)
    assert rules_of(await contest.operator.post(f"{contest.path}/review"), 409) == {"CH-4"}
    body = {"no_conflict": False, "statement": "I know them"}
    assert (await third.post(f"{contest.path}/panel/declaration", body)).status_code == 422
    stranger = await contest.a_person()
    body["no_conflict"] = True
    assert (await stranger.post(f"{contest.path}/panel/declaration", body)).status_code == 404
    await contest.declare(third)
    await contest.operator.ok("POST", f"{contest.path}/review")


async def test_a_conflict_that_comes_up_before_the_declaration_refuses_it(market: Market) -> None:
    contest = await Contest.of(market, "closed", entrants=1, reviewers=0)
    who = await contest.a_reviewer(declared=False)
    await join(market, who, contest.entrants[0].organisation_id, Role.RESEARCHER)
    body = {"no_conflict": True, "statement": "I know of none"}
    assert rules_of(await who.post(f"{contest.path}/panel/declaration", body), 403) == {"CH-2"}


async def test_a_reviewer_in_whom_a_conflict_is_found_drops_out_and_three_must_be_left(
    market: Market,
) -> None:
    contest = await Contest.of(market, "opened", entrants=1, reviewers=4)
    await contest.score_all()
    for who in contest.reviewers[:2]:
        await join(market, who, contest.entrants[0].organisation_id, Role.RESEARCHER)
    assert rules_of(await contest.operator.post(f"{contest.path}/shortlist"), 409) == {"CH-4"}
    replacement = await contest.a_reviewer()
    (alias,) = await contest.aliases()
    assert (await contest.score(replacement, alias, 1, 1)).status_code == 201
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    assert (await contest.results())["reviewers"] == 3
    shown = await contest.operator.ok("GET", f"{contest.path}/panel")
    dropped = {each["person_id"]: each["reason"] for each in shown if each["status"] == "dropped"}
    assert set(dropped) == {str(who.person_id) for who in contest.reviewers[:2]}
    assert all(reason.startswith("CH-2") for reason in dropped.values())


async def test_a_reviewer_with_a_conflict_does_not_score(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=1)
    who = contest.reviewers[0]
    await join(market, who, contest.entrants[0].organisation_id, Role.RESEARCHER)
    (alias,) = await contest.aliases()
    assert rules_of(await contest.score(who, alias, 1, 1), 403) == {"CH-2"}


async def test_a_reviewer_recuses_themselves_and_their_scores_do_not_count(market: Market) -> None:
    contest = await Contest.of(market, "opened", entrants=1, reviewers=4)
    await contest.score_all()
    await contest.reviewers[0].ok("POST", f"{contest.path}/panel/recusal", {"reason": "A former student"})
    assert (await contest.reviewers[0].get(f"{contest.path}/entrants")).json() == []
    await contest.operator.ok("POST", f"{contest.path}/shortlist")
    assert (await contest.results())["reviewers"] == 3


async def test_who_belongs_to_an_entrant_does_not_decide_on_the_award(market: Market) -> None:
    contest = await Contest.of(market, "shortlisted", entrants=2)
    await join(market, contest.director, contest.entrants[1].organisation_id, Role.RESEARCHER)
    body = {"awardees": [(await contest.aliases())[0]], "reasons": REASONS}
    answer = await contest.director.post(f"{contest.path}/award", body, headers=key())
    assert rules_of(answer, 403) == {"CH-2"}


async def test_a_company_sponsors_a_challenge_with_two_buyers(market: Market) -> None:
    organisation = await market.organisation(OrganisationKind.COMPANY)
    first = await market.person(organisation, Role.BUYER)
    second = await market.person(organisation, Role.BUYER)
    listing = await first.ok("POST", "/listings", json=market_opportunity())
    await first.ok("POST", f"/listings/{listing['id']}/submission")
    operator = await market.operator()
    await operator.ok("POST", f"/listings/{listing['id']}/approval")
    await operator.ok("POST", f"/listings/{listing['id']}/publication")
    contest = await Contest.of(market, "draft")
    contest.officer, contest.director, contest.listing = first, second, listing
    people = [str(each.who.person_id) for each in contest.officers]
    await contest.plan(opening={"officers": people, "threshold": 2})
    assert (await first.post(f"{contest.path}/approval")).status_code == 403
    await second.ok("POST", f"{contest.path}/approval")
    await contest.publish()


def market_opportunity() -> dict[str, object]:
    from tests.makers import OPPORTUNITY

    return OPPORTUNITY
