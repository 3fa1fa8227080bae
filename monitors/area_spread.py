"""What area under the ROC curve another scanner can expect: the scanners' areas pooled, with the variance between."""

import math
from dataclasses import replace

from monitors.areas import area_of, classes, labelled
from monitors.counts import PATIENTS, SCANNER
from monitors.draft import Reading, drafted
from monitors.labels import held_back, label_state
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.meta_analysis import pooled
from validation.statistics.proportions import Bounds

LEAST = 3  # scanners; a prediction for another one has two degrees of freedom less than there are


def area_spread_signals(view: View) -> list[Signal]:
    """Return the pooled area of one scope's scanners, with the interval for a scanner that is not among them."""
    return [drafted(view, "SCN008", held_back(label_state(view), _reading(view)))]


def _reading(view: View) -> Reading:
    known = labelled(view.now[PATIENTS])
    known = known.select(~known.is_level(SCANNER, ""))
    logits, variances, n = [], [], 0
    for own in known.split(SCANNER).values():
        area = area_of(own) if min(classes(own)) >= view.plan.min_auc_class else None
        if area is not None and 0 < area.auc < 1 and area.variance:
            logits.append(math.log(area.auc / (1 - area.auc)))
            variances.append(area.variance / (area.auc * (1 - area.auc)) ** 2)
            n += own.total
    if len(logits) < LEAST:
        if view.now[PATIENTS].total and not known.total:
            why = "no unit with an outcome states its scanner"
            return Reading(0, reason=NotAssessed.ATTRIBUTE_MISSING, why=why)
        why = f"{len(logits)} scanners have an area with a variance on {view.plan.min_auc_class} units of each class"
        return Reading(known.total, reason=NotAssessed.TOO_FEW, why=f"{why}; {LEAST} are needed")
    found = pooled(logits, variances)
    value, interval = _area(found.mean), _areas(found.adjusted_bounds)
    reading = Reading(n, value, interval, n_positive=known.where(truth="pos").total)
    if found.prediction is None:
        return reading
    low, high = _areas(found.prediction)
    why = (
        f"{found.k} scanners; another one may expect {low:.3f} to {high:.3f}; {100 * found.i2:.0f} % of what differs "
        f"between them is more than chance (Cochran's Q {found.q:.1f}, p {found.q_p_value:.2g})"
    )
    return replace(reading, why=why)


def _area(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _areas(bounds: Bounds) -> Bounds:
    return Bounds(_area(bounds.low), _area(bounds.high))
