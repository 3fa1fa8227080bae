"""A device that was asked for and is absent is an error, never another device."""

import pytest
import torch

from pipelines.training.determinism import deterministic
from pipelines.training.devices import choose_device
from registry.domain.errors import UsageError

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@NO_GPU
@pytest.mark.parametrize("asked", ["cuda", "cuda:0", "cuda:7"])
def test_a_gpu_that_is_not_there_is_an_error(asked: str) -> None:
    with pytest.raises(UsageError, match=r"is not there: 0 GPU\(s\) found"):
        choose_device(asked)


@NO_GPU
def test_auto_is_the_cpu_where_there_is_no_gpu() -> None:
    assert choose_device("auto").name == "cpu"


@pytest.mark.parametrize("asked", ["gpu", "tpu", "cuda:x", "cuda:-1", "", "CPU", "cuda:0; rm"])
def test_an_unknown_device_is_an_error(asked: str) -> None:
    with pytest.raises(UsageError, match="unknown device"):
        choose_device(asked)


def test_the_cpu_trains_in_fp32_and_refuses_mixed_precision() -> None:
    device = choose_device("cpu")
    assert device.precision == "fp32"
    assert not device.scaler().is_enabled()
    with device.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    with pytest.raises(UsageError, match="needs a GPU"):
        choose_device("cpu", "bf16")


def test_determinism_ends_with_its_block() -> None:
    threads = torch.get_num_threads()
    with deterministic(3):
        first = torch.rand(4)
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    with deterministic(3):
        assert torch.equal(torch.rand(4), first)
