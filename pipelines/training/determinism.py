"""Everything random from one seed, and only algorithms that give the same bits again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pipelines.training.devices import Device

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"  # docs.nvidia.com/cuda/cublas, results reproducibility


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Make PyTorch, NumPy and MONAI deterministic inside the block, and as they were after it.

    Args:
        seed: of all global sources of randomness.
    """
    from monai.utils import set_determinism  # noqa: PLC0415 - lazy: monai is slow to import

    before, workspace = torch.are_deterministic_algorithms_enabled(), os.environ.get(_CUBLAS)
    os.environ.setdefault(_CUBLAS, ":4096:8")
    set_determinism(seed)
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        set_determinism(None)
        torch.use_deterministic_algorithms(before)
        if workspace is None:
            os.environ.pop(_CUBLAS, None)


def determinism_statement(seed: int, device: Device, world: int) -> str:
    """Say under which conditions the same run gives the same bytes."""
    threads = torch.get_num_threads()
    return (
        f"seed {seed}, deterministic algorithms, {device.name}, {device.precision}, {threads} thread(s), "
        f"{world} process(es), torch {torch.__version__}: the same again on the same machine type"
    )
