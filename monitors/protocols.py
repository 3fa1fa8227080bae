"""Protocol deviation: series whose acquisition parameters fit no protocol that the site used in its reference."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, in_period
from monitors.draft import Reading, drafted
from monitors.scope import View, periods_of
from registry.domain.protocol import Protocol
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.new_levels import new_levels

SHOWN = 5
_Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ProtocolRows:
    """The protocol of each series.

    Attributes:
        protocols: every one, in the order of founding.
        protocol: its place among them, int64[n].
        site: texts [n].
        patient: a number each, int64[n].
        day: site-local day, proleptic ordinal int64[n].
    """

    protocols: tuple[Protocol, ...]
    protocol: _Codes
    site: npt.NDArray[np.str_]
    patient: _Codes
    day: _Codes


def protocol_signals(view: View, counts: Counts, rows: ProtocolRows) -> list[Signal]:
    """Return the deviation from the protocols of one site's reference; none for all sites together."""
    if not view.scope.site:
        return []
    return [drafted(view, "COV004", _reading(view, counts, rows))]


def _reading(view: View, counts: Counts, rows: ProtocolRows) -> Reading:
    window, references = periods_of(counts, view.scope, view.plan, view.window.end)
    here = rows.site == view.scope.site
    now = _first_of_patients(rows, here & in_period(rows.day, window))
    if view.unready or view.scope.site not in references:
        why = view.unready or "the site has no reference"
        return Reading(len(now), reason=NotAssessed.TOO_FEW, why=why)
    reference = references[view.scope.site]
    base = _first_of_patients(rows, here & in_period(rows.day, reference))
    least = view.plan.min_units
    if min(len(now), len(base)) < least:
        why = f"{len(now)} series in the window and {len(base)} in the reference, {least} are needed"
        return Reading(len(now), reason=NotAssessed.TOO_FEW, why=why)
    sizes = [np.bincount(part, minlength=len(rows.protocols)) for part in (now, base)]
    found = new_levels(*sizes)
    new = [rows.protocols[at] for at in np.flatnonzero((sizes[1] == 0) & (sizes[0] > 0)).tolist()]
    names = ", ".join(f"{one.digest[7:19]}" for one in new[:SHOWN])
    more = f", and {len(new) - SHOWN} more" if len(new) > SHOWN else ""
    why = f"protocols in the reference: {int((sizes[1] > 0).sum())}" + (f"; not in it: {names}{more}" if new else "")
    return Reading(len(now), found.share, found.bounds, found.expected, found.p_value, why=why)


def _first_of_patients(rows: ProtocolRows, keep: npt.NDArray[np.bool_]) -> _Codes:
    """Return the protocols, each once a patient: series of one protocol of a patient are alike."""
    pairs = np.stack([np.unique(rows.patient, return_inverse=True)[1].reshape(-1)[keep], rows.protocol[keep]])
    return np.asarray(np.unique(pairs, axis=1)[1], dtype=np.int64)
