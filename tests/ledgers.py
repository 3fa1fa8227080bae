"""Small ledgers for tests."""

from collections.abc import Sequence
from pathlib import Path

from fakes import FakeClock

from registry.database import migrate, open_database
from registry.domain.event import EventDraft, Subject
from registry.domain.person import LOCAL_ADMINISTRATOR, actor_record
from registry.domain.ports import Clock
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger

ACTOR = actor_record(LOCAL_ADMINISTRATOR)
SERVICE = {"name": "overread", "version": "0.1.0"}


def site_registered(number: int = 0) -> EventDraft:
    """Return a draft that tells of a site."""
    site = f"site-{number}"
    payload = {"site": site, "time_zone": "Europe/Zürich"}
    return EventDraft("site.registered", ACTOR, (Subject("site", site),), payload, reason=f"reason {number}")


def open_ledger(url: str, key: LogKey | None = None, clock: Clock | None = None, copy_to: Path | None = None) -> Ledger:
    """Open a ledger on a migrated database."""
    engine = open_database(url)
    migrate(engine)
    return Ledger(engine, key or LogKey.generate(), clock or FakeClock(), SERVICE, copy_to)


def fill(ledger: Ledger, batches: Sequence[int]) -> None:
    """Append events, one transaction for each batch of that many."""
    for size in batches:
        with ledger.transaction() as transaction:
            for number in range(size):
                transaction.append(site_registered(number))
