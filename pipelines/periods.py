"""Periods of reports: `2026`, `2026-Q3`, `2026-09`, `2026-01-01..2026-03-31`; both ends included."""

import calendar
import re
from datetime import date

from registry.domain.errors import UsageError

_FORMS = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2}))?|(?P<start>\d{4}-\d{2}-\d{2})\.\.(?P<end>\d{4}-\d{2}-\d{2})",
)


def period_days(text: str) -> tuple[date, date]:
    """Return the first and the last day of a period.

    Raises:
        UsageError: when the text is no period.
    """
    found = _FORMS.fullmatch(text)
    try:
        if found is not None:
            return _range(found) if found["start"] else _calendar(found)
    except ValueError as error:
        raise _refused(text) from error
    raise _refused(text)


def _refused(text: str) -> UsageError:
    return UsageError("not a period", where=text[:40], mend="write 2026, 2026-Q3, 2026-09 or 2026-01-01..2026-03-31")


def _range(found: re.Match[str]) -> tuple[date, date]:
    start, end = date.fromisoformat(found["start"]), date.fromisoformat(found["end"])
    if end < start:
        raise ValueError("a period that ends before it starts")
    return start, end


def _calendar(found: re.Match[str]) -> tuple[date, date]:
    year = int(found["year"])
    first, last = 1, 12
    if found["quarter"]:
        first = 3 * int(found["quarter"]) - 2
        last = first + 2
    elif found["month"]:
        first = last = int(found["month"])
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])
