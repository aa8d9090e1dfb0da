"""The rules of a challenge as everybody reads them, what a submission says, and its receipt; no database."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from market.challenges.planning import PUBLICITY
from market.challenges.tables import Challenge, Submission
from market.ledger.rules import canonical
from market.ledger.signing import base64_text, sign
from market.listings.tables import ListingVersion
from market.organisations.tables import Organisation
from market.sealing.envelope import OVERHEAD, SUITE, CannotOpen, Lid
from market.sealing.rules import Officer
from market.sealing.tables import Box
from market.trading.log import instant
from market.trading.planning import Periods
from schemas.challenges import ChallengePlan, Solution, SubmissionReceipt

PURPOSE = "sealed submission"
MOST_BYTES = 65_536
"""Of a submission's content; every blob has the size of the largest, so that none tells how long it is."""
BLOB_BYTES = MOST_BYTES + OVERHEAD


def rules_document(
    row: Challenge,
    plan: ChallengePlan,
    version: ListingVersion,
    sponsor: Organisation,
    periods: Periods,
    at: datetime,
    opening: dict[str, Any],
) -> bytes:
    """RFC 8785 canonical JSON of the rules as they are published at `at`; budgets in whole minor units, what a cancellation
    owes as money is shown."""
    said = plan.model_dump(mode="json", exclude={"opening", "budget", "stages"})
    decides: dict[str, Any] = {
        "challenge": str(row.id),
        "listing": {"id": str(row.listing_id), "version": version.number, "sha256": version.sha256.hex()},
        "sponsor": {"id": str(sponsor.id), "name": sponsor.name},
        "currency": plan.budget.currency,
        "budget": plan.budget.minor,
        "stages": [
            stage.model_dump(mode="json", exclude={"budget", "until"})
            | {"budget": stage.budget.minor, "until": instant(stage.until)}
            for stage in plan.stages
        ],
        "published_at": instant(at),
        "questions_until": instant(row.questions_until),
        "submissions_from": instant(row.submissions_from),
        "submissions_until": instant(row.submissions_until),
        "periods": periods.value,
        "publicity": vars(PUBLICITY) if plan.public_money else None,
        "opening": opening,
    }
    return canonical(said | decides)


def opening_rules(box: Box, officers: dict[UUID, Officer]) -> dict[str, Any]:
    """What the rules say of the opening: all that it takes to seal a submission, and who opens it."""
    return {
        "purpose": box.purpose,
        "suite": SUITE,
        "public_key": base64_text(box.public_key),
        "blob_bytes": box.blob_bytes,
        "sender": "the id of the organisation that submits",
        "replacement": "the last submission of an organisation counts, and if it cannot be opened, none of theirs does",
        "threshold": box.threshold,
        "officers": [
            {"id": str(person), "name": each.name, "public_key": base64_text(each.public_key or b"")}
            for person, each in officers.items()
        ],
    }


def lid_of(rules: bytes, rules_sha256: bytes) -> Lid:
    """The public side of a challenge's box, out of its rules."""
    said = json.loads(rules)
    opening = said["opening"]
    return Lid(
        purpose=opening["purpose"],
        subject=UUID(said["challenge"]),
        rules_sha256=rules_sha256,
        public_key=base64.b64decode(opening["public_key"]),
        blob_bytes=opening["blob_bytes"],
    )


def content(solution: Solution) -> bytes:
    """What a submission says, as it is sealed."""
    return canonical(solution.model_dump(mode="json"))


def solution_in(said: bytes) -> dict[str, Any]:
    """The solution that the content of a blob holds, as plain JSON. CannotOpen where it is none."""
    try:
        return Solution.model_validate_json(said).model_dump(mode="json")
    except ValidationError as trouble:
        raise CannotOpen("its content is not a solution") from trouble


def receipt_document(row: Submission, sealed_sha256: bytes, rules_sha256: bytes) -> bytes:
    """What the receipt of a submission says, in canonical JSON."""
    return canonical(
        {
            "document": "receipt of a sealed submission",
            "id": str(row.id),
            "challenge": str(row.challenge_id),
            "organisation": str(row.organisation_id),
            "number": row.number,
            "at": instant(row.at),
            "sealed_by": row.sealed_by,
            "sealed_sha256": sealed_sha256.hex(),
            "rules_sha256": rules_sha256.hex(),
        }
    )


def receipt(row: Submission, key: Ed25519PrivateKey) -> SubmissionReceipt:
    """The receipt of a submission; the same one always has the same receipt."""
    said = json.loads(row.document)
    signed = sign(key, row.hash)
    return SubmissionReceipt(
        id=row.id,
        challenge=row.challenge_id,
        organisation=row.organisation_id,
        number=row.number,
        at=row.at,
        sealed_by=said["sealed_by"],
        sealed_sha256=said["sealed_sha256"],
        rules_sha256=said["rules_sha256"],
        hash=row.hash.hex(),
        document=row.document.decode(),
        signature=base64_text(signed.signature),
        public_key=base64_text(signed.public_key),
    )
