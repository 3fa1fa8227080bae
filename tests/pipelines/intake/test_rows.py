"""Rows: references, zones, identifiers, attributes, rules of a table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake.files import Record
from pipelines.intake.identity import IdentifierGate
from pipelines.intake.mapping import ColumnMapping
from pipelines.intake.rows import RowContext, StudyFacts, parse_rows
from registry.domain.columns import ACQUISITIONS, FINDINGS, MEASUREMENTS, OUTCOMES, PREDICTIONS, READS, TABLES, Table
from registry.domain.errors import UnreadableFileError
from registry.domain.pseudonym import Identifier, Pseudonymizer, is_pseudonym
from registry.domain.vocabulary import Identifiers, Unit

PSEUDONYMS = Pseudonymizer(bytes(range(32)), "p1")
STUDY = PSEUDONYMS.uid("1.2.3")


class Images:
    """An index that knows one image."""

    def study_of(self, unit: Unit, unit_uid: str) -> str | None:
        return STUDY if (unit, unit_uid) == (Unit.INSTANCE, PSEUDONYMS.uid("1.2.3.4.5")) else None

    def series_of(self, unit: Unit, unit_uid: str) -> str | None:
        return None if self.study_of(unit, unit_uid) is None else PSEUDONYMS.uid("1.2.3.4")


def context(mapping: ColumnMapping | None = None, identifiers: Identifiers = Identifiers.ORIGINAL) -> RowContext:
    gate = IdentifierGate(PSEUDONYMS, identifiers, "a.csv")
    studies = {STUDY: StudyFacts("general", "2026-03-01T08:00:00.000000Z")}
    return RowContext(gate, {"general": "Europe/Vienna"}, studies, Images(), mapping or ColumnMapping())


def one(table: Table, values: dict[str, Any], used: RowContext | None = None) -> dict[str, Any]:
    parsed = parse_rows(table, [Record(1, values)], used or context())
    assert parsed.refusals == []
    return parsed.rows[0].values


def refused(table: Table, values: dict[str, Any], used: RowContext | None = None) -> tuple[str, str]:
    parsed = parse_rows(table, [Record(1, values)], used or context())
    assert parsed.rows == []
    return parsed.refusals[0].column, parsed.refusals[0].code.value


def read(**other: Any) -> dict[str, Any]:
    row = {
        "read_id": "r1",
        "study_uid": "1.2.3",
        "target": "t",
        "reader": "House",
        "read_at": "2026-03-02T08:00Z",
        "decision": "no",
    }
    return {**row, **other}


def prediction(**other: Any) -> dict[str, Any]:
    row = {
        "prediction_id": "p1", "model": "m", "version": "1", "study_uid": "1.2.3", "target": "t",
        "predicted_at": "2026-03-02T08:00Z", "score": "0.5", "decision": "no",
    }  # fmt: skip
    return {**row, **other}


def acquisition(**other: Any) -> dict[str, Any]:
    row = {
        "series_uid": "1.2.3.4", "study_uid": "1.2.3", "patient": "Miller^Anna", "site": "general",
        "acquired_at": "2026-07-01 12:00", "modality": "MR",
    }  # fmt: skip
    return {**row, **other}


def test_identifiers_become_pseudonyms_of_their_kind() -> None:
    row = one(ACQUISITIONS, acquisition(scanner="SN-77", protocol_name="T1 ax Dr. House"))
    assert row["patient"] == PSEUDONYMS.of(Identifier.PATIENT, "Miller^Anna")
    assert row["scanner"] == PSEUDONYMS.of(Identifier.DEVICE, "SN-77")
    assert row["protocol_name"] == PSEUDONYMS.of(Identifier.TEXT, "T1 ax Dr. House")
    assert row["study_uid"] == STUDY


def test_a_time_without_offset_takes_the_sites_zone_and_is_flagged() -> None:
    row = one(ACQUISITIONS, acquisition())
    assert row["acquired_at"] == "2026-07-01T10:00:00.000000Z"
    assert row["attributes"] == {"acquired_at_zone": "assumed"}
    assert one(READS, read(read_at="2026-03-02 08:00"))["read_at"] == "2026-03-02T07:00:00.000000Z"


def test_a_table_without_a_site_needs_offsets() -> None:
    row = {"subject_id": "p1", "name": "dice", "value": 1, "unit": "1", "available_at": "2026-03-02 08:00"}
    assert refused(MEASUREMENTS, row) == ("available_at", "zone")


def test_the_unit_defaults_to_the_study() -> None:
    row = one(READS, read())
    assert (row["unit"], row["unit_uid"], row["stage"]) == ("study", STUDY, "final")


@pytest.mark.parametrize("name", ["read_id", "study_uid", "target", "reader", "read_at", "decision"])
def test_a_row_without_a_required_value_is_refused(name: str) -> None:
    assert refused(READS, read(**{name: " "})) == (name, "required")


def test_an_unknown_study_is_refused() -> None:
    assert refused(READS, read(study_uid="9.9")) == ("study_uid", "unknown_study")


def test_a_new_site_takes_the_default_zone_and_a_text_that_may_name_none_is_refused() -> None:
    assert one(ACQUISITIONS, acquisition(site="elsewhere"))["site"] == "elsewhere"
    assert refused(ACQUISITIONS, acquisition(site="a=b")) == ("site", "site_name")


def test_a_scored_prediction_needs_score_and_decision_and_a_skipped_one_does_not() -> None:
    assert refused(PREDICTIONS, prediction(score="")) == ("score", "required")
    assert refused(PREDICTIONS, prediction(decision=None, status="scored")) == ("decision", "required")
    assert one(PREDICTIONS, prediction(score="", decision="", status="skipped"))["status"] == "skipped"


def test_a_finding_names_one_prediction_read_or_outcome() -> None:
    finding = {"finding_id": "f", "label": "nodule"}
    assert refused(FINDINGS, finding) == ("prediction_id", "subject")
    assert refused(FINDINGS, {**finding, "prediction_id": "p", "read_id": "r"}) == ("prediction_id", "subject")
    assert one(FINDINGS, {**finding, "read_id": "r"})["read_id"] == PSEUDONYMS.of(Identifier.RECORD, "r")


def test_names_of_records_are_replaced_alike_in_every_table_and_our_own_are_kept() -> None:
    accession, own = "ACC-2026-0815", "0123456789abcdef" * 2
    name = one(PREDICTIONS, prediction(prediction_id=accession))["prediction_id"]
    assert (
        name
        == one(READS, read(prediction_id=accession))["prediction_id"]
        == PSEUDONYMS.of(Identifier.RECORD, accession)
    )
    assert one(READS, read(prediction_id=own))["prediction_id"] == own
    assert one(READS, read(prediction_id=name))["prediction_id"] == name


@pytest.mark.parametrize(
    ("column", "value"),
    [("patient_id", "54321"), ("Accession No", "77.5"), ("PID", "12"), ("grade", "00123"), ("scannerSerial", "4711")],
)
def test_a_short_number_that_may_name_somebody_is_no_attribute_as_it_came(column: str, value: str) -> None:
    row = one(READS, read(**{column: value, "dose": "4.5", "grade_2": "3"}))
    assert row["attributes"][column] == PSEUDONYMS.of(Identifier.TEXT, value)
    assert (row["attributes"]["dose"], row["attributes"]["grade_2"]) == ("4.5", "3")


def test_attributes_keep_numbers_booleans_and_times_and_hide_other_text() -> None:
    foreign = {
        "dose": "1.25", "slices": 64, "motion": "yes", "ordered": "2026-03-01T07:00", "comment": "Anna Miller, room 4",
        "mrn_copy": "4711", "birth_date": "1950-01-01", "number": "0012345678",
        "float": 123456.0, "nothing": " ", "nested": {"a": "b"},
    }  # fmt: skip
    found = one(READS, read(**foreign))["attributes"]
    kept = {"dose": "1.25", "slices": "64", "motion": "yes", "ordered": "2026-03-01T07:00"}
    assert {name: found[name] for name in kept} == kept
    hidden = set(found) - set(kept)
    assert hidden == {"comment", "mrn_copy", "birth_date", "number", "float", "nested"}
    assert all(is_pseudonym(found[name]) for name in hidden)


def test_a_lookup_fills_study_and_series_from_the_image() -> None:
    mapping = ColumnMapping(
        lookup={"study_uid": "unit_uid"}, constants={"unit": "instance", "truth": True, "source": "report"}
    )
    row = {"unit_uid": "1.2.3.4.5", "target": "t", "established_at": "2026-03-02"}
    assert one(OUTCOMES, row, context(mapping))["study_uid"] == STUDY
    assert refused(OUTCOMES, {**row, "unit_uid": "9"}, context(mapping)) == ("unit_uid", "unknown_unit")
    assert refused(OUTCOMES, {**row, "unit_uid": ""}, context(mapping)) == ("unit_uid", "unknown_unit")
    series = ColumnMapping(lookup={"series_uid": "unit_uid"})
    found = one(PREDICTIONS, prediction(unit="instance", unit_uid="1.2.3.4.5"), context(series))
    assert found["series_uid"] == PSEUDONYMS.uid("1.2.3.4")


@pytest.mark.parametrize(("identifiers", "spelled"), [("original", STUDY), ("pseudonymised", "1.2.3")])
def test_identifiers_spelled_otherwise_than_said_refuse_the_whole_file(identifiers: str, spelled: str) -> None:
    with pytest.raises(UnreadableFileError, match="--identifiers"):
        parse_rows(READS, [Record(1, read(study_uid=spelled))], context(identifiers=Identifiers(identifiers)))


def test_readers_of_an_outcome_are_a_list_of_pseudonyms() -> None:
    row = {
        "study_uid": "1.2.3",
        "target": "t",
        "truth": 1,
        "source": "consensus",
        "established_at": "2026-03-02T08:00Z",
    }
    found = one(OUTCOMES, {**row, "established_by": "House; Wilson"})["established_by"]
    assert found == [PSEUDONYMS.of(Identifier.READER, name) for name in ("House", "Wilson")]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=5),
    st.lists(st.text(max_size=3), max_size=3), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.dates(), st.datetimes(),
)  # fmt: skip


@given(st.sampled_from(list(TABLES.values())), st.data())
def test_any_record_is_a_row_or_a_refusal(table: Table, data: st.DataObject) -> None:
    names = st.sampled_from([column.name for column in table.columns]) | st.text(max_size=5)
    values = data.draw(st.dictionaries(names, CELLS, max_size=8))
    base: dict[str, dict[str, Any]] = {"reads": read(), "predictions": prediction(), "acquisitions": acquisition()}
    used = context()
    try:
        parsed = parse_rows(table, [Record(1, {**base.get(table.name, {}), **values})], used)
    except UnreadableFileError:
        return
    assert len(parsed.rows) + len(parsed.refusals) == 1
    for refusal in parsed.refusals:
        refusal.reason.encode("utf-8")
