"""Issuing the audit report: rendered from the dossier, stored by digest, put on record."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from registry.domain.dossier import Dossier
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import actor_record
from registry.objects import write_durably
from registry.schema import ReportRow


@dataclass(frozen=True)
class IssuedReport:
    """A report that was issued: the file, its digest and its size in bytes."""

    file: Path
    digest: str
    size: int


def issue_report(
    workspace: Workspace, model: str, version: str | None, period: str | None, as_format: str, out: Path | None
) -> IssuedReport:
    """Render the report of a version and a period, store it and put it on record.

    The same record gives the same bytes; issuing appends an event, so the next report shows a longer ledger.

    Raises:
        UnknownNameError: for an unknown model or version.
        UsageError: for a period that is none.
    """
    dossier = RecordQueries(workspace, verify=True).dossier(model, version, period)
    named = period or f"{dossier.period[0]}..{dossier.period[1]}"
    data, digest = issue(workspace, dossier, named, as_format)
    place = out or workspace.root / "reports" / f"{dossier.model.model}-{dossier.model.version}-{named}.{as_format}"
    write_durably(place, data)
    return IssuedReport(place, digest, len(data))


def issue(workspace: Workspace, dossier: Dossier, period: str, as_format: str) -> tuple[bytes, str]:
    """Render a dossier as `pdf`, `html` or `json`, store it, put it on record; return its bytes and digest."""
    data = _rendered(dossier, as_format)
    digest = workspace.objects.put(data)
    _record(workspace, dossier, period, as_format, digest)
    return data, digest


def _rendered(dossier: Dossier, as_format: str) -> bytes:
    if as_format == "json":
        from dashboards.view.record import dossier_record, record_bytes  # noqa: PLC0415 - lazy: only where asked for

        return record_bytes(dossier_record(dossier))
    if as_format == "pdf":
        from dashboards.report.pdf import render_pdf  # noqa: PLC0415 - lazy: typst is slow to import

        return render_pdf(dossier)
    from dashboards.report.html import render_html  # noqa: PLC0415 - lazy: only where asked for

    return render_html(dossier).encode()


def _record(workspace: Workspace, dossier: Dossier, period: str, as_format: str, digest: str) -> None:
    version = dossier.model
    subjects = (
        Subject("version", version.name, version.artifact_digest),
        Subject("report", f"{version.name} {period} {as_format}", digest),
    )
    payload = {
        "model": version.model,
        "version": version.version,
        "period": period,
        "format": as_format,
        "digest": digest,
    }
    with workspace.ledger.transaction() as tx:
        event = tx.append(EventDraft("report.issued", actor_record(workspace.actor), subjects, payload))
        if tx.session.get(ReportRow, digest) is None:
            row = ReportRow(**payload, issued_at=instant_text(workspace.clock.now()), event_seq=event.seq)
            tx.session.add(row)
