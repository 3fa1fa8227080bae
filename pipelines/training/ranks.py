"""One process of a group that trains together (`torchrun`); alone when nothing says otherwise."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn

from registry.domain.errors import UsageError


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0

    @property
    def first(self) -> bool:
        """Say whether this process judges and writes."""
        return self.rank == 0

    def share(self, batch: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this process's part of a batch's indices; all parts are of one size."""
        even = len(batch) - len(batch) % self.world
        return batch[self.rank : even : self.world]

    def wrap(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Return the network with gradients averaged over the group; itself when alone."""
        if self.world == 1:
            return network
        ids = None if device.type == "cpu" else [device.index]
        return nn.parallel.DistributedDataParallel(network, device_ids=ids)

    def agree(self, value: float, device: torch.device) -> float:
        """Return the first process's value in every process."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.broadcast(told, 0)
        return float(told.item())

    def mean(self, value: float, device: torch.device) -> float:
        """Return the mean over the processes of the group."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.all_reduce(told)
        return float(told.item()) / self.world

    def wait(self) -> None:
        """Wait until every process of the group is here."""
        if self.world > 1:
            distributed.barrier()


def ranks_of_environment() -> Ranks:
    """Read the place in the group from the variables that `torchrun` sets.

    Raises:
        UsageError: when they are not numbers that fit together.
    """
    try:
        rank, world, local = (
            int(os.environ.get(key, d)) for key, d in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
        )
    except ValueError as error:
        raise UsageError("RANK, WORLD_SIZE and LOCAL_RANK are not numbers", mend="start with torchrun") from error
    if not 0 <= rank < world or local < 0:
        raise UsageError(f"rank {rank} of {world} processes", mend="start with torchrun")
    return Ranks(rank, world, local)


@contextmanager
def group(ranks: Ranks, device: torch.device) -> Iterator[Ranks]:
    """Join the group of processes for the block: NCCL on GPUs, Gloo on CPUs."""
    if ranks.world == 1:
        yield ranks
        return
    distributed.init_process_group("gloo" if device.type == "cpu" else "nccl", rank=ranks.rank, world_size=ranks.world)
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()
