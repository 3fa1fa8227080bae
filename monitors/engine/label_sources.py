"""What is known of a unit's truth beside the independent outcome: the report, and how an audit chose the unit."""

import numpy as np

from monitors.counts import Column
from monitors.engine.columns import positions
from monitors.engine.outcomes import INDEPENDENCE, Outcomes, Reference, reports_of
from monitors.engine.predictions import Predictions, signs
from monitors.engine.tables import Tables


def label_columns(tables: Tables, predictions: Predictions, outcomes: Outcomes, truth: Reference) -> dict[str, Column]:
    """Return the report and the sampling fraction (parts per million, 0 for none) of each prediction's unit.

    Args:
        tables: the observation tables.
        predictions: of one model, n rows.
        outcomes: the analysed ones.
        truth: the reference standard of the n rows.
    """
    reports = reports_of(tables)
    report = np.append(reports.truth, np.int8(-1))[positions(predictions.subject, reports.subject)]
    fraction = np.append(outcomes.fraction, 0)[positions(predictions.subject, outcomes.subject)]
    independent = truth.independence.codes < INDEPENDENCE.index("no")
    return {"report": signs(report), "fraction": np.where(independent, fraction, 0)}
