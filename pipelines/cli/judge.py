"""`overread train`, `validate`, `predict`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.comparison import Against, compare, tell_budget
from pipelines.cli.console import Json, give, progress, tell
from pipelines.estimate_text import estimate_text
from pipelines.group_text import group_lines
from pipelines.toml_file import read_toml
from registry.domain.errors import ExitCode, UsageError
from registry.domain.estimate import Estimate
from registry.domain.model import Evaluation
from registry.domain.vocabulary import Mode, Verdict


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command(epilog="Example: overread train nodule --train train-1 --tune tune-1")(train)
    app.command(
        epilog="Example: overread validate nodule@1 --cohort test-1; a candidate against the version in use: "
        "overread validate nodule@2 --cohort plan-test --against deployed"
    )(validate)
    app.command(epilog="Example: overread predict nodule /data/new --site general")(predict)


def train(  # noqa: PLR0913, PLR0917 - one an option
    target: Annotated[str, typer.Argument(help="The clinical question.")],
    train_cohort: Annotated[str, typer.Option("--train", help="The cohort to fit on.")],
    tune_cohort: Annotated[str, typer.Option("--tune", help="The cohort to stop and to choose the threshold on.")],
    model: Annotated[str | None, typer.Option("--model", help="The model's name; the target's unless given.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")] = "auto",
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random.")] = 0,
    epochs: Annotated[int | None, typer.Option("--epochs", help="At most so many passes over the cohort.")] = None,
    resume: Annotated[str | None, typer.Option("--resume", help="Go on from this interrupted run.")] = None,
    intended_use: Annotated[
        str | None, typer.Option("--intended-use", help="What it is for; as the change plan says unless given.")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", help="Where it is to run; everywhere unless given.")
    ] = None,
    new_submission: Annotated[
        str | None, typer.Option("--new-submission", help="Why a change outside the change plan is made; on record.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Train a classifier on frozen cohorts and register it; who trained may not approve.

    Under a change plan the change is classified first, and refused with 1 where it lies outside.
    """
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.train import DEFAULT_EPOCHS  # noqa: PLC0415 - lazy
    from pipelines.usecases.train import train as run  # noqa: PLC0415 - lazy

    workspace = here()
    if not workspace.actor.authenticated:
        tell("nobody is logged in: this version can never be approved; `overread login ID` first to train under a name")
    passes = DEFAULT_EPOCHS if epochs is None else epochs
    with progress("training") as bar:
        version = run(
            workspace,
            target,
            train_cohort,
            tune_cohort,
            model=model,
            device=device,
            seed=seed,
            epochs=passes,
            resume=resume,
            intended_use=intended_use,
            sites=site or (),
            new_submission=new_submission,
            progress=bar,
        )
    points = [point.to_json() for point in version.operating_points]
    kept = ("model", "version", "artifact_digest", "trained_by", "mlflow_run")
    document = {name: getattr(version, name) for name in kept}
    document |= {"state": version.state.value, "operating_points": points}
    give(document, [f"{version.name}: {version.state.value}, {version.artifact_digest}"], as_json=as_json)


def _metric(metric: Estimate) -> str:
    counts = f"n {metric.n}" + (f", {metric.n_patients} patients" if metric.n_patients is not None else "")
    reason = f"; {metric.reason}" if metric.reason else ""
    return f"  {metric.name:22} {estimate_text(metric)}, {counts}{reason}"


def _lines(evaluation: Evaluation) -> list[str]:
    mark = " on synthetic data" if evaluation.synthetic else ""
    name, role = f"{evaluation.model}@{evaluation.version}", evaluation.cohort_role.value
    return [
        f"{name} on {evaluation.cohort} ({role}): {evaluation.verdict.value}{mark}; {evaluation.why}",
        *(_metric(metric) for metric in evaluation.metrics),
        *([] if evaluation.groups is None else group_lines(evaluation.groups)),
    ]


def validate(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")],
    cohort: Annotated[str, typer.Option("--cohort", help="A frozen test cohort.")],
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="TOML file with endpoints and acceptance criteria.")
    ] = None,
    against: Annotated[
        Against | None,
        typer.Option("--against", help="Compare under the change plan instead: with the deployed and the original."),
    ] = None,
    site: Annotated[str | None, typer.Option("--site", help="Whose deployed version, where sites differ.")] = None,
    *,
    require_assessed: Annotated[
        bool, typer.Option("--require-assessed", help="End with 3 where the verdict is not_assessed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge a version on a frozen cohort under a protocol that is frozen first; a failed acceptance ends with 1."""
    if against is not None:
        if protocol is not None:
            raise UsageError("a comparison is judged by the change plan", where="--protocol", mend="leave it out")
        compare(name, cohort, site, require_assessed=require_assessed, as_json=as_json)
        return
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.validate import validate as run  # noqa: PLC0415 - lazy

    workspace, (model, version) = here(), name_and_version(name)
    record = None if protocol is None else read_toml(protocol, "protocol")
    with progress("scoring") as bar:
        evaluation = run(workspace, model, version, cohort, record, progress=bar)
    tell_budget(workspace, cohort)
    give(evaluation.to_json() | {"digest": evaluation.digest}, _lines(evaluation), as_json=as_json)
    if evaluation.verdict is Verdict.FAILED:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)
    if evaluation.verdict is Verdict.NOT_ASSESSED and require_assessed:
        raise typer.Exit(ExitCode.INCOMPLETE)


def predict(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The deployed version.")],
    paths: Annotated[list[Path], typer.Argument(help="Folders and files with DICOM.")],
    site: Annotated[str, typer.Option("--site", help="The site at which the version is deployed.")],
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", help="How the predictions count; the deployment's mode, for old studies retrospective."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Score studies through the serving gate: digest, release attestation and ledger proof; log every prediction."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.predict import predict as run  # noqa: PLC0415 - lazy

    model, version = name_and_version(name)
    with progress("scoring") as bar:
        report = run(here(), model, version, paths, site, mode=mode, progress=bar)
    give(report.to_json(), report.lines(), as_json=as_json)
    raise typer.Exit(ExitCode.INPUT_REFUSED if report.failed else ExitCode.DONE)
