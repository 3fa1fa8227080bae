"""The contract of measurements."""

from registry.domain.columns import MEASUREMENTS
from validation.contracts.expectation import Expectation, one_within, standard

EXPECTATIONS: tuple[Expectation, ...] = (*standard(MEASUREMENTS), one_within("unit", "name"))
