"""Refused rows: where, why, and never with a foreign value that could identify someone."""

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a row was refused; permanent, since people filter by them."""

    REQUIRED = "required"  # a required value is missing
    TYPE = "type"  # a value is of another type than its column
    RANGE = "range"  # a number or time outside the column's range
    ENUMERATION = "enumeration"  # a word outside the column's vocabulary
    FUTURE = "future_time"  # an event more than a day after the take-in
    ZONE = "zone"  # a time without offset, and no site to take the zone from
    SITE = "site_name"  # a text that may not name a site
    STUDY = "unknown_study"
    OTHER_STUDY = "other_study"  # the study is known as another patient's or another site's
    UNIT_UID = "unknown_unit"  # a unit that no instance taken in belongs to
    ANALYSIS_UNIT = "analysis_unit"  # another unit than the target's
    SUBJECT = "subject"  # a finding must name exactly one prediction, read or outcome
    MALFORMED = "malformed"  # the line is no row
    CHARACTERS = "characters"  # control characters, or bytes that are not UTF-8
    TOO_LONG = "too_long"
    CONFLICT = "conflict"  # the key is known with other content
    SUPERSEDES = "unknown_version"  # the row that it corrects is unknown or corrected already


@dataclass(frozen=True)
class RowRefusal:
    """One refused row: its number (1 is the first row after a header), our column, the code and the reason."""

    row: int
    column: str
    code: RefusalCode
    reason: str


class CellRefusedError(ValueError):
    """A value that its column refuses; becomes a RowRefusal where the row's number is known."""

    def __init__(self, column: str, code: RefusalCode, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.code = code
        self.reason = reason

    def at(self, row: int) -> RowRefusal:
        """Return the refusal of a row."""
        return RowRefusal(row, self.column, self.code, self.reason)
