"""A number with its uncertainty: the only way in which a statistic travels."""

from dataclasses import dataclass
from typing import Any

SIGNIFICANT_DIGITS = 12


@dataclass(frozen=True)
class Estimate:
    """A statistic with its interval and the counts behind it.

    Attributes:
        name: standard name, such as `auc`, `sensitivity`, `specificity`, `ece`, `brier`.
        value: the estimate; None where it is not defined.
        low, high: the interval's bounds at `level`; None where no valid interval exists.
        n, n_positive, n_patients: units, positive units and patients behind it.
        level: confidence level, .95 unless stated.
        method: how it was computed, with its source.
        reason: why there is no value or no interval; empty otherwise.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    n_positive: int | None = None
    n_patients: int | None = None
    level: float = 0.95
    method: str = ""
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; decimals are strings of 12 significant digits, so that its bytes are canonical."""
        return {
            "name": self.name,
            "value": decimal_text(self.value),
            "interval": [decimal_text(self.low), decimal_text(self.high)],
            "level": decimal_text(self.level),
            "n": self.n,
            "n_positive": self.n_positive,
            "n_patients": self.n_patients,
            "method": self.method,
            "reason": self.reason or None,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Estimate":
        """Read the JSON form back."""
        low, high = (None if bound is None else float(bound) for bound in record["interval"])
        value = None if record["value"] is None else float(record["value"])
        return cls(
            record["name"],
            value,
            low,
            high,
            record["n"],
            record["n_positive"],
            record["n_patients"],
            float(record["level"]),
            record["method"],
            record["reason"] or "",
        )


def decimal_text(value: float | None) -> str | None:
    """Spell a number with 12 significant digits; None stays None."""
    return None if value is None else format(value, f".{SIGNIFICANT_DIGITS}g")


def rounded(value: float | None) -> float | None:
    """Round a number to the 12 significant digits in which it is published."""
    return None if value is None else float(format(value, f".{SIGNIFICANT_DIGITS}g"))
