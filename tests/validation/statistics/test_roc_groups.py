"""Areas of many groups at once are those of each group alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.statistics.roc import roc_counts, roc_from_arrays
from validation.statistics.roc_groups import areas_of_groups, areas_of_table

Units = list[tuple[int, int, bool]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.booleans()), max_size=60))
def test_every_groups_area_and_variance_are_its_own(units: Units) -> None:
    groups, q, truth = (np.array([unit[at] for unit in units], dtype=np.int64) for at in range(3))
    found = areas_of_groups(q, truth, groups, 5)
    for group in range(5):
        mine = groups == group
        positive = int(truth[mine].sum())
        assert (found.positive[group], found.negative[group]) == (positive, mine.sum() - positive)
        if not 0 < positive < mine.sum():
            assert np.isnan(found.auc[group])
            continue
        alone = roc_from_arrays(q[mine], truth[mine])
        assert found.auc[group] == pytest.approx(alone.auc, rel=1e-12)
        assert np.isnan(found.variance[group]) == (alone.variance is None)
        assert alone.variance is None or found.variance[group] == pytest.approx(alone.variance, rel=1e-9, abs=1e-15)


def test_groups_that_fill_several_blocks_are_each_judged_whole() -> None:
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 7, 120_000)
    q, truth = rng.integers(0, 65_536, len(groups)), rng.random(len(groups)) < 0.3
    found = areas_of_groups(q, truth, groups, 7)
    for group in range(7):
        alone = roc_from_arrays(q[groups == group], truth[groups == group])
        assert (found.auc[group], found.variance[group]) == (
            pytest.approx(alone.auc, rel=1e-12),
            pytest.approx(alone.variance, rel=1e-9),
        )


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.booleans()), max_size=60), st.sampled_from([1, 2**28])
)
def test_areas_of_a_table_are_those_of_units(units: Units, times: int) -> None:
    groups, q, truth = (np.array([unit[at] for unit in units], dtype=np.int64) for at in range(3))
    table = np.zeros((2, 5, 7), dtype=np.int64)
    np.add.at(table, (truth, groups, q), 1)
    found, expected = areas_of_table(times * table[1], times * table[0]), areas_of_groups(q, truth, groups, 5)
    np.testing.assert_allclose(found.auc, expected.auc, rtol=1e-12)
    assert (found.positive.tolist(), found.negative.tolist()) == (
        (times * expected.positive).tolist(),
        (times * expected.negative).tolist(),
    )
    if times == 1:
        np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-12, atol=1e-15)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        areas_of_table([[1, 2]], [[1]])
    with pytest.raises(ValueError, match="one shape"):
        areas_of_table([1, 2], [1, 2])
    with pytest.raises(ValueError, match="one cell"):
        areas_of_table(np.zeros((2, 0)), np.zeros((2, 0)))
    with pytest.raises(ValueError, match="negative"):
        areas_of_table([[1, -2]], [[1, 0]])


def test_a_table_and_a_sort_count_alike() -> None:
    rng = np.random.default_rng(2)
    q, truth = rng.integers(100, 140, 300), rng.random(300) < 0.4
    near, far = roc_counts(q, truth), roc_counts(q * 10**9, truth)
    assert near.cells.tolist() == (far.cells // 10**9).tolist()
    assert (near.positive.tolist(), near.negative.tolist()) == (far.positive.tolist(), far.negative.tolist())


def test_what_is_no_group_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        areas_of_groups([1, 2], [True, False], [0, 2], 2)
    with pytest.raises(ValueError, match="one number"):
        areas_of_groups([2**60], [True], [0], 5)
