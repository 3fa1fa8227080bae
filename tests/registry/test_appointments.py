"""Roles with dates, deputies, accounts, and two ids of one human: who counts for whom in what is signed."""

from datetime import UTC, datetime, timedelta

import pytest
from worlds import MODEL, PASSPHRASE, World, teach

from dashboards.bundle.told_keys import ToldKeys
from registry.appointments import appoint_deputy, close_account, declare_same, end_deputy, end_role, open_account
from registry.domain.errors import NotAllowedError, SignatureBrokenError, UnknownNameError, UsageError
from registry.domain.lifecycle import VersionState
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.signatures import verify

QUALITY, CLINICAL = PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD


def enrol(world: World, person: str, *roles: PersonRole) -> None:
    """Enrol a trained person."""
    world.people.add(person, person.title(), roles, PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(world.people, person)


def stand_in(world: World, deputy: str, person: str, role: PersonRole, days: int = 30) -> None:
    """Appoint a deputy from now on."""
    now = world.clock.now()
    appoint_deputy(world.people, person, deputy, role, (now, now + timedelta(days=days)), LOCAL_ADMINISTRATOR)


def test_a_role_counts_from_its_first_to_its_last_day(world: World) -> None:
    first, last = world.clock.now() + timedelta(days=2), world.clock.now() + timedelta(days=4)
    world.people.grant("erin", PersonRole.VALIDATOR, LOCAL_ADMINISTRATOR, since=first, until=last)
    seen = []
    for _ in range(3):
        seen.append(PersonRole.VALIDATOR in world.people.get("erin").roles)
        world.clock.advance(days=2)
    assert seen == [False, True, False]
    assert world.people.held("erin", PersonRole.VALIDATOR, first + timedelta(days=1))


def test_a_role_that_was_ended_and_given_again_counts_in_both_times_alone(world: World) -> None:
    during = world.clock.now()
    end_role(world.people, "vera", PersonRole.VALIDATOR, LOCAL_ADMINISTRATOR)
    between = world.clock.now()
    world.clock.advance(days=1)
    world.people.grant("vera", PersonRole.VALIDATOR, LOCAL_ADMINISTRATOR)
    times = (during, between, world.clock.now())
    assert [world.people.held("vera", PersonRole.VALIDATOR, at) for at in times] == [True, False, True]
    with pytest.raises(UsageError, match="does not hold"):
        end_role(world.people, "vera", CLINICAL, LOCAL_ADMINISTRATOR)


def test_a_role_that_ends_before_it_begins_is_refused(world: World) -> None:
    now = world.clock.now()
    with pytest.raises(UsageError, match="ends after it begins"):
        world.people.grant("erin", PersonRole.VALIDATOR, LOCAL_ADMINISTRATOR, until=now - timedelta(days=1))


def test_what_was_signed_in_a_role_stays_valid_after_the_role_ended(world: World) -> None:
    world.approved()
    world.clock.advance(days=1)
    end_role(world.people, "clara", CLINICAL, LOCAL_ADMINISTRATOR)
    assert world.lifecycle.approval_holds(MODEL, "1")
    with pytest.raises(NotAllowedError, match="may not sign"):
        world.lifecycle.retire(MODEL, "1", world.signer("clara"))


def test_a_deputy_signs_in_the_role_and_event_and_signature_say_for_whom(world: World) -> None:
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "clara", CLINICAL)
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    assert world.lifecycle.approve(MODEL, "1", world.signer("dora")).moved
    signature = world.lifecycle.signatures(MODEL, "1")[-1]
    assert (signature.statement.person, signature.statement.acting_for) == ("dora", "clara")
    signed = next(event for event in world.ledger.events(9) if event.record["type"] == "version.signed")
    assert signed.record["actor"] == {
        "person": "dora",
        "role": "clinical lead",
        "auth": "signature",
        "acting_for": "clara",
    }
    assert world.state == VersionState.APPROVED
    assert world.lifecycle.approval_holds(MODEL, "1")


def test_a_deputy_counts_as_both_so_neither_signs_again(world: World) -> None:
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "quinn", QUALITY)
    world.people.grant("quinn", CLINICAL, LOCAL_ADMINISTRATOR)
    world.lifecycle.approve(MODEL, "1", world.signer("dora"))
    with pytest.raises(NotAllowedError, match="signed the approval"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))


def test_a_person_does_not_sign_beside_themselves_as_a_deputy(world: World) -> None:
    world.ready("internal", "external")
    stand_in(world, "clara", "quinn", QUALITY)
    world.lifecycle.approve(MODEL, "1", world.signer("clara"))
    with pytest.raises(NotAllowedError, match="signed the approval"):
        world.lifecycle.approve(MODEL, "1", world.signer("clara"))


def test_a_deputy_of_the_trainer_does_not_approve_what_that_person_trained(world: World) -> None:
    world.people.grant("erin", QUALITY, LOCAL_ADMINISTRATOR)
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "erin", QUALITY)
    with pytest.raises(NotAllowedError, match="whom they act for, trained"):
        world.lifecycle.approve(MODEL, "1", world.signer("dora"))


def test_far_from_the_record_a_deputys_signature_holds_by_the_events_alone(world: World) -> None:
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "clara", CLINICAL)
    world.lifecycle.approve(MODEL, "1", world.signer("dora"))
    envelope = world.lifecycle.signatures(MODEL, "1")[-1].envelope
    events = [(event.record, world.ledger.payload(event.seq) or {}) for event in reversed(world.ledger.events(200))]
    assert verify(envelope, ToldKeys(events)).acting_for == "clara"
    without = [pair for pair in events if pair[0]["type"] != "deputy.appointed"]
    with pytest.raises(SignatureBrokenError, match="could not sign"):
        verify(envelope, ToldKeys(without))


def late(world: World) -> None:
    """Let the period pass."""
    world.clock.advance(days=31)


def ended(world: World) -> None:
    """End the appointment."""
    end_deputy(world.people, "clara", "dora", CLINICAL, LOCAL_ADMINISTRATOR)


def left(world: World) -> None:
    """Deactivate whom the deputy acts for."""
    world.people.deactivate("clara", LOCAL_ADMINISTRATOR)


def gone(world: World) -> None:
    """Deactivate the deputy."""
    world.people.deactivate("dora", LOCAL_ADMINISTRATOR)


@pytest.mark.parametrize("how", [late, ended, left, gone])
def test_a_deputy_whose_time_is_over_signs_nothing_even_unlocked_before(world: World, how: object) -> None:
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "clara", CLINICAL)
    signer = world.signer("dora")
    how(world)  # type: ignore[operator] - one of the four above
    with pytest.raises(NotAllowedError):
        world.lifecycle.approve(MODEL, "1", signer)


def test_a_signature_that_claims_to_act_for_somebody_is_held_against_the_appointment(world: World) -> None:
    world.ready("internal", "external")
    enrol(world, "dora", PersonRole.OVERSIGHT)
    stand_in(world, "dora", "clara", CLINICAL)
    world.lifecycle.approve(MODEL, "1", world.signer("dora"))
    envelope = world.lifecycle.signatures(MODEL, "1")[-1].envelope

    class Book:
        """The people, without deputies."""

        key, held = world.people.key, world.people.held

        def deputised(self, *_: object) -> bool:
            """Nobody acts for anybody."""
            return False

    verify(envelope, world.people)
    with pytest.raises(SignatureBrokenError, match="could not sign"):
        verify(envelope, Book())


@pytest.mark.parametrize(
    ("person", "deputy", "role", "days"),
    [
        ("clara", "clara", CLINICAL, 3),
        ("clara", "otto", QUALITY, 3),
        ("clara", "otto", CLINICAL, -1),
        ("clara", "adam", CLINICAL, 3),
        ("clara", "nobody", CLINICAL, 3),
    ],
)
def test_bad_appointments_are_refused(world: World, person: str, deputy: str, role: PersonRole, days: int) -> None:
    world.people.add("adam", "Adam", (PersonRole.ADMINISTRATOR,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    with pytest.raises((UsageError, NotAllowedError, UnknownNameError)):
        stand_in(world, deputy, person, role, days)
    assert world.told("deputy.appointed") == []


def test_one_person_with_two_accounts_signs_as_one(world: World) -> None:
    world.people.grant("quinn", CLINICAL, LOCAL_ADMINISTRATOR)
    open_account(world.people, "quinn", "quinn-clinic", "local", LOCAL_ADMINISTRATOR)
    world.ready("internal", "external")
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    other = world.signer("quinn-clinic")
    assert other.person.person == "quinn"
    with pytest.raises(NotAllowedError, match="quinn signed the approval"):
        world.lifecycle.approve(MODEL, "1", other)


def test_two_ids_of_one_human_sign_as_one_also_what_they_signed_before(world: World) -> None:
    enrol(world, "quinn-again", CLINICAL)
    world.ready("internal", "external")
    world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn-again")).moved
    assert world.lifecycle.approval_holds(MODEL, "1")
    declare_same(world.people, "quinn-again", "quinn", LOCAL_ADMINISTRATOR, "same staff number")
    assert not world.lifecycle.approval_holds(MODEL, "1")


def test_who_trained_under_another_id_does_not_approve(world: World) -> None:
    declare_same(world.people, "quinn", "erin", LOCAL_ADMINISTRATOR, "same staff number")
    world.ready("internal", "external")
    with pytest.raises(NotAllowedError, match="trained"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))


@pytest.mark.parametrize("name", ["quinn", "Quinn", "q", "was-taken"])
def test_an_account_takes_no_name_that_was_ever_given(world: World, name: str) -> None:
    open_account(world.people, "vera", "was-taken", "local", LOCAL_ADMINISTRATOR)
    close_account(world.people, "was-taken", LOCAL_ADMINISTRATOR)
    with pytest.raises(UsageError):
        open_account(world.people, "erin", name, "local", LOCAL_ADMINISTRATOR)
    with pytest.raises(UsageError):
        world.people.add(name, "X", (QUALITY,), PASSPHRASE, LOCAL_ADMINISTRATOR)


def test_a_closed_account_opens_nothing_and_the_person_stays(world: World) -> None:
    open_account(world.people, "vera", "vera-two", "local", LOCAL_ADMINISTRATOR)
    close_account(world.people, "vera-two", LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="is closed"):
        world.signer("vera-two")
    assert world.signer("vera").person.person == "vera"
    with pytest.raises(UsageError, match="a person's own id"):
        close_account(world.people, "vera", LOCAL_ADMINISTRATOR)


def test_a_service_holds_one_role_and_signs_nothing(world: World) -> None:
    world.people.add("pump", "Pump", (PersonRole.SERVICE,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="services never sign"):
        world.signer("pump")
    with pytest.raises(UsageError, match="no other role"):
        world.people.grant("pump", QUALITY, LOCAL_ADMINISTRATOR)


@pytest.mark.parametrize("role", ["engineer", "clinical lead", "none"])
def test_only_an_administrator_appoints(world: World, role: str) -> None:
    actor, period = Actor("erin", role, "session"), (datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
    for act in (
        lambda: end_role(world.people, "erin", PersonRole.ENGINEER, actor),
        lambda: appoint_deputy(world.people, "clara", "otto", CLINICAL, period, actor),
        lambda: end_deputy(world.people, "clara", "otto", CLINICAL, actor),
        lambda: declare_same(world.people, "clara", "otto", actor, "why"),
        lambda: open_account(world.people, "erin", "erin-two", "local", actor),
        lambda: close_account(world.people, "erin-two", actor),
    ):
        with pytest.raises(NotAllowedError):
            act()
