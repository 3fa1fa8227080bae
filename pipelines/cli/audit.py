"""`overread audit`: the ledger, read and verified."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import audit_acts, audit_continue, audit_export, audit_keep, audit_names, witness
from pipelines.cli.console import Json, give, tell
from registry.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from registry.ledger.report import LedgerReport

app = typer.Typer(no_args_is_help=True, help="List the ledger's events, verify it, keep its checkpoints.")
app.add_typer(witness.app, name="witness")
audit_acts.add_to(app)
audit_export.add_to(app)
audit_names.add_to(app)
audit_continue.add_to(app)
audit_keep.add_to(app)


@app.command("list", epilog="Example: overread audit list --last 20")
def list_all(
    last: Annotated[int, typer.Option("--last", help="How many of the newest events.")] = 50, *, as_json: Json = False
) -> None:
    """List the newest events, newest first; the reading is an event itself."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.queries import RecordQueries  # noqa: PLC0415 - lazy
    from pipelines.usecases.note_reading import note_reading  # noqa: PLC0415 - lazy

    workspace = here()
    rows = RecordQueries(workspace).ledger(last)
    lines = [f"{row.seq:6} {row.at} {row.person:16} {row.title}: {', '.join(row.subjects)}" for row in rows]
    give({"events": [vars(row) for row in rows]}, lines, as_json=as_json)
    unnoted = note_reading(workspace, "overread audit list", f"newest {last}", len(rows))
    if unnoted:
        tell(f"overread: {unnoted}")


@app.command(epilog="Example: overread audit verify --checkpoint kept-elsewhere.txt")
def verify(
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", help="A checkpoint that was kept elsewhere: finds a truncated or rewritten ledger."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The ledger's public key, kept elsewhere; this workspace's unless given."),
    ] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="The code of a printed checkpoint, typed back.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="Whose cosignatures count (C2SP tlog-policy); the workspace's unless given."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Prove the ledger from its raw bytes: 0 verified, 1 broken, 3 not anchored."""
    from pipelines.cli.ledger_check import check  # noqa: PLC0415 - lazy: --help loads no adapter

    report = check(_text(checkpoint), key, policy, paper)
    give(report.to_json(), _lines(report), as_json=as_json)
    codes = {"VERIFIED": ExitCode.DONE, "UNANCHORED": ExitCode.INCOMPLETE, "BROKEN": ExitCode.ANSWER_IS_NO}
    raise typer.Exit(codes[report.verdict])


def _lines(report: "LedgerReport") -> list[str]:
    where = f" at event {report.broken_at}" if report.broken_at is not None else ""
    anchor = f", anchored to {report.anchored_to} events by {report.anchor}" if report.anchor else ""
    head = f"{report.verdict}{where}: {report.why} ({report.size} events, root {report.root}{anchor})"
    ranges = [f"  {one.line()}" for one in report.ranges]
    return [head, *ranges, *(f"  note: {warning}" for warning in report.warnings)]


def _text(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the checkpoint cannot be read", where=str(file), mend="give a file made by: overread audit checkpoint"
        ) from error


@app.command(epilog="Example: overread audit checkpoint --out kept-elsewhere.txt")
def checkpoint(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write it; keep it where this machine's administrator cannot reach."),
    ] = None,
    paper: Annotated[
        Path | None,
        typer.Option("--paper", help="Write a page to print and file: FILE.txt, or FILE.pdf with a heading."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Give the newest signed checkpoint (a C2SP note of three lines)."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.ledger.paper import code_of, page_of  # noqa: PLC0415 - lazy

    workspace = here()
    found = workspace.ledger.latest_checkpoint()
    if found is None:
        raise UsageError("the ledger has no checkpoint", mend="a workspace made by `overread init` has one")
    if out is not None:
        out.write_text(found.note, encoding="utf-8")
    document = {"size": found.checkpoint.size, "note": found.note, "code": code_of(found.checkpoint)}
    if paper is not None:
        _write_paper(paper, page_of(found.note, workspace.ledger.public_vkey, found.signed_at), found.note)
    wrote = [f"wrote {place}" for place in (out, paper) if place is not None]
    give(document, wrote or [found.note], as_json=as_json)


def _write_paper(place: Path, page: str, note: str) -> None:
    from dashboards.report.plain import ScannedCode, plain_pdf  # noqa: PLC0415 - lazy: only a PDF needs the typesetter
    from registry.objects import write_durably  # noqa: PLC0415 - lazy

    code = ScannedCode(note, "The signed note, to scan: what it gives is a file for overread audit verify --checkpoint")
    write_durably(place, plain_pdf("Ledger checkpoint", page, code) if place.suffix == ".pdf" else page.encode())
