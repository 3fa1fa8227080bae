"""Assets of intake: acquisitions and outcomes, from what the settings name."""

from pathlib import Path

import dagster as dg

from pipelines.defs.resources import WorkspaceResource
from pipelines.defs.verdicts import contract_check
from pipelines.progress import Silent
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.stored_contract import stored_contract


@dg.asset(group_name="intake", check_specs=[dg.AssetCheckSpec("contract", asset="acquisitions", blocking=True)])
def acquisitions(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """One row a series, from the DICOM folders of `[[pipeline.dicom]]`."""
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
)
def outcomes(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """The reference standard, from the files of `[[pipeline.outcomes]]`."""
    opened = workspace.opened()
    reports = [
        ingest_rows(
            opened, "outcomes", [Path(source.file)], mapping=Path(source.map) if source.map else None, progress=Silent()
        )
        for source in opened.settings.pipeline.outcomes
    ]
    counts = {"new": sum(report.accepted for report in reports), "refused": sum(report.refused for report in reports)}
    check = contract_check("outcomes", stored_contract(opened, "outcomes"))
    return dg.MaterializeResult(metadata=counts, check_results=[check])
