"""The whole ledger as one file, and the drill: restored into an empty system, verified there, and told by an event."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from dashboards.bundle.archive import pack, unpack
from dashboards.bundle.form import (
    CHECKPOINT,
    EVENTS,
    MANIFEST,
    NOTE,
    CarriedEvent,
    event_lines,
    manifest_bytes,
    note_text,
    read_events,
    read_manifest,
)
from pipelines.bootstrap import Workspace
from pipelines.evidence_anchors import anchor_files
from pipelines.usecases.export_evidence import checkpoint_to_export
from registry.database import migrate, open_database, reading, writing
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, OverreadError
from registry.domain.event import EventDraft, Subject, parse_event
from registry.domain.person import actor_record
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.merkle import leaf_hash
from registry.ledger.note import verify_note
from registry.ledger.walk import walk_entries
from registry.objects import write_durably
from registry.schema import LedgerEntry, LedgerPayload

WHOLE, NAME = "whole", "ledger"  # what stands in a manifest in the place of period and model
_ERASED = "before the archive"


@dataclass(frozen=True)
class Drilled:
    """What a drill found: the archive's digest, how many events it holds, and what does not hold (empty: all does)."""

    digest: str
    events: int
    fault: str

    @property
    def verdict(self) -> str:
        """Return `VERIFIED` or `BROKEN`."""
        return "BROKEN" if self.fault else "VERIFIED"


def archive_ledger(workspace: Workspace, out: Path, at: int | None = None) -> str:
    """Write every event with payload and salt, the checkpoint that signs them, and its anchors; return the digest.

    Raises:
        UnknownNameError: when no checkpoint was signed at that size.
        LedgerBrokenError: when the ledger is unreadable or read-only.
    """
    checkpoint = checkpoint_to_export(workspace, at)
    size = checkpoint.checkpoint.size
    entries = workspace.ledger.entries(size)
    carried = [CarriedEvent(event.seq, event.data, payload, salt, ()) for event, payload, salt in entries]
    files = {EVENTS: event_lines(carried), CHECKPOINT: checkpoint.note.encode()}
    files |= anchor_files(workspace, [leaf_hash(event.data) for event in carried])
    ledger = {"origin": checkpoint.checkpoint.origin, "size": size}
    head = {"model": NAME, "period": WHOLE, "ledger": ledger, "events": list(range(size)), "missing": []}
    manifest = manifest_bytes(head, files)
    note = workspace.ledger.sign_evidence(note_text(NAME, WHOLE, size, manifest))
    data = pack(files | {MANIFEST: manifest, NOTE: note.encode()})
    payload = {"format": "archive", "first": 0, "last": size - 1, "events": size, "digest": digest_bytes(data)}
    subjects = (Subject("audit-export", "archive", digest_bytes(data)),)
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("audit.exported", actor_record(workspace.actor), subjects, payload))
    write_durably(out, data)
    return digest_bytes(data)


def drill(workspace: Workspace, archive: Path) -> Drilled:
    """Restore an archive into an empty database, verify it there, hold it against the ledger, and tell of it.

    Raises:
        UnreadableFileError: when the file is no archive.
        LedgerBrokenError: when the ledger is read-only.
    """
    files, fault, events = unpack(archive), "", 0
    try:
        checkpoint = _checkpoint(files, workspace.ledger.public_vkey)
        with tempfile.TemporaryDirectory(prefix="overread-drill-") as folder:
            events, fault = _restored(Path(folder), files, checkpoint)
        if not fault and workspace.ledger.checkpoint_at(checkpoint.size).checkpoint != checkpoint:
            fault = "the ledger signs another history at this size"
    except OverreadError as error:
        fault = error.what
    found = Drilled(digest_bytes(archive.read_bytes()), events, fault)
    payload = {"digest": found.digest, "events": found.events, "verdict": found.verdict, "fault": found.fault}
    subjects = (Subject("audit-export", "archive", found.digest),)
    outcome = "refused" if fault else "done"
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("retention.drilled", actor_record(workspace.actor), subjects, payload, outcome=outcome))
    return found


def _checkpoint(files: Mapping[str, bytes], vkey: str) -> Checkpoint:
    """Return the archive's checkpoint once its manifest is signed and lists just these bytes."""
    if not {MANIFEST, NOTE, CHECKPOINT, EVENTS} <= set(files):
        raise AnswerIsNoError("the archive lacks a file")
    manifest = read_manifest(files[MANIFEST])
    signed = verify_note(files[NOTE].decode("utf-8", "replace"), [vkey])
    if signed != note_text(NAME, WHOLE, manifest["ledger"]["size"], files[MANIFEST]):
        raise AnswerIsNoError("the archive's manifest is not the one that its note signs")
    there = {name: {"sha256": digest_bytes(data), "bytes": len(data)} for name, data in files.items()}
    if {name: told for name, told in there.items() if name not in {MANIFEST, NOTE}} != manifest["files"]:
        raise AnswerIsNoError("the archive holds other files than its manifest lists")
    return open_checkpoint(files[CHECKPOINT].decode("utf-8", "replace"), vkey)


def _restored(folder: Path, files: Mapping[str, bytes], checkpoint: Checkpoint) -> tuple[int, str]:
    """Return how many events an empty database took in, and what its walk from the raw bytes finds wrong."""
    engine = open_database(f"sqlite:///{folder / 'restored.db'}")
    try:
        migrate(engine)
        with writing(engine) as session:
            _put(session, read_events(files[EVENTS]))
        with reading(engine) as session:
            walk = walk_entries(session, [checkpoint.size])
    finally:
        engine.dispose()
    if walk.finding is not None or walk.unexplained:
        return walk.size, walk.finding.why if walk.finding else "a payload is gone, and no event tells of its erasure"
    same = walk.size == checkpoint.size and walk.roots[checkpoint.size] == checkpoint.root
    return walk.size, "" if same else "the restored events are not those that the checkpoint signs"


def _put(session: Session, events: Any) -> None:
    for carried in events:
        record = parse_event(carried.data).record
        row = {"seq": carried.seq, "event_id": record["id"], "type": record["type"], "at": record["at"]}
        session.connection().execute(insert(LedgerEntry), [row | {"data": carried.data}])
        kept = {"seq": carried.seq, "salt": carried.salt, "payload": carried.payload}
        erased = _ERASED if carried.payload is None else None
        session.connection().execute(insert(LedgerPayload), [kept | {"erased_at": erased}])
