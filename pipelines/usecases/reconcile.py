"""Whether MLflow still matches the ledger; the ledger is the authority, and each difference is put on record once."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from registry.database import reading
from registry.domain.artifact import folder_digest
from registry.domain.display import veiled
from registry.domain.errors import ArtifactChangedError
from registry.domain.event import EventDraft, Subject
from registry.domain.model import ModelVersion
from registry.domain.names import is_model_name
from registry.domain.person import SERVICE, actor_record
from registry.domain.ports import StoredVersion
from registry.schema import LedgerEntry


@dataclass(frozen=True)
class Difference:
    """One way in which MLflow differs from the ledger."""

    model: str
    version: str
    why: str

    def line(self) -> str:
        """Say it in one line."""
        return f"{self.model}@{self.version}: {self.why}"


def reconcile(workspace: Workspace) -> list[Difference]:
    """Compare MLflow with the ledger, put each new difference on record, and return all that there are now."""
    found = differences(workspace)
    known = _told(workspace)
    for one in found:
        if one not in known:
            payload = {"model": one.model, "version": one.version, "why": one.why}
            subjects = (Subject("version", f"{one.model}@{one.version}"),)
            draft = EventDraft("reconciliation.differed", actor_record(SERVICE), subjects, payload, outcome="differed")
            with workspace.ledger.transaction() as tx:
                tx.append(draft)
    return found


def differences(workspace: Workspace) -> list[Difference]:
    """Return every difference: files, runs, deleted versions, aliases and stages, versions that nobody registered."""
    stored = workspace.models.inventory()
    by_name = {(one.model, one.version): one for one in stored}
    versions = workspace.lifecycle.versions()
    known = {(version.model, version.mlflow_version) for version in versions}
    mine = [one for version in versions for one in _of_version(workspace, version, by_name)]
    return [*mine, *_marked(stored), *_strange(stored, known)]


def _of_version(
    workspace: Workspace, version: ModelVersion, stored: dict[tuple[str, str], StoredVersion]
) -> Iterator[Difference]:
    held = stored.get((version.model, version.mlflow_version))
    if held is None:
        yield Difference(version.model, version.version, "MLflow no longer has this version")
    elif held.run != version.mlflow_run:
        yield Difference(version.model, version.version, "MLflow names another run for this version")
    why = _changed(workspace, version)
    if why:
        yield Difference(version.model, version.version, why)


def _changed(workspace: Workspace, version: ModelVersion) -> str:
    with tempfile.TemporaryDirectory(prefix="overread-") as place:
        try:
            folder = workspace.models.download(version.mlflow_run, Path(place))
            same = folder_digest(folder) == version.artifact_digest
        except ArtifactChangedError as error:
            return error.what
    return "" if same else "the files in MLflow are not those that were registered"


def _marked(stored: Sequence[StoredVersion]) -> Iterator[Difference]:
    """Overread sets neither aliases nor stages, and serves by none: one that is there was set by somebody else."""
    for one in stored:
        for mark in one.aliases:
            yield Difference(_shown(one.model), _shown(one.version), f"MLflow marks this version as {_shown(mark)}")


def _strange(stored: Sequence[StoredVersion], known: set[tuple[str, str]]) -> Iterator[Difference]:
    for one in stored:
        if (one.model, one.version) not in known:
            yield Difference(_shown(one.model), _shown(one.version), "MLflow has a version that nobody registered here")


def _shown(text: str) -> str:
    return text if is_model_name(text.lower()) else veiled(text)


def _told(workspace: Workspace) -> frozenset[Difference]:
    query = select(LedgerEntry.seq).where(LedgerEntry.type == "reconciliation.differed")
    with reading(workspace.engine) as session:
        seqs = list(session.scalars(query))
    payloads = [workspace.ledger.payload(seq) for seq in seqs]
    return frozenset(Difference(one["model"], one["version"], one["why"]) for one in payloads if one)
