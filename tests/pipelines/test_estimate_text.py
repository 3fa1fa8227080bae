"""How an estimate is spelled in a terminal."""

import pytest

from pipelines.estimate_text import estimate_text
from registry.domain.estimate import Estimate


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.91249, 0.8701, 0.95, "0.912 (0.870 to 0.950)"),
        (0.5, None, None, "0.500"),
        (0.5, 0.4, None, "0.500"),
        (None, None, None, "not defined"),
    ],
)
def test_what_is_missing_is_said(value: float | None, low: float | None, high: float | None, text: str) -> None:
    assert estimate_text(Estimate("auc", value, low, high, 10)) == text
