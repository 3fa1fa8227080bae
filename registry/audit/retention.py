"""How long each kind of record is kept: a table of classes, each the longest of what its sources ask for.

Events are kept for ever; there is no way to delete one. What may be erased is the payload of some types
(`registry.erasure`), never under a legal hold. The classes say until when it is to be kept before that; the longest of
several laws counts. Years are those of the sources as read in November 2026; which law binds is the organisation's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.erasure import ERASABLE


@dataclass(frozen=True)
class RetentionClass:
    """A class of records: for how many years at least (None: for ever), and what asks for it."""

    name: str
    years: float | None
    source: str


TRAIL = RetentionClass("audit trail", None, "21 CFR 11.10(e): as long as the records it is about; never deleted here")
LOGS = RetentionClass("logs of use", 0.5, "Regulation (EU) 2024/1689, Art. 19 and 26(6): at least six months")
DOCUMENTS = RetentionClass(
    "documentation of a model", 10, "Regulation (EU) 2024/1689, Art. 18: ten years after the system was last put to use"
)
PEOPLE = RetentionClass("people, training, policies", 6, "45 CFR 164.316(b)(2): six years")
_OF_PEOPLE = (
    "person",
    "deputy",
    "role",
    "training",
    "policy",
    "account",
    "credential",
    "credentials",
    "key",
    "committee",
)
_OF_A_MODEL = ("version", "evaluation", "cohort", "protocol", "card", "release", "plan", "change_plan", "change")
_BY_NOUN: Mapping[str, RetentionClass] = {
    **dict.fromkeys(_OF_PEOPLE, PEOPLE),
    **dict.fromkeys(_OF_A_MODEL, DOCUMENTS),
    **dict.fromkeys(("candidate", "test_set", "provenance", "deployment", "tier", "report"), DOCUMENTS),
}


def class_of(event_type: str) -> RetentionClass:
    """Return the class of an event type's payload: what may be erased is a log; what no row names is the trail."""
    if event_type in ERASABLE:
        return LOGS
    return _BY_NOUN.get(event_type.partition(".")[0], TRAIL)
