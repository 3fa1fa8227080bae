"""Coverage: how much of what was given to the model was scored."""

from monitors.counts import FINDING_PATIENTS, Family
from monitors.draft import drafted
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, decline_p
from registry.domain.signal import Signal

_GIVEN = ("analysed", "skipped", "failed")


def coverage_signals(view: View) -> list[Signal]:
    """Return the coverage monitor's signal of one scope; reruns do not count twice."""
    now, base = (_given(period[FINDING_PATIENTS]) for period in (view.now, view.base))
    return [drafted(view, "COV001", against_reference(view, now, base, _scored, decline_p))]


def _given(findings: Family) -> Family:
    keep = findings.is_level("finding", _GIVEN[0])
    for kind in _GIVEN[1:]:
        keep |= findings.is_level("finding", kind)
    return findings.select(keep)


def _scored(findings: Family) -> Mask:
    return findings.is_level("finding", "analysed")
