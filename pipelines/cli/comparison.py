"""`overread validate --against deployed`: what is said of a comparison, and how the command ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.console import give, progress, tell
from registry.domain.errors import ExitCode
from registry.domain.vocabulary import Verdict

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace


class Against(StrEnum):
    """Whom a candidate is compared with: the deployed version, and always the original one of the plan too."""

    DEPLOYED = "deployed"


def compare(name: str, cohort: str, site: str | None, *, require_assessed: bool, as_json: bool) -> None:
    """Compare a candidate under its model's change plan; a failed comparison ends with 1."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.compare_candidate import compare_candidate  # noqa: PLC0415 - lazy
    from pipelines.usecases.retraining_figures import retraining_figures  # noqa: PLC0415 - lazy

    workspace = here()
    with progress("scoring") as bar:
        record = compare_candidate(workspace, *name_and_version(name), cohort, site, progress=bar)
    record = {**record, "retraining": retraining_figures(workspace, record)}
    if record.get("warning"):
        tell(f"{record['warning']}; beyond it a new test cohort is needed, in a plan that both roles sign")
    give(record, _lines(record), as_json=as_json)
    if record["verdict"] == Verdict.FAILED:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
    if record["verdict"] == Verdict.NOT_ASSESSED and require_assessed:
        raise typer.Exit(ExitCode.INCOMPLETE)


def tell_budget(workspace: "Workspace", cohort: str) -> None:
    """Say how many looks are left at a cohort that a change plan set apart; nothing of any other."""
    from registry.database import reading  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.test_sets import budget_of, sequestered  # noqa: PLC0415 - lazy

    with reading(workspace.engine) as session:
        found = sequestered(session, workspace.cohorts.get(cohort).digest)
        if found is None:
            return
        budget = budget_of(session, found)
    tell(f"'{cohort}' is a change plan's test set: {len(budget.looks)} of {found.looks} looks are made")


def _lines(record: Mapping[str, Any]) -> list[str]:
    mark = " on synthetic data" if record["synthetic"] else ""
    head = f"{record['model']}@{record['candidate']} on {record['cohort']}, look {record['look']} of {record['looks']}"
    rows = [*map(_row, record["metrics"]), *map(_figure, record["retraining"])]
    return [f"{head}: {record['verdict']}{mark}; {record['why']}", *rows]


def _figure(figure: Mapping[str, Any]) -> str:
    """Say what was learned, could have been, or was kept."""
    if figure["value"] is None:
        return f"  {figure['name']:12} not assessed: {figure['why']}"
    low, high = (_short(bound) for bound in figure["interval"])
    why = f"; {figure['why']}" * bool(figure["why"])
    where = " and ".join(figure["cohorts"])
    return f"  {figure['name']:12} {_short(figure['value'])} ({low} to {high}), n {figure['n']}, on {where}{why}"


def _row(row: Mapping[str, Any]) -> str:
    mine, theirs, difference = row["candidate"], row["other"], row["difference"]
    low, high = (_short(bound) for bound in difference["interval"])
    counts = f"n {difference['n']}, {difference['n_patients']} patients"
    values = f"{_short(mine['value'])} against {_short(theirs['value'])} of {row['against']}@{row['version']}"
    change = f"{_short(difference['value'])} ({low} to {high}), margin -{row['margin']}"
    return f"  {row['metric']:12} {values}: {change}: {row['verdict']}; {counts}"


def _short(value: str | None) -> str:
    return "-" if value is None else f"{float(value):.3f}"
