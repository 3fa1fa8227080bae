"""Coverage: how much of what was given to the model was scored, and how much of that outside its envelope."""

import numpy as np

from monitors.counts import FINDING_PATIENTS, Family
from monitors.draft import Reading, drafted
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, decline_p
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed

SCORED = ("analysed", "outside_envelope")
_GIVEN = (*SCORED, "skipped", "failed")


def coverage_signals(view: View) -> list[Signal]:
    """Return the coverage monitor's signals of one scope; reruns do not count twice."""
    now, base = (_kept(period[FINDING_PATIENTS], _GIVEN) for period in (view.now, view.base))
    share = against_reference(view, now, base, _scored, decline_p)
    return [drafted(view, "COV001", share), drafted(view, "COV002", _outside(view))]


def _outside(view: View) -> Reading:
    scored = _kept(view.now[FINDING_PATIENTS], SCORED)
    apart = scored.where(finding="outside_envelope").total
    if scored.total == 0:
        return Reading(0, reason=NotAssessed.TOO_FEW, why="there is no scored unit in the window")
    why = f"{apart} of {scored.total} units, in no other signal of scores and truths" if apart else ""
    return Reading(scored.total, apart / scored.total, limit=0.0, why=why, watch=apart > 0)


def _kept(findings: Family, kinds: tuple[str, ...]) -> Family:
    return findings.select(_any_of(findings, kinds))


def _scored(findings: Family) -> Mask:
    return _any_of(findings, SCORED)


def _any_of(findings: Family, kinds: tuple[str, ...]) -> Mask:
    found: Mask = np.logical_or.reduce([findings.is_level("finding", kind) for kind in kinds])
    return found
