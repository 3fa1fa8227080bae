"""Write a year of the synthetic hospital as observation files, with the failures that are planted in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipelines.simulation.hospital import Examination, Failure, standard_hospital
from pipelines.simulation.hospital_year import Year, write_year
from registry.domain.display import plain
from registry.domain.errors import UsageError
from registry.domain.ports import Progress

FOLDER = "rows"
_MEND = "write KIND:SINCE[:SITE[:WHO[:SIZE]]], such as scanner-upgrade:2026-03-01:general:SN4000"
_PARTS = (2, 5)


@dataclass(frozen=True)
class YearReport:
    """What was written: where, the rows of each table, the sites that the model answers at, what was planted."""

    folder: Path
    truth: Path
    studies: int
    rows: Mapping[str, int]
    modes: Mapping[str, str]
    planted: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "folder": str(self.folder),
            "truth": str(self.truth),
            "studies": self.studies,
            "rows": dict(self.rows),
            "modes": dict(self.modes),
            "planted": [dict(vars(failure)) for failure in self.planted],
            "synthetic": True,
        }

    def lines(self) -> list[str]:
        """Say what was written and where."""
        return [
            f"{self.studies} synthetic studies as rows: {', '.join(f'{n} {table}' for table, n in self.rows.items())}",
            f"  {self.folder}",
            f"  {self.truth}   what was planted",
        ]


def simulate_year(folder: Path, year: Year, *, examination: Examination, seed: int, progress: Progress) -> YearReport:
    """Write `folder/rows/*.parquet` and `year.json`; a model answers live everywhere unless the year says otherwise.

    Args:
        folder: where the folder `rows` goes.
        year: what is drawn.
        examination: what is examined.
        seed: source of all randomness; the same seed gives the same bytes.
        progress: advances by days.

    Raises:
        UsageError: when the year cannot be drawn.
        UnknownNameError: for a site, scanner, reader, kind or generator that nothing bears.
    """
    hospital = standard_hospital(examination, seed=seed)
    files = write_year(folder / FOLDER, hospital, year, progress=progress)
    return YearReport(folder / FOLDER, files.truth, files.studies, files.rows, year.modes, year.failures)


def first_day(until: str, days: int) -> date:
    """Return the first of so many days, the last of which is `until`.

    Raises:
        UsageError: when that is no date, or there are fewer than one day.
    """
    if days < 1:
        raise UsageError(f"{days} days", where="--days", mend="ask for at least one")
    try:
        return date.fromisoformat(until) - timedelta(days=days - 1)
    except (ValueError, OverflowError) as error:
        raise UsageError("that is no date", where="--until", mend="write it as 2026-06-30") from error


def failures_of(texts: Sequence[str]) -> tuple[Failure, ...]:
    """Read planted failures, each `KIND:SINCE[:SITE[:WHO[:SIZE]]]`.

    Raises:
        UsageError: for a text that is none.
    """
    return tuple(_failure(text) for text in texts)


def _failure(text: str) -> Failure:
    parts = text.split(":")
    if not _PARTS[0] <= len(parts) <= _PARTS[1]:
        raise UsageError(f"'{plain(text, 60)}' plants nothing", where="--plant", mend=_MEND)
    kind, since, *rest = parts
    site, who, size = (*rest, "", "", "")[:3]
    try:
        return Failure(kind, since, site, who, float(size or 0))
    except ValueError as error:
        raise UsageError(f"no size in '{plain(text, 60)}'", where="--plant", mend=_MEND) from error
