"""The sample behind an appendix: which scope, which days, which rows, drawn by a stated seed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts
from monitors.scope import MONITORED_MODES, Scope, periods_of, scopes_of
from pipelines.appendix.columns import COLUMNS, DriftColumn
from pipelines.appendix.rows import Mask, Rows
from registry.domain.display import plain
from registry.domain.errors import IncompleteError
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window

MOST_ROWS = 5_000  # of each period; a page is readable, and made in seconds, whatever the hospital's size
MOST_LEVELS = 20  # of a category; the rarer ones together are "other"
NOT_STATED, OTHER = "(not stated)", "(other)"
_LONGEST_LABEL = 40
# Evidently writes labels into a script of its page without escaping them.
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "&": "+", "\\": "/", '"': "'", "`": "'"})
Values = npt.NDArray[Any]


@dataclass(frozen=True)
class SampledColumn:
    """A column of the sample: its values in the window and in the reference, and how many rows state it in each.

    Numbers are float64 with NaN where they are not stated; categories are labels, `(not stated)` among them.
    """

    column: DriftColumn
    current: Values
    reference: Values
    stated: tuple[int, int]


@dataclass(frozen=True)
class AppendixSample:
    """What an appendix shows.

    Attributes:
        scope: version, mode and target, over all sites.
        window: the days of the current rows.
        references: per site the days of the reference rows.
        rows: how many rows the window and the reference have.
        seed: of the draw, where a period has more than `MOST_ROWS`.
        columns: what is compared; `left_out`: what is not, with its stated rows in window and reference.
    """

    scope: Scope
    window: Window
    references: Mapping[str, Window]
    rows: tuple[int, int]
    seed: int
    columns: tuple[SampledColumn, ...]
    left_out: tuple[tuple[str, tuple[int, int]], ...]

    @property
    def sizes(self) -> tuple[int, int]:
        """How many rows of the window and of the reference were drawn."""
        return min(self.rows[0], MOST_ROWS), min(self.rows[1], MOST_ROWS)


def draw_sample(counts: Counts, rows: Rows, plan: MonitoringPlan, as_of: str, seed: int) -> AppendixSample:
    """Draw the sample of a model's live version, or of the one in shadow; of several, of the one with most rows.

    Raises:
        IncompleteError: when there is no window that could be compared with a reference.
    """
    scope, window, references = _chosen(counts, rows, plan, as_of)
    overlap = max(period.end for period in references.values())
    if window.start <= overlap:
        raise IncompleteError(
            f"the window begins on {window.start}, inside or before the reference, which ends on {overlap}",
            mend="name a later day",
        )
    masks = rows.of(scope) & rows.during(dict.fromkeys(references, window)), rows.of(scope) & rows.during(references)
    sizes = int(masks[0].sum()), int(masks[1].sum())
    if min(sizes) < plan.min_units:
        raise IncompleteError(
            f"{sizes[0]} predictions in the window and {sizes[1]} in the reference; "
            f"an appendix needs {plan.min_units} in each",
            mend="name a later day, or a longer window in the plan",
        )
    places = _drawn(masks[0], seed), _drawn(masks[1], seed + 1)
    columns = [_sampled(column, *(rows.column(column.name)[place] for place in places)) for column in COLUMNS]
    kept = tuple(column for column in columns if min(column.stated) >= plan.min_units)
    left_out = tuple((found.column.name, found.stated) for found in columns if min(found.stated) < plan.min_units)
    return AppendixSample(scope, window, references, sizes, seed, kept, left_out)


def _chosen(counts: Counts, rows: Rows, plan: MonitoringPlan, as_of: str) -> tuple[Scope, Window, Mapping[str, Window]]:
    found = []
    for scope in sorted({Scope(one.version, one.mode, one.target) for one in scopes_of(counts)}):
        window, references = periods_of(counts, scope, plan, as_of)
        if references:
            n = int((rows.of(scope) & rows.during(dict.fromkeys(references, window))).sum())
            found.append((n > 0, -MONITORED_MODES.index(scope.mode), n, scope, window, references))
    if not found:
        raise IncompleteError("no prediction was counted that an appendix could show", mend="name a later day")
    _, _, _, scope, window, references = max(found, key=lambda entry: entry[:4])
    return scope, window, references


def _drawn(mask: Mask, seed: int) -> npt.NDArray[np.intp]:
    """Return the rows of a mask, or as many of them as a page may hold, without repetition and in their order."""
    places = np.flatnonzero(mask)
    if len(places) <= MOST_ROWS:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, MOST_ROWS, replace=False))


def _sampled(column: DriftColumn, current: Values, reference: Values) -> SampledColumn:
    stated = int((current != "").sum()), int((reference != "").sum())
    if column.kind == "number":
        return SampledColumn(column, _numbers(current), _numbers(reference), stated)
    names = _labels([*current.tolist(), *reference.tolist()])
    return SampledColumn(column, _named(current, names), _named(reference, names), stated)


def _numbers(values: Values) -> npt.NDArray[np.float64]:
    return np.array([float(value) if value != "" else np.nan for value in values.tolist()], dtype=np.float64)


def _labels(values: Sequence[str]) -> Mapping[str, str]:
    """Return how the levels of a category are called: the frequent ones by name, the rest together."""
    counted = Counter(plain(value, _LONGEST_LABEL).translate(_HARMLESS).strip() for value in values if value)
    frequent = sorted(counted, key=lambda name: (-counted[name], name))[:MOST_LEVELS]
    clean = {value: plain(value, _LONGEST_LABEL).translate(_HARMLESS).strip() for value in set(values)}
    return {value: name if name in frequent else OTHER for value, name in clean.items() if value} | {"": NOT_STATED}


def _named(values: Values, names: Mapping[str, str]) -> Values:
    return np.array([names[value] for value in values.tolist()], dtype=object)
