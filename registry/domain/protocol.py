"""The protocol registry: which sets of acquisition parameters a site uses (contract, section 8).

A series joins the nearest protocol of its site whose founder it resembles in every parameter; else it founds one.
Series come in the order of acquisition, so that taking in again gives the same registry, and series with the same
parameters are in the same protocol. Vendor, model, software and coil are axes of their own and no part of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.estimate import decimal_text

RELATIVE = 0.05  # of the founder's value
# Per number what differs less than this is the same whatever the founder's value: rounding, not another protocol.
ABSOLUTE: Mapping[str, float] = {
    "repetition_time_ms": 5.0,
    "echo_time_ms": 0.1,
    "inversion_time_ms": 10.0,
    "flip_angle_deg": 1.0,
    "slice_thickness_mm": 0.1,
    "pixel_spacing_mm": 0.02,
    "magnetic_field_strength": 0.1,
    "kvp": 1.0,
}
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "MR": (
        "repetition_time_ms",
        "echo_time_ms",
        "inversion_time_ms",
        "flip_angle_deg",
        "slice_thickness_mm",
        "pixel_spacing_mm",
        "magnetic_field_strength",
    ),
    "CT": ("kvp", "slice_thickness_mm", "pixel_spacing_mm"),
}
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "MR": ("sequence_family", "dimensionality", "contrast"),
    "CT": ("convolution_kernel", "pitch_class", "contrast"),
}
Values = tuple[float | str | None, ...]


@dataclass(frozen=True)
class Made:
    """How series were made: site, modality, and the values of `parameters(modality)`, None where not stated."""

    site: str
    modality: str
    values: Values


@dataclass(frozen=True)
class Protocol:
    """A registered protocol: its founder, and its place in the site's registry, from 0."""

    founder: Made
    place: int

    def to_json(self) -> dict[str, Any]:
        """Return the founder's canonical record."""
        names = parameters(self.founder.modality)
        spelled = [decimal_text(value) if isinstance(value, float) else value for value in self.founder.values]
        return {
            "site": self.founder.site,
            "modality": self.founder.modality,
            "parameters": dict(zip(names, spelled, strict=True)),
        }

    @property
    def digest(self) -> str:
        """Digest of the founder's record."""
        return digest_value(self.to_json())


def parameters(modality: str) -> tuple[str, ...]:
    """Return the names of a modality's parameters, numbers first; none where no protocol is registered for it."""
    return (*NUMBERS.get(modality, ()), *CATEGORIES.get(modality, ()))


def registered(made: Iterable[Made]) -> tuple[tuple[Protocol, ...], tuple[Protocol, ...]]:
    """Return the protocols in the order of their founding, and that of each series.

    Args:
        made: in the order of acquisition.
    """
    sites: dict[tuple[str, str], list[Protocol]] = {}
    known: dict[Made, Protocol] = {}
    founded, joined = [], []
    for one in made:
        if one not in known:
            own = sites.setdefault((one.site, one.modality), [])
            nearest = min(own, key=lambda protocol: (distance(protocol.founder, one), protocol.place), default=None)
            if nearest is None or distance(nearest.founder, one) == _FAR:
                nearest = Protocol(one, len(own))
                own.append(nearest)
                founded.append(nearest)
            known[one] = nearest
        joined.append(known[one])
    return tuple(founded), tuple(joined)


_FAR = float("inf")


def distance(founder: Made, made: Made) -> float:
    """Return the sum of squared differences in tolerances; infinite where a parameter lies outside its tolerance."""
    total = 0.0
    for name, own, other in zip(parameters(founder.modality), founder.values, made.values, strict=True):
        if isinstance(own, float) and isinstance(other, float):
            share = abs(other - own) / max(RELATIVE * abs(own), ABSOLUTE[name])
            if share > 1:
                return _FAR
            total += share * share
        elif own != other:
            return _FAR
    return total
