"""The monitoring plan: complete or refused, the same bytes both ways, one digest a content."""

from typing import Any

import pytest

from registry.domain.plan import MonitoringPlan, plan_from
from registry.domain.plan_response import DEFAULT_ACTIONS, DEFAULT_FALLBACKS, DEFAULT_OWNERS


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
        ({"stop_rules": {"scanner": 0}}, "whole days: scanner"),
        ({"stop_rules": {"weather": 3}}, "whole days: weather"),
        ({"cadence_days": 0}, "cadence_days"),
        ({"number": 0}, "number"),
    ],
)
def test_what_a_plan_cannot_say_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plan_from(change)
