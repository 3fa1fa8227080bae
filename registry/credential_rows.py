"""The rows of credentials against what the ledger tells: a secret that was exchanged by hand counts for nothing."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.digest import digest_bytes
from registry.history import told_events
from registry.schema import CredentialRow

NONE = "none"  # the digest of a credential that was taken away


def told_credentials(session: Session) -> Mapping[tuple[str, str], str]:
    """Return the digest that the ledger told last of each credential, by account and kind.

    Raises:
        LedgerBrokenError: when an event or a payload that tells of them is not what was signed.
    """
    told = told_events(session, ("credential.set",))
    return {(payload["account"], payload["kind"]): payload["digest"] for _, payload in told}


def credential_faults(session: Session) -> Iterator[str]:
    """Say of each credential that its row is not what the ledger tells.

    Raises:
        LedgerBrokenError: as `told_credentials` does.
    """
    told = dict(told_credentials(session))
    for row in session.scalars(select(CredentialRow).order_by(CredentialRow.account, CredentialRow.kind)):
        if told.pop((row.account, row.kind), NONE) != digest_bytes(row.secret):
            yield f"the ledger tells of another {row.kind} of {row.account}"
    for (account, kind), digest in sorted(told.items()):
        if digest != NONE:
            yield f"the {kind} of {account} was taken out of the database"
