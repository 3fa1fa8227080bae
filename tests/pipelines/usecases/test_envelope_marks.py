"""A result that is made in a suspended stratum is kept, marked with the stratum, and never blocked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import clara, images_of

from pipelines.bootstrap import Workspace
from pipelines.strata import deployment_at, stratum_of
from pipelines.usecases.predict import predict
from registry.domain.errors import UnknownNameError
from registry.domain.pseudonym import Identifier
from registry.domain.stratum import MARK, Stratum


def acquisition(workspace: Workspace, site: str) -> dict[str, Any]:
    rows = workspace.tables.read("acquisitions").to_pylist()
    return next(row for row in rows if row["site"] == site and row["scanner"])


@pytest.fixture
def suspended(trained: Workspace) -> Iterator[Stratum]:
    """Suspend one scanner of the general hospital while a test runs."""
    scanner = stratum_of(trained, f"scanner={acquisition(trained, 'general')['scanner']}")
    place = deployment_at(trained, TARGET, None, "general")
    trained.lifecycle.suspend_stratum(place.deployment, scanner, clara(trained), "read without AI")
    yield scanner
    trained.lifecycle.resume_stratum(place.deployment, scanner, clara(trained))


def predicted(workspace: Workspace, folder: Path) -> list[dict[str, Any]]:
    before = workspace.tables.read("predictions").num_rows
    predict(workspace, TARGET, None, [folder], folder.name, progress=NoProgress())
    return list(workspace.tables.read("predictions").to_pylist()[before:])


def marks(rows: list[dict[str, Any]]) -> list[str | None]:
    return [json.loads(row["attributes"]).get(MARK) for row in rows]


def test_just_the_results_of_the_stratum_bear_its_mark(
    trained: Workspace, trained_root: Path, suspended: Stratum
) -> None:
    rows = predicted(trained, images_of(trained_root) / "general")
    scanners = {row["series_uid"]: row["scanner"] for row in trained.tables.read("acquisitions").to_pylist()}
    assert {row["status"] for row in rows} == {"scored"}
    assert marks(rows) == [suspended.text if scanners[row["series_uid"]] == suspended.value else None for row in rows]
    assert suspended.text in marks(rows)


def test_another_site_and_a_resumed_stratum_are_not_marked(trained: Workspace, trained_root: Path) -> None:
    assert set(marks(predicted(trained, images_of(trained_root) / "elsewhere"))) == {None}
    assert set(marks(predicted(trained, images_of(trained_root) / "general"))) == {None}


def test_a_scanner_may_be_named_by_its_serial_number(trained: Workspace) -> None:
    pseudonym = trained.pseudonyms.of(Identifier.DEVICE, "45001")
    assert stratum_of(trained, "scanner=45001") == Stratum("scanner", pseudonym)
    assert stratum_of(trained, f"scanner={pseudonym}") == Stratum("scanner", pseudonym)
    assert stratum_of(trained, "protocol=Dr. Smith's own").value.startswith("p:")


def test_a_place_without_the_model_is_refused(trained: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="not deployed"):
        deployment_at(trained, TARGET, None, "nowhere")
