"""Models that segment, detect or triage: what they draw, what they find, how soon they tell.

Each signal speaks only where the target has rows of its kind, in the window or in the reference.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitors.areas import labelled
from monitors.counts import PATIENTS, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.families import FOUND, LESIONS, MEASURES
from monitors.means import Mean, mean_of, mean_of_patients
from monitors.reference import against_reference, unfit
from monitors.scope import View
from monitors.shares import decline_p, difference_p, share_of, sums_of_patients, thin
from monitors.value_grid import to_numbers
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.proportions import Bounds, ClusteredShare

FALSE_POSITIVES = 1.0  # a scan: the middle point of LUNA16's score (Setio et al., Med Image Anal 2017;42:1)
CURVE = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)  # the other points of that score
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """How a measurement is judged.

    Attributes:
        name: of the measurement.
        scale: what becomes of its numbers before their mean is taken.
        worse: -1 where less is worse, 1 where more is, 0 where both may be.
        ratio: whether the change is told as a ratio to the reference.
    """

    name: str
    scale: Callable[[_Floats], _Floats]
    worse: int
    ratio: bool = False


def _same(numbers: _Floats) -> _Floats:
    return numbers


def _log(numbers: _Floats) -> _Floats:
    """Return logarithms; what is less than a thousandth counts as a thousandth."""
    return np.asarray(np.log(np.maximum(numbers, 1e-3)), dtype=np.float64)


MEASUREMENTS = {
    "SEG002": Measured("components", _same, 0),
    "SEG003": Measured("volume", _log, 0, ratio=True),
    "SEG004": Measured("dice", _same, -1),
    "SEG005": Measured("hd95", _same, 1),
    "TRI001": Measured("notification_seconds", _log, 1, ratio=True),
}


def target_signals(view: View) -> list[Signal]:
    """Return the signals of segmentations, detections and triage of one scope."""
    found = [drafted(view, code, reading) for code, one in MEASUREMENTS.items() for reading in _measured(view, one)]
    found += [drafted(view, "SEG001", reading) for reading in _empty(view)]
    found += [drafted(view, "DET001", reading) for reading in _found(view)]
    found += [drafted(view, "DET002", reading) for reading in _met(view)]
    return found + [drafted(view, "DET003", reading) for reading in _curve(view)]


def _measured(view: View, one: Measured) -> list[Reading]:
    """Return the mean of a measurement against the reference; an empty mask has no volume to be compared."""
    now, base = (_of_name(period[MEASURES], one.name) for period in (view.now, view.base))
    if one.name == "volume":
        now, base = (part.select(part.codes_of("cell") != 0) for part in (now, base))
    if not now.total and not base.total:
        return []
    means = [mean_of(part, one.scale(to_numbers(part.codes_of("cell")))) for part in (now, base)]
    return [_changed(view, one, means[0], means[1])]


def _of_name(measures: Family, name: str) -> Family:
    return measures.where(name=name)


def _changed(view: View, one: Measured, now: Mean | None, base: Mean | None) -> Reading:
    reading = Reading(now.n if now else 0, n_patients=now.patients if now else 0)
    own = _bounded(one, reading, now)
    if why := unfit(view, now.n if now else 0, base.n if base else 0):
        return replace(own, reason=NotAssessed.TOO_FEW, why=why)
    if now is None or base is None or not now.error or not base.error:
        why = "a variance by patient needs ten patients whose values differ, in window and in reference"
        return replace(own, reason=NotAssessed.CLUSTERED, why=why)
    change, error = now.value - base.value, math.hypot(now.error, base.error)
    two_sided = normal_two_sided(change / error)
    toward = 1 if change * one.worse > 0 else -1
    p_value = two_sided if one.worse == 0 else two_sided / 2 if toward > 0 else 1 - two_sided / 2
    if not one.ratio:
        return replace(own, limit=base.value, p_value=p_value)
    half = critical_value(0.95) * error
    bounds = Bounds(math.exp(change - half), math.exp(change + half))
    why = f"the geometric mean went from {math.exp(base.value):.4g} to {math.exp(now.value):.4g}"
    return replace(own, value=math.exp(change), interval=bounds, limit=1.0, p_value=p_value, why=why)


def _bounded(one: Measured, reading: Reading, mean: Mean | None) -> Reading:
    """Return a mean with its interval; a ratio has no value of its own."""
    if mean is None or one.ratio:
        return reading
    if not mean.error:
        return replace(reading, value=mean.value)
    half = critical_value(0.95) * mean.error
    return replace(reading, value=mean.value, interval=Bounds(mean.value - half, mean.value + half))


def _empty(view: View) -> list[Reading]:
    """Return the share of segmentations without a voxel."""
    now, base = (_of_name(period[MEASURES], "volume") for period in (view.now, view.base))
    if not now.total and not base.total:
        return []
    return [against_reference(view, now, base, lambda part: np.asarray(part.codes_of("cell") == 0), difference_p)]


def _found(view: View) -> list[Reading]:
    """Return the mean number of findings a unit, units without one included."""
    if not view.now[FOUND].total and not view.base[FOUND].total:
        return []
    means = [_per_unit(period[FOUND], period[PATIENTS]) for period in (view.now, view.base)]
    return [_changed(view, Measured("findings", _same, 0), means[0], means[1])]


def _per_unit(found: Family, units: Family) -> Mean | None:
    if units.total == 0:
        return None
    sizes, sums = sums_of_patients(units, found, found.counts * found.codes_of("found"))
    return mean_of_patients(sums.astype(np.float64), sizes.astype(np.float64))


def _met(view: View) -> list[Reading]:
    """Return for each label the share of lesions that were met at a fixed number of false positives a scan."""
    labels = sorted(set(view.now[LESIONS].levels["label"]) | set(view.base[LESIONS].levels["label"]))
    return [replace(_of_label(view, label), subject={"label": label}) for label in labels]


def _curve(view: View) -> list[Reading]:
    """Return the other points of each label's FROC curve; they are shown, for DET002 judges the label."""
    found = []
    for label in sorted(view.now[LESIONS].levels["label"]):
        spots = view.now[LESIONS].where(label=label)
        for rate in CURVE:
            met, _ = _froc(spots, view.now[PATIENTS], rate)
            if met is not None and met.n >= view.plan.min_positive:
                subject = {"label": label, "false_positives": f"{rate:g}"}
                found.append(replace(reading_of(met), subject=subject))
    return found


def _of_label(view: View, label: str) -> Reading:
    (now, rate), (base, _) = (
        _froc(period[LESIONS].where(label=label), period[PATIENTS]) for period in (view.now, view.base)
    )
    least = view.plan.min_positive
    if now is None or now.n < least:
        n = now.n if now else 0
        reason = NotAssessed.TOO_FEW if n or base else NotAssessed.NO_OUTCOMES
        return Reading(n, reason=reason, why=f"{n} lesions with place and size, at least {least} are needed")
    why = f"at {rate:.2f} false positives a scan"
    reading = replace(reading_of(now, base.value if base else None), why=why)
    if view.unready or base is None or base.n < least:
        return replace(reading, reason=NotAssessed.TOO_FEW, why=view.unready or "the reference has too few lesions")
    if few := thin(base.n, base.patients):
        return replace(reading, reason=NotAssessed.CLUSTERED, why=f"in the reference, {few}")
    return replace(reading, p_value=decline_p(now, base))


def _froc(spots: Family, units: Family, rate: float = FALSE_POSITIVES) -> tuple[ClusteredShare | None, float]:
    """Return the share of lesions met, and the false positives a scan, at the lowest threshold that allows the rate."""
    scans = labelled(units).total
    lesions, false = spots.where(kind="lesion"), spots.where(kind="false_positive")
    if lesions.total == 0 or scans == 0:
        return None, 0.0
    q = np.sort(np.repeat(false.codes_of("q"), false.counts))[::-1]
    allowed = int(rate * scans)
    threshold = int(q[allowed]) + 1 if len(q) > allowed else 0
    return share_of(lesions, lesions.codes_of("q") >= threshold), float((q >= threshold).sum()) / scans
