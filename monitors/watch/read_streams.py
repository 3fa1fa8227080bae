"""Streams of readers: how often each decides otherwise than the model, by its answer, beside the colleagues."""

from collections.abc import Iterator

import numpy as np

from monitors.counts import Family
from monitors.scope import Scope
from monitors.watch.cells import Calendar, Mask, Span, share_of_series
from monitors.watch.comparisons import Share
from monitors.watch.detector import Floats, Rules
from monitors.watch.strata import Strata
from monitors.watch.stream import RESTRICTED, Stream, unjudged
from registry.domain.plan import MonitoringPlan

WATCHED = {"override_of_positive": "pos", "override_of_negative": "neg"}


def reader_streams(reads: Family, calendar: Calendar, scope: Scope, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield two streams a reader of a site: overrides of the model's positive and of its negative answers.

    Args:
        reads: the family `watch_reads` of one version, mode, target and site.
        calendar: the days of the watch.
        scope: that version, mode, target and site.
        plan: the monitoring plan.
    """
    reads = reads.select(reads.codes_of("day") >= calendar.start)
    if reads.total == 0:
        return
    first = int(reads.codes_of("day").min()) - calendar.start
    span = (first, first + calendar.reference_days)
    for reader in reads.levels["reader"]:
        mine = reads.is_level("reader", reader)
        for watched, answer in WATCHED.items():
            chosen = reads.is_level("ai_decision", answer)
            yield _stream(reads, calendar, (scope, span), (reader, watched), (chosen & mine, chosen & ~mine), plan)


def _stream(
    reads: Family,
    calendar: Calendar,
    where: tuple[Scope, Span],
    who: tuple[str, str],
    sides: tuple[Mask, Mask],
    plan: MonitoringPlan,
) -> Stream:
    (scope, site), (reader, watched) = where, who
    series = [_daily(reads, calendar, keep) for keep in sides]
    span = _span(series[0], site, calendar, plan.min_units)
    if span is None:
        return unjudged("reader", watched, scope, RESTRICTED, reader)
    group, rest = (share_of_series(calendar, one, span) for one in series)
    comparison: Share | Strata = group
    if rest.units >= plan.min_units:
        comparison = Strata(((group, rest),), own=True)
    return Stream("reader", watched, scope, RESTRICTED, reader, comparison, Rules(span[1]))


def _span(series: Floats, site: Span, calendar: Calendar, least: int) -> Span | None:
    found = np.flatnonzero(series[1] > 0)
    own = (int(found[0]), int(found[0]) + calendar.reference_days) if len(found) else site
    for span in (site, own):
        if span[1] <= calendar.days and series[1, span[0] : span[1]].sum() >= least:
            return span
    return None


def _daily(reads: Family, calendar: Calendar, keep: Mask) -> Floats:
    day = reads.codes_of("day") - calendar.start
    differs = reads.is_level("ai_decision", "pos") != reads.is_level("read_decision", "pos")
    n = reads.counts.astype(np.float64)
    return np.stack([calendar.spread(day[mask], n[mask]) for mask in (keep & differs, keep)])
