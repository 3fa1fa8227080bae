"""Persons as events told them: roles and deputies in time, keys, training, accounts, who left, who is the same human.

A pure fold over the events of people, so that the record and an evidence folder far from it give the same answers. All
instants are UTC texts, which sort as they follow each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

PERSON_EVENTS: tuple[str, ...] = (
    "person.added",
    "person.role_granted",
    "person.role_ended",
    "person.deactivated",
    "person.same",
    "deputy.appointed",
    "deputy.ended",
    "key.issued",
    "key.revoked",
    "key.proofed",
    "credential.reset",
    "training.required",
    "training.recorded",
    "policy.issued",
    "policy.accepted",
    "account.opened",
    "account.closed",
)


@dataclass(frozen=True)
class Span:
    """A stretch of time; without an end it goes on."""

    since: str
    until: str | None = None

    def covers(self, at: str) -> bool:
        """Say whether an instant lies in it; its end does not."""
        return self.since <= at and (self.until is None or at < self.until)

    def cut(self, at: str) -> "Span":
        """Return the stretch ended at an instant, unless it ended before."""
        return replace(self, until=at if self.until is None else min(self.until, at))


@dataclass(frozen=True)
class ToldKey:
    """A key as the ledger told it: whose, its public half in hexadecimal, from when and until when it counts.

    A key that an administrator's reset issued counts from the day on which a second person proofed its holder's
    identity; until then `not_before` is None.
    """

    person: str
    public_key: str
    not_before: str | None
    not_after: str
    revoked_at: str | None = None

    @property
    def waits(self) -> bool:
        """Say whether it waits until a second person has proofed who holds it."""
        return self.not_before is None and self.revoked_at is None


@dataclass(frozen=True)
class Deputy:
    """Somebody who acts for a person in a role, in a stated period."""

    deputy: str
    person: str
    role: str
    span: Span


@dataclass(frozen=True)
class Training:
    """A course that a person passed, in one version, and until when it counts."""

    person: str
    course: str
    version: str
    span: Span
    recorded_by: str

    def answers(self, wanted: str) -> bool:
        """Say whether it is a course that is asked for: `COURSE`, or `COURSE@VERSION` and then this version."""
        return wanted in {self.course, f"{self.course}@{self.version}"}


class Roster:
    """What events told of people.

    Args:
        events: pairs of an event's record and its payload, oldest first; other events are left out.
    """

    def __init__(self, events: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        self.roles: dict[tuple[str, str], tuple[Span, ...]] = {}
        self.keys: dict[str, ToldKey] = {}
        self.deputies: list[Deputy] = []
        self.training: list[Training] = []
        self.required: dict[str, tuple[str, ...]] = {}
        self.left: dict[str, str] = {}
        self.reset: dict[str, str] = {}
        self.policies: dict[str, str] = {}
        self.accepted: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        self.closed: set[str] = set()
        self._same: dict[str, str] = {}
        takes: Mapping[str, Callable[[str, str, Mapping[str, Any]], None]] = {
            "person.added": self._added,
            "person.role_granted": self._granted,
            "person.role_ended": self._role_ended,
            "person.deactivated": lambda at, _, told: self._leave(told["person"], at),
            "person.same": lambda _at, _, told: self._merge(told["person"], told["same_as"]),
            "deputy.appointed": self._appointed,
            "deputy.ended": self._deputy_ended,
            "key.issued": self._issued,
            "key.revoked": self._revoked,
            "key.proofed": self._proofed,
            "credential.reset": lambda at, _, told: self.reset.update({told["person"]: at}),
            "training.required": lambda _at, _, told: self.required.update({told["role"]: tuple(told["courses"])}),
            "training.recorded": self._trained,
            "policy.issued": lambda _at, _, told: self.policies.update({told["version"]: told["digest"]}),
            "policy.accepted": lambda _at, _, told: self.accepted.update({told["person"]: told["digest"]}),
            "account.opened": lambda _at, _, told: self.accounts.update({told["account"]: told["person"]}),
            "account.closed": lambda _at, _, told: self.closed.add(told["account"]),
        }
        for record, payload in events:
            take = takes.get(record["type"])
            if take is not None:
                take(record["at"], record["actor"]["person"], payload)

    def held(self, person: str, role: str, at: str) -> bool:
        """Say whether a person held a role at an instant."""
        return any(span.covers(at) for span in self.roles.get((person, role), ()))

    def roles_of(self, person: str) -> dict[str, tuple[Span, ...]]:
        """Return every role that a person was ever given, with when."""
        return {role: spans for (who, role), spans in self.roles.items() if who == person}

    def deputises(self, deputy: str, person: str, role: str, at: str) -> bool:
        """Say whether somebody acted for a person in a role at an instant; that person must have held it then."""
        found = (deputy, person, role)
        named = any((one.deputy, one.person, one.role) == found and one.span.covers(at) for one in self.deputies)
        return named and self.held(person, role, at) and not self.gone(person, at)

    def acts_for(self, deputy: str, at: str) -> dict[str, str]:
        """Return whom somebody may act for at an instant, by role; the earliest appointment first."""
        found: dict[str, str] = {}
        for one in self.deputies:
            if one.deputy == deputy and self.deputises(deputy, one.person, one.role, at):
                found.setdefault(one.role, one.person)
        return found

    def gone(self, person: str, at: str) -> bool:
        """Say whether a person had been deactivated at an instant."""
        return person in self.left and self.left[person] <= at

    def human(self, person: str) -> str:
        """Return the id that stands for the human behind an id; several ids of one human give the same."""
        while person in self._same:
            person = self._same[person]
        return person

    def humans(self, *persons: str) -> frozenset[str]:
        """Return the humans behind ids; an empty id is nobody."""
        return frozenset(self.human(person) for person in persons if person)

    def person_of(self, account: str) -> str | None:
        """Return whose an account is, open or closed; None when nobody ever bore the name."""
        return self.accounts.get(account)

    def lack(self, person: str, role: str, at: str) -> str:
        """Return what a person lacks to sign in a role at an instant, in words; empty when nothing.

        They accepted the newest accountability policy, if one was issued, and passed the courses of the role. A role
        for which no course is asked for needs at least one course that counts.
        """
        newest = list(self.policies.items())[-1:]
        for version, digest in newest:
            if self.accepted.get(person) != digest:
                return f"version {version} of the accountability policy is not accepted"
        own = [one for one in self.training if one.person == person]
        wanted = self.required.get(role)
        if wanted is None:
            return "" if any(one.span.covers(at) for one in own) else _why("training", own, at)
        for course in wanted:
            fitting = [one for one in own if one.answers(course)]
            if not any(one.span.covers(at) for one in fitting):
                return _why(f"training '{course}'", fitting, at)
        return ""

    def _added(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        self.accounts[told["person"]] = told["person"]
        for role in told["roles"]:
            self._give(told["person"], role, Span(at))

    def _granted(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        self._give(told["person"], told["role"], Span(max(at, told.get("since") or at), told.get("until")))

    def _give(self, person: str, role: str, span: Span) -> None:
        self.roles[person, role] = (*self.roles.get((person, role), ()), span)

    def _role_ended(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        whose = told["person"], told["role"]
        self.roles[whose] = tuple(span.cut(at) for span in self.roles.get(whose, ()))

    def _leave(self, person: str, at: str) -> None:
        self.left.setdefault(person, at)

    def _merge(self, person: str, other: str) -> None:
        ours, theirs = self.human(person), self.human(other)
        if ours != theirs:
            self._same[ours] = theirs

    def _appointed(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        span = Span(max(at, told["since"]), told["until"])
        self.deputies.append(Deputy(told["deputy"], told["person"], told["role"], span))

    def _deputy_ended(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        ended = (told["deputy"], told["person"], told["role"])
        self.deputies = [
            replace(one, span=one.span.cut(at)) if (one.deputy, one.person, one.role) == ended else one
            for one in self.deputies
        ]

    def _issued(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        begins = None if told.get("awaits_proof") else at
        self.keys[told["key_id"]] = ToldKey(told["person"], told["public_key"], begins, told["not_after"])

    def _revoked(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        key = self.keys.get(told["key_id"])
        if key is not None:
            self.keys[told["key_id"]] = replace(key, revoked_at=key.revoked_at or at)

    def _proofed(self, at: str, _: str, told: Mapping[str, Any]) -> None:
        key = self.keys.get(told["key_id"])
        if key is not None and key.not_before is None:
            self.keys[told["key_id"]] = replace(key, not_before=at)

    def _trained(self, at: str, by: str, told: Mapping[str, Any]) -> None:
        span = Span(min(at, told["passed_at"]), told["valid_until"])
        self.training.append(Training(told["person"], told["course"], told["version"], span, by))


def _why(what: str, found: list[Training], at: str) -> str:
    """Return why training does not count: it is missing, or expired on its last day."""
    ends = [one.span.until for one in found if one.span.until is not None and one.span.until <= at]
    return f"{what} expired at {max(ends)}" if ends else f"{what} is not on record"
