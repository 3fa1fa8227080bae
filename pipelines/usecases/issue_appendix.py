"""Issuing the explorable appendix of a monitor run: drawn, compared, stored by its digest, put on record."""

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables
from pipelines.appendix.record import EVENT
from pipelines.appendix.rows import appendix_axes, rows_of
from pipelines.appendix.sample import AppendixSample, draw_sample
from pipelines.bootstrap import Workspace
from pipelines.dossiers import synthetic_tables
from registry.domain.event import EventDraft, Subject
from registry.domain.joining import Known
from registry.domain.person import actor_record
from registry.domain.plan import MonitoringPlan
from registry.ledger.store import Transaction
from registry.objects import write_durably
from registry.schema import LedgerEntry

TABLES = ("acquisitions", "predictions", "reads", "outcomes")
SEED = 20_260_101
Json = Mapping[str, Any]


@dataclass(frozen=True)
class IssuedAppendix:
    """An appendix that was issued: its digest, its size in bytes, what is on record of it, and whether it is new."""

    digest: str
    size: int
    record: Json
    fresh: bool


def issue_appendix(
    workspace: Workspace,
    run: Json,
    plan: MonitoringPlan,
    *,
    target: str | None = None,
    seed: int = SEED,
    out: Path | None = None,
) -> IssuedAppendix:
    """Make the appendix of a monitor run and put it on record; the same rows, plan, day and seed are issued once.

    Args:
        workspace: where the observations are.
        run: the run's JSON, for its model, its day and its known times.
        plan: the run's plan.
        target: only this clinical question.
        seed: of the draw.
        out: a file that receives a copy.

    Raises:
        IncompleteError: when there is no window that could be compared with a reference.
    """
    request = Request(run["model"], workspace.settings.time_zone, appendix_axes(), target)
    tables = _tables(workspace, run)
    sample = draw_sample(count_tables(tables, request), rows_of(tables, request), plan, run["as_of"], seed)
    record = _record(workspace, run, sample)
    data = _page(sample, record)
    digest = workspace.objects.put(data)
    if out is not None:
        write_durably(out, data)
    with workspace.ledger.transaction() as tx:
        fresh = digest not in _issued(tx)
        if fresh:
            _put_on_record(workspace, tx, {**record, "digest": digest})
    return IssuedAppendix(digest, len(data), record, fresh)


def _tables(workspace: Workspace, run: Json) -> Tables:
    known = Known(run["known_time"])
    return Tables(*(workspace.tables.read(name, as_of=run["as_of"], known=known) for name in TABLES))


def _record(workspace: Workspace, run: Json, sample: AppendixSample) -> dict[str, Any]:
    drawn, there = sample.sizes, sample.rows
    return {
        "model": run["model"],
        "as_of": run["as_of"],
        "version": sample.scope.version,
        "mode": sample.scope.mode,
        "target": sample.scope.target,
        "plan": run["plan"],
        "window": sample.window.to_json(),
        "references": {site: period.to_json() for site, period in sorted(sample.references.items())},
        "sample": {"current": drawn[0], "reference": drawn[1], "seed": sample.seed},
        "rows": {"current": there[0], "reference": there[1]},
        "columns": {
            one.column.name: {"method": one.column.method, "threshold": one.column.threshold, **_stated(one.stated)}
            for one in sample.columns
        },
        "left_out": {name: _stated(stated) for name, stated in sample.left_out},
        "tables": {name: workspace.tables.version(name).digest for name in TABLES},
        "tool": f"Evidently {importlib.metadata.version('evidently')}",
        "synthetic": bool(synthetic_tables(workspace)),
    }


def _stated(stated: tuple[int, int]) -> dict[str, int]:
    return {"current": stated[0], "reference": stated[1]}


def _page(sample: AppendixSample, record: Json) -> bytes:
    from dashboards.report.appendix import AppendixHeading, headed  # noqa: PLC0415 - lazy: only where asked for
    from pipelines.defs.reporting.drift_page import drift_page  # noqa: PLC0415 - lazy

    scope, window = sample.scope, sample.window
    heading = AppendixHeading(
        title=f"{record['model']}@{scope.version}, {scope.mode}, {scope.target}",
        as_of=record["as_of"],
        window=f"{window.start} to {window.end}",
        reference="; ".join(f"{site} {one.start} to {one.end}" for site, one in sorted(sample.references.items())),
        sizes=sample.sizes,
        rows=sample.rows,
        seed=sample.seed,
        lines=_lines(record["columns"]),
        left_out=_lines(record["left_out"]),
        synthetic=record["synthetic"],
        tool=record["tool"],
    )
    return headed(drift_page(sample), heading)


def _lines(columns: Json) -> Sequence[Any]:
    from dashboards.report.appendix import ColumnLine  # noqa: PLC0415 - lazy: only where asked for

    return [
        ColumnLine(name, one.get("method", ""), one.get("threshold", ""), one["current"], one["reference"])
        for name, one in columns.items()
    ]


def _issued(tx: Transaction) -> set[str | None]:
    rows = tx.session.scalars(select(LedgerEntry.data).where(LedgerEntry.type == EVENT))
    return {json.loads(data)["subjects"][0]["digest"] for data in rows}


def _put_on_record(workspace: Workspace, tx: Transaction, payload: Json) -> None:
    subject = Subject("appendix", f"{payload['model']} {payload['as_of']}", str(payload["digest"]))
    tx.append(EventDraft(EVENT, actor_record(workspace.actor), (subject,), payload))
