"""The contract of acquisitions."""

from registry.domain.columns import ACQUISITIONS
from validation.contracts.expectation import Expectation, not_future, one_within, standard

EXPECTATIONS: tuple[Expectation, ...] = (
    *standard(ACQUISITIONS),
    not_future("acquired_at"),
    one_within("patient", "study_uid"),
    one_within("site", "study_uid"),
)
