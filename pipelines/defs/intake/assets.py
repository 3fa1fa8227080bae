"""Assets of intake: acquisitions and outcomes of the training data, and the rows observed of each day."""

from pathlib import Path

import dagster as dg

from pipelines.defs.partitions import DAYS, days_of
from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.defs.verdicts import contract_check, contracts_check
from pipelines.progress import Silent
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.observed_days import take_observations
from pipelines.usecases.stored_contract import stored_contract


@dg.asset(
    group_name="intake",
    check_specs=[dg.AssetCheckSpec("contract", asset="acquisitions", blocking=True)],
    retry_policy=PATIENCE,
)
def acquisitions(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """One row a series, from the DICOM folders of `[[pipeline.dicom]]`."""
    with final_unless_passing():
        opened = workspace.opened()
        reports = [
            ingest_dicom(opened, [Path(source.path)], source.site, synthetic=source.synthetic, progress=Silent())
            for source in opened.settings.pipeline.dicom
        ]
        counts = {
            "new": sum(report.acquisitions for report in reports),
            "quarantined": sum(report.quarantined for report in reports),
        }
        check = contract_check("acquisitions", stored_contract(opened, "acquisitions"))
    return dg.MaterializeResult(metadata=counts, check_results=[check])


@dg.asset(
    group_name="intake",
    deps=[acquisitions],
    check_specs=[dg.AssetCheckSpec("contract", asset="outcomes", blocking=True)],
    retry_policy=PATIENCE,
)
def outcomes(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The reference standard, from the files of `[[pipeline.outcomes]]`."""
    with final_unless_passing():
        opened = workspace.opened()
        reports = [
            ingest_rows(
                opened,
                "outcomes",
                [Path(source.file)],
                mapping=Path(source.map) if source.map else None,
                progress=Silent(),
            )
            for source in opened.settings.pipeline.outcomes
        ]
        counts = {"new": sum(one.accepted for one in reports), "refused": sum(one.refused for one in reports)}
        check = contract_check("outcomes", stored_contract(opened, "outcomes"))
    return dg.MaterializeResult(metadata=counts, check_results=[check])


@dg.asset(
    group_name="operation",
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("contract", asset="observations", blocking=True)],
    retry_policy=PATIENCE,
)
def observations(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The rows observed of a day, from the folders of `[[pipeline.observations]]`; a known file changes nothing."""
    with final_unless_passing():
        opened = workspace.opened()
        done = take_observations(opened, days_of(context))
        check = contracts_check("observations", [stored_contract(opened, table) for table in done.tables])
    return dg.MaterializeResult(metadata=dict(done.counts), check_results=[check])
