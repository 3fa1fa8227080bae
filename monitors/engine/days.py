"""The site-local day of many instants at once (contract, section 4a)."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels
from monitors.engine.columns import Instants

_DAY_US = 86_400_000_000
_EPOCH_ORDINAL = 719_163  # date(1970, 1, 1).toordinal()


def local_days(when: Instants, site: Labels, zone_of: Callable[[str], str]) -> Integers:
    """Return the proleptic ordinal of the calendar day at the row's site; 0 where the instant is missing.

    Args:
        when: UTC instants, shape (n,).
        site: the site of each row.
        zone_of: gives a site's IANA time zone.
    """
    days = np.zeros(len(when), dtype=np.int64)
    known = ~np.isnat(when)
    micros = when.astype("datetime64[us]").astype(np.int64)
    for code, name in enumerate(site.levels):
        rows = np.flatnonzero(known & (site.codes == code))
        if len(rows):
            days[rows] = _zone_days(micros[rows], ZoneInfo(zone_of(name)))
    return days


def _zone_days(micros: npt.NDArray[np.int64], zone: ZoneInfo) -> Integers:
    """Shift by the zone's offset; where the offset changes within a UTC day, each instant asks for its own."""
    utc_days = micros // _DAY_US
    distinct, back = np.unique(utc_days, return_inverse=True)
    starts = np.array([_offset_us(int(day) * _DAY_US, zone) for day in distinct], dtype=np.int64)
    ends = np.array([_offset_us((int(day) + 1) * _DAY_US - 1, zone) for day in distinct], dtype=np.int64)
    offsets = starts[back]
    for row in np.flatnonzero((starts != ends)[back]).tolist():
        offsets[row] = _offset_us(int(micros[row]), zone)
    return (micros + offsets) // _DAY_US + _EPOCH_ORDINAL


def _offset_us(micros: int, zone: ZoneInfo) -> int:
    seconds, rest = divmod(micros, 1_000_000)
    instant = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    offset = instant.astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1_000_000)
