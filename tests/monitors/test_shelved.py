"""A family on disk answers as the family in memory does, whatever the days and the order in which it came."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitors.counts import Counts, Family, Labels, count, merged
from monitors.patient_names import PatientNumbers
from monitors.scratch import Scratch
from monitors.shelved import Part, ShelvedCounts, chosen, parts_by_site
from monitors.shelving import Shelving, numbered
from registry.domain.errors import IncompleteError

AXES = ("day", "site", "q", "patient")


def drawn(seed: int, n: int = 400) -> Family:
    rng = np.random.default_rng(seed)
    sites = ("a", "b", "c")[: 1 + seed % 3]
    site = Labels(rng.integers(0, len(sites), n), sites)
    patient = Labels(rng.integers(0, 30, n), tuple(f"p:{seed}{at:02d}" for at in range(30)))
    return count(
        "f", {"day": rng.integers(738_000, 738_090, n), "site": site, "q": rng.integers(0, 9, n), "patient": patient}
    )


@pytest.fixture(scope="module")
def parts() -> list[Family]:
    return [drawn(seed) for seed in range(5)]


def shelved(parts: list[Family], *, by_site: bool) -> ShelvedCounts:
    first, *rest = parts
    shelving = Shelving.of(Scratch(), first, by_site=by_site)
    for part in rest:
        shelving.add(part)
    return ShelvedCounts({}, (), {"f": shelving.whole()})


def early(part: Part) -> np.ndarray:
    return np.asarray(part.column("day") < 738_040) & part.is_level("site", "a")


def few(part: Part) -> np.ndarray:
    return np.asarray(part.column("q") == 3)


def none(part: Part) -> np.ndarray:
    return part.is_level("site", "nowhere")


@pytest.mark.parametrize("by_site", [False, True])
@pytest.mark.parametrize("keep", [early, few, none])
def test_chosen_cells_are_those_of_the_whole_family(
    parts: list[Family], *, by_site: bool, keep: Callable[[Part], np.ndarray]
) -> None:
    whole = merged(parts)
    found = chosen(shelved(parts[::-1], by_site=by_site), "f", keep)
    assert found.digest == whole.select(keep(whole)).digest


@pytest.mark.parametrize("by_site", [False, True])
def test_a_family_that_is_asked_for_whole_is_the_sum_of_what_was_added(parts: list[Family], *, by_site: bool) -> None:
    assert shelved(parts, by_site=by_site)["f"].digest == merged(parts).digest


def test_parts_of_a_site_follow_each_other_in_the_order_of_the_cells(parts: list[Family]) -> None:
    whole = Counts({"f": merged(parts)}, ())
    for (site, one), days in zip(parts_by_site(whole, "f"), _days(shelved(parts, by_site=True)), strict=True):
        assert (site, one.column("day").tolist()) == days


def _days(counts: ShelvedCounts) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for site, part in parts_by_site(counts, "f"):
        found.setdefault(site, []).extend(part.column("day").tolist())
    return list(found.items())


def test_families_of_other_axes_are_not_put_together(parts: list[Family]) -> None:
    shelving = Shelving.of(Scratch(), parts[0], by_site=False)
    with pytest.raises(ValueError, match="cannot be added"):
        shelving.add(parts[0].marginal(("day", "site")))


def test_numbers_of_patients_are_in_the_order_of_their_names() -> None:
    pseudonyms = [f"p:{number:032x}" for number in (0, 1, 255, 256, 16**31, 16**32 - 1)]
    names = [["b", "a"], ["", "ä", "z"], ["a", "𝄞", "\uffff"], pseudonyms, ["p:", "q" * 60, "p:0G", "2.25.9"]]
    numbers = PatientNumbers(names)
    for part in (pseudonyms, ["", "a", "b", "z", "ä", "\uffff", "𝄞"], ["2.25.9", "a", "p:", "q" * 60]):
        assert list(numbers.of(part).values()) == sorted(numbers.of(part).values())
    known = {name for part in names for name in part}
    assert len(set(numbers.of(known).values())) == len(known)


def test_a_family_with_numbered_patients_has_the_same_cells_in_the_same_order(parts: list[Family]) -> None:
    family = parts[1]
    numbers = PatientNumbers([part.levels["patient"] for part in parts]).of(family.levels["patient"])
    found = numbered(family, numbers)
    assert "patient" not in found.levels
    assert [column.tolist() for column in found.columns[:-1]] == [column.tolist() for column in family.columns[:-1]]
    order = np.argsort(np.unique(found.codes_of("patient"), return_inverse=True)[1], kind="stable")
    assert order.tolist() == np.argsort(family.codes_of("patient"), kind="stable").tolist()


def test_scratch_gives_back_what_was_put_and_closes_its_file_with_itself() -> None:
    scratch = Scratch()
    columns = [np.array([7, 7, 7]), np.array([-5, 70_000, 0]), np.array([1, 2, 300])]
    pieces = [scratch.put(columns), scratch.put(columns[::-1])]
    assert [scratch.column(pieces[0], at).tolist() for at in range(3)] == [column.tolist() for column in columns]
    assert [scratch.column(pieces[1], at).tolist() for at in range(3)] == [column.tolist() for column in columns[::-1]]
    open_files = set(Path("/proc/self/fd").iterdir())
    del scratch
    assert len(set(Path("/proc/self/fd").iterdir())) == len(open_files) - 1


def test_a_scratch_file_that_was_cut_short_is_told() -> None:
    scratch = Scratch()
    piece = scratch.put([np.array([1, 2, 3])])
    with pytest.raises(OSError, match="are left"):
        scratch.column(piece._replace(offset=piece.offset + 1), 0)


def test_a_full_folder_of_temporary_files_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    scratch = Scratch()
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(IncompleteError, match="TMPDIR"):
        scratch.put([np.array([1, 2])])
