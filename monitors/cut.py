"""What a run of the monitors reads of stored days: of most families the window and the references alone.

Of the families that `monitors.every_day` keeps there is every day. All others, those of patients first, are cut to the
days of the windows and of the sites' references. Days are read one after the other and never held together: memory
does not grow with the history.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family, Integers, day_number, family_axes
from monitors.daily import GRID, UNITS
from monitors.every_day import ALWAYS, CUT, FINDINGS, FIRST, EveryDay, Gathered, Reader
from monitors.packing import unpack_counts
from monitors.scope import days_seen
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """Counts cut to what a run reads, and the sums of every day that its charts show.

    Attributes:
        counts: families of every day, or of the days that are read of them.
        units, grid: the families of `monitors.daily`, of every day.
    """

    counts: Counts
    units: Family
    grid: Family


def cut_of(every: EveryDay, read: Reader, plan: MonitoringPlan, as_of: str) -> Cut:
    """Return what a run of the monitors reads.

    Args:
        every: what is kept of every stored day.
        read: returns the bytes of a day, as `monitors.packing.pack_counts` made them.
        plan: whose window and references are read.
        as_of: the last day that counts, ISO.
    """
    known = family_axes(every.axes)
    findings = replace(every.families[FINDINGS], name="FQ")
    first = {name: every.families[f"first:{name}"] for name in FIRST}
    wanted = _within(days_seen(Counts(first | {"FQ": findings}, every.axes), plan, as_of))
    days = [day for day, speaks in every.speaks.items() if wanted(speaks).any()] or list(every.speaks)[:1]
    families = {name: every.families[name] for name in ALWAYS} | _of_periods(days, read, wanted)
    families |= {name: families[source].marginal(known[name], name) for name, source in FIRST.items()}
    return Cut(Counts(families | {"FQ": findings}, every.axes), every.families[UNITS], every.families[GRID])


def _of_periods(days: Collection[str], read: Reader, wanted: Callable[[Integers], Mask]) -> dict[str, Family]:
    """Return the families that are cut, on the days that are wanted."""
    gathered, patients = Gathered(), dict[str, str]()
    for day in days:
        part = unpack_counts(read(day), CUT)
        for name in CUT:
            family = part[name].select(wanted(part[name].codes_of("day")))
            gathered.add(name, _sharing(family, patients))
    return gathered.whole()


def _sharing(family: Family, patients: dict[str, str]) -> Family:
    """Return a family whose patients are the texts that other families have, so that each is held once."""
    if "patient" not in family.levels:
        return family
    shared = tuple(patients.setdefault(name, name) for name in family.levels["patient"])
    return replace(family, levels=dict(family.levels) | {"patient": shared})


def _within(periods: Collection[Window]) -> Callable[[Integers], Mask]:
    spans = sorted({(day_number(one.start), day_number(one.end)) for one in periods})

    def wanted(days: Integers) -> Mask:
        found = np.zeros(len(days), dtype=np.bool_)
        for first, last in spans:
            found |= (days >= first) & (days <= last)
        return found

    return wanted
