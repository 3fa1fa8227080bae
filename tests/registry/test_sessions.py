"""Login tokens: who started something, for 15 minutes; never a signature."""

import stat
from dataclasses import replace

import pytest
from worlds import World

from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import LOCAL_ADMINISTRATOR, UNAUTHENTICATED, Actor
from registry.dsse import SESSION, seal_envelope
from registry.objects import write_durably
from registry.sessions import FILE_NAME, LIFETIME, Login, close_session, current_actor, open_session


def log_in(world: World, person: str = "erin") -> Login:
    """Log somebody in."""
    return open_session(world.root, world.signer(person), world.ledger, world.clock)


def who(world: World) -> Actor:
    """Return who is logged in."""
    return current_actor(world.root, world.people, world.clock)


def test_nobody_is_logged_in_at_first(world: World) -> None:
    assert who(world) == UNAUTHENTICATED


def test_a_login_names_the_person_is_private_and_on_record(world: World) -> None:
    log_in(world)
    assert who(world) == Actor("erin", "engineer", "session")
    assert stat.S_IMODE((world.root / FILE_NAME).stat().st_mode) == 0o600
    assert world.told("session.opened") == [{"person": "erin"}]


def test_a_login_ends_after_fifteen_minutes(world: World) -> None:
    login = log_in(world)
    assert parse_instant(login.expires_at) - parse_instant(login.issued_at) == LIFETIME
    world.clock.advance(minutes=14, seconds=59)
    assert who(world).authenticated
    world.clock.advance(seconds=1)
    assert who(world) == UNAUTHENTICATED


def test_a_login_from_the_future_does_not_count(world: World) -> None:
    log_in(world)
    world.clock.advance(hours=-1)
    assert who(world) == UNAUTHENTICATED


def test_logging_out_ends_it(world: World) -> None:
    log_in(world)
    close_session(world.root)
    close_session(world.root)
    assert who(world) == UNAUTHENTICATED


def test_a_deactivated_or_revoked_person_is_logged_out_at_once(world: World) -> None:
    log_in(world)
    log_in(world, "vera")
    world.people.revoke("vera", LOCAL_ADMINISTRATOR, "lost")
    assert who(world) == UNAUTHENTICATED
    log_in(world)
    world.people.deactivate("erin", LOCAL_ADMINISTRATOR)
    assert who(world) == UNAUTHENTICATED


def test_any_changed_byte_of_a_token_logs_out(world: World) -> None:
    log_in(world)
    token = (world.root / FILE_NAME).read_bytes()
    for place in range(0, len(token), 11):
        changed = bytearray(token)
        changed[place] ^= 1
        (world.root / FILE_NAME).write_bytes(bytes(changed))
        assert who(world) == UNAUTHENTICATED


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff", b"null"])
def test_junk_in_place_of_a_token_logs_out(world: World, junk: bytes) -> None:
    (world.root / FILE_NAME).write_bytes(junk)
    assert who(world) == UNAUTHENTICATED


@pytest.mark.parametrize(
    "change", [{"person": "clara"}, {"expires_at": "later"}, {"schema": "other"}, {"issued_at": None}]
)
def test_a_token_that_its_key_cannot_carry_does_not_count(world: World, change: dict[str, object]) -> None:
    login = log_in(world)
    record = {"schema": "overread.session/1", **vars(login)}
    write_durably(world.root / FILE_NAME, seal_envelope(SESSION, record, world.signer("erin")))
    assert who(world).authenticated
    write_durably(world.root / FILE_NAME, seal_envelope(SESSION, record | change, world.signer("erin")))
    assert who(world) == UNAUTHENTICATED


def test_a_token_signed_for_longer_does_not_count(world: World) -> None:
    login = log_in(world)
    longer = replace(login, expires_at=instant_text(world.clock.now() + 2 * LIFETIME))
    record = {"schema": "overread.session/1", **vars(longer)}
    write_durably(world.root / FILE_NAME, seal_envelope(SESSION, record, world.signer("erin")))
    assert who(world) == UNAUTHENTICATED
