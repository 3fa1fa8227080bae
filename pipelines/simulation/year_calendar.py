"""The plan of a year: how many studies each site expects on each day and in each hour, and when that is in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from pipelines.simulation.hospital import SimulatedHospital

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
HOURS = 24
WEEK = np.array([1.22, 1.18, 1.16, 1.16, 1.10, 0.62, 0.56])  # Monday first; the mean is 1
HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})  # month and day; run like a Sunday
_BUSY = np.array([1, 1, 1, 1, 1, 1, 2, 5, 12, 14, 14, 13, 10, 11, 13, 12, 10, 7, 5, 4, 3, 2, 2, 1], float)
_CALM = np.array([2, 2, 2, 1, 1, 2, 2, 3, 5, 6, 7, 7, 6, 6, 6, 6, 5, 5, 5, 4, 4, 3, 3, 2], float)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK = 120_000  # studies that are drawn at once, about


@dataclass(frozen=True)
class Calendar:
    """Days and hours of a year at the sites of a hospital.

    Attributes:
        hospital: whose year it is.
        first: its first day.
        days: how many.
        volume: factor on the sites' studies a day.
    """

    hospital: SimulatedHospital
    first: date
    days: int
    volume: float

    @cached_property
    def dates(self) -> list[date]:
        """The days."""
        return [self.first + timedelta(days=day) for day in range(self.days)]

    @cached_property
    def calm(self) -> npt.NDArray[np.bool_]:
        """Which days are weekends or holidays."""
        return np.array([day.weekday() >= 5 or _holiday(day) for day in self.dates])

    @cached_property
    def expected(self) -> npt.NDArray[np.float64]:
        """Studies expected, by site and day."""
        weekday = [6 if _holiday(day) else day.weekday() for day in self.dates]
        per_day = [site.studies_per_day * self.volume for site in self.hospital.sites]
        found: npt.NDArray[np.float64] = np.outer(per_day, WEEK[weekday])
        return found

    @cached_property
    def hour_shares(self) -> npt.NDArray[np.float64]:
        """Share of a day's studies in each local hour, by day."""
        found: npt.NDArray[np.float64] = np.where(self.calm[:, None], _CALM / _CALM.sum(), _BUSY / _BUSY.sum())
        return found

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """UTC microseconds at which each local hour starts, by site, day and hour."""
        zones = [ZoneInfo(site.time_zone) for site in self.hospital.sites]
        return np.array([[_hours(day, zone) for day in self.dates] for zone in zones], np.int64)

    @cached_property
    def end(self) -> int:
        """UTC microseconds at which the last day has ended at every site; nothing later is known."""
        last = self.first + timedelta(days=self.days)
        return max(_hours(last, ZoneInfo(site.time_zone))[0] for site in self.hospital.sites)

    def chunks(self, most: int) -> Iterator[tuple[int, int]]:
        """Yield runs of days, each of at most `most` days and about 120,000 studies."""
        a_day = float(self.expected.sum()) / self.days
        step = max(1, min(most, int(_CHUNK / max(a_day, 1.0))))
        yield from ((start, min(start + step, self.days)) for start in range(0, self.days, step))

    def arrivals(self) -> tuple[Any, Any, Any]:
        """Return site, hour (UTC microseconds) and number of studies expected in every hour of the year."""
        numbers = self.expected[:, :, None] * self.hour_shares[None]
        site = np.broadcast_to(np.arange(len(self.hospital.sites))[:, None, None], numbers.shape)
        hours = self.starts // (60 * MINUTE) * (60 * MINUTE)
        # Where clocks go forward two local hours are one: their numbers add up. Whole hours leave room for the site.
        keys, place = np.unique((hours + site).ravel(), return_inverse=True)
        summed = np.bincount(place.ravel(), weights=numbers.ravel())
        return keys % (60 * MINUTE), keys // (60 * MINUTE) * (60 * MINUTE), np.round(summed, 4)


def _holiday(day: date) -> bool:
    return (day.month, day.day) in HOLIDAYS


def _hours(day: date, zone: ZoneInfo) -> list[int]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    local = (midnight.replace(hour=hour) for hour in range(HOURS))
    return [(one.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) for one in local]
