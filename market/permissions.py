"""Who may do what: the role to permission table as data, and the actor that every verb is called with.

The first line of a verb asks `require`; whether the actor may see the row at all is asked by `visible_to` in queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from market.errors import NotAllowed
from schemas.vocabulary import Role, Scope


class Permission(StrEnum):
    EDIT_LISTING = "edit_listing"
    SUBMIT_LISTING = "submit_listing"
    APPROVE_LISTING = "approve_listing"
    PUBLISH_LISTING = "publish_listing"
    REFUSE_LISTING = "refuse_listing"
    PAUSE_LISTING = "pause_listing"
    CONFIRM_LISTING = "confirm_listing"
    WITHDRAW_LISTING = "withdraw_listing"
    RECORD_RIGHTS = "record_rights"
    """What others hold in a right, and the evidence that answers it."""
    EXPRESS_INTEREST = "express_interest"
    """In a result or a product, to take it."""
    OFFER_SOLUTION = "offer_solution"
    """An interest in an opportunity, to answer it."""
    ANSWER_INTEREST = "answer_interest"
    ASSIGN_MANAGER = "assign_manager"
    MANAGE = "manage"
    OPEN_DEAL = "open_deal"
    SIGN_CONTRACT = "sign_contract"
    RECORD_PAYMENT = "record_payment"
    CALCULATE_REVENUE = "calculate_revenue"
    """What a deal has earned, what is deducted, and that rewards were paid."""
    PROPOSE_DISTRIBUTION = "propose_distribution"
    APPROVE_DISTRIBUTION = "approve_distribution"
    MANAGE_MEMBERS = "manage_members"
    EDIT_ORGANISATION = "edit_organisation"
    VERIFY_ORGANISATION = "verify_organisation"
    COMPILE_EDITION = "compile_edition"
    REPORT_OUTCOME = "report_outcome"
    PREPARE_ROUND = "prepare_round"
    APPROVE_ROUND = "approve_round"
    APPROVE_PRICE = "approve_price"
    QUALIFY_BIDDER = "qualify_bidder"
    ANNOUNCE_ROUND = "announce_round"
    SUSPEND_ROUND = "suspend_round"
    COUNTERSIGN = "countersign"
    BID = "bid"
    RECORD_DEPOSIT = "record_deposit"
    PREPARE_CHALLENGE = "prepare_challenge"
    APPROVE_CHALLENGE = "approve_challenge"
    RUN_CHALLENGE = "run_challenge"
    SUBMIT_SOLUTION = "submit_solution"
    PUBLISH_NOTICE = "publish_notice"
    """Draft it, change the draft and publish it: four eyes, so that it takes two people."""
    AMEND_NOTICE = "amend_notice"
    """Put another in the place of a published one, or withdraw it."""
    SET_OBJECTION_POLICY = "set_objection_policy"
    DECIDE_OBJECTION = "decide_objection"
    VERIFY_CREDENTIAL = "verify_credential"
    DECIDE_CLAIM = "decide_claim"
    RUN_REWARDS = "run_rewards"
    READ_EVERYTHING = "read_everything"


P = Permission

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.RESEARCHER: frozenset({P.EDIT_LISTING}),
    Role.TTO_OFFICER: frozenset(
        {
            P.EDIT_LISTING,
            P.SUBMIT_LISTING,
            P.PAUSE_LISTING,
            P.CONFIRM_LISTING,
            P.WITHDRAW_LISTING,
            P.RECORD_RIGHTS,
            P.OFFER_SOLUTION,
            P.ANSWER_INTEREST,
            P.REPORT_OUTCOME,
            P.ASSIGN_MANAGER,
            P.OPEN_DEAL,
            P.PUBLISH_NOTICE,
            P.PROPOSE_DISTRIBUTION,
            P.PREPARE_ROUND,
            P.QUALIFY_BIDDER,
            P.PREPARE_CHALLENGE,
            P.SUBMIT_SOLUTION,
        }
    ),
    Role.TTO_DIRECTOR: frozenset(
        {
            P.EDIT_LISTING,
            P.APPROVE_LISTING,
            P.PUBLISH_LISTING,
            P.REFUSE_LISTING,
            P.PAUSE_LISTING,
            P.CONFIRM_LISTING,
            P.WITHDRAW_LISTING,
            P.RECORD_RIGHTS,
            P.OFFER_SOLUTION,
            P.ANSWER_INTEREST,
            P.REPORT_OUTCOME,
            P.ASSIGN_MANAGER,
            P.OPEN_DEAL,
            P.PUBLISH_NOTICE,
            P.AMEND_NOTICE,
            P.SET_OBJECTION_POLICY,
            P.DECIDE_OBJECTION,
            P.SIGN_CONTRACT,
            P.PROPOSE_DISTRIBUTION,
            P.APPROVE_DISTRIBUTION,
            P.PREPARE_ROUND,
            P.APPROVE_ROUND,
            P.QUALIFY_BIDDER,
            P.PREPARE_CHALLENGE,
            P.APPROVE_CHALLENGE,
            P.SUBMIT_SOLUTION,
            P.MANAGE_MEMBERS,
            P.EDIT_ORGANISATION,
        }
    ),
    Role.BUYER: frozenset(
        {
            P.EDIT_LISTING,
            P.SUBMIT_LISTING,
            P.PUBLISH_LISTING,  # after the operator's approval: a company has no director
            P.PAUSE_LISTING,
            P.CONFIRM_LISTING,
            P.WITHDRAW_LISTING,
            P.RECORD_RIGHTS,
            P.EXPRESS_INTEREST,
            P.OFFER_SOLUTION,
            P.ANSWER_INTEREST,
            P.REPORT_OUTCOME,
            P.ASSIGN_MANAGER,
            P.OPEN_DEAL,
            P.SIGN_CONTRACT,
            P.RECORD_PAYMENT,
            P.BID,
            P.PREPARE_CHALLENGE,
            P.APPROVE_CHALLENGE,
            P.SUBMIT_SOLUTION,
        }
    ),
    Role.MANAGER: frozenset({P.MANAGE}),
    Role.REVIEWER: frozenset(),
    Role.FINANCE: frozenset(
        {
            P.RECORD_PAYMENT,
            P.APPROVE_PRICE,
            P.RECORD_DEPOSIT,
            P.CALCULATE_REVENUE,
            P.APPROVE_DISTRIBUTION,
        }
    ),
    Role.ADMIN: frozenset({P.MANAGE_MEMBERS, P.EDIT_ORGANISATION}),
    Role.OPERATOR: frozenset(
        {
            P.APPROVE_LISTING,
            P.PUBLISH_LISTING,
            P.REFUSE_LISTING,
            P.WITHDRAW_LISTING,
            P.RECORD_RIGHTS,
            P.VERIFY_ORGANISATION,
            P.COMPILE_EDITION,
            P.REPORT_OUTCOME,
            P.ASSIGN_MANAGER,
            P.VERIFY_CREDENTIAL,
            P.DECIDE_CLAIM,
            P.RUN_REWARDS,
            P.ANNOUNCE_ROUND,
            P.SUSPEND_ROUND,
            P.RECORD_DEPOSIT,
            P.RUN_CHALLENGE,
            P.READ_EVERYTHING,
            P.MANAGE_MEMBERS,
        }
    ),
    Role.AUDITOR: frozenset({P.READ_EVERYTHING, P.COUNTERSIGN}),
}

OFFICE_ALONE = frozenset(
    {
        P.EDIT_LISTING,
        P.SUBMIT_LISTING,
        P.PUBLISH_LISTING,
        P.PAUSE_LISTING,
        P.CONFIRM_LISTING,
        P.WITHDRAW_LISTING,
    }
)
"""What its transfer office does in an organisation that has one, and not whoever buys for it."""

# These two are held in the operator's own organisation and reach every other one.
HALL_ROLES = frozenset({Role.OPERATOR, Role.AUDITOR})

SCOPE_PERMISSIONS: Mapping[Scope, frozenset[Permission]] = {
    Scope.READ: frozenset({P.READ_EVERYTHING}),
    Scope.LISTINGS: frozenset(
        {
            P.EDIT_LISTING,
            P.SUBMIT_LISTING,
            P.APPROVE_LISTING,
            P.PUBLISH_LISTING,
            P.REFUSE_LISTING,
            P.PAUSE_LISTING,
            P.CONFIRM_LISTING,
            P.WITHDRAW_LISTING,
            P.RECORD_RIGHTS,
            P.REPORT_OUTCOME,
        }
    ),
    Scope.INTERESTS: frozenset(
        {P.EXPRESS_INTEREST, P.OFFER_SOLUTION, P.ANSWER_INTEREST, P.ASSIGN_MANAGER, P.MANAGE}
    ),
    Scope.DEALS: frozenset(
        {P.OPEN_DEAL, P.PUBLISH_NOTICE, P.SIGN_CONTRACT, P.RECORD_PAYMENT, P.RECORD_RIGHTS}
    ),
    Scope.ROUNDS: frozenset(
        {
            P.PREPARE_ROUND,
            P.QUALIFY_BIDDER,
            P.BID,
            P.RECORD_DEPOSIT,
            P.PREPARE_CHALLENGE,
            P.SUBMIT_SOLUTION,
        }
    ),
}


@dataclass(frozen=True)
class Actor:
    """The caller of a verb: one person, with their roles in each organisation.

    `scopes` is None for a session and limits an API key, whose `organisations` holds the key's organisation alone.
    """

    person_id: UUID
    organisations: Mapping[UUID, frozenset[Role]] = field(default_factory=dict)
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    scopes: frozenset[Scope] | None = None
    offices: frozenset[UUID] = frozenset()
    """Those of the organisations that have a transfer office: a university, an institute, a hospital."""

    @property
    def principal(self) -> str:
        return f"key:{self.api_key_id}" if self.api_key_id else f"person:{self.person_id}"

    @property
    def hall_roles(self) -> frozenset[Role]:
        return frozenset(role for roles in self.organisations.values() for role in roles & HALL_ROLES)

    @property
    def sees_everything(self) -> bool:
        return bool(self.hall_roles) and self._in_scope(Permission.READ_EVERYTHING)

    def reads(self, scope: Scope) -> bool:
        """Whether this actor may read what belongs to a scope: a session may, a key with that scope or with `read`."""
        return self.scopes is None or bool(self.scopes & {scope, Scope.READ})

    def _in_scope(self, permission: Permission) -> bool:
        return self.scopes is None or any(permission in SCOPE_PERMISSIONS[scope] for scope in self.scopes)

    def roles_that_may(self, permission: Permission, organisation_id: UUID | None) -> frozenset[Role]:
        """The roles by which this actor may do it there; empty when not allowed. None asks for the hall itself."""
        if not self._in_scope(permission):
            return frozenset()
        own = self.organisations.get(organisation_id, frozenset()) if organisation_id else frozenset()
        return (own | self.hall_roles) & self.able(permission, organisation_id)

    def able(self, permission: Permission, organisation_id: UUID | None) -> frozenset[Role]:
        """The roles by which anybody may do it there."""
        found = frozenset(role for role, held in ROLE_PERMISSIONS.items() if permission in held)
        in_office = organisation_id in self.offices and permission in OFFICE_ALONE
        return found - {Role.BUYER} if in_office else found

    def may(self, permission: Permission, organisation_id: UUID | None = None) -> bool:
        return bool(self.roles_that_may(permission, organisation_id))

    def where(self, permission: Permission) -> list[UUID]:
        """The organisations in which this actor may do it."""
        return [organisation for organisation in self.organisations if self.may(permission, organisation)]


def require(actor: Actor, permission: Permission, organisation_id: UUID | None = None) -> Role:
    """Answer a role by which the actor may do it, or raise `NotAllowed` naming the roles, or a key's scopes, that may."""
    roles = actor.roles_that_may(permission, organisation_id)
    if not roles and not actor._in_scope(permission):
        scopes = sorted(scope.value for scope, held in SCOPE_PERMISSIONS.items() if permission in held)
        needed = f"needs one of the scopes: {', '.join(scopes)}" if scopes else "is not done with an API key"
        raise NotAllowed(f"{permission.value.replace('_', ' ')} {needed}")
    if not roles:
        able = sorted(role.value for role in actor.able(permission, organisation_id))
        raise NotAllowed(f"{permission.value.replace('_', ' ')} needs one of the roles: {', '.join(able)}")
    return min(roles)
