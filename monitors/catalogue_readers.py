"""The catalogue entries of readers."""

from monitors.signal_type import SignalType

READERS: tuple[SignalType, ...] = ()
