"""The rehearsal: what this plan would find, how soon, by which name, at a workspace's own volumes; and what it cannot.

Null years are drawn from the model's own weeks; each is also the year on which every failure is planted once. Beside
what was found stands the information floor, which no detector can beat at these volumes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from monitors.alarms import Life, life_of
from monitors.rehearsal_failures import FAILURES, NEW, Failure
from monitors.rehearsal_floor import Volumes, floor_days
from monitors.rehearsal_source import DrawnYear, Source, copied
from monitors.rehearsal_stage import Stage, Struck, stage_of, struck_of
from monitors.watch.build import watch_of
from registry.domain.estimate import rounded
from registry.domain.plan import MonitoringPlan
from registry.domain.ports import Progress
from registry.domain.signal import Alert
from validation.statistics.distributions import poisson_upper
from validation.statistics.proportions import wilson

SCHEMA = "overread.rehearsal/1"
WEEKS = 52
AFTER = 30  # days from the end of the labels' reference to the failure
_YEAR = 365.25
_PLACES = tuple(FAILURES)


@dataclass(frozen=True)
class Asked:
    """What is rehearsed.

    Attributes:
        model: whose counts.
        years: how many years are drawn; each failure is planted in every one.
        seed: of the first year.
        failures: names; every one unless some are named.
    """

    model: str
    years: int = 20
    seed: int = 1
    failures: tuple[str, ...] = tuple(FAILURES)


@dataclass(frozen=True)
class Trial:
    """What became of one planted failure: days to its alert (None for none), studies by then, whether it was named."""

    delay: int | None
    studies: int
    named: bool
    kind: str


@dataclass(frozen=True, eq=False)
class _Stand:
    """What the null years told: streams, label delay, and their false alerts."""

    volumes: Volumes
    label_delay: int
    alerts: tuple[int, ...]
    watched_years: float


def rehearse(source: Source, plan: MonitoringPlan, asked: Asked, progress: Progress) -> dict[str, Any]:
    """Return the table of a rehearsal; the same source, plan, years and seed give the same table.

    Args:
        source: the past that is resampled.
        plan: the monitoring plan.
        asked: model, years, seed and failures.
        progress: told of each year.
    """
    struck = struck_of(source, plan.subgroup_axes[0])
    since = 2 * plan.reference_days + AFTER
    trials: dict[str, list[Trial]] = {name: [] for name in asked.failures}
    floors: dict[str, list[float]] = {name: [] for name in asked.failures}
    alerts: list[int] = []
    stand: _Stand | None = None
    for number in range(asked.years):
        base = source.drawn(asked.seed + number, WEEKS)
        life = _life(source, base, plan)
        alerts.append(len(_alerts(life, asked.model)))
        stand = stand or _stand(life, plan, struck, since)
        for name in asked.failures:
            place = _PLACES.index(name)  # so that a failure is drawn alike whichever others are asked for
            stage = _planted(source, base, struck, (since, asked.seed + number, place), FAILURES[name])
            floors[name].append(floor_days(FAILURES[name], base, stage, stand.volumes))
            trials[name].append(_trial(source, plan, asked, FAILURES[name], stage))
            progress.advance()
    if stand is None:
        raise ValueError("a rehearsal draws at least one year")
    rows = [_row(source, FAILURES[name], struck, trials[name], median(floors[name]), stand) for name in asked.failures]
    return _document(source, plan, asked, (struck, stand, alerts), rows)


def _life(source: Source, year: DrawnYear, plan: MonitoringPlan) -> Life:
    day = np.datetime64("0001-01-01") + (source.start - 1 + 7 * WEEKS - 1)
    watch = watch_of(source.counts(year), plan, str(day))
    if watch is None:
        raise ValueError("a drawn year holds units")
    return life_of(watch)


def _alerts(life: Life, model: str) -> list[Alert]:
    return life.alerts(model, life.watch.calendar.days - 1)


def _stand(life: Life, plan: MonitoringPlan, struck: Struck, since: int) -> _Stand:
    watch = life.watch
    streams = sum(int(judged[since]) for judged in watch.judged)
    lags = [one.mature for one in watch.streams if one.family == "performance" and one.scope.site == struck.site]
    days = watch.calendar.days
    volumes = Volumes(max(streams, 1), float(plan.false_alerts_per_model_year), days, plan.reference_days)
    return _Stand(volumes, max(lags, default=0), (), (days - plan.reference_days) / _YEAR)


def _planted(source: Source, base: DrawnYear, struck: Struck, where: tuple[int, int, int], failure: Failure) -> Stage:
    since, seed, place = where
    year = copied(base)
    year.rng = np.random.default_rng(np.random.SeedSequence([0xFA11, seed, place]))
    stage = stage_of(year, source, struck, since)
    failure.plant(stage)
    return stage


def _trial(source: Source, plan: MonitoringPlan, asked: Asked, failure: Failure, stage: Stage) -> Trial:
    life = _life(source, stage.year, plan)
    start = life.watch.day(stage.since)
    later = [alert for alert in _alerts(life, asked.model) if alert.opened >= start]
    if not later:
        return Trial(None, 0, named=False, kind="")
    first = later[0]
    opened = life.watch.index(first.opened)
    units = stage.year.units
    here = units.codes["day"] >= stage.since
    here &= units.codes["day"] <= opened
    studies = int((here & (units.at("site", stage.struck.site) if not failure.whole else True)).sum())
    kind, who = first.cause["kind"], first.cause["who"]
    named = kind in failure.causes and who in _names(failure, stage.struck, source)
    return Trial(opened - stage.since, studies, named, kind)


def _names(failure: Failure, struck: Struck, source: Source) -> tuple[str, ...]:
    if failure.causes == ("reader",):
        return ("restricted",)
    if failure.causes == ("subgroup",):
        return (f"{struck.axis} {struck.group}",)
    if failure.causes == ("model",):
        return (source.scope.version,)
    if failure.name == "new-scanner":
        return (NEW,)
    return (struck.site, struck.scanner)


def _row(
    source: Source, failure: Failure, struck: Struck, trials: Sequence[Trial], floor: float, stand: _Stand
) -> dict[str, Any]:
    delays = sorted(one.delay for one in trials if one.delay is not None)
    late = stand.label_delay if failure.labelled else 0
    horizon = stand.volumes.days - (2 * stand.volumes.reference_days + AFTER)
    return {
        "failure": failure.name,
        "means": failure.meaning,
        "without_labels": not failure.labelled,
        "causes": list(failure.causes),
        "trials": len(trials),
        "found": len(delays),
        "probability": _share(len(delays), len(trials)),
        "delay_days": _spread(delays),
        "delay_studies": _spread(sorted(one.studies for one in trials if one.delay is not None)),
        "named_right": _share(sum(one.named for one in trials), len(delays)),
        "named": _tally(one.kind for one in trials if one.kind),
        "floor_days": rounded(floor) if math.isfinite(floor) else None,
        "label_delay_days": late,
        "within_two_floors": sum(delay <= max(late + 2 * floor, 1) for delay in delays),
        "within_four_floors": sum(delay <= max(late + 4 * floor, 1) for delay in delays),
        "verdict": _verdict(source, failure, struck, floor + late, (horizon, late)),
    }


def _verdict(source: Source, failure: Failure, struck: Struck, needs: float, span: tuple[int, int]) -> str:
    """Say whether a failure can be seen within the year at all, and what it would take where it cannot."""
    horizon, late = span
    if not math.isfinite(needs):
        return "cannot be seen: nothing that is counted tells of it"
    if needs <= horizon:
        return "can be seen at these volumes"
    units = source.units
    now = source.per_day(np.ones(len(units), dtype=np.bool_) if failure.whole else units.at("site", struck.site))
    wanted = math.ceil(now * (needs - late) / max(horizon - late, 1))
    return f"cannot be seen at these volumes: needs {wanted} studies a day, there are {now:.0f}"


def _document(
    source: Source,
    plan: MonitoringPlan,
    asked: Asked,
    told: tuple[Struck, _Stand, list[int]],
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    struck, stand, alerts = told
    years = stand.watched_years * len(alerts)
    return {
        "schema": SCHEMA,
        "model": asked.model,
        "version": source.scope.version,
        "mode": source.scope.mode,
        "target": source.scope.target,
        "plan": plan.digest,
        "seed": asked.seed,
        "years": asked.years,
        "weeks_resampled": source.weeks,
        "studies_a_day": {site: rounded(source.per_day(source.units.at("site", site))) for site in _sites(source)},
        "streams": stand.volumes.streams,
        "struck": {
            "site": struck.site,
            "scanner": struck.scanner,
            "group": f"{struck.axis} {struck.group}".strip(),
            "reader": "restricted" if struck.reader else "",
        },
        "false_alerts": {
            "alerts": sum(alerts),
            "watched_years": rounded(years),
            "a_year": rounded(sum(alerts) / years),
            "upper_95": rounded(poisson_upper(sum(alerts)) / years),
            "promised": float(plan.false_alerts_per_model_year),
        },
        "failures": rows,
    }


def _sites(source: Source) -> list[str]:
    return sorted(name for name in source.units.levels["site"] if name)


def _share(hits: int, n: int) -> dict[str, Any]:
    if n == 0:
        return {"value": None, "interval": None, "n": 0}
    bounds = wilson(hits, n)
    return {"value": rounded(hits / n), "interval": [rounded(bounds.low), rounded(bounds.high)], "n": n}


def _spread(values: Sequence[int]) -> dict[str, Any] | None:
    if not values:
        return None
    return {"median": rounded(float(median(values))), "least": values[0], "most": values[-1]}


def _tally(kinds: Any) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))
