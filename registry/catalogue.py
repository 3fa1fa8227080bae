"""The catalogue: which instances are known, to whom they belong, and where their files lie (sealed)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, Engine, select

from registry.database import in_chunks, reading
from registry.domain.errors import NotAllowedError
from registry.domain.vocabulary import Unit
from registry.ledger.store import Transaction
from registry.schema import InstanceRow, SegmentKeyRow, SegmentRow

_SEAL_INFO = b"overread/1 file places"
_SEAL_BYTES = 64


class Seal:
    """Hides file places, which may hold names, under a key derived from the workspace's pseudonym key.

    AES-SIV (RFC 5297) is deterministic: the same place gives the same bytes, so a batch taken in twice changes nothing.
    """

    def __init__(self, key: bytes) -> None:
        derived = HKDF(hashes.SHA256(), _SEAL_BYTES, salt=None, info=_SEAL_INFO).derive(key)
        self._cipher = AESSIV(derived)

    def seal(self, text: str) -> bytes:
        """Return the sealed form of a text."""
        return self._cipher.encrypt(text.encode("utf-8", "surrogateescape"), [_SEAL_INFO])

    def open(self, sealed: bytes) -> str:
        """Return the text of a sealed form.

        Raises:
            NotAllowedError: when another key sealed it, or it was changed.
        """
        try:
            return self._cipher.decrypt(sealed, [_SEAL_INFO]).decode("utf-8", "surrogateescape")
        except InvalidTag as error:
            raise NotAllowedError(
                "a file's place cannot be opened", mend="restore the pseudonym key that sealed it"
            ) from error


@dataclass(frozen=True)
class StoredInstance:
    """One instance of the catalogue; identifiers are pseudonyms, `position_mm` lies along the slice normal."""

    instance_uid: str
    series_uid: str
    study_uid: str
    patient: str
    site: str
    sealed_place: bytes
    content_digest: str
    sop_class: str
    frames: int
    position_mm: float | None

    @property
    def order(self) -> tuple[bool, float, str]:
        """Key of the order within a series: by position, then by UID."""
        return (self.position_mm is None, self.position_mm or 0.0, self.instance_uid)


class Catalogue:
    """Reads the catalogue of a workspace; it is written inside the ledger's transactions only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def study_of(self, unit: Unit, unit_uid: str) -> str | None:
        """Return the study of a study, series or instance; None when it was never taken in."""
        found = self._one(unit, unit_uid)
        return None if found is None else found.study_uid

    def series_of(self, unit: Unit, unit_uid: str) -> str | None:
        """Return the series of a series or instance; None for a study, or when it was never taken in."""
        found = None if unit is Unit.STUDY else self._one(unit, unit_uid)
        return None if found is None else found.series_uid

    def instance(self, instance_uid: str) -> StoredInstance | None:
        """Return an instance by its pseudonym, or None."""
        return self._one(Unit.INSTANCE, instance_uid)

    def instances(self, unit: Unit, unit_uid: str) -> tuple[StoredInstance, ...]:
        """Return the instances of a study, series or instance, series by series in geometry order."""
        column = _COLUMNS.get(unit)
        if column is None:
            return ()
        found = self._where(column == unit_uid)
        return tuple(sorted(found, key=lambda instance: (instance.series_uid, instance.order)))

    def known(self, unit: Unit, uids: Iterable[str]) -> tuple[StoredInstance, ...]:
        """Return every instance of many studies, series or instances, in no order."""
        column = _COLUMNS[unit]
        wanted = sorted(set(uids))
        return tuple(found for chunk in in_chunks(wanted) for found in self._where(column.in_(chunk)))

    def image_of(self, unit: Unit, unit_uid: str) -> StoredInstance | None:
        """Return the instance that stands for a unit: itself, or the middle slice of a series; None when unknown."""
        found = self.instances(unit, unit_uid)
        return found[len(found) // 2] if found else None

    def synthetic_rows(self, table: str) -> frozenset[str]:
        """Return the row ids of a table whose batch was marked synthetic."""
        rows = (
            select(SegmentKeyRow.row_id)
            .join(
                SegmentRow,
                (SegmentRow.table_name == SegmentKeyRow.table_name) & (SegmentRow.number == SegmentKeyRow.number),
            )
            .where(SegmentKeyRow.table_name == table, SegmentRow.synthetic)
        )
        with reading(self._engine) as session:
            return frozenset(session.scalars(rows))

    def _one(self, unit: Unit, unit_uid: str) -> StoredInstance | None:
        column = _COLUMNS.get(unit)
        if column is None:
            return None
        found = self._where(column == unit_uid, limit=1)
        return found[0] if found else None

    def _where(self, condition: ColumnElement[bool], limit: int | None = None) -> list[StoredInstance]:
        with reading(self._engine) as session:
            return [_stored(row) for row in session.scalars(select(InstanceRow).where(condition).limit(limit))]


_COLUMNS: Mapping[Unit, ColumnElement[str]] = {
    Unit.STUDY: InstanceRow.study_uid.expression,
    Unit.SERIES: InstanceRow.series_uid.expression,
    Unit.INSTANCE: InstanceRow.instance_uid.expression,
}


def write_instances(tx: Transaction, instances: Iterable[StoredInstance]) -> None:
    """Put instances into the catalogue, inside a transaction; a known one gets its new place."""
    for one in instances:
        position = None if one.position_mm is None else f"{one.position_mm:.6f}"
        tx.session.merge(InstanceRow(**{**vars(one), "position_mm": position}))


def _stored(row: InstanceRow) -> StoredInstance:
    return StoredInstance(
        row.instance_uid,
        row.series_uid,
        row.study_uid,
        row.patient,
        row.site,
        row.sealed_place,
        row.content_digest,
        row.sop_class,
        row.frames,
        None if row.position_mm is None else float(row.position_mm),
    )
