"""Asking the witnesses while a service runs: when the settings say that it is due, and once more when it stops."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.bootstrap import Workspace
from pipelines.usecases.witnessing import ask_all, is_due, tail
from registry.domain.errors import OverreadError

_LOG = logging.getLogger(__name__)
_STEP_S = 30


@contextmanager
def witnessed_meanwhile(workspace: Workspace, step_s: float = _STEP_S) -> Iterator[None]:
    """Ask the policy's witnesses whenever it is due, and at the end; nothing waits for them and no error is raised."""
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(workspace, over, step_s), name="witnesses", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        ask_for_tail(workspace)


def ask_for_tail(workspace: Workspace) -> bool:
    """Ask the witnesses if there are events that no quorum has seen, and say whether it was done; log what failed."""
    try:
        found = tail(workspace)
        if found is None or not found.events:
            return False
        asked = ask_all(workspace)
    except OverreadError as error:
        _LOG.warning("the witnesses were not asked: %s", error.line())
        return False
    for name, outcome in asked.outcomes.items():
        if isinstance(outcome, OverreadError):
            _LOG.warning("the witness %s did not cosign: %s", name, outcome.line())
    return True


def _watch(workspace: Workspace, over: threading.Event, step_s: float) -> None:
    while not over.wait(step_s):
        try:
            due = is_due(workspace)
        except OverreadError as error:
            _LOG.warning("the witnesses were not asked: %s", error.line())
            continue
        if due:
            ask_for_tail(workspace)
