"""What a candidate must show under a change plan: margins to the original and the deployed version, alpha and looks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.display import plain
from registry.domain.estimate import decimal_text

METRICS = ("auc", "sensitivity", "specificity")
_MARGINS = ("margin_to_original", "margin_to_deployed")
_KEYS = frozenset({"test_cohort", "original_version", "alpha", "looks", "criteria"})
_DECIMAL = re.compile(r"0?\.[0-9]{1,6}")
MAX_LOOKS = 100


@dataclass(frozen=True)
class NonInferiority:
    """One criterion: on a metric, how much worse than the original, and than the deployed version, is not too much."""

    metric: str
    margin_to_original: str
    margin_to_deployed: str

    def margin(self, against: str) -> float:
        """Return the margin against `original` or `deployed`."""
        return float(self.margin_to_original if against == "original" else self.margin_to_deployed)

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Acceptance:
    """The acceptance criteria of a change plan.

    Attributes:
        test_cohort: the frozen cohort on which candidates are compared.
        original_version: the version first approved: the floor under all changes together.
        alpha: one-sided, for all looks together, a decimal text.
        looks: how many candidates may be compared on the cohort; each may spend alpha / looks (Bonferroni).
        criteria: all must hold against both versions.
    """

    test_cohort: str
    original_version: str
    alpha: str
    looks: int
    criteria: tuple[NonInferiority, ...]

    @property
    def alpha_per_look(self) -> float:
        """The one-sided error that one look may spend."""
        return float(self.alpha) / self.looks

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"criteria": [criterion.to_json() for criterion in self.criteria]}


def acceptance_from(record: Mapping[str, Any]) -> Acceptance:
    """Read acceptance criteria without a fault (`acceptance_faults`)."""
    criteria = tuple(
        NonInferiority(row["metric"], *(str(_decimal(row[key])) for key in _MARGINS)) for row in record["criteria"]
    )
    alpha = str(_decimal(record["alpha"]))
    return Acceptance(record["test_cohort"], record["original_version"], alpha, record["looks"], criteria)


def acceptance_faults(record: Any) -> list[str]:
    """Return everything that acceptance criteria lack or that has another form, each in a phrase."""
    if not isinstance(record, Mapping):
        return ["acceptance is missing"]
    found = [f"acceptance has the unknown key '{plain(str(key), 40)}'" for key in record if key not in _KEYS]
    said = {key: record.get(key) for key in ("test_cohort", "original_version")}
    found += [f"acceptance x {key} is missing" for key, text in said.items() if not _said(text)]
    looks = record.get("looks")
    if not isinstance(looks, int) or isinstance(looks, bool) or not 1 <= looks <= MAX_LOOKS:
        found.append(f"acceptance x looks is a whole number of 1 to {MAX_LOOKS}")
    if not 0 < _number(record.get("alpha")) <= 0.1:
        found.append("acceptance x alpha is a decimal above 0 and at most 0.1, such as 0.025")
    return found + _criteria_faults(record.get("criteria"))


def _criteria_faults(rows: Any) -> list[str]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        return ["acceptance x criteria is a list of at least one criterion"]
    found: list[str] = []
    metrics = [row.get("metric") for row in rows]
    for row, metric in zip(rows, metrics, strict=True):
        if metric not in METRICS or metrics.count(metric) > 1:
            found.append(f"acceptance x criteria: metric is one of {', '.join(METRICS)}, each at most once")
        unknown = sorted(str(key) for key in row if key not in {"metric", *_MARGINS})
        found += [f"acceptance x criteria has the unknown key '{plain(key, 40)}'" for key in unknown]
        for key in _MARGINS:
            if not 0 < _number(row.get(key)) < 0.5:
                found.append(f"acceptance x {plain(str(metric), 40)}: {key} is a decimal between 0 and 0.5")
    return found


def _said(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> float:
    """Return a decimal as a number, and -1 for anything else."""
    text = _decimal(value)
    return float(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else -1.0


def _decimal(value: Any) -> Any:
    """Spell a number of a TOML file as a decimal text, so that the plan has canonical bytes."""
    return decimal_text(value) if isinstance(value, float) else value
