"""The gates of the law, in memory: whom each binds, what it lacks, and which document settles it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from market.deals import law
from market.deals.facts import Facts, Publicity
from market.deals.gates import GATES, judge
from market.deals.terms import terms_hash
from market.evidence.rules import NEEDS, problems
from market.evidence.tables import Proof
from market.listings.encumbrances import BARS, LIFTED_BY, barring, is_active, unmet_for_publication
from market.listings.tables import Encumbrance
from schemas.deals import Terms
from schemas.rights import NewEvidence
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

TODAY = date(2026, 3, 2)
TERMS = Terms(pricing_method=PricingMethod.NEGOTIATED)
K, E = EncumbranceKind, EvidenceKind


def a_proof(kind: EvidenceKind, **fields: Any) -> Proof:
    return Proof(
        subject_kind="deal",
        subject_id=uuid4(),
        kind=kind,
        title="A document",
        sha256=b"",
        given_by=uuid4(),
        given_at=datetime(2026, 1, 10, tzinfo=UTC),
        **({"names": []} | fields),
    )


def an_encumbrance(kind: EncumbranceKind, **fields: Any) -> Encumbrance:
    given = {"listing_id": uuid4(), "kind": kind, "holder": "Example Bank", "begins_on": date(2025, 1, 1)}
    return Encumbrance(id=uuid4(), source="Registration 1", **(given | fields))


def facts(**fields: Any) -> Facts:
    given: dict[str, Any] = {
        "mode": Mode.ORDINARY_LICENCE,
        "terms": TERMS,
        "accepted": {},
        "declared": set(),
        "has_manager": False,
        "on": TODAY,
        "seller_founding": Founding.STATE_FOUNDED,
        "seller_names": {"Example University"},
    }
    return Facts(**(given | fields))


def unmet(known: Facts) -> dict[str, list[str | None]]:
    """The documents that each required gate of the law lacks."""
    names = {gate.name for gate in law.GATES}
    return {
        view.name: [condition.evidence for condition in view.unmet]
        for view in judge(known)
        if view.name in names and not view.met
    }


def required(known: Facts) -> set[str]:
    return {view.name for view in judge(known) if view.required} - {"terms_complete", "conflicts_declared"}


def test_every_gate_names_its_rule_and_its_source() -> None:
    assert len({gate.name for gate in GATES}) == len(GATES)
    assert all(gate.rule and gate.source for gate in GATES)


@pytest.mark.parametrize("founding", Founding)
@pytest.mark.parametrize("kind", ListingKind)
@pytest.mark.parametrize("mode", Mode)
def test_pr_1_public_sellers_alone_account_for_their_price(
    founding: Founding, kind: ListingKind, mode: Mode
) -> None:
    """促进科技成果转化法 art. 18; a private seller, a product and an opportunity are free."""
    known = facts(seller_founding=founding, kind=kind, mode=mode)
    bound = (
        founding in (Founding.STATE_FOUNDED, Founding.STATE_OWNED)
        and kind is ListingKind.RESULT
        and mode not in (Mode.OPEN_LICENCE, Mode.TRIAL, Mode.SALE, Mode.CO_DEVELOPMENT)
    )
    public = {"pricing_method", "publicity_done", "internal_decision", "authority_to_sign"}
    assert required(known) & public == (public if bound else set())


def test_pr_1_a_public_seller_says_how_the_price_was_found() -> None:
    assert "pricing_method" in unmet(facts(terms=Terms()))
    assert "pricing_method" not in unmet(facts())
    assert "pricing_method" not in unmet(facts(terms=Terms(), from_round=True))


@pytest.mark.parametrize(
    ("publicity", "met"),
    [
        (None, False),
        (Publicity(clear=False, detail="runs until the 20th"), False),
        (Publicity(clear=True, detail=""), True),
    ],
)
def test_pr_2_a_negotiated_price_waits_for_its_notice(publicity: Publicity | None, met: bool) -> None:
    assert ("publicity_done" not in unmet(facts(publicity=publicity))) is met


@pytest.mark.parametrize("method", [PricingMethod.LISTED, PricingMethod.AUCTION])
def test_pr_2_a_price_that_the_market_found_needs_no_notice(method: PricingMethod) -> None:
    assert "publicity_done" not in required(facts(terms=Terms(pricing_method=method)))
    assert "publicity_done" not in required(facts(terms=Terms(), from_round=True))


def test_pr_12_a_transfer_is_appraised_or_the_unit_has_decided_otherwise() -> None:
    transfer = facts(mode=Mode.TRANSFER)
    assert unmet(transfer)["appraisal"] == [E.APPRAISAL]
    for kind in (E.APPRAISAL, E.APPRAISAL_DECISION):
        assert "appraisal" not in unmet(replace(transfer, proofs=[a_proof(kind)]))
    assert "appraisal" not in required(replace(transfer, buyer_founding=Founding.STATE_OWNED))
    assert "appraisal" not in required(facts())


def test_pr_13_a_contribution_to_equity_is_appraised_whoever_makes_it() -> None:
    equity = facts(mode=Mode.EQUITY, seller_founding=Founding.PRIVATE)
    assert unmet(equity)["appraisal"] == [E.APPRAISAL]
    assert unmet(replace(equity, proofs=[a_proof(E.APPRAISAL_DECISION)]))["appraisal"] == [E.APPRAISAL]
    for kind in (E.APPRAISAL, E.LEGAL_OPINION):
        assert "appraisal" not in unmet(replace(equity, proofs=[a_proof(kind)]))


def test_an_appraisal_that_has_run_out_or_was_withdrawn_does_not_count() -> None:
    transfer = facts(mode=Mode.TRANSFER)
    for proof, counts in (
        (a_proof(E.APPRAISAL, valid_until=TODAY), True),
        (a_proof(E.APPRAISAL, valid_until=TODAY - timedelta(days=1)), False),
        (a_proof(E.APPRAISAL, withdrawn_at=datetime(2026, 2, 1, tzinfo=UTC)), False),
    ):
        assert ("appraisal" not in unmet(replace(transfer, proofs=[proof]))) is counts


OWNED = {"ip_rights": [{"owners": ["Example University", "Second Institute"]}, {"owners": ["第三 研究所"]}]}


@pytest.mark.parametrize("mode", Mode)
def test_rv_16_all_but_an_ordinary_licence_needs_every_co_owner(mode: Mode) -> None:
    """专利法 art. 14; a trial is an ordinary licence for a time."""
    known = facts(mode=mode, document=OWNED)
    alone = mode in (Mode.ORDINARY_LICENCE, Mode.TRIAL, Mode.SALE)
    assert ("co_owner_consent" in unmet(known)) is not alone


def test_rv_16_each_co_owner_consents_by_name() -> None:
    known = facts(mode=Mode.TRANSFER, document=OWNED)
    assert len(unmet(known)["co_owner_consent"]) == 2
    one = a_proof(E.CO_OWNER_CONSENT, names=["second institute"])
    assert len(unmet(replace(known, proofs=[one]))["co_owner_consent"]) == 1
    both = [one, a_proof(E.CO_OWNER_CONSENT, names=["第三研究所"])]
    assert "co_owner_consent" not in unmet(replace(known, proofs=both))


INVENTED = {"contributors": [{"name": "Inventor A"}, {"name": "Inventor B"}]}


def test_rv_14_inventors_have_the_first_refusal_on_these_very_terms() -> None:
    """民法典 art. 847: on equal terms, so that a waiver of other terms is none."""
    known = facts(mode=Mode.TRANSFER, document=INVENTED)
    both = {"names": ["Inventor A", "Inventor B"]}
    other = a_proof(E.FIRST_REFUSAL_WAIVER, terms_sha256=b"other terms", **both)
    these = a_proof(E.FIRST_REFUSAL_WAIVER, terms_sha256=terms_hash(TERMS), **both)
    assert len(unmet(known)["inventor_first_refusal"]) == 2
    assert len(unmet(replace(known, proofs=[other]))["inventor_first_refusal"]) == 2
    assert "inventor_first_refusal" not in unmet(replace(known, proofs=[these]))
    assert "inventor_first_refusal" not in required(replace(known, mode=Mode.EXCLUSIVE_LICENCE))


@pytest.mark.parametrize("kind", EncumbranceKind)
@pytest.mark.parametrize("mode", Mode)
def test_pl_1_an_encumbrance_bars_the_modes_that_it_bars(kind: EncumbranceKind, mode: Mode) -> None:
    row = an_encumbrance(kind)
    known = facts(mode=mode, encumbrances=[row])
    assert ("encumbrances" in unmet(known)) is (mode in BARS[kind])
    if mode in BARS[kind] and kind in LIFTED_BY:
        consent = a_proof(LIFTED_BY[kind], encumbrance_id=row.id)
        of_another = a_proof(LIFTED_BY[kind], encumbrance_id=uuid4())
        assert "encumbrances" not in unmet(replace(known, proofs=[consent]))
        assert "encumbrances" in unmet(replace(known, proofs=[of_another]))


def test_an_encumbrance_holds_from_its_first_to_its_last_day_and_until_it_is_released() -> None:
    row = an_encumbrance(K.PLEDGE, begins_on=date(2026, 1, 10), ends_on=date(2026, 1, 20))
    days = {
        date(2026, 1, 9): False,
        date(2026, 1, 10): True,
        date(2026, 1, 20): True,
        date(2026, 1, 21): False,
    }
    assert {day: is_active(row, day) for day in days} == days
    row.released_on = date(2026, 1, 15)
    assert is_active(row, date(2026, 1, 14))
    assert not is_active(row, date(2026, 1, 15))
    assert not barring(Mode.TRANSFER, [row], date(2026, 1, 15))


def test_what_nobody_can_consent_to_is_not_offered_and_the_rest_is_disclosed() -> None:
    frozen, pledged = an_encumbrance(K.FREEZE), an_encumbrance(K.PLEDGE)
    found = list(unmet_for_publication([Mode.TRANSFER], False, [frozen, pledged], TODAY))
    assert [each.pointer for each in found] == ["/encumbrances_disclosed", "/modes"]
    assert not list(unmet_for_publication([Mode.TRANSFER], True, [pledged], TODAY))
    assert not list(unmet_for_publication([Mode.CO_DEVELOPMENT], True, [frozen], TODAY))


ABROAD = {"buyer_foreign": True}


@pytest.mark.parametrize(
    ("export_class", "given", "lacks"),
    [
        (None, [], E.EXPORT_DETERMINATION),
        (ExportClass.FREE, [], None),
        (ExportClass.PROHIBITED, [], "nothing settles it"),
        (ExportClass.RESTRICTED, [], E.EXPORT_LETTER_OF_INTENT),
        (ExportClass.RESTRICTED, [E.EXPORT_LETTER_OF_INTENT], None),
    ],
)
def test_xb_1_what_a_party_under_foreign_control_may_be_shown(
    export_class: ExportClass | None, given: list[EvidenceKind], lacks: str | None
) -> None:
    document = {"export_class": export_class} if export_class else {}
    known = facts(document=document, proofs=[a_proof(kind) for kind in given], **ABROAD)
    found = unmet(known).get("export", [])
    assert found == ([] if lacks is None else [lacks if lacks in list(E) else None])
    assert "export" not in required(replace(known, buyer_foreign=False))


def test_xb_1_a_later_determination_goes_before_the_listing() -> None:
    known = facts(document={"export_class": "free"}, **ABROAD)
    determined = a_proof(E.EXPORT_DETERMINATION, export_class=ExportClass.PROHIBITED)
    assert unmet(replace(known, proofs=[determined]))["export"] == [None]


@pytest.mark.parametrize("mode", [Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.EQUITY])
def test_xb_6_what_goes_abroad_for_good_is_reviewed(mode: Mode) -> None:
    known = facts(mode=mode, document={"export_class": "free"}, **ABROAD)
    assert unmet(known)["export"] == [E.IP_TRANSFER_REVIEW]
    assert "export" not in unmet(replace(known, proofs=[a_proof(E.IP_TRANSFER_REVIEW)]))


def test_xb_7_publicly_funded_rights_go_abroad_with_the_funder_s_approval() -> None:
    funded = {"funding": {"state_funded": True}, "export_class": "free"}
    known = facts(mode=Mode.EXCLUSIVE_LICENCE, document=funded, **ABROAD)
    assert unmet(known)["funder_approval"] == [E.FUNDER_APPROVAL]
    assert "funder_approval" not in unmet(replace(known, proofs=[a_proof(E.FUNDER_APPROVAL)]))
    assert "funder_approval" not in required(replace(known, mode=Mode.ORDINARY_LICENCE))
    assert "funder_approval" not in required(replace(known, buyer_foreign=False))


def test_pr_10_the_decision_is_on_paper() -> None:
    assert unmet(facts())["internal_decision"] == [E.INTERNAL_DECISION]
    assert "internal_decision" not in unmet(facts(proofs=[a_proof(E.INTERNAL_DECISION)]))


def test_ct_23_each_side_shows_who_signs() -> None:
    seller = a_proof(E.AUTHORITY_TO_SIGN, given_as=Party.SELLER)
    buyer = a_proof(E.AUTHORITY_TO_SIGN, given_as=Party.BUYER)
    assert len(unmet(facts())["authority_to_sign"]) == 2
    assert len(unmet(facts(proofs=[seller]))["authority_to_sign"]) == 1
    assert "authority_to_sign" not in unmet(facts(proofs=[seller, buyer]))


@pytest.mark.parametrize("kind", EvidenceKind)
def test_a_document_says_what_one_of_its_kind_has_to(kind: EvidenceKind) -> None:
    bare = NewEvidence(kind=kind, title="A document", sha256="ab" * 32)
    assert [problem.pointer for problem in problems(bare, TODAY)] == [f"/{name}" for name in NEEDS[kind]]


def test_a_document_is_not_issued_in_the_future_nor_ends_before_it_begins() -> None:
    late = NewEvidence(
        kind=E.INTERNAL_DECISION,
        title="Minutes",
        sha256="ab" * 32,
        issued_by="Council",
        issued_on=TODAY + timedelta(days=1),
        valid_until=TODAY,
    )
    assert [problem.pointer for problem in problems(late, TODAY)] == ["/issued_on", "/valid_until"]
