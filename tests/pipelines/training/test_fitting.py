"""Training: repeatable, resumable, balanced, and honest about what it resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import NoProgress
from safetensors.torch import load_file, save_file
from tiny_training import tiny_examples, tiny_job, tiny_network, train_tiny

from pipelines.training.augmentation import Augmenter
from pipelines.training.checkpoints import FILE, Checkpoint
from pipelines.training.devices import choose_device
from pipelines.training.fitting import known_run
from pipelines.training.loop import Epoch, Run, TrainingState, begin, fit, positive_weight
from pipelines.training.networks import build_network
from pipelines.training.ranks import Ranks
from pipelines.training.recipe import Recipe
from registry.domain.errors import IncompleteError, UnknownNameError, UnreadableFileError, UsageError


class Interrupted(Exception):  # noqa: N818 - it is no error of the product
    """Stands for a killed process."""


class Interrupting:
    """A progress that interrupts after some epochs."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, n: int = 1) -> None:
        self.left -= n
        if self.left == 0:
            raise Interrupted


def interrupted(folder: Path, after: int) -> None:
    """Train the tiny job and die after some epochs."""
    from pipelines.training.fitting import train_model, training_place

    with training_place("cpu") as place, pytest.raises(Interrupted):
        train_model(tiny_job(), folder, place, resume=False, progress=Interrupting(after))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again = train_tiny(tmp_path / "a"), train_tiny(tmp_path / "b")
    other = train_tiny(tmp_path / "c", tiny_job(seed=1))
    assert first.digest == again.digest
    assert first.history == again.history
    assert (first.tune_scores == again.tune_scores).all()
    assert other.digest != first.digest


@pytest.mark.parametrize("after", [1, 2])
def test_a_resumed_run_gives_the_bytes_of_an_undisturbed_one(tmp_path: Path, after: int) -> None:
    whole = train_tiny(tmp_path / "whole")
    interrupted(tmp_path / "cut", after)
    resumed = train_tiny(tmp_path / "cut", resume=True)
    assert resumed.digest == whole.digest
    assert resumed.history == whole.history


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    trained = train_tiny(tmp_path, tiny_job(epochs=8))
    assert max(epoch.tune_auc for epoch in trained.history) == trained.history[trained.best_epoch].tune_auc > 0.9
    assert trained.tune_scores[::2].min() > trained.tune_scores[1::2].mean()


def test_a_checkpoint_of_another_job_is_refused(tmp_path: Path) -> None:
    interrupted(tmp_path, 1)
    with pytest.raises(UsageError, match="other cohorts"):
        train_tiny(tmp_path, tiny_job(cohort="another"), resume=True)


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 10])
def test_a_missing_or_broken_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UnreadableFileError, match="no usable checkpoint"):
        train_tiny(tmp_path, resume=True)


def test_a_checkpoint_without_our_state_is_refused(tmp_path: Path) -> None:
    save_file({"network/x": torch.zeros(1)}, tmp_path / FILE)
    with pytest.raises(UnreadableFileError, match="no usable checkpoint"):
        train_tiny(tmp_path, resume=True)


def test_a_checkpoint_is_a_private_safetensors_file(tmp_path: Path) -> None:
    interrupted(tmp_path, 1)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    prefixes = {name.partition("/")[0] for name in load_file(tmp_path / FILE)}
    assert prefixes == {"network", "best", "optimizer"}
    assert {path.name for path in tmp_path.iterdir()} == {FILE}


def test_early_stopping_waits_as_long_as_the_plan_says() -> None:
    aucs = iter([0.6, 0.8, 0.8, 0.7, 0.9, 0.9])
    recipe = Recipe(epochs=6, batch=8, patience=2)
    data = tiny_examples(1, 8)
    run = Run(data, data, recipe, choose_device("cpu"), Ranks(), lambda _scores, _truth: next(aucs))
    fitted = fit(begin(build_network(tiny_network()), run), run, lambda _state: None, NoProgress())
    assert [epoch.tune_auc for epoch in fitted.history] == [0.6, 0.8, 0.8, 0.7]
    assert fitted.best_epoch == 1


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    data = tiny_examples(1, 8)
    data.images[:] = np.nan
    run = Run(data, data, Recipe(epochs=1, batch=8), choose_device("cpu"), Ranks(), lambda _s, _t: 0.5)
    with pytest.raises(IncompleteError, match="epoch 1"):
        fit(begin(build_network(tiny_network()), run), run, lambda _state: None, NoProgress())


def test_the_first_of_equal_epochs_is_the_best() -> None:
    network = build_network(tiny_network())
    state = TrainingState(network, torch.optim.AdamW(network.parameters()))
    assert state.best_epoch == -1
    state.history = [Epoch(1, 0.5), Epoch(1, 0.8), Epoch(1, 0.8)]
    assert state.best_epoch == 1


def test_both_classes_weigh_alike() -> None:
    truth = np.array([True, False, False, False])
    assert positive_weight(truth) * truth.sum() == (~truth).sum()


def test_augmentation_follows_from_seed_and_epoch() -> None:
    batch = torch.rand(4, 1, 24, 24)
    augment, other = Augmenter(5, 24), Augmenter(5, 24)
    augment.begin(2)
    first = augment(batch)
    augment.begin(3)
    second = augment(batch)
    other.begin(2)
    assert torch.equal(other(batch), first)
    assert not torch.equal(first, second)
    assert first.shape == batch.shape


def test_an_unknown_run_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "nodule-1234").mkdir()
    with pytest.raises(UnknownNameError, match="did you mean 'nodule-1234'"):
        known_run(tmp_path, "nodule-1235")
    with pytest.raises(UnknownNameError):
        known_run(tmp_path / "none", "../../etc")


def test_a_checkpoint_restores_state_and_history(tmp_path: Path) -> None:
    data = tiny_examples(1, 8)
    run = Run(data, data, Recipe(epochs=2, batch=8), choose_device("cpu"), Ranks(), lambda _s, _t: 0.1 + 0.2)
    state = begin(build_network(tiny_network()), run)
    checkpoint = Checkpoint(tmp_path, "sha256:" + "0" * 64)
    fit(state, run, checkpoint.keep, NoProgress())
    fresh = begin(build_network(tiny_network()), run)
    checkpoint.restore(fresh)
    assert fresh.history == state.history
    assert all(torch.equal(a, b) for a, b in zip(fresh.network.parameters(), state.network.parameters(), strict=True))
    moments = [s["exp_avg_sq"] for s in fresh.optimizer.state_dict()["state"].values()]
    assert moments
    assert all(
        torch.equal(a, b["exp_avg_sq"])
        for a, b in zip(moments, state.optimizer.state_dict()["state"].values(), strict=True)
    )
