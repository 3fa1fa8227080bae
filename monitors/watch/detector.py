"""The change detector: a generalised likelihood ratio of every recent segment of days against the reference.

For each day the segments that end there, of two days or more, are compared with the reference, and the strongest is the
day's evidence, in nats. The comparison is of two samples, so that the reference's own uncertainty is in it; the
spread is that of all days before the segment (`spread`), and because it is estimated, the square is taken through the
likelihood of Student's t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers
from monitors.watch.spread import Kin, Spread, spread_before, with_kin

Floats = npt.NDArray[np.float64]
LONGEST = 180  # days: the longest segment
_LAGS = 6
_EVERY = 28
_AT_ONCE = 2_000_000  # sums of segments that are held at a time
_DROP = 3.0  # nats of the profile that bound the change-point (about 95 %, Worsley 1986)


class Comparison(Protocol):
    """Compares a segment of days with the reference.

    * every sum is of shape (rows, ...): one row a series of `series`.
    """

    @property
    def series(self) -> Floats:
        """Daily series of shape (rows, days) whose sums over a segment are sufficient."""
        ...

    @property
    def lags(self) -> tuple[int, ...]:
        """Per row the days from a unit's entry to its judgement; none where all are alike."""
        ...

    def z(self, sums: Floats) -> Floats:
        """Return the signed standard deviate of segments, before dispersion; 0 where there is too little."""
        ...

    def beyond(self, sums: Floats) -> Floats:
        """Return that of what exceeds the plan's margin: what moves less is case mix, and no news."""
        ...

    @property
    def residuals(self) -> Floats:
        """Standardised residuals of the days from the reference, shape (rows, days); not a number on empty days."""
        ...

    @property
    def part(self) -> float:
        """What share of the residuals' excess of variance is that of the series, in 0..1."""
        ...

    @property
    def reference(self) -> tuple[int, int]:
        """Bounds of the reference's days."""
        ...

    @property
    def dispersion(self) -> float:
        """Variance of the reference's days over the assumed one, at least 1."""
        ...

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the dispersion."""
        ...


@runtime_checkable
class Recalling(Protocol):
    """What a comparison has that can also hold a segment against all that was before it."""

    def since(self, sums: Floats, past: Floats) -> Floats:
        """Return the signed deviate of segments from all that was before them, before dispersion."""
        ...


@runtime_checkable
class Growing(Recalling, Protocol):
    """What a comparison has that may always do so: its reference grows."""

    @property
    def grows(self) -> bool:
        """Say whether it does."""
        ...


@runtime_checkable
class Related(Protocol):
    """What a comparison of labelled units has beside: how restless the days of all units of its sites are."""

    @property
    def kin(self) -> tuple[Kin, ...]:
        """Series of all units, one a site; none where they tell nothing of these."""
        ...


@dataclass(frozen=True)
class Rules:
    """Which segments count.

    Attributes:
        first: index of the first day that a segment may hold.
        side: 1 only rises, -1 only falls, 0 both.
        weeks: whether only whole weeks count, for series with a weekly cycle.
        shortest: days of the shortest segment.
        detector: `glr`, or one of `charts`.
        grows: whether the likelihood ratio holds segments against all that was before them too.
    """

    first: int
    side: int = 0
    weeks: bool = False
    shortest: int = 2
    detector: str = "glr"
    grows: bool = False

    @property
    def looks(self) -> int:
        """Return how many comparisons a day makes, each of which spends a share of the budget."""
        return 2 if self.grows and self.detector == "glr" else 1


@dataclass(frozen=True, eq=False)
class Path:
    """The evidence of each day.

    Attributes:
        evidence: nats, shape (days,); 0 where nothing is judged.
        length: days of the strongest segment, shape (days,); 0 where there is none.
        sign: its direction, shape (days,).
    """

    evidence: Floats
    length: Integers
    sign: Integers


def lengths_of(rules: Rules) -> Integers:
    """Return the lengths of segments that are tried: each day up to four weeks, then 7 % longer each time."""
    long = np.round(_EVERY * 1.07 ** np.arange(1, 30)).astype(np.int64)
    tried = np.unique(np.concatenate([np.arange(1, _EVERY + 1), long]))
    if rules.weeks:
        tried = 7 * np.arange(1, LONGEST // 7 + 1)
    return tried[(tried >= rules.shortest) & (tried <= LONGEST)]


def path_of(comparison: Comparison, rules: Rules) -> Path:
    """Return the evidence of every day; that of a day depends on no later one."""
    days = comparison.series.shape[1]
    found = evidence_on(comparison, rules, np.arange(rules.first, days))
    before = np.zeros(min(rules.first, days))
    parts = (np.concatenate([before, part]) for part in (found.evidence, found.length, found.sign))
    evidence, length, sign = parts
    return Path(evidence, length.astype(np.int64), sign.astype(np.int64))


def evidence_on(comparison: Comparison, rules: Rules, ends: Integers) -> Path:
    """Return the evidence of some days on end, of which none is before the first that a segment may hold.

    Args:
        comparison: the compared series.
        rules: which segments count.
        ends: indices of the days, shape (days,).
    """
    if not len(ends):
        return Path(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    spread = _spread(comparison, rules)
    step = max(1, _AT_ONCE // (len(comparison.series) * len(lengths_of(rules))))
    parts = [_strongest(comparison, rules, spread, ends[at : at + step]) for at in range(0, len(ends), step)]
    evidence, length, sign = (np.concatenate(rows) for rows in zip(*parts, strict=True))
    return Path(evidence, length.astype(np.int64), sign.astype(np.int64))


def _spread(comparison: Comparison, rules: Rules) -> Spread:
    own = spread_before(comparison.residuals, comparison.reference, rules.first, comparison.part)
    return with_kin(own, comparison.kin) if isinstance(comparison, Related) else own


def _strongest(comparison: Comparison, rules: Rules, spread: Spread, ends: Integers) -> tuple[Floats, Integers, Floats]:
    """Return the evidence of some days, and the length and sign of the strongest segment of each."""
    size = lengths_of(rules)
    starts = ends[None, :] + 1 - size[:, None]
    inside = starts >= rules.first
    segments = _segments(comparison, np.where(inside, starts, ends[None, :] + 1), ends[None, :])
    z = np.where(inside, _sided(_stronger(comparison, *segments, grows=rules.grows), rules.side), 0.0)
    at = np.where(inside, starts, rules.first)
    found = nats(z, spread.dispersion[at], spread.freedom[at])
    place = np.argmax(found, axis=0)
    chosen = (place, np.arange(len(ends)))
    return found[chosen], np.where(found[chosen] > 0, size[place], 0), np.sign(z[chosen])


def segment_z(comparison: Comparison, first: int, last: int) -> float:
    """Return the signed deviate of one segment, dispersion included; both ends count."""
    sums = segment_sums(comparison, first, last)[:, None]
    return float(comparison.z(sums)[0] / np.sqrt(comparison.dispersion))


def segment_beyond(comparison: Comparison, first: int, last: int, before: int | None = None) -> float:
    """Return the signed deviate of what exceeds the margin, from the reference or from all before, dispersion included.

    Args:
        comparison: the compared series.
        first: index of the first day of the segment.
        last: of its last.
        before: the first day that is no part of what was before; that of the segment unless stated.
    """
    sums = segment_sums(comparison, first, last)[:, None]
    _, past = _segments(comparison, np.array([first if before is None else before]), np.array([last]))
    return float(_stronger(comparison, sums, past)[0] / np.sqrt(comparison.dispersion))


def segment_sums(comparison: Comparison, first: int, last: int) -> Floats:
    """Return the sums of one segment, shape (rows,); both ends count.

    Its first day is that of the rows that come first. Of rows that come later it holds what entered since the same day.
    """
    late = _late(comparison).tolist()
    rows = zip(comparison.series, late, strict=True)
    return np.array([row[max(first, 0) + delay : last + 1].sum() for row, delay in rows])


def change_point(comparison: Comparison, rules: Rules, last: int) -> tuple[int, int, int]:
    """Return the day on which the change began, and the days between which its profile drops by no more than 3 nats.

    Args:
        comparison: the compared series.
        rules: which segments count.
        last: index of the day on which it is asked.
    """
    first = max(rules.first, last + 1 - LONGEST)
    starts = np.arange(first, last + 2 - rules.shortest)
    sums, past = _segments(comparison, starts, np.array([last]))
    grows = isinstance(comparison, Growing) and comparison.grows
    z = _sided(_stronger(comparison, sums, past) if grows else comparison.z(sums), rules.side)
    spread = _spread(comparison, rules)
    profile = nats(z, spread.dispersion[starts], spread.freedom[starts])
    place = int(np.argmax(profile))
    near = np.flatnonzero(profile >= profile[place] - _DROP)
    return int(starts[place]), int(starts[near[0]]), int(starts[near[-1]])


def nats(z: Floats, dispersion: Floats, freedom: Floats) -> Floats:
    """Return the evidence of deviates by the likelihood of Student's t with the dispersion's degrees of freedom."""
    return np.asarray(freedom / 2 * np.log1p(z * z / (dispersion * freedom)), dtype=np.float64)


def dispersion_of(residuals: Sequence[float] | Floats) -> float:
    """Return the long-run variance of standardised day residuals, at least their plain variance and 1.

    Args:
        residuals: one a day with units, in order, each with variance 1 where days are independent.
    """
    r = np.asarray(residuals, dtype=np.float64)
    if len(r) < 2:
        return 1.0
    r = r - r.mean()
    plain = float(r @ r) / (len(r) - 1)
    total = plain
    for lag in range(1, min(_LAGS, len(r) - 1) + 1):
        total += 2 * (1 - lag / (_LAGS + 1)) * float(r[lag:] @ r[:-lag]) / (len(r) - 1)
    return max(1.0, plain, total)


def _segments(comparison: Comparison, starts: Integers, ends: Integers) -> tuple[Floats, Floats]:
    """Return the sums of segments, and of all before them, each of shape (rows, *segments).

    A segment holds what entered since its start and was judged by its end; what was judged by then and entered sooner
    was before it.
    """
    series = comparison.series
    sums = np.concatenate([np.zeros((len(series), 1)), series.cumsum(axis=1)], axis=1)
    last = np.minimum(np.broadcast_to(ends, starts.shape) + 1, series.shape[1])
    rows = zip(sums, _late(comparison).tolist(), strict=True)
    before = np.stack([row[np.minimum(starts + delay, last)] for row, delay in rows])
    return sums[:, last] - before, before


def _stronger(comparison: Comparison, sums: Floats, past: Floats, *, grows: bool = False) -> Floats:
    """Return the deviates from the reference; those from all before where they are stronger and the reference grows."""
    z = comparison.beyond(sums)
    if isinstance(comparison, Recalling) and (grows or (isinstance(comparison, Growing) and comparison.grows)):
        other = comparison.since(sums, past)
        return np.where(np.abs(other) > np.abs(z), other, z)
    return z


def _late(comparison: Comparison) -> Integers:
    """Return the days by which each row is judged later than the first."""
    lags = np.array(comparison.lags, dtype=np.int64)
    return lags - lags.min() if len(lags) else np.zeros(len(comparison.series), dtype=np.int64)


def _sided(z: Floats, side: int) -> Floats:
    return z if side == 0 else np.where(np.sign(z) == side, z, 0.0)
