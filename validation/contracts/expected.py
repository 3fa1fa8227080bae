"""The contract of expected arrivals."""

from registry.domain.columns import EXPECTED
from validation.contracts.expectation import Expectation, standard

EXPECTATIONS: tuple[Expectation, ...] = standard(EXPECTED)
