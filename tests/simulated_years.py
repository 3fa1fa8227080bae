"""Years of a small synthetic hospital, drawn once and read back as frames, for tests of generators and failures."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from pipelines.simulation import hospital_year
from pipelines.simulation.hospital import Failure, SimulatedHospital, standard_hospital
from pipelines.simulation.hospital_failures import Plants
from pipelines.simulation.hospital_year import TABLES, Year, write_year
from pipelines.simulation.year_calendar import Calendar

FIRST, DAYS = date(2025, 1, 6), 84
SINCE = "2025-02-10"
SITES = ("general", "riverside")
YEAR = Year(FIRST, DAYS, modes={"general": "live", "riverside": "live"})


def small_hospital(seed: int = 5) -> SimulatedHospital:
    """Return two sites of the standard hospital."""
    hospital = standard_hospital(seed=seed)
    return replace(hospital, sites=tuple(site for site in hospital.sites if site.site in SITES))


@dataclass(frozen=True)
class Drawn:
    """A drawn year, table by table."""

    acquisitions: pd.DataFrame
    predictions: pd.DataFrame
    reads: pd.DataFrame
    outcomes: pd.DataFrame
    expected: pd.DataFrame

    @cached_property
    def studies(self) -> pd.DataFrame:
        """One row a study: acquisition, answer, truth where it is proved, final read."""
        first = self.acquisitions[self.acquisitions.repeat_of.isna()].set_index("study_uid")
        first = first.assign(day=local_days(first))
        answers = self.predictions.set_index("study_uid")[["score", "decision", "status", "mode", "threshold"]]
        proof = self.outcomes[self.outcomes.source != "report"].set_index("study_uid")[["truth", "verification"]]
        final = self.reads[self.reads.stage == "final"].set_index("study_uid")
        final = final[["reader", "decision", "ai_shown", "read_seconds", "read_at"]].rename(
            columns={"decision": "read"}
        )
        return first.join(answers).join(proof).join(final)


def local_days(acquisitions: pd.DataFrame) -> pd.Series:
    """Return the site-local day of each row."""
    found = pd.Series(index=acquisitions.index, dtype=object)
    for site in small_hospital().sites:
        mine = acquisitions.site == site.site
        found[mine] = acquisitions.acquired_at[mine].dt.tz_convert(site.time_zone).dt.date
    return found


@cache
def drawn(generator: str, *failures: Failure, modes: tuple[tuple[str, str], ...] = (), **changes: Any) -> Drawn:
    """Draw a year once; `modes` as pairs, both sites live without."""
    year = replace(YEAR, generator=generator, failures=failures, modes=dict(modes) or YEAR.modes, **changes)
    with TemporaryDirectory() as folder:
        write_year(Path(folder), small_hospital(), year)
        return read_back(Path(folder))


def read_back(folder: Path) -> Drawn:
    """Read the files of a year."""
    return Drawn(*(pq.read_table(folder / f"{table}.parquet").to_pandas() for table in TABLES))


@dataclass(frozen=True)
class Truths:
    """What nobody in the hospital sees whole: the truth of every study, beside answer and final read."""

    site: Any
    truth: Any
    score: Any
    decision: Any
    shown: Any
    reader: Any
    read: Any


@cache
def truths(generator: str, **changes: Any) -> Truths:
    """Draw a year without writing it."""
    year = replace(YEAR, generator=generator, **changes)
    plants = Plants(small_hospital(), (), year.first, year.threshold)
    calendar = Calendar(small_hospital(), year.first, year.days, year.volume)
    rows = []
    for _, batch in hospital_year._batches(year, plants, calendar):
        n, one, said = batch.studies.day.size, batch.studies, batch.answers
        final = batch.reads
        rows.append(
            (one.site, one.truth, said.score, said.decision, final.shown[:n], final.reader[:n], final.decision[:n])
        )
    return Truths(*(np.concatenate(column) for column in zip(*rows, strict=True)))
