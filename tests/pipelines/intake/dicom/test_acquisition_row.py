import csv
import io
from pathlib import Path
from typing import Any

import pytest
from dicom_files import ORIGIN, as_bytes, bundled, mr
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pipelines.intake.dicom.acquisition import series_row
from pipelines.intake.dicom.enhanced import locate
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import read_header
from pipelines.intake.dicom.instance import inspect
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.vendors import normal_vendor
from registry.domain.columns import ACQUISITIONS
from registry.domain.pseudonym import Identifier
from registry.row_identity import identified


def row_of(data: bytes) -> dict[str, Any]:
    with quiet_pydicom():
        instance = inspect(io.BytesIO(data), Place("/nowhere"), ORIGIN)
        header = read_header(io.BytesIO(data), DEFAULT_LIMITS)
        return series_row(Fields(header.dataset), [instance], ORIGIN)


def header_of(name: str) -> Dataset:
    with quiet_pydicom(), bundled(name).open("rb") as file:
        return read_header(file, DEFAULT_LIMITS).dataset


def test_a_ct_image_gives_the_contracts_columns() -> None:
    row = row_of(bundled("CT_small.dcm").read_bytes())
    assert row["manufacturer"] == "GE"
    assert row["kvp"] == 120
    assert row["convolution_kernel"] == "STANDARD"
    assert row["slice_thickness_mm"] == 5
    assert row["pixel_spacing_mm"] == pytest.approx(0.661468)
    assert row["software_versions"] == "05"
    assert row["attributes"]["scanner_source"] == "station"
    identified(ACQUISITIONS, 1, row)


def test_no_identifier_and_no_free_text_reaches_the_row() -> None:
    planted = {
        "PatientID": "MRN4711",
        "PatientName": "Doe^Jane",
        "StudyDescription": "Jane's knee",
        "SeriesDescription": "seen by Dr. House",
        "ProtocolName": "Protocol of Dr. House",
        "BodyPartExamined": "Knee of Jane",
        "DeviceSerialNumber": "SN-4242",
        "StationName": "HOUSE1",
        "InstitutionName": "Clinic of House",
        "AccessionNumber": "ACC99",
    }
    text = repr(row_of(as_bytes(mr_quietly(**planted))))
    assert not [word for word in ("4711", "Jane", "House", "4242", "HOUSE", "ACC99") if word in text]


def mr_quietly(**elements: object) -> Dataset:
    with quiet_pydicom():
        return mr(**elements)


def test_the_scanner_is_its_serial_else_its_station_else_its_model_at_the_site() -> None:
    known = {"DeviceSerialNumber": "S1", "StationName": "A"}
    sources = []
    for elements in (
        known,
        {"DeviceSerialNumber": "", "StationName": "A"},
        {"DeviceSerialNumber": "", "StationName": ""},
    ):
        row = row_of(as_bytes(mr(**elements)))
        sources.append((row["attributes"]["scanner_source"], row["scanner"]))
    pseudonyms = ORIGIN.pseudonyms
    assert sources[0] == ("serial", pseudonyms.of(Identifier.DEVICE, "S1"))
    assert sources[1] == ("station", pseudonyms.of(Identifier.STATION, "A"))
    assert sources[2][0] == "model-level"


def test_odd_numbers_are_mended_and_flagged() -> None:
    data = as_bytes(mr(MagneticFieldStrength="1.5", RepetitionTime="5.00", EchoTime=None))
    row = row_of(data.replace(b"5.00", b"5,00"))
    assert row["repetition_time_ms"] == 5.0
    assert "decimal_comma:RepetitionTime" in row["attributes"]["intake_flags"]
    assert "echo_time_ms" not in row


def test_dates_that_were_shifted_say_so() -> None:
    row = row_of(as_bytes(mr(LongitudinalTemporalInformationModified="MODIFIED")))
    assert row["attributes"]["longitudinal_temporal_information_modified"] == "MODIFIED"


@pytest.mark.parametrize(("agent", "contrast"), [("Gadovist", True), ("NONE", False), ("", None)])
def test_contrast_is_known_only_where_an_agent_is_stated(agent: str, contrast: bool | None) -> None:  # noqa: FBT001
    assert row_of(as_bytes(mr(ContrastBolusAgent=agent))).get("contrast") is contrast


@pytest.mark.parametrize(
    ("elements", "exposure"),
    [
        ({"Exposure": 20}, 20.0),
        ({"ExposureInuAs": 15000}, 15.0),
        ({"XRayTubeCurrent": 90, "ExposureTime": 870}, 78.3),
    ],
)
def test_exposure_is_in_milliampere_seconds(elements: dict[str, int], exposure: float) -> None:
    assert row_of(as_bytes(mr(**elements)))["exposure_mas"] == pytest.approx(exposure)


def test_an_enhanced_ct_is_read_through_its_functional_groups() -> None:
    dataset = header_of("eCT_Supplemental.dcm")
    assert "SliceThickness" not in dataset
    fields = Fields(dataset)
    assert fields.number("SliceThickness") == 10.0
    assert fields.number("PixelSpacing") == pytest.approx(0.388672)
    assert fields.numbers("ImageOrientationPatient") == (-1, 0, 0, 0, 1, 0)
    assert fields.number("RescaleSlope") == 1


def test_an_enhanced_object_without_functional_groups_gives_nothing() -> None:
    fields = Fields(header_of("emri_small.dcm"))
    assert fields.number("SliceThickness") is None
    assert fields.text("Manufacturer") is None
    assert fields.flags == set()


def test_a_frame_looks_at_itself_then_at_what_is_shared_then_at_the_top() -> None:
    def groups(te: str | None) -> Dataset:
        item = Dataset()
        if te is not None:
            echo = Dataset()
            echo.EffectiveEchoTime = float(te)
            item.MREchoSequence = Sequence([echo])
        return item

    dataset = Dataset()
    dataset.SharedFunctionalGroupsSequence = Sequence([groups("20")])
    dataset.PerFrameFunctionalGroupsSequence = Sequence([groups("10"), groups(None)])
    dataset.Manufacturer = "SIEMENS"
    assert [locate(dataset, "EffectiveEchoTime", frame).value for frame in (0, 1, 7)] == [10.0, 20.0, 20.0]
    assert locate(dataset, "Manufacturer").value == "SIEMENS"
    assert locate(dataset, "KVP") is None


@pytest.mark.shared
def test_real_headers_of_four_vendors_give_rows_that_agree_with_their_manifest(shared: Path) -> None:
    folder = shared / "data" / "dicom_multivendor"
    with (folder / "manifest.csv").open() as file:
        listed = [line for line in csv.DictReader(file) if line["modality"] in {"MR", "CT"}]
    first = {line["series_uid"]: line for line in reversed(listed)}
    vendors = set()
    for line in first.values():
        row = _try(folder / line["file"])
        if row is None:
            continue
        vendors.add(row["manufacturer"])
        assert row["manufacturer"] == normal_vendor(line["manufacturer"]).name
        assert row["manufacturer_model_name"] == line["model"]
        if line["field_T"]:
            assert row["magnetic_field_strength"] == pytest.approx(float(line["field_T"]), abs=0.15)
    assert vendors == {"GE", "Siemens", "Philips", "Canon"}


def _try(path: Path) -> dict[str, Any] | None:
    data = path.read_bytes()
    with quiet_pydicom():
        identified_patient = bool(read_header(io.BytesIO(data), DEFAULT_LIMITS).dataset.get("PatientID"))
    return row_of(data) if identified_patient else None
