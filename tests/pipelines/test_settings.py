"""Settings: the standard file is valid, unknown keys are errors, every error names the place."""

import tomllib
from pathlib import Path

import pytest

from pipelines.settings import STANDARD, Settings
from registry.domain.errors import UnknownNameError, UnreadableFileError, UsageError


def settings_of(text: str) -> Settings:
    """Read settings from TOML text."""
    return Settings.of(tomllib.loads(text))


def test_the_standard_file_holds_the_defaults() -> None:
    assert settings_of(STANDARD) == Settings()


def test_an_unknown_section_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'database'"):
        settings_of("[databse]\nurl = ''")


def test_an_unknown_key_is_refused_with_its_section() -> None:
    with pytest.raises(UnknownNameError, match=r"key of \[sites.general\]"):
        settings_of("[sites.general]\ntimezone = 'UTC'")


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown time zone 'Mars/Base'"):
        settings_of("[defaults]\ntime_zone = 'Mars/Base'")


def test_a_section_that_is_no_table_is_refused() -> None:
    with pytest.raises(UsageError, match="not a table"):
        settings_of("workspace = 3")


def test_a_pipeline_step_that_lacks_a_key_is_refused() -> None:
    with pytest.raises(UsageError, match=r"pipeline.dicom"):
        settings_of("[[pipeline.dicom]]\npath = 'x'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[defaults]\ntime_zone = 3", r"time_zone of \[defaults\] is not a text"),
        ("[pipeline]\nepochs = 'many'", r"epochs of \[pipeline\] is not a whole number"),
        ("[pipeline]\nepochs = true", r"epochs of \[pipeline\] is not a whole number"),
        ("[pipeline]\ndicom = 'folder'", r"dicom of \[pipeline\] is not a list of tables"),
        ("[pipeline]\ndicom = ['folder']", r"\[pipeline.dicom\] is not a table"),
        ("[[pipeline.cohorts]]\nname = 'a'\nrole = 'train'\nselect = 'site=a'", r"select of .* is not a list"),
        ("sites = 3", r"\[sites\] is not a table"),
        ("monitoring = 3", r"\[monitoring\] is not a table"),
        ("pipeline = 3", r"\[pipeline\] is not a table"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings_of(text)


def test_what_is_scored_is_not_said_to_be_synthetic_by_the_settings() -> None:
    """Whether studies are synthetic was said when they were taken in; here the key would do nothing."""
    with pytest.raises(UnknownNameError, match="synthetic"):
        settings_of("[[pipeline.predict]]\npath = 'x'\nsite = 'a'\nsynthetic = true")


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "overread.toml").write_text("[workspace")
    with pytest.raises(UnreadableFileError, match="not TOML"):
        Settings.read(tmp_path / "overread.toml")


def test_a_site_has_its_own_time_zone_or_the_default() -> None:
    settings = settings_of("[defaults]\ntime_zone = 'Europe/Vienna'\n[sites.far]\ntime_zone = 'Asia/Tokyo'")
    assert (settings.time_zone("far"), settings.time_zone("near")) == ("Asia/Tokyo", "Europe/Vienna")
