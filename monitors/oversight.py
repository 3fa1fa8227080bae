"""Oversight: whether readers find the model's errors, or follow it blindly (contract, sections 4d and 4e)."""

import math
from dataclasses import replace

import numpy as np

from monitors.counts import Family
from monitors.draft import Reading, drafted
from monitors.families import REACTIONS, READ_TIMES
from monitors.labels import MATERIAL
from monitors.means import Mean, mean_of, pooled
from monitors.reactions import (
    RESTRICTED,
    accepted,
    adjusted,
    apart,
    compared,
    judged_by_outcome,
    overridden,
    readers_apart,
)
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import difference_p, patients_of, rise_p, share_of
from monitors.value_grid import to_numbers
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds, ClusteredShare, difference_bounds

_Z = critical_value(0.95)


def oversight_signals(view: View) -> list[Signal]:
    """Return the oversight monitor's signals of one scope."""
    now, base = (compared(period[REACTIONS].where(stage="final")) for period in (view.now, view.base))
    biased = _biased(now)
    readings = [
        ("OVS001", _held(biased, _given(view, now, base, right=True))),
        ("OVS002", _held(biased, _given(view, now, base, right=False))),
        ("OVS003", _against_independent(view)),
        ("OVS004", _held(biased, _readers(view, now))),
        ("OVS005", _held(biased, _discernment(view, now, base))),
        *_times(view),
    ]
    return [drafted(view, code, reading) for code, reading in readings]


def _given(view: View, now: Family, base: Family, *, right: bool) -> Reading:
    """Return how often the right model is overridden, or the wrong one followed, against the reference."""
    success = overridden if right else accepted
    parts = [judged_by_outcome(reads, right=right) for reads in (now, base)]
    reading = against_reference(view, parts[0], parts[1], success, rise_p)
    return replace(reading, assumes=_assumed(parts[0])) if reading.n else _no_outcome(now, reading)


def _readers(view: View, reads: Family) -> Reading:
    """Return the share of readers who follow the wrong model more than others do on like cases."""
    wrong = judged_by_outcome(reads, right=False)
    if wrong.total == 0:
        return replace(_no_outcome(reads, Reading(0)), subject=RESTRICTED)
    found = apart(wrong, "reader", accepted, view.plan.min_positive)
    p_values = {name: _upper(one.difference, one.p_value) for name, one in found.items()}
    return replace(readers_apart(wrong, p_values, " in which the model was wrong"), assumes=_assumed(wrong))


def _discernment(view: View, now: Family, base: Family) -> Reading:
    """Return how much more often the wrong model is overridden than the right one, against the reference."""
    own, before = _contrast(view, now), _contrast(view, base)
    if own is None:
        why = f"at least {view.plan.min_positive} reads with the model right, and as many with it wrong, are needed"
        return Reading(judged_by_outcome(now, right=False).total, reason=NotAssessed.TOO_FEW, why=why)
    value, bounds, reading = own
    shown = replace(reading, value=value, interval=bounds, assumes=_assumed(now))
    if view.unready or before is None:
        why = view.unready or "the reference has too few reads whose model was right or wrong"
        return replace(shown, reason=NotAssessed.TOO_FEW, why=why)
    fallen = before[0] - value
    error = math.hypot(*((one[1].high - one[1].low) / (2 * _Z) for one in (own, before)))
    return replace(shown, limit=before[0], p_value=0.5 * math.erfc(fallen / error / math.sqrt(2)))


def _contrast(view: View, reads: Family) -> tuple[float, Bounds, Reading] | None:
    """Return P(override | wrong) less P(override | right), its interval, and what it stands on."""
    wrong, right = (_share(judged_by_outcome(reads, right=side)) for side in (False, True))
    if wrong is None or right is None or min(wrong.n, right.n) < view.plan.min_positive:
        return None
    bounds = difference_bounds(wrong.value, wrong.bounds, right.value, right.bounds)
    patients = patients_of(reads.select(~reads.is_level("truth", "none")))
    return wrong.value - right.value, bounds, Reading(wrong.n + right.n, n_positive=wrong.n, n_patients=patients)


def _against_independent(view: View) -> Reading:
    """Return how much oftener readers err with the wrong model when they see it than when they do not."""
    reads = view.now[REACTIONS].select(~view.now[REACTIONS].is_level("ai_decision", "none"))
    wrong = judged_by_outcome(reads, right=False)
    alone = wrong.is_level("ai_shown", "no") | (wrong.is_level("opened", "yes") & wrong.is_level("stage", "final"))
    first = wrong.is_level("ai_shown", "yes") & ~wrong.is_level("opened", "yes") & wrong.is_level("stage", "final")
    seen, unseen = wrong.select(first), wrong.select(alone)
    reading = Reading(seen.total + unseen.total, n_positive=seen.total, n_patients=patients_of(wrong))
    least = view.plan.min_positive
    if min(seen.total, unseen.total) < least:
        why = (
            f"{seen.total} reads of a wrong model that was shown first, and {unseen.total} independent ones; at least "
            f"{least} of each are needed"
        )
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    found = adjusted(seen, unseen, accepted)
    if found is None:
        why = "no score band holds reads of both kinds, or nothing varies"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    return replace(
        reading,
        value=found.difference,
        interval=found.bounds,
        limit=0.0,
        p_value=_upper(found.difference, found.p_value),
        assumes=_assumed(wrong),
    )


def _times(view: View) -> list[tuple[str, Reading]]:
    """Return the reading time against each reader's own reference, pooled, and the readers whose time collapsed."""
    now, base = (period[READ_TIMES].where(ai_shown="yes") for period in (view.now, view.base))
    least = view.plan.min_units
    if now.total == 0 or view.unready:
        reason = NotAssessed.TOO_FEW if view.unready else NotAssessed.ATTRIBUTE_MISSING
        none = Reading(now.total, reason=reason, why=view.unready or "no read states how long it took")
        return [("OVS006", none), ("OVS007", replace(none, subject=RESTRICTED))]
    falls = {reader: _fall(now, base, reader, least) for reader in now.levels["reader"]}
    known = {reader: fall for reader, fall in falls.items() if fall is not None}
    p_values = {reader: 0.5 * math.erfc(-d / e / math.sqrt(2)) for reader, (d, e, _) in known.items()}
    alike = readers_apart(now, p_values, " in window and reference")
    if not known:
        why = f"no reader has {least} reads of a stated time in the window and in the reference"
        return [("OVS006", Reading(now.total, reason=NotAssessed.TOO_FEW, why=why)), ("OVS007", alike)]
    value, error = pooled(list(known.values()))
    bounds = Bounds(math.exp(value - _Z * error), math.exp(value + _Z * error))
    p_value = 0.5 * math.erfc(-value / error / math.sqrt(2))
    ratio = Reading(now.total, math.exp(value), bounds, 1.0, p_value, n_patients=patients_of(now))
    return [("OVS006", ratio), ("OVS007", alike)]


def _fall(now: Family, base: Family, reader: str, least: int) -> tuple[float, float, float] | None:
    """Return the change of a reader's mean logarithm of seconds, its error, and the reads of the window."""
    means = [_log_seconds(period.where(reader=reader)) for period in (now, base)]
    if any(mean is None or mean.n < least or not mean.error for mean in means):
        return None
    (first, second) = (mean for mean in means if mean is not None)
    return first.value - second.value, math.hypot(first.error or 0.0, second.error or 0.0), float(first.n)


def _log_seconds(reads: Family) -> Mean | None:
    """Return the mean logarithm of the seconds; less than one second counts as one."""
    return mean_of(reads, np.log(np.maximum(to_numbers(reads.codes_of("cell")), 1.0)))


def _biased(reads: Family) -> str:
    """Say that reads which contradict the model get an outcome much more, or less, often than the others."""
    contradicted = overridden(reads)
    shares = [_covered(reads.select(side)) for side in (contradicted, ~contradicted)]
    if shares[0] is None or shares[1] is None or difference_p(shares[0], shares[1]) > 0.05:
        return ""
    if abs(shares[0].value - shares[1].value) <= MATERIAL:
        return ""
    return (
        f"{100 * shares[0].value:.0f} % of the reads that contradict the model have an independent outcome and "
        f"{100 * shares[1].value:.0f} % of the others, so that the plain share would be biased"
    )


def _covered(reads: Family) -> ClusteredShare | None:
    independent = reads.is_level("independence", "stated") | reads.is_level("independence", "assumed")
    return share_of(reads, ~reads.is_level("truth", "none") & independent)


def _held(biased: str, reading: Reading) -> Reading:
    if not biased or reading.n == 0:
        return reading
    held = replace(reading, value=None, interval=None, limit=None, p_value=None)
    return replace(held, reason=NotAssessed.VERIFICATION, why=biased)


def _no_outcome(reads: Family, reading: Reading) -> Reading:
    if reads.total == 0:
        why = "no read says that the model's answer was on screen before it"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    why = "no such read has an outcome that is independent of it"
    return replace(reading, reason=NotAssessed.NO_OUTCOMES, why=why)


def _assumed(reads: Family) -> str | None:
    assumed, stated = (reads.where(independence=kind).total for kind in ("assumed", "stated"))
    if not assumed:
        return None
    return (
        f"independence of the outcome from the read, for {assumed} of {assumed + stated} outcomes that do not state it"
    )


def _share(reads: Family) -> ClusteredShare | None:
    return share_of(reads, overridden(reads))


def _upper(difference: float, two_sided: float) -> float:
    """Return the one-sided p-value that a difference lies above zero."""
    return two_sided / 2 if difference > 0 else 1 - two_sided / 2
