"""Evidently's page of a sample: the only place that imports Evidently.

Evidently runs in a process of its own: it adds to NumPy's own list of scalar types, takes 290 MB, and orders what it
draws by Python's hashes, which that process fixes. The sample goes in as JSON, the page comes out.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.appendix.sample import AppendixSample, SampledColumn, Values
from registry.domain.errors import OverreadError

# What Evidently 0.7.23 draws at random on every run: the ids of its widgets (UUID version 7) and of its page.
_DRAWN_IDS = re.compile(r"metric_[0-9a-f]{32}|\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_KINDS = ("number", "category")
_LONGEST_S = 600


def drift_page(sample: AppendixSample) -> str:
    """Return Evidently's page: per column both distributions and the distance, by the stated method and threshold.

    The same sample gives the same text: Evidently's random ids are replaced by their numbers in order of appearance.

    Raises:
        OverreadError: when Evidently ends without a page.
    """
    given = json.dumps([_column(one) for one in sample.columns], allow_nan=False)
    command = [sys.executable, "-W", "ignore", "-m", __name__]
    environment = dict(os.environ) | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        command, input=given.encode(), capture_output=True, check=False, env=environment, timeout=_LONGEST_S
    )
    if done.returncode != 0:
        cause = RuntimeError(done.stderr.decode(errors="replace")[-2000:])
        raise OverreadError("Evidently made no page", where="drift appendix", mend="--debug says why") from cause
    return settled(done.stdout.decode())


def settled(page: str) -> str:
    """Replace the random ids of a page by their numbers in order of appearance."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        text = found.group(0)
        prefix = "metric_" if text.startswith("metric_") else "id-"
        return numbers.setdefault(text, f"{prefix}{len(numbers):032d}")

    return _DRAWN_IDS.sub(number, page)


def evidently_page(columns: Sequence[Mapping[str, Any]]) -> str:
    """Return Evidently's page as it comes, ids and all.

    Args:
        columns: per column `name`, `kind`, `method`, `threshold`, and its values in `current` and `reference`.
    """
    import pandas as pd  # noqa: PLC0415 - lazy: only Evidently needs it
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - lazy: evidently takes 12 s to import
    from evidently.metrics import ValueDrift  # noqa: PLC0415 - lazy

    numbers, categories = ([one["name"] for one in columns if one["kind"] == kind] for kind in _KINDS)
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    current, reference = (
        Dataset.from_pandas(pd.DataFrame({one["name"]: one[side] for one in columns}), data_definition=definition)
        for side in ("current", "reference")
    )
    metrics = [
        ValueDrift(column=one["name"], method=one["method"], threshold=float(one["threshold"])) for one in columns
    ]
    return str(Report(metrics).run(current, reference).get_html_str(as_iframe=False))  # current comes first


def _column(one: SampledColumn) -> dict[str, Any]:
    return vars(one.column) | {"current": _values(one.current), "reference": _values(one.reference)}


def _values(values: Values) -> list[Any]:
    """Return values as JSON has them: what is not stated is null."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is not itself


if __name__ == "__main__":
    from pipelines.telemetry import telemetry_off

    telemetry_off()
    sys.stdout.write(evidently_page(json.load(sys.stdin)))
