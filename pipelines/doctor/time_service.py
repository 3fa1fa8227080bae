"""Whether a time service (NTP, PTP) keeps the machine's clock, as the kernel says (`adjtimex`)."""

import ctypes
import struct
from collections.abc import Callable, Iterator

from pipelines.doctor.finding import Finding, State, ok

NAME = "time service"
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_SIZE = 512  # more than the kernel's structure has on any machine
_FIELDS = struct.Struct("@Iqqqqi")  # modes (0 reads alone), offset, frequency, maximum and estimated error, status


def time_service(read: Callable[[], tuple[int, int] | None] | None = None) -> Iterator[Finding]:
    """Say whether a time service keeps the clock, and within how much.

    Args:
        read: gives the kernel's state and its greatest error in microseconds; asks the kernel unless given.
    """
    found = (read or kernel_state)()
    if found is None:
        yield Finding(NAME, State.WATCH, "the kernel does not say whether one keeps the clock: see to it by NTP")
    elif found[0] == _TIME_ERROR:
        yield Finding(NAME, State.WATCH, "none keeps the clock: set one up (NTP), events bear its time")
    else:
        yield ok(NAME, f"keeps the clock within {found[1] / 1000:.0f} ms")


def kernel_state() -> tuple[int, int] | None:
    """Return the kernel's state of the clock and its greatest error (microseconds); None where it does not say."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:
        return None
    room = ctypes.create_string_buffer(_SIZE)
    state = int(adjtimex(room))
    return None if state < 0 else (state, int(_FIELDS.unpack_from(room.raw)[3]))
