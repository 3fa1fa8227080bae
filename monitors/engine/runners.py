"""Where the kernel runs: in this process, in its threads, or in processes beside it; the counts are the same bytes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol

import numpy as np

from monitors.counts import Counts
from monitors.engine.homes import Work, count_homes
from monitors.engine.shards import counted_shard, shard_of
from monitors.packing import unpack_counts


class Runner(Protocol):
    """Counts days from their rows.

    Contract:
        - every day of the work is yielded once, in any order, with the counts that `count_homes` gives;
        - nothing but the work decides the counts: not the number of workers, nor the order in which they end.
    """

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts, without the families that follow from others."""
        ...


class Embedded:
    """One after the other, in this process."""

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts."""
        yield from count_homes(work)


@dataclass(frozen=True)
class Threads:
    """In threads of this process; NumPy and Arrow leave the interpreter's lock for most of the work."""

    workers: int = 2

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts."""
        with ThreadPoolExecutor(self.workers) as pool:
            for part in pool.map(lambda shard: list(count_homes(shard)), split(work, self.workers)):
                yield from part


@dataclass(frozen=True)
class Processes:
    """In processes of this machine, which are started afresh and get Arrow bytes."""

    workers: int = 2

    def count(self, work: Work) -> Iterator[tuple[int, Counts]]:
        """Yield each day with its counts."""
        shards = [shard_of(part) for part in split(work, self.workers)]
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            for part in pool.map(counted_shard, shards):
                yield from unpacked(part)


def unpacked(part: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, Counts]]:
    """Yield the days that a worker sent back."""
    for day, data in part:
        yield day, unpack_counts(data)


def split(work: Work, shards: int) -> list[Work]:
    """Cut work into runs of days with about the same number of rows; rows that belong together stay together."""
    days = np.asarray(work.days, dtype=np.int64)
    rows = np.zeros(len(days), dtype=np.int64)
    for home in work.links.home.values():
        found = np.searchsorted(days, home[np.isin(home, days)])
        rows += np.bincount(found, minlength=len(days))
    ends = np.searchsorted(np.cumsum(rows), rows.sum() * np.arange(1, shards) / shards) + 1
    runs = [run.tolist() for run in np.split(days, np.unique(np.clip(ends, 0, len(days)))) if len(run)]
    return [work.of(run) for run in runs]
