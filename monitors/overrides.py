"""Overrides: the model against the final read of readers who saw its answer (contract, section 4d)."""

from dataclasses import replace

import numpy as np

from monitors.chance_agreement import chance_agreement
from monitors.counts import FINDING_PATIENTS, READ_PATIENTS, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.families import LABELS, REACTIONS
from monitors.funnel import funnel_of
from monitors.reactions import RESTRICTED, apart, compared, overridden, readers_apart
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, difference_p, patients_of, rise_p, share_of
from monitors.stratified import Stratified
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.multiplicity import benjamini_hochberg

# The cell's name, then the model's decision and the reader's.
CELLS = {"ai+read+": ("pos", "pos"), "ai+read-": ("pos", "neg"), "ai-read+": ("neg", "pos"), "ai-read-": ("neg", "neg")}


def override_signals(view: View) -> list[Signal]:
    """Return the override monitor's signals of one scope."""
    now, base = view.now[READ_PATIENTS], view.base[READ_PATIENTS]
    unseen = _unseen(now)
    readings = [
        ("OVR001", against_reference(view, compared(now), compared(base), overridden, difference_p)),
        *(("OVR002", _cell(view, compared(now), cell)) for cell in CELLS),
        ("OVR003", _unknown(now)),
        ("OVR004", _readers(view, compared(now))),
        *_on_like_cases(view),
        ("OVR008", _clicks(view)),
        ("OVR009", chance_agreement(compared(now), view.plan.min_units)),
    ]
    note = _note(view)
    return [drafted(view, code, _explained(reading, unseen, note)) for code, reading in readings]


def finding_signals(view: View) -> list[Signal]:
    """Return how often readers reject the model's findings, one signal a label; none where nobody answers findings."""
    now, base = (_answered(period[LABELS]) for period in (view.now, view.base))
    found = []
    for label in sorted(set(now.levels["label"]) | set(base.levels["label"])):
        parts = (now.where(label=label), base.where(label=label))
        reading = against_reference(view, *parts, lambda family: family.is_level("accepted", "no"), difference_p)
        found.append(drafted(view, "OVR007", replace(reading, subject={"label": label})))
    return found


def _answered(findings: Family) -> Family:
    return findings.select(~findings.is_level("accepted", "unknown"))


def _on_like_cases(view: View) -> list[tuple[str, Reading]]:
    """Return how scanners and readers differ in overrides once the model's decision and score band are the same."""
    reads, least = compared(view.now[REACTIONS].where(stage="final")), view.plan.min_units
    scanners = apart(reads, "scanner", overridden, least)
    readings = [("OVR005", _apart(reads.where(scanner=name), found, name)) for name, found in scanners.items()]
    if not readings:
        why = f"two scanners with at least {least} reads, and overrides among them, are needed"
        readings = [("OVR005", Reading(reads.total, reason=NotAssessed.TOO_FEW, why=why))]
    p_values = {name: found.p_value for name, found in apart(reads, "reader", overridden, least).items()}
    return [*readings, ("OVR006", readers_apart(reads, p_values, ""))]


def _apart(reads: Family, found: Stratified, scanner: str) -> Reading:
    n, patients, subject = reads.total, patients_of(reads), {"scanner": scanner}
    return Reading(n, found.difference, found.bounds, 0.0, found.p_value, n_patients=patients, subject=subject)


def _clicks(view: View) -> Reading:
    """Return how often what was clicked contradicts what was decided, against the reference."""
    now, base = (_clicked(compared(period[REACTIONS].where(stage="final"))) for period in (view.now, view.base))
    reading = against_reference(view, now, base, _contradicts, rise_p)
    if now.total == 0:
        return replace(reading, reason=NotAssessed.ATTRIBUTE_MISSING, why="no read says what was clicked")
    return reading


def _clicked(reads: Family) -> Family:
    return reads.select(~reads.is_level("clicked", "unknown"))


def _contradicts(reads: Family) -> Mask:
    return np.asarray(reads.is_level("clicked", "override") != overridden(reads), dtype=np.bool_)


def _cell(view: View, reads: Family, cell: str) -> Reading:
    ai, final = CELLS[cell]
    share = share_of(reads, reads.is_level("ai_decision", ai) & reads.is_level("read_decision", final))
    least, n = view.plan.min_units, reads.total
    reading = replace(reading_of(share), subject={"cell": cell}) if share else Reading(0, subject={"cell": cell})
    if n < least:
        why = f"{n} reads with the model's answer on screen, at least {least} are needed"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    return reading


def _unknown(reads: Family) -> Reading:
    share = share_of(reads, reads.is_level("ai_shown", "unknown"))
    if share is None:
        return Reading(0, reason=NotAssessed.TOO_FEW, why="there is no read in the window")
    return reading_of(share)


def _readers(view: View, reads: Family) -> Reading:
    """Return the share of readers outside the funnel; who they are is not in the signal."""
    reading = Reading(reads.total, n_patients=patients_of(reads), subject=RESTRICTED)
    own = {reader: reads.where(reader=reader) for reader in reads.levels["reader"]}
    shares = {reader: share_of(part, overridden(part)) for reader, part in own.items()}
    large = {reader: share for reader, share in shares.items() if share and share.n >= view.plan.min_units}
    overall = share_of(reads, overridden(reads))
    funnel = funnel_of(large, overall.value if overall else 0.0)
    if funnel is None:
        why = f"{len(large)} readers have the {view.plan.min_units} reads that are needed, or nobody ever overrode"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    points = funnel.points.values()
    simes = float(benjamini_hochberg([point.p_value for point in points]).min())
    outside = sum(point.outside for point in points) / len(points)
    return replace(reading, value=outside, p_value=simes, why=f"{len(points)} readers have enough reads")


def _unseen(reads: Family) -> str:
    """Say why no read counts as a reaction; empty where one does."""
    if compared(reads).total:
        return ""
    if reads.total == 0:
        return "there is no read in the window"
    if reads.where(ai_shown="no").total == reads.total:
        return (
            "the model's answer was not shown to the readers (as in a shadow deployment), so nobody could override it"
        )
    return "no read says that the model's answer was on screen before it"


def _explained(reading: Reading, unseen: str, note: str) -> Reading:
    if unseen and reading.reason is not None:
        return replace(reading, why=unseen)
    return replace(reading, why=f"{reading.why}; {note}" if reading.why and note else reading.why or note)


def _note(view: View) -> str:
    """Say that reads, or the display of the model's answer, are synthetic."""
    findings = view.now[FINDING_PATIENTS]
    simulated, display = (findings.where(finding=kind).total for kind in ("read_simulated", "display_simulated"))
    if not simulated:
        return ""
    shown = f", and in {display} of them the model's answer on screen is simulated too" if display else ""
    return f"{simulated} of the reads are synthetic{shown}"
