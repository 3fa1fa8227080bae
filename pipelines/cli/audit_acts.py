"""`overread audit prove` and `erase`: the proof of one event as a file, and the erasure of one payload."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give


def add_to(app: typer.Typer) -> None:
    """Add the commands to `overread audit`."""
    app.command(epilog="Example: overread audit prove 12 --out event-12.tlog-proof")(prove)
    app.command(epilog="Example: overread audit stamp --url http://tsa.example/")(stamp)
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


def stamp(
    url: Annotated[str | None, typer.Option("--url", help="The time authority's address (RFC 3161 over HTTP).")] = None,
    request: Annotated[Path | None, typer.Option("--request", help="Write the request here instead (.tsq).")] = None,
    answer: Annotated[Path | None, typer.Option("--take", help="Take the authority's answer from here (.tsr).")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Have the newest checkpoint stamped by the time authority that keys/tsa.pem pins: by address, or by files."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases import stamping  # noqa: PLC0415 - lazy
    from registry.domain.errors import UsageError  # noqa: PLC0415 - lazy
    from registry.domain.instants import instant_text  # noqa: PLC0415 - lazy
    from registry.ledger.timestamps import request_for  # noqa: PLC0415 - lazy
    from registry.objects import write_durably  # noqa: PLC0415 - lazy

    if sum(way is not None for way in (url, request, answer)) != 1:
        raise UsageError("one way to stamp", mend="give one of --url, --request, --take")
    workspace = here()
    if request is not None:
        checkpoint = stamping.newest(workspace)
        write_durably(request, request_for(checkpoint.to_text()))
        give({"request": str(request), "size": checkpoint.size}, [f"wrote {request}"], as_json=as_json)
        return
    if answer is not None:
        checkpoint, at = stamping.take(workspace, answer.read_bytes())
    else:
        checkpoint, at = stamping.stamp(workspace, url or "")
    line = f"the first {checkpoint.size} events existed at {instant_text(at)}"
    give({"size": checkpoint.size, "at": instant_text(at)}, [line], as_json=as_json)
