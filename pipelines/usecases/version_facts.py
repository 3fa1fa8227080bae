"""What a version is made of, as the workspace records it: data sources, labels, network, input, rules, software."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from registry.domain.change_scope import ROLL_OUT, UNKNOWN, VersionFacts
from registry.domain.cohort import Cohort
from registry.domain.digest import digest_value
from registry.domain.joining import analysed_outcomes
from registry.version import __version__

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from pipelines.training.networks import Network
    from pipelines.training.recipe import Recipe

# What decodes, prepares, trains and scores; a change of another library changes no score.
SOFTWARE = (
    "monai",
    "numpy",
    "pillow",
    "pydicom",
    "pyjpegls",
    "pylibjpeg",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "python-gdcm",
    "safetensors",
    "scipy",
    "torch",
)
_ACQUIRED: Mapping[str, str] = {
    "modalities": "modality",
    "manufacturers": "manufacturer",
    "scanner_models": "manufacturer_model_name",
    "scanner_software": "software_versions",
    "protocols": "protocol_name",
    "body_parts": "body_part_examined",
}
Row = Mapping[str, Any]


def facts_of_cohorts(workspace: "Workspace", target: str, cohorts: Sequence[Cohort]) -> dict[str, tuple[str, ...]]:
    """Return where studies come from and who labelled them; a unit without a value adds the unknown one.

    Args:
        workspace: where their acquisitions and outcomes are.
        target: the clinical question.
        cohorts: on which a version is fitted.
    """
    images = [image for cohort in cohorts for unit in cohort.units for image in unit.images]
    series = {image.series_uid for image in images}
    read = workspace.tables.read("acquisitions", columns=["series_uid", *_ACQUIRED.values()]).to_pylist()
    rows = [row for row in read if row["series_uid"] in series]
    absent = (UNKNOWN,) if series - {row["series_uid"] for row in rows} else ()
    acquired = {aspect: _values([*(row[column] for row in rows), *absent]) for aspect, column in _ACQUIRED.items()}
    return acquired | {
        "sites": _values(image.site for image in images),
        "scanners": _values(image.scanner for image in images),
        "labels": _labels(workspace, target, {unit.unit_uid for cohort in cohorts for unit in cohort.units}),
        "training_studies": (digest_value([cohort.digest for cohort in cohorts]),),
    }


def facts_of_making(network: "Network", recipe: "Recipe", rule: str) -> dict[str, tuple[str, ...]]:
    """Return network, input, rule of the threshold, hyperparameters and software; the seed is no hyperparameter."""
    plainly = {key: value for key, value in recipe.to_json().items() if key != "seed"}
    return {
        "architecture": (digest_value({"class": network.name, "arguments": dict(network.arguments)}),),
        "preprocessing": (network.input.digest,),
        "threshold_rule": (rule,),
        "recipe": (digest_value(plainly),),
        "software": (digest_value(software()),),
    }


def facts_of_use(target: str, intended_use: str, sites: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the question, the intended use and where the version is meant to run."""
    return {"target": (target,), "intended_use": (intended_use,), ROLL_OUT: _values(sites)}


def notes_of(network: "Network", recipe: "Recipe") -> dict[str, str]:
    """Return what stands behind the digests, for a reader."""
    versions = ", ".join(f"{name} {number}" for name, number in software().items())
    settings = ", ".join(f"{key} {value}" for key, value in recipe.to_json().items())
    return {"architecture": network.name, "recipe": settings, "software": versions}


def software() -> dict[str, str]:
    """Return the versions of what decodes, prepares, trains and scores."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {"overread": __version__, "python": python} | {name: installed(name) for name in SOFTWARE}


def known_facts(*parts: Mapping[str, tuple[str, ...]], notes: Mapping[str, str]) -> VersionFacts:
    """Return the facts of several parts together."""
    merged = {aspect: values for part in parts for aspect, values in part.items()}
    return VersionFacts(dict(sorted(merged.items())), dict(notes))


def _labels(workspace: "Workspace", target: str, units: set[str]) -> tuple[str, ...]:
    """Return the sources of the analysed outcomes; the unknown one for a unit that has none any more."""
    rows = [row for row in workspace.tables.read("outcomes").to_pylist() if row["target"] == target]
    sources = {row["unit_uid"]: row["source"] for row in analysed_outcomes(rows)[0]}
    return _values(sources.get(uid) for uid in units)


def _values(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({UNKNOWN if value is None else str(value).strip() for value in found}))
