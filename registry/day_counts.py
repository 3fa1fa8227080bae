"""Stored counts: immutable objects, one version of a day for each change of its rows, told in the ledger.

A version is used only when its row is as the ledger told it and its object has the bytes of its digest; what was
edited by hand is found, reported, and counted anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.count_schema import DayCountRow
from registry.database import in_chunks, reading
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import ArtifactChangedError, LedgerBrokenError, UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import Actor, actor_record
from registry.ledger.store import Ledger, Transaction
from registry.objects import FileObjects

EVENT = "counts.stored"
Told = tuple[str, int, str, str, str]  # day, number, recipe, basis, digest


@dataclass(frozen=True)
class Whose:
    """Whose counts: a model's, of one clinical question or (empty) of all."""

    model: str
    target: str = ""


@dataclass(frozen=True)
class DayVersion:
    """What a version of a day is known by: the day, the digest of its recipe, the digest of its basis."""

    day: str
    recipe: str
    basis: str


@dataclass(frozen=True)
class Proven:
    """The digests of stored versions that are as the ledger told them, and the days of which none is."""

    digests: Mapping[DayVersion, str]
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """Stored versions by day, their bytes and digests, and the days of which a version was there and did not hold."""

    data: Mapping[str, bytes] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


class DayCounts:
    """The stored counts of one workspace."""

    def __init__(self, ledger: Ledger, objects: FileObjects) -> None:
        self._ledger = ledger
        self._objects = objects

    def find(self, whose: Whose, wanted: Sequence[DayVersion]) -> Found:
        """Return the bytes of the wanted versions that are there and hold."""
        asked = {(one.day, one.recipe, one.basis) for one in wanted}
        rows = [row for row in self._rows(whose, sorted({one.day for one in wanted})) if _version(row) in asked]
        told = self._told(rows)
        data, digests, broken = {}, {}, set()
        for row in rows:
            held = self._held(row, told)
            if held is None:
                broken.add(row.day)
            else:
                data[row.day], digests[row.day] = held, row.digest
        return Found(data, digests, tuple(sorted(broken - set(data))))

    def proven(self, whose: Whose, wanted: Sequence[DayVersion]) -> Proven:
        """Return the digests of the wanted versions that are as the ledger told them; their bytes are not read."""
        asked = {(one.day, one.recipe, one.basis): one for one in wanted}
        rows = [row for row in self._rows(whose, sorted({one.day for one in wanted})) if _version(row) in asked]
        told = self._told(rows)
        held = {asked[_version(row)]: row.digest for row in rows if _is_told(row, told)}
        broken = {row.day for row in rows if not _is_told(row, told)} - {version.day for version in held}
        return Proven(held, tuple(sorted(broken)))

    def known(self, whose: Whose, wanted: Sequence[DayVersion]) -> dict[DayVersion, str]:
        """Return the digests of the wanted versions that are on record; their bytes are not read."""
        asked = {(one.day, one.recipe, one.basis): one for one in wanted}
        rows = self._rows(whose, sorted({one.day for one in wanted}))
        return {asked[_version(row)]: row.digest for row in rows if _version(row) in asked}

    def store(
        self, whose: Whose, made: Mapping[DayVersion, bytes], tables: Mapping[str, int], actor: Actor
    ) -> dict[str, str]:
        """Store new versions: the objects first, then their rows and one event; return the digest of each day."""
        digests = {version: self._put(data) for version, data in made.items()}
        if not digests:
            return {}
        with self._ledger.transaction() as tx:
            numbers = _numbers(tx.session, whose)
            told = [
                (version.day, numbers.get(version.day, 0) + 1, version.recipe, version.basis, digest)
                for version, digest in sorted(digests.items(), key=lambda item: item[0].day)
            ]
            seq = _tell(tx, whose, told, tables, actor)
            at = instant_text(self._ledger.clock.now())
            tx.session.add_all(_row(whose, one, tables, at, seq) for one in told)
        return {version.day: digest for version, digest in digests.items()}

    def faults(self) -> Iterator[str]:
        """Say of each stored version that does not hold which it is."""
        with reading(self._ledger.engine) as session:
            rows = list(session.scalars(select(DayCountRow).order_by(*DayCountRow.__table__.primary_key)))
        told = self._told(rows)
        for row in rows:
            if self._held(row, told) is None:
                whose = f"{row.model} {row.target}".strip()
                yield f"version {row.number} of the counts of {whose} on {row.day} was changed, or is gone"

    def _rows(self, whose: Whose, days: Sequence[str]) -> list[DayCountRow]:
        found: list[DayCountRow] = []
        with reading(self._ledger.engine) as session:
            for chunk in in_chunks(days):
                mine = (DayCountRow.model == whose.model, DayCountRow.target == whose.target)
                rows = select(DayCountRow).where(*mine, DayCountRow.day.in_(chunk))
                found += session.scalars(rows.order_by(DayCountRow.day, DayCountRow.number))
        return found

    def _told(self, rows: Sequence[DayCountRow]) -> frozenset[tuple[int, Told]]:
        """Return what the ledger told of versions, with the event; an event that does not hold tells nothing."""
        found: set[tuple[int, Told]] = set()
        for seq in sorted({row.event_seq for row in rows}):
            try:
                payload = self._ledger.payload(seq)
            except (LedgerBrokenError, UnknownNameError):
                continue
            days = payload.get("days", ()) if payload else ()
            found |= {(seq, (one[0], one[1], one[2], one[3], one[4])) for one in days}
        return frozenset(found)

    def _held(self, row: DayCountRow, told: frozenset[tuple[int, Told]]) -> bytes | None:
        if not _is_told(row, told):
            return None
        try:
            return self._objects.get(row.digest)
        except ArtifactChangedError:
            return None

    def _put(self, data: bytes) -> str:
        """Store an object; one whose file was edited by hand is written again."""
        digest = self._objects.put(data)
        try:
            self._objects.get(digest)
        except ArtifactChangedError:
            self._objects.path(digest).unlink()
            self._objects.put(data)
        return digest


def _is_told(row: DayCountRow, told: frozenset[tuple[int, Told]]) -> bool:
    return (row.event_seq, (row.day, row.number, row.recipe, row.basis, row.digest)) in told


def _version(row: DayCountRow) -> tuple[str, str, str]:
    return row.day, row.recipe, row.basis


def _numbers(session: Session, whose: Whose) -> dict[str, int]:
    newest = select(DayCountRow.day, func.max(DayCountRow.number))
    mine = newest.where(DayCountRow.model == whose.model, DayCountRow.target == whose.target)
    return {row[0]: row[1] for row in session.execute(mine.group_by(DayCountRow.day))}


def _tell(tx: Transaction, whose: Whose, told: Sequence[Told], tables: Mapping[str, int], actor: Actor) -> int:
    payload = {
        "model": whose.model,
        "target": whose.target,
        "days": [list(one) for one in told],
        "tables": dict(tables),
    }
    subjects = (Subject("counts", f"{whose.model} {told[0][0]} to {told[-1][0]}"),)
    return tx.append(EventDraft(EVENT, actor_record(actor), subjects, payload)).seq


def _row(whose: Whose, told: Told, tables: Mapping[str, int], at: str, seq: int) -> DayCountRow:
    day, number, recipe, basis, digest = told
    return DayCountRow(
        model=whose.model,
        target=whose.target,
        day=day,
        number=number,
        digest=digest,
        recipe=recipe,
        basis=basis,
        tables=canonical_bytes(dict(tables)).decode(),
        counted_at=at,
        event_seq=seq,
    )
