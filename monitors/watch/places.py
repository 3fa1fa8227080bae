"""Where a version runs: each site's reference and end, and the sites that began together."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitors.scope import Scope
from monitors.watch.cells import Cells, Span

TOGETHER = 30  # days: sites that began within them are pooled


@dataclass(frozen=True, eq=False)
class Place:
    """A site within a scope: its reference, and the day from which its version was replaced there (None for never)."""

    scope: Scope
    span: Span
    ends: int | None


@dataclass(frozen=True, eq=False)
class Wave:
    """Sites that began together: what is pooled over sites is pooled over these, so that a later site changes nothing.

    Attributes:
        places: the sites.
        number: 0 for the first wave.
    """

    places: tuple[Place, ...]
    number: int

    @property
    def scope(self) -> Scope:
        """The site's own scope where there is one site, else that of all sites."""
        first = self.places[0].scope
        return first if len(self.places) == 1 else Scope(first.version, first.mode, first.target)

    @property
    def begins(self) -> int:
        """Index of the first day after every reference."""
        return max(place.span[1] for place in self.places)

    @property
    def mark(self) -> str:
        """What tells the wave's streams from those of another."""
        return f"#{self.number}" if self.number else ""


def places_of(cells: Cells, scope: Scope, ends: dict[str, int]) -> tuple[Place, ...]:
    """Return the sites of a scope in the order in which they began."""
    found = []
    for site in cells.levels("site"):
        first = cells.first_day(cells.at("site", site))
        own = Scope(scope.version, scope.mode, scope.target, site)
        found.append(Place(own, (first, first + cells.calendar.reference_days), ends.get(site)))
    return tuple(sorted(found, key=lambda place: (place.span, place.scope.site)))


def waves_of(places: Sequence[Place]) -> tuple[Wave, ...]:
    """Return the sites in waves: each holds those that began within 30 days of its first."""
    waves: list[list[Place]] = []
    for place in places:
        if waves and place.span[0] <= waves[-1][0].span[0] + TOGETHER:
            waves[-1].append(place)
        else:
            waves.append([place])
    return tuple(Wave(tuple(wave), number) for number, wave in enumerate(waves))


def first_days(cells: Cells) -> dict[str, int]:
    """Return the index of the first day of each site."""
    return {site: cells.first_day(cells.at("site", site)) for site in cells.levels("site")}
