"""The table of transitions, read as a graph."""

from collections.abc import Iterable

import pytest

from registry.domain.lifecycle import (
    DEPLOYMENT_TRANSITIONS,
    MAY_SHADOW,
    VERSION_TRANSITIONS,
    DeploymentState,
    Evidence,
    Transition,
    VersionState,
    step,
)

V, D = VersionState, DeploymentState


def reachable(table: Iterable[Transition], start: str, without: frozenset[str] = frozenset()) -> set[str]:
    """Return the states that can be reached, leaving some acts out."""
    found, edge = {start}, {start}
    while edge:
        edge = {row.target for row in table if row.source in edge and row.act not in without} - found
        found |= edge
    return found


@pytest.mark.parametrize("table", [VERSION_TRANSITIONS, DEPLOYMENT_TRANSITIONS])
def test_a_state_and_an_act_lead_to_one_state(table: tuple[Transition, ...]) -> None:
    keys = [(row.source, row.act) for row in table]
    assert len(keys) == len(set(keys))


def test_every_state_of_a_version_is_reachable_and_only_known_states_are() -> None:
    assert reachable(VERSION_TRANSITIONS, V.REGISTERED) == set(V)


def test_every_state_of_a_deployment_is_reachable() -> None:
    assert reachable(DEPLOYMENT_TRANSITIONS, "") - {""} == set(D)


@pytest.mark.parametrize("closed", [V.RETIRED, V.REJECTED, D.ENDED])
def test_what_is_closed_stays_closed(closed: str) -> None:
    assert not [row for row in (*VERSION_TRANSITIONS, *DEPLOYMENT_TRANSITIONS) if row.source == closed]


@pytest.mark.parametrize("left_out", ["validate", "validate-externally", "risk-review", "approve"])
def test_no_way_to_approval_leaves_a_step_out(left_out: str) -> None:
    assert V.APPROVED not in reachable(VERSION_TRANSITIONS, V.REGISTERED, frozenset({left_out}))


def test_each_approval_needs_the_quorum_and_an_external_test() -> None:
    approvals = [row for row in VERSION_TRANSITIONS if row.target == V.APPROVED]
    assert {row.source for row in approvals} == {V.RISK_REVIEWED, V.LAPSED, V.APPROVED}
    assert all({Evidence.QUORUM, Evidence.EXTERNAL_PASSED} <= set(row.needs) for row in approvals)


@pytest.mark.parametrize("mode", [D.SHADOW, D.PILOT, D.LIVE])
def test_each_mode_can_be_stopped_and_resumed_to_itself(mode: DeploymentState) -> None:
    stopped = step(DEPLOYMENT_TRANSITIONS, mode, "stop")
    assert stopped is not None
    assert stopped.target == D.STOPPED
    resumed = step(DEPLOYMENT_TRANSITIONS, D.STOPPED, f"resume-{mode}")
    assert resumed is not None
    assert resumed.target == mode


def test_live_is_reached_only_by_pilot_resuming_or_an_emergency() -> None:
    left_out = frozenset({"deploy-pilot", "resume-live", "resume-pilot", "break-glass"})
    assert D.LIVE not in reachable(DEPLOYMENT_TRANSITIONS, "", left_out)


def test_an_emergency_begins_a_deployment_of_its_own_and_changes_none() -> None:
    assert {row.source for row in DEPLOYMENT_TRANSITIONS if row.act == "break-glass"} == {""}


def test_the_table_has_no_step_that_is_not_in_it() -> None:
    assert step(VERSION_TRANSITIONS, V.REGISTERED, "approve") is None
    assert step(DEPLOYMENT_TRANSITIONS, "", "deploy-live") is None


def test_closed_and_lapsed_versions_may_not_run_in_shadow() -> None:
    assert not MAY_SHADOW & {V.REGISTERED, V.RETIRED, V.REJECTED, V.LAPSED}
