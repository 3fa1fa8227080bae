"""Header values by keyword: typed, cleaned, and with a flag for everything that was odd."""

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset

from pipelines.intake.dicom.enhanced import locate
from pipelines.intake.dicom.header import HEADER_ERRORS
from pipelines.intake.dicom.numbers import safe_number, safe_numbers
from pipelines.intake.dicom.text import clean

_SILENT = frozenset({"empty", "multi_valued"})  # an empty optional element is no finding


class Fields:
    """Reads attributes of one frame of a header; `flags` collects `what:keyword` of odd values."""

    def __init__(self, dataset: Dataset, frame: int = 0) -> None:
        self._dataset = dataset
        self._frame = frame
        self.flags: set[str] = set()

    def raw(self, keyword: str) -> Any:
        """Return the value as pydicom reads it; None when absent or unreadable (flagged)."""
        try:
            element = locate(self._dataset, keyword, self._frame)
            value = None if element is None else element.value
        except HEADER_ERRORS:
            self.flags.add(f"unreadable:{keyword}")
            value = None
        return value

    def text(self, keyword: str) -> str | None:
        """Return a cleaned text; several values are joined by a backslash, as DICOM writes them."""
        return clean("\\".join(self.texts(keyword))) if self.texts(keyword) else None

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return the cleaned texts of a multi-valued attribute."""
        value = self.raw(keyword)
        if value is None or value == "":
            return ()
        entries = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
        return tuple(text for entry in entries if (text := clean(entry)))

    def number(self, keyword: str) -> float | None:
        """Return a finite number, or None; odd spellings are flagged."""
        found = safe_number(self.raw(keyword), integer=keyword in _INTEGERS)
        if found.flag and found.flag not in _SILENT:
            self.flags.add(f"{found.flag}:{keyword}")
        return found.value

    def first_number(self, *keywords: str) -> float | None:
        """Return the first number that one of several attributes holds."""
        return next((number for keyword in keywords if (number := self.number(keyword)) is not None), None)

    def numbers(self, keyword: str) -> tuple[float, ...] | None:
        """Return all numbers of an attribute, or None when one of them is none."""
        value = self.raw(keyword)
        return None if value is None else safe_numbers(value)

    def flag(self, what: str) -> None:
        """Note that something was odd."""
        self.flags.add(what)


_INTEGERS = frozenset({"Exposure", "ExposureTime", "XRayTubeCurrent", "EchoTrainLength", "InstanceNumber"})
