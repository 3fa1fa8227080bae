from collections.abc import Iterator

import pytest
from ledgers import open_ledger

from registry.catalogue import Catalogue, Seal, StoredInstance, write_instances
from registry.domain.errors import NotAllowedError
from registry.domain.vocabulary import Unit
from registry.ledger.store import Ledger

KEY = bytes(range(32))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    found = open_ledger(url)
    yield found
    found.engine.dispose()


def instance(number: int, position: float | None = None, series: str = "s1", **changes: object) -> StoredInstance:
    values = {
        "instance_uid": f"i{number}",
        "series_uid": series,
        "study_uid": "t1",
        "patient": "p:1",
        "site": "general",
        "sealed_place": b"sealed",
        "content_digest": "sha256:0",
        "sop_class": "1.2",
        "frames": 1,
        "position_mm": position,
    }
    return StoredInstance(**(values | changes))  # type: ignore[arg-type]


def write(ledger: Ledger, *instances: StoredInstance) -> Catalogue:
    with ledger.transaction() as tx:
        write_instances(tx, instances)
    return Catalogue(ledger.engine)


def test_instances_come_in_geometry_order(ledger: Ledger) -> None:
    catalogue = write(ledger, instance(1, 10.0), instance(2, -9.5), instance(3), instance(4, 2.0))
    found = catalogue.instances(Unit.SERIES, "s1")
    assert [one.instance_uid for one in found] == ["i2", "i4", "i1", "i3"]
    assert catalogue.image_of(Unit.SERIES, "s1") == found[2]


def test_a_unit_is_found_at_every_level(ledger: Ledger) -> None:
    catalogue = write(ledger, instance(1), instance(2, series="s2"))
    assert catalogue.study_of(Unit.INSTANCE, "i2") == "t1"
    assert catalogue.study_of(Unit.SERIES, "s2") == "t1"
    assert catalogue.study_of(Unit.STUDY, "t1") == "t1"
    assert catalogue.series_of(Unit.INSTANCE, "i2") == "s2"
    assert catalogue.series_of(Unit.STUDY, "t1") is None
    assert [catalogue.study_of(unit, "nothing") for unit in Unit] == [None] * 4
    assert catalogue.instances(Unit.LESION, "x") == ()
    assert catalogue.image_of(Unit.INSTANCE, "i9") is None


def test_many_are_found_at_once(ledger: Ledger) -> None:
    catalogue = write(ledger, *(instance(number) for number in range(1200)))
    found = catalogue.known(Unit.INSTANCE, (f"i{number}" for number in range(0, 2400, 2)))
    assert len(found) == 600


def test_writing_a_known_instance_moves_it(ledger: Ledger) -> None:
    write(ledger, instance(1))
    found = write(ledger, instance(1, sealed_place=b"new")).instance("i1")
    assert found is not None
    assert found.sealed_place == b"new"


def test_a_sealed_place_opens_with_its_key_alone() -> None:
    seal = Seal(KEY)
    sealed = seal.seal("/data/Doe Jane/1.dcm")
    assert b"Doe" not in sealed
    assert seal.open(sealed) == "/data/Doe Jane/1.dcm"
    assert Seal(KEY).seal("/data/Doe Jane/1.dcm") == sealed
    for other, data in ((Seal(KEY[::-1]), sealed), (seal, sealed[:-1] + b"x"), (seal, b"short")):
        with pytest.raises(NotAllowedError):
            other.open(data)


def test_a_place_with_bytes_that_are_no_text_survives() -> None:
    name = b"/data/\xff\xfe.dcm".decode("utf-8", "surrogateescape")
    assert Seal(KEY).open(Seal(KEY).seal(name)) == name
