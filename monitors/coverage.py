"""Coverage: how much of what was given to the model was scored, and how much of that outside its envelope."""

from dataclasses import replace

import numpy as np

from monitors.counts import FINDING_PATIENTS, PATIENTS, PROTOCOL, SCANNER, SOFTWARE, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, decline_p, share_of
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed

SCORED = ("analysed", "outside_envelope")
# What is a stratum of its own; a software version is known on the scanner that bore it.
NEW = {"scanner": (SCANNER,), "software": (SCANNER, SOFTWARE), "protocol": (PROTOCOL,)}
SHOWN, LONGEST = 5, 40
_GIVEN = (*SCORED, "skipped", "failed")


def coverage_signals(view: View) -> list[Signal]:
    """Return the coverage monitor's signals of one scope; reruns do not count twice."""
    now, base = (_kept(period[FINDING_PATIENTS], _GIVEN) for period in (view.now, view.base))
    share = against_reference(view, now, base, _scored, decline_p)
    unseen = [
        drafted(view, "COV003", replace(_unseen(view, axes), subject={"stratum": name})) for name, axes in NEW.items()
    ]
    return [drafted(view, "COV001", share), drafted(view, "COV002", _outside(view)), *unseen]


def _unseen(view: View, axes: tuple[str, ...]) -> Reading:
    """Return the share of units whose stratum the reference does not hold."""
    now, base = view.now[PATIENTS], view.base[PATIENTS]
    stated = now.select(~now.is_level(axes[-1], ""))
    if stated.total == 0:
        reason = NotAssessed.ATTRIBUTE_MISSING if now.total else NotAssessed.TOO_FEW
        return Reading(now.total, reason=reason, why="no unit of the window states it")
    if view.unready:
        return Reading(stated.total, reason=NotAssessed.TOO_FEW, why=view.unready)
    keys, known = _keys(stated, axes), set(_keys(base, axes))
    new = np.array([key not in known for key in keys], dtype=np.bool_)
    share = share_of(stated, new)
    if share is None:
        return Reading(0, reason=NotAssessed.TOO_FEW, why="there is no unit in the window")
    names = sorted({" ".join(key)[:LONGEST] for key, fresh in zip(keys, new.tolist(), strict=True) if fresh})
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    why = f"unseen: {', '.join(names[:SHOWN])}{more}" if names else ""
    return replace(reading_of(share, 0.0), why=why, watch=bool(names))


def _keys(family: Family, axes: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(family.labels_of(axis) for axis in axes), strict=True))


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
