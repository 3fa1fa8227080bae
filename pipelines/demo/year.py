"""The demo's year: rows arrive month by month, the monitors run, alerts are answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.demo.build import INTERNAL, OUTSIDE
from pipelines.demo.cast import Cast
from pipelines.demo.clock import StoryClock
from pipelines.demo.response import answer
from pipelines.demo.setting import DAYS, EXTERNAL, HOME, MODEL, PROTOCOL, SAMPLING, SHADOW, failures, hospital
from pipelines.demo.telling import Bars, Told
from pipelines.progress import Silent
from pipelines.simulation.hospital_year import Year, YearFiles, write_year
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.release import approve_and_release
from pipelines.usecases.run_monitors import run_monitors
from pipelines.usecases.validate import validate
from registry.alerts import listed
from registry.domain.dossier import StoredAlert
from registry.domain.lifecycle import VersionState

STEP_DAYS = 42  # from one run of the monitors to the next; a hospital runs them every day
WATCHED = ("acquisitions", "predictions", "reads", "outcomes")
DEFAULT_SKILL = 0.88  # where the version's own area was not assessed
_SKILLS = (0.75, 0.95)


@dataclass(frozen=True)
class Operation:
    """What operation needs: the workspace and its clock, the people, where files go, and the first day."""

    workspace: Workspace
    clock: StoryClock
    cast: Cast
    out: Path
    seed: int
    first: date


def draw_year(operation: Operation, skill: float | None, bars: Bars) -> tuple[YearFiles, Told]:
    """Draw a year of rows of the version at its own operating point, with three failures in it.

    Args:
        operation: whose year.
        skill: the version's area under the curve; the year's, between .75 and .95.
        bars: shows progress.
    """
    version = operation.workspace.lifecycle.version(MODEL)
    point = version.operating_point(HOME)
    planted = failures(operation.seed, operation.first)
    year = Year(
        first=operation.first,
        days=DAYS,
        model=MODEL,
        version=version.version,
        threshold=point.threshold if point is not None else 0.5,
        modes={HOME: "live", EXTERNAL: "live", SHADOW: "shadow"},
        failures=planted,
        sampling=SAMPLING,
        skill=min(max(skill or DEFAULT_SKILL, _SKILLS[0]), _SKILLS[1]),
    )
    with bars("drawing the year") as bar:
        files = write_year(operation.out / "year", hospital(operation.seed), year, progress=bar)
    rows = ", ".join(f"{n} {table}" for table, n in files.rows.items())
    says = [f"{files.studies} studies: {rows}"]
    says += [f"planted: {one.kind} at {one.site}, from {one.since}" for one in planted]
    return files, {"rows": dict(files.rows), "planted": [vars(one) for one in planted], "says": says}


def live_through(operation: Operation, files: YearFiles, bars: Bars) -> Told:
    """Take the year's rows in as they become known, run the monitors, answer every alert when it comes."""
    told: list[dict[str, Any]] = []
    taken = 0
    with bars("a year of operation") as bar:
        for until, month in _months(operation, files):
            operation.clock.to(until)
            taken += _take_in(operation.workspace, month)
            run_monitors(operation.workspace, MODEL, as_of=until.isoformat(), progress=bar)
            told += [answer(operation.workspace, operation.cast, alert) for alert in _open(operation.workspace)]
            bar.advance()
    says = [f"{taken} rows taken in, {len(told)} alerts"]
    says += [line for one in told for line in one["says"]] + _renewed(operation.workspace, operation.cast)
    return {"rows": taken, "alerts": told, "says": says}


def _renewed(workspace: Workspace, cast: Cast) -> list[str]:
    """Validate anew and let both sign again where the approval of the version in use ended within the year; say so."""
    version = workspace.lifecycle.version(MODEL)
    if version.state != VersionState.LAPSED:
        return []
    for cohort in (INTERNAL, OUTSIDE):
        validate(workspace, MODEL, version.version, cohort, PROTOCOL | {"name": "demo-yearly"}, progress=Silent())
    quality = cast.signer(workspace, cast.quality)
    workspace.lifecycle.risk_review(MODEL, version.version, quality, "a year of watch")
    for person in (cast.quality, cast.clinician):
        approve_and_release(workspace, MODEL, version.version, cast.signer(workspace, person), "a year of watch")
    state = workspace.lifecycle.version(MODEL).state
    return [f"the approval of {version.name} ended after a year; validated anew, signed again by both: {state}"]


def _open(workspace: Workspace) -> list[StoredAlert]:
    """Return the alerts that nobody has taken up, the oldest first."""
    found = reversed(listed(workspace.lifecycle.record, MODEL))
    return [alert for alert in found if alert.record["state"] == "open"]


def _take_in(workspace: Workspace, month: dict[str, Path]) -> int:
    return sum(ingest_rows(workspace, table, [file], progress=Silent()).accepted for table, file in month.items())


def _months(operation: Operation, files: YearFiles) -> Iterator[tuple[date, dict[str, Path]]]:
    """Yield the last day of each step, and the files of what became known in it."""
    last = operation.first + timedelta(days=DAYS - 1)
    since = date.min
    until = operation.first + timedelta(days=STEP_DAYS - 1)
    while since < last:
        until = min(until, last)
        yield until, _known_between(files, since, until, operation.out / "year" / until.isoformat())
        since, until = until, until + timedelta(days=STEP_DAYS)


def _known_between(files: YearFiles, since: date, until: date, folder: Path) -> dict[str, Path]:
    """Write the rows that became known after one day's end and by another's, and return the files that hold any."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: as above
    import pyarrow.parquet as pq  # noqa: PLC0415 - lazy: as above

    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for table in WATCHED:
        rows = pq.read_table(getattr(files, table))
        known = rows["available_at"].cast(pa.date32())
        within = pc.and_(pc.greater(known, pa.scalar(since)), pc.less_equal(known, pa.scalar(until)))
        month = rows.filter(within)
        if month.num_rows:
            found[table] = folder / f"{table}.parquet"
            pq.write_table(month, found[table])
    return found
