"""The observation tables are those of the contract."""

import pytest

from registry.domain.columns import TABLES, Kind, Table

REQUIRED = {
    "acquisitions": "series_uid study_uid patient site acquired_at modality",
    "predictions": "prediction_id model version study_uid target predicted_at",
    "reads": "read_id study_uid target reader read_at decision",
    "outcomes": "study_uid target truth source established_at",
    "findings": "finding_id label",
    "measurements": "subject_id name value unit",
    "expected": "site modality hour n",
}
IDENTIFIERS = {"patient", "study_uid", "series_uid", "unit_uid", "repeat_of"} | {
    "scanner",
    "reader",
    "established_by",
    "protocol_name",
    "reason",
    "experience",
    "prediction_id",
    "read_id",
    "finding_id",
    "subject_id",
    "outcome_key",
}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_required_columns(name: str) -> None:
    assert set(TABLES[name].required) == set(REQUIRED[name].split())


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_says_when_it_became_known_and_what_it_corrects(table: Table) -> None:
    assert table.column("available_at") is not None
    assert table.column("supersedes") is not None


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_keys_and_event_times_are_columns_and_names_are_used_once(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert table.event_time == "" or table.column(table.event_time).kind is Kind.INSTANT  # type: ignore[union-attr]


def test_identifiers_pass_through_pseudonyms() -> None:
    found = {column.name for table in TABLES.values() for column in table.columns if column.identifier}
    assert found == IDENTIFIERS


def test_units_default_to_the_study() -> None:
    for name in ("predictions", "reads", "outcomes", "findings"):
        assert TABLES[name].column("unit").default == "study"  # type: ignore[union-attr]


def test_defaults_are_words_of_their_vocabulary() -> None:
    for table in TABLES.values():
        for column in table.columns:
            assert column.default is None or column.default in column.enumeration
