"""`overread plan`: the change plan of a model and the monitoring plan, checked, signed, shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import plan_release, plan_report, plan_scope
from pipelines.cli.console import Json, PassphraseFile, Reason, give
from pipelines.cli.monitoring_plan import check_monitoring, is_monitoring, show_monitoring, sign_monitoring
from pipelines.toml_file import read_toml
from registry.domain.change_plan import AREAS, ChangePlan, plan_faults
from registry.domain.errors import ExitCode

if TYPE_CHECKING:
    from registry.change_plans import AdoptedPlan

app = typer.Typer(
    no_args_is_help=True, help="Check, sign and show the plan under which a model may change, and the monitoring plan."
)
plan_scope.add_to(app)
plan_release.add_to(app)
plan_report.add_to(app)
File = Annotated[
    Path,
    typer.Argument(help="A change plan (docs/reference/change-plan.md) or a monitoring plan (signals.md) as TOML."),
]
Plan = Annotated[
    Path | None, typer.Argument(help="A change plan or a monitoring plan as TOML; without one the workspace's own.")
]


@app.command(epilog="Example: overread plan check plan.toml")
def check(file: File, *, as_json: Json = False) -> None:
    """Name what a plan lacks; an empty cell of a change plan, or a fault of a monitoring plan, ends with 1."""
    record = read_toml(file, "plan")
    if is_monitoring(record):
        check_monitoring(record, as_json=as_json)
        return
    faults = plan_faults(record)
    lines = [f"missing: {fault}" for fault in faults] or ["the plan is complete: no cell is empty"]
    give({"complete": not faults, "faults": list(faults)}, lines, as_json=as_json)
    if faults:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


@app.command(epilog="Example: overread plan sign plan.toml --signer quinn --passphrase-file quinn.pass")
def sign(
    file: Plan = None,
    *,
    signer: Annotated[str, typer.Option("--signer", help="Your person id; a quality officer or a clinical lead.")],
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Sign a plan; it is adopted once a quality officer and a clinical lead signed the same content.

    Without a file the monitoring plan of the workspace is signed.
    """
    if file is None or is_monitoring(read_toml(file, "plan")):
        sign_monitoring(file, signer, reason, passphrase_file, as_json=as_json)
        return
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.judging_methods import judging_methods  # noqa: PLC0415 - lazy
    from registry.change_plans import sign_plan  # noqa: PLC0415 - lazy

    workspace, record = here(), read_toml(file, "change plan")
    who = signer_of(workspace, signer, passphrase_file)
    done = sign_plan(workspace.lifecycle.record, record, who, judging_methods(record), reason)
    document = {
        "model": done.plan.model,
        "number": done.plan.number,
        "digest": done.plan.digest,
        "role": done.role.value,
        "adopted": done.adopted,
        "missing": list(done.missing),
    }
    give(document, [done.says], as_json=as_json)


@app.command(epilog="Example: overread plan show nodule")
def show(
    model: Annotated[
        str | None, typer.Argument(help="Show the change plan of this model; without one, the monitoring plan.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show the plan of a model that is in force, its matrix, and the comparisons made under it; or the monitoring plan.

    Of the monitoring plan it shows budget, owners, actions, fallbacks and stop rules, and who signed it.
    """
    if model is None:
        show_monitoring(as_json=as_json)
        return
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.change_plans import plan_of  # noqa: PLC0415 - lazy
    from registry.comparisons import comparisons_of  # noqa: PLC0415 - lazy
    from registry.domain.errors import UnknownNameError  # noqa: PLC0415 - lazy

    workspace = here()
    found = plan_of(workspace.lifecycle.record, workspace.lifecycle.version(model).model)
    if found is None:
        raise UnknownNameError(f"{model} has no change plan", mend="sign one with: overread plan sign FILE")
    compared = [dict(one) for one in comparisons_of(workspace.lifecycle.record, model)]
    give(_document(found) | {"comparisons": compared}, [*_lines(found), *map(_compared, compared)], as_json=as_json)


def _document(found: "AdoptedPlan") -> dict[str, Any]:
    kept = {"event_seq": found.event_seq, "adopted_at": found.adopted_at, "signatures": list(found.signatures)}
    return dict(found.plan.record) | {"digest": found.plan.digest} | kept


def _lines(found: "AdoptedPlan") -> list[str]:
    plan, rules = found.plan, found.plan.acceptance
    lines = [f"{plan.name}: {plan.record['title']}, adopted {found.adopted_at} ({plan.digest})"]
    lines += [f"  {entry['id']}: {entry['what']} ({entry['implementation_mode']})" for entry in plan.modifications]
    lines += [f"    {area.replace('_', ' '):23} {cell}" for area, cell in _cells(plan)]
    lines += [
        f"  {one.metric}: at most {one.margin_to_original} below {plan.model}@{rules.original_version}, "
        f"at most {one.margin_to_deployed} below the deployed version"
        for one in rules.criteria
    ]
    return [*lines, f"  on {rules.test_cohort}: {rules.looks} looks, one-sided alpha {rules.alpha} for all together"]


def _cells(plan: ChangePlan) -> list[tuple[str, str]]:
    return [(f"{name} {area}", row[area]) for name, row in plan.matrix for area in AREAS]


def _compared(record: dict[str, Any]) -> str:
    return f"  look {record['look']}: {record['model']}@{record['candidate']} {record['verdict']}; {record['why']}"
