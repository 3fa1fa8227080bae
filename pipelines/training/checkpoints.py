"""Checkpoints of a run: one safetensors file, its JSON state within the header, written whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from pipelines.training.loop import Epoch, TrainingState, Weights, weights_of
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import UnreadableFileError, UsageError
from registry.objects import write_durably

FILE = "checkpoint.safetensors"
SCHEMA = "overread.checkpoint/1"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run keeps its state; `run_digest` says which data, network and recipe it belongs to."""

    folder: Path
    run_digest: str

    @property
    def file(self) -> Path:
        """The checkpoint's file."""
        return self.folder / FILE

    def keep(self, state: TrainingState) -> None:
        """Write the state."""
        tensors = _named("network", weights_of(state.network)) | _named("best", state.best) | _moments(state)
        history = [[repr(epoch.loss), repr(epoch.tune_auc)] for epoch in state.history]
        record = {"schema": SCHEMA, "run": self.run_digest, "history": history}
        write_durably(self.file, save(tensors, {"state": canonical_bytes(record).decode()}))

    def restore(self, state: TrainingState) -> None:
        """Bring a fresh state to where the run was interrupted.

        Raises:
            UnreadableFileError: when the file is missing, broken, or does not fit the network.
            UsageError: when it belongs to other data, another network or another recipe.
        """
        tensors, history = self._read()
        try:
            state.network.load_state_dict(_part("network", tensors))
            _restore_moments(state, tensors)
        except (RuntimeError, KeyError) as error:
            raise _broken(self.folder.name) from error
        state.best, state.history = _part("best", tensors), history

    def _read(self) -> tuple[Weights, list[Epoch]]:
        try:
            with safe_open(self.file, framework="pt") as file:
                record = json.loads((file.metadata() or {})["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            belongs, history = record["run"], [Epoch(float(loss), float(auc)) for loss, auc in record["history"]]
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise _broken(self.folder.name) from error
        if belongs != self.run_digest:
            raise UsageError(
                "the interrupted run had other cohorts, another network or another recipe",
                where=self.folder.name,
                mend="give the arguments of that run, or train anew without --resume",
            )
        return tensors, history


def _broken(where: str) -> UnreadableFileError:
    return UnreadableFileError("no usable checkpoint", where=where, mend="train anew without --resume")


def _named(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Weights:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def _part(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Weights:
    start = f"{prefix}/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _moments(state: TrainingState) -> Weights:
    found: Mapping[int, Mapping[str, torch.Tensor]] = state.optimizer.state_dict()["state"]
    return {
        f"optimizer/{index}/{name}": tensor.detach().cpu().contiguous()
        for index, moments in found.items()
        for name, tensor in moments.items()
    }


def _restore_moments(state: TrainingState, tensors: Mapping[str, torch.Tensor]) -> None:
    """Restore AdamW's moments in the memory layout of their parameters: its fused kernel reads both alike."""
    groups = state.optimizer.state_dict()["param_groups"]
    parameters = [parameter for group in state.optimizer.param_groups for parameter in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {index: {} for index in range(len(parameters))}
    for name, tensor in _part("optimizer", tensors).items():
        index, _, moment = name.partition("/")
        moments[int(index)][moment] = _laid_out(tensor, parameters[int(index)])
    state.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _laid_out(moment: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    if moment.shape != parameter.shape:
        return moment
    return torch.empty_like(parameter).copy_(moment)
