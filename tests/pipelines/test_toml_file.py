"""TOML files: every way in which one cannot be used is one error that names it."""

from pathlib import Path

import pytest

from pipelines.toml_file import MAX_BYTES, read_toml
from registry.domain.errors import UnreadableFileError


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"[open", "is not TOML"), (b"\xff\xfe", "is not TOML"), (b"#" * (MAX_BYTES + 1), "is too large")],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "plan.toml").write_bytes(data)
    with pytest.raises(UnreadableFileError, match=f"the plan {said} .*plan.toml"):
        read_toml(tmp_path / "plan.toml", "plan")


def test_what_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(UnreadableFileError, match="cannot be read"):
            read_toml(place, "plan")


def test_the_mapping_is_returned(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("window_days = 28\n", encoding="utf-8")
    assert read_toml(tmp_path / "plan.toml", "plan") == {"window_days": 28}
