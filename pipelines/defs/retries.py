"""Which failures are tried again: services that do not answer; a refusal stays a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from registry.domain.errors import OverreadError, ServiceUnreachableError

PASSING = (ServiceUnreachableError, ConnectionError, TimeoutError)
PATIENCE = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def final_unless_passing() -> Iterator[None]:
    """Let errors of services through, to be tried again by the asset's policy; make every other error final.

    Raises:
        Failure: with the one line of a refusal, or the kind of an internal error; its cause stays attached.
    """
    try:
        yield
    except PASSING:
        raise
    except OverreadError as refusal:
        raise dg.Failure(refusal.line(), allow_retries=False) from refusal
    except Exception as error:
        raise dg.Failure(f"internal error ({type(error).__name__})", allow_retries=False) from error
