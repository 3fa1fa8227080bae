"""Exporting the audit log: one answer in the form that another system or a person reads; the export is an event."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.bootstrap import Workspace
from pipelines.usecases.audit_query import Answer, Question, ask
from registry.audit.dicom import to_syslog
from registry.audit.fhir import fhir_line
from registry.audit.rows import csv_of, jsonl, row_of
from registry.domain.digest import PREFIX
from registry.domain.errors import UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record


@dataclass(frozen=True)
class ExportedAudit:
    """An export that was written: where, its form, its digest, how many events and records, and the ledger's size."""

    file: Path
    format: str
    digest: str
    events: int
    records: int
    ledger_size: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"file": str(self.file)}


def export_audit(workspace: Workspace, form: str, question: Question, out: Path) -> ExportedAudit:
    """Write the events that answer a question, and put the export on record.

    The bytes follow from the ledger's size, the period and the form; the same are written again at any later time.

    Raises:
        UnknownNameError: for an unknown form, or a size at which no checkpoint was signed.
        UsageError: when the period ends before it begins.
        LedgerBrokenError: when the ledger is unreadable or read-only: no export goes out that is not on record.
    """
    if form not in FORMS:
        raise UnknownNameError.of("form of an audit export", form, FORMS)
    answer = ask(workspace, question)
    events = len(answer.entries)
    seqs = [entry.event.seq for entry in answer.entries]
    with _Draft(out) as draft:
        pieces = sum(draft.write(chunk) for chunk in FORMS[form](answer, question))
        records = pieces if form in PER_PATIENT else events
        payload = {
            "format": form,
            "first": seqs[0] if seqs else None,
            "last": seqs[-1] if seqs else None,
            "events": events,
            "records": records,
            "ledger_size": answer.size,
            "digest": draft.digest,
        }
        subjects = (Subject("audit-export", form, draft.digest),)
        with workspace.ledger.transaction() as tx:
            tx.append(EventDraft("audit.exported", actor_record(workspace.actor), subjects, payload))
    return ExportedAudit(out, form, draft.digest, events, records, answer.size)


class _Draft:
    """A file that is written piece by piece beside its place, and goes there whole, or not at all."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._place = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
        self._sha = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the digest of what was written."""
        return PREFIX + self._sha.hexdigest()

    def __enter__(self) -> Self:
        self._file = os.fdopen(os.open(self._place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        return self

    def write(self, chunk: bytes) -> int:
        """Write a piece; return 1, to be counted."""
        self._file.write(chunk)
        self._sha.update(chunk)
        return 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is None:
            self._place.replace(self._out)
        else:
            self._place.unlink(missing_ok=True)


def _dicom(answer: Answer, _: Question) -> Iterator[bytes]:
    return (to_syslog(one).encode("utf-8") for one in answer.messages())


def _fhir(answer: Answer, _: Question) -> Iterator[bytes]:
    return (fhir_line(one) for one in answer.messages())


def _jsonl(answer: Answer, _: Question) -> Iterator[bytes]:
    return (jsonl([entry.event]) for entry in answer.entries)


def _csv(answer: Answer, _: Question) -> Iterator[bytes]:
    counted = zip(answer.entries, answer.patients, strict=True)
    yield csv_of((entry.event, len(patients)) for entry, patients in counted)


def _pdf(answer: Answer, question: Question) -> Iterator[bytes]:
    from dashboards.report.audit import audit_pdf  # noqa: PLC0415 - lazy: only a PDF needs the typesetter

    counted = zip(answer.entries, answer.patients, strict=True)
    rows = [row_of(entry.event, len(patients)) for entry, patients in counted]
    signed = (answer.size, answer.note, answer.signed_at)
    yield audit_pdf(rows, jsonl(entry.event for entry in answer.entries), signed, question.words)


PER_PATIENT = frozenset({"dicom", "fhir"})
FORMS: Mapping[str, Callable[[Answer, Question], Iterator[bytes]]] = {
    "dicom": _dicom,
    "fhir": _fhir,
    "jsonl": _jsonl,
    "csv": _csv,
    "pdf": _pdf,
}
