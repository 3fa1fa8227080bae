"""`overread plan classify`: whether a change lies within the change plan, as it is on record, or before it is made."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import Json, give
from registry.domain.change_scope import Difference, Scope
from registry.domain.errors import EvidenceMissingError, ExitCode, UsageError

if TYPE_CHECKING:
    from registry.scope import Classified


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(
        epilog="Example: overread plan classify nodule@2; before training: "
        "overread plan classify nodule --train train-2 --tune tune-2"
    )(classify)


def classify(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; all of the model unless given.")],
    train_cohort: Annotated[str | None, typer.Option("--train", help="Classify what training on it would be.")] = None,
    tune_cohort: Annotated[str | None, typer.Option("--tune", help="The tune cohort of that training.")] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", help="Where it would run; everywhere unless given.")
    ] = None,
    intended_use: Annotated[
        str | None, typer.Option("--intended-use", help="What it would be for; as the plan says unless given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show where changes lie: in scope, out of scope or unclear, and which modification covers each difference.

    Ends with 1 where the newest one shown is not in scope; unclear counts as out.
    """
    if (train_cohort is None) is not (tune_cohort is None):
        raise UsageError("a training has a train and a tune cohort", mend="give both --train and --tune")
    if train_cohort is not None and tune_cohort is not None:
        found = [_asked(name, train_cohort, tune_cohort, site or [], intended_use)]
    else:
        found = [one.to_json() for one in _on_record(name)]
    lines = [line for one in found for line in _lines(one)]
    give({"model": name.partition("@")[0], "classifications": found}, lines, as_json=as_json)
    if found[-1]["scope"] != Scope.IN:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _asked(name: str, train: str, tune: str, sites: list[str], use: str | None) -> dict[str, Any]:
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.train import classify_training  # noqa: PLC0415 - lazy

    found = classify_training(here(), name_and_version(name)[0], (train, tune), intended_use=use, sites=sites)
    return found.to_json() | {"digest": found.digest, "why": found.why}


def _on_record(name: str) -> "list[Classified]":
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.scope import classified  # noqa: PLC0415 - lazy

    model, version = name_and_version(name)
    record = here().lifecycle
    known = record.version(model, version)
    found = [one for one in classified(record.record, model) if version is None or one.version == known.version]
    if not found:
        raise EvidenceMissingError(
            f"no change of {name} was classified", mend="a version that is trained under a change plan is"
        )
    return found


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    stage, scope = (str(one[key]).replace("_", " ") for key in ("stage", "scope"))
    whose = f"{one['model']}@{one['version']}" if one.get("version") else f"a candidate of {one['model']}"
    where = f", event {one['event_seq']}" if "event_seq" in one else ""
    yield f"{whose} against version {one['base']}, {stage}{where}: {scope}; {one['why']}"
    for row in one["differences"]:
        yield f"  {Difference(**row).says}"
    if one.get("new_submission"):
        yield f"  declared a new submission: {one['new_submission']}"
