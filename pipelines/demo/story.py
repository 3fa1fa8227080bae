"""The demo from its first to its last step."""

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.demo.cast import Cast, enrol
from pipelines.demo.clock import StoryClock
from pipelines.demo.setting import ACCEPTS_DAY, DAYS, LEAD_DAYS, MODEL
from pipelines.demo.telling import Bars, Told
from pipelines.settings import FILE_NAME
from pipelines.simulation.hospital import standard_hospital
from registry.domain.errors import UsageError
from registry.domain.person import Actor, PersonRole
from registry.domain.pseudonym import KEY_BYTES
from registry.objects import write_durably

MARKER = "demo.json"
Say = Callable[[str], None]
Step = tuple[str, Callable[[], Told]]
_TUESDAY = 1  # as `date.weekday` counts


@dataclass
class Story:
    """What the demo did and made; filled step by step."""

    out: Path
    told: list[Told] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"out": str(self.out), "steps": self.told}

    def lines(self) -> list[str]:
        """Say what was made and which command shows it."""
        inside = f"--workspace {self.out / 'workspace'}"
        key = f'--key "$(cat {self.out / "ledger-key.txt"})"'
        return [
            "",
            "The demo is done; everything in it is synthetic. To look at it:",
            f"  overread serve {inside}",
            "      the dashboard, http://127.0.0.1:8765/",
            f"  overread orchestrate {inside}",
            "      Dagster's and MLflow's pages over the same workspace",
            f"  overread alerts list {inside}",
            f"  overread models show {MODEL}@1 {inside}",
            f"  overread monitor run --model {MODEL} --json {inside}",
            "      what the monitors say; it also suspends software and protocols that nobody validated",
            f"  overread audit verify --checkpoint {self.out / 'checkpoint.txt'} {inside}",
            f"  overread verify {self.out / 'evidence.zip'} {key}",
            f"  {self.out / 'report.pdf'}",
            "      the quarter's audit report",
            f"  {self.out / 'year' / 'year.json'}",
            "      what was planted, to hold the alerts against",
            f"  passphrases of the demo's people: {self.out / 'passphrases'}",
        ]


def play_demo(out: Path, *, seed: int, say: Say, bars: Bars) -> Story:
    """Play the story: build and approve a model, live through a year with three failures, answer them, report.

    Args:
        out: a new folder; the folder of an earlier demo is replaced.
        seed: of everything that is drawn.
        say: told what happens, line by line.
        bars: shows progress of the long steps.

    Raises:
        UsageError: when the folder exists and is not an earlier demo's.
    """
    _clear(out)
    story = Story(out)
    first = first_day(datetime.now(UTC).date())
    stage = _begin(out, seed, first)
    steps = stage.steps(bars)
    for number, (title, step) in enumerate(steps, 1):
        say(f"[{number}/{len(steps)}] {title}")
        told = step()
        story.told.append({"step": title} | told)
        for line in told.get("says", []):
            say(f"      {line}")
    write_durably(out / MARKER, json.dumps(story.to_json(), indent=2).encode())
    return story


@dataclass
class _Stage:
    """Everything that the steps share."""

    workspace: Workspace
    clock: StoryClock
    cast: Cast
    out: Path
    seed: int
    first: date
    skill: float | None = None
    files: Any = None

    def steps(self, bars: Bars) -> list[Step]:
        """Return the steps in order."""
        from pipelines.demo import aftermath, build, papers  # noqa: PLC0415 - lazy: they load the frameworks

        workspace, out = self.workspace, self.out
        start, alerted = self.first - timedelta(days=LEAD_DAYS), self.first + timedelta(days=ACCEPTS_DAY)
        period = papers.quarter_of(alerted)
        return [
            ("draw a synthetic hospital of three sites", lambda: build.draw(out, self.seed, start, bars)),
            ("take its studies in, without identities", lambda: build.take_in(workspace, out, bars)),
            ("freeze cohorts, one of them at another site", lambda: build.freeze(workspace, bars)),
            ("train, and judge on other patients and at the other site", lambda: self._judge(bars)),
            ("decide: two persons sign, never the trainer", lambda: build.decide(workspace, self.cast)),
            ("go live at two sites, in shadow at a third", lambda: self._deploy(bars)),
            ("draw a year of operation with three failures in it", lambda: self._draw_year(bars)),
            ("live through it: monitors, alerts, answers", lambda: self._live(bars)),
            (
                "train a candidate with studies that the new software made elsewhere",
                lambda: aftermath.retrain(workspace, out, self.seed, self.first + timedelta(days=DAYS - 2), bars),
            ),
            ("compare it under the change plan", lambda: aftermath.compare(workspace, bars)),
            ("issue the quarter's audit report", lambda: papers.report(workspace, out, period)),
            ("export the quarter's evidence", lambda: papers.evidence(workspace, out, period)),
            ("verify the ledger against a checkpoint kept outside", lambda: papers.verify(workspace, out)),
        ]

    def _judge(self, bars: Bars) -> Told:
        from pipelines.demo.build import judge  # noqa: PLC0415 - lazy: it loads torch

        told = judge(self.workspace, bars)
        self.skill = told["auc"]
        return told

    def _deploy(self, bars: Bars) -> Told:
        from pipelines.demo.build import deploy  # noqa: PLC0415 - lazy: it loads torch

        self.clock.to(self.first - timedelta(days=1))
        return deploy(self.workspace, self.cast, self.out, bars)

    def _draw_year(self, bars: Bars) -> Told:
        from pipelines.demo.year import draw_year  # noqa: PLC0415 - lazy: it loads pyarrow

        self.files, told = draw_year(self._operation(), self.skill, bars)
        return told

    def _live(self, bars: Bars) -> Told:
        from pipelines.demo.year import live_through  # noqa: PLC0415 - lazy: it loads pyarrow

        return live_through(self._operation(), self.files, bars)

    def _operation(self) -> Any:
        from pipelines.demo.year import Operation  # noqa: PLC0415 - lazy: it loads pyarrow

        return Operation(self.workspace, self.clock, self.cast, self.out, self.seed, self.first)


def _name_sites(settings: Path) -> None:
    """Say in the workspace's settings where the sites are: a day is a day of the site."""
    zones = [f'\n[sites.{site.site}]\ntime_zone = "{site.time_zone}"\n' for site in standard_hospital().sites]
    write_durably(settings, (settings.read_text() + "".join(zones)).encode())


def first_day(today: date) -> date:
    """Return the first day of operation, a Tuesday about a year ago.

    What is drawn follows the days of the week, so that a seed tells the same story on whatever day it is told.
    """
    latest = today - timedelta(days=DAYS)
    return latest - timedelta(days=(latest.weekday() - _TUESDAY) % 7)


def _clear(out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / MARKER).exists():
        raise UsageError(
            "the folder exists and is no demo", where=str(out), mend="choose another: overread demo --out DIR"
        )
    shutil.rmtree(out)


def _begin(out: Path, seed: int, first: date) -> _Stage:
    """Make the workspace and its people; the engineer is logged in from here on.

    The pseudonym key of a demo is known to everybody, since its patients are invented: the same seed then draws the
    same patients into each cohort and tells the same story.
    """
    write_durably(out / MARKER, b"{}")  # an interrupted demo is known as one
    clock = StoryClock(first - timedelta(days=LEAD_DAYS - 1))
    workspace = init_workspace(out / "workspace", clock)
    _name_sites(workspace.root / FILE_NAME)
    write_durably(workspace.root / "keys" / "pseudonym.key", bytes(range(KEY_BYTES)))
    cast = enrol(workspace, out / "passphrases", secrets.token_urlsafe)
    engineer = Actor(cast.engineer, PersonRole.ENGINEER.value, "session")
    return _Stage(replace(open_workspace(workspace.root, clock), actor=engineer), clock, cast, out, seed, first)
