"""What is observed of a day: files go in once, days are apart, a day without anything says so."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from drop_folder import settings_for, write_days
from fakes import FakeClock
from monitored import NOW

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.observed_days import MonitoredDay, monitor_days, take_observations
from registry.domain.errors import UsageError
from registry.domain.vocabulary import SignalState

DAYS = 12


@pytest.fixture
def days(tmp_path: Path) -> list[date]:
    """Write the files of some days."""
    return write_days(tmp_path / "drop", DAYS)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace that takes them in."""
    return with_settings(tmp_path, settings_for(tmp_path / "drop"))


def with_settings(root: Path, text: str) -> Workspace:
    """Make a workspace with further settings."""
    made = init_workspace(root / "workspace", FakeClock(NOW))
    with (made.root / "overread.toml").open("a") as settings:
        settings.write(text)
    return open_workspace(made.root, FakeClock(NOW))


def test_a_day_takes_in_its_own_files_and_no_others(workspace: Workspace, days: list[date]) -> None:
    done = take_observations(workspace, days[:1])
    assert (done.files, done.new, done.refused) == (2, 8, 0), "acquisitions and predictions; outcomes come later"
    assert done.tables == ("acquisitions", "outcomes", "predictions")


def test_a_range_taken_in_again_changes_nothing(workspace: Workspace, days: list[date]) -> None:
    first = take_observations(workspace, days)
    before = (workspace.ledger.head(), workspace.tables.version("predictions"))
    again = take_observations(workspace, days)
    assert first.new > again.new == 0
    assert (workspace.ledger.head(), workspace.tables.version("predictions")) == before


def test_whole_files_are_looked_through_for_any_day(tmp_path: Path, days: list[date]) -> None:
    text = settings_for(tmp_path / "drop").replace("{day}", "*")
    whole = take_observations(with_settings(tmp_path, text), days[:1])
    assert whole.files == len(list((tmp_path / "drop").iterdir()))


def test_a_day_without_files_takes_in_nothing(workspace: Workspace, days: list[date]) -> None:
    assert take_observations(workspace, [days[0] - timedelta(days=1)]).files == 0


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "a/../../b"])
def test_a_pattern_never_leads_out_of_its_folder(tmp_path: Path, pattern: str) -> None:
    text = f'[[pipeline.observations]]\ntable = "reads"\nfolder = "{tmp_path}"\npattern = "{pattern}"\n'
    with pytest.raises(UsageError, match="leads out"):
        take_observations(with_settings(tmp_path, text), [date(2026, 5, 20)])


def test_an_absent_folder_is_an_error_and_not_a_quiet_day(tmp_path: Path) -> None:
    text = '[[pipeline.observations]]\ntable = "reads"\nfolder = "/nowhere-at-all"\n'
    with pytest.raises(UsageError, match="absent"):
        take_observations(with_settings(tmp_path, text), [date(2026, 5, 20)])


def test_each_day_of_a_range_has_its_own_monitor_run_by_assumed_times(workspace: Workspace, days: list[date]) -> None:
    take_observations(workspace, days)
    runs = monitor_days(workspace, "nodule", days[-3:])
    assert [run.day for run in runs] == [day.isoformat() for day in days[-3:]]
    assert len({run.digest for run in runs}) == 3
    assert [run.digest for run in monitor_days(workspace, "nodule", days[-3:])] == [run.digest for run in runs]


def test_a_day_before_anything_was_scored_is_not_assessed(workspace: Workspace, days: list[date]) -> None:
    take_observations(workspace, days)
    (run,) = monitor_days(workspace, "nodule", [days[0] - timedelta(days=5)])
    assert run.digest == ""
    assert "no live or shadow prediction" in run.why
    assert run.worst("score") is SignalState.NOT_ASSESSED


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (("ok", "ok"), SignalState.OK),
        (("ok", "not_assessed"), SignalState.NOT_ASSESSED),
        (("not_assessed", "watch"), SignalState.WATCH),
        (("watch", "alert", "ok"), SignalState.ALERT),
        ((), SignalState.NOT_ASSESSED),
    ],
)
def test_the_gravest_signal_speaks_for_a_monitor(states: tuple[str, ...], worst: SignalState) -> None:
    signals = [{"monitor": "score", "state": state} for state in states] + [{"monitor": "data", "state": "alert"}]
    assert MonitoredDay("2026-05-01", "", signals).worst("score") is worst
