"""A workspace with a trained, internally validated and deployed version; slow to make, so made once a session."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from fakes import NoProgress
from intake_workspace import TARGET, draw, labelled_workspace
from worlds import teach

from pipelines.bootstrap import Workspace, open_workspace
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.domain.instants import parse_instant
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.domain.vocabulary import Role
from registry.keys import Signer

PASSPHRASE = "three horses read the magnet"
ERIN = Actor("erin", PersonRole.ENGINEER.value, "session")
LENIENT = {"name": "lenient", "criteria": ["auc>=0.01"], "rationale": "what is under test is the way, not the model"}
COHORTS = {
    "train": (Role.TRAIN, ("site=general", "patients=0-30%")),
    "tune": (Role.TUNE, ("site=general", "patients=30-45%")),
    "internal": (Role.INTERNAL_TEST, ("site=general", "patients=45-100%")),
    "external": (Role.EXTERNAL_TEST, ("site=elsewhere",)),
}


def images_of(root: Path) -> Path:
    """Return the folder of the drawn images, one folder a site."""
    return root / "images" / "dicom"


def build(root: Path) -> Workspace:
    """Make the workspace; the version `lesion-visible@1` runs in shadow at both sites."""
    drawn = draw(images_of(root).parent, patients=24, slices=4)
    labelled_workspace(root / "workspace", drawn)
    workspace = reopened(root)
    for person, role in (("erin", PersonRole.ENGINEER), ("clara", PersonRole.CLINICAL_LEAD)):
        workspace.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(workspace.people, person)
    for name, (role, select) in COHORTS.items():
        freeze_cohort(workspace, name, TARGET, role, select, progress=NoProgress())
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, progress=NoProgress())
    validate(workspace, TARGET, "1", "internal", LENIENT, progress=NoProgress())
    for site in ("general", "elsewhere"):
        workspace.lifecycle.deploy(TARGET, "1", site, "shadow", clara(workspace), "watch first")
    return workspace


def clara(workspace: Workspace) -> Signer:
    """Unlock the clinical lead's key."""
    return workspace.people.unlock("clara", PASSPHRASE)


def reopened(root: Path) -> Workspace:
    """Open the workspace as the engineer, at the time of the fake clock."""
    from fakes import FakeClock

    return replace(open_workspace(root / "workspace", FakeClock()), actor=ERIN)


def copied(pristine: Path, root: Path) -> Workspace:
    """Copy images and workspace, and open the workspace as the engineer, a second after its newest event."""
    from fakes import FakeClock

    shutil.copytree(pristine, root)
    found = open_workspace(root / "workspace")
    newest = parse_instant(found.ledger.events(last=1)[0].record["at"])
    found.engine.dispose()
    clock = FakeClock(newest + timedelta(seconds=1))
    return replace(open_workspace(root / "workspace", clock), actor=ERIN)


@contextmanager
def overwritten(files: Iterable[Path], change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Change files as an intruder would; at the end they are what they were, for the tests that come after."""
    kept = {file: file.read_bytes() for file in files}
    try:
        for file, data in kept.items():
            file.chmod(0o600)
            file.write_bytes(change(data))
        yield
    finally:
        for file, data in kept.items():
            file.write_bytes(data)
