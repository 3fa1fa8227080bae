"""Keys and roles of persons as the events of an evidence folder tell them: nothing beside the ledger is believed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from registry.domain.instants import parse_instant
from registry.domain.person import PersonKey, PersonRole


class ToldKeys:
    """A key book from events that were proved, with their payloads (see `registry.signatures.KeyBook`)."""

    def __init__(self, events: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        self._keys: dict[str, PersonKey] = {}
        self._roles: dict[tuple[str, str], datetime] = {}
        for record, payload in events:
            self._take(record["type"], parse_instant(record["at"]), payload)

    def key(self, key_id: str) -> PersonKey | None:
        """Return the public key of an id, or None when no event issued it."""
        return self._keys.get(key_id)

    def held(self, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether a person held a role at an instant."""
        since = self._roles.get((person, role.value))
        return since is not None and since <= at

    def _take(self, kind: str, at: datetime, payload: Mapping[str, Any]) -> None:
        if kind in {"person.added", "person.role_granted"}:
            for role in payload.get("roles", [payload.get("role")]):
                self._roles.setdefault((payload["person"], role), at)
        elif kind == "key.issued":
            until = parse_instant(payload["not_after"])
            public = bytes.fromhex(payload["public_key"])
            self._keys[payload["key_id"]] = PersonKey(payload["key_id"], payload["person"], public, at, until)
        elif kind == "key.revoked" and payload["key_id"] in self._keys:
            key = self._keys[payload["key_id"]]
            self._keys[key.key_id] = PersonKey(
                key.key_id, key.person, key.public_key, key.not_before, key.not_after, revoked_at=at
            )
