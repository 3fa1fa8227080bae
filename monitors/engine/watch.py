"""The families of the sequential watch: units and reads by the day on which they entered it.

A unit enters on the day by whose end it was both acquired and scored; its label is the independent outcome that was
established first, with its age in days at that time. So the families of a later day hold those of an earlier one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from monitors.counts import NO_LABEL, WATCH, WATCH_READS, Column, Family, Integers, Labels, watch_axes
from monitors.engine.acquisitions import Acquired
from monitors.engine.columns import Instants, arrow_of, instants, is_level, picked, positions
from monitors.engine.outcomes import INDEPENDENCE, first_outcomes, reference_for
from monitors.engine.predictions import Predictions, signs
from monitors.engine.reads import Reads
from monitors.engine.seen import counted, stated_site
from monitors.engine.tables import Request, Tables

_EPOCH_ORDINAL = 719_163


def watch_families(
    tables: Tables,
    predictions: Predictions,
    where: Acquired,
    reads: Reads,
    columns: Mapping[str, Column],
    reactions: Mapping[str, Column],
    request: Request,
) -> dict[str, Family]:
    """Return the watch's families of units and of reads.

    Args:
        tables: the observation tables.
        predictions: of one model.
        where: the acquisition of each prediction.
        reads: the analysed reads.
        columns: the columns of the families over predictions.
        reactions: the columns of the families over reads.
        request: whose axes count.
    """
    units = _unit_columns(tables, predictions, where, reads, columns)
    kept = predictions.analysed & where.known
    axes = watch_axes(request.axes)
    return {
        WATCH: counted(WATCH, units, axes[WATCH], kept),
        WATCH_READS: counted(WATCH_READS, _reaction_columns(reads, reactions), axes[WATCH_READS], _shown(reactions)),
    }


def _unit_columns(
    tables: Tables, predictions: Predictions, where: Acquired, reads: Reads, columns: Mapping[str, Column]
) -> dict[str, Column]:
    outcomes, established = first_outcomes(tables)
    reader = picked(reads.reader, positions(predictions.subject, reads.subject))
    truth = reference_for(outcomes, predictions.subject, arrow_of(reader))
    independent = truth.independence.codes < INDEPENDENCE.index("no")
    entry = np.maximum(where.day, _utc_days(instants(predictions.predicted_at)))
    known = _padded_days(established)[positions(predictions.subject, outcomes.subject)]
    age = np.where(independent & (truth.truth >= 0), np.clip(known - entry, 0, NO_LABEL), NO_LABEL)
    mine: dict[str, Column] = {
        "day": entry,
        "first_truth": signs(np.where(age < NO_LABEL, truth.truth, np.int8(-1))),
        "lag": np.minimum(entry - where.day, 2),
        "label_age": age,
    }
    return dict(columns) | mine


def _reaction_columns(reads: Reads, reactions: Mapping[str, Column]) -> dict[str, Column]:
    day = reactions["day"]
    if isinstance(day, Labels):
        raise TypeError("the day is a column of integers")
    return dict(reactions) | {"day": np.maximum(day, _utc_days(instants(reads.read_at)))}


def _shown(reactions: Mapping[str, Column]) -> Any:
    """Say per read whether it counts as a reaction: the answer was made before, and was on screen."""
    return is_level(reactions["ai_shown"], "yes") & ~is_level(reactions["ai_decision"], "none") & stated_site(reactions)


def _utc_days(when: Instants) -> Integers:
    """Return the proleptic ordinal of the UTC day of instants; 0 where one is missing."""
    days = when.astype("datetime64[D]").astype(np.int64)
    return np.where(np.isnat(when), 0, days + _EPOCH_ORDINAL)


def _padded_days(when: Instants) -> Integers:
    return np.append(_utc_days(when), 0)
