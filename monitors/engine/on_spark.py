"""The kernel on Spark: rows of all tables as one long DataFrame, all rows of a day in one partition, `mapInArrow`.

A session on this machine (`local[2]`, `local-cluster[2,1,1024]`) listens on loopback alone and is stopped at the end.
On a cluster the workers need this distribution installed; see docs/how-to/cluster.md.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from monitors.counts import Counts
from monitors.engine.homes import Work
from monitors.engine.runners import unpacked
from monitors.engine.shards import HOME, counted_rows, long_table, words_of
from registry.domain.errors import ServiceUnreachableError

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Spark:
    """On Spark.

    Attributes:
        address: the master's, such as `spark://host:7077`, `local[2]` or `local-cluster[2,1,1024]`.
        partitions: into how many parts the days go.
    """

    address: str = "local[2]"
    partitions: int = 2

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - lazy: optional
        from pyspark.errors import PySparkException  # noqa: PLC0415 - lazy: optional, slow to import

        try:
            done = self._done(work)
        except (Py4JError, PySparkException) as error:
            mend = "check the master's address, and that its workers have this version of overread"
            raise ServiceUnreachableError("Spark did not count", where=self.address, mend=mend) from error
        yield from unpacked(done)

    def _done(self, work: Work) -> list[tuple[int, bytes]]:
        words, table = words_of(work), long_table(work)
        with _session(self.address) as session:
            rows = session.createDataFrame(table).repartition(self.partitions, HOME)
            found = rows.mapInArrow(_Partition(words), "day long, counts binary").collect()
        return [(row["day"], bytes(row["counts"])) for row in found]


@dataclass(frozen=True)
class _Partition:
    """Counts the rows of one partition; sent to the executors."""

    words: bytes

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

        found = list(batches)
        if sum(batch.num_rows for batch in found):
            days = list(counted_rows(self.words, pa.Table.from_batches(found)))
            columns = [
                pa.array([day for day, _ in days], pa.int64()),
                pa.array([data for _, data in days], pa.binary()),
            ]
            yield pa.RecordBatch.from_arrays(columns, ["day", "counts"])


@contextmanager
def _session(address: str) -> Iterator[Any]:
    """Open a session; one that was open already is used, and left open."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - lazy: optional, slow to import

    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    builder = SparkSession.builder.master(address).appName("overread counts")
    for name, value in _options(address).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def _options(address: str) -> dict[str, str]:
    """Return the session's options; on this machine nothing listens beyond loopback."""
    options = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    options |= {"spark.sql.session.timeZone": "UTC", "spark.sql.adaptive.enabled": "false"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if address.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", _LOOPBACK)
        options |= {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}
        options |= {"spark.executorEnv.PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    return options
