"""The information floor of a rehearsed failure at a workspace's own volumes: what no detector could beat."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monitors.counts import NO_LABEL, Integers
from monitors.rehearsal_failures import Failure
from monitors.rehearsal_source import DrawnYear, Mask
from monitors.rehearsal_stage import Stage, Struck
from validation.statistics.information_floor import (
    bernoulli_divergence,
    growing_floor,
    histogram_divergence,
    needed_information,
)

_BINS = 20
_CHUNK = 30  # days over which a failure's information is averaged


@dataclass(frozen=True)
class Volumes:
    """What a floor depends on besides the failure.

    Attributes:
        streams: M, watched together.
        false_alerts: allowed a year.
        days: of the drawn year.
        reference_days: of the reference.
    """

    streams: int
    false_alerts: float
    days: int
    reference_days: int


def floor_days(failure: Failure, base: DrawnYear, stage: Stage, volumes: Volumes) -> float:
    """Return the days that a failure takes at least, without its label delay; infinity where nothing tells of it.

    Args:
        failure: which.
        base: the year without it.
        stage: the same year with it.
        volumes: streams, budget and days.
    """
    measure = _MEASURES[failure.seen_in]
    daily: list[float] = []
    for first in range(stage.since, volumes.days, _CHUNK):
        last = min(first + _CHUNK, volumes.days)
        nats = measure(failure, base, stage, (first, last))
        daily += [nats / (last - first)] * (last - first)
    tail = daily[-1] if daily else 0.0
    found = growing_floor(daily, volumes.streams, volumes.false_alerts)
    if math.isfinite(found) or tail <= 0:
        return found
    return len(daily) + (needed_information(volumes.streams, volumes.false_alerts) - sum(daily)) / tail


def _during(year: DrawnYear, span: tuple[int, int]) -> Mask:
    day = year.units.codes["day"]
    return np.asarray((day >= span[0]) & (day < span[1]))


def _stratum(failure: Failure, year: DrawnYear, struck: Struck) -> Mask:
    """Return the units among which a failure is looked for, by names that it does not change."""
    units = year.units
    if failure.name == "subgroup-decline":
        return units.at(struck.axis, struck.group)
    if failure.whole:
        return np.ones(len(units), dtype=np.bool_)
    here = units.at("site", struck.site)
    return here & units.at("scanner", struck.scanner) if failure.causes[0] in _OF_SCANNERS else here


_OF_SCANNERS = frozenset({"software", "scanner", "protocol"})


def _by_scores(failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    keep = _stratum(failure, base, stage.struck) & _during(base, span)
    if not keep.any():
        return 0.0
    return float(keep.sum()) * _divergence(stage.year.units.codes["q"][keep], base.units.codes["q"][keep])


def _divergence(now: Integers, before: Integers) -> float:
    """Return the divergence of values from those before, over bins of about equal numbers."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, one, "right"), minlength=len(edges) + 1).astype(np.float64)
        for one in (now, before)
    ]
    return histogram_divergence(*counts)


def _by_labels(failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    """Return the nats of sensitivity and specificity among the labels of a span, as they come in each of the years.

    Where verification depends on the decision, the labelled rates differ from the true ones, and tell less.
    """
    keep = _stratum(failure, base, stage.struck) & _during(base, span)
    total = 0.0
    for truth in (True, False):
        before, now = (_labelled_rate(year, keep, truth) for year in (base, stage.year))
        if before.n and now.n:
            total += now.n * bernoulli_divergence(now.rate, min(max(before.rate, 0.001), 0.999))
    return total


class _Rate(NamedTuple):
    """How many labelled units of a class there are, and the share that the model answered rightly."""

    n: int
    rate: float


def _labelled_rate(year: DrawnYear, keep: Mask, truth: bool) -> _Rate:  # noqa: FBT001 - a class
    mine = keep & (year.units.codes["label_age"] < NO_LABEL) & (year.truth == truth)
    right = year.units.at("decision", "pos")[mine] == truth
    return _Rate(len(right), float(right.mean()) if len(right) else 0.0)


def _by_share(failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    """Return the nats of a share that was nearly all or nothing before."""
    keep = base.units.at("site", stage.struck.site) & _during(base, span)
    n = float(keep.sum())
    reference = base.units.at("site", stage.struck.site) & (base.units.codes["day"] < stage.since)
    rare = 0.5 / (float(reference.sum()) + 1)
    if failure.name == "routing-stop":
        return n * bernoulli_divergence(1.0, 0.02)
    if failure.name == "new-scanner":
        return n * bernoulli_divergence(0.5, rare)
    changed = base.units.codes["decision"] != stage.year.units.codes["decision"]
    return n * bernoulli_divergence(float(changed[keep].mean()), rare) if n else 0.0


def _by_reads(_failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    reads, struck = base.reads, stage.struck
    mine = reads.at("reader", struck.reader) & (reads.codes["day"] >= span[0]) & (reads.codes["day"] < span[1])
    total = 0.0
    for answer in ("pos", "neg"):
        keep = mine & reads.at("ai_decision", answer)
        if keep.any():
            before, now = (
                float((one.codes["read_decision"][keep] != one.code("read_decision", answer)).mean())
                for one in (base.reads, stage.year.reads)
            )
            total += float(keep.sum()) * bernoulli_divergence(now, min(max(before, 0.001), 0.999))
    return total


def _by_quality(failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    """Return the nats of the histograms of image quality at the struck site, or scanner; none where none is counted."""
    total = 0.0
    for measure, rows in base.quality.items():
        keep = rows.at("site", stage.struck.site) & (rows.codes["day"] >= span[0]) & (rows.codes["day"] < span[1])
        keep &= rows.at("scanner", stage.struck.scanner) | (failure.causes[0] not in _OF_SCANNERS)
        if keep.any():
            later = stage.year.quality[measure]
            total += float(keep.sum()) * _divergence(later.codes["cell"][keep], rows.codes["cell"][keep])
    return total


def _by_answers(failure: Failure, base: DrawnYear, stage: Stage, span: tuple[int, int]) -> float:
    """Return the nats of scores and of image quality together."""
    return _by_scores(failure, base, stage, span) + _by_quality(failure, base, stage, span)


_MEASURES: Mapping[str, Callable[[Failure, DrawnYear, Stage, tuple[int, int]], float]] = {
    "score": _by_answers,
    "label": _by_labels,
    "share": _by_share,
    "reads": _by_reads,
    "quality": _by_quality,
}
