"""The catalogue of signals: permanent, complete, documented."""

import re
from pathlib import Path
from string import Formatter

import pytest

from monitors.catalogue import CATALOGUE, SEQUENTIAL
from monitors.families import CATEGORICAL, MEASURED, NUMERIC, WORK_UNITS
from monitors.signal_type import SignalType
from registry.domain.columns import TABLES
from registry.domain.signal import MONITORS

PAGE = (Path(__file__).parents[2] / "docs/reference/signals.md").read_text()
SECTIONS = dict(re.findall(r"^## ([A-Z]{3}[0-9]{3})\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
FIELDS = {"value", "interval", "n", "patients", "limit", "subject"}
ENTRIES = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))


def test_the_page_has_one_section_for_each_code_and_no_other() -> None:
    assert set(SECTIONS) == set(CATALOGUE)


@ENTRIES
def test_each_section_says_what_the_catalogue_says(entry: SignalType) -> None:
    section = SECTIONS[entry.code]
    for said in (entry.title, f"`{entry.monitor}`", f"`{entry.statistic}`", entry.limit, *entry.needs):
        assert said in section


@ENTRIES
def test_each_entry_names_a_known_monitor_and_known_columns(entry: SignalType) -> None:
    assert entry.monitor in MONITORS
    for need in entry.needs:
        table, _, column = need.partition(".")
        assert TABLES[table].column(column) is not None if column else table in TABLES


@ENTRIES
def test_each_sentence_uses_known_fields_and_ends_with_a_full_stop(entry: SignalType) -> None:
    assert {field for _, field, _, _ in Formatter().parse(entry.says) if field} <= FIELDS
    assert all(text.endswith(".") for text in (entry.says, entry.calm, entry.raised))


def test_the_page_names_every_column_that_is_counted_with_its_unit() -> None:
    for name, unit in (*NUMERIC.items(), *MEASURED.items()):
        assert f"| `{name}` | {unit} |" in PAGE
    assert all(f"| `{name}` | | as it is |" in PAGE for name in CATEGORICAL)
    assert all(f"| `{name}` | {unit} | {most} |" in PAGE for name, (unit, most) in WORK_UNITS.items())
    assert {name: TABLES["acquisitions"].by_name[name].unit for name in NUMERIC} == dict(NUMERIC)


def test_every_family_of_the_budget_has_its_sequential_code() -> None:
    assert len(SEQUENTIAL) == 8


def test_permanent_codes_are_not_renamed() -> None:
    names = {code: entry.statistic for code, entry in CATALOGUE.items() if not code.startswith("SEQ")}
    assert names == {
        "INP001": "quantity_drift",
        "INP002": "category_drift",
        "INP003": "new_level_share",
        "INP004": "embedding_drift",
        "SCO001": "score_ks",
        "SCO002": "positive_rate",
        "SCO003": "score_wasserstein",
        "SCO004": "prevalence",
        "SCO005": "score_beyond_prevalence",
        "SCO006": "early_chart",
        "PRF001": "auc",
        "PRF002": "sensitivity",
        "PRF003": "specificity",
        "PRF004": "concordance",
        "PRF005": "verification_gap",
        "PRF006": "corrected_sensitivity",
        "PRF007": "corrected_specificity",
        "PRF008": "surrogate_sensitivity",
        "PRF009": "surrogate_specificity",
        "PRF010": "claimed_auc",
        "PRF011": "claimed_sensitivity",
        "PRF012": "claimed_specificity",
        "PRF013": "audited_sensitivity",
        "PRF014": "audited_specificity",
        "PRF015": "audit_chart",
        "CAL001": "calibration_in_the_large",
        "CAL002": "ece",
        "CAL003": "calibration_slope",
        "CAL004": "calibration_intercept",
        "CAL005": "brier",
        "CAL006": "reliability",
        "SUB001": "auc_gap",
        "SUB002": "sensitivity_gap",
        "SUB003": "auc",
        "SUB004": "sensitivity",
        "SUB005": "missing_rate",
        "SUB006": "specificity_gap",
        "SUB007": "ppv_gap",
        "SUB008": "calibration_gap",
        "SUB009": "gap_within_margin",
        "SUB010": "pooled_sensitivity",
        "SUB011": "gap_within_scanners",
        "SCN001": "positive_rate",
        "SCN002": "sensitivity",
        "SCN003": "positive_rate_spread",
        "SCN004": "sensitivity_spread",
        "SCN005": "quality_shift",
        "SCN006": "quality_between_scanners",
        "SCN007": "silent_days",
        "SCN008": "auc_of_scanners",
        "SCN009": "harmonised_share",
        "SCN010": "unharmonised_share",
        "OVR001": "override_rate",
        "OVR002": "override_cell",
        "OVR003": "ai_shown_unknown",
        "OVR004": "readers_outside_limits",
        "OVR005": "override_gap_on_like_cases",
        "OVR006": "readers_apart_on_like_cases",
        "OVR007": "finding_rejected",
        "OVR008": "click_contradicts",
        "OVR009": "chance_corrected_agreement",
        "OVS001": "override_given_right",
        "OVS002": "acceptance_given_wrong",
        "OVS003": "errors_with_the_model",
        "OVS004": "readers_following_wrong",
        "OVS005": "discernment",
        "OVS006": "read_time_ratio",
        "OVS007": "readers_with_collapsed_time",
        "OVS008": "readers_with_the_model",
        "OVS009": "model_against_readers",
        "OVS010": "reader_agreement",
        "COV001": "scored_share",
        "COV002": "outside_envelope_share",
        "COV003": "unseen_share",
        "COV004": "unregistered_share",
        "WRK001": "turnaround_ratio",
        "WRK002": "read_time_ratio",
        "WRK003": "dose_ratio",
        "WRK004": "contrast_ratio",
        "WRK005": "repeat_rate",
        "RTG001": "received_share",
        "RTG002": "longest_silence",
        "SEG001": "empty_mask_rate",
        "SEG002": "component_count",
        "SEG003": "volume_ratio",
        "SEG004": "dice",
        "SEG005": "hd95",
        "DET001": "findings_per_unit",
        "DET002": "froc_sensitivity",
        "DET003": "froc_point",
        "TRI001": "notification_ratio",
        "DAT001": "decision_disagreement",
        "DAT002": "auc_tie_bound",
        "DAT003": "unjoined_share",
    }
