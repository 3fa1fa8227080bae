"""Series with all measures of image quality that their tables state together, for the harmonisation check."""

import numpy as np

from monitors.counts import SCANNER
from monitors.engine.columns import instants, labels, numbers, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Request, Tables
from monitors.families import QUALITY
from monitors.harmony import QualityRows

LEAST = 2  # measures: ComBat learns a scanner's effect from several
STATED = 0.5  # share of the series with a measure on which another one must be stated, too, to be among them


def quality_rows(tables: Tables, request: Request) -> QualityRows | None:
    """Return the series on which the same two or more measures were taken, with their scanner; None without such.

    Args:
        tables: the observation tables; of them acquisitions.
        request: whose time zones apply.
    """
    table = tables.acquisitions
    values = {name: numbers(table, name) for name in QUALITY if name in table.column_names}
    stated = {name: np.isfinite(column) for name, column in values.items()}
    most = max((int(flag.sum()) for flag in stated.values()), default=0)
    kept = tuple(name for name, flag in stated.items() if most and flag.sum() >= STATED * most)
    if len(kept) < LEAST:
        return None
    whole = np.logical_and.reduce([stated[name] for name in kept])
    table = table.filter(whole).sort_by("series_uid")
    scanner, site, patient = (
        np.array(texts(table, name).to_pylist(), dtype=np.str_) for name in (SCANNER, "site", "patient")
    )
    day = local_days(instants(texts(table, "acquired_at")), labels(texts(table, "site")), request.zone_of)
    columns = np.column_stack([numbers(table, name) for name in kept])
    return QualityRows(kept, columns, scanner, site, patient, day).where(scanner != "")
