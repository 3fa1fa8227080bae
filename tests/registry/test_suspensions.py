"""A stratum is suspended and resumed by signature, at once, and nothing else of the site changes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from worlds import MODEL, World

from registry.domain.errors import AnswerIsNoError, NotAllowedError, OverreadError, UnknownNameError, UsageError
from registry.domain.lifecycle import STRATUM_TRANSITIONS, step
from registry.domain.model import Deployment
from registry.domain.person import Act
from registry.domain.stratum import Stratum
from registry.ledger.verify import verify_ledger

WOMEN, MEN = Stratum("sex", "F"), Stratum("sex", "M")
FALLBACK = "read without AI"


def placed(world: World) -> Deployment:
    """Return the deployment of version 1 in shadow."""
    world.register()
    world.evaluate("internal")
    return world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))


def suspend(world: World, place: Deployment, stratum: Stratum = WOMEN, person: str = "otto") -> None:
    world.lifecycle.suspend_stratum(place.deployment, stratum, world.signer(person), FALLBACK, "it misses there")


def resume(world: World, place: Deployment, stratum: Stratum = WOMEN, person: str = "clara") -> None:
    world.lifecycle.resume_stratum(place.deployment, stratum, world.signer(person), "mended")


def test_one_role_suspends_a_stratum_and_the_deployment_goes_on(world: World) -> None:
    place = placed(world)
    suspend(world, place)
    (found,) = world.lifecycle.suspensions(MODEL)
    assert (found.stratum, found.fallback, found.in_force, found.site) == (WOMEN, FALLBACK, True, "general")
    assert world.lifecycle.deployment(place.deployment) == place
    assert world.told("stratum.suspended")[0]["value"] == "F"


def test_a_suspension_is_signed_for_exactly_this_stratum(world: World) -> None:
    suspend(world, placed(world))
    signed = [one for one in world.lifecycle.signatures(MODEL, "1") if one.statement.act is Act.SUSPEND_STRATUM]
    assert [(one.statement.person, one.statement.scope["value"]) for one in signed] == [("otto", "F")]
    assert world.told("stratum.suspended")[0]["signature"] == signed[0].digest


def test_it_is_suspended_again_after_it_was_resumed_and_both_times_are_told(world: World) -> None:
    place = placed(world)
    for act in (suspend, resume, suspend):
        act(world, place)
    first, second = world.lifecycle.suspensions(MODEL)
    assert (first.until is not None, second.until) == (True, None)
    assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"


@pytest.mark.parametrize(("act", "person"), [(suspend, "erin"), (suspend, "vera"), (resume, "otto"), (resume, "quinn")])
def test_other_roles_are_refused_and_the_refusal_is_kept(world: World, act: object, person: str) -> None:
    place = placed(world)
    if act is resume:
        suspend(world, place)
    with pytest.raises(NotAllowedError, match="may not sign"):
        act(world, place, WOMEN, person)  # type: ignore[operator]
    assert world.told("version.decision_refused")


def test_a_suspension_names_a_fallback(world: World) -> None:
    place = placed(world)
    with pytest.raises(UsageError, match="place"):
        world.lifecycle.suspend_stratum(place.deployment, WOMEN, world.signer("otto"), "  ")


def test_it_waits_for_neither_evidence_nor_objects_nor_a_sound_older_event(world: World) -> None:
    place = placed(world)
    suspend(world, place, MEN)
    for file in (world.root / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    with world.ledger.engine.begin() as connection:
        seqs = "SELECT seq FROM ledger_entries WHERE type = 'stratum.suspended'"
        connection.execute(text(f"UPDATE ledger_payloads SET payload = CAST('{{}}' AS BLOB) WHERE seq IN ({seqs})"))
    suspend(world, place)
    assert world.ledger.events(1)[0].record["type"] == "stratum.suspended"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE suspensions SET state = 'resumed'", "otherwise whether"),
        ("UPDATE suspensions SET since = '2026-01-01T00:00:00.000000Z'", "otherwise whether"),
        ("UPDATE suspensions SET fallback = 'none'", "otherwise whether"),
        ("DELETE FROM suspensions", "whose row is gone"),
        ("UPDATE suspensions SET value = 'M'", "sex whose row is gone"),
    ],
)
def test_a_suspension_edited_by_hand_is_found(world: World, sql: str, why: str) -> None:
    suspend(world, placed(world))
    with world.ledger.engine.begin() as connection:
        connection.execute(text(sql))
    report = verify_ledger(world.ledger.engine, world.ledger.public_vkey)
    assert report.verdict == "BROKEN"
    assert why in " ".join((report.why, *report.warnings))


@pytest.mark.parametrize(
    "words", ["colour=red", "sex=X", "age_band=41-50", "scanner", "scanner=", "scanner=" + "x" * 201]
)
def test_a_stratum_that_is_none_is_refused(words: str) -> None:
    with pytest.raises((UnknownNameError, UsageError)):
        Stratum.parse(words)


STEPS = st.lists(
    st.tuples(st.sampled_from([suspend, resume]), st.sampled_from([WOMEN, MEN]), st.sampled_from(["otto", "clara"])),
    min_size=1,
    max_size=7,
)


@settings(max_examples=10, deadline=None)
@given(acts=STEPS)
def test_no_sequence_of_acts_leaves_the_table(founded: World, acts: list[tuple[object, Stratum, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = founded.copy(Path(folder) / "workspace")
        try:
            place = placed(world)
            expected = {WOMEN: "", MEN: ""}
            for act, stratum, person in acts:
                verb = "suspend" if act is suspend else "resume"
                allowed = step(STRATUM_TRANSITIONS, expected[stratum], verb)
                may = act is suspend or person == "clara"
                try:
                    act(world, place, stratum, person)  # type: ignore[operator]
                except (AnswerIsNoError, NotAllowedError, OverreadError):
                    assert allowed is None or not may
                else:
                    assert allowed is not None
                    assert may
                    expected[stratum] = allowed.target
            found = {one.stratum: one.state for one in world.lifecycle.suspensions(MODEL)}
            assert found == {stratum: state for stratum, state in expected.items() if state}
            assert verify_ledger(world.ledger.engine, world.ledger.public_vkey).verdict == "VERIFIED"
        finally:
            world.close()
