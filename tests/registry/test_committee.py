"""The governance committee: who decides, by how many, and what is kept of it."""

import pytest
from worlds import World

from registry.appointments import declare_same
from registry.committee import committee_of, record_decision, set_committee
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, PersonRole

MEMBERS = {"clara": "radiology", "quinn": "quality", "vera": "physics"}


def named(world: World, quorum: int = 2) -> None:
    """Name a committee of three."""
    set_committee(world.people, MEMBERS, quorum, b"charter", LOCAL_ADMINISTRATOR)


def decide(world: World, *present: str, recused: tuple[str, ...] = ()) -> None:
    """Let the first who was present sign a decision."""
    record_decision(world.people, world.signer(present[0]), present, recused, b"minutes", "pilot at general")


def test_a_quorum_decides_and_disciplines_and_minutes_are_on_record(world: World) -> None:
    named(world)
    decide(world, "clara", "vera")
    told = world.told("committee.decided")[0]
    assert (told["present"], told["quorum"]) == (["clara", "vera"], 2)
    assert told["minutes"].startswith("sha256:")
    found = committee_of(world.people)
    assert found is not None
    assert found.members == MEMBERS


@pytest.mark.parametrize(
    ("present", "recused"), [(("clara",), ()), (("clara", "vera"), ("vera",)), (("clara", "clara"), ())]
)
def test_a_decision_without_quorum_is_refused_and_kept(
    world: World, present: tuple[str, ...], recused: tuple[str, ...]
) -> None:
    named(world)
    with pytest.raises(AnswerIsNoError, match="1 voted, and a decision takes 2"):
        decide(world, *present, recused=recused)
    assert world.ledger.events(1)[0].record["outcome"] == "refused"


def test_two_ids_of_one_human_are_one_vote(world: World) -> None:
    named(world)
    declare_same(world.people, "vera", "clara", LOCAL_ADMINISTRATOR, "same staff number")
    with pytest.raises(AnswerIsNoError, match="1 voted"):
        decide(world, "clara", "vera")
    with pytest.raises(UsageError, match="different humans"):
        named(world)


@pytest.mark.parametrize("present", [("clara", "erin"), ("erin", "clara", "vera")])
def test_whoever_is_no_member_neither_votes_nor_signs(world: World, present: tuple[str, ...]) -> None:
    named(world)
    with pytest.raises(NotAllowedError, match="no member"):
        decide(world, *present)


def test_who_left_votes_no_more(world: World) -> None:
    named(world)
    world.people.deactivate("vera", LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="vera is no member"):
        decide(world, "clara", "vera")
    with pytest.raises(NotAllowedError, match="left"):
        named(world)


@pytest.mark.parametrize(("quorum", "charter"), [(1, b"charter"), (4, b"charter"), (2, b" ")])
def test_a_committee_has_a_majority_as_quorum_and_a_charter(world: World, quorum: int, charter: bytes) -> None:
    with pytest.raises(UsageError):
        set_committee(world.people, MEMBERS, quorum, charter, LOCAL_ADMINISTRATOR)
    assert committee_of(world.people) is None
    with pytest.raises(UsageError, match="takes a committee"):
        decide(world, "clara")


def test_members_are_known_and_named_by_an_administrator(world: World) -> None:
    with pytest.raises(UnknownNameError):
        set_committee(world.people, {"nobody": "radiology"}, 1, b"charter", LOCAL_ADMINISTRATOR)
    actor = Actor("quinn", PersonRole.QUALITY_OFFICER.value, "session")
    with pytest.raises(NotAllowedError):
        set_committee(world.people, MEMBERS, 2, b"charter", actor)
