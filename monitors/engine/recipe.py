"""What a stored count of a day was made from: its rows, and everything else that the kernel's answer depends on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from monitors.counts import family_axes, home_text
from monitors.engine.columns import texts
from monitors.engine.links import Links, parts_of
from monitors.engine.tables import Request, Tables
from monitors.families import further_axes
from monitors.packing import basis_bytes
from registry.domain.digest import digest_bytes, digest_value
from registry.domain.stratum import Suspension

RECIPE = "overread.day-recipe/1"
_ROOT = Path(__file__).parents[2]
_SOURCES = (
    "monitors/engine/*.py",
    "monitors/counts.py",
    "monitors/families.py",
    "monitors/grouping.py",
    "monitors/value_grid.py",
    "monitors/packing.py",
    "registry/domain/joining.py",
    "registry/domain/vocabulary.py",
    "validation/statistics/grid.py",
)


@dataclass(frozen=True)
class DayFacts:
    """What is known of a home day without counting it.

    Attributes:
        day: proleptic ordinal; 0 for rows without any time.
        digest: digest of the basis, the line that lists the ids of its rows.
        made: the first and the last instant of its predictions, UTC texts; both empty without one.
        sites: where it was acquired.
        basis: the line itself; empty where the rows were not read.
    """

    day: int
    digest: str
    made: tuple[str, str]
    sites: tuple[str, ...]
    basis: bytes = b""

    @property
    def name(self) -> str:
        """The day's name."""
        return home_text(self.day)

    def suspensions(self, every: Sequence[Suspension]) -> tuple[Suspension, ...]:
        """Return the suspensions that its predictions may fall into, spelled by what they mean on this day alone.

        One that began before its first prediction, or that ended after its last, is the same suspension on this day
        whenever it began or ended.
        """
        return tuple(_on_day(one, *self.made) for one in every if _touches(one, *self.made))

    def recipe(self, request: Request) -> str:
        """Return the digest of everything beside the rows that decides the day's counts."""
        told = sorted(_told(one) for one in self.suspensions(request.suspensions))
        zones = {site: request.zone_of(site) for site in self.sites}
        return digest_value([_words(request.model, request.target, request.axes, request.pairs), zones, told])


@cache
def _words(model: str, target: str | None, axes: tuple[str, ...], pairs: tuple[str, ...]) -> str:
    families = {name: list(of) for name, of in sorted((family_axes(axes) | further_axes(pairs)).items())}
    told = {"kernel": kernel_digest(), "model": model, "target": target, "families": families}
    return digest_value({"schema": RECIPE} | told)


def day_facts(tables: Tables, links: Links, days: Sequence[int]) -> Iterator[DayFacts]:
    """Yield the facts of home days.

    Args:
        tables: the observation tables, with `row_id`.
        links: of exactly these tables.
        days: the home days.
    """
    for day, part in zip(days, parts_of(tables, links.home, days), strict=True):
        rows = {name: sorted(texts(table, "row_id").to_pylist()) for name, table in vars(part).items()}
        basis = basis_bytes(home_text(day), rows)
        sites = tuple(sorted(set(texts(part.acquisitions, "site").to_pylist())))
        yield DayFacts(day, digest_bytes(basis), _span(texts(part.predictions, "predicted_at")), sites, basis)


@cache
def kernel_digest() -> str:
    """Return the digest of the sources that count: a change of them makes every stored count an old version."""
    files = sorted({place for pattern in _SOURCES for place in _ROOT.glob(pattern)})
    return digest_value([[place.relative_to(_ROOT).as_posix(), digest_bytes(place.read_bytes())] for place in files])


def requested(tables: Tables, request: Request) -> Tables:
    """Leave out the predictions of other models and targets: they take no part in the request's counts."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    table = tables.predictions
    wanted = pc.equal(texts(table, "model"), request.model)
    if request.target is not None:
        wanted = pc.and_(wanted, pc.equal(texts(table, "target"), request.target))
    return replace(tables, predictions=table.filter(wanted))


def _span(when: Any) -> tuple[str, str]:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    found = pc.min_max(when).as_py()
    return found["min"] or "", found["max"] or ""


def _touches(one: Suspension, first: str, last: str) -> bool:
    return bool(last) and one.since <= last and (one.until is None or one.until > first)


def _on_day(one: Suspension, first: str, last: str) -> Suspension:
    until = None if one.until is None or one.until > last else one.until
    return replace(one, since=max(one.since, first), until=until)


def _told(one: Suspension) -> list[str]:
    return [one.version, one.site, one.stratum.axis, one.stratum.value, one.since, one.until or ""]
