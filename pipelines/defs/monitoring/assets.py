"""Assets of operation: predictions through the serving gate, and the monitors."""

from pathlib import Path

import dagster as dg

from pipelines.defs.intake.assets import acquisitions
from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.training.assets import model_version
from pipelines.defs.verdicts import contract_check
from pipelines.progress import Silent
from pipelines.usecases.predict import predict
from pipelines.usecases.run_monitors import read_plan, run_monitors
from pipelines.usecases.stored_contract import stored_contract
from registry.domain.vocabulary import Mode


@dg.asset(
    group_name="operation",
    deps=[acquisitions, model_version],
    check_specs=[dg.AssetCheckSpec("contract", asset="predictions", blocking=True)],
    pool="gpu",
)
def predictions(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """What the deployed version says of the folders of `[[pipeline.predict]]`; undeployed, the gate refuses."""
    opened = workspace.opened()
    plan = opened.settings.pipeline
    reports = [
        predict(
            opened,
            plan.target,
            None,
            [Path(source.path)],
            source.site,
            mode=Mode(source.mode) if source.mode else None,
            progress=Silent(),
        )
        for source in plan.predict
    ]
    counts = {"scored": sum(report.scored for report in reports), "failed": sum(report.failed for report in reports)}
    check = contract_check("predictions", stored_contract(opened, "predictions"))
    return dg.MaterializeResult(metadata=counts, check_results=[check])


@dg.asset(group_name="operation", deps=[predictions])
def monitor_run(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Every signal of the monitors as of today, or as of the day that the settings name."""
    opened = workspace.opened()
    plan = opened.settings.pipeline
    done = run_monitors(opened, plan.target, as_of=plan.as_of or None, plan=read_plan(opened, None), progress=Silent())
    states = [signal["state"] for signal in done.json["signals"]]
    counts = {state: states.count(state) for state in sorted(set(states))}
    return dg.MaterializeResult(metadata={"digest": done.digest, **counts})
