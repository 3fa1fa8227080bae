"""`overread alerts`: what the sequential layer raised, and what persons did about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give
from registry.domain.signal import ALERT_STATES

app = typer.Typer(no_args_is_help=True, help="List, show, acknowledge and resolve alerts.")
AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id: 16 hexadecimal digits.")]
SignerId = Annotated[str, typer.Option("--signer", help="Your person id; the passphrase of your key is asked for.")]


@app.command("list", epilog="Example: overread alerts list --model nodule --state open")
def list_all(
    model: Annotated[str | None, typer.Option("--model", help="Only this model.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only open, acknowledged, resolved or cleared ones.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the alerts on record, the newest first."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.alerts import listed  # noqa: PLC0415 - lazy
    from registry.domain.errors import UnknownNameError  # noqa: PLC0415 - lazy

    if state is not None and state not in ALERT_STATES:
        raise UnknownNameError.of("state", state, ALERT_STATES)
    found = [one for one in listed(here().lifecycle.record, model) if state in {None, one.record["state"]}]
    lines = [_line(one.to_json()) for one in found] or ["no alert"]
    give({"alerts": [one.to_json() for one in found]}, lines, as_json=as_json)


@app.command(epilog="Example: overread alerts show 0b8cdfb80c1ccd2d")
def show(alert: AlertId, *, as_json: Json = False) -> None:
    """Show one alert: cause, change-point, studies affected, action, and who took it up."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.alerts import get  # noqa: PLC0415 - lazy

    document = get(here().lifecycle.record, alert).to_json()
    give(document, _lines(document), as_json=as_json)


@app.command(epilog="Example: overread alerts ack 0b8cdfb80c1ccd2d --signer cleo --passphrase-file cleo.pass")
def ack(
    alert: AlertId,
    signer: SignerId,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Take an alert up, by signature: it stays open, in your hands."""
    from registry.alerts import acknowledge  # noqa: PLC0415 - lazy: --help loads no adapter

    document = _signed(acknowledge, alert, signer, passphrase_file, reason)
    give(document, _lines(document), as_json=as_json)


@app.command(epilog="Example: overread alerts resolve 0b8cdfb80c1ccd2d --signer cleo --reason 'kernel set back'")
def resolve(
    alert: AlertId,
    signer: SignerId,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Close an alert, by signature, and say how it was dealt with."""
    from registry.alerts import resolve as close  # noqa: PLC0415 - lazy: --help loads no adapter

    document = _signed(close, alert, signer, passphrase_file, reason)
    give(document, _lines(document), as_json=as_json)


def _signed(act: Callable[..., Any], alert: str, signer: str, file: Path | None, reason: str) -> dict[str, Any]:
    """Act on an alert as a person, and return the alert as it stands then."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    key = signer_of(workspace, signer, file)
    document: dict[str, Any] = act(workspace.lifecycle.record, alert, key, reason).to_json()
    return document


def _line(alert: dict[str, object]) -> str:
    cause = alert["cause"]
    kind, who = (cause["kind"], cause["who"]) if isinstance(cause, dict) else ("", "")
    until = f" closed {alert['closed']}" if alert["closed"] else ""
    name = f"{alert['model']}@{alert['version']} ({alert['mode']})"
    return f"{alert['id']} {alert['state']:12} {alert['code']} {name} opened {alert['opened']}{until} {kind}: {who}"


def _lines(alert: dict[str, object]) -> list[str]:
    since = alert["since"]
    first, last = since["interval"] if isinstance(since, dict) else ("", "")
    estimate = since["estimate"] if isinstance(since, dict) else ""
    lines = [
        _line(alert),
        f"  since about {estimate} (between {first} and {last})",
        f"  {alert['studies_affected']} studies affected when it was opened",
        f"  action: {alert['action']}",
    ]
    names = alert.get("names")
    renamed = names[1:] if isinstance(names, list) else []
    lines += [f"  named {one['cause']['kind']}: {one['cause']['who']} from {one['day']}" for one in renamed]
    lines += [f"  acknowledged by {alert['acknowledged_by']}"] if alert["acknowledged_by"] else []
    return lines + ([f"  resolved by {alert['resolved_by']}"] if alert["resolved_by"] else [])
