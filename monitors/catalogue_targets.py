"""The catalogue entries of targets."""

from monitors.signal_type import SignalType

TARGETS: tuple[SignalType, ...] = ()
