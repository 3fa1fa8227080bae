"""Streams of what arrives: silence, the share that was scored, and the mix of scanners; judged on the next day."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from monitors.counts import SCANNER, Family
from monitors.watch.cells import Calendar, Cells, Span, share_of_series
from monitors.watch.comparisons import Silence
from monitors.watch.detector import Floats, Rules
from monitors.watch.places import Place
from monitors.watch.stream import Stream, unjudged
from registry.domain.plan import MonitoringPlan

LAG = 1  # days: a study that is scored by the end of the next day was scored in time


def arrival_streams(acquired: Family, cells: Cells, place: Place, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield the streams of a site's arrivals and of each scanner's.

    Args:
        acquired: the family `FA` of the site.
        cells: the scored units of the version, mode and target.
        place: the site.
        plan: the monitoring plan.
    """
    calendar = cells.calendar
    arrived = _daily(acquired, calendar)
    if calendar.days < place.span[1] + LAG or arrived[place.span[0] : place.span[1]].sum() < plan.min_units:
        yield unjudged("routing", "silence", place.scope, {}, "")
        return
    yield _silence(place, calendar, arrived, {}, "")
    yield _scored(cells, place, arrived)
    yield from _by_scanner(acquired, calendar, place, arrived, plan)


def _by_scanner(
    acquired: Family, calendar: Calendar, place: Place, arrived: Floats, plan: MonitoringPlan
) -> Iterator[Stream]:
    series = {name: _daily(acquired.where(scanner=name), calendar) for name in acquired.levels[SCANNER] if name}
    firsts = {name: int(np.argmax(own > 0)) for name, own in series.items() if own.any()}
    if len(firsts) < 2:
        return
    second = sorted(firsts.values())[1]
    for name, first in firsts.items():
        own = series[name]
        yield replace(_mix(place, calendar, (own, arrived), name), exists=max(first, second) + LAG)
        if own[place.span[0] : place.span[1]].sum() >= plan.min_units:
            quiet = _silence(place, calendar, own, {SCANNER: name}, name)
            yield replace(quiet, exists=second + LAG)


def _silence(place: Place, calendar: Calendar, arrived: Floats, subject: dict[str, str], key: str) -> Stream:
    """Return the nats of empty days: how seldom a day of its kind was empty in the reference."""
    weekend = calendar.weekend()
    inside = np.zeros(calendar.days, dtype=np.bool_)
    inside[place.span[0] : place.span[1]] = True
    nats = np.zeros(calendar.days)
    for kind in (weekend, ~weekend):
        days = inside & kind
        rate = (float((arrived[days] == 0).sum()) + 0.5) / (float(days.sum()) + 1)
        nats[kind] = -np.log(rate)
    series = np.stack([np.where(arrived == 0, nats, 0.0), arrived])
    shifted = np.stack([calendar.shifted(row, LAG) for row in series])
    rules = Rules(place.span[1] + LAG, -1, shortest=1)
    return Stream("routing", "silence", place.scope, subject, key, Silence(shifted), rules, lag=LAG, ends=place.ends)


def _scored(cells: Cells, place: Place, arrived: Floats) -> Stream:
    """Return the share of a site's acquisitions that were scored by the end of the next day."""
    timely = cells.at("site", place.scope.site) & (cells.lag <= LAG)
    scored = cells.daily(timely, on=cells.day - cells.lag)
    series = np.stack([np.minimum(scored, arrived), arrived])
    found = share_of_series(cells.calendar, series, place.span, LAG)
    rules = Rules(place.span[1] + LAG, -1)
    return Stream("routing", "scored_share", place.scope, {}, "", found, rules, lag=LAG, ends=place.ends)


def _mix(place: Place, calendar: Calendar, series: tuple[Floats, Floats], name: str) -> Stream:
    """Return the share of a scanner among a site's acquisitions: in whole weeks, but at once for an unseen one."""
    own, arrived = series
    span: Span = place.span
    found = share_of_series(calendar, np.stack([own, arrived]), span, LAG)
    unseen = found.hits == 0
    rules = Rules(span[1] + LAG, 1 if unseen else 0, weeks=not unseen)
    watched = "unseen_scanner" if unseen else "scanner_share"
    return Stream("input", watched, place.scope, {SCANNER: name}, name, found, rules, lag=LAG, ends=place.ends)


def _daily(acquired: Family, calendar: Calendar) -> Floats:
    day = acquired.codes_of("day") - calendar.start
    known = (day >= 0) & (day < calendar.days)
    return calendar.spread(day[known], acquired.counts[known].astype(np.float64))
