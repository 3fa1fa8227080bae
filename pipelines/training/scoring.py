"""Scoring in batches of one size and in one thread: a score depends neither on its neighbours nor on the cores."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipelines.training.determinism import single_thread
from pipelines.training.images import Images

BATCH = 16


def score_batches(network: nn.Module, images: Images, device: torch.device) -> NDArray[np.float64]:
    """Return the probability of the target for each image.

    The last batch is filled up with zeros: kernels may choose another order of summation for another batch size.

    Args:
        network: a network of one logit, on the device.
        images: float32, shape (n, 1, rows, columns).
        device: where the network is.

    Returns:
        Probabilities in 0..1, float64, shape (n,).
    """
    network.train(mode=False)
    with single_thread():
        parts = [_scored(network, images[start : start + BATCH], device) for start in range(0, len(images), BATCH)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _scored(network: nn.Module, images: Images, device: torch.device) -> NDArray[np.float64]:
    full = np.zeros((BATCH, *images.shape[1:]), np.float32)
    full[: len(images)] = images
    batch = torch.from_numpy(full).to(device, memory_format=torch.channels_last)
    with torch.inference_mode():
        scores = torch.sigmoid(network(batch)[:, 0].double())
    return scores[: len(images)].cpu().numpy()
