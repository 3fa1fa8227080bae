"""How each event of the ledger is told to other systems: one table, from event type to DICOM's words for it.

A type that stands in no row is told under its own code, in our private scheme, as an execution; nothing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.audit import codes
from registry.audit.codes import OURS, Code
from registry.domain.event import EVENT_TYPES


class Action(StrEnum):
    """What was done to the objects (RFC 3881 and FHIR share the letters)."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class Way(StrEnum):
    """Whether data crossed the workspace's border, and which way."""

    IN = "in"
    OUT = "out"
    STAYS = "stays"


@dataclass(frozen=True)
class Told:
    """What an event is in DICOM's words: which event, which kind of it, the action, and which way data went."""

    event: Code
    kinds: tuple[Code, ...]
    action: Action
    way: Way = Way.STAYS


C, R, U, D, E = Action.CREATE, Action.READ, Action.UPDATE, Action.DELETE, Action.EXECUTE
# event type: (EventID or None for our own, a closer EventTypeCode or None, action)
_ROWS: Mapping[str, tuple[Code | None, Code | None, Action]] = {
    "workspace.created": (codes.SECURITY_ALERT, codes.RECORDING_STARTED, E),
    "clock.anomaly": (codes.SECURITY_ALERT, codes.SECURITY_CONFIGURATION, E),
    "ledger.continued": (codes.SECURITY_ALERT, codes.RECORDING_STARTED, E),
    "retention.held": (None, None, U),
    "retention.released": (None, None, U),
    "audit.read": (codes.AUDIT_LOG_USED, None, R),
    "audit.exported": (codes.AUDIT_LOG_USED, None, R),
    "readers.named": (codes.SECURITY_ALERT, codes.RESTRICTED_FUNCTION, E),
    "identity.revealed": (codes.PATIENT_RECORD, None, R),
    "payload.erased": (codes.SECURITY_ALERT, codes.OBJECT_SECURITY, E),
    "session.opened": (codes.USER_AUTHENTICATION, codes.LOGIN, E),
    "authentication.accepted": (codes.USER_AUTHENTICATION, codes.LOGIN, E),
    "authentication.failed": (codes.USER_AUTHENTICATION, codes.LOGIN, E),
    "person.added": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "person.role_granted": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "person.role_ended": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "person.deactivated": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "person.same": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "deputy.appointed": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "deputy.ended": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "role.vacated": (codes.SECURITY_ALERT, codes.ROLES_CHANGED, E),
    "account.opened": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "account.closed": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "account.locked": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "account.unlocked": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "credential.set": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "credential.reset": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "credentials.reviewed": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "key.issued": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "key.proofed": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "key.revoked": (codes.SECURITY_ALERT, codes.USER_SECURITY, E),
    "release_key.revoked": (codes.SECURITY_ALERT, codes.SOFTWARE_CONFIGURATION, E),
    "intake.batch": (codes.IMPORT, None, C),
    "intake.quarantined": (codes.IMPORT, None, C),
    "intake.blocked": (codes.IMPORT, None, C),
    "counts.exported": (codes.EXPORT, None, R),
    "evidence.exported": (codes.EXPORT, None, R),
    "deployment.started": (codes.APPLICATION_ACTIVITY, codes.APPLICATION_START, E),
    "deployment.resumed": (codes.APPLICATION_ACTIVITY, codes.APPLICATION_START, E),
    "deployment.stopped": (codes.APPLICATION_ACTIVITY, codes.APPLICATION_STOP, E),
    "deployment.ended": (codes.APPLICATION_ACTIVITY, codes.APPLICATION_STOP, E),
    "emergency.countersigned": (codes.SECURITY_ALERT, codes.EMERGENCY_STARTED, E),
    "serving.refused": (codes.SECURITY_ALERT, codes.RESTRICTED_FUNCTION, E),
    "version.decision_refused": (codes.SECURITY_ALERT, codes.RESTRICTED_FUNCTION, E),
    "reconciliation.differed": (codes.SECURITY_ALERT, codes.OBJECT_SECURITY, E),
    "schedule.set": (codes.SECURITY_ALERT, codes.SOFTWARE_CONFIGURATION, E),
    "schedule.paused": (codes.SECURITY_ALERT, codes.SOFTWARE_CONFIGURATION, E),
    "version.registered": (None, None, C),
    "cohort.frozen": (None, None, C),
    "protocol.frozen": (None, None, C),
    "evaluation.completed": (None, None, C),
    "evaluation.withdrawn": (None, None, D),
    "report.issued": (None, None, C),
    "card.issued": (None, None, C),
    "version.transitioned": (None, None, U),
    "alert.opened": (None, None, C),
    "alert.acknowledged": (None, None, U),
    "alert.resolved": (None, None, U),
    "alert.cleared": (None, None, U),
    "data.simulated": (None, None, C),
}
_WAYS: Mapping[str, Way] = {codes.IMPORT.value: Way.IN, codes.EXPORT.value: Way.OUT}
MAPPED = frozenset(_ROWS)

# RFC 3881, 5.1.4: how an act ended. A refusal is what the system is there for, so it is the lesser failure.
OUTCOMES: Mapping[str, str] = {"done": "0", "alert": "0", "differed": "4", "refused": "4"}
OTHER_OUTCOME = "8"
FAILED_TYPES: Mapping[str, str] = {
    "authentication.failed": "4",
    "intake.quarantined": "4",
    "intake.blocked": "8",
    "cohort.refused": "4",
}


@dataclass(frozen=True)
class ObjectKind:
    """What a subject of an event is to DICOM: type and role of a participant object (PS3.15 A.5.1.2)."""

    type: str
    role: str


_RESOURCE = ObjectKind("2", "13")  # system object, security resource
OBJECTS: Mapping[str, ObjectKind] = {
    "account": _RESOURCE,
    "alert": ObjectKind("2", "3"),
    "card": ObjectKind("2", "3"),
    "cohort": ObjectKind("2", "7"),
    "deployment": ObjectKind("2", "26"),
    "evaluation": ObjectKind("2", "3"),
    "evidence": ObjectKind("2", "3"),
    "key": _RESOURCE,
    "person": ObjectKind("1", "11"),
    "release_key": _RESOURCE,
    "report": ObjectKind("2", "3"),
    "schedule": ObjectKind("2", "18"),
    "segment": ObjectKind("2", "22"),
    "site": ObjectKind("3", "2"),
    "table": ObjectKind("2", "22"),
    "task": ObjectKind("2", "20"),
    "version": ObjectKind("2", "26"),
}
OTHER_OBJECT = ObjectKind("2", "4")


def own_code(event_type: str) -> Code:
    """Return our own code of an event type."""
    known = EVENT_TYPES.get(event_type)
    return Code(event_type, OURS, event_type if known is None else known.title)


def told(event_type: str) -> Told:
    """Return what an event type is in DICOM's words; our own code is always among its kinds."""
    event, kind, action = _ROWS.get(event_type, (None, None, Action.EXECUTE))
    own = own_code(event_type)
    kinds = (own,) if kind is None else (kind, own)
    return Told(event or own, kinds, action, _WAYS.get(event.value if event else "", Way.STAYS))


def outcome(event_type: str, words: str) -> str:
    """Return how an act ended: 0 success, 4 minor failure, 8 serious failure."""
    return FAILED_TYPES.get(event_type) or OUTCOMES.get(words, OTHER_OUTCOME)
