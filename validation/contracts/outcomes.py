"""The contract of outcomes."""

from registry.domain.columns import OUTCOMES
from validation.contracts.expectation import Expectation, not_future, one_within, standard

EXPECTATIONS: tuple[Expectation, ...] = (
    *standard(OUTCOMES),
    not_future("established_at"),
    one_within("unit", "target"),
)
