"""What the organisation says of itself: signed by who speaks for it, kept by digest, counted as told."""

import base64

import pytest
from sqlalchemy import text
from worlds import World

from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import LedgerBrokenError, NotAllowedError, UnknownNameError, UsageError
from registry.dsse import ORGANISATION, open_envelope
from registry.organisation import forbid_attribute, letter_of, permit_attribute, permitted, record_letter

LETTER = b"Our electronic signatures are the legally binding equivalent of handwritten ones."
BASIS = "GDPR Art. 9(2)(i), decision 14 of 2026"


def permitted_now(world: World) -> dict[str, str]:
    with reading(world.ledger.engine) as session:
        return permitted(session)


def test_the_letter_is_on_record_by_digest_under_the_key_of_who_sent_it(world: World) -> None:
    assert letter_of(world.people) is None
    quinn = world.signer("quinn")
    event = record_letter(world.people, quinn, LETTER, "FDA, Office of Regulatory Affairs", "2026-02-01")
    found = letter_of(world.people)
    assert found is not None
    assert (found.addressee, found.sent) == ("FDA, Office of Regulatory Affairs", "2026-02-01")
    assert (found.digest, found.person, found.event_seq) == (digest_bytes(LETTER), "quinn", event.seq)
    (told,) = world.told("organisation.certified")
    envelope = open_envelope(base64.b64decode(told["envelope"]), ORGANISATION)
    assert envelope.key_id == quinn.key.key_id
    assert b"handwritten" not in envelope.payload


@pytest.mark.parametrize(
    ("letter", "to", "sent", "why"),
    [
        (b" ", "FDA", "2026-02-01", "words and an addressee"),
        (LETTER, " ", "2026-02-01", "words and an addressee"),
        (LETTER, "FDA", "01.02.2026", "cannot be read"),
        (LETTER, "FDA", "2027-01-01", "lies ahead"),
    ],
)
def test_a_letter_that_was_not_sent_to_anybody_is_none(
    world: World, letter: bytes, to: str, sent: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        record_letter(world.people, world.signer("quinn"), letter, to, sent)


@pytest.mark.parametrize("person", ["erin", "clara", "vera"])
def test_nobody_else_speaks_for_the_organisation(world: World, person: str) -> None:
    with pytest.raises(NotAllowedError, match="does not speak for the organisation"):
        record_letter(world.people, world.signer(person), LETTER, "FDA", "2026-02-01")
    with pytest.raises(NotAllowedError, match="does not speak for the organisation"):
        permit_attribute(world.people, world.signer(person), "race", BASIS)


def test_an_attribute_is_looked_at_from_its_basis_on_until_it_is_ended(world: World) -> None:
    assert permitted_now(world) == {}
    permit_attribute(world.people, world.signer("quinn"), "race", BASIS)
    assert permitted_now(world) == {"race": BASIS}
    forbid_attribute(world.people, world.signer("quinn"), "race", "the study ended")
    assert permitted_now(world) == {}
    with pytest.raises(UsageError, match="no legal basis"):
        forbid_attribute(world.people, world.signer("quinn"), "race", "again")


def test_a_basis_has_words_and_speaks_of_race_or_ethnicity(world: World) -> None:
    with pytest.raises(UsageError, match="has words"):
        permit_attribute(world.people, world.signer("quinn"), "race", " ")
    with pytest.raises(UnknownNameError, match="religion"):
        permit_attribute(world.people, world.signer("quinn"), "religion", BASIS)


def test_a_basis_that_was_written_into_the_database_counts_for_nothing(world: World) -> None:
    event = permit_attribute(world.people, world.signer("quinn"), "race", BASIS)
    with world.ledger.engine.begin() as connection:
        forged = text("UPDATE ledger_payloads SET payload = replace(payload, 'race', 'sexx') WHERE seq = :seq")
        connection.execute(forged, {"seq": event.seq})
    with pytest.raises(LedgerBrokenError):
        permitted_now(world)
