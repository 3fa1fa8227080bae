"""Issuing the audit report: rendered from the dossier, stored by digest, put on record."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from registry.database import reading
from registry.domain.dossier import Dossier, WatchedView
from registry.domain.errors import UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import actor_record
from registry.objects import write_durably
from registry.schema import LedgerEntry, ReportRow


@dataclass(frozen=True)
class IssuedReport:
    """A report that was issued: the file, its digest and its size in bytes."""

    file: Path
    digest: str
    size: int


def issue_report(
    workspace: Workspace, model: str, version: str | None, period: str | None, as_format: str, out: Path | None
) -> IssuedReport:
    """Render the report of a version, or of a model that was not trained here, store it and put it on record.

    The same record gives the same bytes; issuing appends an event, so the next report shows a longer ledger.

    Raises:
        UnknownNameError: for an unknown model or version.
        UsageError: for a period that is none, or a model whose results come in and that is on no inventory.
    """
    queries = RecordQueries(workspace, verify=True)
    watched = queries.watched(model, version, period)
    if watched is not None:
        return _issue_watched(workspace, watched, period, as_format, out)
    dossier = queries.dossier(model, version, period)
    named = period or f"{dossier.period[0]}..{dossier.period[1]}"
    data, digest = issue(workspace, dossier, named, as_format)
    return _written(workspace, (model, dossier.model.version, named, as_format), data, digest, out)


def issue(workspace: Workspace, dossier: Dossier, period: str, as_format: str) -> tuple[bytes, str]:
    """Render a dossier as `pdf`, `html` or `json`, store it, put it on record; return its bytes and digest."""
    data = _rendered(dossier, as_format)
    subject = Subject("version", dossier.model.name, dossier.model.artifact_digest)
    about = (dossier.model.model, dossier.model.version, period, as_format)
    return data, _recorded(workspace, subject, about, data)


def _issue_watched(
    workspace: Workspace, view: WatchedView, period: str | None, as_format: str, out: Path | None
) -> IssuedReport:
    """Issue the report on a third party's model."""
    if not view.registered:
        raise UsageError(f"{view.name} is on no inventory", mend="`overread models register-external` puts it there")
    from dashboards.report.watched import watched_html, watched_pdf  # noqa: PLC0415 - lazy: only where asked for

    named = period or f"{view.period[0]}..{view.period[1]}"
    data = watched_pdf(view) if as_format == "pdf" else watched_html(view).encode()
    about = (view.model, view.version, named, as_format)
    digest = _recorded(workspace, Subject("external-model", view.name, view.identity), about, data)
    return _written(workspace, about, data, digest, out)


def _written(
    workspace: Workspace, about: tuple[str, str, str, str], data: bytes, digest: str, out: Path | None
) -> IssuedReport:
    """Write an issued report to where it was asked for, else into the workspace."""
    place = out or _place(workspace, about)
    write_durably(place, data)
    return IssuedReport(place, digest, len(data))


def issue_report_once(workspace: Workspace, model: str, period: str | None) -> IssuedReport:
    """Issue a version's report as PDF, or return the one that was issued when nothing came on record since.

    A step that is done again after a crash so issues no second report of the same record.

    Raises:
        UnknownNameError: for an unknown model.
        UsageError: for a period that is none.
    """
    version = workspace.lifecycle.version(model)
    issued = _issued(workspace, version.name, period)
    if issued is None:
        return issue_report(workspace, model, version.version, period, "pdf", None)
    data = workspace.objects.get(issued.digest)
    place = _place(workspace, (version.model, version.version, issued.period, issued.format))
    if not place.exists():
        write_durably(place, data)
    return IssuedReport(place, issued.digest, len(data))


def _issued(workspace: Workspace, name: str, period: str | None) -> ReportRow | None:
    """Return the newest PDF of a version and period, if since then nothing came on record but reports."""
    with reading(workspace.engine) as session:
        rows = session.scalars(select(ReportRow).where(ReportRow.format == "pdf").order_by(ReportRow.event_seq.desc()))
        of_version = [row for row in rows if f"{row.model}@{row.version}" == name]
        found = next((row for row in of_version if _is_of(row.period, period)), None)
        if found is None:
            return None
        since = session.scalars(select(LedgerEntry.type).where(LedgerEntry.seq > found.event_seq))
        return found if set(since) <= {"report.issued"} else None


def _is_of(issued: str, period: str | None) -> bool:
    return ".." in issued if period is None else issued == period


def _place(workspace: Workspace, about: tuple[str, str, str, str]) -> Path:
    *parts, as_format = about
    return workspace.root / "reports" / f"{'-'.join(part for part in parts if part)}.{as_format}"


def _rendered(dossier: Dossier, as_format: str) -> bytes:
    if as_format == "json":
        from dashboards.view.record import dossier_record, record_bytes  # noqa: PLC0415 - lazy: only where asked for

        return record_bytes(dossier_record(dossier))
    if as_format == "pdf":
        from dashboards.report.pdf import render_pdf  # noqa: PLC0415 - lazy: typst is slow to import

        return render_pdf(dossier)
    from dashboards.report.html import render_html  # noqa: PLC0415 - lazy: only where asked for

    return render_html(dossier).encode()


def _recorded(workspace: Workspace, subject: Subject, about: tuple[str, str, str, str], data: bytes) -> str:
    """Store an issued report, put it on record and return its digest.

    Args:
        workspace: whose record.
        subject: whom it is about.
        about: the model, its version, the period and the format.
        data: the report.
    """
    digest = workspace.objects.put(data)
    model, version, period, as_format = about
    subjects = (subject, Subject("report", f"{subject.name} {period} {as_format}", digest))
    payload = {"model": model, "version": version, "period": period, "format": as_format, "digest": digest}
    with workspace.ledger.transaction() as tx:
        event = tx.append(EventDraft("report.issued", actor_record(workspace.actor), subjects, payload))
        if tx.session.get(ReportRow, digest) is None:
            row = ReportRow(**payload, issued_at=instant_text(workspace.clock.now()), event_seq=event.seq)
            tx.session.add(row)
    return digest
