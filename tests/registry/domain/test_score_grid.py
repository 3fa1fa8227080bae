"""The score grid of the contract."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.score_grid import CELLS, threshold_cell, to_grid, to_value


@given(st.floats(0, 1))
def test_the_cell_is_exact_in_rational_arithmetic(score: float) -> None:
    assert to_grid(score) == min(CELLS - 1, math.floor(Fraction(score) * CELLS))


@given(st.integers(0, CELLS - 1))
def test_a_cells_value_lies_in_the_cell(q: int) -> None:
    assert to_grid(to_value(q)) == q


@given(st.floats(0, 1), st.integers(0, CELLS))
def test_a_threshold_on_the_grid_decides_alike_on_score_and_cell(score: float, k: int) -> None:
    decided = score >= k / CELLS
    assert threshold_cell(k / CELLS) == k
    assert decided == (to_grid(score) >= k) or (k == CELLS and score == 1.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_grid_keeps_the_order(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert to_grid(low) <= to_grid(high)


@pytest.mark.parametrize("score", [-0.001, 1.001, math.nan, math.inf])
def test_scores_outside_0_to_1_have_no_cell(score: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        to_grid(score)


@pytest.mark.parametrize("threshold", [0.3, -1 / CELLS, 1 + 1 / CELLS])
def test_thresholds_off_the_grid_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="k/65536"):
        threshold_cell(threshold)
