"""`overread export` and `overread verify`: evidence out, and its check wherever it went."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import Json, give, tell
from registry.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from dashboards.bundle.anchors import Trusted
    from dashboards.bundle.verify import EvidenceReport


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command(epilog="Example: overread export nodule --period 2026-Q3 --out evidence.zip")(export)
    app.command(epilog="Example: overread verify evidence.zip --key overread.local/…+…+…")(verify)
    app.command(epilog="Example: overread sbom --out sbom.cdx.json")(sbom)


def export(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")],
    period: Annotated[str, typer.Option("--period", help="2026, 2026-Q3, 2026-09, or FROM..TO.")],
    out: Annotated[Path, typer.Option("--out", help="The zip file to write.")],
    at: Annotated[
        int | None,
        typer.Option("--at", help="Only what the first so many events tell; the newest checkpoint unless given."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Write the evidence of a model and a period as one file that a reviewer verifies offline."""
    from pipelines.cli.opened import here, name_and_version, witness_after  # noqa: PLC0415 - lazy: --help
    from pipelines.usecases.export_evidence import export_evidence  # noqa: PLC0415 - lazy

    workspace = here()
    done = export_evidence(workspace, *name_and_version(name), period, out, at)
    lines = [f"{done.file} ({done.digest}): {done.files} files, {done.ledger_size} events of the ledger"]
    lines += [f"  missing: {kind}" for kind in done.missing]
    lines += [f"  give the reviewer this key by another way: {workspace.ledger.public_vkey}"]
    give(done.to_json() | {"key": workspace.ledger.public_vkey}, lines, as_json=as_json)
    witness_after(workspace)


def verify(
    file: Annotated[Path, typer.Argument(help="A file made by `overread export` or `overread audit prove`.")],
    key: Annotated[str, typer.Option("--key", help="The ledger's public key, got from elsewhere than the file.")],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="The witnesses who must have cosigned (C2SP tlog-policy), from elsewhere."),
    ] = None,
    tsa: Annotated[
        Path | None,
        typer.Option("--tsa", help="The time authority's certificates (PEM), from elsewhere."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Verify evidence offline, without a workspace: 0 holds, 1 broken or another key, 3 something is missing."""
    from dashboards.bundle.verify import verify_evidence  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.cli.proof_check import check_proof_file, is_proof  # noqa: PLC0415 - lazy
    from registry.ledger.note import MalformedNoteError  # noqa: PLC0415 - lazy

    if is_proof(file):
        document, line, code = check_proof_file(file, key, policy)
        give(document, [line], as_json=as_json)
        raise typer.Exit(code)
    try:
        report = verify_evidence(file, key, _trusted(policy, tsa))
    except MalformedNoteError as error:
        raise UsageError(error.what, where="--key", mend=error.mend) from error
    give(report.to_json(), _lines(report), as_json=as_json)
    codes = {"VERIFIED": ExitCode.DONE, "INCOMPLETE": ExitCode.INCOMPLETE, "BROKEN": ExitCode.ANSWER_IS_NO}
    raise typer.Exit(codes[report.verdict])


def _trusted(policy: Path | None, tsa: Path | None) -> "Trusted":
    from dashboards.bundle.anchors import Trusted  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.ledger.anchors import read_policy  # noqa: PLC0415 - lazy
    from registry.ledger.timestamps import read_authority  # noqa: PLC0415 - lazy

    wanted = read_policy(policy) if policy else None
    if policy and wanted is None:
        raise UsageError("the witness policy is not there", where=str(policy), mend="name a file of witness and quorum")
    return Trusted(wanted, read_authority(tsa.read_bytes()) if tsa else None)


def _lines(report: "EvidenceReport") -> list[str]:
    about = f": {report.model}, {report.period}, {report.size} events of the ledger" if report.model else ""
    held = ", ".join(f"{n} {title}" for title, n in report.checks.items())
    lines = [f"{report.verdict}{about}", *([f"  checked: {held}"] if held else [])]
    lines += [f"  does not hold: {fault}" for fault in report.faults[:20]]
    lines += [f"  and {len(report.faults) - 20} more"] if len(report.faults) > 20 else []
    lines += [f"  {note}" for note in report.notes]
    return [*lines, *(f"  missing: {kind}" for kind in report.missing)]


def sbom(
    out: Annotated[Path | None, typer.Option("--out", help="The file to write, in CycloneDX 1.6.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the software of this installation, or write its bill of materials (CycloneDX 1.6)."""
    from pipelines.usecases.software_bill import software_bill  # noqa: PLC0415 - lazy: --help reads no metadata

    bill = software_bill()
    if out is not None:
        out.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        tell(f"wrote {out}")
    lines = () if out is not None else [f"{one['name']} {one['version']}" for one in bill["components"]]
    give(bill, lines, as_json=as_json)
