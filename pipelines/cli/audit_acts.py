"""`overread audit prove` and `erase`: the proof of one event as a file, and the erasure of one payload."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread audit`."""
    app.command(epilog="Example: overread audit prove 12 --out event-12.tlog-proof")(prove)
    app.command(epilog="Example: overread audit erase 12 --signer conny --reason 'request 2026-17'")(erase)


Seq = Annotated[int, typer.Argument(metavar="SEQ", min=0, help="The event's number; `overread audit list` shows it.")]


def prove(
    seq: Seq,
    out: Annotated[Path, typer.Option("--out", help="The proof's file (c2sp.org/tlog-proof@v1).")],
    *,
    as_json: Json = False,
) -> None:
    """Prove that one event stands in the ledger, for whoever has the ledger's key: overread verify FILE --key KEY."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.witnessing import prove_event  # noqa: PLC0415 - lazy
    from registry.objects import write_durably  # noqa: PLC0415 - lazy

    proof, size = prove_event(here(), seq)
    write_durably(out, proof.to_text().encode())
    says = f"wrote {out}: event {seq} of {size}, {len(proof.path)} hashes"
    give({"file": str(out), "seq": seq, "size": size, "hashes": len(proof.path)}, [says], as_json=as_json)


def erase(
    seq: Seq,
    signer: Annotated[str, typer.Option("--signer", help="Who erases: compliance or a quality officer.")],
    reason: Reason,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Erase an event's payload and its salt for good; the event, its number and every proof stay valid."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.erasure import erase as erase_payload  # noqa: PLC0415 - lazy

    workspace = here()
    person = signer_of(workspace, signer, passphrase_file)
    done = erase_payload(workspace.lifecycle.record, seq, person, reason)
    line = f"erased the payload of event {seq}; event {done.seq} tells of it. Backups still hold it: erase it there too"
    give({"erased": seq, "event": done.seq}, [line], as_json=as_json)
