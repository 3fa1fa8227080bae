from datetime import date

import pytest
from dicom_files import ORIGIN
from pydicom.dataset import Dataset

from pipelines.intake.dicom.acquisition import protocol_name
from pipelines.intake.dicom.field_strength import nominal_tesla
from pipelines.intake.dicom.fields import Fields
from pipelines.intake.dicom.person import age_years, sex
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.text import clean, code_string
from pipelines.intake.dicom.times import acquired_at
from pipelines.intake.dicom.vendors import normal_vendor
from registry.domain.instants import instant_text


def fields(**elements: object) -> Fields:
    dataset = Dataset()
    with quiet_pydicom():
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    return Fields(dataset)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("GE MEDICAL SYSTEMS", "GE"),
        ("GE_MEDICAL_SYSTEMS", "GE"),
        ("G.E. Medical Systems", "GE"),
        ('"GE Healthcare"', "GE"),
        ("GE MEDICAL SYSTEMS / MIM Software", "GE"),
        ("SIEMENS", "Siemens"),
        ("Siemens HealthCare GmbH", "Siemens"),
        ("Philips Medical Systems, Inc.", "Philips"),
        ("PICKER International, Inc.", "Philips"),
        ("TOSHIBA_MEC", "Canon"),
        ("CANON_MEC", "Canon"),
        ("Hitachi, Ltd.", "Hitachi"),
        ("FUJI PHOTO FILM CO. LTD.", "Fujifilm"),
        ("Acme Medical Devices", "other:acme medical devices"),
        ("GE MEDICAL S]STEMS", "other:ge medical s]stems"),
        ("Unknown manufacturer", None),
        ("", None),
    ],
)
def test_vendor_spellings_map_and_unseen_ones_stay_apart(raw: str, name: str | None) -> None:
    assert normal_vendor(raw).name == name


def test_a_vendor_tells_the_rule_that_mapped_it() -> None:
    assert normal_vendor("TOSHIBA_MEC").rule == "vendor:toshiba-mec"
    assert normal_vendor("SIEMENS / MIM Software").rule == "vendor:siemens+post-processed"
    assert normal_vendor("Acme").rule == "unseen"


@pytest.mark.parametrize(
    ("stated", "tesla", "flag"),
    [
        (1.494, 1.5, "field_binned"),
        (2.89, 3.0, "field_binned"),
        (15000.0, 1.5, "field_in_gauss"),
        (3.0, 3.0, ""),
        (2.0, 2.0, "field_unusual"),
        (0.0, None, "field_implausible"),
        (None, None, ""),
    ],
)
def test_field_strengths_fall_on_nominal_steps(stated: float | None, tesla: float | None, flag: str) -> None:
    assert nominal_tesla(stated) == (tesla, flag)


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("044Y", 44.0),
        ("042y", 42.0),
        ("006M", 0.5),
        ("026W", 0.5),
        ("001D", 0.0),
        ("089Y", 89.0),
        ("090Y", 90.0),
        ("101Y", 90.0),
        ("155Y", None),
        ("000Y", None),
        ("N-A", None),
        ("64", 64.0),
    ],
)
def test_ages_become_years_and_the_oldest_are_one_group(age: str, years: float | None) -> None:
    assert age_years(fields(PatientAge=age), date(2024, 5, 1)) == years


def test_an_age_is_whole_years_since_birth_where_none_is_stated() -> None:
    assert age_years(fields(PatientBirthDate="19800502"), date(2024, 5, 1)) == 43.0
    assert age_years(fields(PatientBirthDate="20231101"), date(2024, 5, 1)) == 0.5
    assert age_years(fields(PatientBirthDate="20250101"), date(2024, 5, 1)) is None


def test_sex_is_f_m_o_or_nothing() -> None:
    assert [sex(fields(PatientSex=value)) for value in ("f", "M", "O", "U", "6657", "")] == [
        "F",
        "M",
        "O",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("elements", "instant", "source"),
    [
        (
            {"AcquisitionDateTime": "20240701120000.5+0200", "StudyDate": "20200101", "StudyTime": "01"},
            "2024-07-01T10:00:00.500000Z",
            "AcquisitionDateTime",
        ),
        ({"AcquisitionDateTime": "20240701120000"}, "2024-07-01T10:00:00.000000Z", "AcquisitionDateTime"),
        (
            {"AcquisitionDate": "20240101", "AcquisitionTime": "", "SeriesDate": "20240102", "SeriesTime": "101500"},
            "2024-01-02T09:15:00.000000Z",
            "SeriesDate",
        ),
        ({"StudyDate": "2024.01.02", "StudyTime": "10:15:00"}, "2024-01-02T09:15:00.000000Z", "StudyDate"),
        ({"StudyDate": "20240102"}, "2024-01-01T23:00:00.000000Z", "StudyDate (no time)"),
        (
            {"StudyDate": "20240102", "StudyTime": "10", "TimezoneOffsetFromUTC": "-0500"},
            "2024-01-02T15:00:00.000000Z",
            "StudyDate",
        ),
        ({"ContentDate": "20240102", "ContentTime": "235959"}, "2024-01-02T22:59:59.000000Z", "ContentDate"),
    ],
)
def test_the_first_filled_date_and_time_count_in_the_sites_zone(
    elements: dict[str, str], instant: str, source: str
) -> None:
    found = acquired_at(fields(**elements), "Europe/Vienna")
    assert found is not None
    assert (instant_text(found.instant), found.source) == (instant, source)


@pytest.mark.parametrize("day", ["", "20241301", "00000000", "yesterday"])
def test_no_date_is_no_time(day: str) -> None:
    assert acquired_at(fields(StudyDate=day, StudyTime="1200"), "UTC") is None


@pytest.mark.parametrize(
    ("name", "stored"),
    [("T2 AX FLAIR 3mm", "t2_ax_flair_3mm"), ("dti_sag_30d", "dti_sag_30d"), ("b1000 DWI", "b1000_dwi")],
)
def test_a_protocol_of_known_words_keeps_its_name(name: str, stored: str) -> None:
    assert protocol_name(name, ORIGIN.pseudonyms) == stored


@pytest.mark.parametrize(
    "name", ["Brain for Dr. Miller", "Jane Doe T1", "T1 12.03.58", "T1 19580312", "T1 Müller", "12", "T1 4711"]
)
def test_a_protocol_of_other_words_becomes_a_pseudonym(name: str) -> None:
    assert protocol_name(name, ORIGIN.pseudonyms).startswith("p:")


def test_stored_texts_are_printable_and_bounded() -> None:
    assert clean("A\u0308cme\u202e  <b>\n" + "x" * 100) == ("\u00c4cme <b>" + "x" * 100)[:64]
    assert clean("  ") is None
    assert clean("\ud800") == "?"
    assert code_string("l spine") == "L SPINE"
    assert code_string("Doe^Jane") is None
