"""What a run of the monitors keeps of every day, summed over stretches of days, so that a day need not be read again.

The sequential watch, arrivals, image quality and findings have few or small cells a day; beside them stand the first
days of each scope, the sums that charts show, and of which days each stored day speaks (a read may be of a later day).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitors.counts import (
    FINDING_PATIENTS,
    FQ,
    PATIENTS,
    READ_PATIENTS,
    SCOPE,
    WATCH,
    WATCH_READS,
    Counts,
    Family,
    Integers,
    merged,
)
from monitors.daily import daily_sums
from monitors.families import CATEGORICAL, EXPECTED, NUMERIC, RECEIVED
from monitors.packing import days_of_counts, pack_counts, unpack_counts
from monitors.scope import READS_SEEN, UNITS_SEEN
from monitors.scratch import Scratch
from monitors.shelved import Shelved
from monitors.shelving import Shelving
from monitors.watch.quality_streams import MEASURES
from registry.domain.digest import digest_value

SCHEMA = "overread.stretch/1"
# Of nearly every study a cell of its own.
LONG = (WATCH, *(f"FN:{measure}" for measure in MEASURES))
ALWAYS = ("FA", EXPECTED, RECEIVED, WATCH_READS, *LONG)
FINDINGS = "every:FQ"
# By which family the first days of a scope are told: those of units, those of reads.
FIRST: Mapping[str, str] = {"F0": PATIENTS, "FR": READ_PATIENTS}
_INPUTS = (*(f"FN:{column}" for column in NUMERIC), *(f"FK:{column}" for column in CATEGORICAL))
CUT = tuple(sorted({*UNITS_SEEN, *READS_SEEN, *_INPUTS} - {*ALWAYS, *FIRST}))
_READ = frozenset({*ALWAYS, FINDING_PATIENTS, *FIRST.values()})
Reader = Callable[[str], bytes]


@dataclass(frozen=True)
class EveryDay:
    """What is kept of a stretch of days.

    Attributes:
        families: by name, with the day as an axis.
        speaks: per stored day the days of which the families that are cut speak, ascending.
        axes: the declared axes of the counts.
    """

    families: Mapping[str, Family]
    speaks: Mapping[str, Integers]
    axes: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """Its bytes: a line of JSON, then the counts as `monitors.packing` writes them."""
        head = {"schema": SCHEMA, "speaks": {day: days.tolist() for day, days in self.speaks.items()}}
        line = json.dumps(head, sort_keys=True, separators=(",", ":")).encode("ascii")
        return line + b"\n" + pack_counts(Counts(self.families, self.axes))


def every_day_from(data: bytes) -> EveryDay:
    """Return what the bytes hold.

    Raises:
        ValueError: when they are none of `EveryDay.data`.
    """
    end = data.find(b"\n") + 1
    head = json.loads(data[:end])
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise ValueError(f"not a stretch of the schema {SCHEMA}")
    counts = unpack_counts(data[end:])
    speaks = {day: np.array(days, dtype=np.int64) for day, days in head["speaks"].items()}
    return EveryDay(counts.families, speaks, counts.axes)


def every_day_of(days: Sequence[str], read: Reader) -> EveryDay:
    """Return what is kept of some stored days, at least one, which are read one after the other.

    Args:
        days: by name.
        read: returns the bytes of a day, as `monitors.packing.pack_counts` made them.
    """
    gathered, speaks = Gathered(), dict[str, Integers]()
    axes: tuple[str, ...] = ()
    for day in days:
        data = read(day)
        part, speaks[day] = unpack_counts(data, _READ), days_of_counts(data, CUT)
        axes = part.axes
        for name in ALWAYS:
            gathered.add(name, part[name])
        gathered.add(FINDINGS, part[FINDING_PATIENTS].marginal(FQ, FINDINGS))
        for name, source in FIRST.items():
            gathered.add(f"first:{name}", part[source].marginal(SCOPE, f"first:{name}"))
        for name, family in daily_sums(part[PATIENTS]).items():
            gathered.add(name, family)
    return EveryDay(gathered.whole(), speaks, axes)


@dataclass(frozen=True, eq=False)
class Joined:
    """What is kept of several stretches together.

    Attributes:
        families: by name, with the day as an axis.
        shelved: the long families, which have a cell for nearly every study: on disk, by site.
        speaks: as of a stretch.
        axes: the declared axes of the counts.
        scratch: the file on which the long families are.
    """

    families: Mapping[str, Family]
    shelved: Mapping[str, Shelved]
    speaks: Mapping[str, Integers]
    axes: tuple[str, ...]
    scratch: Scratch


def joined(parts: Iterable[EveryDay]) -> Joined:
    """Return what is kept of several stretches, at least one, of different days; they are gone over one by one.

    Raises:
        ValueError: when they keep other families.
    """
    gathered, shelves, speaks, scratch = Gathered(), dict[str, Shelving](), dict[str, Integers](), Scratch()
    kept: tuple[set[str], tuple[str, ...]] | None = None
    for part in parts:
        kept = kept or (set(part.families), part.axes)
        if kept != (set(part.families), part.axes):
            raise ValueError("stretches of other families cannot be joined")
        speaks |= part.speaks
        for name, family in part.families.items():
            if name not in LONG:
                gathered.add(name, family)
            elif name in shelves:
                shelves[name].add(family)
            else:
                shelves[name] = Shelving.of(scratch, family, by_site=True)
    axes = () if kept is None else kept[1]
    return Joined(gathered.whole(), {name: one.whole() for name, one in shelves.items()}, speaks, axes, scratch)


def stretch_recipe() -> str:
    """Return the digest of what is kept: with another one every stored stretch is an old version."""
    return digest_value([SCHEMA, list(ALWAYS), list(CUT)])


@dataclass
class Gathered:
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
