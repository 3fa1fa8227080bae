"""What intake reads from the synthetic hospital's objects is what was planned, classic and enhanced alike."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from fakes import NoProgress
from intake_workspace import empty_workspace

from pipelines.bootstrap import Workspace
from pipelines.intake.dicom.vendors import normal_vendor
from pipelines.simulation.hospital import Examination, SimulatedHospital, standard_hospital
from pipelines.simulation.hospital_dicom import write_studies
from pipelines.simulation.hospital_protocol import EXAMINATIONS, scanner_protocol
from pipelines.simulation.hospital_studies import SimulatedStudy, shares, site_studies, study_uid
from pipelines.usecases.ingest_dicom import ingest_dicom
from registry.domain.instants import instant_text
from registry.domain.pseudonym import Identifier

UNTIL, STUDIES, SLICES, SHARE = date(2026, 3, 1), 12, 3, 0.45
Row = Mapping[str, Any]
Taken = tuple[Workspace, SimulatedHospital, list[tuple[SimulatedStudy, Row]]]


@pytest.fixture(scope="module", params=list(Examination), ids=lambda one: one.name)
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """Take one examination's studies in, and pair each planned study with its row of acquisitions."""
    folder = tmp_path_factory.mktemp("taken")
    workspace, hospital = empty_workspace(folder / "workspace"), standard_hospital(request.param, seed=4)
    write_studies(folder, hospital, studies=STUDIES, until=UNTIL, slices=SLICES, size=32, lesion_share=SHARE)
    for site in hospital.sites:
        report = ingest_dicom(workspace, [folder / "dicom" / site.site], site.site, progress=NoProgress())
        assert report.quarantined == 0
    rows = {row["study_uid"]: row for row in workspace.tables.read("acquisitions").to_pylist()}
    counts = shares(hospital, STUDIES)
    planned = [
        study
        for site in hospital.sites
        for study in site_studies(hospital, site, counts[site.site], until=UNTIL, lesion_share=SHARE)
    ]
    uids = [workspace.pseudonyms.uid(study_uid(hospital.seed, study, "study")) for study in planned]
    assert set(uids) == set(rows)
    return workspace, hospital, [(study, rows[uid]) for study, uid in zip(planned, uids, strict=True)]


def test_who_and_when_are_read_as_planned(taken: Taken) -> None:
    workspace, _, pairs = taken
    for study, row in pairs:
        assert row["site"] == study.patient.site
        assert row["patient"] == workspace.pseudonyms.of(Identifier.PATIENT, study.patient.record)
        assert (row["sex"], row["age_years"]) == (study.patient.sex, min(90, study.age_years))
        assert row["acquired_at"] == instant_text(study.acquired_at)


def test_the_scanner_is_read_as_planned(taken: Taken) -> None:
    workspace, _, pairs = taken
    for study, row in pairs:
        scanner = study.scanner
        assert row["manufacturer"] == normal_vendor(scanner.manufacturer).name
        assert row["manufacturer_model_name"] == scanner.model
        assert row["software_versions"] == study.software
        assert row["scanner"] == workspace.pseudonyms.of(Identifier.DEVICE, scanner.serial)
        assert row.get("magnetic_field_strength") == scanner.field_strength_t
        assert row.get("kvp") == scanner.kvp
        assert (row.get("convolution_kernel") or "") == scanner.kernel


def test_how_it_was_acquired_is_read_as_planned(taken: Taken) -> None:
    _, hospital, pairs = taken
    protocol = EXAMINATIONS[hospital.examination]
    for study, row in pairs:
        parameters = scanner_protocol(study.scanner)
        assert row["modality"] == study.scanner.modality
        assert row["contrast"] is (study.shot.contrast_agent or (None if study.scanner.enhanced else False))
        assert row["slice_thickness_mm"] == parameters.thickness_mm
        assert row["pixel_spacing_mm"] == pytest.approx(protocol.field_of_view_mm / 32)
        assert row["protocol_name"] == "_".join(protocol.name.lower().split())
        assert row.get("repetition_time_ms") == (parameters.repetition_ms or None)
        assert row.get("echo_time_ms") == (parameters.echo_ms or None)
        assert row.get("ctdi_vol_mgy") == (protocol.ctdi_vol_mgy or None)
        assert row.get("exposure_mas") == (protocol.exposure_mas or None)


def test_the_geometry_has_no_findings(taken: Taken) -> None:
    for study, row in taken[2]:
        attributes = json.loads(row["attributes"])
        assert "geometry_findings" not in attributes
        assert "intake_flags" not in attributes
        assert attributes["slices"] == str(SLICES)
        assert float(attributes["slice_spacing_mm"]) == pytest.approx(scanner_protocol(study.scanner).spacing_mm)


def test_classic_and_enhanced_scanners_are_both_among_them(taken: Taken) -> None:
    assert {study.scanner.enhanced for study, _ in taken[2]} == {True, False}
