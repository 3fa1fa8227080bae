"""`network.json`: which network a model is, and what its input must look like; parsed strictly, never evaluated."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.training.network_arguments import ALLOWED, AllowedNetwork
from registry.domain.canonical import NotCanonicalError, canonical_bytes, parse_canonical
from registry.domain.digest import digest_bytes, digest_value
from registry.domain.errors import UnreadableFileError

if TYPE_CHECKING:
    from torch import nn

SCHEMA = "overread.network/1"
FILE = "network.json"
MAX_BYTES = 65_536
MAX_PIXELS = 2048
FITS = frozenset({"pad", "stretch"})
_FIELDS = frozenset({"schema", "class", "arguments", "input", "output"})


@dataclass(frozen=True)
class InputSpec:
    """What the network is fed: one channel, float32 in 0..1.

    Attributes:
        rows, columns: size after resampling by area.
        fit: `pad` keeps the proportions within a square, `stretch` does not.
        low_percentile, high_percentile: of each image's own grey values; clipped and mapped to 0..1.
    """

    rows: int = 96
    columns: int = 96
    fit: str = "pad"
    low_percentile: int = 1
    high_percentile: int = 99

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        intensity = {"method": "percentiles", "low": self.low_percentile, "high": self.high_percentile}
        size = {"channels": 1, "rows": self.rows, "columns": self.columns}
        return {**size, "fit": self.fit, "resample": "area", "intensity": intensity, "orientation": "as-stored"}

    @property
    def digest(self) -> str:
        """Digest of the specification."""
        return digest_value(self.to_json())


_DEFAULT_ARGUMENTS = {"init_features": 16, "growth_rate": 12, "block_config": [3, 3, 3, 3], "dropout_prob": "0.0"}


@dataclass(frozen=True)
class Network:
    """A network by its allow-listed class, checked arguments and input."""

    name: str = "monai.networks.nets.DenseNet"
    arguments: Mapping[str, Any] = field(default_factory=lambda: dict(_DEFAULT_ARGUMENTS))
    input: InputSpec = InputSpec()

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of `network.json`."""
        record = {"schema": SCHEMA, "class": self.name, "arguments": dict(self.arguments)}
        return canonical_bytes(record | {"input": self.input.to_json(), "output": "sigmoid"})

    @property
    def digest(self) -> str:
        """Digest of `network.json`."""
        return digest_bytes(self.to_bytes())


def parse_network(data: bytes) -> Network:
    """Read the bytes of `network.json`.

    Raises:
        UnreadableFileError: when they are not canonical JSON of the schema, or name a class, an argument or a value
            that is not allowed.
    """
    record = _record(data)
    arguments = record["arguments"]
    check_arguments(record["class"], arguments)
    return Network(record["class"], arguments, _input(record["input"]))


def check_arguments(name: Any, arguments: Any) -> AllowedNetwork:
    """Refuse a class that is not allow-listed, and an argument that is unknown, missing or out of bounds.

    Raises:
        UnreadableFileError: with the argument's name.
    """
    allowed = ALLOWED.get(name) if isinstance(name, str) else None
    if allowed is None:
        raise _refused("a class that is not allow-listed")
    if not isinstance(arguments, dict) or not allowed.required <= set(arguments) <= set(allowed.rules):
        raise _refused("arguments other than the class allows")
    wrong = sorted(key for key, value in arguments.items() if not allowed.rules[key](value))
    if wrong:
        raise _refused(f"a value out of bounds for {', '.join(wrong)}")
    return allowed


def build_network(network: Network) -> "nn.Module":
    """Build the untrained network from its checked arguments."""
    allowed = check_arguments(network.name, dict(network.arguments))
    chosen = {key: float(value) if key in allowed.decimals else value for key, value in network.arguments.items()}
    built: nn.Module = getattr(importlib.import_module(allowed.module), allowed.name)(**allowed.fixed, **chosen)
    return built


def _record(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise _refused(f"more than {MAX_BYTES} bytes")
    try:
        record = parse_canonical(data)
    except NotCanonicalError as error:
        raise _refused(str(error)) from error
    if not isinstance(record, dict) or set(record) != _FIELDS:
        raise _refused("other fields than the schema's")
    if record["schema"] != SCHEMA or record["output"] != "sigmoid":
        raise _refused("another schema or output")
    return record


def _input(record: Any) -> InputSpec:
    """Read the input by comparing it with what the values it holds would be written as."""
    try:
        low, high = record["intensity"]["low"], record["intensity"]["high"]
        spec = InputSpec(record["rows"], record["columns"], record["fit"], low, high)
        same = canonical_bytes(spec.to_json()) == canonical_bytes(record)
    except (TypeError, KeyError, NotCanonicalError) as error:
        raise _refused("an input without size or intensity") from error
    if not same or not _sensible(spec):
        raise _refused("an input that this version does not know")
    return spec


def _sensible(spec: InputSpec) -> bool:
    numbers = (spec.rows, spec.columns, spec.low_percentile, spec.high_percentile)
    if not all(type(number) is int for number in numbers) or spec.fit not in FITS:
        return False
    sized = 8 <= spec.rows <= MAX_PIXELS and 8 <= spec.columns <= MAX_PIXELS
    return sized and 0 <= spec.low_percentile < spec.high_percentile <= 100


def _refused(why: str) -> UnreadableFileError:
    return UnreadableFileError(f"the model's description is refused: {why}", where=FILE, mend="register the model anew")
