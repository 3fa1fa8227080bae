"""What a rehearsal resamples: a model's own counts, week by week, so that rates, rhythm and label delay are its own.

A year is made of whole weeks of the past, drawn with replacement and for all sites together (a block bootstrap; Künsch
1989): what hangs together within a week or between sites stays together. Units without a label get a truth by chance,
from the labelled units of the same answer and a like score, because a failure strikes them too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import SCANNER, WATCH, WATCH_READS, Counts, Family, Integers
from monitors.scope import MONITORED_MODES, Scope
from monitors.watch.detector import Floats
from monitors.watch.quality_streams import MEASURES
from validation.statistics.grid import to_values

Mask = npt.NDArray[np.bool_]
Codes = dict[str, Integers]
LEAST_WEEKS = 8
_BINS = 16
ARRIVALS = "FA"


@dataclass(eq=False)
class Rows:
    """Rows of one count family, one a unit: codes by axis, whole weeks of them.

    Attributes:
        codes: by axis, shape (rows,); `day` counts from the first Monday.
        levels: texts of the axes that have them.
    """

    codes: Codes
    levels: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.codes["day"])

    def at(self, axis: str, level: str) -> Mask:
        """Say per row whether a text axis has this level."""
        names = self.levels[axis]
        return np.asarray(self.codes[axis] == (names.index(level) if level in names else -1), dtype=np.bool_)

    def code(self, axis: str, level: str) -> int:
        """Return the code of a level, which is added where it is new."""
        if level not in self.levels[axis]:
            self.levels[axis] = (*self.levels[axis], level)
        return self.levels[axis].index(level)

    def take(self, places: Integers) -> "Rows":
        """Return some rows; codes are copied."""
        return Rows({axis: codes[places] for axis, codes in self.codes.items()}, dict(self.levels))

    def family(self, name: str, axes: tuple[str, ...], start: int) -> Family:
        """Return the rows as a count family whose days begin at an ordinal."""
        columns = tuple(self.codes[axis] + (start if axis == "day" else 0) for axis in axes)
        found = Family(name, axes, self.levels, columns, np.ones(len(self), dtype=np.int64))
        return found.select(np.ones(len(self), dtype=np.bool_))


@dataclass(eq=False)
class DrawnYear:
    """A year that was drawn: units, reads and arrivals, which a failure changes in place; `rng` goes on from the draw.

    Attributes:
        truth: of each unit, known or by chance, shape (units,).
        latent: log odds of the score, shape (units,).
        quality: by measure of image quality the series that state it.
    """

    units: Rows
    reads: Rows
    arrivals: Rows
    truth: Mask
    latent: Floats
    rng: np.random.Generator
    quality: dict[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Source:
    """The past of one version at its sites.

    Attributes:
        scope: version, mode and target.
        start: ordinal of a Monday, the first day of every drawn year.
        units, reads, arrivals: rows of whole weeks.
        weeks: number of weeks.
        axes: the families' axes by name.
        quality: by measure of image quality the rows of the series that state it.
    """

    scope: Scope
    start: int
    units: Rows
    reads: Rows
    arrivals: Rows
    weeks: int
    axes: Mapping[str, tuple[str, ...]]
    quality: Mapping[str, Rows]

    def drawn(self, seed: int, weeks: int) -> DrawnYear:
        """Draw a year of some weeks; the same seed gives the same year."""
        rng = np.random.default_rng(np.random.SeedSequence([0x2EED, seed]))
        chosen = rng.integers(0, self.weeks, weeks)
        units, reads, arrivals = (_laid(rows, chosen, self.weeks) for rows in (self.units, self.reads, self.arrivals))
        values = to_values(units.codes["q"])
        latent = np.log(values) - np.log1p(-values)
        quality = {name: _laid(rows, chosen, self.weeks) for name, rows in self.quality.items()}
        return DrawnYear(units, reads, arrivals, _truths(self, units, rng), latent, rng, quality)

    def counts(self, year: DrawnYear) -> Counts:
        """Return the families of the watch for a drawn year."""
        rows = {WATCH: year.units, WATCH_READS: year.reads, ARRIVALS: year.arrivals}
        rows |= {f"FN:{name}": one for name, one in year.quality.items()}
        families = {name: one.family(name, self.axes[name], self.start) for name, one in rows.items()}
        return Counts(families, ())

    def per_day(self, keep: Mask) -> float:
        """Return the units a day of a mask over the source's units."""
        return float(keep.sum()) / (7 * self.weeks)


def source_of(counts: Counts, scope: Scope, until: int) -> Source | None:
    """Return the past of a scope up to a day; None where it holds fewer than eight whole weeks.

    Args:
        counts: of the model.
        scope: version, mode and target.
        until: ordinal of the day after the last one that is resampled: no failure is known before it, and the labels of
            its units had their time.
    """
    chosen = {"version": scope.version, "mode": scope.mode, "target": scope.target}
    units = counts[WATCH].where(**chosen)
    units = units.select(~units.is_level("site", ""))
    if units.total == 0:
        return None
    first = _begun(units)
    start = first + (7 - (first - 1) % 7) % 7
    weeks = (until - start) // 7
    if weeks < LEAST_WEEKS:
        return None
    span = (start, start + 7 * weeks)
    families = {
        WATCH: units,
        WATCH_READS: counts[WATCH_READS].where(**chosen),
        ARRIVALS: _fleet(counts[ARRIVALS], units),
    }
    stated = {name: counts.families[f"FN:{name}"] for name in MEASURES if f"FN:{name}" in counts.families}
    quality = {name: _rows(_fleet(family, units), span) for name, family in stated.items() if family.total}
    rows = [_rows(family, span) for family in families.values()]
    axes = {name: family.axes for name, family in families.items()} | {f"FN:{n}": f.axes for n, f in stated.items()}
    return Source(scope, start, rows[0], rows[1], rows[2], weeks, axes, quality)


def scope_of(counts: Counts, target: str | None) -> Scope | None:
    """Return the version, mode and target with most units in live operation, else in shadow; None for none."""
    for mode in MONITORED_MODES:
        units = counts[WATCH].where(mode=mode)
        units = units if target is None else units.where(target=target)
        found: dict[tuple[str, str], int] = {}
        pairs = zip(units.labels_of("version"), units.labels_of("target"), units.counts.tolist(), strict=True)
        for version, of, n in pairs:
            found[version, of] = found.get((version, of), 0) + n
        if found:
            version, of = max(sorted(found), key=lambda pair: found[pair])
            return Scope(version, mode, of)
    return None


def _begun(units: Family) -> int:
    """Return the first day on which every site that will have units has had some."""
    day = units.codes_of("day")
    return max(int(day[units.is_level("site", site)].min()) for site in units.levels["site"])


def _fleet(acquired: Family, units: Family) -> Family:
    """Return the acquisitions at the sites of some units."""
    keep = np.logical_or.reduce([acquired.is_level("site", site) for site in units.levels["site"]])
    return acquired.select(keep)


def _rows(family: Family, span: tuple[int, int]) -> Rows:
    day = family.codes_of("day")
    family = family.select((day >= span[0]) & (day < span[1]))
    places = np.repeat(np.arange(len(family.counts)), family.counts)
    codes = {axis: family.codes_of(axis)[places] for axis in family.axes}
    codes["day"] = codes["day"] - span[0]
    return Rows(codes, dict(family.levels))


def _laid(rows: Rows, chosen: Integers, weeks: int) -> Rows:
    """Return the rows of the chosen weeks, one week after the other."""
    week = rows.codes["day"] // 7
    order = np.argsort(week, kind="stable")
    bounds = np.searchsorted(week[order], np.arange(weeks + 1))
    parts = [order[bounds[one] : bounds[one + 1]] for one in chosen.tolist()]
    found = rows.take(np.concatenate(parts))
    place = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    found.codes["day"] = found.codes["day"] % 7 + 7 * place
    return found


def _truths(source: Source, units: Rows, rng: np.random.Generator) -> Mask:
    """Return the truth of each unit: the known one, else by chance as among the labelled units that are like it."""
    edges = np.unique(np.quantile(source.units.codes["q"], np.linspace(0, 1, _BINS + 1)[1:-1]))
    past, now = (_alike(rows, edges) for rows in (source.units, units))
    size = 2 * (len(edges) + 1)
    pos, neg = (np.bincount(past[source.units.at("first_truth", name)], minlength=size) for name in ("pos", "neg"))
    base = pos.sum() / max(pos.sum() + neg.sum(), 1)
    share = (pos + base) / (pos + neg + 1)
    known = ~units.at("first_truth", "none")
    return np.where(known, units.at("first_truth", "pos"), rng.random(len(units)) < share[now])


def _alike(rows: Rows, edges: npt.NDArray[Any]) -> Integers:
    place = np.searchsorted(edges, rows.codes["q"], side="right")
    return np.asarray(2 * place + rows.at("decision", "pos"), dtype=np.int64)


def busiest(rows: Rows, axis: str, keep: Mask | None = None) -> str:
    """Return the level of an axis with most rows, of those of a mask; the first by name among equals."""
    mine = rows.codes[axis] if keep is None else rows.codes[axis][keep]
    counts = np.bincount(mine, minlength=len(rows.levels[axis]))
    stated = sorted((name for name in rows.levels[axis] if name), key=lambda name: name)
    return max(stated, key=lambda name: counts[rows.levels[axis].index(name)], default="")


def scanners_at(rows: Rows, site: str) -> list[str]:
    """Return the scanners of a site, the busiest first."""
    here = rows.at("site", site)
    counts = np.bincount(rows.codes[SCANNER][here], minlength=len(rows.levels[SCANNER]))
    found = [(-int(counts[at]), name) for at, name in enumerate(rows.levels[SCANNER]) if name and counts[at]]
    return [name for _, name in sorted(found)]


def copied(year: DrawnYear) -> DrawnYear:
    """Return a year that may be changed while the first stays as it is."""
    quality = {name: _copy(one) for name, one in year.quality.items()}
    rows = [_copy(one) for one in (year.units, year.reads, year.arrivals)]
    return DrawnYear(rows[0], rows[1], rows[2], year.truth.copy(), year.latent.copy(), year.rng, quality)


def _copy(one: Rows) -> Rows:
    return replace(one, codes={axis: codes.copy() for axis, codes in one.codes.items()}, levels=dict(one.levels))
