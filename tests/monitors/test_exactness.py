"""Statistics of counts are those of the rows, on the score grid, to 1e-12, however the rows were cut into parts."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, wasserstein_distance

from monitors.counts import F0, Family, Labels, count, merged
from monitors.drift import pair_of
from validation.statistics.grid import to_grid, to_values
from validation.statistics.roc import RocCounts, roc_from_counts
from validation.statistics.two_sample import ks_test
from validation.statistics.two_sample import wasserstein_distance as wasserstein_of_counts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
scores = st.lists(
    st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5 + 2**-17, 0.9, 1.0]) | st.floats(0, 1), min_size=2, max_size=40
)
SIGNS = ("neg", "pos")


def family(q: Ints, truth: npt.NDArray[np.bool_], day: int) -> Family:
    zeros = np.zeros(len(q), dtype=np.int64)
    one = Labels(zeros, ("x",))
    columns = {"day": zeros + day, "model": one, "version": one, "target": one, "site": one, "mode": one, "q": q}
    sign = Labels(truth.astype(np.int64), SIGNS)
    found = count("F0", columns | {"truth": sign, "decision": sign})
    assert found.axes == F0
    return found


def in_parts(q: Ints, truth: npt.NDArray[np.bool_], seed: int) -> Family:
    """Count in up to four parts of random size and order, on one day, and add up."""
    rng = np.random.default_rng(seed)
    part = rng.integers(0, 4, len(q))
    parts = [family(q[part == n], truth[part == n], 739_000) for n in rng.permutation(4)]
    return merged(parts)


def counts_of(found: Family) -> RocCounts:
    """Return the classes of a family, cell by cell."""
    cells = found.marginal(("q", "truth"))
    positive = cells.is_level("truth", "pos")
    q, place = np.unique(cells.codes_of("q"), return_inverse=True)
    sides = [np.zeros(len(q), dtype=np.int64) for _ in SIGNS]
    for side, chosen in zip(sides, (~positive, positive), strict=True):
        np.add.at(side, place[chosen], cells.counts[chosen])
    return RocCounts(q, sides[1], sides[0])


@settings(max_examples=50, deadline=None)
@given(values=scores, seed=st.integers(0, 10**6))
def test_area_and_delong_variance_of_counts_are_those_of_pairs_of_rows(values: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    q = to_grid(np.array(values))
    truth = rng.random(len(q)) < 0.5
    assume(2 <= truth.sum() <= len(q) - 2)
    found = roc_from_counts(counts_of(in_parts(q, truth, seed)))
    positive, negative = q[truth], q[~truth]
    wins = np.array([[1.0 if p > n else 0.5 if p == n else 0.0 for n in negative] for p in positive])
    auc = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    assert found.auc == pytest.approx(auc, abs=1e-12)
    assert found.variance == pytest.approx(variance, abs=1e-12)
    ties = sum(p == n for p, n in product(positive.tolist(), negative.tolist()))
    assert found.tie_loss == pytest.approx(ties / (2 * len(positive) * len(negative)), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(first=scores, second=scores, seed=st.integers(0, 10**6))
def test_drift_statistics_of_counts_are_those_of_rows(first: list[float], second: list[float], seed: int) -> None:
    rows = [to_grid(np.array(values)) for values in (first, second)]
    now, base = (in_parts(q, q > 30_000, seed + at) for at, q in enumerate(rows))
    pair = pair_of(now, base)
    expected = ks_2samp(*rows, method="asymp").statistic
    assert ks_test(pair.now, pair.base).statistic == pytest.approx(expected, abs=1e-12)
    moved = wasserstein_distance(to_values(rows[0]), to_values(rows[1]))
    assert wasserstein_of_counts(to_values(pair.cells), pair.now, pair.base) == pytest.approx(moved, abs=1e-12)


def test_counting_by_threshold_is_the_row_level_decision_for_every_cell() -> None:
    values = np.array([0.0, 0.5 - 2**-18, 0.5, 0.5 + 2**-18, 1.0])
    for threshold in (1, 32_767, 32_768, 65_535):
        assert ((to_grid(values) >= threshold) == (values >= threshold / 65_536)).all()
