"""`overread audit witness`: the witness's own side, and the ledger's side of having it cosigned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import Json, give, tell
from registry.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pipelines.usecases.witnessing import Asked
    from registry.witness import Witness

app = typer.Typer(
    no_args_is_help=True, help="Run a witness on another host, and have this workspace's ledger cosigned by witnesses."
)
WitnessFolder = Annotated[Path, typer.Argument(metavar="WITNESS", help="The witness's own folder.")]
Exchange = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that both sides share.")]


@app.command("init", epilog="Example: overread audit witness init /srv/witness --name quality.hospital.example")
def make(
    folder: WitnessFolder,
    name: Annotated[str, typer.Option("--name", help="One word that names the witness in policies.")],
    *,
    as_json: Json = False,
) -> None:
    """Make a witness: a folder with a key of its own, kept by whoever does not administer the ledger."""
    from registry.witness import make_witness  # noqa: PLC0415 - lazy: --help loads no adapter

    key = make_witness(folder, name)
    line = f"witness {name} {key.vkey}"
    give({"witness": str(folder), "vkey": key.vkey}, [f"line for the policy: {line} [URL]"], as_json=as_json)


@app.command(epilog="Example: overread audit witness trust /srv/witness overread.local/…+…+…")
def trust(
    folder: WitnessFolder,
    vkey: Annotated[str, typer.Argument(help="The ledger's public key, as `overread init` showed it.")],
    *,
    as_json: Json = False,
) -> None:
    """Let a witness answer for a ledger."""
    from registry.ledger.note import MalformedNoteError  # noqa: PLC0415 - lazy: --help loads no adapter

    try:
        origin = _witness(folder).trust(vkey)
    except MalformedNoteError as error:
        raise UsageError(error.what, mend=error.mend) from error
    give({"origin": origin}, [f"answers for {origin}"], as_json=as_json)


@app.command("serve", epilog="Example: overread audit witness serve /srv/witness --port 8766")
def serve_witness(
    folder: WitnessFolder,
    port: Annotated[int, typer.Option("--port", help="Port.")] = 8766,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Answer requests over HTTP (C2SP tlog-witness); it sees sizes and hashes, never an event."""
    from pipelines.stopping import stoppable  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.witness_server import make_server  # noqa: PLC0415 - lazy

    witness = _witness(folder)
    with stoppable(), make_server(witness, host, port) as server:
        tell(f"witness {witness.key.name}: http://{host}:{server.server_port}  (stop with Ctrl-C)")
        server.serve_forever()


@app.command(epilog="Example: overread audit witness answer /srv/witness /media/exchange")
def answer(folder: WitnessFolder, exchange: Exchange, *, as_json: Json = False) -> None:
    """Answer the requests of a shared folder: 0 all were cosigned, 1 one was refused."""
    from registry.witness_client import answer_folder  # noqa: PLC0415 - lazy: --help loads no adapter

    found = answer_folder(_witness(folder), exchange)
    lines = [f"{name}: {int(one.status)} {one.status.phrase}" for name, one in found.items()] or ["nothing to answer"]
    give({"answers": {name: int(one.status) for name, one in found.items()}}, lines, as_json=as_json)
    if any(one.status >= 400 for one in found.values()):
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


@app.command(epilog="Example: overread audit witness policy witnesses.txt")
def policy(
    file: Annotated[Path, typer.Argument(help="A C2SP tlog-policy: witness lines, groups, one quorum.")],
    *,
    as_json: Json = False,
) -> None:
    """Adopt a policy: which witnesses count for this workspace, and how many of them."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.witnessing import adopt_policy  # noqa: PLC0415 - lazy
    from registry.ledger.policy import parse_policy  # noqa: PLC0415 - lazy

    text = file.read_bytes().decode("utf-8", "surrogateescape")
    found = parse_policy(text)
    adopt_policy(here(), text, found)
    names = sorted(found.witnesses)
    give({"witnesses": names, "quorum": found.quorum}, [f"quorum {found.quorum}: {', '.join(names)}"], as_json=as_json)


@app.command(epilog="Example: overread audit witness ask")
def ask(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Write request files here instead, for witnesses without a network.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask the policy's witnesses to cosign the newest checkpoint: 0 quorum, 1 another history, 3 no quorum."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.witnessing import ask_all, asking  # noqa: PLC0415 - lazy

    workspace = here()
    if folder is None:
        _tell(ask_all(workspace), as_json=as_json)
        return
    places = asking(workspace)[0].write_requests(folder)
    give({"requests": [str(place) for place in places]}, [f"wrote {place}" for place in places], as_json=as_json)


@app.command(epilog="Example: overread audit witness take /media/exchange")
def take(exchange: Exchange, *, as_json: Json = False) -> None:
    """Take the answers of a shared folder: 0 quorum, 1 another history, 3 no quorum."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.witnessing import take_all  # noqa: PLC0415 - lazy

    _tell(take_all(here(), exchange), as_json=as_json)


def _tell(done: "Asked", *, as_json: bool) -> None:
    document = done.to_json()
    lines = [
        f"{name}: " + (told.get("refused") or f"cosigned {told['cosigned']} events at {told['at']}")
        for name, told in document["witnesses"].items()
    ]
    lines.append(f"quorum over {done.size} events" if done.met else f"no quorum over {done.size} events yet")
    give(document, lines, as_json=as_json)
    if done.exit_code:
        raise typer.Exit(done.exit_code)


def _witness(folder: Path) -> "Witness":
    from pipelines.bootstrap import SystemClock  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.witness import Witness  # noqa: PLC0415 - lazy

    return Witness(folder, SystemClock())
