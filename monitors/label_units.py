"""The units of a period, one by one, with all that is known of their truth: what corrections of labels are made from.

The assumption that stands behind each correction is said on its signal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitors.counts import LABEL_SOURCES, Family, Integers
from monitors.scope import View
from monitors.shares import LEAST_PATIENTS, thin
from validation.statistics.arrays import BoolArray, FloatArray
from validation.statistics.grid import to_values
from validation.statistics.label_free import Calibrator, calibrator
from validation.statistics.proportions import ClusteredShare, clustered_proportion

PASSES = 0.05  # level of the calibration check


@dataclass(frozen=True, eq=False)
class LabelUnits:
    """Units of one period, arrays of shape (n,).

    Attributes:
        q: cells of the score grid.
        called: whether the model called the unit positive.
        truth, report: 1, 0, or -1 where it is not known.
        fraction: sampling fraction of the audit that chose the unit; 0 where none did.
        patient: codes.
    """

    q: Integers
    called: BoolArray
    truth: npt.NDArray[np.int8]
    report: npt.NDArray[np.int8]
    fraction: FloatArray
    patient: Integers

    def __len__(self) -> int:
        return len(self.q)

    @property
    def scores(self) -> FloatArray:
        """Scores on the grid, float64[n] strictly inside 0..1."""
        return to_values(self.q)

    @property
    def known(self) -> BoolArray:
        """Whether an independent outcome is known, bool[n]."""
        return np.asarray(self.truth >= 0, dtype=np.bool_)

    @property
    def audited(self) -> BoolArray:
        """Whether an audit with a stated sampling fraction gave the outcome, bool[n]."""
        return np.asarray(self.known & (self.fraction > 0), dtype=np.bool_)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(np.unique(self.patient))

    def share(self, hits: BoolArray, among: BoolArray) -> ClusteredShare | None:
        """Return the share of hits among some units, clustered by patient; None without units."""
        if not among.any():
            return None
        return clustered_proportion(hits[among], self.patient[among])


def units_of(family: Family) -> LabelUnits:
    """Return the units of the family of label sources."""
    rows = np.repeat(np.arange(len(family.counts)), family.counts)
    return LabelUnits(
        family.codes_of("q")[rows],
        family.is_level("decision", "pos")[rows],
        _sign(family, "truth")[rows],
        _sign(family, "report")[rows],
        family.codes_of("fraction")[rows] / 1e6,
        family.codes_of("patient")[rows],
    )


def window_units(view: View) -> LabelUnits:
    """Return the units of a view's window."""
    return units_of(view.now[LABEL_SOURCES])


def reference_units(view: View) -> LabelUnits | None:
    """Return the units of a view's reference; None while the window overlaps it, or there is none."""
    return None if view.unready else units_of(view.base[LABEL_SOURCES])


def calibrated(reference: LabelUnits, least: int) -> Calibrator:
    """Return the calibration of a reference's labelled units.

    Raises:
        ValueError: with the reason why there is none, without full stop.
    """
    known = reference.known
    positive, negative = int((reference.truth == 1).sum()), int((reference.truth == 0).sum())
    if min(positive, negative) < least:
        raise ValueError(
            f"the reference has {positive} positive and {negative} negative units with an outcome, "
            f"at least {least} of each are needed"
        )
    patient = reference.patient[known]
    if few := thin(int(known.sum()), len(np.unique(patient))):
        raise ValueError(f"in the reference, {few}")
    return calibrator(reference.scores[known], reference.truth[known] == 1, patient)


def enough(units: LabelUnits, among: BoolArray, least: int) -> bool:
    """Say whether some units are as many as asked for, and come from patients enough to judge by."""
    patients = len(np.unique(units.patient[among]))
    return int(among.sum()) >= least and (patients == int(among.sum()) or patients >= LEAST_PATIENTS)


def _sign(family: Family, axis: str) -> npt.NDArray[np.int8]:
    found = np.where(family.is_level(axis, "pos"), 1, np.where(family.is_level(axis, "neg"), 0, -1))
    return np.asarray(found, dtype=np.int8)
