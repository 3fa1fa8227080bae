"""A complete change plan that tests change at one place."""

from copy import deepcopy
from typing import Any

METHODS = {"metric_code": "sha256:" + "0c" * 32, "statistics": {"verdict": "on the lower bound"}}
AREAS = ("data_management", "retraining", "performance_evaluation", "update_procedure")


def plan_record(model: str, cohort: str, **acceptance: Any) -> dict[str, Any]:
    """Return a plan of two modifications, as TOML would give it."""
    names = ("retrain", "new-scanner")
    entry = {
        "what": "weights are fitted anew on newer studies",
        "rationale": "the case mix moves",
        "implementation_mode": "manual",
        "roll_out": "global",
        "frequency": "at most once a quarter",
        "expected_effect": "the area does not fall",
        "within_intended_use": True,
    }
    covers: dict[str, dict[str, list[str]]] = {
        "retrain": {"training_studies": ["*"], "recipe": ["*"], "software": ["*"]},
        "new-scanner": {"scanners": ["*"], "scanner_models": ["Verio"]},
    }
    rules = {
        "test_cohort": cohort,
        "original_version": "1",
        "alpha": 0.025,
        "looks": 3,
        "criteria": [{"metric": "auc", "margin_to_original": 0.45, "margin_to_deployed": "0.45"}],
    }
    return deepcopy(
        {
            "model": model,
            "number": 1,
            "title": "retraining and new scanners",
            "intended_use": "marks slices that hold a lesion",
            "description_of_modifications": [{"id": name, "covers": covers[name], **entry} for name in names],
            "modification_protocol": {name: dict.fromkeys(AREAS, "as the protocol says") for name in names},
            "impact_assessment": {
                **{name: {"benefit": "b", "risk": "r", "mitigation": "N/A: no further risk"} for name in names},
                "cumulative": "the floor bounds the sum",
            },
            "acceptance": rules | acceptance,
        }
    )
