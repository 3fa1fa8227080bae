"""Going back from a pseudonym to its identifier (`whois`): by recomputing over the source, by role, with a purpose.

There is no table of identifiers anywhere. Whoever may ask brings the identifiers of the source system; each is made a
pseudonym again under the workspace's key, and the one that fits is shown. Asking is an event, found or not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.bootstrap import Workspace
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import PersonRole, actor_record
from registry.domain.pseudonym import Identifier, is_pseudonym
from registry.domain.text import one_line

MAY_ASK = frozenset({PersonRole.CLINICAL_LEAD.value, PersonRole.OVERSIGHT.value, PersonRole.COMPLIANCE.value})
KINDS = {
    "patient": Identifier.PATIENT,
    "study": Identifier.UID,
    "reader": Identifier.READER,
    "accession": Identifier.ACCESSION,
    "scanner": Identifier.DEVICE,
}


@dataclass(frozen=True)
class Revealed:
    """What was looked for, among how many identifiers, and the identifier that fits; None when none does."""

    pseudonym: str
    kind: str
    among: int
    identifier: str | None


def reveal(workspace: Workspace, pseudonym: str, kind: str, source: Iterable[str], purpose: str) -> Revealed:
    """Return the identifier among those of a source to which a pseudonym belongs.

    Args:
        workspace: whose key; who is logged in asks.
        pseudonym: what to go back from.
        kind: one of `KINDS`.
        source: identifiers of the source system.
        purpose: why; it goes on record, so it names nobody.

    Raises:
        NotAllowedError: when who is logged in may not ask.
        UsageError: for an unknown kind, what is no pseudonym, or a missing purpose.
        LedgerBrokenError: when the record is read-only: nothing is shown that is not told.
    """
    if not workspace.actor.authenticated or workspace.actor.role not in MAY_ASK:
        roles = ", ".join(sorted(MAY_ASK))
        raise NotAllowedError(
            f"the role '{workspace.actor.role}' does not go back from pseudonyms", mend=f"it takes {roles}, logged in"
        )
    if kind not in KINDS or not is_pseudonym(pseudonym):
        raise UsageError("not a pseudonym of a known kind", mend=f"kinds are {', '.join(sorted(KINDS))}")
    why = one_line(purpose, "purpose")
    if not why:
        raise UsageError("going back from a pseudonym takes a purpose", mend="use --purpose, without naming anybody")
    identifiers = [one.strip() for one in source if one.strip()]
    fitting = (one for one in identifiers if workspace.pseudonyms.of(KINDS[kind], one) == pseudonym)
    found = Revealed(pseudonym, kind, len(identifiers), next(fitting, None))
    _tell(workspace, found, why)
    return found


def _tell(workspace: Workspace, found: Revealed, why: str) -> None:
    payload = {"kind": found.kind, "purpose": why, "found": found.identifier is not None, "among": found.among}
    subjects = (Subject(found.kind, found.pseudonym),)
    draft = EventDraft("identity.revealed", actor_record(workspace.actor), subjects, payload, why)
    with workspace.ledger.transaction() as tx:
        tx.append(draft)
