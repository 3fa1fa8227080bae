"""What a run of the monitors reads of stored days: of most families the window and the references alone.

Of the sequential watch, of arrivals and of findings every day is kept; these hold one small cell a unit, or few cells a
day. All other families, those of patients first, are cut to the days of the windows and of the sites' references. Days
are read one after the other, twice, and never held together: memory does not grow with their rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from monitors.counts import (
    FINDING_PATIENTS,
    PATIENTS,
    READ_PATIENTS,
    SCOPE,
    WATCH,
    WATCH_READS,
    Counts,
    Family,
    Integers,
    day_number,
    family_axes,
    merged,
)
from monitors.daily import GRID, UNITS, daily_sums
from monitors.families import CATEGORICAL, EXPECTED, NUMERIC, RECEIVED
from monitors.packing import days_of_counts, unpack_counts
from monitors.scope import READS_SEEN, UNITS_SEEN, days_seen
from monitors.watch.quality_streams import MEASURES
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Window

ALWAYS = ("FA", EXPECTED, RECEIVED, WATCH, WATCH_READS, *(f"FN:{measure}" for measure in MEASURES))
_INPUTS = (*(f"FN:{column}" for column in NUMERIC), *(f"FK:{column}" for column in CATEGORICAL))
_FINDINGS = "FQ"
# By which family the first days of a scope are told: those of units, those of reads.
_FIRST: Mapping[str, str] = {"F0": PATIENTS, "FR": READ_PATIENTS}
CUT = tuple(sorted({*UNITS_SEEN, *READS_SEEN, *_INPUTS} - {*ALWAYS, *_FIRST}))
_READ_DAILY = frozenset({*ALWAYS, FINDING_PATIENTS, *_FIRST.values()})
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


@dataclass
class _Gathered:
    """Parts of families, day by day."""

    parts: dict[str, list[Family]] = field(default_factory=dict)

    def add(self, name: str, family: Family) -> None:
        """Keep a part; of parts without cells the first alone, which tells the axes."""
        found = self.parts.setdefault(name, [])
        if len(family.counts) or not found:
            found.append(family)

    def whole(self) -> dict[str, Family]:
        """Return the families, and let the parts go."""
        return {name: merged(self.parts.pop(name)) for name in sorted(self.parts)}


def cut_of(days: Sequence[str], read: Callable[[str], bytes], plan: MonitoringPlan, as_of: str) -> Cut:
    """Return what a run of the monitors reads.

    Args:
        days: the stored days by name, at least one.
        read: returns the bytes of a day, as `monitors.packing.pack_counts` made them.
        plan: whose window and references are read.
        as_of: the last day that counts, ISO.
    """
    gathered, held, axes = _every_day(days, read)
    first = Counts({name: gathered.pop(name) for name in _FIRST} | {_FINDINGS: gathered[_FINDINGS]}, axes)
    wanted = _within(days_seen(first, plan, as_of))
    read_of = [day for day in days if wanted(held[day]).any()]
    whole = gathered | _of_periods(read_of, read, wanted)
    units, grid = whole.pop(UNITS), whole.pop(GRID)
    for name, source in _FIRST.items():
        whole[name] = whole[source].marginal(family_axes(axes)[name], name)
    return Cut(Counts(whole, axes), units, grid)


def _every_day(
    days: Sequence[str], read: Callable[[str], bytes]
) -> tuple[dict[str, Family], dict[str, Integers], tuple[str, ...]]:
    """Return what is kept of every day, with the first days of scopes; which days each stored day speaks of; axes."""
    gathered, held, axes = _Gathered(), dict[str, Integers](), ()
    for day in days:
        data = read(day)
        part, held[day] = unpack_counts(data, _READ_DAILY), days_of_counts(data, CUT)
        axes = part.axes
        for name in ALWAYS:
            gathered.add(name, part[name])
        gathered.add(_FINDINGS, part[FINDING_PATIENTS].marginal(family_axes(axes)[_FINDINGS], _FINDINGS))
        for name, source in _FIRST.items():
            gathered.add(name, part[source].marginal(SCOPE, name))
        for name, family in daily_sums(part[PATIENTS]).items():
            gathered.add(name, family)
    return gathered.whole(), held, axes


def _of_periods(
    days: Sequence[str], read: Callable[[str], bytes], wanted: Callable[[Integers], Mask]
) -> dict[str, Family]:
    """Return the families that are cut, on the days that are wanted."""
    gathered, patients = _Gathered(), dict[str, str]()
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
