"""Where a rehearsed failure strikes: the drawn year, the busiest site, scanner, group and reader, and since when."""

from dataclasses import dataclass

import numpy as np

from monitors.counts import SCANNER
from monitors.rehearsal_source import DrawnYear, Mask, Source, busiest, scanners_at


@dataclass(frozen=True)
class Struck:
    """Whom the failures of a rehearsal strike: always the one with most units, so that the table says the best case.

    Attributes:
        site, scanner: the busiest site, and its busiest scanner.
        axis, group: the first axis of the plan, and its largest group at that site.
        reader: the reader of that site with most reads; empty where none was shown an answer.
        lone: whether the site has one scanner.
    """

    site: str
    scanner: str
    axis: str
    group: str
    reader: str
    lone: bool


@dataclass(frozen=True, eq=False)
class Stage:
    """A drawn year on which a failure is planted from a day on.

    Attributes:
        year: what is changed in place.
        source: where it was drawn from.
        struck: whom it strikes.
        since: index of the first day.
        scale: standard deviation of the log odds of negatives.
        distance: of the classes, in log odds.
    """

    year: DrawnYear
    source: Source
    struck: Struck
    since: int
    scale: float
    distance: float

    @property
    def late(self) -> Mask:
        """Units since the failure."""
        return np.asarray(self.year.units.codes["day"] >= self.since)

    def at_site(self) -> Mask:
        """Units of the struck site since then."""
        return self.late & self.year.units.at("site", self.struck.site)

    def on_scanner(self) -> Mask:
        """Units of the struck scanner since then."""
        return self.at_site() & self.year.units.at(SCANNER, self.struck.scanner)

    def in_group(self) -> Mask:
        """Units of the struck group since then, at every site."""
        return self.late & self.year.units.at(self.struck.axis, self.struck.group)


def struck_of(source: Source, axis: str) -> Struck:
    """Return whom a rehearsal strikes."""
    units, reads = source.units, source.reads
    site = busiest(units, "site")
    scanners = scanners_at(units, site)
    here = reads.at("site", site)
    return Struck(
        site,
        scanners[0] if scanners else "",
        axis,
        busiest(units, axis, units.at("site", site)) if axis in units.levels else "",
        busiest(reads, "reader", here) if here.any() else "",
        len(scanners) < 2,
    )


def stage_of(year: DrawnYear, source: Source, struck: Struck, since: int) -> Stage:
    """Return the stage of a failure, with the spread and the distance of its classes."""
    negative = year.latent[~year.truth]
    low, high = np.quantile(negative, [0.16, 0.84]) if len(negative) else (0.0, 2.0)
    middle = float(np.median(negative)) if len(negative) else 0.0
    above = float(np.median(year.latent[year.truth])) - middle if year.truth.any() else 1.0
    return Stage(year, source, struck, since, max(float(high - low) / 2, 1e-3), above)
