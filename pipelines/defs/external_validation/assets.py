"""Assets of validation: the newest version judged on every test cohort."""

from collections.abc import Sequence

import dagster as dg

from pipelines.defs.resources import About, WorkspaceResource
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.defs.training.assets import model_version
from pipelines.defs.verdicts import acceptance_check
from pipelines.progress import Silent
from pipelines.usecases.named_cohorts import newest_tests
from pipelines.usecases.validate import validate
from registry.domain.cohort import TEST_ROLES
from registry.domain.model import Evaluation
from registry.domain.vocabulary import Verdict

TESTS = tuple(sorted(role.value for role in TEST_ROLES))
WORST_FIRST = (Verdict.FAILED, Verdict.NOT_ASSESSED, Verdict.PASSED)


@dg.asset(
    group_name="validation",
    deps=[model_version],
    check_specs=[dg.AssetCheckSpec(role.replace("-", "_"), asset="evaluations") for role in TESTS],
    pool="gpu",
    retry_policy=PATIENCE,
)
def evaluations(config: About, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """One evaluation a test cohort, under a protocol frozen before scoring; the checks are the acceptance verdicts."""
    with final_unless_passing():
        opened = workspace.opened()
        plan = opened.settings.pipeline
        model, protocol = config.model_of(opened), plan.protocol or None
        judged = [validate(opened, model, None, name, protocol, progress=Silent()) for name in newest_tests(opened)]
    checks = [_check(role, [e for e in judged if e.cohort_role == role]) for role in TESTS]
    return dg.MaterializeResult(metadata={e.cohort: e.digest for e in judged}, check_results=checks)


def _check(role: str, judged: Sequence[Evaluation]) -> dg.AssetCheckResult:
    """Return the worst verdict over the cohorts of a role; a role without a cohort is not assessed."""
    name = role.replace("-", "_")
    if not judged:
        return acceptance_check("evaluations", name, Verdict.NOT_ASSESSED, "no cohort of this role")
    worst = min(judged, key=lambda evaluation: WORST_FIRST.index(evaluation.verdict))
    return acceptance_check("evaluations", name, worst.verdict, f"{worst.cohort}: {worst.why}")
