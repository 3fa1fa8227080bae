"""The sequential layer's place: the only source of alerts; not part of this version, and said so by a signal."""

from monitors.catalogue import SEQUENTIAL
from monitors.draft import Reading, drafted
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed

WHY = "the sequential layer, the only source of alerts, is not part of this version, so no alert can be raised"


def sequential_signals(view: View) -> list[Signal]:
    """Return one signal a family that says that it is not watched sequentially."""
    return [drafted(view, code, Reading(0, reason=NotAssessed.NOT_RUN, why=WHY)) for code in SEQUENTIAL]
