"""The audit log out: one answer in five forms with equal counts, the same bytes at any time, each export an event."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pypdf
import pytest
from command import Command, new_workspace

from pipelines.bootstrap import open_workspace
from registry.domain.event import parse_event


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return a workspace with people, which the tests of this module share."""
    found = new_workspace(tmp_path_factory.mktemp("audit"))
    found.well("people", "add", "cmd", "--name", "=cmd()", "--role", "validator", "--passphrase-file", found.secret)
    return found


def exported(command: Command, form: str, out: Path, *words: object) -> bytes:
    command.well("audit", "export", "--format", form, "--out", out, *words)
    return out.read_bytes()


def size_of(command: Command) -> int:
    return int(command.well("audit", "checkpoint", "--json").json["size"])


def test_each_form_holds_the_same_events(command: Command, tmp_path: Path) -> None:
    size = size_of(command)
    data = {form: exported(command, form, tmp_path / form, "--at", size) for form in ("jsonl", "csv", "fhir", "dicom")}
    lines = data["jsonl"].splitlines()
    assert [parse_event(line).seq for line in lines] == list(range(size))
    rows = list(csv.DictReader(io.StringIO(data["csv"].decode())))
    assert [row["seq"] for row in rows] == [str(seq) for seq in range(size)]
    assert len(data["fhir"].splitlines()) == len(data["dicom"].splitlines()) == size


def test_the_pdf_prints_every_event_and_carries_their_bytes(command: Command, tmp_path: Path) -> None:
    size = size_of(command)
    exported(command, "pdf", tmp_path / "a.pdf", "--at", size)
    pdf = pypdf.PdfReader(tmp_path / "a.pdf")
    (attached,) = pdf.attachments["events.jsonl"]
    assert len(attached.splitlines()) == size
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert "person.added" in text
    assert "part>3</pdfaid:part" in pdf.xmp_metadata.stream.get_data().decode()  # type: ignore[union-attr]


def test_the_same_size_gives_the_same_bytes_later(command: Command, tmp_path: Path) -> None:
    size = size_of(command)
    for form in ("dicom", "fhir", "jsonl", "csv", "pdf"):
        first = exported(command, form, tmp_path / "first", "--at", size)
        assert exported(command, form, tmp_path / "second", "--at", size) == first, form


def test_each_export_is_one_event_that_names_its_bytes(command: Command, tmp_path: Path) -> None:
    size = size_of(command)
    done = command.well("audit", "export", "--format", "csv", "--out", tmp_path / "a.csv", "--json").json
    assert size_of(command) == size + 1
    (newest,) = command.well("audit", "list", "--last", "1", "--json").json["events"]
    assert newest["type"] == "audit.exported"
    assert done["events"] == size


def test_a_period_bounds_the_events_and_an_empty_one_is_empty(command: Command, tmp_path: Path) -> None:
    assert exported(command, "jsonl", tmp_path / "a", "--to", "2001-01-01") == b""
    assert exported(command, "fhir", tmp_path / "a", "--to", "2001-01-01") == b""
    whole = exported(command, "jsonl", tmp_path / "a", "--from", "2001-01-01")
    assert len(whole.splitlines()) > 5
    assert (
        command(
            "audit", "export", "--format", "csv", "--out", tmp_path / "a", "--from", "2026-02-01", "--to", "2026-01-01"
        ).code
        == 2
    )


def test_a_refused_export_leaves_no_file(command: Command, tmp_path: Path) -> None:
    place = command.root / "checkpoints" / "latest.txt"
    kept = place.read_text()
    place.write_text(open_workspace(command.root).log_key.sign(10_000, bytes(32)))
    try:
        assert command("audit", "export", "--format", "csv", "--out", tmp_path / "a.csv").code == 1
    finally:
        place.write_text(kept)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_form_is_named(command: Command, tmp_path: Path) -> None:
    done = command("audit", "export", "--format", "fhri", "--out", tmp_path / "a")
    assert (done.code, "did you mean 'fhir'?" in done.line) == (2, True)


def test_no_cell_of_the_table_is_a_formula(command: Command, tmp_path: Path) -> None:
    rows = csv.reader(io.StringIO(exported(command, "csv", tmp_path / "a").decode()))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_the_messages_are_well_formed_and_name_no_one_but_by_id(command: Command, tmp_path: Path) -> None:
    text = exported(command, "dicom", tmp_path / "a").decode()
    for line in text.splitlines():
        ET.fromstring(line.partition("\ufeff")[2])
    fhir = exported(command, "fhir", tmp_path / "b").decode()
    assert "The Engineer" not in text + fhir
    assert {json.loads(line)["resourceType"] for line in fhir.splitlines()} == {"AuditEvent"}
