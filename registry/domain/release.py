"""How a version that was made under a change plan is put into use: stages, notice, label, and the way back (CHG-09).

FDA's guidance on change control plans asks for them as update procedures, and for the label as version control.
"""

from collections.abc import Mapping
from typing import Any

from registry.domain.display import plain
from registry.domain.errors import AnswerIsNoError
from registry.domain.lifecycle import DeploymentState

SCHEMA = "overread.release/1"
MODES: tuple[str, ...] = (DeploymentState.SHADOW, DeploymentState.PILOT, DeploymentState.LIVE)
_TEXTS = ("notice", "label", "roll_back_to")
_KEYS = frozenset({*_TEXTS, "stages"})
_STAGE = frozenset({"mode", "sites", "days"})
MAX_TEXT, MAX_DAYS = 4000, 3650


def release_faults(record: Mapping[str, Any], version: str) -> tuple[str, ...]:
    """Return everything that the description of a release lacks, each in a phrase.

    Args:
        record: `notice` to users, `label` with the version's number, `roll_back_to`, and `stages` in the order of the
            roll-out, each with `mode`, `sites` and the `days` that it takes at least.
        version: the version's number, which the label names.
    """
    found = [f"the release has the unknown key '{plain(str(key), 40)}'" for key in record if key not in _KEYS]
    found += [f"{key} is missing" for key in _TEXTS if not _said(record.get(key))]
    if _said(record.get("label")) and version not in str(record["label"]).split():
        found.append(f"label does not name the version {version}")
    if record.get("roll_back_to") == version:
        found.append("roll_back_to is the version itself")
    return tuple(found + _stage_faults(record.get("stages")))


def require_complete(record: Mapping[str, Any], version: str) -> None:
    """Refuse the description of a release that lacks something.

    Raises:
        AnswerIsNoError: naming the first fault.
    """
    faults = release_faults(record, version)
    if faults:
        raise AnswerIsNoError(f"the release is not complete: {'; '.join(faults)}", mend="see the page on change plans")


def stage_of(record: Mapping[str, Any], site: str, mode: str) -> Mapping[str, Any] | None:
    """Return the stage of a release that lets it run at a site in a mode, or None."""
    stages = (stage for stage in record["stages"] if stage["mode"] == mode)
    return next((stage for stage in stages if site in stage["sites"]), None)


def _stage_faults(stages: Any) -> list[str]:
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, Mapping) for stage in stages):
        return ["stages is a list of at least one stage"]
    found = [fault for number, stage in enumerate(stages, 1) for fault in _faults_of(number, stage)]
    modes = [MODES.index(stage["mode"]) for stage in stages if stage.get("mode") in MODES]
    return found + ([] if modes == sorted(modes) else ["the stages are not in the order shadow, pilot, live"])


def _faults_of(number: int, stage: Mapping[str, Any]) -> list[str]:
    name, sites, days = f"stage {number}", stage.get("sites"), stage.get("days")
    found = [f"{name} has the unknown key '{plain(str(key), 40)}'" for key in stage if key not in _STAGE]
    if stage.get("mode") not in MODES:
        found.append(f"{name}: mode is one of {', '.join(MODES)}")
    if not isinstance(sites, list) or not sites or not all(_said(site) for site in sites):
        found.append(f"{name}: sites is a list of sites")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_DAYS:
        found.append(f"{name}: days is a whole number of 0 to {MAX_DAYS}")
    return found


def _said(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT
