"""The rows of persons, roles and keys: an index of what the ledger tells, and what counts of them."""

from sqlalchemy.orm import Session

from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import Person, PersonKey, PersonRole
from registry.domain.roster import Roster
from registry.schema import PersonKeyRow, PersonRoleRow, PersonRow


def add_rows(session: Session, person: Person, key: PersonKey) -> None:
    """Add the rows of a new person: themselves, their roles, their key."""
    since = instant_text(key.not_before)
    session.add(PersonRow(person=person.person, printed_name=person.printed_name, active=True, added_at=since))
    session.flush()
    session.add_all(
        PersonRoleRow(person=person.person, role=role.value, valid_from=since, valid_until=None)
        for role in person.roles
    )
    session.add(key_row(key))


def key_row(key: PersonKey) -> PersonKeyRow:
    """Return the row of a new key."""
    since, until = instant_text(key.not_before), instant_text(key.not_after)
    return PersonKeyRow(
        key_id=key.key_id, person=key.person, public_key=key.public_key, not_before=since, not_after=until
    )


def issue_record(key: PersonKey) -> dict[str, str]:
    """Return what the event that issues a key tells of it."""
    return {
        "person": key.person,
        "key_id": key.key_id,
        "public_key": key.public_key.hex(),
        "not_after": instant_text(key.not_after),
    }


def on_record(session: Session, person: str, role: PersonRole) -> bool:
    """Say whether the rows name a role of a person; when it counts, the ledger tells."""
    return session.get(PersonRoleRow, (person, role.value)) is not None


def person_of_row(session: Session, row: PersonRow, told: Roster, at: str) -> Person:
    """Return the person of a row, with the roles that the ledger gives them at an instant."""
    held = tuple(
        role for role in PersonRole if told.held(row.person, role.value, at) and on_record(session, row.person, role)
    )
    return Person(row.person, row.printed_name, held, row.active and row.person not in told.left)


def key_of_row(row: PersonKeyRow, told: Roster) -> PersonKey | None:
    """Return a key as far as the ledger tells of it, within the narrower of the times that row and ledger give."""
    issued = told.keys.get(row.key_id)
    if issued is None or (issued.person, issued.public_key) != (row.person, row.public_key.hex()):
        return None
    if issued.not_before is None:
        return None
    revoked = row.revoked_at or issued.revoked_at
    begins = parse_instant(max(row.not_before, issued.not_before))
    until = parse_instant(min(row.not_after, issued.not_after))
    ended = None if revoked is None else parse_instant(revoked)
    return PersonKey(row.key_id, row.person, row.public_key, begins, until, ended)
