"""The monitoring plan: complete or refused, the same bytes both ways, one digest a content."""

from typing import Any

import pytest

from registry.domain.plan import MonitoringPlan, plan_from
from registry.domain.plan_response import (
    ALERT_FAMILIES,
    DEFAULT_ACTIONS,
    DEFAULT_FALLBACKS,
    DEFAULT_OWNERS,
    RESPONSE_OF_CAUSE,
)
from registry.domain.signal import CAUSES


def test_a_plan_reads_back_with_the_same_digest_and_any_change_gives_another() -> None:
    plan = MonitoringPlan()
    assert plan_from(plan.to_json()) == plan
    changes: list[dict[str, Any]] = [
        {"cadence_days": 7},
        {"margins": {"score_level": 0.1}},
        {"stop_rules": {"scanner": 3}},
        {"detectors": {"score": "ewma"}},
        {"owners": dict(DEFAULT_OWNERS) | {"score": "physicist"}},
    ]
    digests = {plan_from(change).digest for change in changes}
    assert len(digests | {plan.digest}) == len(changes) + 1


@pytest.mark.parametrize(
    ("part", "standard", "said"),
    [
        ("actions", DEFAULT_ACTIONS, "no action for: routing"),
        ("owners", DEFAULT_OWNERS, "no owner for: routing"),
        ("fallbacks", DEFAULT_FALLBACKS, "no fallback for: routing"),
    ],
)
def test_a_family_without_action_owner_or_fallback_is_refused(part: str, standard: dict[str, str], said: str) -> None:
    assert plan_from({part: dict(standard)}) == MonitoringPlan()
    for without in ({}, {"routing": " "}):
        entries = {key: text for key, text in standard.items() if key != "routing"} | without
        with pytest.raises(ValueError, match=said):
            plan_from({part: entries})
    with pytest.raises(ValueError, match="unknown family: weather"):
        plan_from({part: dict(standard) | {"weather": "look out"}})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": {"weather": 0.1}}, "unknown family: weather"),
        ({"budget": {"score": 0.9, "input": 0.2}}, "add up to at most 1"),
        ({"budget": {"score": "much"}}, "table of numbers"),
        ({"detectors": {"score": "oracle"}}, "score is one of glr, cusum, ewma, e"),
        ({"detectors": {"routing": "cusum"}}, "routing is one of glr"),
        ({"detectors": {"subgroup": "e"}}, "subgroup is one of glr, cusum, ewma"),
        ({"margins": {"score_level": 3}}, "lies in 0..2"),
        ({"margins": {"positive_share": 0.5}}, "lies in 1..10"),
        ({"margins": {"sensitivity": 0.1}}, "unknown stream: sensitivity"),
        ({"stop_rules": {"scanner": -1}}, "scanner gives no whole days"),
        ({"stop_rules": {"scanner": 2.5}}, "scanner gives no whole days"),
        ({"stop_rules": {"scanner": 366}}, "0 to 365"),
        ({"stop_rules": {"weather": 3}}, "weather names no cause"),
        ({"stop_rules": {"mine": {"cause": "scaner", "days": 3}}}, "did you mean 'scanner'"),
        ({"stop_rules": {"mine": {"cause": "SEQ009", "days": 3, "fallback": "read alone"}}}, "unknown cause"),
        ({"stop_rules": {"mine": {"cause": "any", "days": 3}}}, "several families and names no fallback"),
        ({"stop_rules": {"mine": {"cause": "model", "days": 3, "scope": "stratum"}}}, "names no stratum"),
        ({"stop_rules": {"mine": {"cause": "model", "days": 3, "resumer": "engineer"}}}, "resumes nothing"),
        ({"stop_rules": {"mine": {"cause": "model", "days": 3, "owner": "me"}}}, "unknown key: owner"),
        ({"stop_rules": {"mine": {"days": 3}}}, "mine names no cause"),
        ({"cadence_days": 0}, "cadence_days"),
        ({"number": 0}, "number"),
        ({"window_days": 10**11}, "window_days of the monitoring plan is at most 3653"),
        ({"reference_days": 10**6}, "reference_days of the monitoring plan is at most 3653"),
        ({"false_alerts_per_model_year": 0}, "above 0"),
        ({"false_alerts_per_model_year": float("inf")}, "above 0"),
        ({"false_alerts_per_model_year": float("nan")}, "above 0"),
        ({"subgroup_axes": ["sex", "sex"]}, "names one twice"),
        ({"subgroup_axes": ["patient"]}, "patient makes no groups"),
        ({"subgroup_axes": ["day"]}, "day makes no groups"),
        ({"subgroup_axes": ["sex", "study_uid", "acquired_at"]}, "acquired_at, study_uid makes no groups"),
        ({"pairs": ["sex*series_uid"]}, "series_uid makes no groups"),
    ],
)
def test_what_a_plan_cannot_say_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plan_from(change)


@pytest.mark.parametrize("axis", ["sex", "age_band", "scanner", "protocol_name", "software_versions", "site", "coil"])
def test_whatever_forms_groups_may_be_an_axis(axis: str) -> None:
    assert plan_from({"subgroup_axes": [axis], "pairs": [f"{axis}*modality"]}).subgroup_axes == (axis,)


def test_a_stop_rule_of_a_plan_takes_fallback_and_causes_from_its_family_unless_it_names_its_own() -> None:
    own = {"cause": "software,SEQ006", "days": 3, "model": "nodule", "fallback": "read alone", "scope": "deployment"}
    plan = plan_from({"stop_rules": {"scanner": 28, "upgrade": own | {"resumer": "quality officer"}}})
    family, upgrade = plan.stops
    assert (family.model, family.rule.cause) == ("", "protocol,scanner,software")
    assert (family.rule.fallback, family.rule.resumer) == (DEFAULT_FALLBACKS["scanner"], "clinical lead")
    assert (upgrade.model, upgrade.rule.fallback, upgrade.rule.resumer) == ("nodule", "read alone", "quality officer")
    assert plan_from(plan.to_json()) == plan
    assert [one.rule.days for one in MonitoringPlan().stops] == [14, 28, 28]


def test_each_kind_of_cause_has_one_response_and_each_family_one_code() -> None:
    assert set(RESPONSE_OF_CAUSE) == set(CAUSES)
    assert set(RESPONSE_OF_CAUSE.values()) <= set(DEFAULT_ACTIONS)
    assert ALERT_FAMILIES["SEQ006"] == "scanner"
    assert len(ALERT_FAMILIES) == 8
