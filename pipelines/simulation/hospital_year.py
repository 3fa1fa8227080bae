"""A year of the synthetic hospital as observation files: acquisitions, predictions, reads, outcomes, expected arrivals.

Everything is invented and every row says so. The same hospital and year give the same bytes. Memory does not grow with
the number of rows: a run of days is drawn, written as one row group, and forgotten.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.progress import Silent
from pipelines.simulation.hospital import Failure, SimulatedHospital
from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.year_calendar import Calendar
from registry.domain.digest import digest_value
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.names import is_model_name
from registry.domain.ports import Progress
from registry.domain.score_grid import CELLS, threshold_cell

FORMAT = "overread.simulated-year/1"
GENERATORS = ("steady", "regimes")
MODES = ("live", "shadow")
TABLES = ("acquisitions", "predictions", "reads", "outcomes", "expected")
MAX_STUDIES = 100_000_000
MAX_A_DAY = 300_000
_MAX_DAYS = 3660
_MAX_EMBEDDING = 1024


@dataclass(frozen=True)
class Year:
    """What is drawn.

    Attributes:
        first: first day.
        days: how many; nothing that became known after the last one is written.
        model, version: who answers.
        threshold: operating point, k/65536; a prediction is positive from it on.
        modes: `live` or `shadow` by site; a site that is not named has no predictions.
        volume: factor on the sites' studies a day.
        generator: `steady` (independent days) or `regimes` (correlated days, changing case mix, heavy tails).
        failures: what is planted.
        skill: area under the ROC curve of the model at home, .5 to .995.
        sensitivity: of the model at home at the threshold, .01 to .99.
        sampling: share of the unflagged studies that are verified.
        embedding: numbers a prediction's embedding has; 0 for none.
    """

    first: date
    days: int = 365
    model: str = "synthetic-model"
    version: str = "1"
    threshold: float = 6554 / CELLS
    modes: Mapping[str, str] = field(default_factory=dict)
    volume: float = 1.0
    generator: str = "steady"
    failures: tuple[Failure, ...] = ()
    skill: float = 0.88
    sensitivity: float = 0.90
    sampling: float = 0.2
    embedding: int = 0


@dataclass(frozen=True)
class YearFiles:
    """What was written: the files, `year.json` with the truth, and the rows of each table."""

    acquisitions: Path
    predictions: Path
    reads: Path
    outcomes: Path
    expected: Path
    truth: Path
    rows: Mapping[str, int]
    studies: int


def write_year(folder: Path, hospital: SimulatedHospital, year: Year, *, progress: Progress | None = None) -> YearFiles:
    """Draw a year and write its observation files and `year.json`; files of that name are replaced.

    Args:
        folder: where they go; it is made.
        hospital: whose year it is; its seed is the source of all randomness.
        year: what is drawn.
        progress: advances by days.

    Raises:
        UsageError: when the year cannot be drawn.
        UnknownNameError: for a site, scanner, reader, kind or generator that nothing bears.
    """
    from pipelines.simulation.year_tables import TableMaker  # noqa: PLC0415 - lazy: it needs pyarrow soon
    from pipelines.simulation.year_writer import YearWriter  # noqa: PLC0415 - lazy: as above

    _check(hospital, year)
    plants = Plants(hospital, year.failures, year.first, year.threshold)
    calendar = Calendar(hospital, year.first, year.days, year.volume)
    _check_size(calendar)
    maker = TableMaker(plants.fleet, year.model, year.version, _tag(hospital, year), calendar.end)
    shown, done, studies = progress or Silent(), 0, 0
    with YearWriter(folder, TABLES) as writer:
        for day, batch in _batches(year, plants, calendar):
            writer.write(maker.tables(batch))
            studies += batch.studies.day.size
            shown.advance(day - done)
            done = day
        writer.write({"expected": maker.expected(calendar)})
    truth = folder / "year.json"
    _write_truth(truth, hospital, year, plants, {"studies": studies, "rows": writer.rows})
    places = {table: writer.place(table) for table in TABLES}
    return YearFiles(**places, truth=truth, rows=writer.rows, studies=studies)


def _batches(year: Year, plants: Plants, calendar: Calendar) -> Iterator[tuple[int, Any]]:
    """Return the generator's batches, each with the number of days that are done."""
    if year.generator == "steady":
        from pipelines.simulation.steady_year import SteadyYear  # noqa: PLC0415 - lazy: it needs scipy

        return SteadyYear(year, plants, calendar).batches()
    from pipelines.simulation.regimes_year import RegimesYear  # noqa: PLC0415 - lazy: it needs scipy

    return RegimesYear(year, plants, calendar).batches()


def _tag(hospital: SimulatedHospital, year: Year) -> str:
    """Return six digits that differ between hospitals, seeds, generators and first days."""
    words = [FORMAT, hospital.seed, hospital.target, year.generator, year.first.isoformat()]
    return f"{int(digest_value(words).removeprefix('sha256:')[:12], 16) % 10**6:06d}"


def _check(hospital: SimulatedHospital, year: Year) -> None:
    sites = [site.site for site in hospital.sites]
    for site, mode in year.modes.items():
        if site not in sites:
            raise UnknownNameError.of("site", site, sites)
        if mode not in MODES:
            raise UnknownNameError.of("mode", mode, MODES)
    if year.generator not in GENERATORS:
        raise UnknownNameError.of("generator", year.generator, GENERATORS)
    if not is_model_name(year.model) or not year.version:
        raise UsageError("a year needs a model and a version", mend="use lower-case letters, digits, '.', '_', '-'")
    _check_numbers(year)


def _check_numbers(year: Year) -> None:
    bounds = {
        "days": (1, _MAX_DAYS), "volume": (1e-3, 1e6), "skill": (0.5, 0.995), "sensitivity": (0.01, 0.99),
        "sampling": (0.0, 1.0), "embedding": (0, _MAX_EMBEDDING), "threshold": (1 / CELLS, 1 - 1 / CELLS),
    }  # fmt: skip
    for name, (low, high) in bounds.items():
        value = getattr(year, name)
        if not low <= value <= high:
            raise UsageError(f"{name} {value} lies outside {low:g}..{high:g}")
    try:
        threshold_cell(year.threshold)
    except ValueError as error:
        raise UsageError(f"the threshold {year.threshold} is no k/{CELLS}", mend="round it to the grid") from error


def _check_size(calendar: Calendar) -> None:
    """Refuse what would not end, and days that would not fit into memory: a day is drawn at once."""
    sums = calendar.expected.sum(axis=0)
    for studies, most, what in ((sums.sum(), MAX_STUDIES, "studies"), (sums.max(), MAX_A_DAY, "studies a day")):
        if studies > most:
            raise UsageError(f"{studies:.0f} {what} are too many", mend=f"at most {most}: lower the volume")


def _write_truth(
    place: Path, hospital: SimulatedHospital, year: Year, plants: Plants, sizes: Mapping[str, Any]
) -> None:
    """Write what is true of the year, against which monitors are judged."""
    truth = {
        "format": FORMAT, "synthetic": True, "seed": hospital.seed, "target": hospital.target,
        "generator": year.generator, "first": year.first.isoformat(), "days": year.days, "volume": year.volume,
        "model": year.model, "version": year.version, "threshold": year.threshold, "skill": year.skill,
        "sensitivity": year.sensitivity, "sampling": year.sampling, "embedding": year.embedding, **sizes,
        "sites": [
            {
                "site": site.site, "time_zone": site.time_zone, "mode": year.modes.get(site.site),
                "studies_per_day": site.studies_per_day, "prevalence": site.prevalence,
                "scanners": [scanner.serial for scanner in site.scanners],
                "readers": [reader.reader for reader in site.readers],
            }
            for site in hospital.sites
        ],
        "failures": [one.to_json() for one in plants.planted],
    }  # fmt: skip
    partial = place.with_suffix(".partial")
    partial.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(place)
