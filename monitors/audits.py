"""Sensitivity and specificity over all units from an audit sample, helped by the scores (prediction-powered)."""

from dataclasses import replace

import numpy as np

from monitors.draft import Reading, drafted
from monitors.label_units import LabelUnits, calibrated, enough, reference_units, window_units
from monitors.labels import LabelState, label_state
from monitors.scope import View
from monitors.verification import floor_of, judged_against
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.arrays import FloatArray
from validation.statistics.audit_sample import AuditedShare, audited_share

CODES = {"PRF013": "sensitivity", "PRF014": "specificity"}
ASSUMES = "the audit chose units by chance, with the fractions that it states"


def audit_signals(view: View) -> list[Signal]:
    """Return the audited sensitivity and specificity of one scope."""
    units, state = window_units(view), label_state(view)
    reference = reference_units(view)
    expected = _expected(view, units, reference)
    return [
        drafted(view, code, _reading(view, (units, reference), expected, state, kind)) for code, kind in CODES.items()
    ]


def _reading(
    view: View,
    periods: tuple[LabelUnits, LabelUnits | None],
    expected: FloatArray,
    state: LabelState,
    kind: str,
) -> Reading:
    units, reference = periods
    audited = units.audited
    counts = Reading(len(units), n_positive=int((units.truth[audited] == 1).sum()), n_patients=units.patients)
    counts = replace(counts, assumes=ASSUMES)
    if not audited.any():
        why = "no outcome of the window comes from an audit sample with a stated sampling fraction"
        return replace(counts, reason=NotAssessed.NO_OUTCOMES, why=why)
    found = _share(view, units, expected, kind)
    if found is None:
        why = f"{int(audited.sum())} units were audited, too few of them {_word(kind)}"
        return replace(counts, reason=NotAssessed.TOO_FEW, why=why)
    why = (
        f"{found.n_sampled} of {found.n} units were audited; the scores were relied on by {100 * found.strength:.0f} %"
    )
    shown = replace(counts, value=found.value, interval=found.bounds, why=why)
    before = None if reference is None else _share(view, reference, reference.scores, kind)
    limit = floor_of(view, kind) or (None if before is None else (before.value, before.bounds))
    return judged_against(shown, state, (found.value, found.bounds), limit)


def _share(view: View, units: LabelUnits, expected: FloatArray, kind: str) -> AuditedShare | None:
    """Return the audited share of right answers; None where too few units of the kind were audited."""
    positive = kind == "sensitivity"
    of_kind = units.audited & (units.truth == (1 if positive else 0))
    least = view.plan.min_positive if positive else view.plan.min_negative
    if not enough(units, of_kind, least):
        return None
    return audited_share(
        units.called if positive else ~units.called,
        of_kind,
        expected if positive else 1 - expected,
        units.audited,
        units.fraction,
        units.patient,
    )


def _expected(view: View, units: LabelUnits, reference: LabelUnits | None) -> FloatArray:
    """Return probabilities of disease float64[n]: calibrated on the reference where it can be, else the scores.

    They only shrink the interval; wrong ones do not bias the estimate.
    """
    if reference is not None and len(units):
        try:
            return calibrated(reference, view.plan.min_auc_class).probabilities(units.scores)
        except ValueError:
            return np.asarray(units.scores, dtype=np.float64)
    return np.asarray(units.scores, dtype=np.float64)


def _word(kind: str) -> str:
    return "truly positive" if kind == "sensitivity" else "truly negative"
