"""Sequence family, dimensionality and pitch class: from coded values alone, alike where vendors code otherwise."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from dicom_files import ORIGIN, as_bytes, bundled, mr
from pydicom.dataset import Dataset

from pipelines.intake.dicom.acquisition import series_row
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.header import read_header
from pipelines.intake.dicom.instance import inspect
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Place
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.sequence import sequence_attributes

NAMES = ("sequence_family", "dimensionality", "pitch_class")


def attributes_of(data: bytes) -> dict[str, str]:
    with quiet_pydicom():
        instance = inspect(io.BytesIO(data), Place("/nowhere"), ORIGIN)
        header = read_header(io.BytesIO(data), DEFAULT_LIMITS)
        found = series_row(Fields(header.dataset), [instance], ORIGIN)["attributes"]
    return {name: found[name] for name in NAMES if name in found}


def family(modality: str = "MR", **elements: Any) -> dict[str, str]:
    dataset = Dataset()
    with quiet_pydicom():
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        return sequence_attributes(Fields(dataset), modality)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"ScanningSequence": "SE", "SequenceVariant": "NONE"}, "spin echo"),
        ({"ScanningSequence": "SE", "SequenceVariant": ["SK", "OSP"], "EchoTrainLength": 15}, "turbo spin echo"),
        ({"ScanningSequence": ["SE", "IR"], "EchoTrainLength": 16}, "inversion recovery"),
        ({"ScanningSequence": "SE", "InversionTime": 2800, "EchoTrainLength": 24}, "inversion recovery"),
        ({"ScanningSequence": ["GR", "IR"], "SequenceVariant": ["SK", "SP", "MP"]}, "prepared gradient echo"),
        ({"ScanningSequence": "GR", "SequenceVariant": ["SS", "SP", "SK"]}, "spoiled gradient echo"),
        ({"ScanningSequence": "GR", "SequenceVariant": ["SK", "SS"]}, "steady-state gradient echo"),
        ({"ScanningSequence": "GR"}, "gradient echo"),
        ({"ScanningSequence": ["GR", "SE"]}, "gradient and spin echo"),
        ({"ScanningSequence": ["EP", "GR"]}, "gradient echo-planar"),
        ({"ScanningSequence": "GR", "EchoTrainLength": 39, "MRAcquisitionType": "2D"}, "gradient echo-planar"),
        ({"ScanningSequence": "GR", "EchoTrainLength": 160, "MRAcquisitionType": "3D"}, "gradient echo"),
        ({"ScanningSequence": "SE", "EchoTrainLength": 47, "DiffusionBValue": 1000.0}, "spin echo-planar"),
        ({"EchoPulseSequence": "GRADIENT", "EchoPlanarPulseSequence": "YES"}, "gradient echo-planar"),
        ({"EchoPulseSequence": "SPIN", "MultipleSpinEcho": "YES"}, "turbo spin echo"),
        ({"EchoPulseSequence": "SPIN", "InversionRecovery": "YES"}, "inversion recovery"),
        ({"EchoPulseSequence": "GRADIENT", "Spoiling": "RF"}, "spoiled gradient echo"),
        ({"EchoPulseSequence": "GRADIENT", "Spoiling": "NONE", "InversionTimes": [0.0]}, "gradient echo"),
    ],
)
def test_a_family_follows_from_the_codes(elements: dict[str, Any], expected: str) -> None:
    assert family(**elements)["sequence_family"] == expected


@pytest.mark.parametrize("order", [["SE", "EP"], ["EP", "SE"]])
def test_the_order_of_the_codes_changes_nothing(order: list[str]) -> None:
    assert family(ScanningSequence=order) == {"sequence_family": "spin echo-planar"}


def test_what_is_not_coded_is_absent_and_free_text_is_not_read() -> None:
    assert family(SeriesDescription="T2 FLAIR of Jane", ProtocolName="mprage", SequenceName="*tfl3d1") == {}
    assert family(ScanningSequence="Jane", MRAcquisitionType="4D", InversionTime=900) == {}
    assert family(ScanningSequence="SE", modality="PT") == {}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"ScanOptions": "HELICAL MODE"}, "helical"),
        ({"ScanOptions": ["FILTER", "AXIAL MODE"]}, "none"),
        ({"ScanOptions": "NORMAL_CT"}, "none"),
        ({"SpiralPitchFactor": 0.9}, "helical"),
        ({"AcquisitionType": "SEQUENCED", "SpiralPitchFactor": 1.0}, "none"),
        ({"ScanOptions": "of Jane"}, None),
    ],
)
def test_a_ct_was_scanned_with_a_pitch_or_without(elements: dict[str, Any], expected: str | None) -> None:
    assert family("CT", **elements).get("pitch_class") == expected


def test_the_row_of_a_series_carries_them() -> None:
    with quiet_pydicom():
        data = as_bytes(mr(ScanningSequence=["GR", "IR"], MRAcquisitionType="3D"))
    assert attributes_of(data) == {"sequence_family": "prepared gradient echo", "dimensionality": "3D"}
    assert attributes_of(bundled("CT_small.dcm").read_bytes()) == {"pitch_class": "helical"}


@pytest.mark.shared
def test_headers_of_four_vendors_classic_and_enhanced_are_told_apart(shared: Path) -> None:
    """What the series are is known from their descriptions, which the rule does not read."""
    folder = shared / "data/dicom_multivendor"
    found: Counter[tuple[str, str]] = Counter()
    for row in csv.DictReader((folder / "manifest.csv").read_text().splitlines()):
        if row["modality"] in {"MR", "CT"}:
            with quiet_pydicom():
                header = read_header(io.BytesIO((folder / row["file"]).read_bytes()), DEFAULT_LIMITS)
                stated = sequence_attributes(Fields(header.dataset), row["modality"])
            found[row["manufacturer"].split()[0].casefold(), stated.get("sequence_family", row["modality"])] += 1
            assert stated.get("dimensionality", "2D") == ("3D" if row["series_desc"] == "B0 NS" else "2D")
    assert found == {
        ("ge", "gradient echo-planar"): 200,
        ("ge", "CT"): 24,
        ("philips", "gradient echo-planar"): 27,
        ("philips", "spin echo-planar"): 40,
        ("philips", "turbo spin echo"): 40,  # a diffusion series that states neither EP nor a b-value
        ("philips", "gradient echo"): 1,
        ("siemens", "echo-planar"): 55,
        ("siemens", "gradient echo-planar"): 4,
        ("toshiba", "spin echo-planar"): 80,
    }
