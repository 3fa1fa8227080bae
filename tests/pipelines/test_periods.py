"""Periods of reports."""

from datetime import date

import pytest

from pipelines.periods import period_days
from registry.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-01-05..2026-01-06", date(2026, 1, 5), date(2026, 1, 6)),
    ],
)
def test_a_period_has_its_first_and_last_day(text: str, first: date, last: date) -> None:
    assert period_days(text) == (first, last)


@pytest.mark.parametrize(
    "text", ["2026-Q5", "2026-13", "26", "2026-02-30..2026-03-01", "2026-02-03..2026-02-01", "", "2026-Q3x"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a period"):
        period_days(text)
