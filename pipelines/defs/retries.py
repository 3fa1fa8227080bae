"""Which failures are tried again: services that do not answer; a refusal stays a refusal."""

from types import TracebackType

import dagster as dg

from registry.domain.errors import OverreadError, ServiceUnreachableError

PASSING = (ServiceUnreachableError, ConnectionError, TimeoutError)
PATIENCE = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class final_unless_passing:  # noqa: N801 - a context manager, named as it reads
    """Let errors of services through, to be tried again by the asset's policy; make every other error final.

    Raises:
        Failure: with the one line of a refusal, or the kind of an internal error; its cause stays attached.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, PASSING):
            return
        if isinstance(error, OverreadError):
            raise dg.Failure(error.line(), allow_retries=False) from error
        if isinstance(error, Exception):
            raise dg.Failure(f"internal error ({type(error).__name__})", allow_retries=False) from error
