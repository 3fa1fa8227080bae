"""The cohorts that `[[pipeline.cohorts]]` names; `{day}` in a name makes a new cohort each day that it is frozen."""

import re
from collections.abc import Sequence

from pipelines.bootstrap import Workspace
from pipelines.progress import Silent
from pipelines.settings import FILE_NAME, CohortSource
from pipelines.usecases.freeze_cohort import freeze_cohort
from registry.domain.cohort import TEST_ROLES, Cohort
from registry.domain.errors import UsageError
from registry.domain.instants import local_day
from registry.domain.vocabulary import Role

DAY = "{day}"


def freeze_named(workspace: Workspace) -> list[Cohort]:
    """Freeze every cohort that the settings name; one that is frozen with this content already stays as it is.

    Raises:
        LeakFoundError: when a cohort shares what it must not.
        UsageError: when a name without `{day}` is frozen with other content.
    """
    plan = workspace.settings.pipeline
    day = local_day(workspace.clock.now(), workspace.settings.defaults.time_zone).isoformat()
    return [
        freeze_cohort(workspace, one.name.replace(DAY, day), plan.target, Role(one.role), one.select, progress=Silent())
        for one in plan.cohorts
    ]


def newest_of_role(workspace: Workspace, role: Role) -> str:
    """Return the name of the newest cohort of a role that the settings name.

    Raises:
        UsageError: when the settings name none, or it was never frozen.
    """
    named = [_newest(workspace, one) for one in workspace.settings.pipeline.cohorts if one.role == role]
    found = [name for name in named if name]
    if not found:
        raise UsageError(
            f"no frozen cohort of the role {role}", where=FILE_NAME, mend="name one in [[pipeline.cohorts]]"
        )
    return found[0]


def newest_tests(workspace: Workspace) -> Sequence[str]:
    """Return the names of the newest test cohorts that the settings name, in their order."""
    sources = [one for one in workspace.settings.pipeline.cohorts if Role(one.role) in TEST_ROLES]
    return [name for name in (_newest(workspace, one) for one in sources) if name]


def _newest(workspace: Workspace, source: CohortSource) -> str:
    pattern = re.escape(source.name).replace(re.escape(DAY), r"\d{4}-\d{2}-\d{2}")
    target = workspace.settings.pipeline.target
    fitting = [one.name for one in workspace.cohorts.of_target(target) if re.fullmatch(pattern, one.name)]
    return fitting[-1] if fitting else ""
