"""Score drift: the distribution of scores, and the share called positive, against the reference."""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from monitors.counts import PATIENTS, Family, Integers
from monitors.draft import Reading, drafted
from monitors.reference import against_reference, unfit
from monitors.scope import View
from monitors.shares import Mask, difference_p, patients_of, thin
from registry.domain.score_grid import CELLS
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.grid import to_values
from validation.statistics.two_sample import aligned, ks_test, wasserstein_distance

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PERMUTATIONS = 999
SEED = 20_250_101  # fixed, so that the same counts give the same p-value
_COARSE = 64  # grid cells a permutation cell; 1,024 of them
_BATCH = 100


class Pair(NamedTuple):
    """Two samples on their common cells: cells int64[k], counts of the window and of the reference int64[k]."""

    cells: Integers
    now: Integers
    base: Integers


def score_signals(view: View) -> list[Signal]:
    """Return the score monitor's signals of one scope."""
    now, base = view.now[PATIENTS], view.base[PATIENTS]
    why = unfit(view, now.total, base.total)
    return [
        drafted(view, "SCO001", _distance(now, base, why)),
        drafted(view, "SCO002", against_reference(view, now, base, _positive, difference_p)),
        drafted(view, "SCO003", _shift(now, base, why)),
    ]


def _positive(family: Family) -> Mask:
    return family.is_level("decision", "pos")


def _distance(now: Family, base: Family, unlike: str) -> Reading:
    if unlike:
        return _too_few(now, unlike)
    pair = pair_of(now, base)
    test = ks_test(pair.now, pair.base)
    if not _clustered(now) and not _clustered(base):
        return Reading(now.total, test.statistic, p_value=test.p_value, n_patients=patients_of(now))
    if few := thin(base.total, patients_of(base)):
        return replace(_too_few(now, f"in the reference, {few}"), value=test.statistic, reason=NotAssessed.CLUSTERED)
    p_value = permutation_p(now, base)
    why = f"patients have several units: the p-value is from {PERMUTATIONS} permutations of patients"
    return Reading(now.total, test.statistic, p_value=p_value, n_patients=patients_of(now), why=why)


def _shift(now: Family, base: Family, unlike: str) -> Reading:
    if unlike:
        return _too_few(now, unlike)
    pair = pair_of(now, base)
    values = to_values(pair.cells)
    mean = float(np.average(values, weights=pair.base))
    spread = float(np.sqrt(np.average((values - mean) ** 2, weights=pair.base)))
    if spread == 0.0:
        return Reading(now.total, reason=NotAssessed.GRID, why="all scores of the reference lie in one grid cell")
    return Reading(now.total, wasserstein_distance(values, pair.now, pair.base) / spread, n_patients=patients_of(now))


def pair_of(now: Family, base: Family, axis: str = "q") -> Pair:
    """Return the units of two families by an axis of whole numbers, on the cells that either occupies."""
    parts = [family.marginal((axis,)) for family in (now, base)]
    return Pair(*aligned(*(side for part in parts for side in (part.codes_of(axis), part.counts))))


def permutation_p(now: Family, base: Family) -> float:
    """Return the p-value of the Kolmogorov-Smirnov distance when patients, not units, are exchanged.

    A block is one patient's units in one period; 999 random assignments of as many blocks to the window, with a fixed
    seed, on 1,024 cells. A patient with units in both periods has two blocks: that makes the test conservative.
    """
    from scipy.sparse import vstack  # noqa: PLC0415 - lazy: scipy is slow to import

    parts = [_blocks(family) for family in (now, base)]
    blocks, in_window = vstack(parts, format="csr"), parts[0].shape[0]
    observed = _distances(np.arange(blocks.shape[0])[None, :] < in_window, blocks)[0]
    rng = np.random.default_rng(SEED)
    reached = 0
    for start in range(0, PERMUTATIONS, _BATCH):
        draws = rng.random((min(_BATCH, PERMUTATIONS - start), blocks.shape[0]))
        chosen = np.zeros(draws.shape, dtype=np.bool_)
        np.put_along_axis(chosen, np.argpartition(draws, in_window - 1, axis=1)[:, :in_window], values=True, axis=1)
        reached += int((_distances(chosen, blocks) >= observed - 1e-12).sum())
    return (1 + reached) / (1 + PERMUTATIONS)


def _blocks(family: Family) -> "csr_array":
    """Return the counts of each patient on the coarse cells, shape (patients, 1024), few of them above zero."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - lazy: scipy is slow to import

    patients, place = np.unique(family.codes_of("patient"), return_inverse=True)
    cells = family.codes_of("q") // _COARSE
    return csr_array((family.counts, (place, cells)), shape=(len(patients), CELLS // _COARSE))


def _distances(chosen: npt.NDArray[np.bool_], blocks: "csr_array") -> npt.NDArray[np.float64]:
    """Return the distance of each assignment of blocks, shape (assignments,)."""
    total = np.cumsum(np.asarray(blocks.sum(axis=0)))
    inside = np.cumsum((blocks.T @ chosen.T.astype(np.int64)).T, axis=1)
    outside = total - inside
    gap = inside / inside[:, -1:] - outside / outside[:, -1:]
    return np.asarray(np.abs(gap).max(axis=1), dtype=np.float64)


def _clustered(family: Family) -> bool:
    return family.total > patients_of(family)


def _too_few(now: Family, why: str) -> Reading:
    return Reading(now.total, n_patients=patients_of(now), reason=NotAssessed.TOO_FEW, why=why)
