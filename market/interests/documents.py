"""Row to view of an interest."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from uuid import UUID

from market.interests.rules import is_overdue
from market.interests.tables import Interest
from market.organisations.tables import Organisation
from schemas.interests import InterestForm, InterestView
from schemas.values import Money

_KEPT_BACK = {"form", "capital", "capital_currency", "mode", "manager_person_id", "manager_organisation_id"}


def interest_form(row: Interest) -> InterestForm:
    """The answers as they were given, the capital with its currency."""
    form = deepcopy(row.form)
    if row.capital is not None and row.capital_currency is not None:
        capital = Money.of(row.capital, row.capital_currency)
        form.setdefault("development_plan", {})["capital"] = capital.model_dump(mode="json")
    return InterestForm.model_validate(form)


def interest_view(row: Interest, organisations: Mapping[UUID, Organisation], at: datetime) -> InterestView:
    """As its parties see it at `at`; `organisations` holds both of them."""
    return InterestView(
        **row.model_dump(exclude=_KEPT_BACK),
        organisation_name=organisations[row.organisation_id].name,
        owner_name=organisations[row.owner_organisation_id].name,
        form=interest_form(row),
        overdue=is_overdue(row.status, row.reply_due_at, at),
    )
