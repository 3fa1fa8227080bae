"""What `overread simulate hospital` draws: pictures, rows, or both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cli.console import progress
from pipelines.simulation.hospital import SITE_NAMES
from pipelines.simulation.hospital_year import Year
from pipelines.usecases.simulate_hospital import EXAMINATIONS, simulate_hospital
from pipelines.usecases.simulate_year import failures_of, first_day, simulate_year
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.score_grid import CELLS


@dataclass(frozen=True)
class Rows:
    """What the options say of the rows."""

    days: int
    volume: float
    model: str
    version: str
    threshold: float
    shadow: tuple[str, ...]
    generator: str
    plant: tuple[str, ...]


@dataclass(frozen=True)
class Pictures:
    """How many studies are drawn as DICOM files, of how many slices each, with which contrast of the lesions."""

    studies: int
    slices: int
    contrast: float


def drawn(
    folder: Path, examination: str, pictures: Pictures, seed: int, until: str, rows: Rows
) -> tuple[Mapping[str, Any], Iterable[str]]:
    """Draw what was asked for and return the document and the lines that tell of it.

    Raises:
        UsageError: when nothing was asked for, or an option has no such value.
        UnknownNameError: for an examination, a site or a word that nothing bears.
    """
    if examination not in EXAMINATIONS:
        raise UnknownNameError.of("examination", examination, EXAMINATIONS)
    if pictures.studies == 0 and rows.days == 0:
        raise UsageError("nothing to draw", mend="ask for --studies, for --days, or for both")
    year = _year(until, rows) if rows.days else None
    document: dict[str, Any] = {"synthetic": True, "seed": seed}
    lines: list[str] = []
    if pictures.studies:
        with progress("drawing studies") as bar:
            written = simulate_hospital(
                folder,
                examination=examination,
                studies=pictures.studies,
                slices=pictures.slices,
                contrast=pictures.contrast,
                seed=seed,
                until=until,
                progress=bar,
            )
        document |= written.to_json()
        lines += written.lines()
    if year is not None:
        with progress("drawing rows") as bar:
            made = simulate_year(folder, year, examination=EXAMINATIONS[examination], seed=seed, progress=bar)
        document |= {"rows": made.to_json()}
        lines += made.lines()
    return document, lines


def _year(until: str, rows: Rows) -> Year:
    for site in rows.shadow:
        if site not in SITE_NAMES:
            raise UnknownNameError.of("site", site, SITE_NAMES)
    return Year(
        first=first_day(until, rows.days),
        days=rows.days,
        model=rows.model,
        version=rows.version,
        threshold=round(rows.threshold * CELLS) / CELLS,
        modes={site: "shadow" if site in rows.shadow else "live" for site in SITE_NAMES},
        volume=rows.volume,
        generator=rows.generator,
        failures=failures_of(rows.plant),
    )
