"""Choosing what counts the rows: by `--engine`, else by `[counting]` of the settings."""

import os
import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from monitors.engine.on_dask import Dask
from monitors.engine.on_spark import Spark
from monitors.engine.runners import Embedded, Processes, Runner, Threads
from pipelines.settings import CountingSection
from registry.domain.errors import ServiceUnreachableError, UnknownNameError, UsageError

_LOCAL = "local[{}]"


def runner_of(settings: CountingSection, named: str | None = None) -> Runner:
    """Return what counts the rows.

    Args:
        settings: `[counting]`.
        named: an engine that is named for this once.

    Raises:
        UnknownNameError: for an unknown engine.
        UsageError: when the engine's extra is not installed, or there are no workers.
        ServiceUnreachableError: when Spark has no Java.
    """
    name = named or settings.engine
    if name not in ENGINES:
        raise UnknownNameError.of("engine", name, ENGINES)
    if settings.workers < 1:
        raise UsageError("counting needs a worker", where="workers of [counting]", mend="write 1 or more")
    return ENGINES[name](settings)


def _spark(settings: CountingSection) -> Runner:
    _require("pyspark", "spark")
    java = shutil.which("java") or os.environ.get("JAVA_HOME")
    if java is None:
        raise ServiceUnreachableError("Spark needs Java, and there is none", mend="apt install default-jre-headless")
    return Spark(settings.address or _LOCAL.format(settings.workers), settings.workers)


def _dask(settings: CountingSection) -> Runner:
    _require("distributed", "dask")
    return Dask(settings.address, settings.workers)


def _require(library: str, extra: str) -> None:
    if find_spec(library) is None:
        raise UsageError(f"the engine needs {library}", where="--engine", mend=f"pip install 'overread[{extra}]'")


ENGINES: Mapping[str, Callable[[CountingSection], Runner]] = {
    "embedded": lambda _: Embedded(),
    "threads": lambda settings: Threads(settings.workers),
    "processes": lambda settings: Processes(settings.workers),
    "spark": _spark,
    "dask": _dask,
}
