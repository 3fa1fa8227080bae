"""Several processes that train together: equal gradients, equal weights, one artifact."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.training.ranks import Ranks, ranks_of_environment
from registry.domain.errors import UsageError

TESTS = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
import torch
from tiny_training import tiny_examples, tiny_job, tiny_network
from fakes import NoProgress
from pipelines.training import loop
from pipelines.training.fitting import train_model, training_place
from pipelines.training.loop import Run, begin, fit, weights_of
from pipelines.training.networks import build_network
from safetensors.torch import save_file
torch.set_num_threads(1)
out, rank = Path(sys.argv[1]), sys.argv[2]
steps = []
original = loop._step
def recording(model, *rest):
    value = original(model, *rest)
    steps.append({f"{len(steps)}/{n}": p.grad.clone().contiguous() for n, p in model.module.named_parameters()})
    return value
loop._step = recording
with training_place("cpu") as place:
    trained = train_model(tiny_job(epochs=2), out / "run", place, resume=False, progress=NoProgress())
save_file({name: t for step in steps for name, t in step.items()}, out / f"gradients-{rank}.safetensors")
(out / f"digest-{rank}.txt").write_text(trained.digest + repr(trained.history))
"""


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def start(out: Path, rank: int, port: int) -> subprocess.Popen[bytes]:
    place = {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = os.environ | place | {"MASTER_PORT": str(port), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(out), str(rank)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_have_equal_gradients_and_agree_on_one_artifact(tmp_path: Path) -> None:
    port = free_port()
    processes = [start(tmp_path, rank, port) for rank in range(2)]
    said = [process.communicate(timeout=180)[0].decode(errors="replace") for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    first, second = ((tmp_path / f"gradients-{rank}.safetensors").read_bytes() for rank in range(2))
    assert len(first) > 1000
    assert first == second
    assert (tmp_path / "digest-0.txt").read_text() == (tmp_path / "digest-1.txt").read_text()


@pytest.mark.usefixtures("alone")
def test_a_process_without_a_group_is_alone() -> None:
    assert ranks_of_environment() == Ranks(0, 1, 0)


@pytest.mark.parametrize(("rank", "world"), [("2", "2"), ("-1", "2"), ("x", "2"), ("0", "0")])
def test_a_place_outside_the_group_is_refused(alone: pytest.MonkeyPatch, rank: str, world: str) -> None:
    alone.setenv("RANK", rank)
    alone.setenv("WORLD_SIZE", world)
    with pytest.raises(UsageError, match="torchrun"):
        ranks_of_environment()


def test_the_shares_of_a_batch_are_disjoint_and_of_one_size() -> None:
    batch = np.arange(11)
    shares = [Ranks(rank, 3).share(batch) for rank in range(3)]
    assert {len(share) for share in shares} == {3}
    assert len(set(np.concatenate(shares).tolist())) == 9
