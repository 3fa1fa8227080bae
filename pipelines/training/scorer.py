"""Loading a model folder: parsed strictly, weights from safetensors only, every shape checked."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from pipelines.training.artifact import FILES, WEIGHTS_FILE
from pipelines.training.devices import choose_device
from pipelines.training.images import Images, prepare_image
from pipelines.training.networks import FILE, Network, build_network, parse_network
from pipelines.training.scoring import score_batches
from registry.domain.errors import UnreadableFileError

_MEND = "register the model anew"


class TorchScorer:
    """A loaded model."""

    def __init__(self, network: Network, module: nn.Module, device: torch.device) -> None:
        self.network = network
        self.module = module
        self.device = device

    def prepare(self, raw: NDArray[np.float32]) -> Images:
        """Bring one raw image of any size to the network's input, shape (1, rows, columns)."""
        return prepare_image(raw, self.network.input)

    def score(self, images: Images) -> NDArray[np.float64]:
        """Return the probability of the target for each image.

        Args:
            images: float32, shape (n, 1, rows, columns) of the network's input.

        Raises:
            ValueError: for another shape or type.
        """
        expected = (1, self.network.input.rows, self.network.input.columns)
        if images.shape[1:] != expected or images.dtype != np.float32:
            raise ValueError(
                f"images of shape {images.shape} and type {images.dtype}; expected n of {expected}, float32"
            )
        return score_batches(self.module, images, self.device)


def load_scorer(folder: Path, device: str = "cpu") -> TorchScorer:
    """Load a model folder whose digest has been checked.

    Args:
        folder: holds `network.json` and `model.safetensors`, nothing else.
        device: where it scores: `cpu`, `cuda`, `cuda:N` or `auto`.

    Raises:
        UnreadableFileError: when a file is missing, foreign, or not what it should be.
        UsageError: when the device is absent.
    """
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if found != FILES:
        raise UnreadableFileError("a model folder holds two files", where=", ".join(sorted(FILES)), mend=_MEND)
    network = parse_network((folder / FILE).read_bytes())
    place = choose_device(device).torch
    module = build_network(network)
    module.load_state_dict(_weights(folder / WEIGHTS_FILE, module.state_dict()))
    return TorchScorer(network, module.to(place).to(memory_format=torch.channels_last), place)  # type: ignore[call-overload]  # stubs lack memory_format


def _weights(file: Path, expected: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    try:
        found: dict[str, torch.Tensor] = load(file.read_bytes())
    except (SafetensorError, ValueError) as error:
        raise UnreadableFileError("the weights are not safetensors", where=file.name, mend=_MEND) from error
    if {name: _form(tensor) for name, tensor in found.items()} != {name: _form(t) for name, t in expected.items()}:
        raise UnreadableFileError("the weights do not fit the network", where=file.name, mend=_MEND)
    if not all(torch.isfinite(tensor).all() for tensor in found.values()):
        raise UnreadableFileError("the weights hold a value that is not finite", where=file.name, mend=_MEND)
    return found


def _form(tensor: torch.Tensor) -> tuple[tuple[int, ...], torch.dtype]:
    return tuple(tensor.shape), tensor.dtype
