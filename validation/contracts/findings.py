"""The contract of findings."""

from registry.domain.columns import FINDINGS
from validation.contracts.expectation import Expectation, standard

EXPECTATIONS: tuple[Expectation, ...] = standard(FINDINGS)
