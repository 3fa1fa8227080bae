"""Validation as a use case: proved, frozen before scoring, checked bytes, on record."""

from dataclasses import replace
from typing import Any

import pytest
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import LENIENT, overwritten

from pipelines.bootstrap import Workspace
from pipelines.usecases.train import train
from pipelines.usecases.unit_attributes import labels_of
from pipelines.usecases.validate import operating_point_of, validate
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.cohort import Cohort
from registry.domain.errors import (
    ArtifactChangedError,
    EvidenceMissingError,
    LeakFoundError,
    OverreadError,
    UnknownNameError,
    UsageError,
)
from registry.domain.lifecycle import VersionState
from registry.domain.model import Evaluation, ModelVersion, OperatingPoint
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import Role, Verdict
from validation.protocol.protocol import DEFAULT_PROTOCOL


@pytest.fixture(scope="module")
def fresh(trained: Workspace) -> ModelVersion:
    """Return a version that nothing was judged on yet."""
    return train(trained, TARGET, "train", "tune", model="fresh", device="cpu", epochs=1, progress=NoProgress())


def run(workspace: Workspace, cohort: str, protocol: dict[str, Any] | None = None, model: str = TARGET) -> Evaluation:
    return validate(workspace, model, "1", cohort, protocol, progress=NoProgress())


def types(workspace: Workspace) -> list[str]:
    return [event.record["type"] for event in workspace.ledger.events(400)]


def test_an_evaluation_is_on_record_with_its_scores_and_its_protocol(trained: Workspace) -> None:
    found = run(trained, "internal", LENIENT)
    cohort = trained.cohorts.get("internal")
    assert parse_canonical(trained.objects.get(found.digest)) == found.to_json()
    assert (found.cohort_digest, found.cohort_role, found.synthetic) == (cohort.digest, Role.INTERNAL_TEST, True)
    scores = parse_canonical(trained.objects.get(found.scores_digest))
    assert [uid for uid, _ in scores] == sorted(unit.unit_uid for unit in cohort.units)
    assert all(0 <= q <= 65535 for _, q in scores)
    protocol = parse_canonical(trained.objects.get(found.protocol_digest))
    assert protocol["cohort_digest"] == cohort.digest
    assert protocol["artifact_digest"] == found.artifact_digest
    assert {proof["second"] for proof in found.proofs} == {"train", "tune"}
    assert found.digest in {stored.digest for stored in trained.lifecycle.evaluations(TARGET, "1")}


def test_groups_are_those_that_the_acquisitions_state_and_are_kept_with_the_evaluation(trained: Workspace) -> None:
    found = run(trained, "internal", LENIENT)
    assert found.groups is not None
    rows = {row["series_uid"]: row for row in trained.tables.read("acquisitions").to_pylist()}
    units = trained.cohorts.get("internal").units
    kept = dict(parse_canonical(trained.objects.get(found.groups.groups_digest)))
    assert set(kept) == {unit.unit_uid for unit in units}
    for unit in units:
        row = rows[unit.series_uid]
        assert kept[unit.unit_uid].get("sex", "") == (row["sex"] or "")
        assert kept[unit.unit_uid].get("manufacturer", "") == (row["manufacturer"] or "")
        assert not {"race", "ethnicity"} & set(kept[unit.unit_uid])
    told = {one["axis"]: one["unknown"] for one in found.to_json()["groups"]["axes"]}
    assert told["race"]["reason"] == "suppressed: no legal basis is on record"
    assert {one.group for one in found.groups.of("site", "auc")} == {unit.site for unit in units}
    stored = next(one for one in trained.lifecycle.evaluations(TARGET, "1") if one.digest == found.digest)
    assert stored.record["groups"] == found.to_json()["groups"]


def test_race_is_judged_from_its_legal_basis_on() -> None:
    row = {"race": "  Black or African American ", "ethnicity": "x", "sex": "F", "age_years": 71.0, "kvp": 119.7}
    withheld = labels_of(row, {})
    assert withheld == {"sex": "F", "age_band": "65-79", "kvp": "120"}
    assert labels_of(row, {"race": "decision 14"}) == withheld | {"race": "Black or African American"}


def test_the_same_validation_twice_gives_the_same_evaluation(trained: Workspace) -> None:
    assert run(trained, "internal", LENIENT).digest == run(trained, "internal", LENIENT).digest


def test_a_passed_internal_test_moves_the_version(trained: Workspace) -> None:
    version = trained.lifecycle.version(TARGET, "1")
    assert version.state in {VersionState.VALIDATED, VersionState.EXTERNALLY_VALIDATED}


def test_the_threshold_is_that_of_the_release(trained: Workspace) -> None:
    (point,) = trained.lifecycle.version(TARGET, "1").operating_points
    assert run(trained, "internal", LENIENT).threshold == point.threshold


def test_validation_scores_are_no_predictions(trained: Workspace) -> None:
    before = trained.tables.version("predictions")
    run(trained, "internal", LENIENT | {"name": "another"})
    assert trained.tables.version("predictions") == before


def test_an_external_test_is_proved_against_the_internal_ones_too(trained: Workspace) -> None:
    found = run(trained, "external")
    assert {proof["second"] for proof in found.proofs} == {"train", "tune", "internal"}
    assert any(overlap["axis"] == "site" for proof in found.proofs for overlap in proof["overlaps"])


def test_the_default_protocol_is_used_where_none_is_given(trained: Workspace, fresh: ModelVersion) -> None:
    found = run(trained, "internal", model=fresh.model)
    frozen = DEFAULT_PROTOCOL.frozen_to(found.cohort_digest, fresh.artifact_digest)
    assert found.protocol_digest == frozen.digest


def test_the_protocol_is_frozen_before_anything_is_scored(trained: Workspace, fresh: ModelVersion) -> None:
    class Unreadable:
        """A model store whose files are gone."""

        def download(self, *_: object) -> None:
            raise ArtifactChangedError("gone")

    before = types(trained)
    with pytest.raises(ArtifactChangedError):
        run(replace(trained, models=Unreadable()), "internal", LENIENT | {"name": "early"}, fresh.model)  # type: ignore[arg-type]
    assert types(trained)[: len(types(trained)) - len(before)] == ["protocol.frozen"]


def test_other_bytes_than_the_registered_are_not_scored(trained: Workspace) -> None:
    forged = train(
        trained, TARGET, "train", "tune", model="forged", device="cpu", epochs=1, seed=3, progress=NoProgress()
    )
    files = [p for p in (trained.root / "mlflow").rglob("network.json") if forged.mlflow_run in str(p)]
    assert files
    with (
        overwritten(files, lambda data: data.replace(b'"dropout_prob":"0.0"', b'"dropout_prob":"0.1"')),
        pytest.raises(ArtifactChangedError, match="forged@1"),
    ):
        run(trained, "internal", model="forged")
    assert trained.lifecycle.evaluations("forged", "1") == []


class Named:
    """Cohorts with one more that stands under a name of its own."""

    def __init__(self, workspace: Workspace, extra: Cohort) -> None:
        self._cohorts, self._extra = workspace.cohorts, extra

    def get(self, name: str) -> Cohort:
        return self._extra if name == self._extra.name else self._cohorts.get(name)


def test_a_test_cohort_that_shares_a_patient_is_refused_before_the_protocol(trained: Workspace) -> None:
    internal, fitted = trained.cohorts.get("internal"), trained.cohorts.get("train")
    leaky = replace(internal, name="leaky", units=(*internal.units, fitted.units[0]))
    before = trained.ledger.head().size
    with pytest.raises(LeakFoundError, match=r"1 patient\(s\)"):
        run(replace(trained, cohorts=Named(trained, leaky)), "leaky")  # type: ignore[arg-type]
    assert trained.ledger.head().size == before


@pytest.mark.parametrize(
    ("cohort", "protocol", "error", "says"),
    [
        ("train", None, UsageError, "is a train cohort"),
        ("interna", None, UnknownNameError, "did you mean 'internal'"),
        ("internal", {"name": "x"}, UsageError, "lacks criteria"),
        ("internal", LENIENT | {"limit": 1}, UnknownNameError, "key in the protocol"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    trained: Workspace, cohort: str, protocol: dict[str, Any] | None, error: type[OverreadError], says: str
) -> None:
    before = trained.ledger.head().size
    with pytest.raises(error, match=says):
        run(trained, cohort, protocol)
    assert trained.ledger.head().size == before


def test_an_unknown_model_is_refused(trained: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="unknown model"):
        run(trained, "internal", model="lesion-visibel")


def test_a_cohort_of_another_target_is_refused(trained: Workspace) -> None:
    other = replace(trained.cohorts.get("internal"), name="other", target="another-question")
    with pytest.raises(UsageError, match="another-question"):
        run(replace(trained, cohorts=Named(trained, other)), "other")  # type: ignore[arg-type]


def test_a_site_of_its_own_is_judged_by_its_own_operating_point(trained: Workspace) -> None:
    version, cohort = trained.lifecycle.version(TARGET, "1"), trained.cohorts.get("internal")
    own = replace(version, operating_points=(*version.operating_points, OperatingPoint("general", 7, "tune", "youden")))
    assert operating_point_of(own, cohort).k == 7
    both = replace(cohort, units=(*cohort.units, trained.cohorts.get("external").units[0]))
    assert operating_point_of(own, both).site == "*"
    with pytest.raises(EvidenceMissingError):
        operating_point_of(replace(version, operating_points=()), cohort)


def test_the_metrics_follow_from_the_stored_scores(trained: Workspace) -> None:
    found = run(trained, "internal", LENIENT)
    cells = dict(parse_canonical(trained.objects.get(found.scores_digest)))
    units = trained.cohorts.get("internal").units
    positive = [unit for unit in units if unit.truth]
    hits = sum(cells[unit.unit_uid] >= to_grid(found.threshold) for unit in positive)
    sensitivity = next(metric for metric in found.metrics if metric.name == "sensitivity")
    assert sensitivity.value == pytest.approx(hits / len(positive))
    assert found.verdict in set(Verdict)
    assert canonical_bytes(found.to_json())
