"""Issue the report on how a change plan was carried out, or make it again from an evidence folder alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.bundle.archive import unpack
from dashboards.bundle.form import EVENTS, MANIFEST, read_events, read_manifest
from dashboards.bundle.plan_report import carried_events, plan_report, report_bytes
from pipelines.bootstrap import Workspace
from pipelines.evidence_contents import entries_until
from pipelines.periods import period_days
from registry.domain.canonical import parse_canonical
from registry.domain.digest import digest_bytes
from registry.domain.errors import ArtifactChangedError, EvidenceMissingError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record

FOLDER = "plan-reports"


@dataclass(frozen=True)
class PlanReport:
    """A report on a change plan: its record and its digest."""

    record: dict[str, Any]
    digest: str


def issue_plan_report(workspace: Workspace, model: str, period: str) -> PlanReport:
    """Make the report of a model and a period from the ledger, store it and put it on record.

    Raises:
        UnknownNameError: for an unknown model.
        UsageError: for a period that is none.
        EvidenceMissingError: when no plan was in force by the end of the period.
    """
    known = workspace.lifecycle.version(model)
    size = workspace.ledger.head().size
    entries = entries_until(workspace, size)
    carried = ((one.event.seq, one.event.data, one.payload) for one in entries)
    record = plan_report(
        known.model, (period, period_days(period)), carried_events(list(carried)), workspace.objects.get
    )
    if not record["plans"]:
        raise EvidenceMissingError(f"{model} had no change plan by the end of {period}", mend="adopt one")
    digest = workspace.objects.put(report_bytes(record))
    subjects = (Subject("plan-report", f"{known.model} {period}", digest),)
    payload = {"model": known.model, "period": period, "digest": digest}
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("plan_report.issued", actor_record(workspace.actor), subjects, payload))
    return PlanReport(record, digest)


def remade_plan_reports(place: Path) -> list[tuple[PlanReport, bool]]:
    """Make every report on a change plan that an evidence folder holds again, from its events and records alone.

    Returns:
        Each with whether its bytes are those that the folder holds.

    Raises:
        UnreadableFileError: when the file is not there, or is no zip.
        AnswerIsNoError: when it is no evidence folder.
        EvidenceMissingError: when it holds no such report.
    """
    files = unpack(place)
    read_manifest(files[MANIFEST])
    stored = [data for name, data in sorted(files.items()) if name.startswith(f"{FOLDER}/")]
    if not stored:
        raise EvidenceMissingError("the evidence holds no report on a change plan", mend="issue one, then export")
    by_digest = {digest_bytes(data): data for data in files.values()}
    events = [(one.seq, one.data, one.payload) for one in read_events(files[EVENTS])]
    return [_remade(data, events, by_digest) for data in stored]


def _remade(
    stored: bytes, events: list[tuple[int, bytes, bytes | None]], by_digest: dict[str, bytes]
) -> tuple[PlanReport, bool]:
    kept = parse_canonical(stored.removesuffix(b"\n"))
    period, last = kept["period"]["text"], kept["last_event"]

    def read(digest: str) -> bytes:
        if digest not in by_digest:
            raise ArtifactChangedError(f"the evidence lacks the record {digest}")
        return by_digest[digest]

    told = carried_events([one for one in events if one[0] <= last])
    record = plan_report(kept["model"], (period, period_days(period)), told, read)
    data = report_bytes(record)
    return PlanReport(record, digest_bytes(data)), data == stored
