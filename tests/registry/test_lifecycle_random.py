"""Whatever anybody does in whatever order, only steps of the table happen, and approval has its evidence."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import MODEL, World

from registry.domain.errors import OverreadError
from registry.domain.lifecycle import DEPLOYMENT_TRANSITIONS, VERSION_TRANSITIONS, VersionState, step
from registry.domain.person import APPROVAL_QUORUM, Act, Actor
from registry.domain.vocabulary import Role, Verdict

PEOPLE = ("erin", "vera", "quinn", "clara", "otto")
EVALUATIONS = st.tuples(
    st.just("evaluate"), st.sampled_from(["internal", "external", "transfer"]), st.sampled_from(list(Verdict))
)
DECISIONS = st.tuples(
    st.sampled_from(["submit", "risk_review", "approve", "approve", "reject", "retire"]), st.sampled_from(PEOPLE)
)
DEPLOYMENTS = st.tuples(st.sampled_from(["shadow", "pilot", "live", "stop", "resume", "lapse"]))
ACTS = st.lists(st.one_of(EVALUATIONS, DECISIONS, DECISIONS, DEPLOYMENTS), min_size=3, max_size=10)
# The straight way, cut short anywhere, so that random acts begin in every state.
STRAIGHT: tuple[tuple[object, ...], ...] = (
    ("evaluate", "internal", Verdict.PASSED),
    ("shadow",),
    ("evaluate", "external", Verdict.PASSED),
    ("submit", "erin"),
    ("risk_review", "vera"),
    ("approve", "quinn"),
    ("approve", "clara"),
    ("pilot",),
    ("live",),
)
STARTS = st.integers(0, len(STRAIGHT)).map(lambda n: STRAIGHT[:n])


def do(world: World, act: tuple[object, ...]) -> None:
    """Try one act; a refusal is as good as any answer."""
    try:
        attempt(world, act)
    except OverreadError as refusal:
        assert refusal.exit_code in {1, 2, 5}  # noqa: PT017 - refusals are expected, internal errors are not


def attempt(world: World, act: tuple[object, ...]) -> None:
    """Do one act on version 1."""
    name = str(act[0])
    if name == "evaluate":
        world.evaluate(str(act[1]), Verdict(act[2]))
    elif name == "lapse":
        world.lifecycle.lapse(MODEL, "1", Actor("clock", "service", "session"), "over")
    elif name == "stop":
        world.lifecycle.stop(first(world), world.signer("otto"), "read without AI")
    elif name == "resume":
        world.lifecycle.resume(first(world), world.signer("clara"))
    elif name in {"shadow", "pilot", "live"}:
        found = world.lifecycle.evaluations(MODEL, "1")
        world.lifecycle.deploy(
            MODEL, "1", "general", name, world.signer("clara"), "", found[0].digest if found else None
        )
    else:
        getattr(world.lifecycle, name)(MODEL, "1", world.signer(str(act[1])))


def first(world: World) -> str:
    """Return the first deployment's id, or of none."""
    found = world.lifecycle.deployments()
    return found[0].deployment if found else "none"


def check_versions(world: World) -> None:
    """Assert that the told steps chain from registration to the present state, each one in the table."""
    state: str = VersionState.REGISTERED
    for told in reversed(world.told("version.transitioned")):
        allowed = step(VERSION_TRANSITIONS, state, str(told["act"]))
        assert told["source"] == state
        assert allowed is not None
        assert told["target"] == allowed.target
        state = allowed.target
    assert world.state == state


def check_deployments(world: World) -> None:
    """Assert that a deployment's told steps chain to its present state, each one in the table."""
    state = ""
    for event in reversed(world.ledger.events(1000)):
        kind, payload = str(event.record["type"]), world.ledger.payload(event.seq) or {}
        if not kind.startswith("deployment."):
            continue
        acts = {
            "deployment.started": f"deploy-{payload.get('mode')}",
            "deployment.stopped": "stop",
            "deployment.resumed": f"resume-{payload.get('mode')}",
            "deployment.ended": "end",
        }
        allowed = step(DEPLOYMENT_TRANSITIONS, state, acts[kind])
        assert allowed is not None
        state = allowed.target
    assert [found.state for found in world.lifecycle.deployments()] == ([state] if state else [])


def check_approval(world: World) -> None:
    """Assert that an approved version has its external test and both signatures, by two people, over one evidence."""
    signed = [one for one in world.lifecycle.signatures(MODEL, "1") if one.statement.act == Act.APPROVE]
    approved = any(told["target"] == "approved" for told in world.told("version.transitioned"))
    assert approved == world.lifecycle.approval_holds(MODEL, "1")
    assert "erin" not in {one.statement.person for one in signed}
    if approved:
        evaluations = world.lifecycle.evaluations(MODEL, "1")
        assert any(found.role == Role.EXTERNAL_TEST and found.verdict == Verdict.PASSED for found in evaluations)
        assert {one.statement.role for one in signed} == set(APPROVAL_QUORUM)
        assert len({one.statement.person for one in signed}) == 2


@settings(max_examples=20, deadline=None)
@given(start=STARTS, acts=ACTS)
def test_no_sequence_of_acts_leaves_the_table_or_approves_without_evidence(
    founded: World, start: tuple[tuple[object, ...], ...], acts: list[tuple[object, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = founded.copy(Path(folder) / "workspace")
        try:
            world.register()
            for act in (*start, *acts):
                do(world, act)
            check_versions(world)
            check_deployments(world)
            check_approval(world)
        finally:
            world.close()
