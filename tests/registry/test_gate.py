"""The serving gate: record, ledger, signature and bytes must agree, or nothing is served."""

import pickle
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hospitals import SITE, FolderModels, Hospital
from worlds import MODEL, World

from registry.database import reading
from registry.domain.artifact import folder_digest, require_servable
from registry.domain.errors import (
    AnswerIsNoError,
    ArtifactChangedError,
    EvidenceMissingError,
    ExitCode,
    LedgerBrokenError,
    NotAllowedError,
    SignatureBrokenError,
    UnknownNameError,
)
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor
from registry.ledger.store import verify_proof
from registry.models import MlflowModels
from registry.release_signature import ReleaseKey, require_release, sign_folder, verify_folder


@pytest.fixture
def hospital(world: World, tmp_path: Path) -> Hospital:
    """Return a hospital whose store is a folder."""
    return Hospital(world, FolderModels(tmp_path / "store"), tmp_path / "made")


@pytest.mark.parametrize("version", [None, "1"])
def test_what_runs_in_shadow_is_admitted_with_its_proof(hospital: Hospital, version: str | None) -> None:
    deployment = hospital.deploy()
    admission = hospital.gate.admit(MODEL, version, SITE)
    assert admission.deployment == deployment
    assert admission.version.name == f"{MODEL}@1"
    assert admission.statement.printed_name == "Clara"
    assert folder_digest(admission.folder) == deployment.artifact_digest
    ledger = hospital.world.ledger
    verify_proof(admission.proof, ledger.public_vkey, ledger.event(deployment.event_seq).data)


def test_the_private_copy_is_private_fresh_and_goes(hospital: Hospital) -> None:
    hospital.deploy()
    with hospital.gate.admit(MODEL, None, SITE) as first, hospital.gate.admit(MODEL, None, SITE) as second:
        assert first.folder != second.folder
        for place in (first.folder.parent, first.folder.parent.parent, hospital.world.root / "serving"):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not list(hospital.world.root.glob("serving/*/*"))


def test_live_is_admitted_before_shadow(hospital: Hospital) -> None:
    deployment = hospital.live()
    with hospital.gate.admit(MODEL, None, SITE) as admission:
        assert admission.deployment == deployment
        assert admission.deployment.mode == "live"


def test_an_unknown_model_or_version_is_an_unknown_name(hospital: Hospital) -> None:
    for model, version in (("other", None), (MODEL, "2")):
        with pytest.raises(UnknownNameError):
            hospital.gate.admit(model, version, SITE)
    assert hospital.world.told("serving.refused") == []


def test_what_is_not_deployed_is_not_served_and_the_line_says_how(hospital: Hospital) -> None:
    hospital.refuses(NotAllowedError, r"not deployed at general: .*overread models deploy")
    hospital.deploy()
    with pytest.raises(NotAllowedError, match="not deployed at reference"):
        hospital.gate.admit(MODEL, None, "reference")


def test_what_is_stopped_is_served_again_only_after_resuming(hospital: Hospital) -> None:
    deployment = hospital.deploy()
    hospital.world.lifecycle.stop(deployment.deployment, hospital.world.signer("otto"), "read without AI")
    hospital.refuses(NotAllowedError, "is stopped at general")
    hospital.world.lifecycle.resume(deployment.deployment, hospital.world.signer("clara"))
    hospital.gate.admit(MODEL, None, SITE).release()


def test_what_is_rejected_is_not_served(hospital: Hospital) -> None:
    hospital.deploy()
    hospital.world.lifecycle.reject(MODEL, "1", hospital.world.signer("quinn"))
    hospital.refuses(NotAllowedError, "not deployed")


def test_what_lapsed_is_not_served_live(hospital: Hospital) -> None:
    hospital.live()
    hospital.world.lifecycle.lapse(MODEL, "1", Actor("clock", "service", "session"), "over")
    hospital.refuses(NotAllowedError, "needs an approval that is valid today")


def test_a_clinical_lead_who_left_does_not_stop_what_they_deployed(hospital: Hospital) -> None:
    hospital.deploy()
    hospital.world.clock.advance(days=30)
    hospital.world.people.deactivate("clara", LOCAL_ADMINISTRATOR)
    hospital.gate.admit(MODEL, None, SITE).release()


def overwrite(place: Path) -> None:
    """Flip one bit of the weights."""
    data = bytearray((place / "model.safetensors").read_bytes())
    data[7] ^= 1
    (place / "model.safetensors").write_bytes(bytes(data))


@pytest.mark.parametrize(
    "spoil",
    [
        overwrite,
        lambda place: (place / ".hidden").write_text("extra"),
        lambda place: (place / "network.json").unlink(),
        lambda place: (place / "network.json").rename(place / "other.json"),
        lambda place: (place / "link").symlink_to("/etc/hostname"),
        lambda place: shutil.rmtree(place.parent),
    ],
    ids=["bit", "hidden file", "missing file", "renamed", "link", "gone"],
)
def test_a_model_whose_files_changed_is_not_served(
    hospital: Hospital, tmp_path: Path, spoil: Callable[[Path], Any]
) -> None:
    hospital.deploy()
    spoil(tmp_path / "store" / "run" / "model")
    hospital.refuses(ArtifactChangedError, "files|plain files")


def test_an_artifact_overwritten_in_mlflow_after_approval_is_not_served(
    world: World, mlflow_models: MlflowModels, tmp_path: Path
) -> None:
    hospital = Hospital(world, mlflow_models, tmp_path / "made")
    hospital.live()
    hospital.gate.admit(MODEL, None, SITE).release()
    run = world.lifecycle.version(MODEL).mlflow_run
    (place,) = (mlflow_models.root / "artifacts").glob(f"{run}/artifacts/model")
    kept = {file: file.read_bytes() for file in place.iterdir()}
    overwrite(place)
    with pytest.raises(ArtifactChangedError) as refusal:
        hospital.gate.admit(MODEL, None, SITE)
    assert refusal.value.exit_code == ExitCode.ANSWER_IS_NO
    assert "not those that were registered" in str(world.told("serving.refused")[0]["why"])
    for file, data in kept.items():
        file.write_bytes(data)
    _an_alias_serves_nothing_and_a_deleted_version_is_not_served(hospital, mlflow_models)


def _an_alias_serves_nothing_and_a_deleted_version_is_not_served(
    hospital: Hospital, mlflow_models: MlflowModels
) -> None:
    """Move an alias and delete the version with MLflow's own client; part of one test, for MLflow is slow to open."""
    client, number = mlflow_models._connect(), hospital.world.lifecycle.version(MODEL).mlflow_version
    client.set_registered_model_alias(MODEL, "champion", number)
    with hospital.gate.admit(MODEL, None, SITE) as admission:
        assert admission.version.version == "1"
    with pytest.raises(UnknownNameError, match="unknown version"):
        hospital.gate.admit(MODEL, "champion", SITE)
    client.delete_model_version(MODEL, number)
    hospital.refuses(ArtifactChangedError, r"no longer has .* as it was registered")


@pytest.mark.parametrize(
    ("sql", "error", "match"),
    [
        ("UPDATE deployments SET state = 'live', mode = 'live'", EvidenceMissingError, "approval"),
        ("UPDATE deployments SET site = 'general', event_seq = 3", LedgerBrokenError, "not this deployment's start"),
        ("UPDATE deployments SET event_seq = 900", LedgerBrokenError, "does not tell"),
        ("UPDATE deployments SET deployment = 'other'", LedgerBrokenError, "not this deployment's start"),
        ("UPDATE deployments SET artifact_digest = :other", LedgerBrokenError, "not this deployment's start"),
        ("UPDATE deployments SET signature = :other", SignatureBrokenError, "signature is missing"),
        ("UPDATE model_versions SET artifact_digest = :other", ArtifactChangedError, "not what was deployed"),
        ("UPDATE model_versions SET state = 'registered'", EvidenceMissingError, "validated version"),
        ("UPDATE model_versions SET operating_points = CAST('[]' AS BLOB)", SignatureBrokenError, "operating-points"),
        ("UPDATE signatures SET act = 'stop' WHERE act = 'deploy'", SignatureBrokenError, "not for 'stop'"),
        ("UPDATE person_keys SET not_after = '2026-03-02T09:30:00.000000Z'", SignatureBrokenError, "not valid at"),
        ("UPDATE person_roles SET role = 'engineer' WHERE person = 'clara'", SignatureBrokenError, "could not sign"),
        (
            "UPDATE ledger_entries SET data = CAST(data || ' ' AS BLOB) WHERE seq = 2",
            LedgerBrokenError,
            "is not that of the checkpoint",
        ),
    ],
)
def test_a_record_that_was_changed_by_hand_serves_nothing(
    hospital: Hospital, sql: str, error: type[AnswerIsNoError], match: str
) -> None:
    hospital.deploy()
    other = "sha256:" + "0" * 64
    hospital.change(sql, **({"other": other} if ":other" in sql else {}))
    hospital.refuses(error, match)


def test_a_stop_undone_by_hand_serves_nothing(hospital: Hospital) -> None:
    deployment = hospital.deploy()
    hospital.world.lifecycle.stop(deployment.deployment, hospital.world.signer("otto"), "read without AI")
    hospital.change("UPDATE deployments SET state = 'shadow'")
    hospital.refuses(LedgerBrokenError, "tells that this deployment was stopped")


def test_a_shadow_signature_serves_nothing_live(hospital: Hospital) -> None:
    hospital.approve()
    hospital.deploy()
    hospital.change("UPDATE deployments SET state = 'live', mode = 'live'")
    hospital.refuses(SignatureBrokenError, "not for 'deploy'")


def test_an_approval_whose_signatures_are_gone_serves_nothing_live(hospital: Hospital) -> None:
    hospital.approve()
    hospital.deploy()
    hospital.deploy("pilot")
    hospital.change("DELETE FROM signatures WHERE act = 'approve'")
    hospital.refuses(SignatureBrokenError, "called approved, but the signatures are not there")


def test_a_version_that_was_called_validated_by_hand_is_not_served_even_in_shadow(hospital: Hospital) -> None:
    hospital.deploy()
    hospital.change("UPDATE model_versions SET state = 'externally_validated'")
    hospital.refuses(LedgerBrokenError, "tells that .* is validated")


def test_another_deployments_signature_serves_nothing(hospital: Hospital) -> None:
    hospital.deploy()
    other = hospital.world.lifecycle.deploy(MODEL, "1", "reference", "shadow", hospital.world.signer("clara"))
    hospital.change("UPDATE deployments SET signature = :other", other=other.signature)
    hospital.refuses(SignatureBrokenError, "not for 'deploy'")


def test_an_approved_version_without_a_release_signature_is_not_served_live(hospital: Hospital) -> None:
    hospital.live()
    hospital.change("UPDATE ledger_entries SET type = 'release.other' WHERE type = 'release.signed'")
    hospital.refuses(SignatureBrokenError, "bear no release signature")


@pytest.mark.parametrize("name", [".git/hooks/post-checkout", ".gitattributes", ".github/x", "evil.pkl", "a/b.json"])
def test_no_file_beside_the_signed_ones_is_served_not_even_one_of_git(hospital: Hospital, name: str) -> None:
    """The registered digest finds it; so do the release signature and the list of what may be served, each alone."""
    hospital.live()
    with reading(hospital.world.ledger.engine) as session:
        version, objects = hospital.world.lifecycle.version(MODEL), hospital.world.objects
        require_release(session, objects, version, hospital.folder)
        place = hospital.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"#!/bin/sh")
        with pytest.raises(SignatureBrokenError, match="does not hold for these files"):
            require_release(session, objects, version, hospital.folder)
    with pytest.raises(ArtifactChangedError, match=r"holds \d files or folders that are no"):
        require_servable(hospital.folder, "x@1")


def test_a_link_and_a_changed_byte_break_the_release_signature(hospital: Hospital) -> None:
    hospital.live()
    version, objects = hospital.world.lifecycle.version(MODEL), hospital.world.objects
    with reading(hospital.world.ledger.engine) as session:
        (hospital.folder / "more.safetensors").symlink_to(hospital.folder / "model.safetensors")
        with pytest.raises(SignatureBrokenError, match="does not hold for these files"):
            require_release(session, objects, version, hospital.folder)
        (hospital.folder / "more.safetensors").unlink()
        (hospital.folder / "network.json").write_text("{}")
        with pytest.raises(SignatureBrokenError, match="does not hold for these files"):
            require_release(session, objects, version, hospital.folder)


def test_a_bundle_that_was_exchanged_is_not_served(hospital: Hospital, tmp_path: Path) -> None:
    hospital.live()
    version, objects = hospital.world.lifecycle.version(MODEL), hospital.world.objects
    told = hospital.world.told("release.signed")[0]
    mine = ReleaseKey.open(tmp_path / "mallory.pem")
    other = hospital.world.objects.put(sign_folder(mine, hospital.folder))
    place = objects.path(str(told["bundle"]))
    place.chmod(0o600)
    place.write_bytes(objects.get(other))
    with reading(hospital.world.ledger.engine) as session, pytest.raises(ArtifactChangedError, match="other bytes"):
        require_release(session, objects, version, hospital.folder)
    with pytest.raises(SignatureBrokenError, match="does not hold"):
        verify_folder(objects.get(other), str(told["public_key"]).encode(), hospital.folder, version.name)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"{}",
        lambda _: b"[1]",
        lambda _: b"\xff\xfe",
        lambda bundle: bundle[:-40],
        lambda bundle: bundle.replace(b'"payload":"e', b'"payload":"f'),
        lambda bundle: bundle.replace(b'"sig":"M', b'"sig":"N'),
        lambda bundle: bundle.replace(b"in-toto+json", b"in-toto+jsom"),
        lambda bundle: bundle.replace(b"signatures", b"signaturez"),
    ],
)
def test_a_damaged_bundle_is_a_broken_signature_and_no_internal_error(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    folder, key = tmp_path / "made", ReleaseKey.open(tmp_path / "release.pem")
    folder.mkdir()
    (folder / "network.json").write_text("{}")
    bundle = sign_folder(key, folder)
    verify_folder(bundle, key.public_pem, folder, "x@1")
    assert change(bundle) != bundle
    with pytest.raises(SignatureBrokenError, match="does not hold"):
        verify_folder(change(bundle), key.public_pem, folder, "x@1")


def test_a_pickle_that_was_registered_as_a_model_is_never_opened(world: World, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return (Path.touch, (canary,))

    store, made = FolderModels(tmp_path / "store"), tmp_path / "made"
    hospital = Hospital(world, store, made, more={"model.pkl": pickle.dumps(Evil())})
    hospital.deploy()
    hospital.refuses(ArtifactChangedError, "only these two are served")
    assert not canary.exists()


def test_the_release_key_is_a_file_of_its_own_that_others_cannot_read(world: World, tmp_path: Path) -> None:
    place = tmp_path / "release.pem"
    key = ReleaseKey.open(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert ReleaseKey.open(place) == key
    assert key.pem != (world.root / "log.pem").read_bytes()
    place.chmod(0o644)
    with pytest.raises(NotAllowedError, match="open to others"):
        ReleaseKey.open(place)
    shutil.copy(world.root / "log.pem", tmp_path / "other.pem")
    (tmp_path / "other.pem").chmod(0o600)
    with pytest.raises(NotAllowedError, match="no ECDSA key"):
        ReleaseKey.open(tmp_path / "other.pem")
