"""Checks of single settings: a day, a word of a list, a time zone."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from registry.domain.errors import UnknownNameError, UsageError

FILE_NAME = "overread.toml"


def check_day(text: str) -> None:
    """Refuse what is no day.

    Raises:
        UsageError: then.
    """
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("start of [pipeline] is not a day", where=FILE_NAME, mend="write YYYY-MM-DD") from error


def check_word(word: str, known: Sequence[str], what: str) -> None:
    """Refuse a word that is none of those that are known.

    Raises:
        UnknownNameError: then.
    """
    if word not in known:
        raise UnknownNameError.of(what, word, known)


def check_zone(zone: str) -> None:
    """Refuse what is no time zone.

    Raises:
        UsageError: then.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"unknown time zone '{zone}'", where=FILE_NAME, mend="use an IANA name such as Europe/Vienna"
        ) from error
