"""What is observed of some days: rows from drop folders, scores of the days' images, monitor runs as of each day.

Every step may be done again, after a crash or for good measure: a file that was taken in changes nothing, a unit that
was scored is not scored again, a monitor run with the same content is stored once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.progress import Silent
from pipelines.settings import FILE_NAME, ObservationSource, PredictSource
from pipelines.usecases.ingest_rows import IngestReport, ingest_rows
from pipelines.usecases.predict import PredictReport, predict
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.errors import IncompleteError, UsageError
from registry.domain.joining import Known
from registry.domain.vocabulary import Mode, SignalState

DAY = "{day}"
_TOGETHER = 31  # days whose files are one batch
Days = Sequence[date]


@dataclass(frozen=True)
class Observed:
    """What the drop folders held: files, new and refused rows, and the tables that they were for."""

    files: int
    new: int
    refused: int
    tables: tuple[str, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers by name."""
        return {"files": self.files, "new": self.new, "refused": self.refused}


@dataclass(frozen=True)
class MonitoredDay:
    """The monitor run of one day: its digest and signals; without a digest there was nothing to watch, and `why`."""

    day: str
    digest: str
    signals: Sequence[Mapping[str, Any]]
    why: str = ""

    @property
    def counts(self) -> Mapping[str, int]:
        """Signals by state."""
        return dict(sorted(Counter(str(signal["state"]) for signal in self.signals).items()))

    def worst(self, monitor: str) -> SignalState:
        """Return the gravest state of a monitor's signals; without a signal it is not assessed."""
        states = {SignalState(signal["state"]) for signal in self.signals if signal["monitor"] == monitor}
        return next((state for state in GRAVEST_FIRST if state in states), SignalState.NOT_ASSESSED)

    def says(self, monitor: str) -> str:
        """Return what the first of a monitor's gravest signals says, and how many more there are."""
        state = self.worst(monitor)
        found = [one for one in self.signals if one["monitor"] == monitor and one["state"] == state]
        if not found:
            return self.why or f"no signal as of {self.day}"
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"as of {self.day}: {found[0]['code']}: {found[0]['explains']}{more}"


GRAVEST_FIRST = (SignalState.ALERT, SignalState.WATCH, SignalState.NOT_ASSESSED, SignalState.OK)


def take_observations(workspace: Workspace, days: Days) -> Observed:
    """Take in what `[[pipeline.observations]]` names of some days.

    A pattern without `{day}` means whole files, which are looked through each time.

    Raises:
        UsageError: when a folder is absent or a pattern leads out of it.
        UnreadableFileError, ContractBrokenError: as `ingest_rows` does.
    """
    reports: list[IngestReport] = []
    files = 0
    sources = workspace.settings.pipeline.observations
    for source in sources:
        for found in _files(source, days):
            files += len(found)
            reports.append(_taken(workspace, source, found))
    tables = tuple(sorted({source.table for source in sources}))
    return Observed(files, sum(one.accepted for one in reports), sum(one.refused for one in reports), tables)


def score_days(workspace: Workspace, model: str, days: Days) -> list[PredictReport]:
    """Score the images of some days that the running version did not score yet, through the serving gate.

    A folder of a day that is not there holds nothing to score.

    Raises:
        NotAllowedError: when the version does not run at the site; and whatever else `predict` raises.
    """
    return [
        predict(
            workspace,
            model,
            None,
            paths,
            source.site,
            mode=Mode(source.mode) if source.mode else None,
            again=False,
            progress=Silent(),
        )
        for source in workspace.settings.pipeline.predict
        for paths in [_folders(source, days)]
        if paths
    ]


def monitor_days(workspace: Workspace, model: str, days: Days) -> list[MonitoredDay]:
    """Run the monitors as of each of some days, by the known time of `[pipeline] known_time`."""
    known = Known(workspace.settings.pipeline.known_time)
    return [_monitored(workspace, model, day.isoformat(), known) for day in sorted(days)]


def _files(source: ObservationSource, days: Days) -> Iterator[list[Path]]:
    """Yield the files of a source, those of a month of days together; nothing for days without files."""
    folder = Path(source.folder)
    if not folder.is_dir():
        raise UsageError("a folder of [[pipeline.observations]] is absent", where=FILE_NAME, mend="make it or mend it")
    if Path(source.pattern).is_absolute() or ".." in Path(source.pattern).parts:
        raise UsageError("a pattern of [[pipeline.observations]] leads out of its folder", where=FILE_NAME)
    words = [day.isoformat() for day in sorted(days)] if DAY in source.pattern else [""]
    for start in range(0, len(words), _TOGETHER):
        patterns = [source.pattern.replace(DAY, word) for word in words[start : start + _TOGETHER]]
        found = [path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_file()]
        if found:
            yield found


def _taken(workspace: Workspace, source: ObservationSource, files: Sequence[Path]) -> IngestReport:
    mapping = Path(source.map) if source.map else None
    kind = source.identifiers
    return ingest_rows(workspace, source.table, files, identifiers=kind, mapping=mapping, progress=Silent())


def _folders(source: PredictSource, days: Days) -> list[Path]:
    if DAY not in source.path:
        return [Path(source.path)]
    named = [Path(source.path.replace(DAY, day.isoformat())) for day in sorted(days)]
    return [path for path in named if path.exists()]


def _monitored(workspace: Workspace, model: str, day: str, known: Known) -> MonitoredDay:
    try:
        done = run_monitors(workspace, model, as_of=day, known=known, progress=Silent())
    except IncompleteError as nothing:
        return MonitoredDay(day, "", (), nothing.line())
    return MonitoredDay(str(done.json["as_of"]), done.digest, done.json["signals"])
