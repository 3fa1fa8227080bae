"""Keys and roles of persons as the events of an evidence folder tell them: nothing beside the ledger is believed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import PersonKey, PersonRole
from registry.domain.roster import Roster


class ToldKeys:
    """A key book from events that were proved, with their payloads (see `registry.signatures.KeyBook`)."""

    def __init__(self, events: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        self._roster = Roster(events)

    def key(self, key_id: str) -> PersonKey | None:
        """Return the public key of an id, or None when no event issued it, or nobody proofed who holds it."""
        told = self._roster.keys.get(key_id)
        if told is None or told.not_before is None:
            return None
        begins, ends = parse_instant(told.not_before), parse_instant(told.not_after)
        revoked = None if told.revoked_at is None else parse_instant(told.revoked_at)
        return PersonKey(key_id, told.person, bytes.fromhex(told.public_key), begins, ends, revoked)

    def held(self, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether a person held a role at an instant."""
        return self._roster.held(person, role.value, instant_text(at))

    def deputised(self, deputy: str, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether somebody acted for a person in a role at an instant."""
        return self._roster.deputises(deputy, person, role.value, instant_text(at))
