"""The demo's year without its workspace: the drawn rows as the engine's tables, and the alerts that they raise."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.sequential import sequence_of
from pipelines.demo.setting import DAYS, EXTERNAL, HOME, MODEL, SAMPLING, SHADOW, failures, hospital
from pipelines.simulation.hospital_year import Year, write_year
from registry.domain.columns import TABLES
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Alert
from registry.segments import segment_schema

FIRST = date(2025, 11, 25)
ROWS = ("acquisitions", "predictions", "reads", "outcomes")
PLAN = MonitoringPlan()


def demo_year(seed: int, *, planted: bool, generator: str = "steady") -> Year:
    """Return the demo's year, with its three failures or without any."""
    return Year(
        first=FIRST,
        days=DAYS,
        model=MODEL,
        modes={HOME: "live", EXTERNAL: "live", SHADOW: "shadow"},
        generator=generator,
        sampling=SAMPLING,
        failures=failures(seed, FIRST) if planted else (),
    )


def alerts_of(folder: Path, seed: int, year: Year) -> list[Alert]:
    """Draw a year and return every alert of it as it stands on the last day."""
    drawn = hospital(seed)
    files = write_year(folder, replace(drawn, seed=seed), year)
    tables = Tables(*(_stored(name, getattr(files, name)) for name in ROWS))
    zones = {site.site: site.time_zone for site in drawn.sites}
    last = (year.first + timedelta(days=year.days - 1)).isoformat()
    counts = count_tables(tables, Request(MODEL, lambda site: zones.get(site, "UTC"), axes_of(PLAN), None))
    return list(sequence_of(MODEL, counts, PLAN, last).alerts(last))


def _stored(name: str, file: Path) -> Any:
    """Return rows as the observation tables hold them: instants as texts, the unit named, absent columns empty."""
    rows = pq.read_table(file)
    for place, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            text = pc.strftime(rows[field.name], "%Y-%m-%dT%H:%M:%SZ")
            rows = rows.set_column(place, field.name, text)
    table, size = TABLES[name], rows.num_rows
    known = {"attributes": "{}", "unit": "study", "stage": "final", "status": "scored"}
    columns = {}
    for field in segment_schema(table):
        if field.name in rows.column_names:
            columns[field.name] = rows[field.name].cast(field.type)
        elif field.name == "unit_uid":
            columns[field.name] = rows["study_uid"]
        else:
            columns[field.name] = pa.array([known.get(field.name)] * size, field.type)
    return pa.table(columns)
