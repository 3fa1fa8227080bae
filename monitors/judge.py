"""The judgement of fixed-window tests: Benjamini-Hochberg within each monitor's family; at most `watch`.

`alert` comes only from the sequential layer (contract, section 9).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from monitors.catalogue import CATALOGUE
from registry.domain.signal import Signal
from registry.domain.vocabulary import SignalState
from validation.statistics.multiplicity import benjamini_hochberg


def judged(signals: Iterable[Signal], q_limit: float) -> list[Signal]:
    """Give every signal that carries a p-value its q-value within its monitor, and its state.

    Args:
        signals: of one run.
        q_limit: the false discovery rate at which a signal becomes `watch`.
    """
    found = list(signals)
    families: dict[str, list[int]] = defaultdict(list)
    for place, signal in enumerate(found):
        if signal.p_value is not None:
            families[signal.monitor].append(place)
    for places in families.values():
        q_values = benjamini_hochberg([found[place].p_value or 0.0 for place in places])
        for place, q_value in zip(places, q_values.tolist(), strict=True):
            found[place] = _with_q(found[place], q_value, q_limit)
    return found


def _with_q(signal: Signal, q_value: float, q_limit: float) -> Signal:
    entry, watch = CATALOGUE[signal.code], q_value <= q_limit
    state = SignalState.WATCH if watch else SignalState.OK
    verdict = entry.raised if watch else entry.calm
    explains = f"{signal.explains} {verdict.removesuffix('.')} (q {q_value:.2g})."
    return replace(signal, q_value=q_value, state=state, explains=explains)
