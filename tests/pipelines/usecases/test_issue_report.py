"""Issuing a report: the file, its digest and the ledger agree."""

import re
from pathlib import Path

import pytest
from intake_workspace import TARGET

from pipelines.bootstrap import Workspace
from pipelines.usecases.issue_report import issue_report, issue_report_once
from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.schedule import WorkKind
from registry.schema import ReportRow


def test_a_report_is_written_stored_and_on_record_under_one_digest(trained: Workspace, tmp_path: Path) -> None:
    issued = issue_report(trained, TARGET, "1", None, "html", tmp_path / "report.html")
    data = issued.file.read_bytes()
    assert issued.digest == digest_bytes(data)
    assert issued.size == len(data)
    assert trained.objects.get(issued.digest) == data
    event = trained.ledger.events(1)[0].record
    assert event["type"] == "report.issued"
    assert issued.digest in {subject["digest"] for subject in event["subjects"]}
    with reading(trained.engine) as session:
        row = session.get_one(ReportRow, issued.digest)
        assert (row.model, row.version, row.format, row.event_seq) == (TARGET, "1", "html", event["seq"])


def test_a_report_says_that_the_ledger_was_verified_and_how_long_it_was(trained: Workspace, tmp_path: Path) -> None:
    before = trained.ledger.head().size
    text = issue_report(trained, TARGET, "1", None, "html", tmp_path / "report.html").file.read_text()
    assert re.search(r"verified", text)
    assert f"{before:,} events" in text
    assert trained.ledger.head().size == before + 1


def test_without_a_place_it_goes_into_the_workspace_named_by_version_and_period(trained: Workspace) -> None:
    issued = issue_report(trained, TARGET, "1", "2026-Q1", "pdf", None)
    assert issued.file == trained.root / "reports" / f"{TARGET}-1-2026-Q1.pdf"
    assert issued.file.read_bytes().startswith(b"%PDF-")
    assert issued.file.stat().st_mode & 0o077 == 0


def test_a_report_is_issued_once_while_nothing_else_comes_on_record(trained: Workspace) -> None:
    first = issue_report_once(trained, TARGET, "2026-02")
    first.file.unlink()
    before = trained.ledger.head().size
    assert issue_report_once(trained, TARGET, "2026-02") == first
    assert first.file.exists(), "it is laid where it belongs"
    other = issue_report_once(trained, TARGET, "2026-01")
    assert (other.digest != first.digest, trained.ledger.head().size) == (True, before + 1)
    trained.schedules.set(WorkKind.REPORT, TARGET, "0 4 1 * *", "UTC", trained.actor)
    assert issue_report_once(trained, TARGET, "2026-02").digest != first.digest


def test_what_cannot_be_reported_leaves_no_file_and_no_event(trained: Workspace, tmp_path: Path) -> None:
    before = trained.ledger.head().size
    with pytest.raises(UnknownNameError):
        issue_report(trained, TARGET, "99", None, "html", tmp_path / "report.html")
    with pytest.raises(UsageError):
        issue_report(trained, TARGET, "1", "soon", "html", tmp_path / "report.html")
    assert trained.ledger.head().size == before
    assert not (tmp_path / "report.html").exists()
