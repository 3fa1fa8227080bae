"""`overread cohort`: frozen lists of units, with proofs that they are disjoint."""

from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, give, progress
from registry.domain.cohort import Cohort, axes_of, prove_disjoint
from registry.domain.errors import LeakFoundError
from registry.domain.vocabulary import Role

app = typer.Typer(no_args_is_help=True, help="Freeze, show and check cohorts.")


def _document(cohort: Cohort) -> dict[str, object]:
    return {
        "name": cohort.name,
        "digest": cohort.digest,
        "target": cohort.target,
        "role": cohort.role.value,
        "units": len(cohort.units),
        "positive": cohort.positive,
        "patients": len(cohort.patients()),
        "patients_with_positive": len(cohort.patients(truth=True)),
        "patients_with_negative": len(cohort.patients(truth=False)),
        "sites": list(cohort.sites),
        "selection": list(cohort.selection),
        "flow": [list(step) for step in cohort.flow],
        "synthetic": cohort.synthetic,
    }


def _lines(cohort: Cohort) -> list[str]:
    mark = ", synthetic" if cohort.synthetic else ""
    who = f"{len(cohort.patients())} patients, sites {', '.join(cohort.sites)}"
    return [
        f"{cohort.name} ({cohort.role.value}{mark}): {len(cohort.units)} units, {cohort.positive} positive, {who}",
        *(f"  {n:6} after {step}" for step, n in cohort.flow),
        f"  {cohort.digest}",
    ]


@app.command(epilog="Example: overread cohort freeze a --target nodule --role train --select patients=0-60%")
def freeze(
    name: Annotated[str, typer.Argument(help="The cohort's name.")],
    target: Annotated[str, typer.Option("--target", help="The clinical question.")],
    role: Annotated[Role, typer.Option("--role", help="What the cohort is for.")],
    select: Annotated[
        list[str] | None,
        typer.Option("--select", help="COLUMN=a,b  COLUMN!=a  COLUMN>=n  COLUMN<=n  patients=0-60%  (all must hold)"),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Freeze a cohort; one that shares a patient, a study or pixels with a cohort it must not is refused as a leak."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.freeze_cohort import freeze_cohort  # noqa: PLC0415 - lazy

    with progress("decoding pixels") as bar:
        cohort = freeze_cohort(here(), name, target, role, tuple(select or ()), progress=bar)
    give(_document(cohort), _lines(cohort), as_json=as_json)


@app.command(epilog="Example: overread cohort show train-1")
def show(name: Annotated[str, typer.Argument(help="The cohort's name.")], *, as_json: Json = False) -> None:
    """Show one cohort: its selection, what was left after each step, its counts."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    cohort = here().cohorts.get(name)
    give(_document(cohort), _lines(cohort), as_json=as_json)


@app.command("list", epilog="Example: overread cohort list")
def list_all(*, as_json: Json = False) -> None:
    """List all cohorts."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    cohorts = here().cohorts.all()
    give(
        {"cohorts": [_document(cohort) for cohort in cohorts]},
        [_lines(cohort)[0] for cohort in cohorts],
        as_json=as_json,
    )


@app.command(epilog="Example: overread cohort check train-1 test-1")
def check(
    first: Annotated[str, typer.Argument(help="One cohort.")],
    second: Annotated[str, typer.Argument(help="The other.")],
    *,
    as_json: Json = False,
) -> None:
    """Prove that two cohorts are disjoint as their roles demand; a leak ends with exit code 1."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    cohorts = here().cohorts
    left, right = cohorts.get(first), cohorts.get(second)
    proof = prove_disjoint(left, right)
    axes = ", ".join(axes_of(left.role, right.role)) or "nothing, by their roles"
    verdict = "disjoint" if proof.disjoint else f"they share {proof.why()}"
    give(proof.to_json(), [f"{first} and {second}: {verdict} (checked: {axes})"], as_json=as_json)
    if not proof.disjoint:
        raise LeakFoundError(f"cohorts share {proof.why()}", where=f"{first}, {second}", mend="split by patient")


@app.command(epilog="Example: overread cohort inspect train-2 --by nodule@1")
def inspect(
    name: Annotated[str, typer.Argument(help="A frozen cohort.")],
    by: Annotated[
        str | None, typer.Option("--by", metavar="MODEL[@VERSION]", help="List the labels that it contradicts most.")
    ] = None,
    share: Annotated[float, typer.Option("--share", min=0.0, max=1.0, help="Of the units, listed at most.")] = 0.05,
    signer: Annotated[str | None, typer.Option("--signer", help="Who signs the report.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Look a cohort over before it is learned from: duplicates, labels that a model contradicts, provenance."""
    from pipelines.cli.opened import here, name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.cli.signed_lines import signed_lines  # noqa: PLC0415 - lazy
    from pipelines.usecases.inspect_cohort import inspect_cohort, inspection_lines  # noqa: PLC0415 - lazy
    from registry.report_signatures import sign_report  # noqa: PLC0415 - lazy

    workspace = here()
    key = None if signer is None else signer_of(workspace, signer, passphrase_file)
    with progress("scoring") as bar:
        found = inspect_cohort(workspace, name, None if by is None else name_and_version(by), share, progress=bar)
    if key is not None:
        sign_report(workspace.people, key, "inspection", found["cohort"], found["digest"])
    give(found, [*inspection_lines(found), *signed_lines(workspace.people, found["digest"])], as_json=as_json)
