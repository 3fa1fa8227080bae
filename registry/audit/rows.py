"""Events as lines for people and spreadsheets: the canonical bytes as JSON Lines, and one row an event as CSV.

All forms of one answer hold the same events. The JSON Lines are the bytes that the ledger hashes: each line is a leaf.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from registry.domain.display import plain
from registry.domain.event import EVENT_TYPES, Event

COLUMNS = (
    "seq",
    "at",
    "type",
    "title",
    "person",
    "role",
    "auth",
    "acting_for",
    "client",
    "host",
    "service",
    "subjects",
    "reason",
    "outcome",
    "patients",
)
_LONGEST = 2000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run (OWASP, CSV injection)


def row_of(event: Event, patients: int) -> dict[str, str]:
    """Return an event as texts by column; control characters are left out, patients are counted and not named."""
    record: Mapping[str, Any] = event.record
    actor, service = record["actor"], record["service"]
    subjects = (f"{one['kind']} {one['name']}" for one in record["subjects"])
    found = {
        "seq": str(event.seq),
        "at": record["at"],
        "type": record["type"],
        "title": EVENT_TYPES[record["type"]].title,
        "person": actor.get("person", ""),
        "role": actor.get("role", ""),
        "auth": actor.get("auth", ""),
        "acting_for": actor.get("acting_for", ""),
        "client": service.get("client", ""),
        "host": service.get("host", ""),
        "service": f"{service.get('name', '')} {service.get('version', '')}".strip(),
        "subjects": "; ".join(subjects),
        "reason": record["reason"],
        "outcome": record["outcome"],
        "patients": str(patients),
    }
    return {name: plain(value, _LONGEST) for name, value in found.items()}


def jsonl(events: Iterable[Event]) -> bytes:
    """Return the canonical bytes of events, one a line."""
    return b"".join(event.data + b"\n" for event in events)


def csv_of(events: Iterable[tuple[Event, int]]) -> bytes:
    """Return events as CSV (RFC 4180, UTF-8), each with how many patients it concerns; no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for event, patients in events:
        writer.writerow({name: _inert(value) for name, value in row_of(event, patients).items()})
    return out.getvalue().encode("utf-8")


def _inert(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULAS) else value
