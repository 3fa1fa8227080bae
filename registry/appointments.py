"""Who stands in for whom, and who is who: roles that end, deputies with a period, accounts, two ids of one human.

Everything is an event; nothing here is taken back, and no name is ever given twice.
"""

from datetime import datetime

from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import ALONE, Actor, PersonRole, actor_record
from registry.domain.roster import Deputy, Span
from registry.domain.text import one_line
from registry.people import PERSON_ID, People, about, require_administrator
from registry.schema import PersonRow
from registry.told import roster


def end_role(people: People, person: str, role: PersonRole, actor: Actor, reason: str = "") -> None:
    """End a person's role now; what they signed in it stays.

    Raises:
        UnknownNameError: when nobody bears the id.
        UsageError: when the person does not hold the role.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    if role not in people.get(person).roles:
        raise UsageError(f"{person} does not hold the role '{role}'", mend="`overread people list` shows who does")
    with people.ledger.transaction() as tx:
        tx.append(about(person, "person.role_ended", actor, {"person": person, "role": role.value}, reason))
        people.tell_vacated(tx, person, (role,), actor)


def appoint_deputy(
    people: People,
    person: str,
    deputy: str,
    role: PersonRole,
    period: tuple[datetime, datetime],
    actor: Actor,
    reason: str = "",
) -> Deputy:
    """Appoint somebody to act for a person in a role, from one instant to another.

    What the deputy signs says for whom; it counts while the person themselves holds the role.

    Raises:
        UnknownNameError: when nobody bears one of the ids.
        UsageError: when the person does not hold the role, the period is none, or both ids are one human.
        NotAllowedError: when the actor is not an administrator, or one of the two left or administers.
    """
    require_administrator(actor)
    whose, who = people.get(person), people.get(deputy)
    begins, ends = period
    if begins >= ends or ends <= people.clock.now():
        raise UsageError("a deputy acts for a stretch of time that is not over", mend="give a later last day")
    if role not in whose.roles:
        raise UsageError(f"{person} does not hold the role '{role}'", mend="a deputy acts in a role that is held")
    told = people.roster()
    if told.human(person) == told.human(deputy):
        raise UsageError(f"{deputy} and {person} are the same human", mend="a deputy is somebody else")
    if not who.active or not whose.active or ALONE & {*who.roles, role}:
        raise NotAllowedError(f"{deputy} cannot act for {person}: administrators, services and who left never do")
    span = Span(instant_text(begins), instant_text(ends))
    payload = {"person": person, "deputy": deputy, "role": role.value, "since": span.since, "until": span.until}
    subjects = (Subject("person", person), Subject("person", deputy))
    with people.ledger.transaction() as tx:
        draft = EventDraft("deputy.appointed", actor_record(actor), subjects, payload, one_line(reason, "reason"))
        tx.append(draft)
    return Deputy(deputy, person, role.value, span)


def end_deputy(people: People, person: str, deputy: str, role: PersonRole, actor: Actor, reason: str = "") -> None:
    """End a deputy's appointment before its time.

    Raises:
        UsageError: when there is no such appointment.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    now, known = instant_text(people.clock.now()), people.roster().deputies
    named = [one for one in known if (one.person, one.deputy, one.role) == (person, deputy, role.value)]
    if not any(one.span.until is None or now < one.span.until for one in named):
        raise UsageError(f"{deputy} does not act for {person} as {role}", mend="`overread people list` shows deputies")
    payload = {"person": person, "deputy": deputy, "role": role.value}
    subjects = (Subject("person", person), Subject("person", deputy))
    with people.ledger.transaction() as tx:
        draft = EventDraft("deputy.ended", actor_record(actor), subjects, payload, one_line(reason, "reason"))
        tx.append(draft)


def declare_same(people: People, person: str, same_as: str, actor: Actor, reason: str) -> None:
    """Put on record that two ids are one human: from now on they count once, in what was signed before too.

    Raises:
        UnknownNameError: when nobody bears one of the ids.
        UsageError: when no reason is given, or they are known to be one.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    if not reason.strip():
        raise UsageError("say how it is known that both are one human", mend="use --reason")
    for known in (person, same_as):
        people.get(known)
    told = people.roster()
    if told.human(person) == told.human(same_as):
        raise UsageError(f"{person} and {same_as} are known to be one human", mend="nothing is left to say")
    subjects = (Subject("person", person), Subject("person", same_as))
    payload = {"person": person, "same_as": same_as}
    with people.ledger.transaction() as tx:
        tx.append(EventDraft("person.same", actor_record(actor), subjects, payload, one_line(reason, "reason")))


def open_account(people: People, person: str, account: str, kind: str, actor: Actor, reason: str = "") -> None:
    """Open one more account of a person, under a name that nobody ever bore.

    Args:
        people: the register.
        person: whose it is.
        account: its name, spelled as a person's id.
        kind: `local`, or `oidc` for one that an identity provider vouches for.
        actor: an administrator.
        reason: why.

    Raises:
        UnknownNameError: when nobody bears the person's id.
        UsageError: for a bad name, or one that was ever given before.
        NotAllowedError: when the actor is not an administrator, or the person left.
    """
    require_administrator(actor)
    if PERSON_ID.fullmatch(account) is None:
        raise UsageError("an account's name has 2 to 63 characters of a-z, 0-9 and '-', and begins with a letter")
    if not people.get(person).active:
        raise NotAllowedError(f"{person} is deactivated and gets no account")
    with people.ledger.transaction() as tx:
        if roster(tx.session).person_of(account) or tx.session.get(PersonRow, account):
            raise UsageError(f"the id '{account}' is taken", mend="ids are never given twice: choose another")
        payload = {"account": account, "person": person, "kind": kind}
        tx.append(about(person, "account.opened", actor, payload, reason))


def close_account(people: People, account: str, actor: Actor, reason: str = "") -> None:
    """Close an account for good; its name stays taken.

    Raises:
        UsageError: when it is a person's own id, or no open account.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    told = people.roster()
    person = told.person_of(account)
    if person is None or account in told.closed:
        raise UsageError(f"there is no open account '{account}'", mend="`overread people list` shows accounts")
    if person == account:
        raise UsageError(f"'{account}' is a person's own id", mend="`overread people deactivate` ends their part")
    with people.ledger.transaction() as tx:
        tx.append(about(person, "account.closed", actor, {"account": account, "person": person}, reason))
