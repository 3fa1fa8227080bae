"""Looks at a test set are counted over all versions and plans by the ledger, warned of, blocked, never widened."""

from typing import Any

import pytest
from change_plans import METHODS, plan_record
from sqlalchemy import text
from worlds import ERIN, MODEL, World

from registry.change_plans import sign_plan
from registry.comparisons import LookAsked, begin_look, record_comparison
from registry.database import reading
from registry.domain.comparison import Comparison
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, LeakFoundError, LedgerBrokenError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record
from registry.domain.vocabulary import Role, Verdict
from registry.evidence import _failed_comparison
from registry.test_sets import Budget, budget_of, sequestered
from registry.versions import find


def adopt(world: World, cohort: str = "internal", number: int = 1, **acceptance: Any) -> None:
    content = plan_record(MODEL, cohort, **acceptance) | {"number": number}
    for person in ("quinn", "clara"):
        sign_plan(world.lifecycle.record, content, world.signer(person), METHODS)


def asked(world: World, version: str, cohort: str = "internal", plan: str = "plan", model: str = MODEL) -> LookAsked:
    arms = {name: (version if name == "candidate" else "1", digest_bytes(version.encode())) for name in ARMS}
    digest = _digest(world, cohort)
    return LookAsked(model, arms, cohort, digest, digest_bytes(plan.encode()), {}, METHODS["metric_code"], {})


ARMS = ("candidate", "deployed", "original")


def _digest(world: World, cohort: str) -> str:
    with world.ledger.engine.connect() as connection:
        found = connection.execute(text("SELECT digest FROM cohorts WHERE name = :name"), {"name": cohort})
        return str(found.scalar_one())


def look(world: World, version: str, **where: str) -> Any:
    return begin_look(world.lifecycle.record, asked(world, version, **where), ERIN)


def budget(world: World, cohort: str = "internal") -> Budget:
    with reading(world.ledger.engine) as session:
        found = sequestered(session, _digest(world, cohort))
        assert found is not None
        return budget_of(session, found)


@pytest.fixture
def planned(world: World) -> World:
    world.register()
    adopt(world, looks=3)
    return world


def test_adoption_sets_the_test_set_apart_with_both_signatures(planned: World) -> None:
    (told,) = planned.told("test_set.sequestered")
    assert (told["cohort"], told["alpha"], told["looks"], told["plan"]) == ("internal", "0.025", 3, 1)
    assert told["signatures"] == planned.told("change_plan.adopted")[0]["signatures"]
    assert budget(planned).test_set.alpha_per_look == pytest.approx(0.025 / 3)


def test_each_look_spends_its_share_the_last_is_warned_of_and_the_next_is_blocked(planned: World) -> None:
    warned = [look(planned, version).warning for version in ("2", "3", "4")]
    assert [bool(warning) for warning in warned] == [False, False, True]
    assert planned.told("protocol.frozen")[0]["warning"] == warned[-1]
    assert budget(planned).spent == pytest.approx(0.025)
    with pytest.raises(AnswerIsNoError, match="budget of 3 looks at 'internal' is spent"):
        look(planned, "5")
    assert len(planned.told("protocol.frozen")) == 3


def test_the_same_look_is_one_look_and_other_models_and_plans_count_too(planned: World) -> None:
    assert look(planned, "2").number == look(planned, "2").number == 1
    assert look(planned, "2", plan="another").number == 2
    assert look(planned, "2", model="another").number == 3


def test_whatever_is_frozen_to_be_scored_on_it_counts(planned: World) -> None:
    protocol = Subject("protocol", "p", digest_bytes(b"protocol"))
    draft = EventDraft(
        "protocol.frozen",
        actor_record(ERIN),
        (protocol, Subject("cohort", "internal", _digest(planned, "internal"))),
        {"digest": protocol.digest},
    )
    with planned.ledger.transaction() as tx:
        tx.append(draft)
    assert len(budget(planned).looks) == 1


def test_a_look_whose_payload_was_removed_still_counts(planned: World) -> None:
    seq = look(planned, "2").event_seq
    with planned.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger_payloads WHERE seq = :seq"), {"seq": seq})
    assert look(planned, "3").number == 2


def test_nothing_is_looked_at_that_was_not_set_apart(planned: World) -> None:
    with pytest.raises(EvidenceMissingError, match="not set apart"):
        look(planned, "2", cohort="transfer")


@pytest.mark.parametrize("acceptance", [{"looks": 100}, {"alpha": 0.05}])
def test_no_later_plan_widens_the_budget(planned: World, acceptance: dict[str, Any]) -> None:
    with pytest.raises(AnswerIsNoError, match="which no plan changes"):
        adopt(planned, number=2, **acceptance)
    adopt(planned, number=2, looks=3)
    assert len(planned.told("test_set.sequestered")) == 1


def test_a_spent_test_set_is_none_for_a_new_plan_and_a_new_one_shares_no_patient_with_it(planned: World) -> None:
    for version in ("2", "3", "4"):
        look(planned, version)
    with pytest.raises(AnswerIsNoError, match="is spent"):
        adopt(planned, number=2, looks=3)
    planned.freeze("again", Role.INTERNAL_TEST, "general", patients="internal")
    with pytest.raises(LeakFoundError, match="shares 2 patients with the test set 'internal'"):
        adopt(planned, "again", number=2, looks=3)
    planned.freeze("fresh", Role.INTERNAL_TEST, "general")
    adopt(planned, "fresh", number=2, looks=9)
    assert look(planned, "5", cohort="fresh").number == 1


def compared(world: World, verdict: Verdict, version: str = "2") -> None:
    found = asked(world, version)
    began = begin_look(world.lifecycle.record, found, ERIN)
    comparison = Comparison(
        model=MODEL,
        candidate=version,
        deployed="1",
        original="1",
        artifacts={"1": digest_bytes(b"1"), version: digest_bytes(version.encode())},
        cohort=found.cohort,
        cohort_digest=found.cohort_digest,
        plan=1,
        plan_digest=found.plan_digest,
        protocol_digest=began.digest,
        metric_code=found.metric_code,
        look=began.number,
        looks=3,
        level=0.95,
        order={"plan": 1, "cohort": 1, "frozen": began.event_seq},
        scores={},
        metrics=(),
        verdict=verdict,
        why="as measured",
        synthetic=True,
    )
    record_comparison(world.lifecycle.record, comparison, ERIN)


def faults(world: World) -> list[str]:
    with reading(world.ledger.engine) as session:
        return _failed_comparison(session, find(session, MODEL, "2"))


@pytest.mark.parametrize(
    ("verdicts", "blocked"),
    [
        ((Verdict.PASSED,), ""),
        ((Verdict.FAILED,), "failed"),
        ((Verdict.FAILED, Verdict.PASSED), "failed"),
        ((Verdict.NOT_ASSESSED,), "not_assessed"),
        ((Verdict.NOT_ASSESSED, Verdict.PASSED), ""),
        ((Verdict.PASSED, Verdict.FAILED), "failed"),
    ],
)
def test_a_failure_is_never_mended_by_another_look(planned: World, verdicts: tuple[Verdict, ...], blocked: str) -> None:
    planned.register(artifact=digest_bytes(b"2"))
    for verdict in verdicts:
        compared(planned, verdict)
    found = faults(planned)
    assert bool(found) is bool(blocked)
    assert blocked in "".join(found)


def test_a_failure_whose_payload_was_removed_still_blocks(planned: World) -> None:
    planned.register(artifact=digest_bytes(b"2"))
    compared(planned, Verdict.FAILED)
    with planned.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_payloads SET payload = NULL, salt = NULL"))
    assert "failed" in faults(planned)[0]


def test_a_plan_whose_payload_was_removed_is_missed_and_not_taken_for_none(planned: World) -> None:
    planned.register(artifact=digest_bytes(b"2"))
    seq = next(e.seq for e in planned.ledger.events(last=100) if e.record["type"] == "change_plan.adopted")
    with planned.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_payloads SET payload = NULL WHERE seq = :seq"), {"seq": seq})
    with pytest.raises(LedgerBrokenError, match="is gone"):
        adopt(planned, number=2, looks=3)
