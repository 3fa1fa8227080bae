"""What a monitor looks at: a version in a mode for a target at a site, in a window and in its reference."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitors.counts import (
    FINDING_PATIENTS,
    LABEL_SOURCES,
    PATIENTS,
    READ_PATIENTS,
    REPORTED_PATIENTS,
    Counts,
    Family,
    day_number,
    day_text,
    merge,
)
from monitors.families import FOUND, LABELS, LESIONS, MEASURES, REACTIONS, READ_TIMES, WORK
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window
from registry.domain.vocabulary import Mode

MONITORED_MODES = (Mode.LIVE.value, Mode.SHADOW.value)
_UNITS = ("F0", PATIENTS, REPORTED_PATIENTS, FINDING_PATIENTS, LABEL_SOURCES, WORK, LABELS, FOUND, MEASURES, LESIONS)
_READS = ("FR", READ_PATIENTS, FINDING_PATIENTS, REACTIONS, READ_TIMES)


@dataclass(frozen=True, order=True)
class Scope:
    """Whose signals: version, mode, target, and site; an empty site is all sites together."""

    version: str
    mode: str
    target: str
    site: str = ""


@dataclass(frozen=True)
class View:
    """The counts of one scope in its window and in its reference.

    Attributes:
        scope: whose counts.
        plan: the monitoring plan.
        window: the days of the window.
        now, base: families of the window and of the reference, by name.
        reference_digest: digest of the reference's counts; None where there is no reference.
        unready: why the window cannot be compared with the reference; empty when it can.
    """

    scope: Scope
    plan: MonitoringPlan
    window: Window
    now: Mapping[str, Family]
    base: Mapping[str, Family]
    reference_digest: str | None
    unready: str


def scopes_of(counts: Counts) -> tuple[Scope, ...]:
    """Return every monitored scope with rows, and one over all sites where there are several."""
    found = set()
    for family in (counts["F0"], counts["FR"], counts["FQ"]):
        cells = family.marginal(("version", "mode", "target", "site"))
        columns = [cells.labels_of(axis) for axis in cells.axes]
        found |= {Scope(*key) for key in zip(*columns, strict=True)}
    kept = {scope for scope in found if scope.mode in MONITORED_MODES and scope.site}
    pooled = {Scope(one.version, one.mode, one.target) for one in kept}
    several = {one for one in pooled if sum(_pools(one, scope) for scope in kept) > 1}
    return tuple(sorted(kept | several))


def unit_view(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    """Return what the monitors of scores, truths and scanners see: days of acquisition."""
    return _view(counts, _UNITS, scope, plan, as_of)


def read_view(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    """Return what the monitors of reads see: days of reading."""
    return _view(counts, _READS, scope, plan, as_of)


def periods_of(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> tuple[Window, Mapping[str, Window]]:
    """Return the days of a scope's window, and of each site's reference; a site without units has none."""
    sites = _sites(counts, scope)
    own = [_of_scope(counts, _UNITS, site) for site in sites]
    end = _end(plan, as_of, own, _UNITS[0])
    references = [_reference(families[_UNITS[0]], plan) for families in own]
    found = {site.site: period for site, period in zip(sites, references, strict=True) if period is not None}
    return Window(day_text(day_number(end) - plan.window_days + 1), end), found


def _sites(counts: Counts, scope: Scope) -> list[Scope]:
    """Return a scope, or those that one over all sites is made of."""
    if scope.site:
        return [scope]
    return [one for one in scopes_of(counts) if one.site and _pools(scope, one)] or [scope]


def _view(counts: Counts, names: tuple[str, ...], scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    own = [_of_scope(counts, names, site) for site in _sites(counts, scope)]
    end = _end(plan, as_of, own, names[0])
    window = Window(day_text(day_number(end) - plan.window_days + 1), end)
    references = [_reference(families[names[0]], plan) for families in own]
    now = [{name: families[name].during(window) for name in names} for families in own]
    base = [_during(families, period) for families, period in zip(own, references, strict=True)]
    before = _added(base)
    known = before[names[0]].total > 0
    digest = before[names[0]].digest if known else None
    return View(scope, plan, window, _added(now), before, digest, _unready(references, window))


def _of_scope(counts: Counts, names: tuple[str, ...], scope: Scope) -> dict[str, Family]:
    chosen = {"version": scope.version, "mode": scope.mode, "target": scope.target, "site": scope.site}
    return {name: counts[name].where(**chosen) for name in names}


def _end(plan: MonitoringPlan, as_of: str, own: list[dict[str, Family]], main: str) -> str:
    """Return the window's last day: the day asked for, or the last day with a unit by then."""
    days = [int(day) for families in own for day in families[main].codes_of("day") if day <= day_number(as_of)]
    return day_text(max(days)) if plan.window_anchor == "last_unit" and days else as_of


def _reference(family: Family, plan: MonitoringPlan) -> Window | None:
    """Return the first days of a site; None where it has none."""
    days = family.codes_of("day")
    if len(days) == 0:
        return None
    first = int(days.min())
    return Window(day_text(first), day_text(first + plan.reference_days - 1))


def _during(families: Mapping[str, Family], period: Window | None) -> dict[str, Family]:
    if period is None:
        return dict(families)
    return {name: family.during(period) for name, family in families.items()}


def _added(parts: list[dict[str, Family]]) -> dict[str, Family]:
    total = parts[0]
    for part in parts[1:]:
        total = {name: merge(family, part[name]) for name, family in total.items()}
    return total


def _unready(references: list[Window | None], window: Window) -> str:
    if not any(references):
        return "nothing was counted yet that could be a reference"
    last = max(reference.end for reference in references if reference)
    if window.start > last:
        return ""
    return f"the window begins on {window.start}, inside or before the reference period, which ends on {last}"


def _pools(pooled: Scope, one: Scope) -> bool:
    return (pooled.version, pooled.mode, pooled.target) == (one.version, one.mode, one.target)
