"""Which device trains or scores, and in which precision; a device that was asked for and is absent is an error."""

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch.amp.grad_scaler import GradScaler

from registry.domain.errors import UsageError

_CUDA = re.compile(r"cuda(:\d{1,2})?")
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Device:
    """A device and the precision in which the network is trained on it."""

    name: str
    precision: str

    @property
    def torch(self) -> torch.device:
        """The device as PyTorch names it."""
        return torch.device(self.name)

    def autocast(self) -> AbstractContextManager[object]:
        """Return the mixed-precision context, or one that does nothing in fp32."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.torch.type, _TYPES[self.precision])

    def scaler(self) -> GradScaler:
        """Return the scaler of gradients: at work in fp16, inert otherwise (bf16 has the range of fp32)."""
        return GradScaler(self.torch.type, enabled=self.precision == "fp16")


def choose_device(asked: str, precision: str = "auto", local_rank: int = 0) -> Device:
    """Choose the device.

    Args:
        asked: `auto` (a GPU where there is one), `cpu`, `cuda` or `cuda:N`.
        precision: `auto` (bf16 or fp16 on a GPU, fp32 on a CPU), `fp32`, `bf16` or `fp16`.
        local_rank: which GPU `auto` and `cuda` mean in a process of a group.

    Raises:
        UsageError: when the device is unknown or absent, or the precision does not fit it.
    """
    name = _name(asked, local_rank)
    if name == "cpu":
        return Device(name, _cpu_precision(precision))
    return Device(name, _gpu_precision(precision))


def _name(asked: str, local_rank: int) -> str:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "cpu" or (asked == "auto" and gpus == 0):
        return "cpu"
    if asked != "auto" and not _CUDA.fullmatch(asked):
        raise UsageError("unknown device", mend="use auto, cpu, cuda or cuda:N")
    index = int(asked.partition(":")[2]) if ":" in asked else local_rank
    if index >= gpus:
        raise UsageError(f"device {asked} is not there: {gpus} GPU(s) found", mend="use --device cpu, or auto")
    return f"cuda:{index}"


def _cpu_precision(asked: str) -> str:
    if asked not in {"auto", "fp32"}:
        raise UsageError("mixed precision needs a GPU", mend="use fp32, or a GPU")
    return "fp32"


def _gpu_precision(asked: str) -> str:
    if asked not in {"auto", "fp32", *_TYPES}:
        raise UsageError("unknown precision", mend="use auto, fp32, bf16 or fp16")
    if asked == "auto":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return asked
