"""Instants: UTC, microseconds, `Z`; and the site-local day they fall on."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def instant_text(instant: datetime) -> str:
    """Spell an aware instant as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Raises:
        ValueError: when the instant has no zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    universal = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return universal.isoformat(timespec="microseconds")[:-6] + "Z"  # in place of "+00:00"


def parse_instant(text: str, zone: str | None = None) -> datetime:
    """Read an ISO 8601 time as an aware UTC instant; a time without offset takes `zone`.

    Raises:
        ValueError: when the text is not a time, or has no offset and no zone was given.
    """
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        if zone is None:
            raise ValueError("a time without offset, and no zone to take it in")
        found = found.replace(tzinfo=ZoneInfo(zone))
    return found.astimezone(UTC)


def has_offset(text: str) -> bool:
    """Say whether an ISO 8601 time states its offset."""
    return datetime.fromisoformat(text.strip()).tzinfo is not None


def local_day(instant: datetime, zone: str) -> date:
    """Return the calendar day of an instant at a site (contract, section 4a)."""
    return instant.astimezone(ZoneInfo(zone)).date()
