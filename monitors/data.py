"""Data quality: decisions that contradict their threshold, ties on the score grid, predictions that join nothing."""

from monitors.areas import area_of, classes, labelled
from monitors.counts import FINDING_PATIENTS, PATIENTS, Counts
from monitors.draft import Reading, drafted
from monitors.scope import MONITORED_MODES, Scope, View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.performance import TIE_LOSS_LIMIT


def data_signals(view: View) -> list[Signal]:
    """Return the data monitor's signals of one scope."""
    return [drafted(view, "DAT001", _contradictions(view)), drafted(view, "DAT002", _ties(view))]


def unjoined_signal(view: View, counts: Counts) -> Signal:
    """Return the share of a version's predictions that join no acquisition, over all days and sites."""
    own = counts["FQ"].where(version=view.scope.version, mode=view.scope.mode, target=view.scope.target)
    lost = own.where(finding="unjoined").total
    kinds = ("analysed", "outside_envelope", "rerun", "skipped", "failed")
    n = lost + sum(own.where(finding=kind).total for kind in kinds)
    return drafted(view, "DAT003", Reading(n, lost / n if n else None, limit=0.0, watch=lost > 0))


def version_scopes(counts: Counts) -> tuple[Scope, ...]:
    """Return one scope a version, monitored mode and target, over all sites; also where nothing joined."""
    cells = counts["FQ"].marginal(("version", "mode", "target"))
    columns = [cells.labels_of(axis) for axis in cells.axes]
    found = {Scope(*key) for key in zip(*columns, strict=True)}
    return tuple(sorted(scope for scope in found if scope.mode in MONITORED_MODES))


def _contradictions(view: View) -> Reading:
    findings = view.now[FINDING_PATIENTS]
    n = view.now[PATIENTS].total + sum(findings.where(finding=kind).total for kind in ("outside_envelope", "rerun"))
    found = findings.where(finding="contradicts_threshold").total
    if n == 0:
        return Reading(0, reason=NotAssessed.TOO_FEW, why="there is no prediction in the window")
    return Reading(n, found / n, limit=0.0, watch=found > 0)


def _ties(view: View) -> Reading:
    units = labelled(view.now[PATIENTS])
    area, least = area_of(units), view.plan.min_auc_class
    if area is None or min(classes(units)) < least:
        few = NotAssessed.TOO_FEW if units.total else NotAssessed.NO_OUTCOMES
        why = f"the AUC is not estimated: at least {least} units of each class with an outcome are needed"
        return Reading(units.total, reason=few, why=why)
    coarse = area.tie_loss > TIE_LOSS_LIMIT
    reason = NotAssessed.GRID if coarse else None
    return Reading(units.total, area.tie_loss, limit=TIE_LOSS_LIMIT, reason=reason, watch=coarse)
