"""The sequential layer: change detectors under one budget of false alerts; the only source of alerts.

Every stream gives one signal, the readers of a site one for each of the two streams, without their names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitors.alarms import CODES, RECENT, Life, life_of, running_on
from monitors.catalogue import CATALOGUE
from monitors.counts import Counts
from monitors.data import version_scopes
from monitors.scope import Scope
from monitors.watch.affected import unit_count
from monitors.watch.build import NEVER, Watch, watch_of
from monitors.watch.comparisons import Share, Silence
from monitors.watch.detector import segment_sums
from monitors.watch.kept import Shelf
from monitors.watch.ripening import Ripening
from monitors.watch.stream import Stream
from monitors.watch.words import explained, unexplained
from registry.domain.digest import digest_bytes
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Alert, Signal, Window
from registry.domain.vocabulary import NotAssessed, SignalState
from validation.statistics.proportions import wilson

_Z = 1.959963984540054
LABELLED = ("sensitivity", "specificity", "residual")
# The streams that a site, or a scanner, has from its first day: while they are not judged they say why.
_ALWAYS = frozenset(
    {
        ("score", "score_level"),
        ("score", "positive_share"),
        ("scanner", "score_level"),
        ("scanner", "positive_share"),
        ("performance", "sensitivity"),
        ("performance", "specificity"),
        ("calibration", "residual"),
        ("routing", "silence"),
    }
)


@dataclass(frozen=True)
class PlanPeriod:
    """A plan that was in force up to a day.

    Attributes:
        plan: the plan.
        last: its last day, ISO.
    """

    plan: MonitoringPlan
    last: str


@dataclass(frozen=True, eq=False)
class Sequence:
    """The sequential layer of a model, up to a day; it answers for that day and for every earlier one.

    Attributes:
        model: whose.
        scopes: every version, mode and target that is monitored.
        life: streams and alerts; None where nothing entered the watch.
        plan: the monitoring plan.
    """

    model: str
    scopes: tuple[Scope, ...]
    life: Life | None
    plan: MonitoringPlan

    def alerts(self, day: str) -> list[Alert]:
        """Return the alerts as they stood on a day."""
        return (
            []
            if self.life is None or not self._began(day)
            else self.life.alerts(self.model, self.life.watch.index(day))
        )

    def signals(self, day: str) -> list[Signal]:
        """Return one signal a stream, and one a family that has none."""
        found: list[Signal] = []
        if self.life is not None and self.life.watch.index(day) >= 0:
            found = list(_signals(self.life, self.life.watch.index(day)))
        said = {(signal.version, signal.mode, signal.target, signal.code) for signal in found}
        for scope in self.scopes if self._began(day) else ():
            for family, code in CODES.items():
                if (scope.version, scope.mode, scope.target, code) not in said:
                    found.append(_silent(scope, family, day, self.plan))
        return found

    def _began(self, day: str) -> bool:
        """Say whether anything had entered the watch by a day, or never did."""
        return self.life is None or self.life.watch.index(day) >= 0


def sequence_of(
    model: str,
    counts: Counts,
    plan: MonitoringPlan,
    as_of: str,
    earlier: tuple[PlanPeriod, ...] = (),
    shelf: Shelf | None = None,
) -> Sequence:
    """Return the sequential layer of a model up to a day; it depends on the counts and the plans alone.

    Args:
        model: whose.
        counts: with the axes of every plan.
        plan: the plan in force; what it says holds from the end of the last earlier plan, else from the first day.
        as_of: ISO day.
        earlier: the plans that were in force before, oldest first: what they raised stays as it was raised.
        shelf: where evidence of earlier days is kept; unless given, every day is looked at.
    """
    life: Life | None = None
    for period in earlier:
        watch = watch_of(counts, period.plan, period.last, shelf)
        life = life if watch is None else life_of(watch, life)
    watch = watch_of(counts, plan, as_of, shelf)
    return Sequence(model, version_scopes(counts), None if watch is None else life_of(watch, life), plan)


def _signals(life: Life, index: int) -> Iterator[Signal]:
    """Yield the signals of the streams that exist by a day; of a site's readers only the strongest of each kind."""
    raised = {place for one in running_on(life, index) for place in one.explained if life.crossed(place, index)}
    readers: dict[tuple[str, ...], list[int]] = {}
    for place, stream in enumerate(life.watch.streams):
        if not _exists(life.watch, stream, index):
            continue
        if stream.family == "reader":
            readers.setdefault((*stream.name[:4], stream.watched), []).append(place)
        else:
            yield _signal(life, place, index, alert=place in raised)
    for places in readers.values():
        strongest = max(
            places, key=lambda place: (life.evidence[place][index], life.watch.judged[place][index], -place)
        )
        yield _signal(life, strongest, index, alert=bool(raised & set(places)))


def _exists(watch: Watch, stream: Stream, index: int) -> bool:
    """Say whether a stream has a signal on a day: it is judged, or it is one that every site has from its first day."""
    if stream.exists > index or watch.first_day(stream) > index or (stream.ends is not None and index >= stream.ends):
        return False
    from_the_start = (stream.family, stream.watched) in _ALWAYS and bool(stream.scope.site)
    return stream.begun(index) or (from_the_start and not (stream.family == "routing" and stream.key))


def _signal(life: Life, place: int, index: int, *, alert: bool) -> Signal:
    watch, stream = life.watch, life.watch.streams[place]
    limit = float(watch.limits[place][index])
    if stream.comparison is None or not stream.begun(index) or stream.hold_on(index) or limit >= NEVER:
        return _unjudged(watch, stream, index)
    if not alert and not unit_count(stream, index + 1 - RECENT, index):
        return _unjudged(watch, stream, index)
    length = int(watch.paths[place].length[index]) or max(min(RECENT, index + 1 - stream.begins), 1)
    first = index + 1 - length
    sums = segment_sums(stream.comparison, first, index)
    value, error = stream.comparison.estimate(sums)
    n = round(unit_count(stream, first, index))
    evidence = float(life.evidence[place][index])
    state = SignalState.ALERT if alert else SignalState.OK
    window = Window(watch.day(max(first - stream.lag, 0)), watch.day(max(index - stream.lag, 0)))
    shown = value if n or isinstance(stream.comparison, Silence) else None
    return Signal(
        **_head(stream, window),
        n=n,
        state=state,
        explains=explained(stream, shown, (evidence, limit), window, n, raised=alert),
        reference_digest=_reference(stream),
        value=shown,
        interval=None if shown is None else _interval(stream, sums, value, error),
        limit=limit,
        evidence=evidence,
    )


def _interval(
    stream: Stream, sums: np.ndarray[tuple[int], np.dtype[np.float64]], value: float, error: float
) -> tuple[float, float] | None:
    if isinstance(stream.comparison, Share | Ripening):
        bounds = wilson(round(float(sums[0::2].sum())), round(float(sums[1::2].sum())))
        return bounds.low, bounds.high
    return None if isinstance(stream.comparison, Silence) else (value - _Z * error, value + _Z * error)


def _unjudged(watch: Watch, stream: Stream, index: int) -> Signal:
    """Return the signal of a stream that is not judged on a day; it depends on what was known by then alone."""
    hold = stream.hold_on(index) if stream.begun(index) else None
    reason, why = (hold.reason, hold.why) if hold else _not_yet(watch, stream, index)
    if stream.begun(index) and not hold:
        reason, why = NotAssessed.TOO_FEW, f"nothing of it came in {RECENT} days"
    if float(watch.plan.budget.get(stream.family, "0")) <= 0:
        reason, why = NotAssessed.NOT_RUN, f"the plan has no budget for the family {stream.family}"
    day, n = watch.day(index), watch.units(stream, index)
    words = unexplained(stream, why)
    return Signal(**_head(stream, Window(day, day)), n=n, state=SignalState.NOT_ASSESSED, explains=words, reason=reason)


def _not_yet(watch: Watch, stream: Stream, index: int) -> tuple[NotAssessed, str]:
    if stream.watched not in LABELLED or (stream.comparison is None and index >= stream.rules.first > 0):
        return NotAssessed.TOO_FEW, "its reference is not over, or holds too few units"
    if watch.labels(stream, index):
        return NotAssessed.IMMATURE, "the labels of the reference have not had the time to arrive"
    return NotAssessed.NO_OUTCOMES, "no unit has an outcome that is independent of its read"


def _head(stream: Stream, window: Window) -> dict[str, Any]:
    entry = CATALOGUE[CODES[stream.family]]
    return {
        "code": entry.code,
        "monitor": entry.monitor,
        "version": stream.scope.version,
        "mode": stream.scope.mode,
        "target": stream.scope.target,
        "statistic": entry.statistic,
        "window": window,
        "site": stream.scope.site or None,
        "subject": {"watched": stream.watched} | dict(stream.subject),
    }


def _reference(stream: Stream) -> str | None:
    if stream.comparison is None:
        return None
    return digest_bytes(np.ascontiguousarray(stream.comparison.series[:, : stream.rules.first], dtype="<f8").tobytes())


def _silent(scope: Scope, family: str, day: str, plan: MonitoringPlan) -> Signal:
    entry = CATALOGUE[CODES[family]]
    budgeted = float(plan.budget.get(family, "0")) > 0
    reason = NotAssessed.TOO_FEW if budgeted else NotAssessed.NOT_RUN
    why = f"no unit of the {family} family" if budgeted else f"the plan has no budget for the family {family}"
    return Signal(
        code=entry.code,
        monitor=entry.monitor,
        version=scope.version,
        mode=scope.mode,
        target=scope.target,
        statistic=entry.statistic,
        window=Window(day, day),
        n=0,
        state=SignalState.NOT_ASSESSED,
        explains=f"{entry.title} is not assessed: {why} could be watched.",
        reason=reason,
    )
