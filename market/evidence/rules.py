"""What a document of each kind must say, when it counts, and what the law of exports asks; no database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from market.evidence.tables import Proof
from schemas.rights import NewEvidence
from schemas.values import FieldProblem
from schemas.vocabulary import EvidenceKind, ExportClass, Mode

K = EvidenceKind

NEEDS: Mapping[EvidenceKind, tuple[str, ...]] = {
    K.APPRAISAL: ("issued_by", "issued_on", "value"),
    K.APPRAISAL_DECISION: ("issued_by", "issued_on"),
    K.LEGAL_OPINION: ("issued_by", "issued_on"),
    K.CO_OWNER_CONSENT: ("names", "issued_on"),
    K.FIRST_REFUSAL_WAIVER: ("names", "issued_on", "terms_sha256"),
    K.PLEDGEE_CONSENT: ("names", "issued_on", "encumbrance_id"),
    K.FUNDER_APPROVAL: ("issued_by", "issued_on"),
    K.EXPORT_DETERMINATION: ("issued_by", "issued_on", "export_class"),
    K.EXPORT_LETTER_OF_INTENT: ("issued_by", "issued_on", "number"),
    K.IP_TRANSFER_REVIEW: ("issued_by", "issued_on", "number"),
    K.INTERNAL_DECISION: ("issued_by", "issued_on"),
    K.AUTHORITY_TO_SIGN: ("names", "issued_on"),
    K.CONFIDENTIALITY_AGREEMENT: ("names", "issued_on"),
    K.TRANSFER_REGISTRATION: ("issued_by", "issued_on", "number"),
    K.EQUITY_REGISTRATION: ("issued_by", "issued_on", "number"),
    K.EXPORT_LICENCE: ("issued_by", "issued_on", "number"),
}
"""Which fields a document of this kind has to fill."""

BEFORE_A_DEAL = frozenset({K.EXPORT_DETERMINATION, K.EXPORT_LETTER_OF_INTENT, K.CONFIDENTIALITY_AGREEMENT})
"""What may be given to an interest; it counts for the deal that grows from it too."""


def problems(data: NewEvidence, today: date) -> list[FieldProblem]:
    """What the document does not say that one of its kind has to, and what cannot be; all of it."""
    found = [
        FieldProblem(pointer=f"/{name}", detail=f"the {data.kind.value.replace('_', ' ')} has to say this")
        for name in NEEDS[data.kind]
        if getattr(data, name) in (None, [])
    ]
    if data.issued_on and data.issued_on > today:
        found.append(FieldProblem(pointer="/issued_on", detail="it is issued in the future"))
    if data.valid_until and data.issued_on and data.valid_until < data.issued_on:
        found.append(FieldProblem(pointer="/valid_until", detail="it ends before it was issued"))
    return found


def counting(rows: Iterable[Proof], kind: EvidenceKind, day: date) -> list[Proof]:
    """The documents of a kind that count on a day: not withdrawn, not run out; the latest last."""
    return [
        row
        for row in rows
        if row.kind is kind
        and row.withdrawn_at is None
        and (row.valid_until is None or row.valid_until >= day)
    ]


def named(rows: Sequence[Proof]) -> set[str]:
    """Everyone whose consent, waiver or authority these documents show, as the eye reads a name."""
    return {_plain(name) for row in rows for name in row.names}


def lacks(names: Iterable[str], shown: set[str]) -> list[str]:
    """Those of the names that are not among them."""
    return [name for name in names if _plain(name) not in shown]


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


EXCLUSIVE = frozenset({Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.EQUITY})
"""What counts as 对外转让 of intellectual property: an exclusive licence too (国办发〔2018〕19号)."""


def export_class(listed: ExportClass | None, rows: Sequence[Proof], day: date) -> ExportClass:
    """As a person has determined it last, else as the listing says."""
    determined = counting(rows, K.EXPORT_DETERMINATION, day)
    if determined:
        return determined[-1].export_class or ExportClass.UNDETERMINED
    return listed or ExportClass.UNDETERMINED


def before_disclosure(
    listed: ExportClass | None, rows: Sequence[Proof], day: date
) -> Iterator[tuple[str, str, str, EvidenceKind | None]]:
    """What stands against showing a technology to a foreign-controlled party, and against negotiating with it.

    Rule, source, sentence, and the evidence that would settle it. 技术进出口管理条例 art. 29, 32, 33: what is prohibited is
    not exported; of what is restricted nothing is negotiated before the letter of intent. A party under foreign control
    inside China counts as one outside (出口管制法 art. 2).
    """
    match export_class(listed, rows, day):
        case ExportClass.UNDETERMINED:
            yield (
                "XB-1",
                "技术进出口管理条例 art. 29, 30, 36",
                "the other side is under foreign control: determine the export class first",
                K.EXPORT_DETERMINATION,
            )
        case ExportClass.PROHIBITED:
            yield (
                "XB-1",
                "技术进出口管理条例 art. 29",
                "this technology may not be exported, and the other side is under foreign control",
                None,
            )
        case ExportClass.RESTRICTED if not counting(rows, K.EXPORT_LETTER_OF_INTENT, day):
            yield (
                "XB-2",
                "技术进出口管理条例 art. 32, 33",
                "restricted technology: nothing is shown or negotiated before the letter of intent (技术出口许可意向书)",
                K.EXPORT_LETTER_OF_INTENT,
            )
