from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers import open_ledger

from registry.cohorts import Cohorts
from registry.domain.cohort import Cohort, CohortUnit, prove_disjoint
from registry.domain.errors import ArtifactChangedError, UnknownNameError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR
from registry.domain.vocabulary import Role
from registry.ledger.store import Ledger
from registry.objects import FileObjects


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    found = open_ledger(url)
    yield found
    found.engine.dispose()


@pytest.fixture
def cohorts(ledger: Ledger, tmp_path: Path) -> Cohorts:
    return Cohorts(ledger, FileObjects(tmp_path / "objects"))


def cohort(name: str = "train", patient: str = "p:1", role: Role = Role.TRAIN, target: str = "lesion") -> Cohort:
    unit = CohortUnit(
        "instance", f"2.25.{patient[2:]}", "2.25.5", f"2.25.7{patient[2:]}", patient, "general", "", truth=True
    )
    return Cohort(name, target, role, ("site=general",), (unit,), (("all", 1),))


def test_a_frozen_cohort_comes_back_as_it_was(cohorts: Cohorts, ledger: Ledger) -> None:
    frozen = cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    assert cohorts.get("train") == frozen
    event = ledger.events(1)[0]
    payload = ledger.payload(event.seq)
    assert payload is not None
    assert (payload["digest"], payload["units"], payload["role"]) == (frozen.digest, 1, "train")


def test_the_same_again_is_no_event_and_other_content_is_refused(cohorts: Cohorts, ledger: Ledger) -> None:
    cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    size = ledger.head().size
    cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    with pytest.raises(UsageError, match="frozen"):
        cohorts.freeze(cohort(patient="p:2"), LOCAL_ADMINISTRATOR)
    assert ledger.head().size == size


def test_cohorts_come_in_the_order_of_freezing(cohorts: Cohorts) -> None:
    for name, target in (("b", "lesion"), ("a", "other"), ("c", "lesion")):
        cohorts.freeze(cohort(name, target=target), LOCAL_ADMINISTRATOR)
    assert [found.name for found in cohorts.all()] == ["b", "a", "c"]
    assert [found.name for found in cohorts.of_target("lesion")] == ["b", "c"]


def test_an_unknown_cohort_gets_a_hint(cohorts: Cohorts) -> None:
    cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        cohorts.get("tain")


def test_a_refusal_is_on_record_and_freezes_nothing(cohorts: Cohorts, ledger: Ledger) -> None:
    cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    leaky = cohort("test", role=Role.INTERNAL_TEST)
    cohorts.refuse(leaky, prove_disjoint(leaky, cohorts.get("train")), LOCAL_ADMINISTRATOR)
    event = ledger.events(1)[0]
    assert (event.record["type"], event.record["outcome"]) == ("cohort.refused", "refused")
    assert len(cohorts.all()) == 1


def test_a_changed_manifest_is_noticed(cohorts: Cohorts, tmp_path: Path) -> None:
    cohorts.freeze(cohort(), LOCAL_ADMINISTRATOR)
    (place,) = (path for path in (tmp_path / "objects").rglob("*") if path.is_file())
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b"p:1", b"p:9"))
    with pytest.raises(ArtifactChangedError):
        cohorts.get("train")
