"""Training as a use case: checked before it starts, on record when it ends, repeatable."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import ERIN, overwritten

from pipelines.bootstrap import Workspace
from pipelines.training.scorer import load_scorer
from pipelines.usecases import train as module
from pipelines.usecases.model_copy import private_copy
from pipelines.usecases.train import train
from registry.domain.cohort import Cohort
from registry.domain.errors import ArtifactChangedError, LeakFoundError, OverreadError, UnknownNameError, UsageError
from registry.domain.lifecycle import VersionState
from registry.domain.model import ModelVersion
from registry.domain.person import UNAUTHENTICATED
from registry.domain.vocabulary import Role
from validation.statistics.roc import roc_counts
from validation.statistics.thresholds import choose_threshold


class Interrupted(Exception):  # noqa: N818 - it is no error of the product
    """Stands for a killed process."""


class Interrupting:
    """A progress that interrupts after the first epoch: after all images, one more step."""

    def __init__(self, images: int) -> None:
        self.left = images + 1

    def advance(self, n: int = 1) -> None:
        self.left -= n
        if self.left == 0:
            raise Interrupted


def run(workspace: Workspace, model: str, **options: object) -> ModelVersion:
    words = {"device": "cpu", "epochs": 1, "progress": NoProgress()} | options
    return train(workspace, TARGET, "train", "tune", model=model, **words)  # type: ignore[arg-type]


def test_the_version_is_registered_under_the_trainer_with_what_it_was_fitted_on(trained: Workspace) -> None:
    version = trained.lifecycle.version(TARGET, "1")
    assert (version.model, version.target, version.train_cohort, version.tune_cohort) == (
        TARGET,
        TARGET,
        "train",
        "tune",
    )
    assert version.trained_by == ERIN.person
    assert version.synthetic
    events = {event.record["type"] for event in trained.ledger.events(200)}
    assert "version.registered" in events


def test_the_same_files_are_registered_once_where_that_is_asked(trained: Workspace) -> None:
    first = run(trained, "twice")
    before = trained.ledger.head()
    assert run(trained, "twice", again=False).name == first.name
    assert trained.ledger.head() == before
    assert run(trained, "twice").name == "twice@2"


def test_the_operating_point_is_the_rules_choice_on_the_tune_cohort_alone(trained: Workspace) -> None:
    version, tune = trained.lifecycle.version(TARGET, "1"), trained.cohorts.get("tune")
    (point,) = version.operating_points
    assert (point.site, point.tune_cohort, point.rule) == ("*", "tune", trained.settings.defaults.threshold_rule)
    cells = _cells(trained, version, tune)
    assert point.k == choose_threshold(roc_counts(cells, [unit.truth for unit in tune.units]), point.rule).k


def _cells(workspace: Workspace, version: ModelVersion, cohort: Cohort) -> list[int]:
    from pipelines.intake.pixels import ImageReader
    from registry.domain.score_grid import to_grid

    with private_copy(workspace, version) as folder, ImageReader(workspace) as reader:
        scorer = load_scorer(folder)
        return [to_grid(scorer.score(scorer.prepare(reader.load(unit))[None])[0]) for unit in cohort.units]


def test_the_run_is_logged_with_cohort_digests_and_conditions(trained: Workspace) -> None:
    version = trained.lifecycle.version(TARGET, "1")
    logged = trained.models._connect().get_run(version.mlflow_run).data  # type: ignore[attr-defined]
    for role in ("train", "tune"):
        assert logged.params[f"{role}_cohort_digest"] == trained.cohorts.get(role).digest
    assert logged.params["artifact_digest"] == version.artifact_digest
    assert logged.params["synthetic"] == "true"
    assert {"seed", "code_version", "torch", "monai", "determinism", "network_digest"} <= set(logged.params)
    assert {"train_loss_epoch_001", "tune_auc", "tune_n", "tune_n_patients", "best_epoch"} <= set(logged.metrics)
    assert logged.metrics["tune_n"] == len(trained.cohorts.get("tune").units)


def test_the_same_seed_gives_the_same_artifact_as_the_next_version(trained: Workspace) -> None:
    first, second, other = run(trained, "again"), run(trained, "again"), run(trained, "again", seed=1)
    assert [version.version for version in (first, second, other)] == ["1", "2", "3"]
    assert first.artifact_digest == second.artifact_digest == trained.lifecycle.version(TARGET, "1").artifact_digest
    assert other.artifact_digest != first.artifact_digest
    assert first.state is VersionState.REGISTERED


def test_an_interrupted_run_is_resumed_to_the_same_artifact(trained: Workspace) -> None:
    whole = run(trained, "whole", epochs=2)
    images = sum(len(trained.cohorts.get(name).units) for name in ("train", "tune"))
    with pytest.raises(Interrupted):
        run(trained, "cut", epochs=2, progress=Interrupting(images))
    (left,) = [path.name for path in (trained.root / module.RUNS).iterdir() if path.name.startswith("cut-")]
    with pytest.raises(UnknownNameError):
        trained.lifecycle.version("cut")
    with pytest.raises(UsageError, match="other cohorts"):
        run(trained, "cut", epochs=2, seed=5, resume=left)
    assert run(trained, "cut", epochs=2, resume=left).artifact_digest == whole.artifact_digest
    assert not (trained.root / module.RUNS / left).exists()


def test_without_a_login_the_trainer_is_unauthenticated(trained: Workspace) -> None:
    assert run(replace(trained, actor=UNAUTHENTICATED), "anonymous").trained_by == "unauthenticated"


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({"train_cohort": "tune"}, UsageError, "is a tune cohort"),
        ({"tune_cohort": "internal"}, UsageError, "is a internal-test cohort"),
        ({"train_cohort": "trian"}, UnknownNameError, "did you mean 'train'"),
        ({"target": "another-question"}, UsageError, "not 'another-question'"),
        ({"model": "Bad Name"}, UsageError, "a model's name"),
        ({"epochs": 0}, UsageError, "0 epochs"),
        ({"device": "cuda:63"}, UsageError, "not there"),
        ({"resume": "none"}, UnknownNameError, "unknown run"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_it_starts(
    trained: Workspace, words: dict[str, object], error: type[OverreadError], says: str
) -> None:
    asked = {"target": TARGET, "train_cohort": "train", "tune_cohort": "tune", "model": "refused"} | words
    with pytest.raises(error, match=says):
        train(trained, progress=NoProgress(), **asked)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError):
        trained.lifecycle.version("refused")


class Leaky:
    """Cohorts of which `tune` shares a patient with `train`."""

    def __init__(self, workspace: Workspace) -> None:
        self._cohorts = workspace.cohorts

    def get(self, name: str) -> Cohort:
        found = self._cohorts.get(name)
        if found.role is not Role.TUNE:
            return found
        return replace(found, units=(*found.units, self._cohorts.get("train").units[0]))


def test_cohorts_that_share_a_patient_are_refused_again(trained: Workspace) -> None:
    with pytest.raises(LeakFoundError, match=r"1 patient\(s\)"):
        run(replace(trained, cohorts=Leaky(trained)), "leaky")  # type: ignore[arg-type]


def test_a_cohort_of_one_class_is_refused(trained: Workspace) -> None:
    class OneClass:
        def get(self, name: str) -> Cohort:
            found = trained.cohorts.get(name)
            return replace(found, units=tuple(unit for unit in found.units if unit.truth))

    with pytest.raises(UsageError, match="one class only"):
        run(replace(trained, cohorts=OneClass()), "one-class")  # type: ignore[arg-type]


def test_an_unknown_threshold_rule_is_refused_before_it_starts(trained: Workspace) -> None:
    settings = replace(trained.settings, defaults=replace(trained.settings.defaults, threshold_rule="best"))
    with pytest.raises(UsageError, match="threshold_rule"):
        run(replace(trained, settings=settings), "rule")


def test_the_private_copy_is_removed_and_a_changed_artifact_is_refused(trained: Workspace) -> None:
    version = run(trained, "tampered", seed=9)
    with private_copy(trained, version) as folder:
        kept = Path(folder)
        assert kept.is_dir()
    assert not kept.exists()
    stored = [p for p in (trained.root / "mlflow").rglob("model.safetensors") if version.mlflow_run in str(p)]
    assert stored
    with (
        overwritten(stored, lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        pytest.raises(ArtifactChangedError, match="tampered@1"),
        private_copy(trained, version),
    ):
        pass
    assert list((trained.root / "scratch").iterdir()) == []
