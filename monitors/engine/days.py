"""The site-local day of many instants at once (contract, section 4a)."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels
from monitors.engine.columns import Instants

_DAY_US = 86_400_000_000
_STEP_S = 86_400
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


def offset_changes(zone: str, first: str, last: str) -> list[tuple[str, str, int]]:
    """Return a zone's offsets from UTC in seconds, with the UTC texts from and before which each holds.

    Args:
        zone: an IANA name.
        first: the UTC text from which the changes matter; empty where nothing happened.
        last: the UTC text up to which they matter.
    """
    known = ZoneInfo(zone)
    if not first:
        return [("", "~", _offset_us(0, known) // 1_000_000)]
    start, end = (int(np.datetime64(text[:19], "s").astype(np.int64)) for text in (first, last))
    edges = [start, *(_change(at, known) for at in range(start, end + 1, _STEP_S) if _differs(at, known))]
    texts = ["", *(f"{np.datetime64(at, 's')}.000000Z" for at in edges[1:]), "~"]
    offsets = [_offset_us(at * 1_000_000, known) // 1_000_000 for at in edges]
    return list(zip(texts[:-1], texts[1:], offsets, strict=True))


def _differs(at: int, zone: ZoneInfo) -> bool:
    return _offset_us(at * 1_000_000, zone) != _offset_us((at + _STEP_S) * 1_000_000, zone)


def _change(low: int, zone: ZoneInfo) -> int:
    """Return the second at which the offset changes, within one step after `low`."""
    high, before = low + _STEP_S, _offset_us(low * 1_000_000, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_us(middle * 1_000_000, zone) == before:
            low = middle
        else:
            high = middle
    return high


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
