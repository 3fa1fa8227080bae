import shutil
import zipfile
from pathlib import Path

import pytest
from dicom_files import bundled, mr, write
from fakes import NoProgress
from intake_workspace import draw, empty_workspace, take_dicom
from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.intake.pixels import ImageReader, Pixels
from pipelines.usecases.ingest_dicom import DicomReport, ingest_dicom
from registry.database import reading
from registry.domain.errors import InputRefusedError, UnknownNameError, UnreadableFileError, UsageError
from registry.domain.vocabulary import Unit
from registry.schema import QuarantineRow, SegmentRow


def load_image(workspace: Workspace, instance: str) -> Pixels:
    """Return the pixels of one instance."""
    with ImageReader(workspace) as reader:
        return reader.load(instance)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return empty_workspace(tmp_path / "workspace")


def series_of_slices(folder: Path, count: int, start: int = 0) -> Path:
    for number in range(start, start + count):
        write(
            folder,
            f"{number:03}.dcm",
            mr(
                SOPInstanceUID=f"1.2.3.{number + 1}",
                ImagePositionPatient=[0, 0, 2 * number],
                InstanceNumber=99 - number,
            ),
        )
    return folder


def rows(workspace: Workspace) -> list[dict[str, object]]:
    return workspace.tables.read("acquisitions").to_pylist()


def quarantine(workspace: Workspace) -> list[QuarantineRow]:
    with reading(workspace.engine) as session:
        return list(session.scalars(select(QuarantineRow).order_by(QuarantineRow.code)))


def test_a_folder_becomes_one_row_a_series_and_the_rest_is_quarantined(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 5)
    for name in ("README.txt", "MR_truncated.dcm", "badVR.dcm", "reportsi.dcm"):
        shutil.copy(bundled(name), folder)
    report = take_dicom(workspace, folder)
    assert (report.files, report.instances, report.acquisitions, report.unchanged) == (9, 5, 1, 0)
    assert report.quarantine == {"not_dicom": 1, "not_image": 1, "pixel_truncated": 1, "unreadable": 1}
    (row,) = rows(workspace)
    assert row["site"] == "general"
    assert row["snr"] is not None
    assert '"slices":"5"' in str(row["attributes"])
    assert len(quarantine(workspace)) == 4
    assert report.to_json()["quarantined"] == 4
    assert "5 images of 1 series" in report.lines()[0]


def test_the_same_folder_twice_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 3)
    (folder / "notes.txt").write_text("x")
    take_dicom(workspace, folder)
    before = (workspace.tables.version("acquisitions"), workspace.ledger.head(), len(quarantine(workspace)))
    again = take_dicom(workspace, folder)
    assert (again.instances, again.acquisitions, again.unchanged, again.quarantined) == (0, 0, 3, 1)
    assert (workspace.tables.version("acquisitions"), workspace.ledger.head(), len(quarantine(workspace))) == before


def test_a_series_that_grows_gets_a_corrected_row(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 3)
    take_dicom(workspace, folder)
    series_of_slices(folder, 2, start=3)
    grown = take_dicom(workspace, folder)
    assert (grown.instances, grown.unchanged, grown.corrected) == (2, 3, 1)
    (row,) = rows(workspace)
    assert '"slices":"5"' in str(row["attributes"])
    assert row["supersedes"] is not None


def test_known_instances_with_other_content_collide(workspace: Workspace, tmp_path: Path) -> None:
    take_dicom(workspace, series_of_slices(tmp_path / "in", 2))
    other = write(tmp_path / "other", "a.dcm", mr(SOPInstanceUID="1.2.3.1", ImagePositionPatient=[0, 0, 77]))
    report = take_dicom(workspace, other)
    assert report.quarantine == {"uid_collision": 1}
    assert report.instances == 0


def test_copies_within_one_folder_count_once(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 2)
    shutil.copy(folder / "000.dcm", folder / "copy.dcm")
    write(folder, "z.dcm", mr(SOPInstanceUID="1.2.3.1", EchoTime="99"))
    report = take_dicom(workspace, folder)
    assert (report.instances, report.unchanged, report.quarantine) == (2, 1, {"uid_collision": 1})


@pytest.mark.parametrize("change", [{"PatientID": "other"}, {"StudyInstanceUID": "1.2.9"}])
def test_a_series_has_one_study_patient_and_site(workspace: Workspace, tmp_path: Path, change: dict[str, str]) -> None:
    take_dicom(workspace, series_of_slices(tmp_path / "in", 1))
    other = write(tmp_path / "other", "a.dcm", mr(SOPInstanceUID="1.2.3.50", **change))
    assert take_dicom(workspace, other).quarantine == {"identity_conflict": 1}


def test_a_study_belongs_to_one_site(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 1)
    take_dicom(workspace, folder)
    assert take_dicom(workspace, folder, "elsewhere").quarantine == {"identity_conflict": 1}


def test_a_file_that_moved_is_found_at_its_new_place(workspace: Workspace, tmp_path: Path) -> None:
    old = series_of_slices(tmp_path / "in", 1)
    take_dicom(workspace, old)
    instance = workspace.catalogue.instances(Unit.SERIES, str(rows(workspace)[0]["series_uid"]))[0].instance_uid
    new = shutil.move(old, tmp_path / "moved")
    with pytest.raises(InputRefusedError):
        load_image(workspace, instance)
    assert take_dicom(workspace, Path(new)).unchanged == 1
    assert load_image(workspace, instance).shape == (64, 64)


def test_a_file_that_changed_after_intake_is_not_used(workspace: Workspace, tmp_path: Path) -> None:
    place = write(tmp_path / "in", "a.dcm", mr(SOPInstanceUID="1.2.3.1"))
    take_dicom(workspace, place)
    write(place.parent, "a.dcm", mr(SOPInstanceUID="1.2.3.1", EchoTime="3"))
    with pytest.raises(InputRefusedError, match="changed since"):
        load_image(workspace, workspace.pseudonyms.uid("1.2.3.1"))


def test_an_image_that_was_never_taken_in_is_unknown(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError):
        load_image(workspace, "2.25.1")


def test_images_inside_an_archive_are_read_from_there(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 3)
    with zipfile.ZipFile(tmp_path / "studies.zip", "w") as archive:
        for place in sorted(folder.iterdir()):
            archive.write(place, f"deep/{place.name}")
    report = take_dicom(workspace, tmp_path / "studies.zip")
    assert (report.instances, report.acquisitions) == (3, 1)
    assert load_image(workspace, workspace.pseudonyms.uid("1.2.3.2")).shape == (64, 64)


def test_a_dicomdir_brings_what_it_names(workspace: Workspace) -> None:
    report = take_dicom(workspace, bundled("dicomdirtests") / "DICOMDIR")
    assert (report.files, report.indexes, report.instances, report.patients) == (31, 1, 31, 2)


def test_an_image_whose_pixels_cannot_be_decoded_is_quarantined(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = bytearray(bundled("JPEG-LL.dcm").read_bytes())
    start = data.index(b"\xff\xd8\xff")
    data[start : start + 600] = bytes(600)
    (folder / "broken.dcm").write_bytes(bytes(data))
    series_of_slices(folder, 1)
    report = take_dicom(workspace, folder)
    assert report.quarantine == {"pixel_undecodable": 1}
    assert (report.instances, report.acquisitions) == (1, 1)


def test_a_folder_without_dicom_is_refused_with_the_reason(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("x")
    with pytest.raises(InputRefusedError, match="no DICOM"):
        take_dicom(workspace, tmp_path / "in")
    assert [item.code for item in quarantine(workspace)] == ["not_dicom"]


def test_an_empty_folder_a_missing_path_and_a_strange_site_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(InputRefusedError):
        take_dicom(workspace, tmp_path / "in")
    with pytest.raises(UnreadableFileError):
        take_dicom(workspace, tmp_path / "nowhere")
    with pytest.raises(UsageError):
        take_dicom(workspace, tmp_path / "in", "a=b")
    with pytest.raises(UsageError):
        ingest_dicom(workspace, [], "general", progress=NoProgress())


def test_the_future_is_quarantined(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 1)
    write(folder, "late.dcm", mr(SeriesInstanceUID="1.2.8", StudyInstanceUID="1.2.7", AcquisitionDate="20991231"))
    late = mr(AcquisitionDate="20991231", AcquisitionTime="120000", SeriesInstanceUID="1.8", StudyInstanceUID="1.7")
    write(folder, "late.dcm", late)
    assert take_dicom(workspace, folder).quarantine == {"future_time": 1}


def test_a_new_site_is_put_on_record_and_said(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 1)
    first, second = take_dicom(workspace, folder), take_dicom(workspace, folder)
    assert "new site 'general', time zone UTC" in first.messages[0]
    assert second.messages == ()
    assert "site.registered" in {event.record["type"] for event in workspace.ledger.events()}


def test_synthetic_objects_are_marked_by_what_they_say(workspace: Workspace, tmp_path: Path) -> None:
    images = draw(tmp_path / "images", patients=1, slices=3)
    take_dicom(workspace, images / "dicom" / "general")
    take_dicom(workspace, series_of_slices(tmp_path / "real", 1))
    with reading(workspace.engine) as session:
        marks = [row.synthetic for row in session.scalars(select(SegmentRow).order_by(SegmentRow.number))]
    assert marks == [True, False]
    assert len(workspace.catalogue.synthetic_rows("acquisitions")) == 1


def test_no_identifier_path_or_name_is_on_record_in_clear(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "DOE_JANE"
    write(folder, "jane.dcm", mr(PatientID="MRN4711", SOPInstanceUID="1.2.3.4.55555"))
    (folder / "jane.txt").write_text("x")
    report = take_dicom(workspace, folder)
    stored = b"".join(path.read_bytes() for path in sorted(workspace.root.rglob("*")) if path.is_file())
    for secret in (b"MRN4711", b"DOE_JANE", b"jane", b"1.2.3.4.55555"):
        assert secret not in stored, secret
    assert "jane" not in "\n".join(report.lines()).lower()


def test_lists_of_refused_files_are_private(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 1)
    (folder / "notes.txt").write_text("x")
    report: DicomReport = take_dicom(workspace, folder)
    assert report.refused_list is not None
    assert report.refused_list.stat().st_mode & 0o777 == 0o600
    assert '"code": "not_dicom"' in report.refused_list.read_text()


def test_a_file_that_vanishes_during_the_intake_is_quarantined(workspace: Workspace, tmp_path: Path) -> None:
    folder = series_of_slices(tmp_path / "in", 3)
    report = ingest_dicom(workspace, [folder], "general", progress=Vandal(folder / "000.dcm", after=3))
    assert (report.instances, report.quarantine) == (2, {"unreadable": 1})


class Vandal:
    """A progress that deletes a file once so many are read."""

    def __init__(self, victim: Path, after: int) -> None:
        self.victim = victim
        self.left = after

    def advance(self, n: int = 1) -> None:
        """Count down, then delete."""
        self.left -= n
        if self.left == 0:
            self.victim.unlink(missing_ok=True)
