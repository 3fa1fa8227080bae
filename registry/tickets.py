"""Run tickets: a background run proves which schedule started it, and so in whose name it acts (SEC-02).

A ticket is a DSSE envelope under the workspace's log key, so only processes that hold the workspace's keys make one. It
names the event by which the schedule was set, the job, the model and the tick, and holds for a day. Whoever copies
it can start the same job for the same model within that day, and nothing else.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature

from registry.domain.errors import NotAllowedError, SignatureBrokenError, UnknownNameError
from registry.domain.event import Event
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import UNAUTHENTICATED, Actor
from registry.domain.ports import Clock
from registry.domain.schedule import Schedule, WorkKind, schedule_name
from registry.dsse import TICKET, Envelope, open_envelope, payload_of, seal_with
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.people import People

LIFETIME = timedelta(days=1)
_SCHEMA = "overread.run-ticket/1"
_MEND = "let the schedule start the run, or log in and start it yourself"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says: the schedule's event, the job, the model, the tick, and until when it holds (UTC texts)."""

    schedule: int
    kind: str
    model: str
    job: str
    tick: str
    issued_at: str
    expires_at: str

    @property
    def name(self) -> str:
        """Name of the schedule in the ledger."""
        return schedule_name(WorkKind(self.kind), self.model)


class Tickets:
    """Issues and reads the run tickets of one workspace."""

    def __init__(self, key: LogKey, ledger: Ledger, people: People, clock: Clock) -> None:
        self._key = key
        self._ledger = ledger
        self._people = people
        self._clock = clock

    def issue(self, schedule: Schedule, job: str, tick: datetime) -> str:
        """Return the ticket of one tick of a schedule, as text for a run's tags."""
        now = self._clock.now()
        ticket = Ticket(
            schedule.event_seq,
            schedule.kind.value,
            schedule.model,
            job,
            instant_text(tick),
            instant_text(now),
            instant_text(now + LIFETIME),
        )
        record = {"schema": _SCHEMA, **vars(ticket)}
        return base64.b64encode(seal_with(TICKET, record, self._key.name, self._key.private_key.sign)).decode("ascii")

    def actor(self, text: str, job: str) -> Actor:
        """Return in whose name a run of a job acts, by its ticket.

        Raises:
            SignatureBrokenError: when the ticket was not made with this workspace's key.
            NotAllowedError: when it is over, of another job, of no schedule on record, or of a person who left.
        """
        ticket = self._read(text)
        if ticket.job != job or not self._holds(ticket):
            raise NotAllowedError("a run ticket is over, or of another job", mend=_MEND)
        return self._set_by(self._event(ticket), ticket)

    def _read(self, text: str) -> Ticket:
        try:
            envelope = open_envelope(base64.b64decode(text, validate=True), TICKET)
            self._key.private_key.public_key().verify(envelope.signature, envelope.signed_bytes)
            return _ticket(envelope)
        except (binascii.Error, InvalidSignature, KeyError, TypeError, ValueError) as error:
            raise SignatureBrokenError("a run ticket does not hold", mend=_MEND) from error

    def _holds(self, ticket: Ticket) -> bool:
        issued, expires = parse_instant(ticket.issued_at), parse_instant(ticket.expires_at)
        return issued <= self._clock.now() < expires <= issued + LIFETIME

    def _event(self, ticket: Ticket) -> Event:
        try:
            event = self._ledger.event(ticket.schedule)
        except UnknownNameError as error:
            raise NotAllowedError("a run ticket names no schedule on record", mend=_MEND) from error
        first: Any = event.record["subjects"][0]
        if event.record["type"] != "schedule.set" or first["name"] != ticket.name:
            raise NotAllowedError("a run ticket names no schedule on record", mend=_MEND)
        return event

    def _set_by(self, event: Event, ticket: Ticket) -> Actor:
        who = event.record["actor"]
        if who["auth"] == UNAUTHENTICATED.auth:
            return UNAUTHENTICATED
        if not self._people.get(who["person"]).active:
            raise NotAllowedError(f"who set the schedule '{ticket.name}' is no longer active", mend="set it anew")
        return Actor(who["person"], who["role"], "schedule")


def _ticket(envelope: Envelope) -> Ticket:
    record = dict(payload_of(envelope))
    if record.pop("schema") != _SCHEMA:
        raise ValueError("another kind of ticket")
    return Ticket(**record)
