"""When an image was acquired: the first pair of date and time that is filled, in the site's zone unless it says so."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipelines.intake.dicom.fields import Fields

PAIRS = (
    ("AcquisitionDate", "AcquisitionTime"),
    ("SeriesDate", "SeriesTime"),
    ("StudyDate", "StudyTime"),
    ("ContentDate", "ContentTime"),
)
_DATE = re.compile(r"(\d{4})[.:-]?(\d{2})[.:-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_DATETIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")


class Acquired(NamedTuple):
    """An aware UTC instant, and where it was read (`AcquisitionDateTime`, `SeriesDate`, `StudyDate (no time)`, ...)."""

    instant: datetime
    source: str


def acquired_at(fields: Fields, zone: str) -> Acquired | None:
    """Return when an image was acquired; None when no date is filled.

    Args:
        fields: the header.
        zone: the site's IANA time zone, for times that state no offset.
    """
    combined = _combined(fields, zone)
    if combined is not None:
        return combined
    for day_keyword, time_keyword in PAIRS:
        day, time = day_of(fields.raw(day_keyword)), _seconds(fields.raw(time_keyword))
        if day is not None and time is not None:
            return Acquired(_aware(day, time, _zone(fields, zone)), day_keyword)
    return _date_only(fields, zone)


def _combined(fields: Fields, zone: str) -> Acquired | None:
    for keyword in ("AcquisitionDateTime", "FrameAcquisitionDateTime"):
        found = _DATETIME.fullmatch(str(fields.raw(keyword) or "").strip())
        day, time = (day_of(found[1]), _seconds(found[2])) if found else (None, None)
        if found and day is not None and time is not None:
            offset = _offset(found[3]) if found[3] else None
            return Acquired(_aware(day, time, offset or _zone(fields, zone)), keyword)
    return None


def _date_only(fields: Fields, zone: str) -> Acquired | None:
    for keyword, _ in PAIRS:
        if (day := day_of(fields.raw(keyword))) is not None:
            return Acquired(_aware(day, timedelta(), _zone(fields, zone)), f"{keyword} (no time)")
    return None


def day_of(value: object) -> date | None:
    """Read a DICOM date (`YYYYMMDD`, or the older `YYYY.MM.DD`); None when it is none."""
    found = _DATE.fullmatch(str(value or "").strip())
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _seconds(value: object) -> timedelta | None:
    found = _TIME.fullmatch(str(value or "").strip())
    if found is None:
        return None
    hour, minute, second = (int(found[part] or 0) for part in (1, 2, 3))
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    fraction = int((found[4] or "0").ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59), microseconds=fraction)


def _zone(fields: Fields, zone: str) -> timezone | ZoneInfo:
    return _offset(str(fields.raw("TimezoneOffsetFromUTC") or "").strip()) or ZoneInfo(zone)


def _offset(text: str) -> timezone | None:
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    span = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-span if found[1] == "-" else span)


def _aware(day: date, time: timedelta, zone: timezone | ZoneInfo) -> datetime:
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + time
    return local.astimezone(UTC)
