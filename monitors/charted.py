"""Charts of a whole site's history: audited cases by the month, and the scores of its first weeks.

A chart may reach `watch`, never `alert`: its promise of false alarms is its own, not the plan's budget.
"""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family, day_number, day_text
from monitors.draft import Reading, drafted
from monitors.scope import Scope, View, periods_of
from monitors.shelved import Part, chosen
from registry.domain.signal import Signal, Window
from registry.domain.vocabulary import NotAssessed
from validation.statistics.audit_chart import AuditChart, audit_chart
from validation.statistics.grid import to_values
from validation.statistics.short_baseline import LEAST_POINTS, limit_within, short_baseline_chart

MONTH = 30  # days
PROMISE, MONTHS = 0.05, 24  # of a false alarm of the audit's chart, within so many months
BASELINE = 30  # days with units from which the chart of the first weeks learns
K, EARLY_PROMISE = 0.3, 0.05  # reference value of that chart, and its probability of a false alarm while it runs
SEED = 20_260_101
AUDITED = "the audit chose units by chance and in the same way all the time, within each class"
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AuditedUnits:
    """Units that an audit chose.

    Attributes:
        scopes: of each, the site too.
        patient: texts [n].
        day: site-local day, proleptic ordinal int64[n].
        q: cells of the score grid int64[n].
        truth: 1 or 0, int8[n].
    """

    scopes: tuple[Scope, ...]
    patient: npt.NDArray[np.str_]
    day: npt.NDArray[np.int64]
    q: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int8]


def early_signals(view: View, counts: Counts) -> list[Signal]:
    """Return the chart of a site's first weeks; none for all sites together, whose weeks are others."""
    reference = _reference(view, counts)
    early = reference and _early(view, counts, day_number(reference.start))
    return [drafted(view, "SCO006", early)] if early else []


def audit_chart_signals(view: View, counts: Counts, audited: AuditedUnits) -> list[Signal]:
    """Return the chart of one site's audited cases; none where no audit chose any, and for all sites together."""
    reference = _reference(view, counts)
    if reference is None or view.scope not in audited.scopes:
        return []
    return [drafted(view, "PRF015", _audits(view, audited, day_number(reference.end)))]


def _reference(view: View, counts: Counts) -> Window | None:
    if not view.scope.site:
        return None
    return periods_of(counts, view.scope, view.plan, view.window.end)[1].get(view.scope.site)


def _until(view: View, part: Part) -> npt.NDArray[np.bool_]:
    """Say which cells are of a scope, up to the end of the window."""
    scope: Scope = view.scope
    keep = part.is_level("site", scope.site) & (part.column("day") <= day_number(view.window.end))
    for axis, level in (("version", scope.version), ("mode", scope.mode), ("target", scope.target)):
        keep &= part.is_level(axis, level)
    return keep


def _audits(view: View, audited: AuditedUnits, last: int) -> Reading:
    """Return the chart of audited cases since the reference, in whole months of 30 days."""
    day, q, truth = _first_of_patients(view, audited)
    complete = max(0, (day_number(view.window.end) - last) // MONTH)
    month = (day - last - 1) // MONTH
    base, then = month < 0, (month >= 0) & (month < complete)
    classes = [(int((truth[base] == kind).sum()), int((truth[then] == kind).sum())) for kind in (1, 0)]
    counted = Reading(sum(n for _, n in classes), n_positive=classes[0][1], assumes=AUDITED)
    least = (view.plan.min_positive, view.plan.min_negative)
    if complete < 1 or any(n < need for (n, _), need in zip(classes, least, strict=True)):
        why = (
            f"the reference has {classes[0][0]} positive and {classes[1][0]} negative audited units, at least "
            f"{least[0]} and {least[1]} are needed, and {complete} whole months of {MONTH} days followed"
        )
        return replace(counted, reason=NotAssessed.TOO_FEW, why=why)
    scores = to_values(q)
    months = [tuple(scores[then & (month == at) & (truth == kind)] for kind in (1, 0)) for at in range(complete)]
    chart = audit_chart(
        [(diseased, healthy) for diseased, healthy in months],
        (scores[base & (truth == 1)], scores[base & (truth == 0)]),
        SEED,
        PROMISE,
        MONTHS,
    )
    shown = replace(counted, value=float(chart.sums[-1].max()), limit=chart.limit)
    return replace(shown, watch=chart.alarm is not None, why=_told(chart, last))


def _told(chart: AuditChart, last: int) -> str:
    evidence = (
        ""
        if chart.evidence_limit is None
        else (
            f"; case by case the evidence of a change is {chart.evidence:.1f} nats at most, and chance alone passes "
            f"{chart.evidence_limit:.1f} with a probability of {PROMISE:g} at most"
        )
    )
    if chart.alarm is None:
        return f"{len(chart.sums)} months of {MONTH} days{evidence}"
    month, side = chart.alarm
    since = day_text(last + 1 + MONTH * month)
    whom = {"diseased": "diseased cases rank lower", "healthy": "healthy cases rank higher"}
    moved = whom.get(side, "diseased cases rank lower and healthy ones higher")
    return f"{moved} than in the reference; beyond the limit in the month from {since}{evidence}"


def _first_of_patients(
    view: View, audited: AuditedUnits
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """Return day, score cell and truth of the first unit of each patient, in the order of days.

    Ties of a day are in the order of the cells, so that the same rows give the same chart.
    """
    here = np.array([scope == view.scope for scope in audited.scopes], dtype=np.bool_)
    here &= audited.day <= day_number(view.window.end)
    day, q, truth, patient = audited.day[here], audited.q[here], audited.truth[here], audited.patient[here]
    order = np.lexsort((truth, q, day))
    first = np.sort(np.unique(patient[order], return_index=True)[1])
    chosen = order[first]
    return day[chosen], q[chosen], truth[chosen]


def _early(view: View, counts: Counts, first: int) -> Reading | None:
    """Return the chart of the daily mean score while there is no whole reference; None afterwards."""
    runs = view.plan.reference_days + view.plan.window_days
    if not view.unready or day_number(view.window.end) >= first + runs:
        return None
    deviates, n = _daily(chosen(counts, "F0", partial(_until, view)))
    if len(deviates) <= BASELINE:
        why = f"{len(deviates)} days with scores; the first {BASELINE} are the baseline"
        return Reading(n, reason=NotAssessed.TOO_FEW, why=why)
    watched = max(runs - BASELINE, LEAST_POINTS)
    arl = -watched / math.log(1 - EARLY_PROMISE)
    try:
        chart = short_baseline_chart(deviates, BASELINE, K, arl, watched)
    except ValueError:
        return Reading(n, reason=NotAssessed.GRID, why="the mean score is the same on all days of the baseline")
    limit = limit_within(arl, K, BASELINE, watched)
    value = float(max(chart.up[-1], chart.down[-1]))
    reading = Reading(n, value, limit=limit, why=f"{len(deviates) - BASELINE} days after a baseline of {BASELINE}")
    if chart.alarm is None:
        return reading
    toward = "higher" if chart.up[chart.alarm - BASELINE] > limit else "lower"
    why = f"the scores became {toward}: {chart.alarm - BASELINE + 1} days after the baseline the limit was passed"
    return replace(reading, watch=True, why=why)


def _daily(family: Family) -> tuple[_Floats, int]:
    """Return for each day with units how far its mean score lies from all, times the root of its number."""
    day, place = np.unique(family.codes_of("day"), return_inverse=True)
    sizes = np.bincount(place, family.counts, len(day)).astype(np.float64)
    if len(day) == 0:
        return np.zeros(0), 0
    sums = np.bincount(place, to_values(family.codes_of("q")) * family.counts, len(day))
    before = slice(0, BASELINE)
    centre = sums[before].sum() / sizes[before].sum()
    return np.asarray((sums - centre * sizes) / np.sqrt(sizes), dtype=np.float64), int(sizes.sum())
