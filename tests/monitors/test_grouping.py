"""Equal rows are added up alike by a table, by sorting, by column, and part by part."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.grouping import Narrow, grouped, grouped_parts

Rows = list[tuple[int, int, int]]
# Near the edges of the narrow types, where a number that is put together from columns needs the next one.
EDGES = (-(2**40), -32_769, -129, -1, 0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**40)
NUMBERS = st.one_of(st.sampled_from(EDGES), st.integers(-3, 3))
ROWS = st.lists(st.tuples(NUMBERS, st.sampled_from((0, 1, 255)), NUMBERS), max_size=12)


def columns_of(rows: Rows) -> list[Narrow]:
    return [np.array([row[axis] for row in rows], dtype=np.int64) for axis in range(3)]


def told(columns: list[Narrow], sums: Narrow) -> list[tuple[tuple[int, ...], int]]:
    return [(tuple(int(column[at]) for column in columns), int(sums[at])) for at in range(len(sums))]


DENSE = st.lists(st.tuples(*[st.integers(0, 2)] * 3), max_size=12)  # a table that is small for its rows


@given(st.lists(ROWS, min_size=1, max_size=5) | st.lists(DENSE, min_size=1, max_size=5))
def test_parts_are_added_up_like_their_rows_together(parts: list[Rows]) -> None:
    counts = [np.arange(1, len(rows) + 1, dtype=np.int64) for rows in parts]
    expected: Counter[tuple[int, ...]] = Counter()
    for rows, n in zip(parts, counts, strict=True):
        for row, units in zip(rows, n.tolist(), strict=True):
            expected[row] += units
    every = columns_of([row for rows in parts for row in rows])
    assert told(*grouped_parts([columns_of(rows) for rows in parts], counts)) == sorted(expected.items())
    assert told(*grouped(every, np.concatenate(counts))) == sorted(expected.items())


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64])
def test_the_ends_of_a_narrow_type_are_kept(kind: type[np.integer]) -> None:
    ends = np.iinfo(kind)
    column = np.array([ends.max, ends.min, ends.max], dtype=kind)
    found = grouped([column, np.array([1, 0, 1], dtype=np.uint8)], None)
    assert told(*found) == [((ends.min, 0), 1), ((ends.max, 1), 2)]


def test_many_parts_with_more_rows_than_a_batch_are_added_up_whole() -> None:
    rng = np.random.default_rng(1)
    parts = [[np.sort(rng.integers(-5, 300, n)), rng.integers(0, 2, n)] for n in (70_000, 3, 0, 40_000, 20_000)]
    counts = [rng.integers(1, 9, len(part[0])) for part in parts]
    together = [np.concatenate([part[axis] for part in parts]) for axis in range(2)]
    table = np.zeros((305, 2), dtype=np.int64)
    np.add.at(table, (together[0] + 5, together[1]), np.concatenate(counts))
    columns, sums = grouped_parts(parts, counts)
    assert [column.tolist() for column in columns] == [
        (np.nonzero(table)[0] - 5).tolist(),
        np.nonzero(table)[1].tolist(),
    ]
    assert sums.tolist() == table[np.nonzero(table)].tolist()
