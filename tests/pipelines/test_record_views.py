"""The card and the lineage of a version as pages show them: what the record holds, and what the ledger tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cards import evaluate
from opened_worlds import opened
from sqlalchemy import text
from worlds import MODEL, World

from pipelines.queries import RecordQueries
from registry.domain.errors import UnknownNameError


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found a workspace with staff and cohorts."""
    return World.found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def world(founded: World, tmp_path: Path) -> Iterator[World]:
    """Return a copy in which two versions rest on the same cohorts."""
    copy = founded.copy(tmp_path / "world")
    copy.approved()
    copy.deploy("1", "shadow")
    copy.register()
    copy.evaluate("internal", version="2")
    yield copy
    copy.close()


def test_a_card_that_nobody_issued_is_shown_and_a_stale_one_says_since_when(world: World) -> None:
    queries = RecordQueries(opened(world))
    view = queries.card(MODEL, "2")
    assert (view.card.name, view.issued_seq, view.stale) == (f"{MODEL}@2", None, "")
    issued = queries.card(MODEL, "1")
    assert issued.issued_seq is not None
    assert world.ledger.event(issued.issued_seq).record["type"] == "card.issued"
    assert issued.stale == ""
    evaluate(world, "internal")
    assert queries.card(MODEL, "1").stale == "evaluations"


def test_the_lineage_tells_what_a_recall_of_each_cohort_affects(world: World) -> None:
    found = RecordQueries(opened(world)).lineage(MODEL, "1")
    uses = {one.name: (one.use, one.also_fitted, one.also_tested) for one in found.cohorts}
    second = (f"{MODEL}@2",)
    assert uses == {
        "train": ("fitted", second, ()),
        "tune": ("fitted", second, ()),
        "internal": ("tested", (), second),
        "external": ("tested", (), ()),
    }
    assert [one["role"] for one in found.approvals] == ["quality officer", "clinical lead"]
    assert [(one["site"], one["mode"]) for one in found.deployments] == [("general", "shadow")]
    assert found.person == "erin"


def test_a_version_whose_row_was_deleted_is_still_affected(world: World) -> None:
    with world.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM evaluations WHERE version = '2'"))
        connection.execute(text("DELETE FROM model_versions WHERE version = '2'"))
    found = RecordQueries(opened(world)).lineage(MODEL, "1")
    assert [one.also_fitted for one in found.cohorts if one.name == "train"] == [(f"{MODEL}@2",)]


@pytest.mark.parametrize("what", ["card", "lineage"])
def test_an_unknown_version_is_refused(world: World, what: str) -> None:
    with pytest.raises(UnknownNameError):
        getattr(RecordQueries(opened(world)), what)(MODEL, "9")
