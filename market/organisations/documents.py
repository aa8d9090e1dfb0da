"""Row to view of an organisation, and of who controls it."""

from collections.abc import Sequence
from typing import Any

from market.organisations.tables import Organisation, OrganisationControl, OrganisationIdentifier
from schemas.organisations import ControlView, IdentifierView, OrganisationView


def organisation_fields(row: Organisation, identifiers: Sequence[OrganisationIdentifier]) -> dict[str, Any]:
    """What every view of an organisation shows."""
    shown = [IdentifierView(scheme=i.scheme, value=i.value, check=i.check_result) for i in identifiers]
    return row.model_dump(exclude={"name_keys"}) | {"identifiers": shown}


def organisation_view(row: Organisation, identifiers: Sequence[OrganisationIdentifier]) -> OrganisationView:
    return OrganisationView(**organisation_fields(row, identifiers))


def control_view(row: OrganisationControl, controller: Organisation) -> ControlView:
    return ControlView(**row.model_dump(), controller_name=controller.name)
