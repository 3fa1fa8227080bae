"""Everything random from one seed, and only algorithms that give the same bits again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pipelines.training.devices import Device

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"  # docs.nvidia.com/cuda/cublas, results reproducibility


@contextmanager
def single_thread() -> Iterator[None]:
    """Compute in one thread inside the block: sums of floats depend on how many threads share them.

    Results then do not depend on the machine's number of cores, and processes beside each other do not wait in vain
    for cores that are taken.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Make PyTorch, NumPy and MONAI deterministic and single-threaded inside the block, as they were after it.

    Args:
        seed: of all global sources of randomness.
    """
    from monai.utils import set_determinism  # noqa: PLC0415 - lazy: monai is slow to import

    before, workspace = torch.are_deterministic_algorithms_enabled(), os.environ.get(_CUBLAS)
    os.environ.setdefault(_CUBLAS, ":4096:8")
    set_determinism(seed)
    torch.use_deterministic_algorithms(mode=True)
    try:
        with single_thread():
            yield
    finally:
        set_determinism(None)
        torch.use_deterministic_algorithms(before)
        if workspace is None:
            os.environ.pop(_CUBLAS, None)


def determinism_statement(seed: int, device: Device, world: int) -> str:
    """Say under which conditions the same run gives the same bytes."""
    return (
        f"seed {seed}, deterministic algorithms, {device.name}, {device.precision}, 1 thread in each of {world} "
        f"process(es), torch {torch.__version__}: the same bytes again on a processor of the same instructions"
    )
