"""The embedded engine: one pass over Arrow tables to every count family.

The joining rules are those of `registry.domain.joining`, done on whole columns; a differential test holds the two
together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import (
    F0,
    FC,
    FINDING_PATIENTS,
    FQ,
    FR,
    PROTOCOL,
    REPORTED_PATIENTS,
    SCANNER,
    SCOPE,
    Column,
    Counts,
    Family,
    Labels,
    count,
    family_axes,
    merge,
)
from monitors.engine.acquisitions import Acquired, acquired
from monitors.engine.columns import arrow_of, at_rows, constant, instants, named, picked, positions
from monitors.engine.days import local_days
from monitors.engine.envelope import axes_of_suspensions, outside
from monitors.engine.further import further_families
from monitors.engine.label_sources import label_columns
from monitors.engine.outcomes import INDEPENDENCE, Outcomes, Reference, outcomes_of, reference_for
from monitors.engine.predictions import Predictions, predictions_of, signs
from monitors.engine.reads import Reads, reads_of, second_reads_of
from monitors.engine.seen import Seen, counted, rows_of, stated_site
from monitors.engine.tables import Request, Tables
from monitors.engine.watch import watch_families

SHOWN = ("no", "yes", "unknown")
Mask = npt.NDArray[np.bool_]
_SIMULATED = {"read_simulated": "synthetic", "display_simulated": "simulated_display"}


def count_tables(tables: Tables, request: Request) -> Counts:
    """Count one model's observations.

    Args:
        tables: the observation tables, known at one time.
        request: whose predictions, which F1 axes, and the sites' time zones.

    Returns:
        Every family of `monitors.counts.family_axes(request.axes)`.
    """
    predictions = predictions_of(tables, request)
    further = (*axes_of_suspensions(request.suspensions), SCANNER, PROTOCOL, "modality")
    where = acquired(tables, request, predictions.series, predictions.study, further)
    apart = outside(where, predictions.version, predictions.predicted_at, request.suspensions)
    reads, outcomes = reads_of(tables, predictions), outcomes_of(tables)
    truth = reference_for(outcomes, predictions.subject, _reader_of(predictions, reads))
    units = _unit_columns(predictions, where, truth, request)
    units |= label_columns(tables, predictions, outcomes, truth)
    reactions = _read_columns(predictions, where, reads, outcomes, request)
    findings = _findings(predictions, where, apart, truth, outcomes, units)
    analysed, second = predictions.analysed & where.known & ~apart, second_reads_of(tables, predictions)
    seconds = _read_columns(predictions, where, second, outcomes, request)
    seen = Seen(tables, request, predictions, units, analysed, reads, reactions, second, seconds)
    return Counts(
        {
            **_unit_families(units, analysed, truth, request),
            **_read_families(reactions, request),
            **_with_marginal("FQ", FQ, merge(findings, _read_findings(reactions, reads, predictions))),
            **watch_families(tables, predictions, where, reads, units, reactions, request),
            **further_families(seen),
        },
        request.axes,
    )


def _unit_columns(predictions: Predictions, where: Acquired, truth: Reference, request: Request) -> dict[str, Column]:
    """Return every column that the families over predictions need, one row a prediction."""
    independent = truth.independence.codes < INDEPENDENCE.index("no")
    return {
        **_scope(predictions, where, request),
        "q": predictions.q,
        "truth": signs(np.where(independent, truth.truth, np.int8(-1))),
        "decision": signs(predictions.decision),
        **where.axes,
        "patient": where.patient,
        "reported": signs(truth.truth),
    }


def _scope(predictions: Predictions, where: Acquired, request: Request) -> dict[str, Column]:
    return {
        "day": where.day,
        "model": constant(request.model, len(predictions)),
        "version": predictions.version,
        "target": predictions.target,
        "site": where.site,
        "mode": predictions.mode,
    }


def _unit_families(
    columns: Mapping[str, Column], analysed: Mask, truth: Reference, request: Request
) -> dict[str, Family]:
    wanted = {name: axes for name, axes in family_axes(request.axes).items() if axes[: len(F0)] == F0}
    found = {name: counted(name, columns, axes, analysed) for name, axes in wanted.items()}
    reported = analysed & (truth.independence.codes == INDEPENDENCE.index("no"))
    return found | _with_marginal("FC", FC, counted(REPORTED_PATIENTS, columns, (*FC, "patient"), reported))


def _with_marginal(name: str, axes: tuple[str, ...], patients: Family) -> dict[str, Family]:
    return {patients.name: patients, name: patients.marginal(axes, name)}


def _read_columns(
    predictions: Predictions, where: Acquired, reads: Reads, outcomes: Outcomes, request: Request
) -> dict[str, Column]:
    """Return every column that the families over reads need, one row an analysed read."""
    row = reads.prediction
    scope = {name: at_rows(column, row) for name, column in _scope(predictions, where, request).items()}
    site = scope["site"]
    if isinstance(site, Labels):
        scope["day"] = local_days(instants(reads.read_at), site, request.zone_of)
    truth = reference_for(outcomes, reads.subject, arrow_of(reads.reader))
    return {
        **scope,
        "reader": reads.reader,
        "ai_shown": named(np.where(reads.shown < 0, 2, reads.shown), SHOWN),
        "ai_decision": signs(np.where(_in_time(predictions, reads), _padded(predictions.decision)[row], np.int8(-1))),
        "read_decision": signs(reads.decision),
        "truth": signs(truth.truth),
        "independence": truth.independence,
        "patient": picked(where.patient, row),
    }


def _read_families(columns: Mapping[str, Column], request: Request) -> dict[str, Family]:
    known = stated_site(columns)
    wanted = {name: axes for name, axes in family_axes(request.axes).items() if axes[: len(FR)] == FR}
    return {name: counted(name, columns, axes, known) for name, axes in wanted.items()}


def _findings(
    predictions: Predictions,
    where: Acquired,
    apart: Mask,
    truth: Reference,
    outcomes: Outcomes,
    columns: Mapping[str, Column],
) -> Family:
    """Count what happened to the predictions: analysed, apart, rerun, skipped, failed, not joined, and flags."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    scored, first = predictions.is_status("scored"), predictions.analysed & where.known
    analysed = first & ~apart
    undecided = pc.is_in(predictions.subject, value_set=outcomes.undecided).to_numpy(zero_copy_only=False)
    independence = truth.independence.codes
    flagged = {
        "analysed": analysed,
        "outside_envelope": first & apart,
        "rerun": scored & ~predictions.analysed & where.known,
        "skipped": predictions.is_status("skipped") & where.known,
        "failed": predictions.is_status("failed") & where.known,
        "unjoined": ~where.known,
        "contradicts_threshold": predictions.contradicts & where.known,
        "outcome_stated": analysed & (independence == INDEPENDENCE.index("stated")),
        "outcome_assumed": analysed & (independence == INDEPENDENCE.index("assumed")),
        "outcome_indeterminate": analysed & (independence == INDEPENDENCE.index("none")) & undecided,
    }
    return _flag_family(columns, flagged)


def _read_findings(columns: Mapping[str, Column], reads: Reads, predictions: Predictions) -> Family:
    known = stated_site(columns)
    late = (reads.prediction >= 0) & ~_in_time(predictions, reads)
    overridden = (reads.decision != _padded(predictions.decision)[reads.prediction]).astype(np.int64)
    compared = (reads.shown == 1) & _in_time(predictions, reads)
    flagged = {
        "read_before_prediction": known & late,
        "action_disagrees": known & compared & (reads.clicked >= 0) & (reads.clicked != overridden),
        **{name: known & _attribute(reads.attributes, key) for name, key in _SIMULATED.items()},
    }
    return _flag_family(columns, flagged)


def _flag_family(columns: Mapping[str, Column], flagged: Mapping[str, Mask]) -> Family:
    rows = np.concatenate([np.flatnonzero(mask) for mask in flagged.values()])
    kinds = np.repeat(np.arange(len(flagged)), [int(mask.sum()) for mask in flagged.values()])
    chosen = rows_of(columns, SCOPE, rows)
    what: dict[str, Column] = {FQ[-1]: named(kinds, tuple(flagged)), "patient": at_rows(columns["patient"], rows)}
    return count(FINDING_PATIENTS, chosen | what)


def _padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.append(values, values.dtype.type(0))


def _in_time(predictions: Predictions, reads: Reads) -> Mask:
    """Say per read whether its prediction was made by then and carries a decision."""
    made = np.append(instants(predictions.predicted_at), np.datetime64("NaT", "us"))[reads.prediction]
    decided = np.append(predictions.decision, np.int8(-1))[reads.prediction] >= 0
    return np.asarray((made <= instants(reads.read_at)) & decided & (reads.prediction >= 0), dtype=np.bool_)


def _reader_of(predictions: Predictions, reads: Reads) -> Any:
    """Return who read the unit of each prediction, empty where nobody did (Arrow strings)."""
    return arrow_of(picked(reads.reader, positions(predictions.subject, reads.subject)))


def _attribute(attributes: Any, key: str) -> Mask:
    """Say per row whether its canonical JSON attributes hold `"key":"true"`."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return np.asarray(pc.match_substring(attributes, f'"{key}":"true"').to_numpy(zero_copy_only=False), dtype=np.bool_)
