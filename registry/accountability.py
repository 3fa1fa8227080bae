"""The accountability policy: what every signer answers for, in versions that each accepts with their key (11.10(j)).

Once a version is issued, nobody signs anything but a stop before they accepted it; the next version is accepted anew.
"""

import base64

from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import Actor, PersonRole, actor_record
from registry.domain.text import one_line
from registry.dsse import ACCEPTANCE, seal_envelope
from registry.keys import Signer
from registry.people import People

MEANING = "responsibility: accepts the accountability policy, and that my signature here binds me as on paper"
_ISSUES = frozenset({PersonRole.ADMINISTRATOR, PersonRole.QUALITY_OFFICER, PersonRole.COMPLIANCE})


def issue_policy(people: People, text: bytes, version: str, actor: Actor) -> Event:
    """Issue a version of the policy; it is kept by its digest, the text stays with the hospital's documents.

    Raises:
        UsageError: when the text is empty, or the version has no name or was issued before.
        NotAllowedError: when the actor is neither an administrator, a quality officer nor compliance.
    """
    if actor.role not in {role.value for role in _ISSUES}:
        raise NotAllowedError(f"the role '{actor.role}' issues no policy", mend="ask compliance")
    name = one_line(version, "version")
    if not text.strip() or not name:
        raise UsageError("a policy has a text and a version", mend="give the file, and --version")
    if name in people.roster().policies:
        raise UsageError(f"version {name} of the policy was issued before", mend="an issued version is never changed")
    digest = digest_bytes(text)
    subjects = (Subject("policy", name, digest),)
    draft = EventDraft("policy.issued", actor_record(actor), subjects, {"version": name, "digest": digest})
    with people.ledger.transaction() as tx:
        return tx.append(draft)


def accept_policy(people: People, signer: Signer) -> Event:
    """Let a person accept the version in force with their key; the envelope stands in the event's payload.

    Raises:
        UsageError: when no version was issued, or they accepted it.
        NotAllowedError: when their key no longer counts.
    """
    people.check_signer(signer)
    told, person = people.roster(), signer.person.person
    if not told.policies:
        raise UsageError("no accountability policy was issued", mend="`overread people policy FILE --version V`")
    version, digest = list(told.policies.items())[-1]
    if told.accepted.get(person) == digest:
        raise UsageError(f"{person} accepted version {version} already")
    record = {
        "policy": digest,
        "version": version,
        "person": person,
        "printed_name": signer.person.printed_name,
        "meaning": MEANING,
        "signed_at": instant_text(people.clock.now()),
        "proof": dict(signer.proof),
    }
    envelope = base64.b64encode(seal_envelope(ACCEPTANCE, record, signer)).decode("ascii")
    payload = {"person": person, "version": version, "digest": digest, "envelope": envelope}
    actor = signer.actor(signer.person.roles[0]) if signer.person.roles else Actor(person, "none", "signature")
    subjects = (Subject("person", person), Subject("policy", version, digest))
    with people.ledger.transaction() as tx:
        return tx.append(EventDraft("policy.accepted", actor_record(actor), subjects, payload))
