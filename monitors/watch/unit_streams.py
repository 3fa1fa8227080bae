"""Streams that need no labels: scores and decisions of a site, of its scanners, of groups of patients."""

from collections.abc import Iterator
from dataclasses import replace

from monitors.counts import SCANNER
from monitors.watch.cells import Cells, Span, level, mid_ranks, reference_of, share
from monitors.watch.columns import Those
from monitors.watch.comparisons import Level, Share
from monitors.watch.detector import Rules
from monitors.watch.places import Place, Wave
from monitors.watch.strata import Strata
from monitors.watch.stream import Stream, unjudged
from registry.domain.plan import MonitoringPlan

_TOP = (
    6  # power of the rank: within 3 % of the best statistic for more or fewer positives (normal classes, AUC .8 to .94)
)


def site_streams(cells: Cells, place: Place, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield the streams of a site: level and shape of the scores, share called positive, rule of the decision."""
    here = cells.at("site", place.scope.site)
    yield from _score_streams(cells, here, place, plan, ("score", {}, ""))
    span = reference_of(cells.daily(here), place.span, cells.calendar, plan.min_units)
    if span is None:
        return
    inside = here & cells.during(span)
    rank = mid_ranks(cells, inside)
    yield _stream(place, "score", "score_shape", level(cells, here, (rank - 0.5) ** 2, span), span)
    yield _stream(place, "score", "score_top", level(cells, here, rank**_TOP, span), span)
    called = cells.q[inside & cells.called]
    if len(called):
        broken = cells.called != (cells.q >= int(called.min()))
        yield _stream(place, "score", "decision_rule", share(cells, here, broken, span), span, side=1)


def scanner_streams(cells: Cells, place: Place, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield the streams of each scanner of a site; a site with one scanner is watched as the site."""
    here = cells.at("site", place.scope.site)
    masks = {name: here & cells.at(SCANNER, name) for name in cells.levels(SCANNER)}
    firsts = {name: cells.first_day(mask) for name, mask in masks.items() if mask.any()}
    if len(firsts) < 2:
        return
    second = sorted(firsts.values())[1]
    for name, first in firsts.items():
        for stream in _score_streams(cells, masks[name], place, plan, ("scanner", {SCANNER: name}, name)):
            yield replace(stream, exists=max(first, second))


def group_streams(cells: Cells, wave: Wave, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield per group of patients the level of its scores against the rest of the same sites."""
    for axis, name in groups_of(cells, plan):
        subject, key = {f"axis:{axis}": name}, f"{axis}={name}{wave.mark}"
        pairs = []
        for place in wave.places:
            here = cells.at("site", place.scope.site)
            group, rest = here & cells.at(axis, name), here & ~cells.at(axis, name) & ~cells.at(axis, "")
            if min(cells.n.total(keep & cells.during(place.span)) for keep in (group, rest)) >= plan.min_units:
                pairs.append((_ranked(cells, group, place.span), _ranked(cells, rest, place.span)))
        if wave.begins > cells.calendar.days or not pairs:
            yield unjudged("subgroup", "score_level", wave.scope, subject, key)
        else:
            strata, first = Strata(tuple(pairs)), cells.first_day(cells.at(axis, name))
            yield Stream("subgroup", "score_level", wave.scope, subject, key, strata, Rules(wave.begins), exists=first)


def groups_of(cells: Cells, plan: MonitoringPlan) -> list[tuple[str, str]]:
    """Return the groups of patients that are watched: axis and level."""
    return [(axis, name) for axis in plan.subgroup_axes for name in cells.levels(axis)]


def _ranked(cells: Cells, keep: Those, span: Span) -> Level:
    return level(cells, keep, mid_ranks(cells, keep & cells.during(span)), span)


def _score_streams(
    cells: Cells, keep: Those, place: Place, plan: MonitoringPlan, who: tuple[str, dict[str, str], str]
) -> Iterator[Stream]:
    family, subject, key = who
    span = reference_of(cells.daily(keep), place.span, cells.calendar, plan.min_units)
    if span is None:
        for watched in ("score_level", "positive_share"):
            yield unjudged(family, watched, place.scope, subject, key)
        return
    rank = mid_ranks(cells, keep & cells.during(span))
    yield _stream(place, family, "score_level", level(cells, keep, rank, span), span, who=(subject, key))
    called = share(cells, keep, cells.called, span)
    yield _stream(place, family, "positive_share", called, span, who=(subject, key))


def _stream(
    place: Place,
    family: str,
    watched: str,
    comparison: Level | Share,
    span: Span,
    *,
    side: int = 0,
    who: tuple[dict[str, str], str] = ({}, ""),
) -> Stream:
    rules = Rules(span[1], side, grows=side == 0)
    return Stream(family, watched, place.scope, *who, comparison, rules, ends=place.ends)
