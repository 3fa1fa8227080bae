"""Exporting evidence: one zip that a reviewer verifies offline; the same N events give the same bytes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.bundle.archive import pack
from dashboards.bundle.derived import MOST_MESSAGES
from dashboards.bundle.form import MANIFEST, NOTE, PRIVACY, manifest_bytes, note_text
from pipelines.bootstrap import Workspace
from pipelines.evidence_contents import REPORTS, Contents, collect, entries_until
from pipelines.periods import period_days
from pipelines.queries import RecordQueries
from pipelines.usecases.issue_report import issue
from registry.domain.digest import digest_bytes
from registry.domain.errors import IncompleteError
from registry.domain.event import EventDraft, Subject
from registry.domain.model import ModelVersion
from registry.domain.person import actor_record
from registry.ledger.store import SignedCheckpoint
from registry.objects import write_durably
from registry.version import __version__

LEFT_OUT = (
    "observations row by row, which stay in the workspace; monitor runs name the digests of their tables",
    "images and model files; versions and cohorts name their digests",
    f"patients in the audit messages where they would be more than {MOST_MESSAGES}; `overread audit export` writes all",
)


@dataclass(frozen=True)
class ExportedEvidence:
    """An evidence folder that was written: where, its digest and size, the ledger's size, and what it lacks."""

    file: Path
    digest: str
    size: int
    ledger_size: int
    files: int
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"file": str(self.file), "missing": list(self.missing)}


def export_evidence(
    workspace: Workspace, model: str, version: str | None, period: str, out: Path, at: int | None = None
) -> ExportedEvidence:
    """Write the evidence of a model and a period, and put the export on record.

    Without `at` the reports of the period are issued afresh and the folder ends with the checkpoint after them; with
    it, the folder holds what the first `at` events tell, and its bytes are those of any other export at that size.

    Args:
        workspace: whose record.
        model: the model's name.
        version: the version that the reports speak of; the newest unless given.
        period: such as `2026-Q3`.
        out: the file to write.
        at: a size of the ledger at which a checkpoint was signed.

    Raises:
        UnknownNameError: for an unknown model, version or size.
        UsageError: for a period that is none.
        ArtifactChangedError: when a record is missing or has other bytes.
        IncompleteError: when the version was not registered by then.
    """
    days = period_days(period)
    known = workspace.lifecycle.version(model, version)
    if at is None:
        dossier = RecordQueries(workspace, verify=True).dossier(known.model, known.version, period)
        for ending in REPORTS:
            issue(workspace, dossier, period, ending)
    checkpoint = checkpoint_to_export(workspace, at)
    entries = entries_until(workspace, checkpoint.checkpoint.size)
    if not any(_registers(known, entry.told) for entry in entries if entry.type == "version.registered"):
        raise IncompleteError(f"{known.name} was not registered by then", where=f"event {checkpoint.checkpoint.size}")
    contents = collect(workspace, known, (period, days), entries, checkpoint.note)
    data = _packed(workspace, known, period, checkpoint, contents)
    write_durably(out, data)
    digest, size = digest_bytes(data), checkpoint.checkpoint.size
    _record(workspace, known, period, digest, size)
    return ExportedEvidence(out, digest, len(data), size, len(contents.files) + 2, tuple(contents.missing()))


def checkpoint_to_export(workspace: Workspace, at: int | None) -> SignedCheckpoint:
    """Return the checkpoint of a size, the newest unless one is given.

    Raises:
        UnknownNameError: when none was signed at that size.
        IncompleteError: when the ledger has none.
    """
    if at is not None:
        return workspace.ledger.checkpoint_at(at)
    newest = workspace.ledger.latest_checkpoint()
    if newest is None:
        raise IncompleteError("the ledger has no checkpoint", mend="a workspace made by `overread init` has one")
    return newest


def _registers(version: ModelVersion, told: Any) -> bool:
    return (told.get("model"), told.get("version")) == (version.model, version.version)


def _packed(
    workspace: Workspace, version: ModelVersion, period: str, checkpoint: SignedCheckpoint, contents: Contents
) -> bytes:
    size = checkpoint.checkpoint.size
    head = {
        "model": version.model,
        "version": version.version,
        "period": period,
        "ledger": {"origin": checkpoint.checkpoint.origin, "size": size},
        "events": sorted(contents.cited),
        "titles": contents.titles,
        "missing": contents.missing(),
        "left_out": list(LEFT_OUT),
        "privacy": PRIVACY,
        "synthetic": version.synthetic,
        "made_by": {"name": "overread", "version": __version__},
    }
    manifest = manifest_bytes(head, contents.files)
    note = workspace.ledger.sign_evidence(note_text(version.model, period, size, manifest))
    return pack(contents.files | {MANIFEST: manifest, NOTE: note.encode()})


def _record(workspace: Workspace, version: ModelVersion, period: str, digest: str, size: int) -> None:
    subjects = (
        Subject("version", version.name, version.artifact_digest),
        Subject("evidence", f"{version.name} {period}", digest),
    )
    payload = {
        "model": version.model,
        "version": version.version,
        "period": period,
        "digest": digest,
        "ledger_size": size,
        "privacy": PRIVACY["mode"],
    }
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("evidence.exported", actor_record(workspace.actor), subjects, payload))
