"""Verifying the ledger for a command: from the database alone, without opening the rest of the workspace."""

from pipelines.bootstrap import find_workspace
from pipelines.settings import FILE_NAME, Settings
from registry.database import open_database
from registry.domain.errors import UsageError
from registry.ledger.log_key import LogKey
from registry.ledger.verify import LedgerReport, verify_ledger


def check(saved: str | None, key: str | None) -> LedgerReport:
    """Verify the workspace's ledger; nothing is written, not even a migration.

    Args:
        saved: the text of a checkpoint that was kept elsewhere.
        key: the ledger's public key (C2SP vkey) that was kept elsewhere; read from the workspace unless given.

    Raises:
        UsageError: when there is neither a key file nor a given key.
    """
    root = find_workspace(None)
    settings = Settings.read(root / FILE_NAME)
    place = root / "keys" / "ledger.pem"
    if key is None and not place.is_file():
        raise UsageError(
            "the ledger's key is missing", where="keys/ledger.pem", mend="give the public key: --key NAME+ID+KEY"
        )
    engine = open_database(settings.database_url(root))
    return verify_ledger(engine, key or LogKey.load(place).public_vkey, saved)
