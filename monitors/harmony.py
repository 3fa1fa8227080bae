"""Harmonisation check: how much of image quality is the scanner's, before and after ComBat that the reference fitted.

The harmonisation is fitted on the reference alone, so that the window never harmonises itself; a scanner that the
reference does not hold cannot be harmonised, and is told apart.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, in_period
from monitors.draft import Reading, drafted, reading_of
from monitors.scope import View, periods_of
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.bootstrap import percentile_interval
from validation.statistics.combat import Combat, apply_combat, fit_combat, unseen_scanners
from validation.statistics.proportions import clustered_proportion

LEAST = 2  # scanners in the reference
REPEATS, SEED = 200, 20_260_101
_Floats = npt.NDArray[np.float64]
_Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class QualityRows:
    """Series on which the same measures of image quality were taken.

    Attributes:
        measures: names of the p columns.
        values: float64[n, p].
        scanner, site: texts [n].
        patient: a number each, int64[n].
        day: site-local day, proleptic ordinal int64[n].
    """

    measures: tuple[str, ...]
    values: _Floats
    scanner: npt.NDArray[np.str_]
    site: npt.NDArray[np.str_]
    patient: _Codes
    day: _Codes

    def where(self, keep: npt.NDArray[np.bool_]) -> "QualityRows":
        """Return some of the series."""
        return QualityRows(
            self.measures,
            self.values[keep],
            self.scanner[keep],
            self.site[keep],
            self.patient[keep],
            self.day[keep],
        )

    def __len__(self) -> int:
        return len(self.day)


def harmony_signals(view: View, counts: Counts, rows: QualityRows) -> list[Signal]:
    """Return the harmonisation check of one scope."""
    window, references = periods_of(counts, view.scope, view.plan, view.window.end)
    now = rows.where(in_period(rows.day, window) & np.isin(rows.site, list(references)))
    in_reference = np.zeros(len(rows), dtype=np.bool_)
    for site, period in references.items():
        in_reference |= (rows.site == site) & in_period(rows.day, period)
    base = _of_large_scanners(rows.where(in_reference), view.plan.min_units)
    scanners = len(np.unique(base.scanner))
    if view.unready or scanners < LEAST:
        why = view.unready or f"{scanners} scanners have {view.plan.min_units} series in the reference, {LEAST} needed"
        none = Reading(len(now), reason=NotAssessed.TOO_FEW, why=why)
        return [drafted(view, code, none) for code in ("SCN009", "SCN010")]
    try:
        fitted = fit_combat(base.values, base.scanner)
    except ValueError as error:
        none = Reading(len(now), reason=NotAssessed.TOO_FEW, why=str(error))
        return [drafted(view, code, none) for code in ("SCN009", "SCN010")]
    return [
        drafted(view, "SCN010", _unseen(now, fitted)),
        *(drafted(view, "SCN009", one) for one in _shares(view, now, fitted)),
    ]


def _of_large_scanners(rows: QualityRows, least: int) -> QualityRows:
    names, sizes = np.unique(rows.scanner, return_counts=True)
    return rows.where(np.isin(rows.scanner, names[sizes >= least]))


def _unseen(now: QualityRows, fitted: Combat) -> Reading:
    """Return the share of series that cannot be harmonised, for the reference does not hold their scanner."""
    if len(now) == 0:
        return Reading(0, reason=NotAssessed.TOO_FEW, why="no series of the window has these measures")
    names = unseen_scanners(fitted, now.scanner)
    share = clustered_proportion(np.isin(now.scanner, list(names)), now.patient)
    more = f", and {len(names) - 5} more" if len(names) > 5 else ""
    why = f"not in the reference, or with too few series there: {', '.join(names[:5])}{more}" if names else ""
    return replace(reading_of(share, 0.0), why=why, watch=bool(names))


def _shares(view: View, now: QualityRows, fitted: Combat) -> list[Reading]:
    """Return for each measure the share of variance between scanners after harmonisation; that before in words."""
    seen = _of_large_scanners(now.where(np.isin(now.scanner, list(fitted.scanners))), view.plan.min_units)
    scanners = len(np.unique(seen.scanner))
    if scanners < LEAST:
        why = f"{scanners} scanners of the reference have {view.plan.min_units} series in the window, {LEAST} needed"
        return [Reading(len(seen), reason=NotAssessed.TOO_FEW, why=why)]
    after = apply_combat(fitted, seen.values, seen.scanner)
    return [_share(name, seen, seen.values[:, place], after[:, place]) for place, name in enumerate(seen.measures)]


def share_between(values: _Floats, code: _Codes, weight: _Floats) -> float:
    """Return the share of variance between groups: the intraclass correlation of unequal groups, not below 0.

    Args:
        values: float64[n].
        code: group of each, int64[n].
        weight: how often each counts, float64[n].
    """
    sizes = np.bincount(code, weight)
    held = sizes > 0
    total, groups = float(sizes.sum()), int(held.sum())
    if groups < LEAST or total <= groups:
        return 0.0
    means = np.bincount(code, weight * values)[held] / sizes[held]
    grand = float((sizes[held] * means).sum()) / total
    within = float((weight * values**2).sum() - (sizes[held] * means**2).sum()) / (total - groups)
    among = float((sizes[held] * (means - grand) ** 2).sum()) / (groups - 1)
    typical = (total - float((sizes**2).sum()) / total) / (groups - 1)
    spread = among + (typical - 1) * within
    return max(0.0, (among - within) / spread) if spread > 0 else 0.0


def _share(name: str, rows: QualityRows, before: _Floats, after: _Floats) -> Reading:
    code = np.unique(rows.scanner, return_inverse=True)[1].reshape(-1)
    patient = np.unique(rows.patient, return_inverse=True)[1].reshape(-1)
    patients = int(patient.max()) + 1
    once = np.ones(len(code))
    values = [share_between(column, code, once) for column in (before, after)]
    spreads = [_widest(column, code) for column in (before, after)]
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = generator.multinomial(patients, np.full(patients, 1 / patients), size=REPEATS)
    table = np.array([share_between(after, code, weight[patient].astype(np.float64)) for weight in drawn])
    why = (
        f"before harmonisation it is {100 * values[0]:.1f} %; the largest of the scanners' standard deviations is "
        f"{spreads[0]:.2f} times the smallest before and {spreads[1]:.2f} times after"
    )
    return Reading(
        len(code),
        values[1],
        percentile_interval(table, 0.95),
        n_patients=patients,
        subject={"quality": name},
        why=f"{int(code.max()) + 1} scanners; {why}",
    )


def _widest(values: _Floats, code: _Codes) -> float:
    spreads = [float(values[code == at].std(ddof=1)) for at in range(int(code.max()) + 1)]
    return max(spreads) / min(spreads) if min(spreads) > 0 else float("inf")
