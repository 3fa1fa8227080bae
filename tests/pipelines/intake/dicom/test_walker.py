import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from dicom_files import BUNDLED, bundled
from pydicom import dcmread

from pipelines.intake.dicom.limits import DEFAULT_LIMITS, Limits
from pipelines.intake.dicom.place import Opener, Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.walker import list_places
from registry.domain.errors import UnreadableFileError


def names(places: tuple[Place, ...], folder: Path) -> list[str]:
    return [place.member or Path(place.path).relative_to(folder.resolve()).as_posix() for place in places]


def test_files_come_sorted_and_once_whatever_the_order_of_the_paths(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    forward = list_places([tmp_path / "a", tmp_path / "b", tmp_path], DEFAULT_LIMITS)
    backward = list_places([tmp_path, tmp_path / "b"], DEFAULT_LIMITS)
    assert forward == backward
    assert names(forward.places, tmp_path) == ["a/1", "b/2", "c"]


def test_links_and_pipes_are_refused_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder-link").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    found = list_places([tmp_path], DEFAULT_LIMITS)
    assert names(found.places, tmp_path) == ["real"]
    assert [code for _, code in found.refused] == [Code.LINK, Code.LINK, Code.NOT_A_FILE]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        list_places([tmp_path / "nowhere"], DEFAULT_LIMITS)


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_the_members_of_an_archive_are_listed_and_opened(tmp_path: Path) -> None:
    archive(tmp_path / "studies.zip", **{"b.dcm": b"two", "a/one.dcm": b"one"})
    found = list_places([tmp_path], DEFAULT_LIMITS)
    assert names(found.places, tmp_path) == ["a/one.dcm", "b.dcm"]
    with Opener() as opener:
        assert [opener.open(place).read() for place in found.places] == [b"one", b"two"]
    assert Place.from_text(found.places[0].to_text()) == found.places[0]


def test_unsafe_members_are_refused_before_unpacking(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("../up", "/absolute", "a/../../b", "..\\windows"):
            file.writestr(name, b"x")
        file.writestr(link, "/etc/passwd")
        file.writestr("bomb", b"\0" * 3_000_000)
        file.writestr("good", b"x")
    found = list_places([tmp_path], DEFAULT_LIMITS)
    assert names(found.places, tmp_path) == ["good"]
    assert {code for _, code in found.refused} == {Code.ARCHIVE_UNSAFE}
    assert len(found.refused) == 6


def test_an_archive_beyond_its_limits_or_broken_is_refused_whole(tmp_path: Path) -> None:
    archive(tmp_path / "a.zip", **{str(n): b"x" for n in range(5)})
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 not a zip")
    found = list_places([tmp_path], Limits(archive_members=3))
    assert [code for _, code in found.refused] == [Code.ARCHIVE_UNSAFE, Code.ARCHIVE_UNREADABLE]


def test_a_corrupt_member_is_refused_alone(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", one=bytes(range(256)) * 20)
    data = bytearray(path.read_bytes())
    data[60:70] = b"\xff" * 10
    path.write_bytes(bytes(data))
    (place,) = list_places([path], DEFAULT_LIMITS).places
    with Opener() as opener, pytest.raises(FileRefusedError) as caught:
        opener.open(place)
    assert caught.value.code is Code.ARCHIVE_UNREADABLE


def test_a_dicom_file_with_a_preamble_like_an_archive_is_dicom(tmp_path: Path) -> None:
    data = bytearray(bundled("MR_small.dcm").read_bytes())
    data[:4] = b"PK\x03\x04"
    (tmp_path / "polyglot").write_bytes(bytes(data))
    assert names(list_places([tmp_path], DEFAULT_LIMITS).places, tmp_path) == ["polyglot"]


def test_a_dicomdir_is_a_list_of_names_under_its_folder(tmp_path: Path) -> None:
    media = tmp_path / "media"
    shutil.copytree(BUNDLED / "dicomdirtests", media)
    found = list_places([media / "DICOMDIR"], DEFAULT_LIMITS)
    assert len(found.places) == 31
    assert (found.refused, found.indexes) == ((), 1)


def test_a_dicomdir_in_a_walked_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(b"anything")
    (tmp_path / "one").write_bytes(b"x")
    found = list_places([tmp_path], DEFAULT_LIMITS)
    assert (names(found.places, tmp_path), found.indexes) == (["one"], 1)


def test_a_dicomdir_that_names_links_or_nothing_is_refused_there(tmp_path: Path) -> None:
    media = tmp_path / "media"
    shutil.copytree(BUNDLED / "dicomdirtests", media)
    gone = media / "77654033" / "CR1" / "6154"
    gone.unlink()
    outside = tmp_path / "outside"
    shutil.move(media / "98892003", outside)
    (media / "98892003").symlink_to(outside)
    found = list_places([media / "DICOMDIR"], DEFAULT_LIMITS)
    codes = [code for _, code in found.refused]
    assert set(codes) == {Code.MISSING_FILE, Code.LINK}
    assert codes.count(Code.MISSING_FILE) == 1


def test_a_dicomdir_cannot_name_a_file_outside_its_folder(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    dataset = dcmread(BUNDLED / "dicomdirtests" / "DICOMDIR")
    with quiet_pydicom():
        for record in dataset.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record.ReferencedFileID = ["..", "SECRET"]
        dataset.save_as(media / "DICOMDIR")
    (tmp_path / "SECRET").write_bytes(b"x")
    found = list_places([media / "DICOMDIR"], DEFAULT_LIMITS)
    assert found.places == ()
    assert [code for _, code in found.refused] == [Code.OUTSIDE_FOLDER]


def test_an_unreadable_dicomdir_is_refused(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(b"nothing")
    found = list_places([tmp_path / "DICOMDIR"], DEFAULT_LIMITS)
    assert [code for _, code in found.refused] == [Code.NOT_DICOM]
