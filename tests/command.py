"""Running commands in this process, as a person would type them, and workspaces to run them in."""

import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cli.main import run

PASSPHRASE = "correct horse battery staple"
MAP = """\
[columns]
unit_uid = "sop"
study_uid = "study"
truth = "visible"
[constants]
target = "lesion-visible"
unit = "instance"
source = "consensus"
established_at = "2026-07-01T00:00:00Z"
[values.truth]
"1" = true
"0" = false
"""
LENIENT = """\
name = "lenient"
criteria = ["auc>=0.01"]
rationale = "what is under test is the way, not the model"
"""


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its JSON document."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """Its one line on standard error."""
        (line,) = self.err.strip().splitlines()
        return line


@dataclass(frozen=True)
class Command:
    """`overread` in one workspace."""

    root: Path

    def __call__(self, *words: object) -> Done:
        """Run one command."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ["OVERREAD_WORKSPACE"] = str(self.root)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run([str(word) for word in words])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Done(code, out.getvalue(), err.getvalue())

    def well(self, *words: object) -> Done:
        """Run one command that must end with 0."""
        done = self(*words)
        assert done.code == 0, f"{words}: {done.code} {done.out}{done.err}"
        return done

    @property
    def secret(self) -> Path:
        """A file with everybody's passphrase."""
        place = self.root.parent / "all.pass"
        if not place.exists():
            place.write_text(PASSPHRASE)
        return place

    def sign(self, act: str, person: str, *words: object) -> Done:
        """Run `models ACT lesion-visible@1` as a person."""
        return self("models", act, "lesion-visible@1", "--signer", person, "--passphrase-file", self.secret, *words)


def fix_key(root: Path) -> None:
    """Give a workspace a known pseudonym key, so that shares of patients fall the same way in every run."""
    (root / "keys" / "pseudonym.key").write_bytes(bytes(range(32)))


def new_workspace(folder: Path) -> Command:
    """Make a workspace with three people; the engineer is logged in."""
    command = Command(folder / "workspace")
    command.well("init", command.root)
    fix_key(command.root)
    for person, role in (("engineer", "engineer"), ("quality", "quality officer"), ("clinician", "clinical lead")):
        name = f"The {role.title()}"
        command.well("people", "add", person, "--name", name, "--role", role, "--passphrase-file", command.secret)
        command.well("people", "train", person, "--course", "reading-with-ai", "--valid-until", "2099-12-31")
    command.well("login", "engineer", "--passphrase-file", command.secret)
    return command


def with_data(folder: Path, studies: int = 220) -> Command:
    """Make a workspace that has taken in the synthetic studies of two sites with their labels."""
    command = new_workspace(folder)
    hospital = folder / "hospital"
    command.well("simulate", "hospital", hospital, "--studies", studies, "--until", "2026-06-30", "--seed", 7)
    for site in ("general", "riverside"):
        command.well("ingest", "dicom", hospital / "dicom" / site, "--site", site)
    (folder / "map.toml").write_text(MAP)
    labels = [line for line in (hospital / "labels.csv").read_text().splitlines() if not _elsewhere(line)]
    (folder / "labels.csv").write_text("\n".join([*labels, ""]))
    command.well("ingest", "outcomes", folder / "labels.csv", "--map", folder / "map.toml")
    return command


def _elsewhere(label: str) -> bool:
    """Say whether a line of labels is of a site that is not taken in."""
    return any(f",{site}," in label for site in ("hillcrest", "harbour"))


def freeze(command: Command, name: str, role: str, *select: str) -> Done:
    """Freeze a cohort of the general hospital."""
    words = [word for choice in select for word in ("--select", choice)]
    return command("cohort", "freeze", name, "--target", "lesion-visible", "--role", role, *words)


def with_model(folder: Path) -> Command:
    """Make a workspace with a version that was judged internally and passed a lenient protocol."""
    command = with_data(folder)
    for name, role, low, high in (
        ("train-1", "train", 0, 40),
        ("tune-1", "tune", 40, 60),
        ("internal-1", "internal-test", 60, 100),
    ):
        assert freeze(command, name, role, "site=general", f"patients={low}-{high}%").code == 0
    command.well("train", "lesion-visible", "--train", "train-1", "--tune", "tune-1", "--seed", 1)
    (folder / "protocol.toml").write_text(LENIENT)
    command.well("validate", "lesion-visible@1", "--cohort", "internal-1", "--protocol", folder / "protocol.toml")
    return command
