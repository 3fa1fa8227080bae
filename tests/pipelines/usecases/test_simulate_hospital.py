"""The synthetic hospital by command: what was written is what the report says."""

from pathlib import Path

import pytest
from fakes import NoProgress

from pipelines.simulation.hospital import SITE_NAMES
from pipelines.usecases.simulate_hospital import EXAMINATIONS, simulate_hospital
from registry.domain.errors import UnknownNameError, UsageError


class Counting:
    """A progress that counts."""

    def __init__(self) -> None:
        self.steps = 0

    def advance(self, n: int = 1) -> None:
        self.steps += n


@pytest.mark.parametrize("examination", EXAMINATIONS)
def test_the_report_counts_what_was_written_and_says_that_it_is_synthetic(tmp_path: Path, examination: str) -> None:
    progress = Counting()
    report = simulate_hospital(
        tmp_path, examination=examination, studies=5, seed=3, until="2026-06-30", progress=progress
    )
    record = report.to_json()
    assert record["objects"] == len(list(tmp_path.rglob("*.dcm")))
    assert record["studies"] == progress.steps == 5
    assert record["synthetic"] is True
    assert record["target"] == EXAMINATIONS[examination].value
    assert 0 < record["lesions"] < 5
    assert {path.name for path in (tmp_path / "dicom").iterdir()} == set(SITE_NAMES) == set(record["sites"])
    assert "synthetic" in report.lines()[0]


@pytest.mark.parametrize("until", ["yesterday", "2026-13-01", ""])
def test_a_date_that_is_none_is_refused(tmp_path: Path, until: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        simulate_hospital(tmp_path, examination="head-mr", studies=2, seed=0, until=until, progress=NoProgress())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [{"studies": 0}, {"seed": -1}])
def test_too_few_studies_and_a_negative_seed_are_refused(tmp_path: Path, words: dict[str, int]) -> None:
    asked = {"seed": 1, "studies": 1} | words
    with pytest.raises(UsageError):
        simulate_hospital(tmp_path, examination="head-mr", until="2026-06-30", progress=NoProgress(), **asked)


def test_an_unknown_examination_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'head-mr'"):
        simulate_hospital(tmp_path, examination="haed-mr", studies=1, seed=0, until="2026-06-30", progress=NoProgress())
