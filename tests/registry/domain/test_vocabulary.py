"""The words of the contract."""

from itertools import pairwise

import pytest

from registry.domain.vocabulary import AGE_BANDS, SOURCES, Mode, NotAssessed, Role, SignalState, Unit, age_band


def test_the_words_are_those_of_the_contract() -> None:
    assert [unit.value for unit in Unit] == ["study", "series", "instance", "lesion"]
    assert [mode.value for mode in Mode] == ["live", "shadow", "retrospective", "validation"]
    assert [role.value for role in Role] == ["train", "tune", "internal-test", "transfer-test", "external-test"]
    assert [state.value for state in SignalState] == ["ok", "watch", "alert", "not_assessed"]
    assert SOURCES == ("pathology", "follow-up", "consensus", "report")
    assert len(NotAssessed) == 10


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "0-17"), (17.99, "0-17"), (18, "18-39"), (39.9, "18-39"), (64.5, "40-64"), (65, "65-79"), (80, "80+"),
        (130, "80+"), (None, None), (-1, None),
    ],
)  # fmt: skip
def test_age_bands(age: float | None, band: str | None) -> None:
    assert age_band(age) == band


def test_the_bands_leave_no_gap() -> None:
    assert all(high is not None and low == high + 1 for (_, high), (low, _) in pairwise(AGE_BANDS))
