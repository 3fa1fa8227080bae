"""Passwords, codes, locks, resets: whoever is not the person neither logs in nor signs, and every attempt is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import text
from worlds import MODEL, PASSPHRASE, World

from registry.appointments import close_account, declare_same, open_account
from registry.authentication import ATTEMPTS, LOCKED
from registry.catalogue import Seal
from registry.codes import STEP_S, enrolment_address, matching_step
from registry.domain.errors import LedgerBrokenError, NotAllowedError, UsageError, WrongSecretError
from registry.domain.person import LOCAL_ADMINISTRATOR, UNAUTHENTICATED, Actor, PersonRole
from registry.ledger.log_key import LogKey
from registry.ledger.verify import verify_ledger
from registry.logins import enrol_authenticator, log_in, set_password
from registry.people import People
from registry.reproofing import last_review, proof_identity, renew_key, reset_credentials, review_credentials
from registry.sessions import FILE_NAME, current_actor
from registry.signatures import verify

WRONG, PASSWORD, OTHER = "not the right passphrase", "a password that is long", "another passphrase entirely"
# RFC 6238, appendix B, SHA-1, eight digits; the secret is the ASCII text 12345678901234567890
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.fixture
def people(world: World) -> People:
    """Return the world's people with a workspace's seal, so that authenticators can be enrolled."""
    return sealed(world)


def sealed(world: World, *, require_totp: bool = False) -> People:
    """Give the world people who can enrol authenticators."""
    world.people = People(
        world.ledger, world.people.folder, world.clock, Seal(bytes(range(32))), require_totp=require_totp
    )
    world.lifecycle = type(world.lifecycle)(world.ledger, world.people, world.objects, world.clock)
    return world.people


def log_key(world: World) -> LogKey:
    """Return the workspace's key."""
    return LogKey.load(world.root / "log.pem")


def code(world: World, secret: str, steps: int = 0) -> str:
    """Return the code that an authenticator shows now, or so many steps away."""
    return str(pyotp.TOTP(secret).at(world.clock.at + timedelta(seconds=steps * STEP_S)))


def fail(world: World, times: int, person: str = "erin") -> None:
    """Try a wrong passphrase."""
    for _ in range(times):
        with pytest.raises(WrongSecretError):
            world.people.unlock(person, WRONG)


@pytest.mark.parametrize(("at", "shown"), RFC_6238)
def test_codes_are_those_of_the_standard(at: int, shown: str) -> None:
    now = datetime.fromtimestamp(at, UTC)
    assert matching_step(RFC_SECRET, shown, now, digits=8) == at // STEP_S


def test_a_clock_one_step_off_counts_and_two_do_not() -> None:
    now = datetime.fromtimestamp(RFC_6238[3][0], UTC)
    for steps, counts in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        shown = pyotp.TOTP(RFC_SECRET).at(now + timedelta(seconds=steps * STEP_S))
        found = matching_step(RFC_SECRET, shown, now)
        assert (found is not None) == counts
        assert found is None or found == int(now.timestamp()) // STEP_S + steps
    for junk in ("", "12345", "abcdef", "1234567", "١٢٣٤٥٦"):
        assert matching_step(RFC_SECRET, junk, now) is None


def test_five_bad_attempts_lock_and_tell_it_in_the_same_instant(world: World) -> None:
    fail(world, ATTEMPTS - 1)
    assert world.signer("erin").proof["methods"] == "passphrase"
    fail(world, ATTEMPTS)
    newest = world.ledger.events(2)
    assert [event.record["type"] for event in newest] == ["account.locked", "authentication.failed"]
    assert [event.record["outcome"] for event in newest] == ["alert", "refused"]
    times = [datetime.fromisoformat(event.record["at"]) for event in newest]
    assert times[0] - times[1] < timedelta(seconds=1)
    locked = world.told("account.locked")[0]
    assert (locked["account"], locked["attempts"], locked["told_to"]) == ("erin", 5, "compliance")
    assert world.people.guard.locked() == {"erin": locked["until"]}
    with pytest.raises(NotAllowedError, match="is locked until"):
        world.signer("erin")


def test_a_lock_ends_after_its_time_and_not_with_a_clock_that_is_set_back(world: World) -> None:
    fail(world, ATTEMPTS)
    for shift in (-timedelta(minutes=30), timedelta(minutes=30) + LOCKED - timedelta(seconds=1)):
        world.clock.at += shift
        with pytest.raises(NotAllowedError, match="is locked until"):
            world.signer("erin")
    world.clock.advance(seconds=1)
    assert world.signer("erin").person.person == "erin"
    fail(world, ATTEMPTS)
    assert len(world.told("account.locked")) == 2


def test_an_administrator_ends_a_lock_and_nobody_else(world: World) -> None:
    fail(world, ATTEMPTS)
    with pytest.raises(NotAllowedError, match="unlocks nobody"):
        world.people.guard.unlock("erin", "erin", Actor("quinn", "quality officer", "session"))
    world.people.guard.unlock("erin", "erin", LOCAL_ADMINISTRATOR)
    assert world.signer("erin").person.person == "erin"
    assert world.people.guard.locked() == {}
    with pytest.raises(UsageError, match="is not locked"):
        world.people.guard.unlock("vera", "vera", LOCAL_ADMINISTRATOR)


def test_more_accounts_give_no_more_attempts_at_a_passphrase(world: World) -> None:
    open_account(world.people, "erin", "erin-two", "local", LOCAL_ADMINISTRATOR)
    fail(world, 3)
    fail(world, 2, "erin-two")
    with pytest.raises(NotAllowedError, match="'erin' is locked"):
        world.signer("erin-two")


def test_a_locked_person_stops_a_model_all_the_same_and_signs_nothing_else(world: World) -> None:
    world.register()
    world.evaluate("internal")
    placed = world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    fail(world, ATTEMPTS, "clara")
    urgent = world.people.unlock("clara", PASSPHRASE, urgent=True)
    assert world.lifecycle.stop(placed.deployment, urgent, "read without AI").state == "stopped"
    with pytest.raises(NotAllowedError, match="for a stop alone"):
        world.lifecycle.resume(placed.deployment, urgent)
    with pytest.raises(WrongSecretError):
        world.people.unlock("clara", WRONG, urgent=True)


def test_a_signature_keeps_how_and_when_its_signer_authenticated(world: World, people: People) -> None:
    secret = enrol_authenticator(people, "quinn", PASSPHRASE)
    world.ready("internal", "external")
    signer = people.unlock("quinn", PASSPHRASE, code(world, secret))
    world.lifecycle.approve(MODEL, "1", signer)
    statement = world.lifecycle.signatures(MODEL, "1")[-1].statement
    assert statement.proof["methods"] == "passphrase+totp"
    age = statement.signed_at - datetime.fromisoformat(statement.proof["at"])
    assert timedelta(0) <= age < timedelta(seconds=1)
    assert verify(world.lifecycle.signatures(MODEL, "1")[-1].envelope, people) == statement


@pytest.mark.parametrize("shift", [timedelta(minutes=10, seconds=1), timedelta(minutes=-1)])
def test_a_stale_proof_signs_nothing(world: World, shift: timedelta) -> None:
    world.ready("internal", "external")
    signer = world.signer("quinn")
    world.clock.at += shift
    with pytest.raises(NotAllowedError, match="authenticated too long ago"):
        world.lifecycle.approve(MODEL, "1", signer)


def test_with_a_clock_set_back_nobody_signs_but_a_stop(world: World) -> None:
    world.ready("internal", "external")
    placed = world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    world.clock.advance(minutes=-20)
    with pytest.raises(NotAllowedError, match="before the newest event"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    assert world.lifecycle.stop(placed.deployment, world.signer("otto"), "read without AI").state == "stopped"


def test_a_code_is_asked_for_where_enrolled_and_never_counts_twice(world: World, people: People) -> None:
    secret = enrol_authenticator(people, "quinn", PASSPHRASE)
    with pytest.raises(NotAllowedError, match="needs the code") as missing:
        people.unlock("quinn", PASSPHRASE)
    assert not isinstance(missing.value, WrongSecretError)
    assert world.told("authentication.failed") == [], "a code that is missing is no attempt"
    shown = code(world, secret)
    people.unlock("quinn", PASSPHRASE, shown)
    for again in (shown, code(world, secret, -1)):
        with pytest.raises(WrongSecretError, match="wrong, late or used"):
            people.unlock("quinn", PASSPHRASE, again)
    world.clock.advance(seconds=STEP_S)
    people.unlock("quinn", PASSPHRASE, code(world, secret))
    world.clock.advance(seconds=-STEP_S)
    with pytest.raises(WrongSecretError):
        people.unlock("quinn", PASSPHRASE, code(world, secret))


def test_a_right_code_does_not_mend_a_wrong_passphrase_nor_the_other_way_round(world: World, people: People) -> None:
    secret = enrol_authenticator(people, "quinn", PASSPHRASE)
    with pytest.raises(WrongSecretError, match="does not open"):
        people.unlock("quinn", WRONG, code(world, secret))
    with pytest.raises(WrongSecretError, match="code"):
        people.unlock("quinn", PASSPHRASE, "000000")
    assert len(world.told("authentication.failed")) == 2
    people.unlock("quinn", PASSPHRASE, code(world, secret))


def test_a_new_authenticator_takes_the_old_ones_code(world: World, people: People) -> None:
    first = enrol_authenticator(people, "quinn", PASSPHRASE)
    with pytest.raises(NotAllowedError, match="needs the code"):
        enrol_authenticator(people, "quinn", PASSPHRASE)
    second = enrol_authenticator(people, "quinn", PASSPHRASE, code(world, first))
    assert first != second
    world.clock.advance(seconds=STEP_S)
    with pytest.raises(WrongSecretError):
        people.unlock("quinn", PASSPHRASE, code(world, first))
    assert pyotp.parse_uri(enrolment_address(second, "quinn")).secret == second


def test_where_everybody_needs_an_authenticator_who_has_none_signs_nothing_but_a_stop(world: World) -> None:
    people = sealed(world, require_totp=True)
    with pytest.raises(NotAllowedError, match="asks for one"):
        people.unlock("quinn", PASSPHRASE)
    assert people.unlock("quinn", PASSPHRASE, urgent=True).urgent
    secret = enrol_authenticator(people, "quinn", PASSPHRASE)
    assert people.unlock("quinn", PASSPHRASE, code(world, secret)).proof["methods"] == "passphrase+totp"


def test_a_login_takes_the_password_where_there_is_one_and_its_code(world: World, people: People) -> None:
    key = log_key(world)
    assert log_in(people, world.root, "erin", PASSPHRASE, "", key).methods == "passphrase"
    set_password(people, "erin", PASSPHRASE, "", PASSWORD)
    with pytest.raises(WrongSecretError, match="password of 'erin' is another"):
        log_in(people, world.root, "erin", PASSPHRASE, "", key)
    secret = enrol_authenticator(people, "erin", PASSPHRASE)
    login = log_in(people, world.root, "erin", PASSWORD, code(world, secret), key)
    assert (login.person, login.methods) == ("erin", "password+totp")
    assert current_actor(world.root, people, world.clock, key) == Actor("erin", "engineer", "session")
    assert current_actor(world.root, people, world.clock, None) == UNAUTHENTICATED
    world.clock.advance(minutes=15)
    assert current_actor(world.root, people, world.clock, key) == UNAUTHENTICATED


def test_a_vouched_token_with_any_changed_byte_or_of_a_closed_account_logs_out(world: World, people: People) -> None:
    key = log_key(world)
    open_account(people, "erin", "erin-two", "local", LOCAL_ADMINISTRATOR)
    set_password(people, "erin-two", PASSPHRASE, "", PASSWORD)
    log_in(people, world.root, "erin-two", PASSWORD, "", key)
    place: Path = world.root / FILE_NAME
    token = place.read_bytes()
    for at in range(0, len(token), 17):
        changed = bytearray(token)
        changed[at] ^= 1
        place.write_bytes(bytes(changed))
        assert current_actor(world.root, people, world.clock, key) == UNAUTHENTICATED
    place.write_bytes(token)
    assert current_actor(world.root, people, world.clock, key).person == "erin"
    close_account(people, "erin-two", LOCAL_ADMINISTRATOR)
    assert current_actor(world.root, people, world.clock, key) == UNAUTHENTICATED


@pytest.mark.parametrize("password", ["only 14 chars.", PASSPHRASE])
def test_a_password_is_long_and_not_the_passphrase(world: World, password: str) -> None:
    with pytest.raises(UsageError):
        set_password(world.people, "erin", PASSPHRASE, "", password)
    assert world.told("credential.set") == []


def test_a_password_exchanged_by_hand_opens_nothing(world: World, people: People) -> None:
    for person in ("erin", "vera"):
        set_password(people, person, PASSPHRASE, "", f"{PASSWORD} of {person}")
    swap = "UPDATE credentials SET secret = (SELECT c.secret FROM credentials c WHERE c.account = 'vera')"
    with world.ledger.engine.begin() as connection:
        connection.execute(text(swap))
    with pytest.raises(LedgerBrokenError, match="tells of another password of 'erin'"):
        log_in(people, world.root, "erin", f"{PASSWORD} of vera", "", log_key(world))
    assert "another password of erin" in verify_ledger(world.ledger.engine, world.ledger.public_vkey).why
    with world.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM credentials"))
    with pytest.raises(LedgerBrokenError, match="tells of another password of 'erin'"):
        log_in(people, world.root, "erin", PASSPHRASE, "", log_key(world))
    assert "taken out of the database" in verify_ledger(world.ledger.engine, world.ledger.public_vkey).why


def reset(world: World, person: str = "clara") -> None:
    """Let the administrator reset somebody's credentials."""
    reset_credentials(world.people, person, OTHER, LOCAL_ADMINISTRATOR, "passphrase lost")


def test_an_administrator_who_resets_a_passphrase_does_not_sign_with_it(world: World) -> None:
    world.ready("internal", "external")
    reset(world)
    for passphrase in (PASSPHRASE, OTHER):
        with pytest.raises(NotAllowedError, match="waits until a second person"):
            world.people.unlock("clara", passphrase)
    assert "waits until a second person" in world.people.key_fault("clara")
    proof_identity(world.people, "clara", world.signer("quinn"), "staff badge seen, in person")
    with pytest.raises(WrongSecretError):
        world.people.unlock("clara", PASSPHRASE)
    world.lifecycle.approve(MODEL, "1", world.people.unlock("clara", OTHER))
    assert world.told("key.proofed")[0]["how"] == "staff badge seen, in person"


def test_a_signature_with_a_key_before_it_was_proofed_does_not_count(world: World) -> None:
    world.clock.advance(minutes=1)
    reset(world)
    issued = world.told("key.issued")[0]["key_id"]
    assert world.people.key(issued) is None
    world.clock.advance(hours=1)
    proof_identity(world.people, "clara", world.signer("quinn"), "seen")
    key = world.people.key(issued)
    assert key is not None
    assert not key.valid_at(world.clock.now() - timedelta(minutes=30))


def test_whose_key_it_is_who_reset_it_and_whoever_is_not_of_quality_do_not_proof(world: World) -> None:
    world.people.add("adam", "Adam", (PersonRole.ADMINISTRATOR,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    adam = Actor("adam", PersonRole.ADMINISTRATOR.value, "session")
    declare_same(world.people, "adam", "quinn", LOCAL_ADMINISTRATOR, "same staff number")
    reset_credentials(world.people, "clara", OTHER, adam, "passphrase lost")
    with pytest.raises(NotAllowedError, match="who reset it"):
        proof_identity(world.people, "clara", world.signer("quinn"), "seen")
    with pytest.raises(NotAllowedError, match="proofs nobody"):
        proof_identity(world.people, "clara", world.signer("erin"), "seen")
    reset(world, "quinn")
    with pytest.raises(NotAllowedError):
        proof_identity(world.people, "quinn", world.signer("quinn"), "it is me")


def test_a_reset_takes_password_and_authenticator_away_and_is_told(world: World, people: People) -> None:
    secret = enrol_authenticator(people, "clara", PASSPHRASE)
    world.clock.advance(seconds=STEP_S)
    set_password(people, "clara", PASSPHRASE, code(world, secret), PASSWORD)
    world.clock.advance(seconds=STEP_S)
    log_in(people, world.root, "clara", PASSWORD, code(world, secret), log_key(world))
    assert current_actor(world.root, people, world.clock, log_key(world)).person == "clara"
    reset(world)
    assert world.told("credential.reset")[0]["person"] == "clara"
    assert [told["digest"] for told in world.told("credential.set")[:2]] == ["none", "none"]
    assert current_actor(world.root, people, world.clock, log_key(world)) == UNAUTHENTICATED
    with pytest.raises(NotAllowedError, match="waits until a second person"):
        log_in(people, world.root, "clara", PASSWORD, "", log_key(world))
    for act in (
        lambda: reset_credentials(people, "clara", OTHER, Actor("quinn", "quality officer", "session"), "why"),
        lambda: reset_credentials(people, "clara", OTHER, LOCAL_ADMINISTRATOR, " "),
    ):
        with pytest.raises((NotAllowedError, UsageError)):
            act()


def test_a_holder_renews_their_key_while_it_counts_and_old_signatures_stay(world: World) -> None:
    world.approved()
    world.clock.advance(days=360)
    renew_key(world.people, world.signer("clara"), PASSPHRASE)
    world.clock.advance(days=10)
    assert world.signer("clara").person.person == "clara"
    assert world.lifecycle.approval_holds(MODEL, "1")
    with pytest.raises(NotAllowedError, match="expired at"):
        world.signer("quinn")
    assert "key of quinn expired" in world.people.key_fault("quinn")


def test_a_signer_of_a_key_that_was_renewed_meanwhile_signs_no_longer(world: World) -> None:
    world.ready("internal", "external")
    before = world.signer("clara")
    renew_key(world.people, world.signer("clara"), OTHER)
    with pytest.raises(NotAllowedError, match="was replaced"):
        world.lifecycle.approve(MODEL, "1", before)
    assert world.lifecycle.approve(MODEL, "1", world.people.unlock("clara", OTHER)).missing


def test_when_the_ledger_refuses_the_old_key_goes_on_counting(world: World) -> None:
    signer = world.signer("clara")
    world.refuse_events()
    with pytest.raises(Exception, match="full"):
        renew_key(world.people, signer, OTHER)
    assert world.signer("clara").key == signer.key


def test_a_review_is_signed_by_quality_or_compliance_and_remembered(world: World) -> None:
    assert last_review(world.people) is None
    event = review_credentials(world.people, world.signer("quinn"))
    assert world.told("credentials.reviewed")[0]["people"] == 5
    when = last_review(world.people)
    assert when is not None
    assert when == datetime.fromisoformat(event.record["at"])
    with pytest.raises(NotAllowedError, match="reviews nobody"):
        review_credentials(world.people, world.signer("erin"))


@pytest.mark.parametrize("secret", [PASSPHRASE, WRONG, PASSWORD, "123456"])
def test_no_secret_is_in_any_event_or_error(world: World, people: People, secret: str) -> None:
    set_password(people, "erin", PASSPHRASE, "", PASSWORD)
    acts: tuple[Callable[[], object], ...] = (
        lambda: people.unlock("erin", WRONG),
        lambda: log_in(people, world.root, "erin", WRONG, "123456", log_key(world)),
    )
    for act in acts:
        with pytest.raises(WrongSecretError) as refusal:
            act()
        assert secret not in refusal.value.line()
    for event in world.ledger.events(50):
        assert secret.encode() not in event.data
        assert secret not in str(world.ledger.payload(event.seq))
