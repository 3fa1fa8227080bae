"""Exporting the audit log: one answer in the form that another system or a person reads; the export is an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.usecases.audit_query import Answer, Question, ask
from registry.audit.dicom import dicom_lines
from registry.audit.fhir import fhir_lines
from registry.audit.rows import csv_of, jsonl, row_of
from registry.domain.digest import digest_bytes
from registry.domain.errors import UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record
from registry.objects import write_durably


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
    data, records = FORMS[form](answer, question)
    seqs = [entry.event.seq for entry in answer.entries]
    digest = digest_bytes(data)
    payload = {
        "format": form,
        "first": seqs[0] if seqs else None,
        "last": seqs[-1] if seqs else None,
        "events": len(seqs),
        "records": records,
        "ledger_size": answer.size,
        "digest": digest,
    }
    subjects = (Subject("audit-export", form, digest),)
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("audit.exported", actor_record(workspace.actor), subjects, payload))
    write_durably(out, data)
    return ExportedAudit(out, form, digest, len(seqs), records, answer.size)


def _dicom(answer: Answer, _: Question) -> tuple[bytes, int]:
    found = list(answer.messages())
    return dicom_lines(found), len(found)


def _fhir(answer: Answer, _: Question) -> tuple[bytes, int]:
    found = list(answer.messages())
    return fhir_lines(found), len(found)


def _jsonl(answer: Answer, _: Question) -> tuple[bytes, int]:
    return jsonl(entry.event for entry in answer.entries), len(answer.entries)


def _csv(answer: Answer, _: Question) -> tuple[bytes, int]:
    counted = zip(answer.entries, answer.patients, strict=True)
    return csv_of((entry.event, len(patients)) for entry, patients in counted), len(answer.entries)


def _pdf(answer: Answer, question: Question) -> tuple[bytes, int]:
    from dashboards.report.audit import audit_pdf  # noqa: PLC0415 - lazy: only a PDF needs the typesetter

    counted = zip(answer.entries, answer.patients, strict=True)
    rows = [row_of(entry.event, len(patients)) for entry, patients in counted]
    signed = (answer.size, answer.note, answer.signed_at)
    return audit_pdf(rows, jsonl(entry.event for entry in answer.entries), signed, question.words), len(rows)


FORMS: Mapping[str, Callable[[Answer, Question], tuple[bytes, int]]] = {
    "dicom": _dicom,
    "fhir": _fhir,
    "jsonl": _jsonl,
    "csv": _csv,
    "pdf": _pdf,
}
