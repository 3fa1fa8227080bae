"""What a check found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from registry.domain.errors import ExitCode, OverreadError, ServiceUnreachableError


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WATCH = "watch"  # works today; somebody should look
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Finding:
    """One check: what, how it ended, and one sentence with the mend where one is needed."""

    what: str
    state: State
    says: str


_WORST = (
    (State.FAILED, ExitCode.ANSWER_IS_NO),
    (State.UNREACHABLE, ExitCode.SERVICE_UNREACHABLE),
    (State.NOT_RUN, ExitCode.INCOMPLETE),
)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """Return 1 when a check failed, else 6 when a service is unreachable, else 3 when a check did not run, else 0."""
    states = {finding.state for finding in findings}
    return next((code for state, code in _WORST if state in states), ExitCode.DONE)


def ok(what: str, says: str) -> Finding:
    """Return that something is sound."""
    return Finding(what, State.OK, says)


def found(what: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Run a check; an error of ours is its finding."""
    try:
        yield from check()
    except ServiceUnreachableError as error:
        yield Finding(what, State.UNREACHABLE, error.line())
    except OverreadError as error:
        yield Finding(what, State.FAILED, error.line())
