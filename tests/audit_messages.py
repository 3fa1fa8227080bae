"""Events for the tests of audit messages: one of each type, and hostile ones."""

from collections.abc import Mapping
from typing import Any

from registry.domain.event import EVENT_TYPES, Event, EventDraft, Subject, new_event

ORIGIN = "overread.local/0123456789abcdef"
DIGEST = "sha256:" + "ab" * 32
ACTOR = {"person": "clara", "role": "clinical lead", "auth": "signature"}
SERVICE = {"name": "overread", "version": "0.1.0", "client": "overread audit export", "host": "reading-7"}
SUBJECTS = (Subject("version", "nodule@1", DIGEST), Subject("site", "general"))
# What hostile words would break: XML, JSON, syslog's line and its fields, a terminal, a spreadsheet.
HOSTILE = '=cmd()<b a="1">&amp;]]>\u202e{"x":\'y\'}\\ \u2028 \ud7ff \ufffe \U0001f9e0 <85>1 - - - [x@1 y="z"]'


def event(kind: str = "deployment.started", **changes: Any) -> Event:
    """Return an event of a type; its payload's values do not matter here."""
    keys: Mapping[str, Any] = dict.fromkeys(EVENT_TYPES[kind].payload, "x")
    draft = EventDraft(kind, **({"actor": ACTOR, "subjects": SUBJECTS, "payload": keys} | changes))
    return new_event(
        draft,
        event_id="019cadc6-9a80-786b-b695-53d9c720ce71",
        seq=7,
        at="2026-03-02T09:00:00.000001Z",
        payload_digest=DIGEST,
        service=SERVICE,
    )


def hostile() -> Event:
    """Return an event whose every text that somebody may type is hostile."""
    actor = {"person": HOSTILE, "role": HOSTILE, "auth": HOSTILE, "acting_for": HOSTILE}
    return event(actor=actor, subjects=(Subject(HOSTILE, HOSTILE, DIGEST),), reason=HOSTILE, outcome=HOSTILE)
