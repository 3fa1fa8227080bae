"""A year of three sites as counts, drawn at once: null years and planted failures for the watch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitors.counts import NO_LABEL, SCOPE, Column, Counts, Labels, count, day_number, watch_axes
from monitors.value_grid import to_cells
from monitors.watch.quality_streams import MEASURES

FIRST = "2026-01-01"
AXES = ("sex", "scanner", "software_versions", "protocol_name")
SITES = ("north", "port", "valley")


@dataclass
class Draw:
    """What is drawn of each unit, before scores; a plant changes it in place.

    Attributes:
        day, site, scanner, reader: indices.
        female: bool.
        prevalence, shift, skill: of the truth and of the latent score.
        software, threshold: index of the version; threshold on the score.
        scored: whether the unit reaches the model.
        rejects, supplements: chance that a reader overrides a wrong positive, or a negative.
        rng: the generator.
    """

    day: Any
    site: Any
    scanner: Any
    reader: Any
    female: Any
    prevalence: Any
    shift: Any
    skill: Any
    software: Any
    threshold: Any
    scored: Any
    rejects: Any
    supplements: Any
    rng: np.random.Generator


Plant = Callable[[Draw], None]


def year(
    seed: int,
    plant: Plant | None = None,
    *,
    days: int = 365,
    volumes: tuple[float, ...] = (18, 30, 46),
    restless: float = 0.0,
    memory: float = 0.0,
    wander: float = 0.0,
) -> Counts:
    """Draw a year of counts.

    Args:
        seed: of the generator.
        plant: what goes wrong; None for a null year.
        days: length.
        volumes: studies a day of each site; half of it at weekends, with a gamma spread of the days.
        restless: standard deviation of a site's day effect on the latent score.
        memory: autocorrelation of that effect from day to day.
        wander: standard deviation of the effect of a week on the latent scores of one sex at one site.
    """
    rng = np.random.default_rng(seed)
    draw = _draw(rng, days, volumes, _day_effects(rng, days, restless, memory))
    if wander:
        weeks = np.random.default_rng([0x3EE2, seed]).normal(size=(len(SITES), 2, days // 7 + 1))
        draw.shift = draw.shift + wander * weeks[draw.site, draw.female.astype(np.int64), draw.day // 7]
    if plant is not None:
        plant(draw)
    return _counted(draw)


def _day_effects(rng: np.random.Generator, days: int, restless: float, memory: float) -> Any:
    fresh = rng.normal(size=(len(SITES), days))
    found = fresh.copy()
    for day in range(1, days):
        found[:, day] = memory * found[:, day - 1] + np.sqrt(1 - memory**2) * fresh[:, day]
    return restless * found


def _draw(rng: np.random.Generator, days: int, volumes: tuple[float, ...], effects: Any) -> Draw:
    weekend = (np.arange(days) + day_number(FIRST) + 6) % 7 >= 5
    parts = [rng.poisson(volume * np.where(weekend, 0.5, 1.2) * rng.gamma(20, 0.05, days)) for volume in volumes]
    day = np.concatenate([np.repeat(np.arange(days), n) for n in parts])
    site = np.repeat(np.arange(len(parts)), [n.sum() for n in parts])
    size = len(day)
    return Draw(
        day=day,
        site=site,
        scanner=2 * site + (rng.random(size) < 0.45),
        reader=4 * site + rng.integers(0, 4, size),
        female=rng.random(size) < 0.5,
        prevalence=np.array([0.10, 0.12, 0.14])[site],
        shift=effects[site, day],
        skill=np.full(size, 1.66),
        software=np.zeros(size, dtype=np.int64),
        threshold=np.full(size, 0.5),
        scored=np.ones(size, dtype=np.bool_),
        rejects=np.full(size, 0.6),
        supplements=np.full(size, 0.02),
        rng=rng,
    )


def _counted(draw: Draw) -> Counts:
    rng, size = draw.rng, len(draw.day)
    truth = rng.random(size) < draw.prevalence
    latent = rng.normal(size=size) + truth * draw.skill + draw.shift - 1.0
    return tallied(draw, truth, 1 / (1 + np.exp(-latent)))


def tallied(draw: Draw, truth: Any, score: Any) -> Counts:
    """Return the counts of drawn units with a truth and a score each."""
    rng, size = draw.rng, len(draw.day)
    called = score >= draw.threshold
    labelled = rng.random(size) < np.where(called, 0.95, 0.5)
    age = np.where(labelled, np.minimum(1 + rng.gamma(2, 7, size).astype(np.int64), 200), NO_LABEL)
    override = rng.random(size) < np.where(called, np.where(truth, 0.1, 1.0) * draw.rejects, draw.supplements)
    columns: dict[str, Column] = {
        "day": draw.day + day_number(FIRST),
        **{axis: _texts(np.zeros(size), ("m" if axis == "model" else "1",)) for axis in ("model", "version")},
        "target": _texts(np.zeros(size), ("t",)),
        "site": _texts(draw.site, SITES),
        "mode": _texts(np.zeros(size), ("live",)),
        "q": np.minimum(65535, np.floor(score * 65536)).astype(np.int64),
        "first_truth": _texts(np.where(labelled, truth, 2), ("neg", "pos", "none")),
        "decision": _texts(called, ("neg", "pos")),
        "lag": np.zeros(size, dtype=np.int64),
        "label_age": age,
        "sex": _texts(draw.female, ("M", "F")),
        "scanner": _texts(draw.scanner, tuple(f"s{at}" for at in range(6))),
        "software_versions": _texts(draw.software, ("V1", "V2")),
        "protocol_name": _texts(np.zeros(size), ("",)),
        "modality": _texts(np.zeros(size), ("CT",)),
        "reader": _texts(draw.reader, tuple(f"r{at}" for at in range(12))),
        "ai_decision": _texts(called, ("neg", "pos")),
        "read_decision": _texts(called ^ override, ("neg", "pos")),
        "finding": _texts(np.zeros(size), ("analysed",)),
    }
    scored = np.flatnonzero(draw.scored)
    axes = watch_axes(AXES) | {"FA": ("day", "site", "modality", "scanner"), "FQ": (*SCOPE, "finding")}
    axes |= {f"FN:{measure}": ("day", "site", "modality", "scanner", "cell") for measure in MEASURES}
    rows = dict.fromkeys(("FA", *(f"FN:{measure}" for measure in MEASURES)), np.arange(size))
    quality = np.random.default_rng(size)  # a stream of its own, so that scores stay as they were drawn
    found = {}
    for name in axes:
        if name.startswith("FN:"):
            columns["cell"] = to_cells(np.exp(0.2 * quality.normal(size=size)))
        found[name] = _family(name, columns, axes[name], rows.get(name, scored))
    return Counts(found, AXES)


def _family(name: str, columns: dict[str, Column], axes: tuple[str, ...], rows: Any) -> Any:
    chosen = {axis: columns[axis] for axis in axes}
    at = {
        axis: Labels(column.codes[rows], column.levels) if isinstance(column, Labels) else column[rows]
        for axis, column in chosen.items()
    }
    return count(name, at)


def _texts(codes: Any, levels: tuple[str, ...]) -> Labels:
    return Labels(np.asarray(codes).astype(np.int64), levels)


def upgraded(since: int) -> Plant:
    """Scanner s2 gets new software, and its scores rise."""

    def plant(draw: Draw) -> None:
        late = (draw.scanner == 2) & (draw.day >= since)
        draw.shift[late] += 0.5
        draw.software[late] = 1

    return plant


def degraded(since: int) -> Plant:
    """The scores of scanner s2 rise, and nothing says why."""

    def plant(draw: Draw) -> None:
        draw.shift[(draw.scanner == 2) & (draw.day >= since)] += 0.5

    return plant


def declined(since: int) -> Plant:
    """In women the sensitivity falls by a half, at every site."""

    def plant(draw: Draw) -> None:
        draw.skill[draw.female & (draw.day >= since)] -= 1.2

    return plant


def trusting(since: int) -> Plant:
    """Reader r5 accepts everything."""

    def plant(draw: Draw) -> None:
        late = (draw.reader == 5) & (draw.day >= since)
        draw.rejects[late] = 0.0
        draw.supplements[late] = 0.0

    return plant


def preprocessed(since: int) -> Plant:
    """All scores of one site rise."""

    def plant(draw: Draw) -> None:
        draw.shift[(draw.site == 1) & (draw.day >= since)] += 0.5

    return plant


def unrouted(since: int) -> Plant:
    """For ten days nothing of one site reaches the model."""

    def plant(draw: Draw) -> None:
        draw.scored[(draw.site == 1) & (draw.day >= since) & (draw.day < since + 10)] = False

    return plant


def sicker(since: int) -> Plant:
    """At one site the disease becomes twice as frequent."""

    def plant(draw: Draw) -> None:
        draw.prevalence[(draw.site == 1) & (draw.day >= since)] *= 2

    return plant


def retuned(since: int) -> Plant:
    """At one site the threshold is lowered."""

    def plant(draw: Draw) -> None:
        draw.threshold[(draw.site == 1) & (draw.day >= since)] = 0.4

    return plant


def worsened(since: int) -> Plant:
    """Everywhere the model tells the classes apart less well."""

    def plant(draw: Draw) -> None:
        draw.skill[draw.day >= since] -= 0.9

    return plant


def swapped(since: int) -> Plant:
    """Everywhere another model gives the scores."""

    def plant(draw: Draw) -> None:
        draw.shift[draw.day >= since] -= 0.4

    return plant
