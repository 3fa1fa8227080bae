"""Several readers of the same studies: with and without the model, and the model alone against them.

Obuchowski and Rockette's analysis of variance: readers and studies are both random, so that the difference speaks of
other readers and other studies than these. Reads of one study by several readers are alike and never counted as apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitors.draft import Reading, drafted
from monitors.scope import Scope, View
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Signal, Window
from registry.domain.vocabulary import NotAssessed
from validation.statistics.intraclass import intraclass
from validation.statistics.multireader import MultiReader, multireader

LEAST = 2  # readers
READERS = "readers and studies are a sample of those that the result is said of; an order of reading is not corrected"
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReaderStudy:
    """Studies that the same readers read, each study of a patient of its own.

    Attributes:
        scope: version, mode and target; the site is empty.
        window: days of the first and of the last read.
        truth: bool[n], by an outcome that is independent of the reads.
        alone: ratings without the model float64[r, n].
        aided: ratings with the model on screen float64[r, n]; None where these readers did not read so.
        model: scores of the model float64[n].
        left_out: reads that are in no complete set.
        rated: whether ratings are confidences; else they are decisions.
    """

    scope: Scope
    window: Window
    truth: npt.NDArray[np.bool_]
    alone: _Floats
    aided: _Floats | None
    model: _Floats
    left_out: int
    rated: bool


def reader_study_signals(studies: Sequence[ReaderStudy], plan: MonitoringPlan) -> list[Signal]:
    """Return the signals of reader studies: with the model against without, where there are both, else the model."""
    return [drafted(_view(one, plan), code, reading) for one in studies for code, reading in _readings(one, plan)]


def _readings(study: ReaderStudy, plan: MonitoringPlan) -> list[tuple[str, Reading]]:
    if study.aided is not None:
        compared = ("OVS008", _reading(study, plan, (study.aided, study.alone), judged=True))
    else:
        alone = np.broadcast_to(study.model, study.alone.shape)
        compared = ("OVS009", _reading(study, plan, (alone, study.alone), judged=False))
    return [compared, ("OVS010", _agreement(study, plan))]


def _agreement(study: ReaderStudy, plan: MonitoringPlan) -> Reading:
    """Return how far these readers, a sample of readers, rate a study alike: ICC(2,1), and with the model in words."""
    n = len(study.truth)
    counted = Reading(n, n_patients=n, assumes=READERS)
    if n < plan.min_units:
        why = f"{n} studies that all readers read, at least {plan.min_units} are needed"
        return replace(counted, reason=NotAssessed.TOO_FEW, why=why)
    try:
        alone, aided = (None if arm is None else intraclass(arm.T) for arm in (study.alone, study.aided))
    except ValueError as error:
        return replace(counted, reason=NotAssessed.TOO_FEW, why=str(error))
    said = "ratings" if study.rated else "decisions, which are no ratings"
    why = f"{len(study.alone)} readers, by their {said}"
    if aided is not None:
        low, high = aided.two_way_random_bounds
        why += f"; with the model on screen {aided.two_way_random:.3f} ({low:.3f} to {high:.3f})"
    value, bounds = (alone.two_way_random, alone.two_way_random_bounds) if alone else (None, None)
    return replace(counted, value=value, interval=bounds, why=why)


def _reading(study: ReaderStudy, plan: MonitoringPlan, arms: tuple[_Floats, _Floats], *, judged: bool) -> Reading:
    n, positive = len(study.truth), int(study.truth.sum())
    counted = Reading(n, n_positive=positive, n_patients=n, assumes=READERS)
    least = max(plan.min_auc_class, 2)
    if min(positive, n - positive) < least:
        why = f"{positive} positive and {n - positive} negative studies that all readers read, {least} of each needed"
        return replace(counted, reason=NotAssessed.TOO_FEW, why=why)
    try:
        found = multireader(np.stack(arms), study.truth)
    except ValueError as error:
        return replace(counted, reason=NotAssessed.TOO_FEW, why=str(error))
    value, bounds = found.difference(0, 1)
    reading = replace(counted, value=value, interval=bounds, why=_why(study, found))
    return replace(reading, limit=0.0, p_value=_decline(found, value)) if judged else reading


def _decline(found: MultiReader, difference: float) -> float:
    """Return the one-sided p-value of two modalities, from F with one degree of freedom above."""
    half = found.random_both.p_value / 2
    return half if difference < 0 else 1 - half


def _why(study: ReaderStudy, found: MultiReader) -> str:
    first, second = (float(area) for area in found.means)
    readers = len(study.alone)
    low, high = float(found.areas[1].min()), float(found.areas[1].max())
    whole = "by the readers' ratings" if study.rated else "by the readers' decisions, which are no ratings"
    said = f"{readers} readers, AUC {first:.3f} against {second:.3f} without it ({low:.3f} to {high:.3f}), {whole}"
    said += f"; F {found.random_both.statistic:.3f}" if math.isfinite(found.random_both.statistic) else ""
    return f"{said}; {study.left_out} reads are in no complete set" if study.left_out else said


def _view(study: ReaderStudy, plan: MonitoringPlan) -> View:
    return View(study.scope, plan, study.window, {}, {}, None, "")
