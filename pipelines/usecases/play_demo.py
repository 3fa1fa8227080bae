"""The demo: the whole story on synthetic data, through the same use cases as every command."""

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.demo_steps import (
    MODEL,
    Cast,
    decide,
    enrol,
    freeze,
    judge,
    operate,
    report,
    take_in,
    verify,
)
from registry.domain.errors import UsageError
from registry.domain.person import Actor, PersonRole
from registry.domain.pseudonym import KEY_BYTES
from registry.objects import write_durably

MARKER = "demo.json"
Say = Callable[[str], None]


@dataclass
class Story:
    """What the demo did and made; filled step by step."""

    out: Path
    told: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"out": str(self.out), "steps": self.told}

    def lines(self) -> list[str]:
        """Say what was made and which command shows it."""
        inside = f"--workspace {self.out / 'workspace'}"
        return [
            "",
            "The demo is done; everything in it is synthetic. To look at it:",
            f"  overread serve {inside}                 the dashboard, http://127.0.0.1:8765/",
            f"  overread orchestrate {inside}           Dagster's pages over the same workspace",
            f"  {self.out / 'report.pdf'}   the audit report",
            f"  overread models show {MODEL}@1 {inside}",
            f"  overread monitor run --model {MODEL} --json {inside}",
            f"  overread audit verify --checkpoint {self.out / 'checkpoint.txt'} {inside}",
            f"  passphrases of the demo's people: {self.out / 'passphrases'}",
        ]


def play_demo(out: Path, *, seed: int, say: Say) -> Story:
    """Play the story: intake, cohorts, training, validation, signatures, shadow operation, monitors, report, audit.

    Args:
        out: a new folder; the folder of an earlier demo is replaced.
        seed: seed of the synthetic studies and reads.
        say: told what happens, one line a step.

    Raises:
        UsageError: when the folder exists and is not an earlier demo's.
    """
    _clear(out)
    story = Story(out)
    workspace, cast = _begin(out)
    steps: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("draw synthetic studies and take them in", lambda: take_in(workspace, out, seed)),
        ("freeze cohorts; a split by slice is refused as a leak", lambda: freeze(workspace)),
        (
            "train a small classifier and judge it on other patients",
            lambda: judge(workspace),
        ),
        (
            "decide: no approval without an external site or by the trainer; two others sign",
            lambda: decide(workspace, cast),
        ),
        (
            "operate in shadow: score through the serving gate, simulate reads, run the monitors",
            lambda: operate(workspace, seed),
        ),
        ("issue the audit report", lambda: report(workspace, out)),
        ("verify the ledger against a checkpoint kept outside", lambda: verify(workspace, out)),
    ]
    for number, (title, step) in enumerate(steps, 1):
        say(f"[{number}/{len(steps)}] {title}")
        outcome = step()
        story.told.append({"step": title} | outcome)
        for line in outcome.get("says", []):
            say(f"      {line}")
    write_durably(out / MARKER, json.dumps(story.to_json(), indent=2).encode())
    return story


def _clear(out: Path) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / MARKER).exists():
        raise UsageError(
            "the folder exists and is no demo", where=str(out), mend="choose another: overread demo --out DIR"
        )
    shutil.rmtree(out)


def _begin(out: Path) -> tuple[Workspace, Cast]:
    """Make the workspace and its people; the engineer is logged in from here on.

    The pseudonym key of a demo is known to everybody, since its patients are invented: the same seed then draws the
    same patients into each cohort and tells the same story.
    """
    write_durably(out / MARKER, b"{}")  # an interrupted demo is known as one
    workspace = init_workspace(out / "workspace")
    write_durably(workspace.root / "keys" / "pseudonym.key", bytes(range(KEY_BYTES)))
    cast = enrol(workspace, out / "passphrases", secrets.token_urlsafe)
    engineer = Actor(cast.engineer, PersonRole.ENGINEER.value, "session")
    return replace(open_workspace(workspace.root), actor=engineer), cast
