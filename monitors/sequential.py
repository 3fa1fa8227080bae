"""The sequential layer: change detectors under one budget of false alerts; the only source of alerts.

Every stream gives one signal, the readers of a site one for each of the two streams, without their names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitors.alarms import CODES, Life, life_of, running_on
from monitors.catalogue import CATALOGUE
from monitors.counts import Counts
from monitors.data import version_scopes
from monitors.scope import Scope
from monitors.watch.affected import unit_count
from monitors.watch.build import NEVER, Watch, watch_of
from monitors.watch.comparisons import Share, Silence
from monitors.watch.stream import Stream
from monitors.watch.words import explained, unexplained
from registry.domain.digest import digest_bytes
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Alert, Signal, Window
from registry.domain.vocabulary import NotAssessed, SignalState
from validation.statistics.proportions import wilson

_Z = 1.959963984540054


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


def sequence_of(model: str, counts: Counts, plan: MonitoringPlan, as_of: str) -> Sequence:
    """Return the sequential layer of a model up to a day; it depends on the counts and the plan alone."""
    watch = watch_of(counts, plan, as_of)
    return Sequence(model, version_scopes(counts), None if watch is None else life_of(watch), plan)


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
    begun = stream.comparison is None or stream.exists <= index
    return begun and watch.first_day(stream) <= index and (stream.ends is None or index < stream.ends)


def _signal(life: Life, place: int, index: int, *, alert: bool) -> Signal:
    watch, stream = life.watch, life.watch.streams[place]
    limit = float(watch.limits[stream.family][index])
    hold = stream.hold_on(index) if stream.comparison is not None else None
    if stream.comparison is None or index < stream.begins or hold or limit >= NEVER:
        return _unjudged(watch, stream, index, limit)
    length = max(int(watch.paths[place].length[index]), 1)
    first = index + 1 - length
    sums = stream.comparison.series[:, first : index + 1].sum(axis=1)
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
    if isinstance(stream.comparison, Share):
        bounds = wilson(round(float(sums[0])), round(float(sums[1])))
        return bounds.low, bounds.high
    return None if isinstance(stream.comparison, Silence) else (value - _Z * error, value + _Z * error)


def _unjudged(watch: Watch, stream: Stream, index: int, limit: float) -> Signal:
    hold = stream.hold_on(index) if stream.comparison is not None else None
    reason, why = (hold.reason, hold.why) if hold else (stream.reason, stream.why)
    if limit >= NEVER and stream.comparison is not None:
        reason, why = NotAssessed.NOT_RUN, f"the plan has no budget for the family {stream.family}"
    elif stream.comparison is not None and index < stream.begins:
        reason = NotAssessed.IMMATURE if stream.watched in ("sensitivity", "specificity", "residual") else reason
        why = f"it is judged from {watch.day(stream.begins)} on, when its reference is over"
    day = watch.day(index)
    n = stream.n if stream.comparison is None else round(unit_count(stream, 0, index))
    words = unexplained(stream, why)
    return Signal(**_head(stream, Window(day, day)), n=n, state=SignalState.NOT_ASSESSED, explains=words, reason=reason)


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
