"""Audited units from the tables: which analysed units an audit sample chose, with score, truth and day."""

from dataclasses import replace
from typing import Any

import numpy as np

from monitors.charted import AuditedUnits
from monitors.engine.acquisitions import acquired
from monitors.engine.columns import arrow_of, picked, positions
from monitors.engine.envelope import axes_of_suspensions, outside
from monitors.engine.outcomes import INDEPENDENCE, outcomes_of, reference_for
from monitors.engine.predictions import predictions_of
from monitors.engine.reads import reads_of
from monitors.engine.tables import Request, Tables
from monitors.scope import Scope

FRACTION = "sampling_fraction"


def has_audit(outcomes: Any) -> bool:
    """Say whether any outcome states a sampling fraction.

    Args:
        outcomes: the table of outcomes.
    """
    return FRACTION in outcomes.column_names and outcomes.column(FRACTION).null_count < outcomes.num_rows


def audited_units(tables: Tables, request: Request) -> AuditedUnits | None:
    """Return the units whose analysed, independent outcome an audit with a stated fraction gave; None without any.

    Args:
        tables: the observation tables.
        request: whose predictions.
    """
    if not has_audit(tables.outcomes):
        return None
    predictions, outcomes = predictions_of(tables, request), outcomes_of(tables)
    reads = reads_of(tables, predictions)
    reader = picked(reads.reader, positions(predictions.subject, reads.subject))
    found = reference_for(outcomes, predictions.subject, arrow_of(reader))
    independent = (found.truth >= 0) & (found.independence.codes < INDEPENDENCE.index("no"))
    fraction = np.append(outcomes.fraction, 0)[positions(predictions.subject, outcomes.subject)]
    further = axes_of_suspensions(request.suspensions)
    where = acquired(tables, replace(request, axes=()), predictions.series, predictions.study, further)
    apart = outside(where, predictions.version, predictions.predicted_at, request.suspensions)
    rows = np.flatnonzero(predictions.analysed & where.known & ~apart & independent & (fraction > 0))
    if len(rows) == 0:
        return None
    columns = (predictions.version, predictions.mode, predictions.target, where.site)
    scopes = [Scope(*(one.levels[one.codes[row]] for one in columns)) for row in rows.tolist()]
    patient = np.array([where.patient.levels[where.patient.codes[row]] for row in rows.tolist()], dtype=np.str_)
    return AuditedUnits(tuple(scopes), patient, where.day[rows], predictions.q[rows], found.truth[rows])
