"""The gates of the law: how a price is found and published, who has to consent, what may leave the country; no database.

The seller is a state-founded institute or university (促进科技成果转化法), or a state-owned enterprise, for those that bind
public sellers alone; the others bind everybody.
"""

from collections.abc import Iterable

from market.deals.contracts import PATENTS
from market.deals.facts import Facts, Gate
from market.deals.rules import SIDES
from market.deals.terms import terms_hash
from market.evidence.rules import EXCLUSIVE, before_disclosure, counting, export_class, lacks, named
from market.evidence.tables import Proof
from market.listings.encumbrances import LIFTED_BY, RULES, barring
from schemas.deals import Condition
from schemas.vocabulary import (
    EncumbranceKind,
    EvidenceKind,
    ExportClass,
    Founding,
    ListingKind,
    Mode,
    Party,
    PricingMethod,
)

_PUBLIC = frozenset({Founding.STATE_FOUNDED, Founding.STATE_OWNED})
_DISPOSALS = frozenset(
    {
        Mode.TRANSFER,
        Mode.EXCLUSIVE_LICENCE,
        Mode.SOLE_LICENCE,
        Mode.ORDINARY_LICENCE,
        Mode.EQUITY,
        Mode.OPTION,
    }
)
"""转让, 许可, 作价投资. An open licence is taken at a published price, and a trial is not priced yet."""
_ONE_OWNER_IS_ENOUGH = frozenset({Mode.ORDINARY_LICENCE, Mode.TRIAL, Mode.SALE})


def _is_public_disposal(facts: Facts) -> bool:
    return facts.seller_founding in _PUBLIC and facts.kind is ListingKind.RESULT and facts.mode in _DISPOSALS


def pricing_method(facts: Facts) -> PricingMethod | None:
    """How the price was found: a round lists it, else as the terms say."""
    return PricingMethod.LISTED if facts.from_round else facts.terms.pricing_method


def _lacking(
    pointer: str,
    detail: str,
    rule: str,
    evidence: EvidenceKind | None = None,
    who: Iterable[Party] = (Party.SELLER,),
) -> Condition:
    return Condition(pointer=pointer, detail=detail, rule=rule, who_can_supply=list(who), evidence=evidence)


def _pricing_method(facts: Facts) -> list[Condition]:
    if pricing_method(facts) is not None:
        return []
    detail = "say how the price was found: negotiated (协议定价), listed (挂牌) or auction (拍卖)"
    return [_lacking("/terms/pricing_method", detail, "PR-1", who=SIDES)]


def needs_publicity(facts: Facts) -> bool:
    """Whether a price that the parties found alone has to be published in the unit (协议定价的公示)."""
    return _is_public_disposal(facts) and pricing_method(facts) in (PricingMethod.NEGOTIATED, None)


def _publicity(facts: Facts) -> list[Condition]:
    if facts.publicity is not None and facts.publicity.clear:
        return []
    detail = (
        facts.publicity.detail if facts.publicity else "publish the name and the price in the unit (公示)"
    )
    return [_lacking("/notices/price", detail, "PR-2")]


def _is_appraised(facts: Facts) -> bool:
    """A contribution to equity always; else a transfer by a public seller to anybody but a state-owned enterprise."""
    if facts.mode is Mode.EQUITY:
        return True
    to_the_state = facts.buyer_founding is Founding.STATE_OWNED
    return _is_public_disposal(facts) and facts.mode is Mode.TRANSFER and not to_the_state


def _appraisal(facts: Facts) -> list[Condition]:
    equity = facts.mode is Mode.EQUITY
    other = EvidenceKind.LEGAL_OPINION if equity else EvidenceKind.APPRAISAL_DECISION
    if any(_counting(facts, kind) for kind in (EvidenceKind.APPRAISAL, other)):
        return []
    words = "a legal opinion" if equity else "the unit's decision to do without one"
    detail = f"an appraisal (资产评估), or {words}"
    return [_lacking("/evidence/appraisal", detail, "PR-13" if equity else "PR-12", EvidenceKind.APPRAISAL)]


def _counting(facts: Facts, kind: EvidenceKind) -> list[Proof]:
    return counting(facts.proofs, kind, facts.on)


def _other_owners(facts: Facts) -> list[str]:
    rights = facts.document.get("ip_rights", [])
    owners = list(dict.fromkeys(owner for right in rights for owner in right.get("owners", [])))
    return lacks(owners, {"".join(name.split()).casefold() for name in facts.seller_names})


def _is_co_owned(facts: Facts) -> bool:
    rights = facts.document.get("ip_rights", [])
    several = len({owner for right in rights for owner in right.get("owners", [])}) > 1
    return several and facts.mode not in _ONE_OWNER_IS_ENOUGH and facts.kind is ListingKind.RESULT


def _co_owners(facts: Facts) -> list[Condition]:
    consents = _counting(facts, EvidenceKind.CO_OWNER_CONSENT)
    return [
        _lacking(
            "/evidence/co_owner_consent",
            f"the consent of the co-owner {owner}",
            "RV-16",
            EvidenceKind.CO_OWNER_CONSENT,
        )
        for owner in lacks(_other_owners(facts), named(consents))
    ]


def _is_offered_first(facts: Facts) -> bool:
    inventors = facts.document.get("contributors", [])
    return facts.mode is Mode.TRANSFER and facts.kind is ListingKind.RESULT and bool(inventors)


def _first_refusal(facts: Facts) -> list[Condition]:
    """Each inventor was offered it on exactly these terms, and gave it up or did not answer."""
    current = terms_hash(facts.terms)
    waived = [p for p in _counting(facts, EvidenceKind.FIRST_REFUSAL_WAIVER) if p.terms_sha256 == current]
    inventors = [contributor["name"] for contributor in facts.document.get("contributors", [])]
    return [
        _lacking(
            "/evidence/first_refusal_waiver",
            f"the waiver of {name}, who has the first refusal on these very terms",
            "RV-14",
            EvidenceKind.FIRST_REFUSAL_WAIVER,
        )
        for name in lacks(inventors, named(waived))
    ]


def _is_encumbered(facts: Facts) -> bool:
    return bool(barring(facts.mode, facts.encumbrances, facts.on))


def _encumbrances(facts: Facts) -> list[Condition]:
    found = []
    for row in barring(facts.mode, facts.encumbrances, facts.on):
        lifting = LIFTED_BY.get(row.kind)
        if lifting and any(proof.encumbrance_id == row.id for proof in _counting(facts, lifting)):
            continue
        answer = "its holder's consent" if lifting else "its end: nobody's consent is enough"
        detail = f"the {_called(row.kind)} of {row.holder} stands against it: it needs {answer}"
        found.append(_lacking(f"/encumbrances/{row.id}", detail, RULES[row.kind][0], lifting))
    return found


def _called(kind: EncumbranceKind) -> str:
    return kind.value.replace("_", " ")


def _needs_funder(facts: Facts) -> bool:
    state_funded = (facts.document.get("funding") or {}).get("state_funded", False)
    return bool(state_funded) and facts.buyer_foreign and facts.mode in EXCLUSIVE


def _funder(facts: Facts) -> list[Condition]:
    if _counting(facts, EvidenceKind.FUNDER_APPROVAL):
        return []
    detail = "the approval of the authority that funded it: the buyer is under foreign control"
    return [_lacking("/evidence/funder_approval", detail, "XB-7", EvidenceKind.FUNDER_APPROVAL)]


def _is_exported(facts: Facts) -> bool:
    return facts.buyer_foreign and facts.kind is ListingKind.RESULT


def _export(facts: Facts) -> list[Condition]:
    listed = ExportClass(facts.document.get("export_class", ExportClass.UNDETERMINED))
    found = [
        _lacking(f"/evidence/{kind or 'export'}", detail, rule, kind)
        for rule, _, detail, kind in before_disclosure(listed, facts.proofs, facts.on)
    ]
    if facts.mode in EXCLUSIVE and not _counting(facts, EvidenceKind.IP_TRANSFER_REVIEW):
        detail = "the review of what goes abroad (知识产权对外转让审查): an exclusive licence counts too"
        found.append(
            _lacking("/evidence/ip_transfer_review", detail, "XB-6", EvidenceKind.IP_TRANSFER_REVIEW)
        )
    return found


def _decision(facts: Facts) -> list[Condition]:
    if _counting(facts, EvidenceKind.INTERNAL_DECISION):
        return []
    detail = "the minutes of the body that decided (集体决策), which exempt those who took part with care"
    return [_lacking("/evidence/internal_decision", detail, "PR-10", EvidenceKind.INTERNAL_DECISION)]


def _authority(facts: Facts) -> list[Condition]:
    shown = {proof.given_as for proof in _counting(facts, EvidenceKind.AUTHORITY_TO_SIGN)}
    return [
        _lacking(
            f"/evidence/authority_to_sign/{side}",
            f"who signs for the {side}, and by which authority",
            "CT-23",
            EvidenceKind.AUTHORITY_TO_SIGN,
            (side,),
        )
        for side in SIDES
        if side not in shown
    ]


GATES = (
    Gate("pricing_method", "PR-1", "促进科技成果转化法 art. 18", _pricing_method, _is_public_disposal),
    Gate("publicity_done", "PR-2", "促进科技成果转化法 art. 18", _publicity, needs_publicity),
    Gate("appraisal", "PR-12", "财政部令第100号 art. 39, 40; 公司法 art. 48, 49", _appraisal, _is_appraised),
    Gate("co_owner_consent", "RV-16", "专利法 art. 14", _co_owners, _is_co_owned),
    Gate("inventor_first_refusal", "RV-14", "民法典 art. 847", _first_refusal, _is_offered_first),
    Gate("encumbrances", "PL-1", "民法典 art. 444; 专利法 art. 14", _encumbrances, _is_encumbered),
    Gate("funder_approval", "XB-7", "科学技术进步法 art. 34", _funder, _needs_funder),
    Gate("export", "XB-1", "技术进出口管理条例 art. 29-35; 国办发〔2018〕19号", _export, _is_exported),
    Gate("internal_decision", "PR-10", "北京市促进科技成果转化条例 art. 19", _decision, _is_public_disposal),
    Gate("authority_to_sign", "CT-23", "民法典 art. 61, 165", _authority, _is_public_disposal),
)


def waits_for(facts: Facts) -> list[Condition]:
    """What has to be registered before a signed contract takes effect: signing it is not enough.

    A transfer of a patent or an application with its registration (专利法 art. 10), a contribution to equity with the
    company's, an export of restricted technology with its licence (技术进出口管理条例 art. 35).
    """
    found = []
    if facts.mode is Mode.TRANSFER and _has_patents(facts):
        found.append(
            (EvidenceKind.TRANSFER_REGISTRATION, "the registration of the transfer (专利权转移登记)", "CT-12")
        )
    if facts.mode is Mode.EQUITY:
        found.append((EvidenceKind.EQUITY_REGISTRATION, "the registration of the contribution", "PR-13"))
    listed = ExportClass(facts.document.get("export_class", ExportClass.UNDETERMINED))
    if _is_exported(facts) and export_class(listed, facts.proofs, facts.on) is ExportClass.RESTRICTED:
        found.append((EvidenceKind.EXPORT_LICENCE, "the export licence (技术出口许可证)", "XB-2"))
    return [
        _lacking(f"/evidence/{kind}", detail, rule, kind, SIDES)
        for kind, detail, rule in found
        if not _counting(facts, kind)
    ]


def _has_patents(facts: Facts) -> bool:
    return facts.kind is ListingKind.RESULT and any(
        right["kind"] in PATENTS and right["office"] == "CN" for right in facts.document.get("ip_rights", [])
    )
