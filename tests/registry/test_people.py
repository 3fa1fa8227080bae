"""Enrolment, keys and their passphrases."""

import stat
import unicodedata
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from worlds import PASSPHRASE, World

from registry.domain.errors import ExitCode, NotAllowedError, OverreadError, UnknownNameError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.keys import signature_holds

ENGINEER = (PersonRole.ENGINEER,)


def add(world: World, person: str, **other: object) -> None:
    """Enrol an engineer, with some arguments replaced."""
    arguments = {"printed_name": "Ann", "roles": ENGINEER, "passphrase": PASSPHRASE, "actor": LOCAL_ADMINISTRATOR}
    world.people.add(person, **(arguments | other))


def test_enrolling_leaves_a_person_an_encrypted_key_and_two_events(world: World) -> None:
    add(world, "ann", printed_name="Ann Example")
    assert world.people.get("ann").printed_name == "Ann Example"
    file = world.people.key_file("ann")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert world.told("person.added")[0] == {"person": "ann", "roles": ["engineer"]}
    (key,) = world.people.keys("ann")
    issued = world.told("key.issued")[0]
    assert (issued["key_id"], issued["public_key"]) == (key.key_id, key.public_key.hex())


def test_an_unlocked_key_signs_for_the_public_key_on_record(world: World) -> None:
    signer = world.signer("erin")
    assert signature_holds(signer.key, signer.sign(b"words"), b"words")
    assert not signature_holds(signer.key, signer.sign(b"words"), b"other words")
    assert "sign=" not in repr(signer)


@pytest.mark.parametrize("deactivated", [False, True])
def test_an_id_is_never_given_twice_and_its_key_stays(world: World, deactivated: bool) -> None:  # noqa: FBT001 - a table
    if deactivated:
        world.people.deactivate("erin", LOCAL_ADMINISTRATOR)
    before = world.people.key_file("erin").read_bytes()
    with pytest.raises(UsageError, match="never given twice"):
        add(world, "erin")
    assert world.people.key_file("erin").read_bytes() == before


@pytest.mark.parametrize(
    "person",
    [
        "",
        "a",
        "Ann",
        "../ann",
        "ann/x",
        "ann.pem",
        "1ann",
        "änn",
        "a" * 64,
        "ann\n",
        "administrator",
        "unauthenticated",
    ],
)
def test_an_id_that_is_no_plain_file_name_or_is_reserved_is_refused(world: World, person: str) -> None:
    with pytest.raises(UsageError):
        add(world, person)
    assert len(list(world.people.folder.iterdir())) == 5


@pytest.mark.parametrize(
    "bad",
    [
        {"passphrase": "only 14 chars."},
        {"roles": ()},
        {"roles": (PersonRole.ADMINISTRATOR, PersonRole.CLINICAL_LEAD)},
        {"key_days": 0},
        {"printed_name": "a" * 501},
        {"printed_name": "\ud800"},
    ],
)
def test_bad_enrolments_leave_nothing(world: World, bad: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        add(world, "ann", **bad)
    assert not world.people.key_file("ann").exists()
    with pytest.raises(UnknownNameError):
        world.people.get("ann")


@pytest.mark.parametrize("role", ["engineer", "clinical lead", "none"])
def test_only_an_administrator_enrols_grants_deactivates_and_revokes(world: World, role: str) -> None:
    actor = Actor("erin", role, "session")
    for act in (
        lambda: add(world, "ann", actor=actor),
        lambda: world.people.grant("erin", PersonRole.VALIDATOR, actor),
        lambda: world.people.deactivate("erin", actor),
        lambda: world.people.revoke("erin", actor, "lost"),
    ):
        with pytest.raises(NotAllowedError):
            act()


def test_when_the_ledger_refuses_no_key_file_and_no_person_remain(world: World) -> None:
    world.refuse_events()
    with pytest.raises(IntegrityError):
        add(world, "ann")
    assert not world.people.key_file("ann").exists()
    assert "ann" not in {person.person for person in world.people.all()}


def spoil(world: World, how: str) -> str:
    """Take one thing away from a signer; return the passphrase to try."""
    file = world.people.key_file("erin")
    if how == "wrong passphrase":
        return "another horse entirely"
    if how == "missing":
        file.unlink()
    if how == "damaged":
        file.write_bytes(file.read_bytes()[:80])
    if how == "another's":
        file.write_bytes(world.people.key_file("vera").read_bytes())
    if how == "expired":
        world.clock.advance(days=365)
    if how == "not yet":
        world.clock.advance(days=-365)
    if how == "revoked":
        world.people.revoke("erin", LOCAL_ADMINISTRATOR, "lost")
    if how == "deactivated":
        world.people.deactivate("erin", LOCAL_ADMINISTRATOR)
    return PASSPHRASE


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("wrong passphrase", "does not open"),
        ("missing", "key file of erin is missing"),
        ("damaged", "does not open"),
        ("another's", "another key than the one on record"),
        ("expired", "expired at"),
        ("not yet", "valid only from"),
        ("revoked", "is revoked since"),
        ("deactivated", "is deactivated"),
    ],
)
def test_a_key_that_does_not_count_opens_nothing_and_says_why(world: World, how: str, line: str) -> None:
    passphrase = spoil(world, how)
    with pytest.raises(NotAllowedError, match=line) as refusal:
        world.people.unlock("erin", passphrase)
    assert refusal.value.exit_code == ExitCode.NOT_ALLOWED
    assert PASSPHRASE not in refusal.value.line()


def test_an_unknown_person_is_an_unknown_name_with_a_hint(world: World) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'erin'"):
        world.people.unlock("erinn", PASSPHRASE)


def test_a_signer_unlocked_before_the_key_was_revoked_signs_no_longer(world: World) -> None:
    signer = world.signer("erin")
    world.people.check_signer(signer)
    world.people.revoke("erin", LOCAL_ADMINISTRATOR, "lost")
    with pytest.raises(OverreadError, match="revoked"):
        world.people.check_signer(signer)


def test_a_passphrase_opens_however_its_letters_are_composed(world: World) -> None:
    add(world, "ann", passphrase=unicodedata.normalize("NFC", "fünfzehn Zeichen lang"))
    assert world.people.unlock("ann", unicodedata.normalize("NFD", "fünfzehn Zeichen lang")).person.person == "ann"


def test_a_granted_role_counts_from_then_on(world: World) -> None:
    before = world.clock.now()
    world.people.grant("erin", PersonRole.VALIDATOR, LOCAL_ADMINISTRATOR)
    assert world.people.get("erin").roles == (PersonRole.ENGINEER, PersonRole.VALIDATOR)
    assert not world.people.held("erin", PersonRole.VALIDATOR, before)
    assert world.people.held("erin", PersonRole.VALIDATOR, world.clock.now())
    assert world.told("person.role_granted") == [{"person": "erin", "role": "validator"}]


def test_an_administrator_is_granted_no_second_role(world: World) -> None:
    add(world, "root-admin", roles=(PersonRole.ADMINISTRATOR,))
    with pytest.raises(UsageError, match="no other role"):
        world.people.grant("root-admin", PersonRole.CLINICAL_LEAD, LOCAL_ADMINISTRATOR)


def test_deactivating_revokes_the_key_and_is_told_twice(world: World) -> None:
    world.people.deactivate("erin", LOCAL_ADMINISTRATOR, "left the hospital")
    assert not world.people.get("erin").active
    (key,) = world.people.keys("erin")
    assert not key.valid_at(world.clock.now() + timedelta(seconds=1))
    assert world.told("person.deactivated") == [{"person": "erin"}]
    assert world.told("key.revoked")[0]["key_id"] == key.key_id
