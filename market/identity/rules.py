"""How long proofs of identity last, which roles fit which organisation, and how tokens are made; no database."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from schemas.vocabulary import OrganisationKind, Role

SESSION_IDLE = timedelta(hours=2)
SESSION_ABSOLUTE = timedelta(hours=12)
INVITATION_LIFE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often."""

ATTEMPT_WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 60

SESSION_PREFIX = "rhs_"
KEY_PREFIX = "rh_"
INVITATION_PREFIX = "rhi_"

_HALL = frozenset({Role.OPERATOR, Role.AUDITOR})
_TRANSFER_OFFICE = frozenset({Role.RESEARCHER, Role.TTO_OFFICER, Role.TTO_DIRECTOR})
RESEARCH = frozenset({OrganisationKind.UNIVERSITY, OrganisationKind.INSTITUTE, OrganisationKind.HOSPITAL})
"""Organisations with a director of their transfer office, who answers for what they publish."""


def digest(secret: str) -> bytes:
    """SHA-256 of a random secret of 256 bits; it needs no salt and no stretching."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def new_key() -> tuple[str, str, str]:
    """A new API key: its public id, its secret, and the whole `rh_<id>_<secret>`."""
    public_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return public_id, secret, f"{KEY_PREFIX}{public_id}_{secret}"


def split_key(key: str) -> tuple[str, str] | None:
    """The public id and the secret of a key, or None where it has not the form of one."""
    prefix, _, rest = key.partition("_")
    public_id, _, secret = rest.partition("_")
    return (public_id, secret) if prefix == "rh" and public_id and secret else None


def session_end(created_at: datetime, used_at: datetime) -> datetime:
    """When a session ends: after two idle hours, and after twelve in any case."""
    return min(used_at + SESSION_IDLE, created_at + SESSION_ABSOLUTE)


def founder_roles(kind: OrganisationKind) -> frozenset[Role]:
    """The roles of the person who registers an organisation, who may invite; the operator's are given on the machine."""
    if kind in RESEARCH:
        return frozenset({Role.TTO_DIRECTOR})
    if kind is OrganisationKind.TTO:
        return frozenset({Role.MANAGER, Role.ADMIN})
    return frozenset({Role.BUYER, Role.ADMIN})


def unfit_roles(kind: OrganisationKind, roles: Iterable[Role]) -> list[Role]:
    """Roles that cannot be held in an organisation of this kind.

    The hall's roles live in the operator's own organisation, whose people do not trade (拍卖法 art. 22, 23). A company
    has no director who would approve its listings: they are approved by the operator.
    """
    if kind is OrganisationKind.OPERATOR:
        fit = _HALL | {Role.REVIEWER, Role.FINANCE}
    elif kind in RESEARCH or kind in (OrganisationKind.NEW_RD_BODY, OrganisationKind.TTO):
        fit = frozenset(Role) - _HALL
    else:
        fit = frozenset(Role) - _HALL - _TRANSFER_OFFICE
    return sorted(set(roles) - fit)


# The commonest of the leaked passwords that are long enough for us; the length does the rest (NIST SP 800-63B 5.1.1).
COMMON_PASSWORDS = frozenset(
    [
        "123456789012",
        "1234567890123",
        "qwertyuiop123",
        "password12345",
        "passwordpassword",
        "iloveyou12345",
        "qwerty123456",
        "abcd12345678",
        "woaini1314520",
        "111111111111",
        "000000000000",
        "administrator",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
    ]
)


def weak_password(password: str, email: str) -> str | None:
    """Why this password is refused, or None."""
    low = password.lower()
    if low in COMMON_PASSWORDS or len(set(low)) < 5:
        return "this password is among the first that are guessed"
    name = email.split("@", 1)[0].lower()
    if len(name) >= 4 and name in low:  # a shorter one is part of many words
        return "the password must not contain the e-mail address"
    return None
