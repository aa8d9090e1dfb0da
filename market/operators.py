"""Sets up on the machine what nobody can sign up for: the hall's own people, and a new password for one forgotten.

Whoever may run the command may do it: no actor, no permission. What it does is recorded as the system's own doing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import EmailStr, TypeAdapter, ValidationError
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import Database, now
from market.identity.credentials import revoke_sessions
from market.identity.passwords import hash_password
from market.identity.queries import locked_person, person_by_email, roles_of
from market.identity.rules import weak_password
from market.identity.tables import Membership, Person
from market.ledger.service import record
from market.organisations import queries as organisations
from market.organisations.rules import mixed_word, name_keys
from market.organisations.tables import Organisation
from market.trouble import Trouble
from market.web.attempts import forget_attempts
from schemas.identity import Password
from schemas.values import ShortText
from schemas.vocabulary import Founding, Language, OrganisationKind, Role
from search.folding import has_han

_LOCK = (
    7_239_044  # any number: of two first operators at once, the second finds the organisation of the first
)

_EMAIL: TypeAdapter[str] = TypeAdapter(EmailStr)
_TEXT: TypeAdapter[str] = TypeAdapter(ShortText)
_PASSWORD: TypeAdapter[Any] = TypeAdapter(Password)


@dataclass(frozen=True)
class Appointment:
    """Who is to hold which role in the hall's own organisation, whose name is needed the first time alone."""

    email: str
    name: str
    role: Role
    organisation: str | None = None
    founding: Founding = Founding.STATE_OWNED


@dataclass(frozen=True)
class Appointed:
    """What came of it."""

    organisation: Mapping[str, str]
    made_organisation: bool
    made_account: bool
    added_role: bool


def address(email: str) -> str:
    """The e-mail address as accounts have it, or Trouble."""
    checked: str = _checked(_EMAIL, email.strip(), f"{email!r} is not an e-mail address")
    return checked.lower()


def _checked(kind: TypeAdapter[Any], given: str, sentence: str) -> Any:
    try:
        return kind.validate_python(given)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        raise Trouble(f"{sentence}: {first['msg']}.") from None


def fit_password(password: str, email: str) -> str:
    """A password that sign-up would take too, or Trouble."""
    try:
        _PASSWORD.validate_python(password)
    except ValidationError as error:
        bounds = error.errors(include_input=False)[0]["ctx"]
        bound = f"least {bounds['min_length']}" if "min_length" in bounds else f"most {bounds['max_length']}"
        raise Trouble(f"A password has at {bound} characters.") from None
    weakness = weak_password(password, email)
    if weakness:
        raise Trouble(f"{weakness[0].upper()}{weakness[1:]}: choose another.")
    return password


async def has_account(database: Database, email: str) -> bool:
    async with database.sessions() as session:
        return await person_by_email(session, email) is not None


async def appoint(database: Database, wanted: Appointment, password: str | None) -> Appointed:
    """Give someone a role of the hall; again, it changes nothing. `password` is for a new account. Trouble.

    The hall's people do not trade (拍卖法 art. 22, 23): an account of another organisation is refused.
    """
    name = _checked(_TEXT, wanted.name.strip(), "The name cannot be used")
    async with database.sessions() as session, session.begin():
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        organisation, made_organisation = await _own_organisation(session, wanted)
        person = await person_by_email(session, wanted.email)
        made_account = person is None
        if person is None:
            person = await _new_person(session, wanted.email, name, password)
        await _refuse_trader(session, person, organisation)
        added = await _add_role(session, person.id, organisation.id, wanted.role)
        return Appointed(organisation.name, made_organisation, made_account, added)


async def _own_organisation(session: AsyncSession, wanted: Appointment) -> tuple[Organisation, bool]:
    """The organisation that runs the hall, held until the transaction ends; made where there is none."""
    found = (
        await session.execute(
            select(Organisation.id)
            .where(Organisation.kind == OrganisationKind.OPERATOR)
            .order_by(col(Organisation.created_at), col(Organisation.id))
            .limit(1)
        )
    ).scalar_one_or_none()
    if found is None:
        return await _new_organisation(session, wanted), True
    own = await organisations.organisation(session, found, lock=True)
    names = {Language(language): text for language, text in own.name.items()}
    if wanted.organisation and not set(name_keys(_named(wanted.organisation))) & set(name_keys(names)):
        raise Trouble(f"{spoken(own.name)} runs this hall already: leave --organisation out.")
    return own, False


def _named(text: str) -> dict[Language, str]:
    """A name in the language that it is written in."""
    return {Language.ZH_HANS if has_han(text) else Language.EN: text}


def spoken(name: Mapping[str, str]) -> str:
    """An organisation's name for a sentence."""
    return name.get(Language.EN) or next(iter(name.values()))


async def _new_organisation(session: AsyncSession, wanted: Appointment) -> Organisation:
    if wanted.organisation is None:
        raise Trouble("No organisation runs this hall yet: name it with --organisation NAME.")
    text = _checked(_TEXT, wanted.organisation.strip(), "The organisation's name cannot be used")
    if word := mixed_word(text):
        raise Trouble(f"{word} mixes the letters of different alphabets: write the name in one.")
    name = _named(text)
    keys = name_keys(name)
    if await organisations.organisation_of_name(session, keys) is not None:
        raise Trouble("An organisation is registered whose name looks the same: name the hall's otherwise.")
    organisation = Organisation(
        name={language.value: text for language, text in name.items()},
        name_keys=keys,
        kind=OrganisationKind.OPERATOR,
        founding=wanted.founding,
        created_at=await now(session),
    )
    session.add(organisation)
    await session.flush()
    subject = ("organisation", organisation.id)
    await record(session, None, subject, "registered", data={"kind": organisation.kind.value})
    return organisation


async def _new_person(session: AsyncSession, email: str, name: str, password: str | None) -> Person:
    if password is None:
        raise Trouble(f"{email} has no account any more: try again.")
    hashed = await hash_password(fit_password(password, email))
    person = Person(email=email, name=name, password_hash=hashed, created_at=await now(session))
    session.add(person)
    await session.flush()
    return person


async def _refuse_trader(session: AsyncSession, person: Person, own: Organisation) -> None:
    elsewhere = [found for found in await roles_of(session, person.id) if found != own.id]
    if elsewhere:
        other = await organisations.organisation(session, elsewhere[0])
        raise Trouble(
            f"{person.email} belongs to {spoken(other.name)}, and the hall's own people do not trade in it: "
            "use another address."
        )


async def _add_role(session: AsyncSession, person_id: UUID, organisation_id: UUID, role: Role) -> bool:
    held = await session.get(Membership, (person_id, organisation_id))
    if held is not None and role.value in held.roles:
        return False
    roles = sorted({role.value, *(held.roles if held else ())})
    if held is None:
        at = await now(session)
        session.add(Membership(person_id=person_id, organisation_id=organisation_id, roles=roles, since=at))
    else:
        held.roles = roles
    data = {"person": str(person_id), "roles": roles}
    await record(session, None, ("organisation", organisation_id), "roles_changed", data=data)
    return True


async def set_password(database: Database, email: str, password: str) -> int:
    """A new password for one that was forgotten; ends every session, answers how many. Trouble for an unknown address."""
    async with database.sessions() as session, session.begin():
        found = await person_by_email(session, email)
        if found is None:
            raise unknown(email)
        person = await locked_person(session, found.id)
        person.password_hash = await hash_password(fit_password(password, email))
        ended = await revoke_sessions(session, person.id)
        await record(session, None, ("person", person.id), "password_set")
    for account in (f"account:{email}", f"password:{person.id}"):  # many wrong tries went before
        await forget_attempts(database, account)
    return ended


def unknown(email: str) -> Trouble:
    return Trouble(f"No account has the address {email}.")
