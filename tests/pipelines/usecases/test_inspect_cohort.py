"""A cohort is looked over before it is learned from: planted duplicates, conflicts and flipped labels are listed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Command
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import PASSPHRASE

from pipelines.bootstrap import Workspace
from pipelines.usecases import inspect_cohort as module
from pipelines.usecases.inspect_cohort import inspect_cohort
from registry.domain.cohort import Cohort, near_pairs
from registry.domain.errors import UsageError


class Planted:
    """Cohorts of which each is changed before it is looked over."""

    def __init__(self, workspace: Workspace, change: Any) -> None:
        self._cohorts, self._change = workspace.cohorts, change

    def get(self, name: str) -> Cohort:
        found = self._cohorts.get(name)
        return self._change(found) if name == "external" else found


def inspected(workspace: Workspace, change: Any = lambda cohort: cohort, by: Any = None, share: float = 0.05) -> Any:
    planted: Any = replace(workspace, cohorts=Planted(workspace, change))
    return inspect_cohort(planted, "external", by, share, progress=NoProgress())


def copied(cohort: Cohort) -> Cohort:
    """Give two units the pixels of the first one, one of them with the other label and another patient."""
    first, second, third, *rest = cohort.units
    same = {"pixel_digest": first.pixel_digest, "fingerprint": first.fingerprint}
    twin = replace(second, **same, patient="p:other", truth=not first.truth)
    return replace(cohort, units=(first, twin, replace(third, **same, patient=first.patient), *rest))


def test_units_with_the_same_pixels_and_conflicting_labels_are_listed(trained: Workspace) -> None:
    clean, found = inspected(trained), inspected(trained, copied)
    assert clean["same_pixels"] == []
    assert len(found["same_pixels"]) == 2
    assert {pair["conflict"] for pair in found["same_pixels"]} >= {True}
    assert len(found["near_duplicates"]) > len(clean["near_duplicates"])
    told = [one for one in trained.ledger.events(20) if one.record["type"] == "cohort.inspected"]
    assert told[0].record["subjects"][1]["digest"] == found["digest"]


def test_near_pairs_are_those_of_every_pair_compared(trained: Workspace) -> None:
    units = copied(trained.cohorts.get("internal")).units[:40]
    close = {
        tuple(sorted((one.unit_uid, two.unit_uid)))
        for one in units
        for two in units
        if one.patient != two.patient and (int(one.fingerprint, 16) ^ int(two.fingerprint, 16)).bit_count() <= 20
    }
    assert {tuple(sorted((one.unit_uid, two.unit_uid))) for one, two in near_pairs(units)} == close
    assert close


def test_two_per_cent_of_flipped_labels_are_listed(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are those of a model with an area of about 0.98; labels are flipped after it."""
    cohort = trained.cohorts.get("external")
    random = np.random.default_rng(3)
    scores = {unit.unit_uid: float(random.normal(2.9 * unit.truth)) for unit in cohort.units}
    chosen = {unit.unit_uid for unit in sorted(cohort.units, key=lambda unit: abs(scores[unit.unit_uid] - 1.45))[-2:]}

    def flip(found: Cohort) -> Cohort:
        return replace(found, units=tuple(replace(u, truth=u.truth ^ (u.unit_uid in chosen)) for u in found.units))

    def scored(_: Any, __: Any, found: Cohort, ___: Any) -> list[float]:
        return [1 / (1 + float(np.exp(-scores[unit.unit_uid]))) for unit in found.units]

    monkeypatch.setattr(module, "score_cohort", scored)
    labels = inspected(trained, flip, (TARGET, "1"))["labels"]
    assert labels["reason"] == ""
    assert chosen <= {row["unit_uid"] for row in labels["contradicted"]}
    assert labels["listed"] <= -(-len(cohort.units) // 20)


def test_labels_are_not_assessed_by_whom_was_fitted_on_them_nor_by_chance(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inspected(trained)["labels"]["reason"] == "no version was named"
    own = inspect_cohort(trained, "train", (TARGET, "1"), 0.05, progress=NoProgress())
    assert "0 patients of a class" in own["labels"]["reason"]
    monkeypatch.setattr(module, "score_cohort", lambda *found: [0.5] * len(found[2].units))
    assert "no better than chance" in inspected(trained, by=(TARGET, "1"))["labels"]["reason"]


def test_a_version_of_another_question_is_refused(trained: Workspace) -> None:
    with pytest.raises(UsageError, match="answers"):
        inspected(trained, lambda cohort: replace(cohort, target="other"), (TARGET, "1"))


def test_the_command_says_what_was_found(trained: Workspace) -> None:
    command = Command(trained.root)
    done = command.well("cohort", "inspect", "internal", "--by", f"{TARGET}@1", "--json").json
    assert done["provenance"]["labels"] == ["consensus"]
    assert "same pixels: 0 pairs" in command.well("cohort", "inspect", "internal").out
    assert command("cohort", "inspect", "absent").code == 2


def test_who_looked_it_over_signs_the_report(trained: Workspace, tmp_path: Path) -> None:
    command, secret = Command(trained.root), tmp_path / "ines.pass"
    secret.write_text(PASSPHRASE)
    key = ("--passphrase-file", str(secret))
    command.well("people", "add", "ines", "--name", "Ines Intake", "--role", "validator", *key)
    done = command.well("cohort", "inspect", "internal", "--signer", "ines", *key)
    assert "signed by Ines Intake (validator), " in done.out
    assert "review: has looked this cohort over" in done.out
    assert command("cohort", "inspect", "internal", "--signer", "nobody", *key).code == 2
    newest = next(one for one in trained.ledger.events(20) if one.record["type"] == "report.signed")
    assert newest.record["actor"]["person"] == "ines"
