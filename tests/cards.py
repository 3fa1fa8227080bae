"""A version with real-looking evaluations, for tests of cards and lineage."""

from dataclasses import replace
from typing import Any

from worlds import ERIN, MODEL, World

from registry.cards.build import build_card
from registry.database import reading
from registry.domain.card import Card
from registry.domain.digest import digest_bytes
from registry.domain.estimate import Estimate
from registry.domain.event import Event
from registry.versions import find

DECLARATION: dict[str, Any] = {
    "fields": {
        "developer_name": "The imaging group of the hospital",
        "intended_use": "Second reader for sarcoma in MRI of the limbs.",
        "known_biases": "Scores of children have not been compared with those of adults.",
        "keywords": ["sarcoma", "MRI"],
        "modalities": ["MR"],
    },
    "not_applicable": {"foundation_models": "none is used"},
    "claims": [
        {"metric": "AUROC", "on": "internal", "value": "0.91", "interval": ["0.88", "0.94"], "n": 640},
    ],
}


def estimates(auc: float = 0.9123456789, n: int = 640) -> tuple[Estimate, ...]:
    """Return what an evaluation measures: the whole cohort, and two scanners."""
    whole = (
        Estimate("auc", auc, auc - 0.03, auc + 0.03, n, 210, 300, method="DeLong 1988"),
        Estimate("sensitivity", 0.85, 0.8, 0.9, n, 210, 300),
        Estimate("ece", None, None, None, n, reason="too few"),
    )
    return (*whole, *(Estimate(f"auc:scanner=p:{name}", auc, auc - 0.1, auc + 0.05, n // 2) for name in "ab"))


def evaluate(world: World, cohort: str = "internal", auc: float = 0.9123456789, scores: bytes = b"scores") -> Event:
    """Put an evaluation with metrics on record."""
    evaluation = replace(world.evaluation(cohort), metrics=estimates(auc), scores_digest=digest_bytes(scores))
    return world.lifecycle.record_evaluation(evaluation, ERIN)


def card_of(world: World, version: str = "1") -> Card:
    """Return the card of a version as the record stands now."""
    with reading(world.ledger.engine) as session:
        return build_card(session, world.objects, find(session, MODEL, version))
