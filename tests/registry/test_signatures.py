"""DSSE envelopes and in-toto statements: bound to what they sign, and to nothing else."""

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from worlds import ARTIFACT, MODEL, PROTOCOL, World

from registry.domain.digest import digest_bytes
from registry.domain.errors import SignatureBrokenError
from registry.domain.event import Subject
from registry.domain.person import LOCAL_ADMINISTRATOR, Act, PersonRole
from registry.dsse import IN_TOTO, SESSION, open_envelope, pae, seal_envelope
from registry.keys import Signer
from registry.signatures import Intent, Signature, evidence_digest, require_covers, require_match, sign, verify

SUBJECTS = (Subject("artifact", f"{MODEL}@1", ARTIFACT), Subject("protocol", "frozen", PROTOCOL))
INTENT = Intent(Act.APPROVE, MODEL, "1", SUBJECTS)
DEPLOY = Intent(Act.DEPLOY, MODEL, "1", SUBJECTS, {"deployment": "d", "site": "general", "mode": "shadow"})


def signed(world: World, intent: Intent = INTENT, person: str = "clara", **other: object) -> Signature:
    """Sign an intent as a clinical lead, with some arguments replaced."""
    arguments = {"at": world.clock.now(), "ledger_size": 7, "reason": "convincing"} | other
    role = arguments.pop("role", PersonRole.CLINICAL_LEAD)
    return sign(intent, world.signer(person), role, **arguments)


def test_the_pre_authentication_encoding_is_the_specifications() -> None:
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_counted_in_bytes() -> None:
    assert pae("é", "ü".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xbc"


def test_a_statement_shows_name_time_and_meaning_and_what_it_covers(world: World) -> None:
    signature = signed(world)
    payload = json.loads(base64.b64decode(json.loads(signature.envelope)["payload"]))
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    assert {row["digest"]["sha256"] for row in payload["subject"]} == {ARTIFACT[7:], PROTOCOL[7:]}
    predicate = payload["predicate"]
    assert predicate["printed_name"] == "Clara"
    assert predicate["signed_at"] == signature.signed_at
    assert predicate["meaning"].startswith("approval")
    assert (predicate["model"], predicate["version"], predicate["act"]) == (MODEL, "1", "approve")
    assert (predicate["ledger_size"], predicate["reason"]) == (7, "convincing")


def test_a_signature_verifies_and_reads_back_as_it_was_made(world: World) -> None:
    signature = signed(world)
    assert verify(signature.envelope, world.people) == signature.statement
    require_match(signature.statement, INTENT)
    assert signature.digest == digest_bytes(signature.envelope)


def test_two_signatures_of_the_same_are_never_the_same(world: World) -> None:
    at = world.clock.now()
    assert signed(world, at=at).statement.nonce != signed(world, at=at).statement.nonce


def test_any_changed_byte_breaks_a_signature(world: World) -> None:
    envelope = signed(world).envelope
    for place in range(0, len(envelope), 5):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises(SignatureBrokenError):
            verify(bytes(changed), world.people)


@pytest.mark.parametrize("extra", [b" ", b"\n", b""])
def test_another_spelling_or_a_cut_envelope_is_refused(world: World, extra: bytes) -> None:
    envelope = signed(world).envelope
    with pytest.raises(SignatureBrokenError):
        verify(envelope + extra if extra else envelope[:-1], world.people)


@pytest.mark.parametrize(
    "other",
    [
        replace(INTENT, version="2"),
        replace(INTENT, model="another"),
        replace(INTENT, act=Act.RETIRE),
        replace(INTENT, scope={"site": "general"}),
        replace(INTENT, subjects=SUBJECTS[:1]),
        replace(INTENT, subjects=(*SUBJECTS[:1], Subject("protocol", "frozen", ARTIFACT))),
    ],
)
def test_a_signature_moved_to_something_else_does_not_match(world: World, other: Intent) -> None:
    with pytest.raises(SignatureBrokenError):
        require_match(signed(world).statement, other)


@pytest.mark.parametrize("key", ["deployment", "site", "mode"])
def test_a_signature_for_one_deployment_covers_no_other(world: World, key: str) -> None:
    statement = signed(world, DEPLOY).statement
    require_covers(statement, replace(DEPLOY, subjects=SUBJECTS[:1]))
    with pytest.raises(SignatureBrokenError):
        require_covers(statement, replace(DEPLOY, scope={**DEPLOY.scope, key: "other"}))


def test_a_signature_does_not_cover_a_subject_that_it_leaves_out(world: World) -> None:
    with pytest.raises(SignatureBrokenError, match="plan:new"):
        require_covers(signed(world).statement, replace(INTENT, subjects=(*SUBJECTS, Subject("plan", "new", ARTIFACT))))


def test_a_signature_dated_outside_its_keys_time_is_refused(world: World) -> None:
    for shift in (timedelta(days=366), timedelta(days=-1)):
        with pytest.raises(SignatureBrokenError, match="was not valid at"):
            verify(signed(world, at=world.clock.now() + shift).envelope, world.people)


def test_a_signature_in_a_role_that_the_person_lacks_is_refused(world: World) -> None:
    with pytest.raises(SignatureBrokenError, match="could not sign"):
        verify(signed(world, role=PersonRole.QUALITY_OFFICER).envelope, world.people)


def test_a_signature_in_a_role_that_may_not_sign_the_act_is_refused(world: World) -> None:
    with pytest.raises(SignatureBrokenError, match="could not sign"):
        verify(signed(world, person="erin", role=PersonRole.ENGINEER).envelope, world.people)


def test_a_statement_in_anothers_name_is_refused(world: World) -> None:
    clara, vera = world.signer("clara"), world.signer("vera")
    forged = Signer(clara.person, vera.key, vera.sign)
    signature = sign(INTENT, forged, PersonRole.CLINICAL_LEAD, at=world.clock.now(), ledger_size=0)
    with pytest.raises(SignatureBrokenError, match="another person's key"):
        verify(signature.envelope, world.people)


def test_a_key_that_was_never_issued_is_refused(world: World) -> None:
    clara, private = world.signer("clara"), Ed25519PrivateKey.generate()
    stranger = Signer(clara.person, replace(clara.key, key_id="0" * 64), private.sign)
    with pytest.raises(SignatureBrokenError, match="never issued"):
        verify(
            sign(INTENT, stranger, PersonRole.CLINICAL_LEAD, at=world.clock.now(), ledger_size=0).envelope, world.people
        )
    impostor = Signer(clara.person, clara.key, private.sign)
    with pytest.raises(SignatureBrokenError, match="does not hold"):
        verify(
            sign(INTENT, impostor, PersonRole.CLINICAL_LEAD, at=world.clock.now(), ledger_size=0).envelope, world.people
        )


def test_a_session_token_is_no_signature_and_the_other_way_round(world: World) -> None:
    signer = world.signer("clara")
    with pytest.raises(SignatureBrokenError, match="another type"):
        verify(seal_envelope(SESSION, {"person": "clara"}, signer), world.people)
    with pytest.raises(SignatureBrokenError, match="another type"):
        open_envelope(signed(world).envelope, SESSION)


@pytest.mark.parametrize(
    "value", [{}, [], {"_type": "x"}, {"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"}]
)
def test_a_payload_that_is_no_statement_of_ours_is_refused(world: World, value: object) -> None:
    with pytest.raises(SignatureBrokenError):
        verify(seal_envelope(IN_TOTO, value, world.signer("clara")), world.people)


def test_what_a_person_signed_stays_valid_after_they_left(world: World) -> None:
    signature = signed(world)
    world.clock.advance(days=1)
    world.people.deactivate("clara", LOCAL_ADMINISTRATOR)
    assert verify(signature.envelope, world.people).person == "clara"


def test_the_evidence_digest_does_not_depend_on_order_and_changes_with_any_subject() -> None:
    assert evidence_digest(SUBJECTS) == evidence_digest(SUBJECTS[::-1])
    assert evidence_digest(SUBJECTS) != evidence_digest(SUBJECTS[:1])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_alone_verifies_a_signature_and_refuses_a_changed_one(world: World, tmp_path: Path) -> None:
    opened = open_envelope(signed(world).envelope, IN_TOTO)
    public = Ed25519PublicKey.from_public_bytes(world.signer("clara").key.public_key)
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "sig").write_bytes(opened.signature)
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        "key.pem",
        "-sigfile",
        "sig",
        "-in",
        "message",
    ]
    (tmp_path / "message").write_bytes(pae("application/vnd.in-toto+json", opened.payload))
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "message").write_bytes(pae("application/vnd.in-toto+json", opened.payload + b" "))
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode != 0
