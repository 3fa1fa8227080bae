"""The networks that may be built from a file, and which arguments each may get.

`network.json` comes from outside: only these classes, only these arguments, only values within these bounds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rule = Callable[[Any], bool]


@dataclass(frozen=True)
class AllowedNetwork:
    """One MONAI class: the module that holds it, the rule of each argument, and what we fix ourselves."""

    module: str
    name: str
    rules: Mapping[str, Rule]
    required: frozenset[str] = frozenset()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    decimals: frozenset[str] = frozenset()


def whole(low: int, high: int) -> Rule:
    """Return the rule of a whole number in low..high; a boolean is none."""
    return lambda value: type(value) is int and low <= value <= high


def wholes(shortest: int, longest: int, low: int, high: int) -> Rule:
    """Return the rule of a list of whole numbers."""
    each = whole(low, high)
    return lambda value: isinstance(value, list) and shortest <= len(value) <= longest and all(map(each, value))


def word_of(*words: str) -> Rule:
    """Return the rule of one of some words."""
    return lambda value: isinstance(value, str) and value in words


def fraction(text: Any) -> bool:
    """Say whether a text is a decimal of at most six digits in 0..1, 1 left out, such as `0.2`."""
    return (
        isinstance(text, str) and len(text) <= 8 and text.startswith("0.") and text[2:].isascii() and text[2:].isdigit()
    )


ALLOWED: Mapping[str, AllowedNetwork] = {
    "monai.networks.nets.DenseNet": AllowedNetwork(
        "monai.networks.nets.densenet",
        "DenseNet",
        {
            "init_features": whole(1, 256),
            "growth_rate": whole(1, 64),
            "block_config": wholes(1, 4, 1, 48),
            "bn_size": whole(1, 8),
            "dropout_prob": fraction,
        },
        required=frozenset({"init_features", "growth_rate", "block_config"}),
        fixed={"spatial_dims": 2, "in_channels": 1, "out_channels": 1},
        decimals=frozenset({"dropout_prob"}),
    ),
    "monai.networks.nets.ResNet": AllowedNetwork(
        "monai.networks.nets.resnet",
        "ResNet",
        {
            "block": word_of("basic", "bottleneck"),
            "layers": wholes(4, 4, 1, 36),
            "block_inplanes": wholes(4, 4, 4, 512),
            "conv1_t_size": whole(3, 7),
            "conv1_t_stride": whole(1, 2),
        },
        required=frozenset({"block", "layers", "block_inplanes", "conv1_t_stride"}),
        fixed={"spatial_dims": 2, "n_input_channels": 1, "num_classes": 1},
    ),
}
