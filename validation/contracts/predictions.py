"""The contract of predictions."""

from registry.domain.columns import PREDICTIONS
from validation.contracts.expectation import Expectation, never_null, not_future, standard

EXPECTATIONS: tuple[Expectation, ...] = (
    *standard(PREDICTIONS),
    never_null("score", when=("status", "scored")),
    never_null("decision", when=("status", "scored")),
    not_future("predicted_at"),
)
