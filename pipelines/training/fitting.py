"""One training run from examples to a model folder, resumable by its name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.training.artifact import write_artifact
from pipelines.training.checkpoints import Checkpoint
from pipelines.training.datasets import Examples
from pipelines.training.determinism import determinism_statement, deterministic
from pipelines.training.devices import Device, choose_device
from pipelines.training.loop import Epoch, Judge, Run, begin, fit
from pipelines.training.networks import Network, build_network
from pipelines.training.ranks import Ranks, group, ranks_of_environment
from pipelines.training.recipe import Recipe
from pipelines.training.scorer import load_scorer
from registry.domain.artifact import folder_digest
from registry.domain.digest import digest_value
from registry.domain.errors import UnknownNameError
from registry.domain.ports import Progress

ARTIFACT = "artifact"


@dataclass(frozen=True)
class Job:
    """What to train: network, recipe, examples with the digests of their cohorts, and who judges an epoch."""

    network: Network
    recipe: Recipe
    train: Examples
    tune: Examples
    cohort_digests: tuple[str, str]
    judge: Judge

    @property
    def digest(self) -> str:
        """Digest of everything that the weights depend on but the machine."""
        record = {"network": self.network.digest, "recipe": self.recipe.to_json(), "cohorts": list(self.cohort_digests)}
        return digest_value(record)


@dataclass(frozen=True)
class Place:
    """Where a process trains: its device, and its place in the group."""

    device: Device
    ranks: Ranks


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder, digest: the model folder and its digest.
        history: loss and tune AUC of each epoch.
        best_epoch: index of the epoch whose weights were kept.
        tune_scores: scores of the tune cohort by the model as loaded from the folder, float64[n].
        conditions: under which the same run gives the same bytes.
    """

    folder: Path
    digest: str
    history: tuple[Epoch, ...]
    best_epoch: int
    tune_scores: NDArray[np.float64]
    conditions: Mapping[str, str]


@contextmanager
def training_place(device: str) -> Iterator[Place]:
    """Choose the device and join the group of processes, if there is one, for the block.

    Raises:
        UsageError: when the device is unknown or absent.
    """
    ranks = ranks_of_environment()
    chosen = choose_device(device, local_rank=ranks.local_rank)
    with group(ranks, chosen.torch):
        yield Place(chosen, ranks)


def train_model(job: Job, folder: Path, place: Place, *, resume: bool, progress: Progress) -> Trained:
    """Train a network and write its folder; the same job on the same machine gives the same bytes.

    Args:
        job: what to train.
        folder: of the run: holds its checkpoint, then its artifact.
        place: where to train.
        resume: whether to go on from the folder's checkpoint.
        progress: advances once an epoch.

    Raises:
        UsageError: when the checkpoint belongs to another job.
        UnreadableFileError: when the checkpoint cannot be used.
        IncompleteError: when the loss is no longer a number.
    """
    checkpoint = Checkpoint(folder, job.digest)
    with deterministic(job.recipe.seed):
        run = Run(job.train, job.tune, job.recipe, place.device, place.ranks, job.judge)
        state = begin(build_network(job.network), run)
        if resume:
            checkpoint.restore(state)
        fitted = fit(state, run, checkpoint.keep, progress)
        if place.ranks.first:
            write_artifact(folder / ARTIFACT, job.network, fitted.weights)
        place.ranks.wait()
        scores = job.tune.by_unit(load_scorer(folder / ARTIFACT).score(job.tune.images))
        digest = folder_digest(folder / ARTIFACT)
        place.ranks.wait()  # the first process may remove the folder now
    return Trained(folder / ARTIFACT, digest, fitted.history, fitted.best_epoch, scores, _conditions(job, place))


def known_run(runs: Path, name: str) -> Path:
    """Return the folder of an interrupted run.

    Raises:
        UnknownNameError: when there is none of this name.
    """
    known = {path.name for path in runs.iterdir() if path.is_dir()} if runs.is_dir() else set()
    if name not in known:
        raise UnknownNameError.of("run", name, known, mend="interrupted runs lie in the workspace's folder 'runs'")
    return runs / name


def _conditions(job: Job, place: Place) -> dict[str, str]:
    libraries = {name: version(name) for name in ("torch", "monai", "numpy")}
    return libraries | {
        "run_digest": job.digest,
        "network_digest": job.network.digest,
        "determinism": determinism_statement(job.recipe.seed, place.device, place.ranks.world),
    }
