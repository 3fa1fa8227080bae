"""Read a batch of files and tell the new from the known, the moved and the refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from pipelines.intake.dicom.header import content_digest
from pipelines.intake.dicom.instance import Instance, Origin, inspect
from pipelines.intake.dicom.place import Opener, Place
from pipelines.intake.dicom.quarantine import Code, FileRefusedError
from registry.catalogue import Catalogue, Seal, StoredInstance
from registry.domain.digest import digest_bytes
from registry.domain.instants import instant_text
from registry.domain.ports import Progress
from registry.domain.vocabulary import Unit

_FUTURE = timedelta(days=1)


@dataclass(frozen=True)
class Refused:
    """One refused file, named by its content's digest (by its sealed place's when it could not be opened)."""

    digest: str
    code: Code


@dataclass
class Batch:
    """What the files of an intake turned out to be.

    `moved` are known instances whose old file is gone: the catalogue learns their new place.
    """

    new: list[Instance] = field(default_factory=list)
    moved: list[Instance] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, instance: Instance, code: Code) -> None:
        """Refuse an instance that was read."""
        self.refused.append(Refused(instance.content_digest, code))


@dataclass(frozen=True)
class Reader:
    """Reads files for one site; files are opened through one opener, places hidden by one seal."""

    origin: Origin
    opener: Opener
    seal: Seal

    def read(self, places: Sequence[Place], progress: Progress) -> tuple[list[Instance], list[Refused]]:
        """Read every place; nothing stops the batch."""
        found: list[Instance] = []
        refused: list[Refused] = []
        for place in places:
            result = self.read_one(place)
            (found if isinstance(result, Instance) else refused).append(result)  # type: ignore[arg-type]
            progress.advance()
        return found, refused

    def read_one(self, place: Place) -> Instance | Refused:
        """Read one place."""
        try:
            file = self.opener.open(place)
        except FileRefusedError as error:
            return self.unopened(place, error.code)
        with file:
            try:
                return inspect(file, place, self.origin)
            except FileRefusedError as error:
                return self._named(file, place, error.code)
            except OSError:
                return self.unopened(place, Code.UNREADABLE)

    def _named(self, file: BinaryIO, place: Place, code: Code) -> Refused:
        try:
            return Refused(content_digest(file), code)
        except OSError:
            return self.unopened(place, code)

    def unopened(self, place: Place, code: Code) -> Refused:
        """Refuse a place whose content is not read."""
        return Refused(digest_bytes(self.seal.seal(place.to_text())), code)


def sort_batch(instances: Iterable[Instance], catalogue: Catalogue, now: datetime) -> Batch:
    """Compare what was read with the catalogue and with itself, in the order of the files."""
    found = list(instances)
    batch = Batch()
    known = {one.instance_uid: one for one in catalogue.known(Unit.INSTANCE, (i.instance_uid for i in found))}
    owners = _owners(catalogue, found)
    seen: dict[str, str] = {}
    latest = instant_text(now + _FUTURE)
    for instance in found:
        code = _refusal(instance, known, owners, seen, latest)
        if code is not None:
            batch.refuse(instance, code)
            continue
        _place(batch, instance, known.get(instance.instance_uid), repeated=instance.instance_uid in seen)
        seen[instance.instance_uid] = instance.content_digest
        _own(owners, instance)
    return batch


def as_stored(instance: Instance, seal: Seal) -> StoredInstance:
    """Return an instance as the catalogue stores it."""
    return StoredInstance(
        instance_uid=instance.instance_uid,
        series_uid=instance.series_uid,
        study_uid=instance.study_uid,
        patient=instance.patient,
        site=instance.site,
        sealed_place=seal.seal(instance.place.to_text()),
        content_digest=instance.content_digest,
        sop_class=instance.sop_class,
        frames=instance.frames,
        position_mm=instance.position_mm,
    )


_Owners = dict[str, tuple[str, ...]]


def _owners(catalogue: Catalogue, instances: Sequence[Instance]) -> _Owners:
    """Return to whom the series and studies of a batch belong already."""
    owners: _Owners = {}
    for stored in catalogue.known(Unit.STUDY, (instance.study_uid for instance in instances)):
        _own(owners, stored)
    for stored in catalogue.known(Unit.SERIES, (instance.series_uid for instance in instances)):
        _own(owners, stored)
    return owners


def _own(owners: _Owners, one: Instance | StoredInstance) -> None:
    owners.setdefault(one.study_uid, (one.patient, one.site))
    owners.setdefault(one.series_uid, (one.study_uid, one.patient, one.site))


def _refusal(
    instance: Instance, known: Mapping[str, StoredInstance], owners: _Owners, seen: Mapping[str, str], latest: str
) -> Code | None:
    stored = known.get(instance.instance_uid)
    digest = stored.content_digest if stored else seen.get(instance.instance_uid, instance.content_digest)
    if digest != instance.content_digest:
        return Code.UID_COLLISION
    study = owners.get(instance.study_uid, (instance.patient, instance.site))
    series = owners.get(instance.series_uid, (instance.study_uid, instance.patient, instance.site))
    if study != (instance.patient, instance.site) or series != (instance.study_uid, instance.patient, instance.site):
        return Code.IDENTITY_CONFLICT
    return Code.FUTURE_TIME if instance.acquired_at > latest else None


def _place(batch: Batch, instance: Instance, stored: StoredInstance | None, *, repeated: bool) -> None:
    if stored is None and not repeated:
        batch.new.append(instance)
        return
    batch.unchanged += 1
    if stored is not None and not repeated:
        batch.moved.append(instance)


def without(batch: Batch, refused: Sequence[Instance], code: Code) -> Batch:
    """Return a batch from which instances were refused later."""
    gone = {instance.instance_uid for instance in refused}
    found = replace(batch, new=[one for one in batch.new if one.instance_uid not in gone], refused=[*batch.refused])
    for instance in refused:
        found.refuse(instance, code)
    return found
