"""What a run of the monitors reads of stored days: of most families the window and the references alone.

Of the families that `monitors.every_day` keeps there is every day. All others, those of patients first, are cut to the
days of the windows and of the sites' references. Days are read one after the other and never held together, and what
has a cell for nearly every study is put on disk (`monitors.shelved`): memory grows neither with the history nor with
the studies of the window.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family, Integers, family_axes, in_period
from monitors.daily import GRID, UNITS
from monitors.every_day import ALWAYS, CUT, FINDINGS, FIRST, Joined, Reader
from monitors.packing import texts_of_counts, unpack_counts
from monitors.patient_names import PatientNumbers
from monitors.scope import days_seen
from monitors.scratch import Scratch
from monitors.shelved import Derived, Shelved, ShelvedCounts
from monitors.shelving import PATIENT, Shelving, numbered
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """Counts cut to what a run reads, and the sums of every day that its charts show.

    Attributes:
        counts: families of every day, or of the days that are read of them; the long ones on disk.
        units, grid: the families of `monitors.daily`, of every day.
    """

    counts: Counts
    units: Family
    grid: Family


def cut_of(every: Joined, read: Reader, plan: MonitoringPlan, as_of: str) -> Cut:
    """Return what a run of the monitors reads.

    Args:
        every: what is kept of every stored day.
        read: returns the bytes of a day, as `monitors.packing.pack_counts` made them.
        plan: whose window and references are read.
        as_of: the last day that counts, ISO.
    """
    known = family_axes(every.axes)
    kept = {"FQ": replace(every.families[FINDINGS], name="FQ")}
    kept |= {name: every.families[name] for name in ALWAYS if name not in every.shelved}
    first = {name: every.families[f"first:{name}"] for name in FIRST}
    wanted = partial(_within, days_seen(ShelvedCounts(kept, every.axes, days=first), plan, as_of))
    days = [day for day, speaks in every.speaks.items() if wanted(speaks).any()] or list(every.speaks)[:1]
    shelved = {**every.shelved, **_of_periods(every.scratch, days, read, wanted)}
    derived = {name: Derived(name, known[name], shelved[source]) for name, source in FIRST.items()}
    counts = ShelvedCounts(kept, every.axes, {**shelved, **derived}, first)
    return Cut(counts, every.families[UNITS], every.families[GRID])


def _of_periods(
    scratch: Scratch, days: Collection[str], read: Reader, wanted: Callable[[Integers], Mask]
) -> dict[str, Shelved]:
    """Return the families that are cut, on the days that are wanted; the days are gone over twice."""
    patients = PatientNumbers(texts_of_counts(read(day), PATIENT) for day in days)
    shelves: dict[str, Shelving] = {}
    for day in days:
        data = read(day)
        part, numbers = unpack_counts(data, CUT), patients.of(texts_of_counts(data, PATIENT))
        for name in CUT:
            family = numbered(part[name], numbers) if PATIENT in part[name].axes else part[name]
            cut = family.select(wanted(family.codes_of("day")))
            if name in shelves:
                shelves[name].add(cut)
            else:
                shelves[name] = Shelving.of(scratch, cut, by_site=False)
    return {name: one.whole() for name, one in shelves.items()}


def _within(periods: Collection[Window], days: Integers) -> Mask:
    """Say which days are of any of some periods."""
    found = np.zeros(len(days), dtype=np.bool_)
    for one in periods:
        found |= in_period(days, one)
    return found
