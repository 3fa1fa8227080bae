"""Training gates signing; vacant roles gate a release; a stop waits for neither."""

import base64
from datetime import timedelta

import pytest
from worlds import MODEL, PASSPHRASE, World, teach

from registry.accountability import accept_policy, issue_policy
from registry.appointments import appoint_deputy, declare_same, end_role
from registry.domain.errors import EvidenceMissingError, ExitCode, NotAllowedError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole
from registry.dsse import ACCEPTANCE, open_envelope, payload_of
from registry.keys import signature_holds
from registry.training import record_training, require_courses
from registry.vacancies import filled_roles, vacant_roles

QUALITY, CLINICAL = PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD
QUINN = Actor("quinn", QUALITY.value, "session")


def enrol(world: World, person: str, *roles: PersonRole) -> None:
    """Enrol an untrained person."""
    world.people.add(person, person.title(), roles, PASSPHRASE, LOCAL_ADMINISTRATOR)


def untrained_after(world: World, days: int = 732) -> None:
    """Let everybody's training expire, with fresh keys that outlive it."""
    world.clock.advance(days=days)


def test_without_training_nobody_signs_and_one_line_says_what_is_missing(world: World) -> None:
    enrol(world, "quentin", QUALITY)
    world.ready("internal", "external")
    with pytest.raises(NotAllowedError, match="as quality officer: training is not on record") as refusal:
        world.lifecycle.approve(MODEL, "1", world.signer("quentin"))
    assert refusal.value.exit_code == ExitCode.NOT_ALLOWED
    assert "\n" not in refusal.value.line()
    teach(world.people, "quentin")
    assert world.lifecycle.approve(MODEL, "1", world.signer("quentin")).missing == ("clinical lead",)


def test_training_that_expired_between_request_and_signature_refuses(world: World) -> None:
    enrol(world, "quentin", QUALITY)
    until = world.clock.now() + timedelta(minutes=5)
    record_training(world.people, "quentin", "reading", until, LOCAL_ADMINISTRATOR)
    world.ready("internal", "external")
    signer = world.signer("quentin")
    world.clock.advance(minutes=5)
    with pytest.raises(NotAllowedError, match="training expired at 2026-03-02T10:05"):
        world.lifecycle.approve(MODEL, "1", signer)
    assert world.told("version.decision_refused")[0]["why"].count("expired") == 1


def test_what_was_signed_while_trained_stays_valid_when_training_expired(world: World) -> None:
    world.approved()
    untrained_after(world)
    assert world.lifecycle.approval_holds(MODEL, "1")
    assert len(world.lifecycle.signatures(MODEL, "1")) == 4


def test_an_untrained_person_stops_all_the_same(world: World) -> None:
    enrol(world, "olga", PersonRole.OVERSIGHT)
    world.register()
    world.evaluate("internal")
    placed = world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    assert world.lifecycle.stop(placed.deployment, world.signer("olga"), "read without AI").state == "stopped"
    with pytest.raises(NotAllowedError, match="training is not on record"):
        world.lifecycle.resume(placed.deployment, _clinician(world))


def _clinician(world: World) -> object:
    enrol(world, "cleo", CLINICAL)
    return world.signer("cleo")


def test_the_courses_that_a_role_needs_are_asked_for_by_name_and_version(world: World) -> None:
    world.ready("internal", "external")
    require_courses(world.people, QUALITY, ("reading", "law@2"), LOCAL_ADMINISTRATOR)
    until = world.clock.now() + timedelta(days=9)
    for course, version, lack in (("reading", "7", "training 'law@2'"), ("law", "1", "training 'law@2'")):
        record_training(world.people, "quinn", course, until, LOCAL_ADMINISTRATOR, version)
        with pytest.raises(NotAllowedError, match=lack):
            world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    record_training(world.people, "quinn", "law", until, LOCAL_ADMINISTRATOR, "2")
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn")).missing == ("clinical lead",)
    require_courses(world.people, CLINICAL, (), LOCAL_ADMINISTRATOR)
    enrol(world, "cleo", CLINICAL)
    assert world.lifecycle.approve(MODEL, "1", world.signer("cleo")).moved


def test_nobody_records_their_own_training_under_any_id(world: World) -> None:
    until = world.clock.now() + timedelta(days=9)
    enrol(world, "quinn-again", CLINICAL)
    declare_same(world.people, "quinn-again", "quinn", LOCAL_ADMINISTRATOR, "same staff number")
    for person in ("quinn", "quinn-again"):
        with pytest.raises(NotAllowedError, match="of their own"):
            record_training(world.people, person, "reading", until, QUINN)
    assert record_training(world.people, "clara", "reading", until, QUINN).recorded_by == "quinn"
    with pytest.raises(NotAllowedError, match="records no training"):
        record_training(world.people, "clara", "reading", until, Actor("erin", "engineer", "session"))


@pytest.mark.parametrize(
    "bad",
    [
        {"course": "Reading images"},
        {"course": "x" * 65},
        {"version": "2/3"},
        {"valid_until": timedelta(days=-1)},
        {"passed_at": timedelta(days=1)},
    ],
)
def test_bad_training_is_refused(world: World, bad: dict[str, object]) -> None:
    now = world.clock.now()
    days = {name: now + value for name, value in bad.items() if isinstance(value, timedelta)}
    given = {"course": "reading", "valid_until": now + timedelta(days=9)} | bad | days
    with pytest.raises(UsageError):
        record_training(world.people, "erin", actor=LOCAL_ADMINISTRATOR, **given)


def test_nobody_signs_before_they_accepted_the_newest_policy_but_to_stop(world: World) -> None:
    world.ready("internal", "external")
    placed = world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    for version in ("1", "2"):
        issue_policy(world.people, f"text {version}".encode(), version, LOCAL_ADMINISTRATOR)
        with pytest.raises(NotAllowedError, match=f"version {version} of the accountability policy is not accepted"):
            world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
        assert len(vacant_roles(world.people)) == 3
        for person in ("quinn", "clara", "erin"):
            accept_policy(world.people, world.signer(person))
        assert vacant_roles(world.people) == ()
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn")).missing == ("clinical lead",)
    assert world.lifecycle.stop(placed.deployment, world.signer("otto"), "read without AI").state == "stopped"


def test_an_acceptance_is_signed_with_the_persons_own_key_over_the_policys_digest(world: World) -> None:
    issued = issue_policy(world.people, b"text", "1", LOCAL_ADMINISTRATOR)
    signer = world.signer("quinn")
    accept_policy(world.people, signer)
    envelope = open_envelope(base64.b64decode(world.told("policy.accepted")[0]["envelope"]), ACCEPTANCE)
    assert signature_holds(signer.key, envelope.signature, envelope.signed_bytes)
    said = payload_of(envelope)
    assert said["policy"] == issued.record["subjects"][0]["digest"]
    assert (said["printed_name"], said["person"]) == ("Quinn", "quinn")
    with pytest.raises(UsageError, match="already"):
        accept_policy(world.people, signer)
    for text, version in ((b"other", "1"), (b" ", "2"), (b"text", " ")):
        with pytest.raises(UsageError):
            issue_policy(world.people, text, version, LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="issues no policy"):
        issue_policy(world.people, b"text", "2", Actor("erin", "engineer", "session"))


def test_every_role_shows_who_fills_it_and_what_they_lack(world: World) -> None:
    filled = {one.role: one for one in filled_roles(world.people)}
    assert {role for role, one in filled.items() if one.vacant} == {PersonRole.COMPLIANCE}
    assert {role for role, one in filled.items() if one.needed} == {PersonRole.ENGINEER, QUALITY, CLINICAL}
    assert [one.person for one in filled[CLINICAL].filled_by] == ["clara"]
    assert vacant_roles(world.people) == ()


def test_a_release_waits_for_a_vacant_role_which_the_refusal_names(world: World) -> None:
    world.ready("internal", "external")
    world.lifecycle.approve(MODEL, "1", world.signer("clara"))
    world.people.deactivate("clara", LOCAL_ADMINISTRATOR, "left")
    assert world.told("role.vacated") == [{"role": "clinical lead", "person": "clara"}]
    with pytest.raises(EvidenceMissingError, match="the role 'clinical lead' is vacant"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    enrol(world, "cleo", CLINICAL)
    with pytest.raises(EvidenceMissingError, match=r"vacant \(Cleo \(cleo\): training is not on record"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    teach(world.people, "cleo")
    assert world.lifecycle.approve(MODEL, "1", world.signer("quinn")).moved


def test_one_human_who_fills_both_roles_of_an_approval_leaves_one_vacant(world: World) -> None:
    world.people.grant("quinn", CLINICAL, LOCAL_ADMINISTRATOR)
    assert vacant_roles(world.people) == ()
    declare_same(world.people, "clara", "quinn", LOCAL_ADMINISTRATOR, "same staff number")
    assert vacant_roles(world.people) == (
        "the roles 'quality officer' and 'clinical lead' are filled by one human alone",
    )


@pytest.mark.parametrize("lack", ["key expired", "key file gone", "role ended"])
def test_whoever_has_no_key_or_no_role_fills_nothing(world: World, lack: str) -> None:
    if lack == "key expired":
        world.clock.advance(days=366)
    elif lack == "key file gone":
        world.people.key_file("quinn").unlink()
    else:
        end_role(world.people, "quinn", QUALITY, LOCAL_ADMINISTRATOR)
        assert world.told("role.vacated")[0]["role"] == "quality officer"
    assert any("'quality officer' is vacant" in line for line in vacant_roles(world.people))


def test_a_deputy_fills_a_role_until_whom_they_act_for_leaves(world: World) -> None:
    now = world.clock.now()
    period = (now, now + timedelta(days=30))
    appoint_deputy(world.people, "quinn", "otto", QUALITY, period, LOCAL_ADMINISTRATOR)
    world.people.key_file("quinn").unlink()
    filled = {one.role: one for one in filled_roles(world.people)}
    assert [(one.person, one.acting_for, one.fit) for one in filled[QUALITY].filled_by] == [
        ("otto", "quinn", True),
        ("quinn", "", False),
    ]
    assert vacant_roles(world.people) == ()
    world.people.deactivate("quinn", LOCAL_ADMINISTRATOR, "left")
    assert "quinn does not hold the role any more" in vacant_roles(world.people)[0]
