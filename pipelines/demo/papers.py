"""The demo's papers: the quarterly report, the evidence folder, the ledger verified from outside."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from pipelines.bootstrap import Workspace
from pipelines.demo.setting import MODEL
from pipelines.demo.telling import Told
from pipelines.usecases.export_evidence import export_evidence
from pipelines.usecases.issue_report import issue_report
from registry.domain.person import LOCAL_ADMINISTRATOR
from registry.ledger.verify import verify_ledger
from registry.objects import write_durably

_MONTHS_A_QUARTER = 3
FIRST = "1"  # the version that was live in the year


def quarter_of(day: date) -> str:
    """Return the quarter of a day, such as `2026-Q3`."""
    return f"{day.year}-Q{(day.month - 1) // _MONTHS_A_QUARTER + 1}"


def report(workspace: Workspace, out: Path, period: str) -> Told:
    """Issue the quarter's report as PDF and HTML."""
    teller = replace(workspace, actor=LOCAL_ADMINISTRATOR)
    issued = [issue_report(teller, MODEL, FIRST, period, form, out / f"report.{form}") for form in ("pdf", "html")]
    return {
        "files": [str(one.file) for one in issued],
        "period": period,
        "says": [f"{one.file.name}: {one.size // 1024} KiB, {period}" for one in issued],
    }


def evidence(workspace: Workspace, out: Path, period: str) -> Told:
    """Export the quarter's evidence."""
    done = export_evidence(workspace, MODEL, FIRST, period, out / "evidence.zip")
    says = [f"{done.file.name}: {done.files} files, {done.size // 1024} KiB, of {done.ledger_size} events"]
    return {"file": str(done.file), "digest": done.digest, "says": says}


def verify(workspace: Workspace, out: Path) -> Told:
    """Keep a checkpoint outside the workspace and verify the ledger against it."""
    newest = workspace.ledger.latest_checkpoint()
    note = "" if newest is None else newest.note
    write_durably(out / "checkpoint.txt", note.encode())
    write_durably(out / "ledger-key.txt", f"{workspace.ledger.public_vkey}\n".encode())
    found = verify_ledger(workspace.engine, workspace.ledger.public_vkey, note)
    return {"verdict": found.verdict, "says": [f"{found.verdict}: {found.why}"]}
