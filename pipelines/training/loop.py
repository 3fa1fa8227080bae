"""The training loop: AdamW, balanced classes, early stopping on the tune cohort, exact resumption."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.nn import functional

from pipelines.training.augmentation import Augmenter
from pipelines.training.datasets import Examples
from pipelines.training.devices import Device
from pipelines.training.ranks import Ranks
from pipelines.training.recipe import Recipe
from pipelines.training.scoring import score_batches
from registry.domain.errors import IncompleteError
from registry.domain.ports import Progress

Weights = dict[str, torch.Tensor]
Judge = Callable[[NDArray[np.float64], NDArray[np.bool_]], float]


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: mean training loss and tune AUC."""

    loss: float
    tune_auc: float


@dataclass
class TrainingState:
    """Everything that the rest of a run depends on."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    best: Weights = field(default_factory=dict)
    history: list[Epoch] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """Index of the first epoch with the greatest tune AUC; -1 before the first."""
        aucs = [epoch.tune_auc for epoch in self.history]
        return aucs.index(max(aucs)) if aucs else -1


@dataclass(frozen=True)
class Fitted:
    """The best weights, and how the run went."""

    weights: Weights
    history: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True)
class Run:
    """What a run is made of: data, plan, place, and who judges an epoch by scores and truth of the tune cohort."""

    train: Examples
    tune: Examples
    recipe: Recipe
    device: Device
    ranks: Ranks
    judge: Judge


def begin(network: nn.Module, run: Run) -> TrainingState:
    """Put a network on the device, with a fresh optimizer."""
    placed = network.to(run.device.torch).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack memory_format
    optimizer = torch.optim.AdamW(
        placed.parameters(), lr=run.recipe.learning_rate, weight_decay=run.recipe.weight_decay, fused=True
    )
    return TrainingState(placed, optimizer)


def fit(state: TrainingState, run: Run, keep: Callable[[TrainingState], None], progress: Progress) -> Fitted:
    """Train from a state to the end.

    Args:
        state: fresh, or restored from a checkpoint.
        run: data, plan and place.
        keep: called after each epoch in the first process, to write a checkpoint.
        progress: advances once an epoch.

    Raises:
        IncompleteError: when the loss is no longer a number.
    """
    model = run.ranks.wrap(state.network, run.device.torch)
    augment = Augmenter(run.recipe.seed, run.train.images.shape[-1])
    scaler = run.device.scaler()
    while not _finished(state, run.recipe):
        loss = _train_epoch(model, state, run, augment, scaler)
        _check(loss, len(state.history))
        _judge_epoch(state, run, loss)
        if run.ranks.first:
            keep(state)
        progress.advance()
    return Fitted(state.best, tuple(state.history), state.best_epoch)


def positive_weight(truth: NDArray[np.bool_]) -> float:
    """Return the weight of a positive example that makes both classes count alike."""
    positive = int(truth.sum())
    return (len(truth) - positive) / positive


def _check(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise IncompleteError(f"the training loss is no longer a number in epoch {epoch + 1}", mend="take another seed")


def _finished(state: TrainingState, recipe: Recipe) -> bool:
    done = len(state.history)
    return done >= recipe.epochs or done - 1 - state.best_epoch >= recipe.patience


def _train_epoch(model: nn.Module, state: TrainingState, run: Run, augment: Augmenter, scaler: GradScaler) -> float:
    epoch = len(state.history)
    torch.manual_seed(run.recipe.seed * 1_000_003 + epoch * 1_009 + run.ranks.rank)
    augment.begin(epoch, run.ranks.rank)
    weight = torch.tensor(positive_weight(run.train.truth), device=run.device.torch)
    batches = list(_batches(len(run.train.truth), run.recipe, epoch))
    model.train()
    losses = []
    for number, batch in enumerate(batches):
        rate = run.recipe.rate(epoch * len(batches) + number, run.recipe.epochs * len(batches))
        images, truth = _examples(run, run.ranks.share(batch), augment)
        losses.append(_step(model, state.optimizer, scaler, rate, _Batch(images, truth, weight, run.device)))
    return run.ranks.mean(float(np.mean(losses)), run.device.torch)


@dataclass(frozen=True)
class _Batch:
    images: torch.Tensor
    truth: torch.Tensor
    weight: torch.Tensor
    device: Device


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: GradScaler, rate: float, batch: _Batch) -> float:
    for options in optimizer.param_groups:
        options["lr"] = rate
    optimizer.zero_grad()
    with batch.device.autocast():
        logits = model(batch.images)[:, 0]
        loss = functional.binary_cross_entropy_with_logits(logits, batch.truth, pos_weight=batch.weight)
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    scaler.step(optimizer)
    scaler.update()
    return float(loss.item())


def _batches(n: int, recipe: Recipe, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Yield shuffled batches of one size; the remainder waits for another epoch's shuffle."""
    order = np.random.default_rng([recipe.seed, epoch]).permutation(n)
    size = min(recipe.batch, n)
    for start in range(0, n - size + 1, size):
        yield order[start : start + size]


def _examples(run: Run, indices: NDArray[np.int64], augment: Augmenter) -> tuple[torch.Tensor, torch.Tensor]:
    images = augment(torch.from_numpy(run.train.images[indices]))
    truth = torch.from_numpy(run.train.truth[indices].astype(np.float32))
    placed = images.to(run.device.torch, memory_format=torch.channels_last)
    return placed, truth.to(run.device.torch)


def _judge_epoch(state: TrainingState, run: Run, loss: float) -> None:
    auc = 0.0
    if run.ranks.first:
        scores = score_batches(state.network, run.tune.images, run.device.torch)
        auc = run.judge(run.tune.by_unit(scores), run.tune.truth)
    state.history.append(Epoch(loss, run.ranks.agree(auc, run.device.torch)))
    if state.best_epoch == len(state.history) - 1:
        state.best = weights_of(state.network)


def weights_of(network: nn.Module) -> Weights:
    """Return a copy of a network's weights, contiguous and on the CPU."""
    found: Mapping[str, torch.Tensor] = network.state_dict()
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in found.items()}
