"""`overread models rollback|live|break-glass|countersign`: what runs at a site, and what to do when it must not."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give, progress
from pipelines.cli.models import Name, SignerId
from registry.domain.errors import ExitCode

Site = Annotated[str, typer.Option("--site", help="Where it runs.")]
Model = Annotated[
    str, typer.Argument(metavar="MODEL[@VERSION]", help="The model; with the version to go back to, if not the last.")
]

Place = Annotated[
    str, typer.Argument(metavar="DEPLOYMENT|MODEL@VERSION", help="The deployment's id, or the version with --site.")
]
AtSite = Annotated[str | None, typer.Option("--site", help="Where the version is deployed.")]


def rollback(  # noqa: PLR0913 - one parameter an option of the command
    model: Model,
    site: Site,
    signer: SignerId,
    fallback: Annotated[
        str, typer.Option("--fallback", help="What clinicians do where nothing runs again.")
    ] = "read without AI",
    to: Annotated[
        str | None, typer.Option("--to", help="The version to go back to; the one before unless given.")
    ] = None,
    probe: Annotated[
        list[Path] | None, typer.Option("--probe", help="Studies that it scores at once, as `predict` does.")
    ] = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    drill: Annotated[bool, typer.Option("--drill", help="An exercise; the ledger tells so.")] = False,
    as_json: Json = False,
) -> None:
    """Go back to the version that was live before, and measure how long it takes until it answers.

    With `@VERSION` it goes back to that version. It must be approved today and its files unchanged; otherwise this is a
    stop, and the command exits with 1.
    """
    from pipelines.cli.opened import here, name_and_version, signer_of, witness_after  # noqa: PLC0415 - lazy: --help
    from pipelines.usecases.roll_back import RollBackOrder, roll_back  # noqa: PLC0415 - lazy

    workspace = here()
    known, to = name_and_version(model)
    known = workspace.lifecycle.version(known, to).model
    key = signer_of(workspace, signer, passphrase_file)
    with progress("rolling back") as bar:
        order = RollBackOrder(known, site, fallback, reason, to, drill, tuple(probe or ()))
        report = roll_back(workspace, order, key, progress=bar)
    give(report.to_json(), report.lines(), as_json=as_json)
    witness_after(workspace)
    if report.done.resumed is None:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def live(
    site: Site,
    at: Annotated[
        str | None, typer.Option("--at", help="An instant, such as 2026-09-30T14:00+02:00; now unless given.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Of this model alone.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="live, pilot or shadow.")] = "live",
    *,
    as_json: Json = False,
) -> None:
    """Say which version was live at a site at an instant, from the ledger alone.

    An instant without an offset is one of the site's time zone.
    """
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.live_at import live_at  # noqa: PLC0415 - lazy

    instant, found = live_at(here(), site, at, mode, model)
    lines = [
        f"{one.model}@{one.version} for {one.target}: {one.mode} since {one.since}"
        f"{f' until {one.until}' if one.until else ''}, {one.artifact_digest}"
        for one in found
    ]
    document = {"site": site, "at": instant, "mode": mode, "running": [one.to_json() for one in found]}
    give(document, lines or [f"nothing was {mode} at {site} at {instant}"], as_json=as_json)


def break_glass(
    name: Name,
    site: Site,
    signer: SignerId,
    fallback: Annotated[str, typer.Option("--fallback", help="What clinicians do when the time is over.")],
    reason: Reason = "",
    hours: Annotated[int | None, typer.Option("--hours", help="For how many hours: 1 to 72, 24 unless given.")] = None,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Let a validated version run live in an emergency, by one signature of a clinical lead; --reason is required.

    Another person in another role countersigns it in that time; else it counts as stopped when the time is over. A
    countersigned one ends on the seventh day. It is never extended and never resumed.
    """
    from pipelines.cli.opened import here, name_and_version, signer_of, witness_after  # noqa: PLC0415 - lazy: --help

    workspace = here()
    known = workspace.lifecycle.version(*name_and_version(name))
    key = signer_of(workspace, signer, passphrase_file)
    found = workspace.lifecycle.break_glass(known.model, known.version, site, key, fallback, reason, hours)
    (use,) = [one for one in workspace.lifecycle.emergencies(known.model) if one.deployment == found.deployment]
    line = f"{known.name} runs at {site} in an emergency until {use.ends}, unless countersigned ({found.deployment})"
    give(dict(vars(found)) | {"emergency": use.to_json()}, [line], as_json=as_json)
    witness_after(workspace)


def countersign(
    deployment: Place,
    signer: SignerId,
    site: AtSite = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Confirm an emergency use: a quality officer, validator or oversight, who did not break the glass."""
    from pipelines.cli.opened import here, signer_of, witness_after  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    place = placed(workspace, deployment, site)
    use = workspace.lifecycle.countersign(place, signer_of(workspace, signer, passphrase_file), reason)
    give(use.to_json(), [f"countersigned; the emergency use ends {use.ends}"], as_json=as_json)
    witness_after(workspace)


def stop_rule(  # noqa: PLR0913, PLR0917 - one parameter an option of the command
    deployment: Place,
    site: AtSite = None,
    rule: Annotated[str | None, typer.Option("--name", help="The rule's name; without it, list the rules.")] = None,
    cause: Annotated[
        str, typer.Option("--cause", help="Which alerts: any, or causes and codes such as scanner,software or SEQ003.")
    ] = "any",
    days: Annotated[int, typer.Option("--days", help="After so many days in which nobody took the alert up.")] = 0,
    scope: Annotated[
        str, typer.Option("--scope", help="deployment, or stratum: only the scanner or group that the alert names.")
    ] = "deployment",
    fallback: Annotated[str, typer.Option("--fallback", help="What clinicians do then.")] = "read without AI",
    resumer: Annotated[
        str, typer.Option("--resumer", help="Who alone may let it run again: clinical lead or quality officer.")
    ] = "clinical lead",
    signer: Annotated[str | None, typer.Option("--signer", help="Your person id; needed to set a rule.")] = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="End the rule.")] = False,
    as_json: Json = False,
) -> None:
    """Set, end or list the rules by which a deployment stops by itself."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy
    from registry.domain.stop_rule import StopRule  # noqa: PLC0415 - lazy

    workspace = here()
    known = placed(workspace, deployment, site)
    if rule is not None:
        if signer is None:
            raise UsageError("a stop rule is set by signature", mend="use --signer")
        asked = StopRule(known, rule, cause, days, fallback, resumer, scope, not off)
        workspace.lifecycle.set_stop_rule(asked, signer_of(workspace, signer, passphrase_file), reason)
    found = workspace.lifecycle.stop_rules(known)
    lines = [one.says for one in found]
    document = {"deployment": known, "rules": [one.to_json() for one in found]}
    give(document, lines or [f"{known} has no stop rule"], as_json=as_json)


def placed(workspace: Any, deployment: str, site: str | None) -> str:
    """Return a deployment's id: as it was given, or of a version at a site.

    Raises:
        UnknownNameError: when there is none.
    """
    from pipelines.cli.opened import name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.strata import deployment_at  # noqa: PLC0415 - lazy

    if site is None:
        return str(workspace.lifecycle.deployment(deployment).deployment)
    return deployment_at(workspace, *name_and_version(deployment), site).deployment


_COMMANDS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "rollback": (rollback, "nodule --site general --signer cleo --reason 'misses since Monday' --drill"),
    "live": (live, "--site general --at 2026-09-30T14:00+02:00 --json"),
    "break-glass": (
        break_glass,
        "nodule@1 --site general --signer cleo --fallback 'read without AI' --reason 'no other triage' --hours 12",
    ),
    "stop-rule": (
        stop_rule,
        "nodule@1 --site general --name scanners --cause scanner --days 3 --scope stratum --signer cleo",
    ),
    "countersign": (countersign, "nodule@1 --site general --signer ann --reason 'reviewed on Monday'"),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread models`."""
    for name, (command, example) in _COMMANDS.items():
        app.command(name, epilog=f"Example: overread models {name} {example}")(command)
