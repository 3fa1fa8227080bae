"""People: vacant roles."""

from collections.abc import Iterator

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from registry.vacancies import vacant_roles

PEOPLE = ("roles",)


def roles(workspace: Workspace) -> Iterator[Finding]:
    """Say which roles that a release needs are vacant."""
    vacant = vacant_roles(workspace.people)
    says = f"{'; '.join(vacant)}: nothing can be approved; see overread people vacancies"
    yield Finding("roles", State.WATCH, says) if vacant else ok("roles", "every role that a release needs is filled")
