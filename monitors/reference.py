"""Comparing a share of the window with that of the reference: when it can be done, and the reading it gives."""

from collections.abc import Callable
from dataclasses import replace

from monitors.counts import Family
from monitors.draft import Reading, reading_of
from monitors.scope import View
from monitors.shares import Mask, share_of, thin
from registry.domain.vocabulary import NotAssessed
from validation.statistics.proportions import ClusteredShare

Test = Callable[[ClusteredShare, ClusteredShare], float]


def unfit(view: View, now: int, base: int) -> str:
    """Say why `now` units of the window and `base` units of the reference cannot be compared; empty when they can."""
    least = view.plan.min_units
    if now < least:
        return f"{now} units in the window, at least {least} are needed"
    if view.unready:
        return view.unready
    return f"{base} units in the reference, at least {least} are needed" if base < least else ""


def against_reference(view: View, now: Family, base: Family, success: Callable[[Family], Mask], test: Test) -> Reading:
    """Return the share of successes in the window, tested against that in the reference.

    Args:
        view: whose plan and periods count.
        now: units of the window, with the patient as an axis.
        base: units of the reference, likewise.
        success: gives the cells that count as successes.
        test: gives the p-value of the window's share against the reference's.
    """
    why = unfit(view, now.total, base.total)
    share, before = share_of(now, success(now)), share_of(base, success(base))
    if share is None:
        return Reading(0, n_patients=0, reason=NotAssessed.TOO_FEW, why=why)
    reading = reading_of(share, before.value if before else None)
    few = thin(before.n, before.patients) if before else ""
    if few and not why:
        return replace(reading, reason=NotAssessed.CLUSTERED, why=f"in the reference, {few}")
    if why or before is None:
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    return replace(reading, p_value=test(share, before))
