"""A task so small that it is trained within seconds: squares that are bright or not."""

from pathlib import Path

import numpy as np
from fakes import NoProgress
from numpy.typing import NDArray

from pipelines.training.datasets import Examples
from pipelines.training.fitting import Job, Trained, train_model, training_place
from pipelines.training.networks import InputSpec, Network
from pipelines.training.recipe import Recipe
from pipelines.training.tuning import tune_auc

SIZE = 24
ARGUMENTS = {"init_features": 4, "growth_rate": 4, "block_config": [1, 1], "dropout_prob": "0.1"}


def tiny_network() -> Network:
    """Return a network of two layers for pictures of 24 pixels."""
    return Network(arguments=dict(ARGUMENTS), input=InputSpec(SIZE, SIZE))


def tiny_examples(seed: int, n: int = 24) -> Examples:
    """Return noise, with a bright square in every second picture."""
    random = np.random.default_rng(seed)
    images: NDArray[np.float32] = random.uniform(0, 0.5, (n, 1, SIZE, SIZE)).astype(np.float32)
    images[::2, :, 8:16, 8:16] += 0.5
    return Examples(images, np.arange(n) % 2 == 0)


def tiny_job(seed: int = 0, epochs: int = 3, cohort: str = "train") -> Job:
    """Return a job of three epochs on 24 pictures."""
    recipe = Recipe(epochs=epochs, batch=8, seed=seed, patience=10)
    return Job(tiny_network(), recipe, tiny_examples(1), tiny_examples(2, 12), (cohort, "tune"), tune_auc)


def train_tiny(folder: Path, job: Job | None = None, *, resume: bool = False) -> Trained:
    """Train it on the CPU."""
    with training_place("cpu") as place:
        return train_model(job or tiny_job(), folder, place, resume=resume, progress=NoProgress())
