"""Phantoms by command: what was written is what the report says."""

from pathlib import Path

import pytest
from fakes import NoProgress

from pipelines.usecases.simulate_phantoms import SITES, simulate_phantoms
from registry.domain.errors import UsageError


class Counting:
    """A progress that counts."""

    def __init__(self) -> None:
        self.steps = 0

    def advance(self, n: int = 1) -> None:
        self.steps += n


def test_the_report_counts_what_was_written_and_says_that_it_is_synthetic(tmp_path: Path) -> None:
    progress = Counting()
    report = simulate_phantoms(tmp_path / "set", seed=3, patients=2, until="2026-06-30", progress=progress)
    record = report.to_json()
    assert record["images"] == len(list((tmp_path / "set").rglob("*.dcm"))) == 2 * 2 * 12
    assert record["synthetic"] is True
    assert {path.name for path in (tmp_path / "set").iterdir() if path.is_dir()} == set(SITES)
    assert progress.steps == record["patients"] == 4
    assert "synthetic" in report.lines()[0]


@pytest.mark.parametrize("until", ["yesterday", "2026-13-01", ""])
def test_a_date_that_is_none_is_refused(tmp_path: Path, until: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        simulate_phantoms(tmp_path / "set", seed=3, patients=2, until=until, progress=NoProgress())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [{"patients": 0}, {"seed": -1}])
def test_too_few_patients_and_a_negative_seed_are_refused(tmp_path: Path, words: dict[str, int]) -> None:
    asked = {"seed": 1, "patients": 1} | words
    with pytest.raises(UsageError):
        simulate_phantoms(tmp_path / "set", until="2026-06-30", progress=NoProgress(), **asked)
