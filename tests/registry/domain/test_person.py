"""Roles, keys in time, and who may sign what."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.person import (
    APPROVAL_QUORUM,
    LOCAL_ADMINISTRATOR,
    MAY_SIGN,
    UNAUTHENTICATED,
    Act,
    Actor,
    PersonKey,
    PersonRole,
    actor_record,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
KEY = PersonKey("id", "ann", b"\0" * 32, START, START + YEAR)


def test_every_act_has_roles_that_may_sign_it() -> None:
    assert set(MAY_SIGN) == set(Act)
    assert all(MAY_SIGN.values())


@pytest.mark.parametrize("role", [PersonRole.ADMINISTRATOR, PersonRole.SERVICE, PersonRole.AUDITOR])
def test_administrator_service_and_auditor_sign_nothing(role: PersonRole) -> None:
    assert not any(role in roles for roles in MAY_SIGN.values())


def test_compliance_signs_erasures_holds_and_the_way_on_after_a_loss() -> None:
    signed = {act for act, roles in MAY_SIGN.items() if PersonRole.COMPLIANCE in roles}
    assert signed == {Act.ERASE, Act.CONTINUE_LEDGER, Act.HOLD}


def test_the_quorum_is_two_roles_that_may_approve() -> None:
    assert set(APPROVAL_QUORUM) < MAY_SIGN[Act.APPROVE]
    assert len(APPROVAL_QUORUM) == 2


def test_an_engineer_neither_reviews_nor_approves_nor_deploys() -> None:
    signs = {act for act, roles in MAY_SIGN.items() if PersonRole.ENGINEER in roles}
    assert signs == {Act.SUBMIT}


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (timedelta(microseconds=-1), False),
        (timedelta(0), True),
        (YEAR - timedelta(microseconds=1), True),
        (YEAR, False),
    ],
)
def test_a_key_counts_from_its_first_instant_to_just_before_its_last(after: timedelta, counts: bool) -> None:  # noqa: FBT001 - a table
    assert KEY.valid_at(START + after) is counts


def test_a_revoked_key_counts_for_what_was_signed_before() -> None:
    revoked = PersonKey("id", "ann", b"\0" * 32, START, START + YEAR, revoked_at=START + timedelta(days=10))
    assert revoked.valid_at(START + timedelta(days=9))
    assert not revoked.valid_at(START + timedelta(days=10))


def test_local_actors_are_not_authenticated_and_their_record_says_so() -> None:
    assert not UNAUTHENTICATED.authenticated
    assert not LOCAL_ADMINISTRATOR.authenticated
    assert Actor("ann", "engineer", "session").authenticated
    assert actor_record(UNAUTHENTICATED) == {"person": "unauthenticated", "role": "none", "auth": "local"}
