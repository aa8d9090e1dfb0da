"""Reads access.txt, the table of who may do what, and fills in the request that each row of it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.vocabulary import Role
from tests.api import challenge_world, distribution_world, manager_world, notice_world
from tests.api.world import AGREEMENT, EVIDENCE, PLEDGE, World
from tests.deals.trade import CONTRACT, PAYMENT
from tests.editions.hall import TITLE, later
from tests.interests.forms import ORDINARY, SOLUTION
from tests.makers import PASSWORD, RESULT, Caller
from tests.managers.profiles import ACCEPTANCE, PROFILE
from tests.trading.stage import OPENING, a_plan, money

COLUMNS = {
    "anon": "anonymous",
    "none": "nobody",
    "res": Role.RESEARCHER,
    "off": Role.TTO_OFFICER,
    "dir": Role.TTO_DIRECTOR,
    "buy": Role.BUYER,
    "mgr": Role.MANAGER,
    "rev": Role.REVIEWER,
    "fin": Role.FINANCE,
    "op": Role.OPERATOR,
    "aud": Role.AUDITOR,
}


_HOME = "/organisations/{organisation_id}"
KEPT = {
    f"PATCH {_HOME}",
    f"POST {_HOME}/controllers",
    f"GET {_HOME}/members",
    f"PATCH {_HOME}/members/{{person_id}}",
    f"GET {_HOME}/invitations",
    f"POST {_HOME}/invitations",
    f"DELETE {_HOME}/invitations/{{invitation_id}}",
}


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    thing: str
    outcomes: Mapping[str, str]
    """By the name of the caller."""

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    def __str__(self) -> str:
        return f"{self.route} {self.thing}"

    def fill(self, world: World, caller: str) -> dict[str, Any]:
        """What stands in the path's parameters for this caller, and what else the request is to name."""
        if self.thing == "self":
            return world.things.get(f"self:{caller}", world.things["another"])
        return world.things.get(self.thing, {})


def table() -> list[Row]:
    """Every row, in the order of the file."""
    lines = (Path(__file__).parent / "access.txt").read_text(encoding="utf-8").splitlines()
    rows = []
    for line in lines:
        if line and not line.startswith("#"):
            method, path, thing, *outcomes = line.split()
            named = dict(zip(COLUMNS.values(), outcomes, strict=True))
            rows.append(Row(method, path, thing, named | {Role.ADMIN: _of_admin(method, path, thing, named)}))
    return rows


def _of_admin(method: str, path: str, thing: str, named: Mapping[str, str]) -> str:
    """Of a member who keeps the others and the profile: that as the director does, and nothing else.

    Whatever neither the reviewer nor the finance officer does is nobody's who has no other role. It is no column of the
    table, which is wide enough.
    """
    if thing == "own" and f"{method} {path}" in KEPT:
        return named[Role.TTO_DIRECTOR]
    reviewer, finance = named[Role.REVIEWER], named[Role.FINANCE]
    seen_by_finance = finance in ("ok", "409") or (reviewer, finance) == ("404", "403")
    return reviewer if seen_by_finance else finance


REASON = {"reason": "because it is so"}
RECEIPT = {"amount": money(OPENING), "bank_reference": "LINE-1", "value_date": "2025-01-02", "payer": "Payer"}
PAYOUT = {"amount": money(1_00), "payee": "Payee", "reason": "Costs of the sale"}
PAID = {"bank_reference": "LINE-3", "value_date": "2025-01-02", "payee": "Payee"}
REFUND = {"amount": money(1_00), "bank_reference": "LINE-2", "value_date": "2025-01-02", "payee": "Payee"}
OPENING_KEY = {"public_key": "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
Body = Callable[[World, dict[str, Any], Caller], Any]

# The body of each request that needs one, from the world, the thing and who calls.
BODIES: dict[str, Body] = {
    "POST /people": lambda world, thing, who: {
        "email": "new@example.org",
        "password": PASSWORD,
        "name": "New person",
        "organisation": {
            "name": {"en": "New Company"},
            "kind": "company",
            "founding": "private",
            "region": "110108",
        },
    },
    "POST /sessions": lambda world, thing, who: {"email": who.email, "password": PASSWORD},
    "PUT /people/me/password": lambda world, thing, who: {"current": PASSWORD, "new": "another pass phrase"},
    "POST /invitations": lambda world, thing, who: {"token": thing["token"]},
    "POST /api-keys": lambda world, thing, who: {"name": "key", "scopes": ["read"]},
    "PATCH /organisations/{organisation_id}": lambda world, thing, who: {"region": "310000"},
    "POST /organisations/{organisation_id}/verification": lambda world, thing, who: {
        "level": "L0",
        "note": "seen",
    },
    "POST /organisations/{organisation_id}/invitations": lambda world, thing, who: {
        "email": "invited@example.org",
        "roles": ["finance"],
    },
    "PATCH /organisations/{organisation_id}/members/{person_id}": lambda world, thing, who: {
        "roles": ["finance"]
    },
    "POST /listings": lambda world, thing, who: RESULT,
    "PATCH /listings/{listing_id}": lambda world, thing, who: {"region": "310000"},
    "POST /listings/{listing_id}/refusal": lambda world, thing, who: REASON,
    "POST /listings/{listing_id}/withdrawal": lambda world, thing, who: REASON,
    "POST /editions": lambda world, thing, who: {"kind": "opportunity_list", "title": TITLE},
    "PATCH /editions/{edition_id}": lambda world, thing, who: {"title": TITLE},
    "PUT /editions/{edition_id}/items": lambda world, thing, who: {"listing_ids": [thing["listing_id"]]},
    "PUT /editions/{edition_id}/items/{listing_id}": lambda world, thing, who: {"position": 1},
    "POST /editions/{edition_id}/schedule": lambda world, thing, who: {"release_at": later(hours=1)},
    "POST /editions/{edition_id}/extension": lambda world, thing, who: (
        REASON | {"applications_until": later(days=9)}
    ),
    "POST /editions/{edition_id}/items/{listing_id}/outcome": lambda world, thing, who: {
        "outcome": "matched"
    },
    "POST /listings/{listing_id}/interests": lambda world, thing, who: (
        SOLUTION if thing == world.things["foreign:wanted"] else ORDINARY
    ),
    "POST /interests/{interest_id}/refusal": lambda world, thing, who: {"reason": "not_available"},
    "POST /interests/{interest_id}/pass": lambda world, thing, who: {"reason": "too_early"},
    "POST /managers": lambda world, thing, who: PROFILE,
    "PATCH /managers/{manager_id}": lambda world, thing, who: {"capacity": 7},
    "POST /interests/{interest_id}/assignments": lambda world, thing, who: {"manager_id": world.agency["id"]},
    "POST /assignments/{assignment_id}/acceptance": lambda world, thing, who: ACCEPTANCE,
    "POST /assignments/{assignment_id}/refusal": lambda world, thing, who: REASON,
    "POST /assignments/{assignment_id}/closure": lambda world, thing, who: REASON,
    "POST /deals": lambda world, thing, who: {
        "interest_id": thing["interest_id"],
        "mode": "ordinary_licence",
    },
    "PATCH /deals/{deal_id}": lambda world, thing, who: {"terms": {"field_of_use": "Boats"}},
    "POST /deals/{deal_id}/acceptance": lambda world, thing, who: {"terms_sha256": thing["terms_sha256"]},
    "POST /deals/{deal_id}/declarations": lambda world, thing, who: {"none": True},
    "POST /deals/{deal_id}/cancellation": lambda world, thing, who: REASON,
    "POST /deals/{deal_id}/contract": lambda world, thing, who: CONTRACT,
    "POST /deals/{deal_id}/contract/refusal": lambda world, thing, who: REASON,
    "POST /deals/{deal_id}/payments": lambda world, thing, who: PAYMENT,
    "POST /organisations/{organisation_id}/controllers": lambda world, thing, who: {
        "controller_id": thing["controller_id"],
        "evidence": "Register of companies",
    },
    "POST /organisations/{organisation_id}/controllers/{control_id}/end": lambda world, thing, who: REASON,
    "POST /organisations/{organisation_id}/receipts": lambda world, thing, who: RECEIPT,
    "POST /organisations/{organisation_id}/refunds": lambda world, thing, who: REFUND,
    "POST /organisations/{organisation_id}/payouts": lambda world, thing, who: PAYOUT,
    "POST /rounds/{round_id}/costs/payouts": lambda world, thing, who: PAYOUT,
    "POST /payouts/{payout_id}/payment": lambda world, thing, who: PAID,
    "POST /payouts/{payout_id}/cancellation": lambda world, thing, who: REASON,
    "POST /rounds/{round_id}/signals/{case_id}/conclusion": lambda world, thing, who: (
        REASON | {"finding": "explained"}
    ),
    "POST /people/me/opening-key": lambda world, thing, who: OPENING_KEY,
    "POST /rounds": lambda world, thing, who: {"listing_id": thing["listing_id"], "plan": a_plan()},
    "PATCH /rounds/{round_id}": lambda world, thing, who: {"contact": "another@seller.example"},
    "POST /rounds/{round_id}/withdrawal": lambda world, thing, who: REASON,
    "POST /rounds/{round_id}/suspension": lambda world, thing, who: REASON,
    "POST /rounds/{round_id}/resumption": lambda world, thing, who: REASON,
    "POST /rounds/{round_id}/voidance": lambda world, thing, who: REASON,
    "POST /rounds/{round_id}/countersignature": lambda world, thing, who: {"verb": "suspend"},
    "POST /rounds/{round_id}/relisting": lambda world, thing, who: {"plan": a_plan()},
    "POST /rounds/{round_id}/registrations": lambda world, thing, who: {
        "rules_sha256": thing.get("rules_sha256", "0" * 64),
        "statements": ["Our plant"],
        "related_party": False,
    },
    "POST /rounds/{round_id}/registrations/{registration_id}/refusal": lambda world, thing, who: (
        REASON | {"conditions": [1]}
    ),
    "POST /rounds/{round_id}/registrations/{registration_id}/deposit": lambda world, thing, who: RECEIPT,
    "POST /rounds/{round_id}/bids": lambda world, thing, who: {"amount": money(OPENING)},
    "POST /rounds/{round_id}/opening/shares": lambda world, thing, who: {
        "words": thing.get("words", "abandon")
    },
    "POST /rounds/{round_id}/award/settlement": lambda world, thing, who: {"costs": money(1_00)},
    "POST /deals/{deal_id}/evidence": lambda world, thing, who: EVIDENCE,
    "POST /deals/{deal_id}/evidence/{evidence_id}/withdrawal": lambda world, thing, who: REASON,
    "POST /deals/{deal_id}/breach": lambda world, thing, who: REASON,
    "POST /deals/{deal_id}/termination": lambda world, thing, who: REASON,
    "POST /listings/{listing_id}/encumbrances": lambda world, thing, who: PLEDGE,
    "POST /listings/{listing_id}/encumbrances/{encumbrance_id}/release": lambda world, thing, who: {
        "released_on": "2026-01-05",
        "source": "Register",
    },
    "POST /interests/{interest_id}/evidence": lambda world, thing, who: EVIDENCE | AGREEMENT,
    "POST /interests/{interest_id}/disclosure": lambda world, thing, who: EVIDENCE | AGREEMENT,
    **challenge_world.BODIES,
    **manager_world.BODIES,
    **notice_world.BODIES,
    **distribution_world.BODIES,
}
