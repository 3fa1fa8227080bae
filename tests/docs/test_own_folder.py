"""The how-to page does what it says, from the first command to the last."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from pypdf import PdfReader

sys.path.insert(0, str(Path(__file__).parent))
from pages import Step, run, steps

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/how-to/own-folder.md"
KEY = "".join(f"\\{number:03o}" for number in range(32))
SCHEMA = REPOSITORY / "docs/reference/schemas/monitor-run.schema.json"


def with_known_key(found: list[Step]) -> Iterator[Step]:
    """Follow `overread init` by a known pseudonym key, so that shares of patients fall the same way in every run."""
    for step in found:
        yield step
        if step.text.startswith("overread init"):
            yield Step(f"printf '{KEY}' > workspace/keys/pseudonym.key", 0)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the page once and return the folder in which it ran."""
    folder = tmp_path_factory.mktemp("own-folder")
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("OVERREAD_WORKSPACE", None)
    finished = run(list(with_known_key(steps(PAGE.read_text()))), folder, environment)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return folder


def test_every_command_of_the_page_ends_as_the_page_says(done: Path) -> None:
    assert (done / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_the_monitor_document_is_valid(done: Path) -> None:
    jsonschema.validate(json.loads((done / "monitor.json").read_text()), json.loads(SCHEMA.read_text()))


def test_the_report_shows_each_signature_with_name_time_and_meaning(done: Path) -> None:
    text = " ".join(page.extract_text() for page in PdfReader(done / "report.pdf").pages)
    for name in ("The Engineer", "The Quality Officer", "The Clinical Lead"):
        assert name in text


def test_no_original_identifier_is_anywhere_in_the_workspace(done: Path) -> None:
    """The patients' names and record numbers appear in no byte that Overread wrote."""
    import pydicom

    first = next((done / "hospital").rglob("*.dcm"))
    header = pydicom.dcmread(first, stop_before_pixels=True)
    secrets = [
        str(header.PatientName),
        header.PatientID,
        header.StudyInstanceUID,
        header.SOPInstanceUID,
        header.DeviceSerialNumber,
    ]
    written = [path for path in (done / "workspace").rglob("*") if path.is_file()]
    leaks = [
        (path.name, n)
        for path in written
        for n, value in enumerate(secrets)
        if str(value).encode() in path.read_bytes()
    ]
    assert leaks == []
