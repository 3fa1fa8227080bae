"""The governance committee: its members, its charter, its meetings and what they decided (GOV-01).

A decision takes a quorum of members who are present and have no conflict of interest; ids of one human count once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.domain.text import one_line
from registry.history import told_events
from registry.keys import Signer
from registry.people import People, require_administrator


@dataclass(frozen=True)
class Committee:
    """Who sits on the committee for which discipline, how many it takes to decide, and its charter by digest."""

    members: Mapping[str, str]
    quorum: int
    charter: str


def set_committee(
    people: People, members: Mapping[str, str], quorum: int, charter: bytes, actor: Actor, reason: str = ""
) -> Committee:
    """Name the members of the committee anew, each with their discipline, and how many it takes to decide.

    Raises:
        UnknownNameError: when nobody bears a member's id.
        UsageError: when two ids are one human, a discipline is missing, or the quorum is no majority or cannot be had.
        NotAllowedError: when the actor is not an administrator, or a member left.
    """
    require_administrator(actor)
    gone = [person for person in members if not people.get(person).active]
    if gone:
        raise NotAllowedError(f"{', '.join(gone)} left and sits on no committee")
    if len(people.roster().humans(*members)) < len(members) or not all(part.strip() for part in members.values()):
        raise UsageError("a committee has different humans, each with a discipline", mend="ID:DISCIPLINE")
    if not len(members) // 2 < quorum <= len(members):
        raise UsageError(f"a quorum of {quorum} among {len(members)}", mend="more than half, at most all")
    if not charter.strip():
        raise UsageError("a committee has a charter", mend="give the file")
    named = {person: one_line(discipline, "discipline") for person, discipline in sorted(members.items())}
    found = Committee(named, quorum, digest_bytes(charter))
    payload = {"members": named, "quorum": quorum, "charter": found.charter}
    subjects = (Subject("committee", "governance", found.charter),)
    with people.ledger.transaction() as tx:
        tx.append(EventDraft("committee.named", actor_record(actor), subjects, payload, one_line(reason, "reason")))
    return found


def committee_of(people: People) -> Committee | None:
    """Return the committee as it was named last; None when never."""
    with reading(people.ledger.engine) as session:
        told = [payload for _, payload in told_events(session, ("committee.named",))]
    return Committee(told[-1]["members"], told[-1]["quorum"], told[-1]["charter"]) if told else None


def record_decision(
    people: People, signer: Signer, present: tuple[str, ...], recused: tuple[str, ...], minutes: bytes, decision: str
) -> Event:
    """Put a decision of the committee on record, with who was there, who stood aside, and the minutes by digest.

    Args:
        people: the register.
        signer: a member who was present; their key was unlocked for this.
        present: the members who were there.
        recused: those of them who stood aside for a conflict of interest.
        minutes: the text of the minutes, which stays with the hospital's documents.
        decision: in one line.

    Raises:
        UsageError: when there is no committee, or nothing was decided or written down.
        NotAllowedError: when somebody named is no member or left, or the signer was not there.
        AnswerIsNoError: when there was no quorum; the meeting is kept on record as refused.
    """
    people.check_signer(signer)
    found = committee_of(people)
    if found is None or not minutes.strip() or not decision.strip():
        raise UsageError("a decision takes a committee, minutes and words", mend="`overread people committee --help`")
    told = people.roster()
    strangers = sorted({*present, *recused} - {one for one in found.members if one not in told.left})
    if strangers or signer.person.person not in present:
        who = ", ".join(strangers) or signer.person.person
        raise NotAllowedError(f"{who} is no member who was present", mend="members alone decide and sign")
    voting = told.humans(*present) - told.humans(*recused)
    enough = len(voting) >= found.quorum
    payload: dict[str, Any] = {
        "decision": one_line(decision, "decision"),
        "present": sorted(set(present)),
        "recused": sorted(set(recused)),
        "quorum": found.quorum,
        "minutes": digest_bytes(minutes),
    }
    subjects = (Subject("committee", "governance", found.charter), Subject("minutes", "meeting", payload["minutes"]))
    actor = actor_record(Actor(signer.person.person, "committee", "signature"))
    with people.ledger.transaction() as tx:
        outcome = "done" if enough else "refused"
        event = tx.append(EventDraft("committee.decided", actor, subjects, payload, outcome=outcome))
    if not enough:
        raise AnswerIsNoError(f"{len(voting)} voted, and a decision takes {found.quorum}", mend="meet again")
    return event
