"""`overread audit export`: the audit log for other systems and for people."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, give, moment

_FORMS = "dicom (syslog of PS3.15 messages), fhir (NDJSON of AuditEvents), jsonl, csv or pdf."


def add_to(app: typer.Typer) -> None:
    """Add the command to `overread audit`."""
    app.command(epilog="Example: overread audit export --format fhir --from 2026-07-01 --out audit.ndjson")(export)


def export(
    form: Annotated[str, typer.Option("--format", help=_FORMS)],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    since: Annotated[str, typer.Option("--from", help="Events from this day or instant on (UTC).")] = "",
    until: Annotated[str, typer.Option("--to", help="Events to the end of this day, or before this instant.")] = "",
    at: Annotated[
        int | None,
        typer.Option("--at", help="Only the first so many events; the newest checkpoint unless given."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write events of the audit log: one record for each patient as dicom and fhir, one an event as jsonl, csv, pdf."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.audit_query import Question  # noqa: PLC0415 - lazy
    from pipelines.usecases.export_audit import export_audit  # noqa: PLC0415 - lazy

    question = Question(at, moment(since, "--from", begins=True), moment(until, "--to"))
    done = export_audit(here(), form, question, out)
    line = f"{done.file} ({done.digest}): {done.records} records of {done.events} events of {done.ledger_size}"
    give(done.to_json(), [line], as_json=as_json)
