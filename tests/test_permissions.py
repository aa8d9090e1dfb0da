"""Who may do what, from the table: roles, the hall's reach, and what an API key narrows it to."""

import itertools
from uuid import UUID

import pytest

from market.errors import NotAllowed
from market.permissions import (
    HALL_ROLES,
    OFFICE_ALONE,
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    Actor,
    Permission,
    require,
)
from schemas.vocabulary import Role, Scope

PERSON, OWN, FOREIGN = UUID(int=1), UUID(int=2), UUID(int=3)
EVERY = [*itertools.product(Role, Permission)]


def actor(*roles: Role, scopes: frozenset[Scope] | None = None, office: bool = False) -> Actor:
    offices = frozenset({OWN} if office else ())
    return Actor(PERSON, {OWN: frozenset(roles)}, session_id=UUID(int=4), scopes=scopes, offices=offices)


def test_every_role_stands_in_the_table() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_every_permission_is_held_by_some_role() -> None:
    assert set(Permission) == frozenset().union(*ROLE_PERMISSIONS.values())


def test_every_scope_stands_in_the_table() -> None:
    assert set(SCOPE_PERMISSIONS) == set(Scope)


@pytest.mark.parametrize(("role", "permission"), EVERY)
def test_a_role_reaches_its_own_organisation_and_the_halls_roles_reach_all(
    role: Role, permission: Permission
) -> None:
    held = permission in ROLE_PERMISSIONS[role]
    assert actor(role).may(permission, OWN) is held
    assert actor(role).may(permission, FOREIGN) is (held and role in HALL_ROLES)
    assert actor(role).may(permission) is (held and role in HALL_ROLES)
    assert actor(role).where(permission) == ([OWN] if held else [])


@pytest.mark.parametrize("permission", Permission)
def test_the_refusal_names_the_roles_that_may(permission: Permission) -> None:
    with pytest.raises(NotAllowed) as refused:
        require(actor(), permission, OWN)
    able = {role for role, held in ROLE_PERMISSIONS.items() if permission in held}
    assert {
        role for role in Role if role.value in refused.value.detail.partition(": ")[2].split(", ")
    } == able


@pytest.mark.parametrize(("role", "permission"), EVERY)
def test_where_there_is_a_transfer_office_it_alone_publishes_and_whoever_buys_does_not(
    role: Role, permission: Permission
) -> None:
    there, elsewhere = actor(role, office=True), actor(role)
    kept = role is Role.BUYER and permission in OFFICE_ALONE
    assert there.may(permission, OWN) is (elsewhere.may(permission, OWN) and not kept)
    assert there.where(permission) == ([] if kept else elsewhere.where(permission))
    assert there.may(permission, FOREIGN) is elsewhere.may(permission, FOREIGN)


@pytest.mark.parametrize("permission", sorted(OFFICE_ALONE))
def test_the_refusal_by_a_transfer_office_names_no_buyer(permission: Permission) -> None:
    with pytest.raises(NotAllowed) as refused:
        require(actor(Role.BUYER, office=True), permission, OWN)
    assert "buyer" not in refused.value.detail
    assert "tto_" in refused.value.detail


def test_members_are_kept_by_directors_admins_and_the_operator_alone() -> None:
    keeping = {role for role, held in ROLE_PERMISSIONS.items() if Permission.MANAGE_MEMBERS in held}
    assert keeping == {Role.TTO_DIRECTOR, Role.ADMIN, Role.OPERATOR}


@pytest.mark.parametrize("permission", Permission)
def test_the_permission_is_answered_with_the_role_that_gives_it(permission: Permission) -> None:
    for role, held in ROLE_PERMISSIONS.items():
        if permission in held:
            assert require(actor(role, Role.REVIEWER), permission, OWN) is role


@pytest.mark.parametrize(("role", "permission"), EVERY)
def test_an_api_key_does_what_its_scopes_and_its_roles_allow_and_no_more(
    role: Role, permission: Permission
) -> None:
    for scope in Scope:
        expected = permission in ROLE_PERMISSIONS[role] and permission in SCOPE_PERMISSIONS[scope]
        assert actor(role, scopes=frozenset({scope})).may(permission, OWN) is expected


@pytest.mark.parametrize(
    "permission",
    [
        Permission.MANAGE_MEMBERS,
        Permission.EDIT_ORGANISATION,
        Permission.VERIFY_ORGANISATION,
        Permission.COMPILE_EDITION,
    ],
)
def test_no_api_key_changes_who_may_do_what(permission: Permission) -> None:
    everything = actor(*Role, scopes=frozenset(Scope))
    assert not everything.may(permission, OWN)


def test_an_api_key_without_a_scope_may_do_nothing() -> None:
    nothing = actor(*Role, scopes=frozenset())
    assert not any(nothing.may(permission, OWN) for permission in Permission)
    assert not nothing.sees_everything
    assert not any(nothing.reads(scope) for scope in Scope)


@pytest.mark.parametrize("scope", Scope)
def test_an_api_key_reads_what_its_scope_covers_and_all_with_read(scope: Scope) -> None:
    key = actor(Role.TTO_OFFICER, scopes=frozenset({scope}))
    assert {read for read in Scope if key.reads(read)} == (set(Scope) if scope is Scope.READ else {scope})


def test_a_session_reads_everything_that_it_sees() -> None:
    assert all(actor().reads(scope) for scope in Scope)


@pytest.mark.parametrize("role", Role)
def test_only_the_halls_roles_see_everything(role: Role) -> None:
    assert actor(role).sees_everything is (role in HALL_ROLES)
    assert actor(role, scopes=frozenset({Scope.READ})).sees_everything is (role in HALL_ROLES)
    assert not actor(role, scopes=frozenset({Scope.LISTINGS})).sees_everything


def test_nobody_who_may_approve_a_listing_needs_to_have_written_it() -> None:
    """Four eyes need two roles: the operator approves and never edits."""
    assert Permission.EDIT_LISTING not in ROLE_PERMISSIONS[Role.OPERATOR]
    assert Permission.APPROVE_LISTING not in ROLE_PERMISSIONS[Role.TTO_OFFICER]
    assert Permission.APPROVE_LISTING not in ROLE_PERMISSIONS[Role.BUYER]


def test_people_of_the_hall_do_not_trade() -> None:
    trading = {
        Permission.EXPRESS_INTEREST,
        Permission.ANSWER_INTEREST,
        Permission.OPEN_DEAL,
        Permission.SIGN_CONTRACT,
        Permission.RECORD_PAYMENT,
        Permission.PAUSE_LISTING,
        Permission.CONFIRM_LISTING,
        Permission.PREPARE_ROUND,
        Permission.APPROVE_ROUND,
        Permission.APPROVE_PRICE,
        Permission.QUALIFY_BIDDER,
        Permission.BID,
    }
    for role in HALL_ROLES:
        assert not trading & ROLE_PERMISSIONS[role]


def test_the_auditor_changes_nothing_alone() -> None:
    """They read everything, and sign what an operator has asked for; nobody else signs it, and no key does."""
    assert ROLE_PERMISSIONS[Role.AUDITOR] == {Permission.READ_EVERYTHING, Permission.COUNTERSIGN}
    assert [role for role in Role if Permission.COUNTERSIGN in ROLE_PERMISSIONS[role]] == [Role.AUDITOR]
    assert not actor(*Role, scopes=frozenset(Scope)).may(Permission.COUNTERSIGN, OWN)


def test_a_key_and_its_maker_are_two_principals() -> None:
    by_key = Actor(PERSON, {}, api_key_id=UUID(int=9))
    assert by_key.principal != actor().principal
