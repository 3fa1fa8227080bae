"""The one servable format: a folder of `network.json` and `model.safetensors`, and nothing else."""

from pathlib import Path

from safetensors.torch import save

from pipelines.training.loop import Weights
from pipelines.training.networks import FILE, Network
from registry.domain.artifact import folder_digest
from registry.objects import write_durably

WEIGHTS_FILE = "model.safetensors"
FILES = frozenset({FILE, WEIGHTS_FILE})


def write_artifact(folder: Path, network: Network, weights: Weights) -> str:
    """Write a model folder and return its digest; the same network and weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder / FILE, network.to_bytes())
    write_durably(folder / WEIGHTS_FILE, save(dict(sorted(weights.items()))))
    return folder_digest(folder)
