"""The numbers of the packs, held a second time: whoever changes one reads the rule again and changes both."""

from datetime import date

import pytest

from market.rules.packs import library
from schemas.vocabulary import RuleMark, RuleUnit

C, S, U, OWN = None, RuleMark.SECONDARY, RuleMark.UNCONFIRMED, RuleMark.OWN

# rule, pack, name, value, unit, mark: those in force on 1 April 2026
LAW = [
    ("PR-2", "GENERIC", "notice_lapse", 12, "months", OWN),
    ("PR-3", "CN", "price_publicity", 15, "days", U),
    ("PR-3", "CN-ZJ", "price_publicity", 15, "days", C),
    ("PR-8", "CN", "reward_publicity", 15, "days", OWN),
    ("PR-8", "CN-ZJ", "reward_publicity", 15, "days", C),
    ("PR-9", "CN", "cash_reward_publicity", 15, "working_days", U),
    ("PR-11", "GENERIC", "objection_answer", 10, "working_days", OWN),
    ("PR-14", "CN-SOE", "sale_disclosure", 20, "working_days", S),
    ("PR-14", "CN-SOE", "result_publicity", 5, "working_days", S),
    ("PR-14", "CN-SOE", "first_instalment_floor", 30, "percent", S),
    ("PR-14", "CN-SOE", "instalments_span", 1, "years", S),
    ("PR-14", "CN-SOE", "price_of_appraisal_floor", 100, "percent", S),
    ("PR-14", "CN-SOE", "price_of_appraisal_approval_below", 90, "percent", S),
    ("PR-15", "CN-SOE", "asset_disclosure_from", 1_000_000, "CNY", S),
    ("PR-15", "CN-SOE", "asset_disclosure", 10, "working_days", S),
    ("PR-15", "CN-SOE", "large_asset_from", 10_000_000, "CNY", S),
    ("PR-15", "CN-SOE", "large_asset_disclosure", 20, "working_days", S),
    ("RV-1", "CN", "transfer_income_floor", 50, "percent", C),
    ("RV-1", "CN", "licence_income_floor", 50, "percent", C),
    ("RV-1", "CN", "equity_floor", 50, "percent", C),
    ("RV-1", "CN", "operating_profit_floor", 5, "percent", C),
    ("RV-1", "CN", "operating_profit_least_span", 3, "years", C),
    ("RV-1", "CN", "operating_profit_most_span", 5, "years", C),
    ("RV-2", "CN-BJ", "transfer_income_standard", 70, "percent", C),
    ("RV-2", "CN-BJ", "licence_income_standard", 70, "percent", C),
    ("RV-2", "CN-BJ", "equity_standard", 70, "percent", C),
    ("RV-2", "CN-BJ", "operating_profit_standard", 5, "percent", C),
    ("RV-2", "CN-BJ", "operating_profit_standard_span", 5, "years", C),
    ("RV-4", "CN-ZJ", "transfer_income_floor", 70, "percent", C),
    ("RV-4", "CN-ZJ", "licence_income_floor", 70, "percent", C),
    ("RV-4", "CN-ZJ", "equity_floor", 70, "percent", C),
    ("RV-4", "CN-ZJ", "operating_profit_standard", 10, "percent", C),
    ("RV-4", "CN-ZJ", "operating_profit_standard_span", 5, "years", C),
    ("RV-4", "CN-ZJ", "main_contributors_floor", 70, "percent", C),
    ("RV-4", "CN-ZJ", "transfer_staff_floor", 5, "percent", C),
    ("RV-5", "CN", "main_contributors_floor", 50, "percent", S),
    ("RV-6", "CN-ZJ", "reward_payout", 6, "months", C),
    ("RV-9", "CN-BJ", "service_income_standard", 20, "percent", C),
    ("RV-10", "CN", "invention_bonus", 4_000, "CNY", C),
    ("RV-10", "CN", "utility_model_bonus", 1_500, "CNY", C),
    ("RV-10", "CN", "design_bonus", 1_500, "CNY", C),
    ("RV-10", "CN", "patent_bonus_due", 3, "months", C),
    ("RV-11", "CN", "use_right_least_span", 10, "years", S),
    ("RV-12", "CN-BJ", "unused_result_clock", 12, "months", C),
    ("RV-12", "CN-ZJ", "unused_result_clock", 12, "months", C),
    ("RV-17", "CN-SH", "annual_report_on", "03-30", "month_day", C),
    ("RV-17", "CN-SH", "annual_report_forwarded_on", "04-30", "month_day", C),
    ("RV-17", "CN-ZJ", "annual_report_on", "03-30", "month_day", C),
    ("RV-18", "GENERIC", "introduction_tail", 12, "months", OWN),
    ("CT-13", "CN", "licence_recordal", 3, "months", C),
    ("CT-15", "CN", "contract_registration", 15, "working_days", S),
    ("CT-15", "CN", "large_contract_registration", 30, "working_days", S),
    ("CT-15", "CN", "large_contract_from", 5_000_000, "CNY", S),
    ("CT-20", "CN", "technology_income_exempt", 5_000_000, "CNY", U),
    ("CT-20", "CN", "technology_income_taxed_above", 50, "percent", U),
    ("CT-20", "CN", "technology_income_licence_least_span", 5, "years", S),
    ("CT-22", "CN", "cash_reward_taxed", 50, "percent", U),
    ("CT-22", "CN", "cash_reward_tax_window", 3, "years", U),
    ("OL-6", "CN", "open_licence_fee_usual", 20_000_000, "CNY", S),
    ("OL-6", "CN", "open_licence_sales_royalty_usual", 20, "percent", S),
    ("OL-6", "CN", "open_licence_profit_royalty_usual", 40, "percent", S),
    ("PL-2", "CN", "invention_term", 20, "years", C),
    ("PL-2", "CN", "utility_model_term", 10, "years", C),
    ("PL-2", "CN", "design_term", 15, "years", C),
    ("PL-2", "GENERIC", "invention_term", 20, "years", S),
    ("PL-2", "GENERIC", "design_term", 10, "years", S),
    ("XB-2", "CN", "export_application", 30, "working_days", C),
    ("XB-2", "CN", "export_licence", 15, "working_days", C),
    ("XB-3", "CN", "export_registration", 3, "working_days", C),
    ("PD-1", "CN", "transaction_records_kept", 3, "years", C),
    ("PD-1", "CN", "rule_change_public", 7, "days", C),
    ("PD-2", "CN", "complaint_restored", 15, "days", C),
    ("PD-5", "CN", "auction_records_kept", 5, "years", C),
    ("PD-5", "CN", "appraisal_records_kept", 15, "years", C),
    ("PD-5", "CN", "statutory_appraisal_records_kept", 30, "years", C),
]
ON = date(2026, 4, 1)
COUNTED = set(RuleUnit) - {RuleUnit.FLAG, RuleUnit.WORDS, RuleUnit.TEXT}


@pytest.mark.parametrize(("rule", "pack", "name", "value", "unit", "mark"), LAW)
def test_a_value_is_that_of_the_rule(
    rule: str, pack: str, name: str, value: int | str, unit: str, mark: RuleMark | None
) -> None:
    found = library().packs[pack].at(name, ON)
    assert found is not None
    assert (found.rule, found.value, found.unit, found.mark) == (rule, value, unit, mark)


def test_no_number_of_a_pack_is_left_out_here() -> None:
    """Add a value together with the row that a second pair of eyes has read."""
    counted = {
        (pack.file.id, value.name)
        for pack in library().packs.values()
        for value in pack.file.values
        if value.unit in COUNTED and pack.at(value.name, ON)
    }
    assert counted == {(pack, name) for _, pack, name, *_ in LAW}
