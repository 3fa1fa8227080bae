"""The catalogue entries of places."""

from monitors.signal_type import SignalType

PLACES: tuple[SignalType, ...] = ()
