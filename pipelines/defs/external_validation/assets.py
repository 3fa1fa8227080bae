"""Assets of validation: the newest version judged on every test cohort."""

import dagster as dg

from pipelines.defs.resources import Quiet, WorkspaceResource
from pipelines.defs.training.assets import model_version
from pipelines.defs.verdicts import acceptance_check
from pipelines.usecases.validate import validate
from registry.domain.cohort import TEST_ROLES
from registry.domain.vocabulary import Role

TESTS = tuple(sorted(role.value for role in TEST_ROLES))


@dg.asset(
    group_name="validation",
    deps=[model_version],
    check_specs=[dg.AssetCheckSpec(role.replace("-", "_"), asset="evaluations") for role in TESTS],
)
def evaluations(workspace: WorkspaceResource) -> dg.MaterializeResult:
    """One evaluation a test cohort, under a protocol frozen before scoring; the checks are the acceptance verdicts."""
    opened = workspace.opened()
    plan = opened.settings.pipeline
    judged = [
        validate(opened, plan.target, None, source.name, plan.protocol or None, progress=Quiet())
        for source in plan.cohorts
        if Role(source.role) in TEST_ROLES
    ]
    checks = [acceptance_check("evaluations", e.cohort_role.replace("-", "_"), e.verdict, e.why) for e in judged]
    return dg.MaterializeResult(metadata={e.cohort: e.digest for e in judged}, check_results=checks)
