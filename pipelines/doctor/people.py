"""People: vacant roles, locked accounts, keys that end soon, credentials' review, and the letter on signatures."""

from collections.abc import Iterator
from datetime import timedelta

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from registry.domain.instants import instant_text
from registry.organisation import letter_of
from registry.reproofing import REVIEW_EVERY, last_review
from registry.vacancies import vacant_roles

PEOPLE = ("roles", "accounts", "credentials", "letter")
_SOON = timedelta(days=30)


def roles(workspace: Workspace) -> Iterator[Finding]:
    """Say which roles that a release needs are vacant."""
    vacant = vacant_roles(workspace.people)
    says = f"{'; '.join(vacant)}: nothing can be approved; see overread people vacancies"
    yield Finding("roles", State.WATCH, says) if vacant else ok("roles", "every role that a release needs is filled")


def accounts(workspace: Workspace) -> Iterator[Finding]:
    """Say which accounts are locked after bad attempts."""
    locked = workspace.people.guard.locked()
    told = ", ".join(f"{account} until {until}" for account, until in locked.items())
    says = f"locked after bad attempts: {told}; ask whose they are, then overread people unlock"
    yield Finding("accounts", State.WATCH, says) if locked else ok("accounts", "none is locked")


def credentials(workspace: Workspace) -> Iterator[Finding]:
    """Say whose key ends within 30 days, and whether the yearly review of credentials is due."""
    people, now = workspace.people, workspace.clock.now()
    last, told = last_review(people), people.roster()
    valid = {one.person: key for one in people.all() for key in people.keys(one.person, told) if key.valid_at(now)}
    ending = sorted(person for person, key in valid.items() if key.not_after - now < _SOON)
    says = [f"keys end within {_SOON.days} days: {', '.join(ending)} (overread people renew)"] if ending else []
    if valid and (last is None or now - last > REVIEW_EVERY):
        when = f"last {instant_text(last)}" if last else "never yet"
        says.append(f"reviewed {when}: at least once a year, with overread people review")
    yield Finding("credentials", State.WATCH, "; ".join(says)) if says else ok("credentials", "none ends soon")


def letter(workspace: Workspace) -> Iterator[Finding]:
    """Say whether the letter that certifies electronic signatures is on record; an agency asks for it (11.100(c))."""
    known = letter_of(workspace.people)
    missing = "no letter certifies electronic signatures as binding (21 CFR 11.100(c)); see overread people letter"
    if known is None:
        yield Finding("letter", State.WATCH, missing)
    else:
        yield ok("letter", f"electronic signatures certified to {known.addressee} on {known.sent}")
