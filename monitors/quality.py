"""Image quality and arrivals of each scanner of a site: drift against its own reference, harmony, silence."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family, day_number
from monitors.daily_blocks import DayMean, between_members, day_change, day_mean
from monitors.draft import Reading, drafted
from monitors.families import QUALITY
from monitors.groups import listed_levels, sizes_of, small_ones
from monitors.scope import View, periods_of
from monitors.shelved import at_sites, chosen
from monitors.value_grid import to_numbers
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.proportions import Bounds


def quality_signals(view: View, counts: Counts) -> list[Signal]:
    """Return the signals of the scanners of one site; none for all sites together."""
    site = view.scope.site
    if not site:
        return []
    _, references = periods_of(counts, view.scope, view.plan, view.window.end)
    reference = references.get(site)
    found = [drafted(view, "SCN007", reading) for reading in _silence(view, counts["FA"].where(site=site))]
    stated = False
    for column in QUALITY:
        now, base = (
            chosen(counts, f"FN:{column}", partial(at_sites, {site: period}))
            for period in (view.window, reference or view.window)
        )
        if now.total or base.total:
            stated = True
            found += _column(view, column, now, base)
    if not stated:
        none = Reading(0, reason=NotAssessed.ATTRIBUTE_MISSING, why="no series states a measure of image quality")
        found += [drafted(view, code, none) for code in ("SCN005", "SCN006")]
    return found


def _column(view: View, column: str, now: Family, base: Family) -> list[Signal]:
    """Return the drift of each scanner in one measure, and how much lies between them."""
    sizes = dict.fromkeys(sizes_of(base, "scanner"), 0) | sizes_of(now, "scanner")
    scanners, small = listed_levels(sizes, view.plan.min_units)
    drifts = [
        drafted(view, "SCN005", replace(_drift(view, *_of(scanner, now, base)), subject=_subject(scanner, column)))
        for scanner in scanners
    ]
    drifts += [drafted(view, "SCN005", small_ones("scanners", small, view.plan.min_units))] if small else []
    share = between_members([_daily_means(now.where(scanner=scanner)) for scanner in scanners])
    subject = {"quality": column}
    if share is None:
        why = "three scanners with ten days of images each are needed, and daily means that vary"
        reading = Reading(now.total, subject=subject, reason=NotAssessed.TOO_FEW, why=why)
    else:
        why = f"{share.days} daily means of {share.members} scanners"
        reading = Reading(now.total, share.value, share.bounds, subject=subject, why=why)
    return [*drifts, drafted(view, "SCN006", reading)]


def _of(scanner: str, now: Family, base: Family) -> tuple[Family, Family]:
    return now.where(scanner=scanner), base.where(scanner=scanner)


def _subject(scanner: str, column: str) -> dict[str, str]:
    return {"scanner": scanner, "quality": column}


def _drift(view: View, now: Family, base: Family) -> Reading:
    """Return the change of a scanner's mean quality, in standard deviations of its reference."""
    least = view.plan.min_units
    if view.unready or min(now.total, base.total) < least:
        why = view.unready or f"{now.total} series in the window and {base.total} in the reference, {least} are needed"
        return Reading(now.total, reason=NotAssessed.TOO_FEW, why=why)
    first, second = _mean(now), _mean(base)
    change = day_change(first, second) if first and second else None
    if first is None or second is None or change is None or second.spread == 0.0:
        why = "ten days with images, whose means vary, are needed in the window and in the reference"
        return Reading(now.total, reason=NotAssessed.CLUSTERED, why=why)
    bounds = Bounds(change.bounds.low / second.spread, change.bounds.high / second.spread)
    why = f"the mean went from {second.value:.3g} to {first.value:.3g}"
    return Reading(now.total, change.value / second.spread, bounds, 0.0, change.p_value, why=why)


def _mean(family: Family) -> DayMean | None:
    return day_mean(family, to_numbers(family.codes_of("cell")))


def _daily_means(family: Family) -> npt.NDArray[np.float64]:
    days, place = np.unique(family.codes_of("day"), return_inverse=True)
    sums = np.bincount(place, to_numbers(family.codes_of("cell")) * family.counts, len(days))
    return np.asarray(sums / np.bincount(place, family.counts, len(days)), dtype=np.float64)


def _silence(view: View, acquired: Family) -> list[Reading]:
    """Return for each scanner on how many of the site's days since its last image it had none."""
    until = day_number(view.window.end)
    own = acquired.select(acquired.codes_of("day") <= until)
    recent = own.select(own.codes_of("day") > until - 2 * view.plan.window_days)
    sizes = {scanner: n for scanner, n in sizes_of(own, "scanner").items() if scanner in recent.levels["scanner"]}
    if not sizes:
        why = "no series states its scanner" if own.total else "nothing was acquired"
        reason = NotAssessed.ATTRIBUTE_MISSING if own.total else NotAssessed.TOO_FEW
        return [Reading(own.total, reason=reason, why=why)]
    scanners, small = listed_levels(sizes, view.plan.min_units)
    found = [replace(_silent(view, own, scanner), subject={"scanner": scanner}) for scanner in scanners]
    return [*found, small_ones("scanners", small, view.plan.min_units)] if small else found


def _silent(view: View, acquired: Family, scanner: str) -> Reading:
    """Test a scanner's silence by how seldom a day of its kind was empty before its last image."""
    mine = acquired.is_level("scanner", scanner)
    days = np.unique(acquired.codes_of("day")[mine])
    others = np.unique(acquired.codes_of("day")[~mine])
    active = np.union1d(days, others) if len(others) else np.arange(days[0], day_number(view.window.end) + 1)
    n, last = int(acquired.counts[mine].sum()), int(days[-1])
    before, since = active[(active >= days[0]) & (active <= last)], active[active > last]
    if n < view.plan.min_units or len(before) < view.plan.window_days:
        why = f"{n} series on {len(before)} of the site's days are too few to know its rhythm"
        return Reading(n, reason=NotAssessed.TOO_FEW, why=why)
    empty = ~np.isin(before, days)
    chance = 1.0
    for weekend in (True, False):
        kind = _weekend(before) == weekend
        silent = int((_weekend(since) == weekend).sum())
        chance *= ((int(empty[kind].sum()) + 1) / (int(kind.sum()) + 2)) ** silent
    return Reading(n, float(len(since)), limit=0.0, p_value=min(1.0, chance))


def _weekend(days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say per proleptic ordinal whether it is a Saturday or a Sunday."""
    return np.asarray((days + 6) % 7 >= 5, dtype=np.bool_)
