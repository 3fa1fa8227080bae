"""`overread people committee`: the governance committee and what it decides."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give

app = typer.Typer(no_args_is_help=True, help="Name the governance committee; put its decisions on record.")


@app.command(
    "name",
    epilog="Example: overread people committee name charter.md --member ann:radiology --member bob:quality --quorum 2",
)
def name_members(
    charter: Annotated[Path, typer.Argument(help="The charter, whose digest goes on record.")],
    member: Annotated[list[str], typer.Option("--member", help="ID:DISCIPLINE; several times.")],
    quorum: Annotated[int, typer.Option("--quorum", help="How many it takes to decide: more than half.")],
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """Name the members of the governance committee anew, with their disciplines."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.committee import set_committee  # noqa: PLC0415 - lazy

    workspace = here()
    parts = (text.partition(":") for text in member)
    members = {person: discipline for person, _, discipline in parts}
    text = charter.read_bytes()
    found = set_committee(workspace.people, members, quorum, text, administrator(workspace), reason)
    lines = [f"{person:20} {discipline}" for person, discipline in found.members.items()]
    give(dict(vars(found)), [*lines, f"quorum {found.quorum}"], as_json=as_json)


@app.command(
    epilog="Example: overread people committee decide 'pilot at general' --present ann --present bob --minutes m.md "
    "--signer ann"
)
def decide(
    decision: Annotated[str, typer.Argument(help="What was decided, in one line.")],
    present: Annotated[list[str], typer.Option("--present", help="Who was there; several times.")],
    minutes: Annotated[Path, typer.Option("--minutes", help="The minutes, whose digest goes on record.")],
    signer: Annotated[str, typer.Option("--signer", help="A member who was there.")],
    recused: Annotated[
        list[str] | None, typer.Option("--recused", help="Who stood aside for a conflict of interest.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Put a decision of the committee on record; without a quorum it is refused, and the refusal is kept."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.committee import record_decision  # noqa: PLC0415 - lazy

    workspace = here()
    key = signer_of(workspace, signer, passphrase_file)
    aside = tuple(recused or ())
    event = record_decision(workspace.people, key, tuple(present), aside, minutes.read_bytes(), decision)
    give({"decision": decision, "event": event.seq}, [f"decided; event {event.seq}"], as_json=as_json)
