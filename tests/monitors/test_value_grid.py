"""The grid of measured numbers: the cell read from a number's bits is that of its definition, for every number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.value_grid import PER_OCTAVE, to_cells, to_numbers


def defined(number: float) -> int:
    """Return the cell by the definition: m 2^e with m in [1/2, 1)."""
    if number == 0:
        return 0
    mantissa, exponent = math.frexp(abs(number))
    cell = (exponent + 1100) * PER_OCTAVE + math.floor(256 * (mantissa - 0.5))
    return -cell if number < 0 else cell


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30))
def test_cells_are_those_of_the_definition(numbers: list[float]) -> None:
    assert to_cells(np.array(numbers, dtype=np.float64)).tolist() == [defined(number) for number in numbers]


def test_the_edges_of_binary64_have_their_cells() -> None:
    edges = [0.0, -0.0, 5e-324, -5e-324, 2.225073858507201e-308, 2.2250738585072014e-308, 1.7976931348623157e308, -1.0]
    assert to_cells(np.array(edges)).tolist() == [defined(edge) for edge in edges]
    assert to_cells(np.zeros(0)).tolist() == []


def test_a_column_that_is_not_contiguous_has_the_same_cells() -> None:
    table = np.random.default_rng(1).normal(size=(50, 3))
    assert to_cells(table[:, 1]).tolist() == [defined(number) for number in table[:, 1].tolist()]


def test_absurd_numbers_keep_their_cells_and_count_as_the_greatest_quantity() -> None:
    absurd = np.array([1.7976931348623157e308, -1e308, 2.0**201, 1e59])
    assert len(set(to_cells(absurd).tolist())) == 4
    assert to_numbers(to_cells(absurd))[:3].tolist() == [2.0**200, -(2.0**200), 2.0**200]
    assert np.isfinite((to_numbers(to_cells(absurd)) ** 4).sum())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_cells(np.array([1.0, bad]))


def test_the_middle_of_a_cell_is_within_four_thousandths() -> None:
    numbers = np.random.default_rng(2).normal(size=500)
    assert np.abs(to_numbers(to_cells(numbers)) / numbers - 1).max() <= 0.004
