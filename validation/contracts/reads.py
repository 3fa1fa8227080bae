"""The contract of reads."""

from registry.domain.columns import READS
from validation.contracts.expectation import Expectation, not_future, standard

EXPECTATIONS: tuple[Expectation, ...] = (*standard(READS), not_future("read_at"))
