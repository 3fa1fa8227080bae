"""Revoked release keys: what they signed before counts, what they sign later does not; of a stolen one nothing does."""

from pathlib import Path

import pytest
from hospitals import SITE, FolderModels, Hospital
from worlds import MODEL, World

from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, SignatureBrokenError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import LOCAL_ADMINISTRATOR, SERVICE, Actor, actor_record
from registry.release_keys import RELEASED, revoke_release_key, signed_by
from registry.release_signature import ReleaseKey, sign_release


@pytest.fixture
def hospital(world: World, tmp_path: Path) -> Hospital:
    found = Hospital(world, FolderModels(tmp_path / "store"), tmp_path / "made")
    found.live()
    return found


@pytest.fixture
def key(hospital: Hospital) -> ReleaseKey:
    return ReleaseKey.open(hospital.world.root / "keys" / "release.pem")


def revoke(hospital: Hospital, key_id: str, *, stolen: bool = False) -> None:
    record = hospital.world.lifecycle.record
    revoke_release_key(record, key_id, LOCAL_ADMINISTRATOR, "the disk left the house", stolen=stolen)


def test_what_a_key_signed_before_it_was_revoked_is_served(hospital: Hospital, key: ReleaseKey) -> None:
    revoke(hospital, key.key_id[:10])
    hospital.gate.admit(MODEL, None, SITE).release()


def test_a_revoked_key_signs_no_release(hospital: Hospital, key: ReleaseKey) -> None:
    revoke(hospital, key.key_id)
    lifecycle = hospital.world.lifecycle
    with pytest.raises(NotAllowedError, match="the release key is revoked"):
        sign_release(lifecycle.record, key, lifecycle.version(MODEL, "1"), hospital.folder)


def test_what_a_revoked_key_signs_past_the_product_is_not_served(hospital: Hospital, key: ReleaseKey) -> None:
    """Whoever kept the key signs the same files again and writes the event by hand."""
    (told,) = hospital.world.told(RELEASED)
    version = hospital.world.lifecycle.version(MODEL, "1")
    revoke(hospital, key.key_id)
    subjects = (Subject("version", version.name, version.artifact_digest),)
    with hospital.world.ledger.transaction() as tx:
        tx.append(EventDraft(RELEASED, actor_record(SERVICE), subjects, told))
    hospital.refuses(SignatureBrokenError, "was revoked before")


def test_nothing_that_a_stolen_key_signed_is_served_until_another_signs(hospital: Hospital, key: ReleaseKey) -> None:
    revoke(hospital, key.key_id, stolen=True)
    hospital.refuses(SignatureBrokenError, "was stolen")
    with reading(hospital.world.ledger.engine) as session:
        assert signed_by(session, key.key_id) == [f"{MODEL}@1"]
    other = ReleaseKey.open(hospital.world.root / "keys" / "next.pem")
    lifecycle = hospital.world.lifecycle
    sign_release(lifecycle.record, other, lifecycle.version(MODEL, "1"), hospital.folder)
    hospital.gate.admit(MODEL, None, SITE).release()


def test_a_revocation_can_be_called_a_theft_later_but_not_taken_back(hospital: Hospital, key: ReleaseKey) -> None:
    revoke(hospital, key.key_id)
    with pytest.raises(AnswerIsNoError, match="is revoked since event"):
        revoke(hospital, key.key_id)
    revoke(hospital, key.key_id, stolen=True)
    hospital.refuses(SignatureBrokenError, "was stolen")
    with pytest.raises(AnswerIsNoError, match="is revoked since event"):
        revoke(hospital, key.key_id, stolen=True)


def test_who_is_no_administrator_revokes_nothing_and_a_reason_and_a_known_key_are_asked_for(
    hospital: Hospital, key: ReleaseKey
) -> None:
    record = hospital.world.lifecycle.record
    with pytest.raises(NotAllowedError, match="enrols nobody"):
        revoke_release_key(record, key.key_id, Actor("erin", "engineer", "session"), "why", stolen=False)
    with pytest.raises(UsageError, match="for a reason"):
        revoke_release_key(record, key.key_id, LOCAL_ADMINISTRATOR, "  ", stolen=False)
    for unknown in ("", "zz", key.key_id + "0"):
        with pytest.raises(UnknownNameError):
            revoke(hospital, unknown)
    assert hospital.world.told("release_key.revoked") == []
