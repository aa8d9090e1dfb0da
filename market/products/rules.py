"""What a product needs before it is reviewed and published; knows no database."""

from collections.abc import Collection, Iterator
from datetime import date
from uuid import UUID

from market.results.rules import ip_right_problems
from schemas.listings import ProductContent, Unmet


def unmet_for_submission(content: ProductContent, today: date, offered: Collection[UUID] = ()) -> list[Unmet]:
    """What a product lacks before it can be reviewed; `offered` holds the result that it came from, if on offer."""
    found = list(_lacking(content, today))
    if content.source_result is not None and content.source_result not in offered:
        found.append(Unmet(pointer="/source_result", detail="this is no published result"))
    return found


def _lacking(content: ProductContent, today: date) -> Iterator[Unmet]:
    if content.summary is None:
        yield Unmet(pointer="/summary", detail="say in a few sentences what it is and what it does")
    if content.price is None:
        yield Unmet(pointer="/price", detail="say how the price is set, on_request included")
    if content.valid_until is not None and content.valid_until < today:
        yield Unmet(pointer="/valid_until", detail="the offer has already ended")
    certificate = content.certificate
    if certificate is not None:
        if certificate.valid_until is not None and certificate.valid_until < today:
            yield Unmet(pointer="/certificate/valid_until", detail="the recognition certificate has expired")
        if (
            certificate.valid_from
            and certificate.valid_until
            and certificate.valid_from > certificate.valid_until
        ):
            yield Unmet(pointer="/certificate/valid_from", detail="the certificate begins after it ends")
    kinds = [claim.kind for claim in content.first_use]
    for place, claim in enumerate(content.first_use):
        if kinds.index(claim.kind) != place:
            yield Unmet(pointer=f"/first_use/{place}/kind", detail="the same claim is made twice")
        if claim.used_on is not None and claim.used_on > today:
            yield Unmet(pointer=f"/first_use/{place}/used_on", detail="a first use lies in the past")
    yield from ip_right_problems(content.ip_rights, today)
