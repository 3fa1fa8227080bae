"""network.json: only allow-listed classes, only checked arguments, only canonical bytes."""

import json
from typing import Any

import pytest
import torch
from tiny_training import tiny_network

from pipelines.training.networks import InputSpec, Network, build_network, parse_network
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import UnreadableFileError

RESNET = Network(
    "monai.networks.nets.ResNet",
    {"block": "basic", "layers": [1, 1, 1, 1], "block_inplanes": [4, 4, 8, 8], "conv1_t_size": 7, "conv1_t_stride": 2},
)


def changed(path: str, value: Any) -> bytes:
    """Return the default network.json with one value changed."""
    record = json.loads(Network().to_bytes())
    *parents, last = path.split(".")
    inner = record
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return canonical_bytes(record)


@pytest.mark.parametrize("network", [Network(), tiny_network(), RESNET], ids=["default", "tiny", "resnet"])
def test_a_network_survives_its_bytes(network: Network) -> None:
    assert parse_network(network.to_bytes()) == network
    assert parse_network(network.to_bytes()).digest == network.digest


@pytest.mark.parametrize("network", [tiny_network(), RESNET], ids=["tiny", "resnet"])
@pytest.mark.parametrize("shape", [(64, 64), (48, 80)])
def test_a_built_network_gives_one_logit_an_image_of_any_shape(network: Network, shape: tuple[int, int]) -> None:
    module = build_network(network)
    module.train(mode=False)
    assert module(torch.zeros(2, 1, *shape)).shape == (2, 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", "overread.network/2"),
        ("output", "softmax"),
        ("class", "os.system"),
        ("class", "monai.networks.nets.UNet"),
        ("class", ["monai.networks.nets.DenseNet"]),
        ("arguments", {}),
        ("arguments", []),
        ("arguments.init_features", 0),
        ("arguments.init_features", 100_000),
        ("arguments.init_features", True),
        ("arguments.init_features", "16"),
        ("arguments.block_config", [3, 3, 3, 3, 3]),
        ("arguments.block_config", "$import os"),
        ("arguments.dropout_prob", "1e9"),
        ("arguments.dropout_prob", "0."),
        ("arguments.dropout_prob", "0.²"),
        ("arguments.act", "relu"),
        ("arguments.in_channels", 3),
        ("input", None),
        ("input.rows", 0),
        ("input.rows", 1_000_000),
        ("input.rows", "96"),
        ("input.channels", 3),
        ("input.fit", "crop"),
        ("input.intensity.low", 99),
        ("input.intensity.method", "zscore"),
        ("input.resample", "linear"),
        ("input.extra", 1),
        ("extra", 1),
    ],
)
def test_everything_that_is_not_allowed_is_refused(path: str, value: Any) -> None:
    with pytest.raises(UnreadableFileError):
        parse_network(changed(path, value))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"{}", json.dumps(json.loads(Network().to_bytes()), indent=1).encode(), b" " * 70_000],
    ids=["empty", "no text", "list", "no fields", "indented", "long"],
)
def test_bytes_that_are_not_the_canonical_form_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        parse_network(data)


def test_a_network_that_was_never_checked_is_not_built() -> None:
    with pytest.raises(UnreadableFileError, match="init_features"):
        build_network(Network(arguments={"init_features": 10_000, "growth_rate": 1, "block_config": [1]}))


def test_the_cache_key_changes_with_every_property_of_the_input() -> None:
    specs = [
        InputSpec(),
        InputSpec(rows=64),
        InputSpec(columns=64),
        InputSpec(fit="stretch"),
        InputSpec(low_percentile=2),
    ]
    assert len({spec.digest for spec in specs}) == len(specs)
