"""Simulated readers: skill, trust, seeds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipelines.simulation.reads import Case, Reader, ReadingRoom, draw_readers, draw_reads

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOM = ReadingRoom(seed=1, shown=True, simulated_display=False, until=AT + timedelta(days=9))


def cases(n: int, truth: bool | None, decision: bool) -> list[Case]:  # noqa: FBT001 - values, not switches
    return [
        Case(f"a{row}", f"2.25.{row}", "study", f"2.25.{row}", "t", AT, decision=decision, probability=0.3, truth=truth)
        for row in range(n)
    ]


def share_positive(found: list[dict[str, object]]) -> float:
    return float(np.mean([row["decision"] for row in found]))


def test_a_reader_finds_what_the_own_sensitivity_and_specificity_say() -> None:
    reader = Reader("p:1", 0.9, 0.8, 0.0, 1.0)
    assert share_positive(draw_reads(cases(4000, truth=True, decision=True), [reader], ROOM)) == pytest.approx(
        0.9, abs=0.03
    )
    assert share_positive(draw_reads(cases(4000, truth=False, decision=True), [reader], ROOM)) == pytest.approx(
        0.2, abs=0.03
    )


def test_trust_moves_a_reader_towards_the_model_only_where_it_is_shown() -> None:
    trusting = Reader("p:1", 0.9, 0.8, 0.5, 1.0)
    hidden = replace(ROOM, shown=False)
    wrong = cases(4000, truth=True, decision=False)
    assert share_positive(draw_reads(wrong, [trusting], ROOM)) == pytest.approx(0.45, abs=0.03)
    assert share_positive(draw_reads(wrong, [trusting], hidden)) == pytest.approx(0.9, abs=0.03)


def test_an_unknown_truth_is_drawn_from_the_models_probability() -> None:
    perfect = Reader("p:1", 1.0, 1.0, 0.0, 1.0)
    assert share_positive(draw_reads(cases(4000, truth=None, decision=True), [perfect], ROOM)) == pytest.approx(
        0.3, abs=0.03
    )


def test_adding_cases_leaves_the_others_reads_as_they_are() -> None:
    readers = draw_readers(["p:1", "p:2"], seed=1)
    few, many = (draw_reads(cases(n, truth=True, decision=True), readers, ROOM) for n in (5, 50))
    assert all(row in many for row in few)


def test_another_seed_gives_other_readers_and_other_reads() -> None:
    assert draw_readers(["p:1"], 1) == draw_readers(["p:1"], 1) != draw_readers(["p:1"], 2)
    first, second = (
        draw_reads(cases(9, truth=True, decision=True), [Reader("p:1", 0.5, 0.5, 0, 1)], room)
        for room in (ROOM, replace(ROOM, seed=2))
    )
    assert {row["read_id"] for row in first}.isdisjoint({row["read_id"] for row in second})


def test_the_clicked_action_agrees_with_the_decision() -> None:
    reader = Reader("p:1", 0.5, 0.5, 0.0, 1.0)
    for row in draw_reads(cases(100, truth=True, decision=True), [reader], ROOM):
        assert row["action"] == ("accepted" if row["decision"] else "rejected")
    hidden = draw_reads(cases(10, truth=True, decision=True), [reader], replace(ROOM, shown=False))
    assert {row["action"] for row in hidden} == {"not_viewed"}


def test_a_room_without_readers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a reader"):
        draw_readers([], 1)
