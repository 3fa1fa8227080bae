"""Count families: canonical, mergeable, exact."""

import numpy as np
import pytest

from monitors.counts import INTERNAL, Family, Labels, count, family_axes, merge
from registry.domain.signal import Window


def family(rows: list[tuple[int, str, str]], name: str = "F") -> Family:
    sites, kinds = sorted({row[1] for row in rows}), sorted({row[2] for row in rows}, reverse=True)
    return count(
        name,
        {
            "day": np.array([row[0] for row in rows], dtype=np.int64),
            "site": Labels(np.array([sites.index(row[1]) for row in rows], dtype=np.int64), tuple(sites)),
            "kind": Labels(np.array([kinds.index(row[2]) for row in rows], dtype=np.int64), tuple(kinds)),
        },
    )


def random_family(seed: int) -> Family:
    rng = np.random.default_rng(seed)
    return family([(int(d), f"s{s}", f"k{k}") for d, s, k in zip(*rng.integers(0, 4, (3, 50)), strict=True)])


@pytest.mark.parametrize("seed", range(5))
def test_adding_is_commutative_and_associative_to_the_byte(seed: int) -> None:
    a, b, c = (random_family(3 * seed + i) for i in range(3))
    assert merge(a, b).data == merge(b, a).data
    assert merge(merge(a, b), c).data == merge(a, merge(b, c)).data


def test_the_order_of_rows_and_of_levels_does_not_show_in_the_bytes() -> None:
    rows = [(1, "a", "x"), (2, "b", "y"), (1, "a", "x")]
    assert family(rows).digest == family(rows[::-1]).digest
    assert family(rows).counts.tolist() == [2, 1]


def test_parts_of_a_table_add_up_to_the_table() -> None:
    rows = [(day, f"s{day % 3}", f"k{day % 2}") for day in range(30)]
    assert merge(family(rows[:11]), family(rows[11:])).digest == family(rows).digest


def test_a_window_holds_both_its_days_and_forgets_levels_that_it_lacks() -> None:
    days = [np.datetime64(f"2026-01-{day:02d}").astype("datetime64[D]").astype(int) + 719_163 for day in (1, 2, 3, 4)]
    whole = family([(int(day), f"s{place}", "k") for place, day in enumerate(days)])
    part = whole.during(Window("2026-01-02", "2026-01-03"))
    assert part.total == 2
    assert part.levels["site"] == ("s1", "s2")


def test_a_marginal_keeps_the_total_and_equals_counting_fewer_axes() -> None:
    rows = [(1, "a", "x"), (1, "a", "y"), (2, "b", "y")]
    part = family(rows).marginal(("site",))
    assert dict(zip(part.labels_of("site"), part.counts.tolist(), strict=True)) == {"a": 2, "b": 1}


def test_a_level_that_does_not_occur_selects_nothing() -> None:
    assert family([(1, "a", "x")]).where(site="elsewhere").total == 0


def test_families_of_other_names_or_axes_are_not_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        merge(family([(1, "a", "x")], "F"), family([(1, "a", "x")], "G"))


def test_keys_too_large_to_pack_are_sorted_alike() -> None:
    big = 2**60
    codes = np.array([big, 3, big, 0], dtype=np.int64)
    other = np.array([5, big, 5, 1], dtype=np.int64)
    wide = count("wide", {"q": codes, "day": other})
    assert [column.tolist() for column in wide.columns] == [[0, 3, big], [1, big, 5]]
    assert wide.counts.tolist() == [1, 1, 2]


def test_families_with_patients_are_named_internal() -> None:
    assert {name for name, axes in family_axes(("sex",)).items() if "patient" in axes} == INTERNAL
