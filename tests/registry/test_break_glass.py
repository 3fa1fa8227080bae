"""Emergency use: one signature, a limited time, a countersignature by somebody else; and it never extends itself."""

from pathlib import Path

import pytest
from hospitals import SITE, FolderModels, Hospital
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import MODEL, PASSPHRASE, World, teach

from registry.domain.emergency import COUNTERSIGNED_DAYS, DEFAULT_HOURS, LONGEST_HOURS, EmergencyUse
from registry.domain.errors import (
    AnswerIsNoError,
    EvidenceMissingError,
    LedgerBrokenError,
    NotAllowedError,
    SignatureBrokenError,
    UsageError,
)
from registry.domain.model import Deployment
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.emergencies import stop_if_over
from registry.ledger.verify import verify_ledger

FALLBACK = "read without AI"


@pytest.fixture
def hospital(world: World, tmp_path: Path) -> Hospital:
    """Return a hospital with a validated version that was never approved."""
    return Hospital(world, FolderModels(tmp_path / "store"), tmp_path / "made")


def break_glass(world: World, person: str = "clara", hours: int | None = None, version: str = "1") -> Deployment:
    """Break the glass for a version."""
    return world.lifecycle.break_glass(MODEL, version, SITE, world.signer(person), FALLBACK, "no other triage", hours)


def state(world: World, found: Deployment) -> str:
    """Return a deployment's state now."""
    return world.lifecycle.deployment(found.deployment).state


def test_one_signature_lets_a_validated_version_run_for_a_day(hospital: Hospital) -> None:
    found = break_glass(hospital.world)
    assert (found.mode, found.state) == ("live", "live")
    hospital.gate.admit(MODEL, None, SITE).release()
    hospital.world.clock.advance(hours=DEFAULT_HOURS, seconds=-1)
    hospital.gate.admit(MODEL, None, SITE).release()
    hospital.world.clock.advance(seconds=2)
    hospital.refuses(NotAllowedError, "is stopped at general")
    assert state(hospital.world, found) == "stopped"


def test_countersigned_in_time_it_runs_to_the_seventh_day_and_no_longer(hospital: Hospital) -> None:
    found = break_glass(hospital.world, hours=2)
    hospital.world.clock.advance(hours=1)
    use = hospital.world.lifecycle.countersign(found.deployment, hospital.world.signer("quinn"), "I agree")
    assert use.countersigned_by == "quinn"
    hospital.world.clock.advance(days=COUNTERSIGNED_DAYS, hours=-2)
    hospital.gate.admit(MODEL, None, SITE).release()
    hospital.world.clock.advance(hours=1)
    hospital.refuses(NotAllowedError, "is stopped at general")


def test_a_countersignature_that_is_gone_serves_nothing_after_the_first_time(hospital: Hospital) -> None:
    found = break_glass(hospital.world, hours=2)
    hospital.world.lifecycle.countersign(found.deployment, hospital.world.signer("otto"), "I agree")
    hospital.world.clock.advance(hours=3)
    hospital.change("DELETE FROM signatures WHERE act = 'countersign'")
    hospital.refuses(SignatureBrokenError, "countersignature of an emergency use is missing")


@pytest.mark.parametrize(
    ("sql", "error", "match"),
    [
        ("UPDATE deployments SET event_seq = event_seq - 1", LedgerBrokenError, "is not this deployment's start"),
        ("UPDATE deployments SET state = 'live'", NotAllowedError, "is stopped at general"),
        ("UPDATE deployments SET started_at = '2027-01-01T00:00:00.000000Z'", NotAllowedError, "is stopped at general"),
    ],
)
def test_an_emergency_that_was_lengthened_by_hand_serves_nothing(
    hospital: Hospital, sql: str, error: type[NotAllowedError | LedgerBrokenError], match: str
) -> None:
    found = break_glass(hospital.world, hours=1)
    hospital.world.clock.advance(hours=2)
    stop_if_over(hospital.world.lifecycle.record, found.deployment)
    hospital.change("UPDATE deployments SET state = 'live'")
    hospital.change(sql)
    hospital.refuses(error, match)


def test_the_end_is_put_on_record_once(world: World) -> None:
    world.register()
    world.evaluate()
    found = break_glass(world, hours=1)
    assert not stop_if_over(world.lifecycle.record, found.deployment)
    world.clock.advance(hours=2)
    assert stop_if_over(world.lifecycle.record, found.deployment)
    assert not stop_if_over(world.lifecycle.record, found.deployment)
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


def test_another_person_in_another_role_countersigns(world: World) -> None:
    world.register()
    world.evaluate()
    world.people.add("carl", "Carl", (PersonRole.CLINICAL_LEAD,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(world.people, "carl")
    world.people.grant("clara", PersonRole.QUALITY_OFFICER, LOCAL_ADMINISTRATOR)
    found = break_glass(world)
    for person, match in (("clara", "broke the glass"), ("carl", "may not sign"), ("erin", "may not sign")):
        with pytest.raises(NotAllowedError, match=match):
            world.lifecycle.countersign(found.deployment, world.signer(person))
    world.lifecycle.countersign(found.deployment, world.signer("vera"))
    with pytest.raises(AnswerIsNoError, match="countersigned this emergency use already"):
        world.lifecycle.countersign(found.deployment, world.signer("otto"))


def test_a_countersignature_after_the_end_is_refused(world: World) -> None:
    world.register()
    world.evaluate()
    found = break_glass(world, hours=1)
    world.clock.advance(hours=1)
    with pytest.raises(AnswerIsNoError, match="is over"):
        world.lifecycle.countersign(found.deployment, world.signer("quinn"))


def test_who_trained_it_neither_breaks_the_glass_nor_countersigns(world: World) -> None:
    world.register()
    world.evaluate()
    for role in (PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER):
        world.people.grant("erin", role, LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="trained"):
        break_glass(world, "erin")
    found = break_glass(world)
    with pytest.raises(NotAllowedError, match="trained"):
        world.lifecycle.countersign(found.deployment, world.signer("erin"))


@pytest.mark.parametrize("hours", [0, -1, LONGEST_HOURS + 1])
def test_the_time_of_one_signature_is_limited(world: World, hours: int) -> None:
    world.register()
    world.evaluate()
    with pytest.raises(UsageError, match="1 to 72"):
        break_glass(world, hours=hours)


def test_reason_fallback_role_and_a_validated_version_are_needed(world: World) -> None:
    world.register()
    with pytest.raises(EvidenceMissingError, match="takes a version that was validated"):
        break_glass(world)
    world.evaluate()
    with pytest.raises(NotAllowedError, match="may not sign 'break-glass'"):
        break_glass(world, "quinn")
    for fallback, reason in (("", "why"), (FALLBACK, " ")):
        with pytest.raises(UsageError, match="reason and its fallback"):
            world.lifecycle.break_glass(MODEL, "1", SITE, world.signer("clara"), fallback, reason)


def test_no_emergency_follows_another_until_a_version_went_live_regularly(world: World) -> None:
    world.register()
    world.evaluate()
    found = break_glass(world, hours=1)
    world.lifecycle.stop(found.deployment, world.signer("clara"), FALLBACK)
    for days in (0, 1, 30):
        world.clock.advance(days=days)
        with pytest.raises(NotAllowedError, match="never extended"):
            break_glass(world)
    with pytest.raises(AnswerIsNoError, match="never resumed"):
        world.lifecycle.resume(found.deployment, world.signer("clara"))
    world.approve("1")
    placed = world.go_live("1")
    world.lifecycle.stop(placed.deployment, world.signer("clara"), FALLBACK)
    assert break_glass(world).state == "live"


def test_an_emergency_waits_for_what_is_live_to_be_stopped(world: World) -> None:
    world.register()
    world.approve("1")
    placed = world.go_live("1")
    with pytest.raises(AnswerIsNoError, match="is live for"):
        break_glass(world)
    world.lifecycle.stop(placed.deployment, world.signer("clara"), FALLBACK)
    found = break_glass(world)
    with pytest.raises(AnswerIsNoError, match="is live for"):
        world.lifecycle.resume(placed.deployment, world.signer("clara"))
    world.clock.advance(hours=DEFAULT_HOURS)
    assert world.lifecycle.resume(placed.deployment, world.signer("clara")).state == "live"
    assert state(world, found) == "stopped"


@settings(max_examples=200)
@given(
    hours=st.integers(1, LONGEST_HOURS),
    signed=st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from(["quinn", "otto", "vera"])), max_size=5),
)
def test_no_number_of_countersignatures_carries_it_past_the_seventh_day(
    hours: int, signed: list[tuple[int, str]]
) -> None:
    until = f"2026-03-{2 + hours // 24:02d}T{hours % 24:02d}:00:00.000000Z"
    use = EmergencyUse("d", "2026-03-02T00:00:00.000000Z", until, "clara", "clinical lead")
    for minutes, person in signed:
        day, rest = divmod(minutes, 1440)
        use = use.countersigned(person, f"2026-03-{2 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00.000000Z")
    assert use.until == until
    assert use.ends <= "2026-03-09T00:00:00.000000Z"
    assert use.over("2026-03-09T00:00:00.000000Z")
