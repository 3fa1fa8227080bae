"""Cron expressions of five fields: when a schedule is due, in its own time zone.

Fields: minute, hour, day of month, month, day of week; `*`, `3`, `1-5`, `*/15`, `1-20/5`, lists of these with commas,
and the names of months and days. Where both day fields are restricted a day that fits either is due (POSIX crontab).
When clocks go forward, a time that is skipped is due as much later as they jump; when they go back, an hour that comes
twice is due once, unless the hour field is `*`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: n for n, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS = {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(?P<low>\*|\w+)(?:-(?P<high>\w+))?(?:/(?P<step>\d{1,4}))?", re.ASCII)
_LONGEST = timedelta(days=366 * 8)  # 29 February comes within eight years, over 2100 too
MAX_LETTERS = 100


@dataclass(frozen=True)
class _Field:
    """One field: its name, its least and greatest value, its names."""

    name: str
    low: int
    high: int
    words: Mapping[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """A cron expression, read; `days_of_week` counts Sunday as 0."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days_of_month: frozenset[int]
    months: frozenset[int]
    days_of_week: frozenset[int]
    either_day: bool
    every_hour: bool

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read an expression.

        Raises:
            ValueError: saying which field is wrong, or that no day ever fits.
        """
        words = text.lower().split()
        if len(words) != len(_FIELDS) or len(text) > MAX_LETTERS:
            raise ValueError(f"a cron expression has five fields, not {len(words)}")
        minutes, hours, days, months, weekdays = (
            _values(word, field) for word, field in zip(words, _FIELDS, strict=True)
        )
        restricted = not words[2].startswith("*") and not words[4].startswith("*")
        found = cls(
            " ".join(words),
            tuple(sorted(minutes)),
            tuple(sorted(hours)),
            days,
            months,
            frozenset(day % 7 for day in weekdays),
            restricted,
            words[1] == "*",
        )
        if not restricted and all(min(days) > _DAYS_OF_MONTH[month - 1] for month in months):
            raise ValueError("no month that is named has that day")
        return found

    def fits(self, day: date) -> bool:
        """Say whether a local calendar day is one of the expression's."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days_of_month, day.isoweekday() % 7 in self.days_of_week
        return (by_month or by_week) if self.either_day else (by_month and by_week)

    def due(self, after: datetime, until: datetime, zone: str) -> Iterator[datetime]:
        """Yield the instants (UTC) later than `after` and not later than `until`, in order; both are aware."""
        place = ZoneInfo(zone)
        day, last = after.astimezone(place).date() - timedelta(days=1), until.astimezone(place).date()
        while day <= last:
            if self.fits(day):
                yield from (moment for moment in self._moments(day, place) if after < moment <= until)
            day += timedelta(days=1)

    def following(self, after: datetime, zone: str) -> datetime:
        """Return the first instant (UTC) later than `after`.

        Raises:
            ValueError: when the expression is not due within eight years.
        """
        found = next(self.due(after, after + _LONGEST, zone), None)
        if found is None:
            raise ValueError("the expression is never due")
        return found

    def _moments(self, day: date, zone: ZoneInfo) -> list[datetime]:
        folds = (0, 1) if self.every_hour else (0,)
        walls = [datetime.combine(day, time(hour, minute)) for hour in self.hours for minute in self.minutes]
        return sorted({wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for wall in walls for fold in folds})


def _values(word: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        read = _PART.fullmatch(part)
        if read is None:
            raise ValueError(f"the {field.name} field is not one that can be read")
        found.update(_range(read, field))
    return frozenset(found)


def _range(read: re.Match[str], field: _Field) -> Sequence[int]:
    step = 1 if read["step"] is None else int(read["step"])
    if read["low"] == "*":
        low, high = field.low, min(field.high, 6) if field.name == "day of week" else field.high
        whole = read["high"] is None
    else:
        low = _number(read["low"], field)
        high = _number(read["high"], field) if read["high"] else (field.high if read["step"] else low)
        whole = True
    if not whole or step == 0 or not field.low <= low <= high <= field.high:
        raise ValueError(f"the {field.name} field reaches from {field.low} to {field.high}, low before high")
    return range(low, high + 1, step)


def _number(word: str, field: _Field) -> int:
    if word in field.words:
        return field.words[word]
    if not word.isdigit():
        raise ValueError(f"the {field.name} field is not one that can be read")
    return int(word)
