"""Maps of foreign columns."""

from pathlib import Path

import pytest

from pipelines.intake.mapping import ColumnMapping, read_mapping
from registry.domain.columns import OUTCOMES, PREDICTIONS
from registry.domain.errors import UnknownNameError, UnreadableFileError, UsageError


def mapping(folder: Path, text: str) -> ColumnMapping:
    (folder / "map.toml").write_text(text)
    return read_mapping(OUTCOMES, folder / "map.toml")


def test_without_a_map_columns_of_our_name_are_ours_and_others_attributes() -> None:
    known, attributes = ColumnMapping().ours(OUTCOMES, {"truth": "1", "z": "4", "patient": "x"})
    assert (known, attributes) == ({"truth": "1"}, {"z": "4", "patient": "x"})


def test_columns_constants_and_values(tmp_path: Path) -> None:
    found = mapping(
        tmp_path, '[columns]\ntruth = "gtv"\n[constants]\nsource = "consensus"\n[values.truth]\n"yes!" = true\n'
    )
    known, attributes = found.ours(OUTCOMES, {"gtv": " yes! ", "target": "t", "truth": "kept"})
    assert known == {"truth": True, "source": "consensus", "target": "t"}
    assert attributes == {"truth": "kept"}, "the file's own column of that name is not ours"
    assert found.ours(OUTCOMES, {"gtv": "no"})[0]["truth"] == "no"


def test_a_column_that_the_map_gives_another_name_is_not_also_ours_by_chance(tmp_path: Path) -> None:
    """A file's `source` that is its reading room is mapped to the target; it must not be judged as our `source`."""
    found = mapping(tmp_path, '[columns]\ntarget = "source"\n[constants]\ntruth = true\n')
    known, attributes = found.ours(OUTCOMES, {"source": "lesion", "study_uid": "1"})
    assert (known, attributes) == ({"target": "lesion", "truth": True, "study_uid": "1"}, {})
    assert "source" not in found.names(OUTCOMES, ["source", "study_uid"])


def test_dates_of_toml_become_iso_texts(tmp_path: Path) -> None:
    found = mapping(tmp_path, "[constants]\nestablished_at = 2026-03-01T00:00:00Z\n")
    assert found.constants["established_at"] == "2026-03-01T00:00:00+00:00"


def test_a_map_says_what_a_file_can_fill_and_what_it_lacks(tmp_path: Path) -> None:
    found = mapping(tmp_path, '[columns]\ntruth = "gtv"\nunit_uid = "sop"\n[lookup]\nstudy_uid = "unit_uid"\n')
    assert found.names(OUTCOMES, ["gtv", "target", "other"]) == {"truth", "target", "study_uid"}
    assert found.missing(["gtv"]) == ("sop",)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("[colums]\n", UnknownNameError, "did you mean 'columns'"),
        ('[columns]\ntruht = "a"\n', UnknownNameError, "did you mean 'truth'"),
        ('[values.truht]\n"1" = true\n', UnknownNameError, "truth"),
        ("columns = 1\n", UsageError, r"\[columns\]"),
        ("[columns]\ntruth = 1\n", UsageError, "column's name"),
        ("[values]\ntruth = 1\n", UsageError, "values.truth"),
        ('[columns]\ntruth = "a"\n[constants]\ntruth = true\n', UsageError, "twice"),
        ('[lookup]\ntruth = "unit_uid"\n', UsageError, "looked up"),
        ('[lookup]\nstudy_uid = "patient"\n', UsageError, "looked up"),
        ("[columns\n", UnreadableFileError, "TOML"),
    ],
)
def test_broken_maps_are_usage_errors(tmp_path: Path, text: str, error: type[UsageError], words: str) -> None:
    with pytest.raises(error, match=words):
        mapping(tmp_path, text)


def test_missing_maps_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="the mapping cannot be read"):
        read_mapping(PREDICTIONS, tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableFileError, match="TOML"):
        read_mapping(PREDICTIONS, tmp_path / "bytes.toml")
