"""One run of the monitors: counts in, the contract's JSON out; the same counts, plan and day give the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitors.area_spread import area_spread_signals
from monitors.beside import Beside, beside_signals
from monitors.calibration import calibration_signals
from monitors.charted import early_signals
from monitors.counts import Counts
from monitors.coverage import coverage_signals
from monitors.data import data_signals, unjoined_signal, version_scopes
from monitors.drift import score_signals
from monitors.embeddings import Embeddings
from monitors.input_features import input_drift
from monitors.judge import judged
from monitors.label_monitors import LABEL_MONITORS
from monitors.overrides import finding_signals, override_signals
from monitors.oversight import oversight_signals
from monitors.performance import performance_signals
from monitors.quality import quality_signals
from monitors.routing import routing_signals
from monitors.scanners import scanner_signals
from monitors.scope import read_view, scopes_of, unit_view
from monitors.sequential import Sequence, sequence_of
from monitors.subgroups import subgroup_signals
from monitors.targets import target_signals
from monitors.workload import workload_signals
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Signal

UNIT_MONITORS = (
    score_signals,
    performance_signals,
    calibration_signals,
    subgroup_signals,
    scanner_signals,
    coverage_signals,
    data_signals,
    finding_signals,
    workload_signals,
    target_signals,
    area_spread_signals,
    *LABEL_MONITORS,
)


@dataclass(frozen=True)
class Occasion:
    """When and on what a run is made.

    Attributes:
        model: whose signals.
        as_of: the last day that counts, ISO.
        known: which known time selected the rows.
        tables: per observation table its version number and digest.
    """

    model: str
    as_of: str
    known: Known
    tables: Mapping[str, Mapping[str, Any]]


def monitor_run(
    counts: Counts,
    plan: MonitoringPlan,
    occasion: Occasion,
    sequence: Sequence | None = None,
    *,
    windows: bool = True,
    embeddings: Embeddings | None = None,
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Run every monitor on every scope with rows, and on all sites together where there are several.

    Args:
        counts: of one model, known by the end of the day.
        plan: the monitoring plan.
        occasion: model, day, known time and table versions.
        sequence: the sequential layer of the same counts up to that day or a later one; computed unless given.
        windows: whether the fixed windows are judged too; they need counts known by that very day.
        embeddings: of the model's units; not judged where they were not read.
        beside: other rows that were read for the run; what needs them is silent without.

    Returns:
        The JSON of the contract's section 9.
    """
    known = sequence or sequence_of(occasion.model, counts, plan, occasion.as_of)
    found = all_signals(counts, plan, occasion.as_of, embeddings) if windows else []
    found += beside_signals(counts, plan, occasion.as_of, beside) if windows and beside else []
    signals = judged(found, float(plan.q_limit))
    signals += known.signals(occasion.as_of)
    return {
        "model": occasion.model,
        "as_of": occasion.as_of,
        "plan": plan.digest,
        "known_time": occasion.known.value,
        "tables": {name: dict(version) for name, version in sorted(occasion.tables.items())},
        "signals": [signal.to_json() for signal in sorted(signals, key=_order)],
        "alerts": [alert.to_json() for alert in known.alerts(occasion.as_of)],
    }


def all_signals(counts: Counts, plan: MonitoringPlan, as_of: str, embeddings: Embeddings | None = None) -> list[Signal]:
    """Return the fixed-window signals of every scope, before the judgement of their p-values."""
    found: list[Signal] = []
    for scope in scopes_of(counts):
        view = unit_view(counts, scope, plan, as_of)
        found += [signal for monitor in UNIT_MONITORS for signal in monitor(view)]
        found += quality_signals(view, counts) + routing_signals(view, counts) + early_signals(view, counts)
        reads = read_view(counts, scope, plan, as_of)
        found += override_signals(reads) + oversight_signals(reads)
        found += input_drift(view, counts, as_of, embeddings)
    for scope in version_scopes(counts):
        view = unit_view(counts, scope, plan, as_of)
        found.append(unjoined_signal(view, counts))
    return found


def monitor_json(run: Mapping[str, Any]) -> bytes:
    """Return a run's bytes: sorted keys, two spaces, UTF-8, a line feed at the end."""
    text = json.dumps(run, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _order(signal: Signal) -> tuple[Any, ...]:
    subject = tuple(sorted(signal.subject.items()))
    return (signal.version, signal.mode, signal.target, signal.site or "", signal.code, subject)
