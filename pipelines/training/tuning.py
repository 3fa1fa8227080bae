"""What the tune cohort is for: to stop training, to choose the operating point, and to say how the run went."""

import numpy as np
from numpy.typing import NDArray

from pipelines.training.fitting import Trained
from registry.domain.cohort import Cohort
from registry.domain.model import OperatingPoint
from validation.statistics.grid import to_grid
from validation.statistics.performance import auc_estimate
from validation.statistics.roc import auc_of, roc_counts
from validation.statistics.thresholds import choose_threshold
from validation.statistics.units import ScoredUnits


def tune_auc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve of scores float[n] with truth bool[n], on the score grid."""
    return auc_of(roc_counts(to_grid(scores), truth))


def choose_operating_point(tune: Cohort, scores: NDArray[np.float64], rule: str) -> OperatingPoint:
    """Choose the threshold of all sites on the tune cohort.

    Args:
        tune: the tune cohort.
        scores: in the order of its units, float[n].
        rule: see `validation.statistics.thresholds`.
    """
    units = _units(tune, scores)
    chosen = choose_threshold(roc_counts(units.q, units.truth), rule)
    return OperatingPoint("*", chosen.k, tune.name, rule)


def run_metrics(tune: Cohort, trained: Trained) -> dict[str, float]:
    """Return the numbers of a run: the loss of each epoch, the tune AUC with its interval and counts."""
    losses = {f"train_loss_epoch_{n:03d}": epoch.loss for n, epoch in enumerate(trained.history, 1)}
    auc = auc_estimate(_units(tune, trained.tune_scores))
    bounds = {"tune_auc": auc.value, "tune_auc_low": auc.low, "tune_auc_high": auc.high}
    counts = {"tune_n": auc.n, "tune_n_patients": auc.n_patients, "best_epoch": trained.best_epoch + 1}
    return losses | {name: float(value) for name, value in (bounds | counts).items() if value is not None}


def run_params(train: Cohort, tune: Cohort, trained: Trained) -> dict[str, str]:
    """Return what a run was made with: cohorts by name and digest, digests, versions, how far it can be repeated."""
    cohorts = {"train_cohort": train.name, "train_cohort_digest": train.digest}
    cohorts |= {"tune_cohort": tune.name, "tune_cohort_digest": tune.digest}
    synthetic = str(train.synthetic or tune.synthetic).lower()
    return cohorts | dict(trained.conditions) | {"artifact_digest": trained.digest, "synthetic": synthetic}


def _units(cohort: Cohort, scores: NDArray[np.float64]) -> ScoredUnits:
    truth, patients = [unit.truth for unit in cohort.units], [unit.patient for unit in cohort.units]
    return ScoredUnits.of_scores(scores, truth, patients)
