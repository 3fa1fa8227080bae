"""The score grid for whole arrays, and the checks at the estimators' door."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from registry.domain import score_grid
from validation.statistics.arrays import codes_of, flags, floats, integers, same_length
from validation.statistics.grid import to_grid, to_values


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_arrays_go_to_the_same_cells_as_single_scores(scores: list[float]) -> None:
    cells = [score_grid.to_grid(score) for score in scores]
    assert to_grid(scores).tolist() == cells
    assert to_values(cells).tolist() == [score_grid.to_value(q) for q in cells]


@pytest.mark.parametrize("k", [1, 2, 32767, 32768, 65535])
def test_a_score_on_a_threshold_is_positive_and_the_one_below_is_not(k: int) -> None:
    at = k / 65536
    assert to_grid([at, np.nextafter(at, 0)]).tolist() == [k, k - 1]


@pytest.mark.parametrize("scores", [[-1e-9], [1.0000001], [np.nan], [np.inf], [[0.5]]])
def test_what_is_no_score_is_refused(scores: ArrayLike) -> None:
    with pytest.raises(ValueError, match=r"score|number|dimension"):
        to_grid(scores)


@pytest.mark.parametrize(
    ("convert", "values"),
    [(integers, [0.5]), (integers, [np.nan]), (flags, [2]), (flags, [np.nan]), (floats, ["a"]), (to_values, [65536])],
)
def test_values_of_another_kind_are_refused(convert: Callable[[ArrayLike], object], values: ArrayLike) -> None:
    with pytest.raises(ValueError, match=r"whole|finite|true|convert|0\.\.65535"):
        convert(values)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        same_length(np.zeros(2), np.zeros(3))


def test_labels_of_any_kind_become_codes() -> None:
    assert codes_of(["p:b", "p:a", "p:b"]).tolist() == [1, 0, 1]
    assert codes_of([7, 7, 3]).tolist() == [1, 1, 0]
    assert codes_of([]).tolist() == []
