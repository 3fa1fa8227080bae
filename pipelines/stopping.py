"""How a server of ours is stopped: by SIGTERM as by the keyboard, whatever the process that started it ignores."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stoppable() -> Iterator[None]:
    """Take SIGTERM for the keyboard's interrupt, as a service manager sends it.

    A process inherits which signals are ignored or blocked: here SIGTERM is neither.

    Raises:
        KeyboardInterrupt: out of what stands inside, when the process is told to end.
    """

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGTERM, before)
