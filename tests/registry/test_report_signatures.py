"""A person's signature under a report: on what the ledger tells, by who may, and for that report alone."""

import base64

import pytest
from worlds import World

from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError, SignatureBrokenError, UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import SERVICE, actor_record
from registry.report_signatures import SIGNED, report_signatures, sign_report

DIGEST, OTHER = digest_bytes(b"report"), digest_bytes(b"another report")


@pytest.fixture
def inspected(world: World) -> World:
    """Return a world that tells of one inspection."""
    payload = {"name": "train", "digest": DIGEST, "duplicates": {}}
    with world.ledger.transaction() as tx:
        subjects = (Subject("inspection", "train", DIGEST),)
        tx.append(EventDraft("cohort.inspected", actor_record(SERVICE), subjects, payload))
    return world


def test_a_signature_shows_name_role_time_and_meaning(inspected: World) -> None:
    event = sign_report(inspected.people, inspected.signer("vera"), "inspection", "train", DIGEST)
    (found,) = report_signatures(inspected.people, DIGEST)
    assert (found.person, found.printed_name, found.role, found.event_seq) == ("vera", "Vera", "validator", event.seq)
    assert found.signed_at.startswith("2026-03-02T10:00")
    assert found.meaning.startswith("review: has looked this cohort over")
    assert report_signatures(inspected.people, OTHER) == ()


def test_what_the_ledger_does_not_tell_of_is_not_signed(inspected: World) -> None:
    for kind, name, digest in (
        ("inspection", "train", OTHER),
        ("inspection", "tune", DIGEST),
        ("plan-report", "train", DIGEST),
    ):
        with pytest.raises(UnknownNameError, match="tells of no"):
            sign_report(inspected.people, inspected.signer("vera"), kind, name, digest)


def test_oversight_alone_signs_no_report(inspected: World) -> None:
    with pytest.raises(NotAllowedError, match="signs no reports"):
        sign_report(inspected.people, inspected.signer("otto"), "inspection", "train", DIGEST)


def test_a_signature_that_was_moved_to_another_report_or_changed_does_not_hold(inspected: World) -> None:
    sign_report(inspected.people, inspected.signer("vera"), "inspection", "train", DIGEST)
    told = dict(inspected.told(SIGNED)[0])
    forged = base64.b64encode(base64.b64decode(told["envelope"]).replace(b'"sig":"', b'"sig":"AA')).decode()
    for change in ({"digest": OTHER}, {"name": "tune"}, {"envelope": forged}):
        moved = told | change
        with inspected.ledger.transaction() as tx:
            subjects = (Subject("inspection", moved["name"], moved["digest"]),)
            tx.append(EventDraft(SIGNED, actor_record(SERVICE), subjects, moved))
        with pytest.raises(SignatureBrokenError):
            report_signatures(inspected.people, moved["digest"])
