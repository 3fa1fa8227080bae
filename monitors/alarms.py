"""The life of alerts: streams that cross their limits open one, an open one explains what belongs to it, quiet ends it.

The life is replayed from the first day of the watch, so that a run on a day and a replay up to it agree; what persons
decided is laid over it by the record.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from monitors.cause import Cause, Scene, cause_of
from monitors.watch.affected import studies_affected, unit_count
from monitors.watch.build import Watch
from monitors.watch.charts import evidence_path
from monitors.watch.detector import Floats, Path, change_point, segment_beyond, segment_z
from monitors.watch.stream import Stream
from registry.domain.digest import digest_value
from registry.domain.plan_response import ALERT_FAMILIES, RESPONSE_OF_CAUSE
from registry.domain.signal import Alert

EARLIER = 28  # days by which a stream's change may begin before the alert's and still belong to it
LATER = 14  # days by which it may begin after the alert was opened
RECENT = 28  # days that must still deviate for an alert to be active
FURTHER = 4.0  # standard deviates by which a covered stream must leave its level since the alert
STILL = 2.0  # standard deviates of those days
SEEN = 6.0  # standard deviates that as many days would show of a change that lasts: it falls below STILL once in 30,000
REVIEWS = (3, 7, 14, 28, 42, 56, 84)  # days after which an open alert's cause is looked at once more
CODES = {family: code for code, family in ALERT_FAMILIES.items()}
_SETTLED = frozenset({"reader", "routing", "threshold"})  # what these were named by leaves no doubt
_READERS = frozenset({"override_of_positive", "override_of_negative"})
_ARRIVALS = frozenset({"silence", "scored_share", "scanner_share", "unseen_scanner"})


@dataclass(eq=False)
class Episode:
    """An alert as it lives: what opened it, what it explains, when it was last active.

    Attributes:
        lead: the stream that opened it.
        opened: index of the day.
        since: the change-point's interval and its estimate, as days of entry.
        cause: why, as it was named last.
        active: index of the last day on which one of its streams still deviated.
        closed: index of the day on which it was cleared; None while it is open.
        explained: streams that belong to it.
        names: every name that it has had, with the day from which it bore it.
        doubt: another name that the last review gave; a second review that gives it too renames the alert.
    """

    lead: Stream
    opened: int
    since: tuple[int, int, int]
    cause: Cause
    active: int
    closed: int | None = None
    explained: set[int] = field(default_factory=set)
    names: list[tuple[int, Cause]] = field(default_factory=list)
    doubt: Cause | None = None

    def named(self, index: int) -> Cause:
        """Return the cause as it was named on a day."""
        return next(cause for since, cause in reversed(self.names) if since <= index)


@dataclass(frozen=True, eq=False)
class Life:
    """Every episode up to the watch's last day, and the evidence as it stood after each re-arming."""

    watch: Watch
    episodes: tuple[Episode, ...]
    evidence: tuple[Floats, ...]

    def alerts(self, model: str, index: int) -> list[Alert]:
        """Return the alerts as they stood on a day, the newest first opened last."""
        return [_alert(self.watch, model, one, index) for one in self.episodes if one.opened <= index]

    def crossed(self, place: int, index: int) -> bool:
        """Say whether a stream exceeds its limit on a day."""
        return bool(self.evidence[place][index] > self.watch.limits[place][index])


def life_of(watch: Watch, before: Life | None = None) -> Life:
    """Return the life of all alerts up to the watch's last day.

    Args:
        watch: the streams under the plan in force.
        before: the life under the plan before it, up to the day before this one began to hold: its alerts stay as
            they were opened, those that are open go on.
    """
    paths = list(watch.paths)
    evidence = [path.evidence.copy() for path in paths]
    crossing = watch.crossing()
    episodes = _taken_over(watch, before)
    for one in episodes:
        if one.closed is not None:
            _rearm(watch, one, (paths, evidence, crossing), one.closed)
    for index in range(0 if before is None else before.watch.calendar.days, watch.calendar.days):
        running = [one for one in episodes if one.closed is None]
        fresh = []
        for place in np.flatnonzero(crossing[:, index]).tolist():
            owner = _owner(watch, running, place, index)
            if owner is None:
                fresh.append(place)
            else:
                owner.explained.add(place)
        while fresh:
            episode, fresh = _opened(watch, fresh, evidence, index)
            episodes.append(episode)
        for one in running:
            _review(watch, one, evidence, index)
        for one in episodes:
            if one.closed is None and _ended(watch, one, crossing, index):
                one.closed = index
                _rearm(watch, one, (paths, evidence, crossing), index)
    return Life(watch, tuple(episodes), tuple(evidence))


def _taken_over(watch: Watch, before: Life | None) -> list[Episode]:
    """Return the alerts of the plan before, with the streams of theirs that are watched still."""
    if before is None:
        return []
    places = {stream.name: place for place, stream in enumerate(watch.streams)}
    streams = before.watch.streams
    kept = [{places[name] for at in one.explained if (name := streams[at].name) in places} for one in before.episodes]
    return [
        replace(one, explained=explained, names=[*one.names])
        for one, explained in zip(before.episodes, kept, strict=True)
    ]


def _opened(watch: Watch, fresh: list[int], evidence: list[Floats], index: int) -> tuple[Episode, list[int]]:
    """Open an episode for the strongest of the streams that nothing explains; return what it does not explain."""
    lead_at = max(fresh, key=lambda place: (evidence[place][index] - _limit(watch, place, index), -place))
    lead = watch.streams[lead_at]
    since = _since(lead, index)
    cause = cause_of(Scene(watch, index, lead, (since[1], since[2], since[0])))
    episode = Episode(lead, index, (since[1], since[2], since[0]), cause, index, explained={lead_at})
    episode.names.append((index, cause))
    left = []
    for place in fresh:
        if place == lead_at or _covers(episode, watch.streams[place]):
            episode.explained.add(place)
        else:
            left.append(place)
    return episode, left


def _review(watch: Watch, episode: Episode, evidence: list[Floats], index: int) -> None:
    """Look at the cause of an open alert once more; the same other name from two reviews in a row becomes its name."""
    if index - episode.opened not in REVIEWS or episode.cause.kind in _SETTLED or not episode.explained:
        return
    lead_at = max(sorted(episode.explained), key=lambda place: evidence[place][index] - _limit(watch, place, index))
    found = cause_of(Scene(watch, index, watch.streams[lead_at], episode.since))
    if found == episode.cause:
        episode.doubt = None
    elif found == episode.doubt:
        episode.cause, episode.doubt = found, None
        episode.names.append((index, found))
    else:
        episode.doubt = found


def _owner(watch: Watch, running: list[Episode], place: int, index: int) -> Episode | None:
    """Return the open episode to which a crossing belongs."""
    stream = watch.streams[place]
    for one in running:
        if place in one.explained:
            return one
    covering = [one for one in running if _covers(one, stream)]
    if not covering:
        return None
    _, low, high = _since(stream, index)
    fits = [one for one in covering if high >= one.since[0] - EARLIER and low <= one.opened + LATER]
    same = fits or [one for one in covering if not _went_further(stream, one, index)]
    return same[0] if same else None


def _went_further(stream: Stream, episode: Episode, index: int) -> bool:
    """Say whether a stream changed once more since an alert's own change, beyond what it deviated by already."""
    if stream.comparison is None:
        return False
    start, _, _ = change_point(stream.comparison, stream.rules, index)
    first = max(episode.since[2] + stream.lag, stream.begins)
    if start <= first:
        return False
    spans = ((first, start - 1), (start, index))
    n = [max(unit_count(stream, *span), 1.0) for span in spans]
    deviates = [segment_z(stream.comparison, *span) / math.sqrt(size) for span, size in zip(spans, n, strict=True)]
    return abs(deviates[1] - deviates[0]) >= FURTHER * math.sqrt(1 / n[0] + 1 / n[1])


def _covers(episode: Episode, stream: Stream) -> bool:
    """Say whether a cause explains a stream: the same reader or arrivals; else all that the site's scores feed."""
    cause, own, lead = episode.cause, stream.scope, episode.lead.scope
    same = (own.version, own.mode) == (lead.version, lead.mode) or cause.kind == "routing"
    if own.target != lead.target or not same:
        return False
    here = own.site == cause.site
    if cause.kind == "reader":
        return here and stream.watched in _READERS and stream.key == cause.value
    if cause.kind == "routing":
        return here and stream.watched in _ARRIVALS
    if stream.watched in _READERS or stream.watched in ("silence", "scored_share"):
        return False
    within = not cause.site or here or not own.site
    return within and (cause.kind != "subgroup" or stream.watched not in _ARRIVALS)


def _since(stream: Stream, index: int) -> tuple[int, int, int]:
    """Return when the change began, by estimate and between which days, as days of entry."""
    if stream.comparison is None:
        raise ValueError("a stream that crossed its limit has a reference")
    found = change_point(stream.comparison, stream.rules, index)
    estimate, low, high = (day - stream.lag for day in found)
    return estimate, low, high


def _ended(
    watch: Watch, episode: Episode, crossing: np.ndarray[tuple[int, int], np.dtype[np.bool_]], index: int
) -> bool:
    """Keep the last active day; say whether the plan's quiet period went by since."""
    moved = any(
        crossing[place, index] and _deviates(watch.streams[place], index, episode.since[2])
        for place in episode.explained
    )
    if moved or _lasts(episode, index):
        episode.active = index
    return index - episode.active >= watch.plan.quiet_days


def _deviates(stream: Stream, index: int, since: int) -> bool:
    if stream.comparison is None:
        return False
    if stream.watched == "silence":
        return True
    return abs(_beyond(stream, max(stream.begins, index + 1 - RECENT), index, since)) >= STILL


def _lasts(episode: Episode, index: int) -> bool:
    """Say whether what opened an alert still deviates its way, over days enough to see it if it does.

    A change that is older than the longest segment has become the past with which the detector compares, so that its
    evidence falls although nothing was mended; the reference has not moved.
    """
    lead = episode.lead
    if lead.comparison is None or lead.watched == "silence":
        return False
    first = max(episode.since[2] + lead.lag, lead.begins)
    then = _beyond(lead, first, episode.opened, episode.since[2])
    if then == 0.0 or index <= episode.opened:
        return False
    enough = math.ceil((episode.opened + 1 - first) * (SEEN / then) ** 2)
    now = _beyond(lead, max(first, index + 1 - max(RECENT, enough)), index, episode.since[2])
    return now * math.copysign(1.0, then) >= STILL


def _beyond(stream: Stream, first: int, last: int, since: int) -> float:
    """Return the signed deviate of some days beyond the margin, from the reference or from all before a change."""
    if stream.comparison is None or first > last:
        return 0.0
    return segment_beyond(stream.comparison, first, last, min(first, max(since + stream.lag, stream.begins)))


def _rearm(
    watch: Watch,
    episode: Episode,
    state: tuple[list[Path], list[Floats], np.ndarray[tuple[int, int], np.dtype[np.bool_]]],
    index: int,
) -> None:
    """Begin again after a cleared alert: its streams forget the days before, of which some were of the failure."""
    paths, evidence, crossing = state
    for place in sorted(episode.explained):
        stream = watch.streams[place]
        if stream.comparison is None or index + 1 >= watch.calendar.days:
            continue
        again = evidence_path(stream.comparison, replace(stream.rules, first=index + 1, grows=False))
        judged = watch.judged[place][index + 1 :]
        evidence[place][index + 1 :] = np.where(judged, again.evidence[index + 1 :], 0.0)
        paths[place] = again
        limit = watch.limits[place][index + 1 :]
        crossing[place, index + 1 :] = evidence[place][index + 1 :] > limit


def _limit(watch: Watch, place: int, index: int) -> float:
    return float(watch.limits[place][index])


def _alert(watch: Watch, model: str, episode: Episode, index: int) -> Alert:
    closed = episode.closed if episode.closed is not None and episode.closed <= index else None
    low, high, estimate = episode.since
    cause = episode.named(index)
    return Alert(
        id=alert_id(model, watch, episode),
        code=CODES[episode.lead.family],
        opened=watch.day(episode.opened),
        state="open" if closed is None else "cleared",
        since={"estimate": watch.day(estimate), "interval": [watch.day(low), watch.day(high)]},
        cause={"kind": cause.kind, "who": cause.who},
        studies_affected=studies_affected(watch, cause, episode.lead, estimate, index if closed is None else closed),
        action=watch.plan.actions.get(RESPONSE_OF_CAUSE[cause.kind], ""),
        closed=None if closed is None else watch.day(closed),
        version=episode.lead.scope.version,
        mode=episode.lead.scope.mode,
        target=episode.lead.scope.target,
        site=cause.site or None,
        first_cause={"kind": episode.names[0][1].kind, "who": episode.names[0][1].who},
        named_on=watch.day(next(since for since, one in reversed(episode.names) if one is cause)),
    )


def alert_id(model: str, watch: Watch, episode: Episode) -> str:
    """Return an alert's name: 16 hexadecimal digits of the digest of what never changes about it."""
    scope, cause = episode.lead.scope, episode.names[0][1]
    facts = {
        "model": model,
        "version": scope.version,
        "mode": scope.mode,
        "target": scope.target,
        "code": CODES[episode.lead.family],
        "opened": watch.day(episode.opened),
        "cause": [cause.kind, cause.site, cause.axis, cause.value],
    }
    return digest_value(facts).removeprefix("sha256:")[:16]


def running_on(life: Life, index: int) -> Iterator[Episode]:
    """Yield the episodes that are open on a day."""
    for one in life.episodes:
        if one.opened <= index and (one.closed is None or one.closed > index):
            yield one
