"""What `overread plan` does with a monitoring plan: a file of its own, or `[monitoring]` of the workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.console import give
from registry.domain.change_plan import DESCRIPTION, IMPACT, PROTOCOL
from registry.domain.errors import ExitCode
from registry.domain.plan import MonitoringPlan, plan_from
from registry.domain.plan_response import RESPONSES

if TYPE_CHECKING:
    from registry.monitoring_plans import PlanStanding

_CHANGE = frozenset({DESCRIPTION, PROTOCOL, IMPACT, "acceptance", "model", "title", "intended_use"})


def is_monitoring(record: Mapping[str, Any]) -> bool:
    """Say whether a plan is a monitoring plan: it has a key of one, and none of a change plan."""
    ours = set(vars(MonitoringPlan())) - {"number"}
    return not set(record) & _CHANGE and bool(
        set(record) & ours or str(record.get("schema")).startswith("overread.plan")
    )


def check_monitoring(record: Mapping[str, Any], *, as_json: bool) -> None:
    """Name what a monitoring plan lacks; a fault ends with 1."""
    try:
        plan = plan_from(record)
    except ValueError as error:
        give({"complete": False, "faults": [str(error)]}, [f"fault: {error}"], as_json=as_json)
        raise typer.Exit(ExitCode.ANSWER_IS_NO) from error
    document = {"complete": True, "faults": [], "number": plan.number, "digest": plan.digest}
    lines = [f"{plan.name} is complete ({plan.digest}): every family has action, owner and fallback"]
    give(document, lines, as_json=as_json)


def sign_monitoring(
    file: Path | None, signer: str, reason: str, passphrase_file: Path | None, *, as_json: bool
) -> None:
    """Sign the monitoring plan of a file, or of the workspace."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.monitoring_plan import read_plan  # noqa: PLC0415 - lazy
    from registry.monitoring_plans import sign_monitoring_plan  # noqa: PLC0415 - lazy

    workspace = here()
    plan = read_plan(workspace, file)
    done = sign_monitoring_plan(workspace.lifecycle.record, plan, signer_of(workspace, signer, passphrase_file), reason)
    document = {
        "number": plan.number,
        "digest": plan.digest,
        "role": done.role.value,
        "adopted": done.adopted,
        "missing": list(done.missing),
    }
    give(document, [done.says], as_json=as_json)


def show_monitoring(*, as_json: bool) -> None:
    """Show the monitoring plan that a run would use, and who signed exactly it."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.monitoring_plan import read_plan  # noqa: PLC0415 - lazy
    from registry.monitoring_plans import standing_of  # noqa: PLC0415 - lazy

    workspace = here()
    plan = read_plan(workspace, None)
    standing = standing_of(workspace.lifecycle.record, plan)
    signed = {role.value: one.statement.printed_name for role, one in standing.signatures.items()}
    document = plan.to_json() | {"digest": plan.digest, "signed": signed, "missing": list(standing.missing)}
    give(document, _lines(plan, standing), as_json=as_json)


def _lines(plan: MonitoringPlan, standing: "PlanStanding") -> list[str]:
    names = [f"{one.statement.printed_name} ({role})" for role, one in standing.signatures.items()]
    state = f"signed by {' and '.join(names)}" if names else "not signed"
    state += f"; still to sign: {', '.join(standing.missing)}" if names and standing.missing else ""
    head = (
        f"  at most {plan.false_alerts_per_model_year} false alerts a model and year, run every {plan.cadence_days} d, "
        f"window {plan.window_days} d, reference {plan.reference_days} d"
    )
    lines = [f"{plan.name} ({plan.digest}): {state}", head]
    for family, share in plan.budget.items():
        response = RESPONSES[family]
        lines += [
            f"  {family}: {share} of the budget, detector {plan.detectors.get(family, 'glr')}",
            f"    action    {plan.actions[response]}",
            f"    owner     {plan.owners[response]}",
            f"    fallback  {plan.fallbacks[response]}",
        ]
    return lines + [f"  stop rule {one.rule.says}{f' (model {one.model})' if one.model else ''}" for one in plan.stops]
