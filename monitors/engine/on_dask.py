"""The kernel on Dask: one task a run of days, which gets Arrow bytes; a scheduler elsewhere, or one in this process."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitors.counts import Counts
from monitors.engine.homes import Work
from monitors.engine.runners import split, unpacked
from monitors.engine.shards import counted_shard, shard_of
from registry.domain.errors import ServiceUnreachableError

_PATIENCE_S = 10


@dataclass(frozen=True)
class Dask:
    """On Dask.

    Attributes:
        address: of a scheduler, such as `tcp://host:8786`; empty: worker processes of this machine.
        workers: into how many tasks the days go.
    """

    address: str = ""
    workers: int = 2

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts."""
        import dask  # noqa: PLC0415 - lazy: optional, slow to import

        tasks = [dask.delayed(counted_shard)(shard_of(part)) for part in split(work, self.workers)]
        if self.address:
            from distributed import Client  # noqa: PLC0415 - lazy: optional, slow to import

            try:
                with Client(self.address, timeout=_PATIENCE_S) as client:
                    done = client.gather(client.compute(tasks))
            except OSError as error:
                raise ServiceUnreachableError(
                    "Dask's scheduler does not answer", where=self.address, mend="start it, or mend the address"
                ) from error
        else:
            done = dask.compute(*tasks, scheduler="processes", num_workers=self.workers)
        for part in done:
            yield from unpacked(part)
