"""Who fills the roles, today: holders and deputies, what each of them still lacks, and which role is vacant.

A role is filled by somebody active who holds it, or acts in it as a deputy, whose training for it counts and whose
signing key opens. A vacant role that a release needs keeps every version from being approved (GOV-02).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.domain.instants import instant_text
from registry.domain.person import ALONE, APPROVAL_QUORUM, RELEASE_ROLES, Person, PersonRole
from registry.domain.roster import Roster
from registry.people import People


@dataclass(frozen=True)
class Filling:
    """Somebody in a role: for whom they act if they are a deputy, until when, and what keeps them from signing."""

    person: str
    printed_name: str
    acting_for: str
    until: str
    lacks: tuple[str, ...]

    @property
    def fit(self) -> bool:
        """Say whether they can sign in the role today."""
        return not self.lacks

    @property
    def text(self) -> str:
        """One phrase for a person."""
        parts = [f"deputy of {self.acting_for}" if self.acting_for else "", f"until {self.until}" if self.until else ""]
        said = "; ".join(part for part in (*parts, *self.lacks) if part)
        return f"{self.printed_name} ({self.person})" + (f": {said}" if said else "")


@dataclass(frozen=True)
class RoleFilled:
    """A role, whether a release needs it, and who is in it."""

    role: PersonRole
    needed: bool
    filled_by: tuple[Filling, ...]

    @property
    def vacant(self) -> bool:
        """Say whether nobody can sign in it today."""
        return not any(one.fit for one in self.filled_by)

    @property
    def why(self) -> str:
        """What is missing where it is vacant, in words; empty where it is not."""
        if not self.vacant:
            return ""
        return "; ".join(one.text for one in self.filled_by) or "nobody holds it"


def filled_roles(people: People) -> tuple[RoleFilled, ...]:
    """Return every role in which persons sign, and who fills it today."""
    told, now = people.roster(), instant_text(people.clock.now())
    everybody = [person for person in people.all() if person.active]
    keyless = {person.person: people.key_fault(person.person, told) for person in everybody}
    return tuple(
        RoleFilled(role, role in RELEASE_ROLES, tuple(_filling(told, now, everybody, keyless, role)))
        for role in PersonRole
        if role not in ALONE
    )


def vacant_roles(people: People) -> tuple[str, ...]:
    """Return the vacant roles that a release needs, each in words with what is missing.

    Roles that sign an approval together are vacant too when one human alone fills them.
    """
    filled = filled_roles(people)
    vacant = tuple(f"the role '{one.role}' is vacant ({one.why})" for one in filled if one.needed and one.vacant)
    return vacant or _too_few_humans(people.roster(), filled)


def _too_few_humans(told: Roster, filled: Sequence[RoleFilled]) -> tuple[str, ...]:
    fit = [who for one in filled if one.role in APPROVAL_QUORUM for who in one.filled_by if who.fit]
    if len(told.humans(*(who.person for who in fit))) >= len(APPROVAL_QUORUM):
        return ()
    roles = " and ".join(f"'{role}'" for role in APPROVAL_QUORUM)
    return (f"the roles {roles} are filled by one human alone",)


def _filling(
    told: Roster, now: str, everybody: Sequence[Person], keyless: dict[str, str], role: PersonRole
) -> Iterator[Filling]:
    for person in everybody:
        who = person.person
        lacks = tuple(part for part in (told.lack(who, role.value, now), keyless[who]) if part)
        if role in person.roles:
            spans = told.roles[who, role.value]
            ends = [span.until for span in spans if span.covers(now)]
            yield Filling(who, person.printed_name, "", "" if None in ends else max(filter(None, ends)), lacks)
        elif not ALONE & set(person.roles):
            for one in told.deputies:
                if (one.deputy, one.role) == (who, role.value) and one.span.covers(now):
                    ended = () if told.deputises(who, one.person, role.value, now) else (_ended(one.person),)
                    yield Filling(who, person.printed_name, one.person, one.span.until or "", lacks + ended)


def _ended(person: str) -> str:
    return f"{person} does not hold the role any more"
