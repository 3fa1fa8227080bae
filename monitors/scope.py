"""What a monitor looks at: a version in a mode for a target at a site, in a window and in its reference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
)
from monitors.families import FOUND, LABELS, LESIONS, MEASURES, REACTIONS, READ_TIMES, WORK
from monitors.shelved import Part, chosen, scope_days, within
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window
from registry.domain.vocabulary import Mode

Mask = npt.NDArray[np.bool_]
EVER = Window("0001-01-01", "9999-12-31")
HELD = 2  # families of a view that are held at once
MONITORED_MODES = (Mode.LIVE.value, Mode.SHADOW.value)
UNITS_SEEN = (
    "F0",
    PATIENTS,
    REPORTED_PATIENTS,
    FINDING_PATIENTS,
    LABEL_SOURCES,
    WORK,
    LABELS,
    FOUND,
    MEASURES,
    LESIONS,
)
READS_SEEN = ("FR", READ_PATIENTS, FINDING_PATIENTS, REACTIONS, READ_TIMES)


@dataclass(frozen=True, order=True)
class Scope:
    """Whose signals: version, mode, target, and site; an empty site is all sites together."""

    version: str
    mode: str
    target: str
    site: str = ""


class Seen(Mapping[str, Family]):
    """The families of some sites, each during its period or whenever: put together when asked for, few held at once."""

    def __init__(
        self, counts: Counts, names: Sequence[str], scopes: Sequence[Scope], periods: Sequence[Window | None]
    ) -> None:
        self._counts, self._names, self._scopes = counts, names, tuple(zip(scopes, periods, strict=True))
        self._held: dict[str, Family] = {}

    def __getitem__(self, name: str) -> Family:
        if name not in self._names:
            raise KeyError(name)
        found = self._held.pop(name, None) or chosen(self._counts, name, self._keep)
        self._held[name] = found
        while len(self._held) > HELD:
            del self._held[next(iter(self._held))]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _keep(self, part: Part) -> Mask:
        return np.asarray(np.logical_or.reduce([_mask(part, *one) for one in self._scopes]), dtype=np.bool_)


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
    for family in (scope_days(counts, "F0"), scope_days(counts, "FR"), counts["FQ"]):
        cells = family.marginal(("version", "mode", "target", "site"))
        columns = [cells.labels_of(axis) for axis in cells.axes]
        found |= {Scope(*key) for key in zip(*columns, strict=True)}
    kept = {scope for scope in found if scope.mode in MONITORED_MODES and scope.site}
    pooled = {Scope(one.version, one.mode, one.target) for one in kept}
    several = {one for one in pooled if sum(_pools(one, scope) for scope in kept) > 1}
    return tuple(sorted(kept | several))


def unit_view(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    """Return what the monitors of scores, truths and scanners see: days of acquisition."""
    return _view(counts, UNITS_SEEN, scope, plan, as_of)


def read_view(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    """Return what the monitors of reads see: days of reading."""
    return _view(counts, READS_SEEN, scope, plan, as_of)


def periods_of(counts: Counts, scope: Scope, plan: MonitoringPlan, as_of: str) -> tuple[Window, Mapping[str, Window]]:
    """Return the days of a scope's window, and of each site's reference; a site without units has none."""
    sites = _sites(counts, scope)
    own = [_of_scope(scope_days(counts, UNITS_SEEN[0]), site) for site in sites]
    references = [_reference(family, plan) for family in own]
    found = {site.site: period for site, period in zip(sites, references, strict=True) if period is not None}
    return _window(plan, as_of, own), found


def days_seen(counts: Counts, plan: MonitoringPlan, as_of: str) -> frozenset[Window]:
    """Return every window and reference that a run looks at.

    A site without units has no reference: what it has beside them is looked at whenever it was. Of reads there is
    nothing else.

    Args:
        counts: of `F0`, `FR` and `FQ` the axes of a scope suffice.
        plan: the monitoring plan.
        as_of: the last day that counts, ISO.
    """
    found = {_window(plan, as_of, [])}
    for scope in scopes_of(counts):
        for first, without in ((UNITS_SEEN[0], EVER), (READS_SEEN[0], None)):
            own = [_of_scope(scope_days(counts, first), site) for site in _sites(counts, scope)]
            found.add(_window(plan, as_of, own))
            found |= {period for one in own if (period := _reference(one, plan) or without)}
    return frozenset(found)


def _sites(counts: Counts, scope: Scope) -> list[Scope]:
    """Return a scope, or those that one over all sites is made of."""
    if scope.site:
        return [scope]
    return [one for one in scopes_of(counts) if one.site and _pools(scope, one)] or [scope]


def _view(counts: Counts, names: tuple[str, ...], scope: Scope, plan: MonitoringPlan, as_of: str) -> View:
    sites = _sites(counts, scope)
    own = [_of_scope(scope_days(counts, names[0]), site) for site in sites]
    window, references = _window(plan, as_of, own), [_reference(family, plan) for family in own]
    now, base = (Seen(counts, names, sites, periods) for periods in ([window] * len(sites), references))
    known = base[names[0]].total > 0
    digest = base[names[0]].digest if known else None
    return View(scope, plan, window, now, base, digest, _unready(references, window))


def _of_scope(family: Family, scope: Scope) -> Family:
    """Return a family's cells of one scope."""
    return family.select(_mask(family, scope, None))


def _mask(family: Part, scope: Scope, period: Window | None) -> Mask:
    keep = family.is_level("site", scope.site)
    for axis, level in (("version", scope.version), ("mode", scope.mode), ("target", scope.target)):
        keep &= family.is_level(axis, level)
    if period is not None:
        keep &= within(family, period)
    return keep


def _window(plan: MonitoringPlan, as_of: str, own: list[Family]) -> Window:
    """Return the window: it ends at the day asked for, or at the last day with a unit by then."""
    end = day_number(as_of)
    if plan.window_anchor == "last_unit":
        days = np.concatenate([np.zeros(0, dtype=np.int64), *(family.codes_of("day") for family in own)])
        end = int(days[days <= end].max(initial=0)) or end
    return Window(day_text(end - plan.window_days + 1), day_text(end))


def _reference(family: Family, plan: MonitoringPlan) -> Window | None:
    """Return the first days of a site; None where it has none."""
    days = family.codes_of("day")
    if len(days) == 0:
        return None
    first = int(days.min())
    return Window(day_text(first), day_text(first + plan.reference_days - 1))


def _unready(references: list[Window | None], window: Window) -> str:
    if not any(references):
        return "nothing was counted yet that could be a reference"
    last = max(reference.end for reference in references if reference)
    if window.start > last:
        return ""
    return f"the window begins on {window.start}, inside or before the reference period, which ends on {last}"


def _pools(pooled: Scope, one: Scope) -> bool:
    return (pooled.version, pooled.mode, pooled.target) == (one.version, one.mode, one.target)
