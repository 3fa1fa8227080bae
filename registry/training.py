"""Training: which courses a role needs, who passed what, and until when it counts (21 CFR 11.10(i)).

Without a valid course for a role nobody signs in it, except a stop, which never waits. What was signed while the
training was valid stays valid.
"""

import re
from datetime import datetime

from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import ALONE, LOCAL_ADMINISTRATOR, Actor, PersonRole, actor_record
from registry.domain.roster import Span, Training
from registry.domain.text import one_line
from registry.people import People, about, require_administrator

COURSE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_RECORDS = frozenset({PersonRole.ADMINISTRATOR, PersonRole.QUALITY_OFFICER, PersonRole.COMPLIANCE})


def record_training(
    people: People,
    person: str,
    course: str,
    valid_until: datetime,
    actor: Actor,
    version: str = "1",
    passed_at: datetime | None = None,
    reason: str = "",
) -> Training:
    """Record that a person passed a course.

    Args:
        people: the register.
        person: who passed it.
        course: its name, of `a-z 0-9 . _ -`.
        valid_until: until when it counts.
        actor: who records it: an administrator, a quality officer or compliance, never the person themselves.
        version: the course's version.
        passed_at: when; now unless given.
        reason: such as where the certificate lies.

    Raises:
        UnknownNameError: when nobody bears the id.
        UsageError: for a bad name, or a course that ends before it was passed, or was passed in the future.
        NotAllowedError: when the actor may not record it.
    """
    _require_recorder(people, person, actor)
    name, edition = _name(course, "course"), _name(version, "version")
    now = people.clock.now()
    passed = passed_at or now
    if passed > now or valid_until <= passed:
        raise UsageError("training is passed before today and ends after it was passed", mend="check the days")
    span = Span(instant_text(passed), instant_text(valid_until))
    payload = {
        "person": person,
        "course": name,
        "version": edition,
        "passed_at": span.since,
        "valid_until": span.until,
    }
    with people.ledger.transaction() as tx:
        tx.append(about(person, "training.recorded", actor, payload, reason))
    return Training(person, name, edition, span, actor.person)


def require_courses(people: People, role: PersonRole, courses: tuple[str, ...], actor: Actor, reason: str = "") -> None:
    """Say which courses a role needs from now on: each `COURSE` or `COURSE@VERSION`; none: no training at all.

    Raises:
        UsageError: for a bad name, or a role that signs nothing.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    if role in ALONE:
        raise UsageError(f"the role '{role}' signs nothing and needs no training")
    for course in courses:
        for part in course.split("@", 1):
            _name(part, "course")
    payload = {"role": role.value, "courses": list(courses)}
    with people.ledger.transaction() as tx:
        subjects = (Subject("role", role.value),)
        draft = EventDraft("training.required", actor_record(actor), subjects, payload, one_line(reason, "reason"))
        tx.append(draft)


def recorder(actor: Actor) -> Actor:
    """Return who records training at the command line: who is logged in, else whoever holds the workspace's files."""
    return actor if actor.authenticated else LOCAL_ADMINISTRATOR


def _require_recorder(people: People, person: str, actor: Actor) -> None:
    people.get(person)
    if actor.role not in {role.value for role in _RECORDS}:
        raise NotAllowedError(
            f"the role '{actor.role}' records no training", mend="ask an administrator, a quality officer or compliance"
        )
    told = people.roster()
    if told.human(actor.person) == told.human(person):
        raise NotAllowedError("nobody records training of their own", mend="let another person record it")


def _name(text: str, what: str) -> str:
    if COURSE.fullmatch(text) is None:
        raise UsageError(f"a {what} is spelled with a-z, 0-9, '.', '_' and '-', 64 at most", mend="write it so")
    return text
