"""`overread plan report`: how a change plan was carried out, from the ledger or from exported evidence alone."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, PassphraseFile, give
from registry.domain.errors import ExitCode, UsageError


class Format(StrEnum):
    """What the file may be."""

    HTML = "html"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(
        epilog="Example: overread plan report nodule --period 2026; made again by a reviewer: "
        "overread plan report --from evidence.zip"
    )(report)


def report(
    model: Annotated[str | None, typer.Argument(help="The model; not with --from.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="2026, 2026-Q3, 2026-09, or FROM..TO.")] = None,
    as_format: Annotated[Format, typer.Option("--format", help="What to make.")] = Format.HTML,
    out: Annotated[Path | None, typer.Option("--out", help="The file; among the workspace's reports.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--from", help="Make the reports of an evidence folder again, from it alone.")
    ] = None,
    signer: Annotated[str | None, typer.Option("--signer", help="Who signs the report.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Report changes made, data, results and deviations under the change plan; made from the ledger alone.

    With --from, ends with 1 where a report made again differs from the one that the folder holds.
    """
    if evidence is not None:
        _again(evidence, as_json=as_json)
        return
    if model is None or period is None:
        raise UsageError("a report has a model and a period", mend="overread plan report MODEL --period 2026")
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.cli.signed_lines import signed_lines  # noqa: PLC0415 - lazy
    from pipelines.usecases.issue_plan_report import issue_plan_report  # noqa: PLC0415 - lazy
    from registry.objects import write_durably  # noqa: PLC0415 - lazy
    from registry.report_signatures import sign_report  # noqa: PLC0415 - lazy

    workspace = here()
    key = None if signer is None else signer_of(workspace, signer, passphrase_file)
    issued = issue_plan_report(workspace, model, period)
    if key is not None:
        sign_report(workspace.people, key, "plan-report", f"{issued.record['model']} {period}", issued.digest)
    place = out or workspace.root / "reports" / f"change-plan-{model}-{period}.{as_format.value}"
    write_durably(place, _data(issued.record, as_format))
    document = {"file": str(place), "digest": issued.digest, "report": issued.record}
    signed = signed_lines(workspace.people, issued.digest)
    give(document, [f"{place} ({issued.digest})", *_lines(issued.record), *signed], as_json=as_json)


def _again(evidence: Path, *, as_json: bool) -> None:
    from pipelines.usecases.issue_plan_report import remade_plan_reports  # noqa: PLC0415 - lazy: --help is light

    found = remade_plan_reports(evidence)
    reports = [{"digest": one.digest, "same": same, "report": one.record} for one, same in found]
    lines = [f"{one.record['period']['text']}: {'the same bytes' if same else 'other bytes'}" for one, same in found]
    give({"reports": reports}, lines, as_json=as_json)
    if not all(same for _, same in found):
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _data(record: Mapping[str, Any], as_format: Format) -> bytes:
    if as_format is Format.JSON:
        from dashboards.bundle.plan_report import report_bytes  # noqa: PLC0415 - lazy: only where asked for

        return report_bytes(record)
    from dashboards.report.plan_html import render_plan_report  # noqa: PLC0415 - lazy

    return render_plan_report(record).encode()


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    counted = ("changes", "comparisons", "evaluations", "releases", "deviations")
    yield ", ".join(f"{len(record[key])} {key}" for key in counted)
    for one in record["deviations"]:
        yield f"  event {one['event']}: {one['kind'].replace('_', ' ')}; {one['why']}"
