"""`overread models approve|lapse|tier`: how long an approval holds, what ends it, and what it takes."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give
from pipelines.cli.models import Name, SignerId, signed

ValidDays = Annotated[
    int | None,
    typer.Option(
        "--valid-days",
        help="How many days it shall hold; the settings' approval_valid_days unless given, never more than the "
        "model's risk tier allows (low 730, medium and high 365).",
    ),
]


def approve(
    version: Name,
    signer: SignerId,
    valid_days: ValidDays = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Approve for live use: a quality officer and a clinical lead, in tier high a validator or oversight too.

    None of them trained it. A lapsed version is approved again in the same way.
    """
    from pipelines.usecases.release import approve_and_release  # noqa: PLC0415 - lazy: --help loads no adapter

    def act(workspace: Any, model: str, number: str, key: Any, why: str) -> Any:
        return approve_and_release(workspace, model, number, key, why, valid_days)

    document, lines = signed(act, version, signer, passphrase_file, reason)
    give(document, lines, as_json=as_json)


def lapse(
    version: Name,
    signer: SignerId,
    reason: Reason = "",
    evaluation: Annotated[
        str | None,
        typer.Option("--evaluation", help="Withdraw this evaluation from the evidence; the approval ends with it."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """End an approval before its date, by one signature; --reason is required."""

    def act(workspace: Any, *arguments: Any) -> Any:
        return workspace.lifecycle.end_approval(*arguments, evaluation=evaluation)

    document, lines = signed(act, version, signer, passphrase_file, reason)
    give(document, lines, as_json=as_json)


def release(
    version: Name,
    *,
    as_json: Json = False,
) -> None:
    """Sign an approved version's files for release anew, such as after the release key was replaced.

    The last signature of an approval does this by itself (OpenSSF Model Signing, every file, nothing ignored).
    """
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.release import release as sign  # noqa: PLC0415 - lazy

    workspace = here()
    event = sign(workspace, *name_and_version(version))
    told = workspace.ledger.payload(event.seq) or {}
    line = f"{told['model']}@{told['version']}: released by key {told['key_id'][:16]}…, bundle {told['bundle']}"
    give(dict(told) | {"event_seq": event.seq}, [line], as_json=as_json)


def revoke_release_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, or its first letters.")],
    reason: Reason = "",
    *,
    stolen: Annotated[
        bool, typer.Option("--stolen", help="Somebody else may have used it: nothing that it signed counts any longer.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Revoke a release key: what it signs from now on is not served, and if it was stolen, what it signed before."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.release import withdraw_release_key  # noqa: PLC0415 - lazy

    workspace = here()
    done = withdraw_release_key(workspace, key_id, administrator(workspace), reason, stolen=stolen)
    lines = [f"{done['key_id'][:16]}…: revoked by event {done['event_seq']}"]
    lines += [f"not served until signed anew: overread models release {name}" for name in done["to_sign"]]
    give(done, lines, as_json=as_json)


def tier(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.")],
    to: Annotated[
        str | None, typer.Argument(metavar="[TIER]", help="low, medium or high; without it, say which.")
    ] = None,
    signer: Annotated[str | None, typer.Option("--signer", help="Your person id; needed to declare a tier.")] = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Show or declare a model's risk tier: one signature raises it, lowering takes the quorum of the present tier."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy

    workspace = here()
    if to is not None and signer is None:
        raise UsageError("a risk tier is declared by signature", mend="use --signer")
    known = workspace.lifecycle.version(model)
    said = ""
    if to is not None and signer is not None:
        key = signer_of(workspace, signer, passphrase_file)
        said = workspace.lifecycle.sign_tier(known.model, to, key, reason).says
    standing = workspace.lifecycle.tier(known.model)
    quorum = ", ".join(standing.to_json()["quorum"])
    line = said or f"tier {standing.tier}: approval takes {quorum}"
    give({"model": known.model, **standing.to_json(), "says": line}, [f"{known.model}: {line}"], as_json=as_json)


_EXAMPLES: Mapping[Callable[..., Any], str] = {
    approve: "nodule@1 --signer ann --passphrase-file ann.pass --valid-days 180",
    lapse: "nodule@1 --signer ann --reason 'labels were wrong' --evaluation sha256:1f…",
    release: "nodule@1",
    revoke_release_key: "1f2e3d4c --reason 'the disk was stolen' --stolen",
    tier: "nodule high --signer ann --reason 'triage of haemorrhages'",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread models`."""
    for command, example in _EXAMPLES.items():
        name = command.__name__.replace("_", "-")
        app.command(name, epilog=f"Example: overread models {name} {example}")(command)
