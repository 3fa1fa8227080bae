"""What a modification of a change plan covers: aspects of a version, each with the values that may come or go."""

from collections.abc import Mapping
from typing import Any

from registry.domain.display import plain

EVERY = "*"
# What no plan can change: another use or another question is another device.
FIXED: tuple[str, ...] = ("target", "intended_use")
COVERABLE: Mapping[str, str] = {
    "training_studies": "other studies of the same sources: digests of the train and the tune cohort",
    "sites": "sites whose studies it is fitted on",
    "scanners": "scanners of these studies, by pseudonym",
    "modalities": "their modalities",
    "manufacturers": "their scanners' manufacturers",
    "scanner_models": "their scanners' models",
    "scanner_software": "their scanners' software versions",
    "protocols": "their acquisition protocols, by pseudonym",
    "body_parts": "the body parts examined",
    "labels": "sources of the reference standard",
    "architecture": "the network's class and arguments, by digest",
    "preprocessing": "the input specification, by digest",
    "threshold_rule": "the rule that chooses the operating point",
    "recipe": "hyperparameters of training, by digest",
    "software": "the software that trains and scores, by digest of its versions",
}


def covers_faults(where: str, covers: Any) -> list[str]:
    """Return everything that a modification's `covers` has in another form, each in a phrase; it may be absent."""
    if covers is None:
        return []
    if not isinstance(covers, Mapping):
        return [f"{where}: covers is a table of lists"]
    found = []
    for aspect, values in covers.items():
        if aspect in FIXED:
            found.append(f"{where}: covers x {aspect} is no change that a plan can hold")
        elif aspect not in COVERABLE:
            found.append(f"{where}: covers has the unknown aspect '{plain(str(aspect), 40)}'")
        elif not _texts(values):
            found.append(f"{where}: covers x {aspect} is a list of texts, such as ['{EVERY}']")
    return found


def _texts(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(one, str) and one.strip() for one in values)
