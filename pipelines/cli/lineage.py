"""`overread lineage`: what a result rests on, and what rests on a cohort, a study or a patient."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, give
from registry.domain.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Walk from a result back to its data, and from data forward.")


class Format(StrEnum):
    """What the graph may be written as."""

    OPENLINEAGE = "openlineage"
    PROV = "prov"


@app.command(epilog="Example: overread lineage back 3f1c…")
def back(
    prediction: Annotated[str, typer.Argument(metavar="PREDICTION_ID", help="The result.")], *, as_json: Json = False
) -> None:
    """Walk from a result back to its study, model, tests, approvals and the studies that the model was fitted on."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.trace import trace_back  # noqa: PLC0415 - lazy

    found = trace_back(here(), prediction)
    give(found, _back_lines(found), as_json=as_json)


@app.command("recall", epilog="Example: overread lineage recall --patient p:3f1c…")
def recall_(
    study: Annotated[str | None, typer.Option("--study", help="A study's UID, original or pseudonym.")] = None,
    cohort: Annotated[str | None, typer.Option("--cohort", help="A cohort's name.")] = None,
    patient: Annotated[str | None, typer.Option("--patient", help="A patient's id, original or pseudonym.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List every version, test, approval, deployment and count of results that rests on one of these."""
    given = {kind: name for kind, name in (("study", study), ("cohort", cohort), ("patient", patient)) if name}
    if len(given) != 1:
        raise UsageError("name one thing to recall", mend="--study, --cohort or --patient")
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.trace import recall_set  # noqa: PLC0415 - lazy
    from registry.lineage.recall import Kind  # noqa: PLC0415 - lazy

    ((kind, name),) = given.items()
    found = recall_set(here(), Kind(kind), name)
    give(found, _recall_lines(found), as_json=as_json)


@app.command(epilog="Example: overread lineage export nodule@1 --format prov --out lineage.json")
def export(
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    name: Annotated[
        str | None, typer.Argument(metavar="MODEL[@VERSION]", help="Only this version; everything unless given.")
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.OPENLINEAGE,
    *,
    as_json: Json = False,
) -> None:
    """Write the graph as OpenLineage events or as PROV-JSON."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.export_lineage import export_lineage  # noqa: PLC0415 - lazy

    model, version = (None, None) if name is None else name_and_version(name)
    done = export_lineage(here(), model, version, as_format.value, out)
    give(done, [f"{done['file']} ({done['digest']}): {done['records']} records"], as_json=as_json)


def _back_lines(found: dict[str, Any]) -> list[str]:
    result, model, study = found["prediction"], found["model"], found["study"]
    registered = model.get("artifact_digest", "not registered here: its files are not known")
    lines = [
        f"result {result['prediction_id']}: {result['status']}, {result['mode']}, {result['predicted_at']}",
        f"  study    {study['study_uid']}, {len(study['files'])} files with digests",
        f"  model    {model['version']}, {registered}",
    ]
    if found["card"]:
        lines.append(f"  card     {found['card']['digest']}, event {found['card']['event_seq']}")
    if "external" in model:
        lines.append(f"  vendor   {model['external']['vendor']}, {model['external']['product']}: not run by Overread")
    if model.get("same_artifact") is False:
        lines.append("  NOTE     the result names other files than those that were registered")
    if found["deployment"]:
        one = found["deployment"]
        lines.append(f"  served   {one['site']}, {one['mode']}, event {one['event_seq']}")
    lines += [f"  read     {one['decision']}, {one['action']}, {one['read_at']}" for one in found["reads"]]
    lines += [
        f"  {one['kind']:8} {one['cohort']}: {one['verdict']}, event {one['event_seq']}" for one in found["evaluations"]
    ]
    lines += [f"  approved {one['person']} as {one['role']}, event {one['event_seq']}" for one in found["approvals"]]
    lines += [
        f"  fitted   {one['name']} ({one['role']}): {len(one['studies'])} studies, {one['digest']}"
        for one in found["fitted_on"]
    ]
    return lines


def _recall_lines(found: dict[str, Any]) -> list[str]:
    results = found["results"]
    lines = [f"recall of the {found['asked']['kind']} {found['asked']['name']}"]
    lines += [
        f"  cohort     {one['name']} ({one['role']}): {one['units']} units, event {one['event_seq']}"
        for one in found["cohorts"]
    ]
    lines += [f"  fitted     {name}" for name in found["fitted"]]
    lines += [f"  tested     {name}" for name in found["tested"]]
    lines += [
        f"  {one['kind']:10} {one['version']} on {one['cohort']}: {one['verdict']}, event {one['event_seq']}"
        for one in (*found["evaluations"], *found["comparisons"])
    ]
    lines += [
        f"  approval   {one['version']} by {one['person']}, event {one['event_seq']}" for one in found["approvals"]
    ]
    lines += [f"  deployment {one['version']} at {one['site']}, {one['mode']}" for one in found["deployments"]]
    lines.append(
        f"  results    {results['of_fitted']} of versions that were fitted on it, {results['of_tested']} of versions "
        f"tested on it, {results['on_the_recalled_studies']} on the recalled studies themselves"
    )
    return [*lines, f"  {found['note']}"]
