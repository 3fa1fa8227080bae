"""Evidence that is kept is to the byte what is found anew, and is used only while what it depends on is the same."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from test_ripening import ripening
from test_watch_detector import level

from monitors.counts import Integers
from monitors.watch import kept
from monitors.watch.comparisons import Level
from monitors.watch.detector import Path, Rules, evidence_on, path_of
from monitors.watch.kept import BLOCK, InMemory, Judged, evidence_paths
from monitors.watch.ripening import Ripening
from monitors.watch.spread import Kin
from monitors.watch.standardised import Standardised
from monitors.watch.strata import Strata
from monitors.watch.stream import Comparison

DAYS = 300
FIRST = 120


def values(days: int) -> np.ndarray:
    found = np.random.default_rng(3).normal(size=DAYS)
    found[150:180] += 0.8
    return found[:days]


def streams(days: int = DAYS, rules: Rules | None = None) -> list[Judged]:
    """Return one comparison of each kind up to a day."""
    one = level(values(days))
    bands = [_until(seed, days) for seed in (1, 2)]
    several = Strata(((bands[0], bands[1]), (bands[1], None)), own=True, alone=True)
    related = replace(bands[1], kin=(Kin(3 * values(days)[None, :], (0, 60), 0.4, 7, 90.0),))
    kinds = (one, Standardised(one, one, 0.3), bands[0], several, Strata(((one, None),)), related)
    return [(kind, rules or Rules(FIRST)) for kind in kinds]


def _until(seed: int, days: int) -> Ripening:
    found = ripening(seed, DAYS)
    parts = [replace(part, series=part.series[:, :days]) for part in (found.whole, *found.bands)]
    return replace(found, whole=parts[0], bands=tuple(parts[1:]))


def data(paths: list[Path]) -> list[bytes]:
    return [np.stack([one.evidence, one.length, one.sign]).tobytes() for one in paths]


def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the days that are looked at."""
    found: list[int] = []

    def noted(comparison: Comparison, rules: Rules, ends: Integers) -> Path:
        found.extend(ends.tolist())
        return evidence_on(comparison, rules, ends)

    monkeypatch.setattr(kept, "evidence_on", noted)
    return found


@pytest.mark.parametrize("earlier", [DAYS, 256, 200, 130])
def test_evidence_is_to_the_byte_what_is_found_anew(earlier: int) -> None:
    shelf = InMemory()
    evidence_paths(streams(earlier), shelf)
    found = evidence_paths(streams(), shelf)
    assert data(found) == data([path_of(*one) for one in streams()])
    assert max(path.evidence.max() for path in found) > 5


def test_days_that_a_whole_block_holds_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, days = InMemory(), looked_at(monkeypatch)
    evidence_paths(streams(), shelf)
    assert min(days) == FIRST
    days.clear()
    evidence_paths(streams(), shelf)
    assert set(days) == set(range(DAYS // BLOCK * BLOCK, DAYS))


def _changed(one: Level, day: int) -> Level:
    series = one.series.copy()
    series[0, day] += 1e-9
    return replace(one, series=series)


CHANGES: dict[str, tuple[int, Callable[[Level, Rules], Judged]]] = {
    "a row of the reference": (FIRST, lambda one, rules: (_changed(one, 3), rules)),
    "a late row": (3 * BLOCK, lambda one, rules: (_changed(one, 200), rules)),
    "the margin": (FIRST, lambda one, rules: (replace(one, margin=0.03), rules)),
    "the direction": (FIRST, lambda one, rules: (one, replace(rules, side=-1))),
    "a comparison with all before": (FIRST, lambda one, rules: (one, replace(rules, grows=True))),
    "the mean of the reference": (FIRST, lambda one, rules: (replace(one, mean=1e-12), rules)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_with_anything_changed_the_days_from_there_on_are_looked_at_anew(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, change = CHANGES[name]
    shelf, one = InMemory(), level(values(DAYS))
    evidence_paths([(one, Rules(FIRST))], shelf)
    days = looked_at(monkeypatch)
    other = change(one, Rules(FIRST))
    assert data(evidence_paths([other], shelf)) == data([path_of(*other)])
    assert min(days) == first


def test_other_detectors_keep_nothing() -> None:
    shelf = InMemory()
    evidence_paths([(level(values(DAYS)), Rules(FIRST, detector="cusum"))], shelf)
    assert not shelf.blocks


def test_what_is_no_part_of_a_comparison_has_no_digest() -> None:
    odd = replace(level(values(DAYS)), mean={})  # type: ignore[arg-type]  # what no comparison holds
    with pytest.raises(TypeError, match="dict"):
        evidence_paths([(odd, Rules(FIRST))], InMemory())


def test_bytes_of_another_length_are_refused() -> None:
    class Short(InMemory):
        def read(self, wanted: object) -> dict[int, bytes]:
            del wanted
            return {2: b"short"}

    with pytest.raises(ValueError, match="5 bytes"):
        evidence_paths(streams(), Short())
