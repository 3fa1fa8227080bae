"""Take DICOM files in: one acquisitions row a series, every instance in the catalogue, the rest in quarantine."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.intake.decoder import Decoder
from pipelines.intake.dicom.batch import Batch, Reader, Refused, as_stored, sort_batch, without
from pipelines.intake.dicom.instance import Instance, Origin
from pipelines.intake.dicom.limits import DEFAULT_LIMITS
from pipelines.intake.dicom.place import Opener, Place
from pipelines.intake.dicom.quarantine import Code
from pipelines.intake.dicom.quiet import quiet_pydicom
from pipelines.intake.dicom.refused_files import record_refused_files, write_refused_files
from pipelines.intake.dicom.series import Series, SeriesBuilder
from pipelines.intake.dicom.walker import Listing, list_places
from pipelines.usecases.contract_gate import hold_to_contract
from registry.catalogue import StoredInstance, write_instances
from registry.database import reading
from registry.domain.digest import digest_value
from registry.domain.errors import InputRefusedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.names import MEND, is_name
from registry.domain.person import actor_record
from registry.domain.ports import Progress
from registry.domain.vocabulary import Site, Unit
from registry.ledger.store import Transaction
from registry.registered import known_sites, register_site
from registry.tables import Batch as RowBatch


@dataclass(frozen=True)
class DicomReport:
    """What became of the files of an intake."""

    site: str
    files: int
    acquisitions: int
    corrected: int
    instances: int
    unchanged: int
    quarantine: Mapping[str, int]
    patients: int = 0
    indexes: int = 0
    messages: tuple[str, ...] = ()
    refused_list: Path | None = field(default=None)

    @property
    def quarantined(self) -> int:
        """Number of quarantined files."""
        return sum(self.quarantine.values())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "site": self.site,
            "files": self.files,
            "acquisitions": self.acquisitions,
            "corrected": self.corrected,
            "instances": self.instances,
            "patients": self.patients,
            "unchanged": self.unchanged,
            "quarantined": self.quarantined,
            "quarantine": dict(self.quarantine),
            "indexes": self.indexes,
            "messages": list(self.messages),
            "refused_list": None if self.refused_list is None else f"quarantine/{self.refused_list.name}",
        }

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        counts = (
            f"{self.site}: {self.instances} images of {self.acquisitions} series, {self.patients} patients taken in; "
            f"{self.unchanged} known already, {self.quarantined} of {self.files} files quarantined"
        )
        return [counts, *(f"  {n:6} quarantined: {code}" for code, n in self.quarantine.items())]


@dataclass(frozen=True)
class _Work:
    """One intake under way: the workspace, the site, and what its files turned out to be."""

    workspace: Workspace
    site: Site
    reader: Reader
    batch: Batch
    digest: str
    files: tuple[str, ...]


def ingest_dicom(
    workspace: Workspace, paths: Sequence[Path], site: str, *, synthetic: bool = False, progress: Progress
) -> DicomReport:
    """Take DICOM files in for one site; every file ends accepted, known already, or quarantined with a code.

    Args:
        workspace: where they go.
        paths: folders, DICOM files, zip archives, DICOMDIRs.
        site: the site that acquired them; an unknown one is put on record with the settings' time zone.
        synthetic: whether to mark all of them as synthetic; objects that say so themselves are marked anyway.
        progress: advances by files.

    Raises:
        UsageError: when the site's name is no name, or no path is given.
        UnreadableFileError: when a path does not exist.
        InputRefusedError: when no file was DICOM; the quarantine is on record.
        ContractBrokenError: when the rows break the table's contract; nothing is taken in.
    """
    if not paths:
        raise UsageError("no paths", mend="name at least one folder or file")
    if not is_name(site):
        raise UsageError("that is no name of a site", mend=MEND)
    place, messages = _site(workspace, site)
    listing = list_places(paths, DEFAULT_LIMITS)
    origin = Origin(site, place.time_zone, workspace.pseudonyms, DEFAULT_LIMITS)
    with quiet_pydicom(), Opener() as opener, Decoder() as decoder:
        reader = Reader(origin, opener, workspace.seal)
        work = _read(workspace, place, reader, listing, progress)
        series = list(SeriesBuilder(reader, decoder, workspace.catalogue).build(work.batch.new))
    return _take(work, series, listing, synthetic=synthetic, messages=messages)


def _site(workspace: Workspace, name: str) -> tuple[Site, tuple[str, ...]]:
    with reading(workspace.engine) as session:
        known = known_sites(session).get(name)
    if known is not None:
        return known, ()
    section = workspace.settings.sites.get(name)
    zone = workspace.settings.time_zone(name)
    found = Site(name, zone, section.organisation if section else "")
    where = "as the settings say" if section else "the default: name the site in overread.toml if that is wrong"
    return found, (f"new site '{name}', time zone {zone} ({where})",)


def _read(workspace: Workspace, site: Site, reader: Reader, listing: Listing, progress: Progress) -> _Work:
    found, refused = reader.read(listing.places, progress)
    refused += [reader.unopened(place, code) for place, code in listing.refused]
    progress.advance(len(listing.refused))
    batch = sort_batch(found, workspace.catalogue, workspace.clock.now())
    batch.refused = [*refused, *batch.refused]
    contents = tuple(sorted([one.content_digest for one in found] + [one.digest for one in refused]))
    return _Work(workspace, site, reader, batch, digest_value({"site": site.site, "files": contents}), contents)


def _take(
    work: _Work, series: Sequence[Series], listing: Listing, *, synthetic: bool, messages: tuple[str, ...]
) -> DicomReport:
    batch = work.batch
    for one in series:
        for instance, code in one.refused:
            batch = without(batch, [instance], code)
    stored = _store_all(work, series, synthetic=synthetic)
    for group in stored:
        batch = without(batch, group.lost, Code.ROW_REFUSED)
    refused_list = _finish(work, batch)
    if not batch.new and not batch.unchanged and all(one.code is Code.NOT_DICOM for one in batch.refused):
        raise InputRefusedError("no DICOM file among the paths", mend="name the folder that holds the images")
    return DicomReport(
        site=work.site.site,
        files=len(listing.places) + len(listing.refused),
        acquisitions=sum(group.new for group in stored),
        corrected=sum(group.corrected for group in stored),
        instances=len(batch.new),
        unchanged=batch.unchanged,
        quarantine=dict(sorted(Counter(one.code.value for one in batch.refused).items())),
        patients=len({instance.patient for instance in batch.new}),
        indexes=listing.indexes,
        messages=messages,
        refused_list=refused_list,
    )


@dataclass(frozen=True)
class _Stored:
    """What a group of series became: rows appended, corrections among them, instances whose row was refused."""

    new: int = 0
    corrected: int = 0
    lost: tuple[Instance, ...] = ()


def _store_all(work: _Work, series: Sequence[Series], *, synthetic: bool) -> list[_Stored]:
    """Store real and synthetic series as batches of their own: the mark belongs to a batch."""
    groups: dict[bool, list[Series]] = {False: [], True: []}
    for one in series:
        if one.row:
            groups[synthetic or one.synthetic].append(one)
    workspace = work.workspace
    hold_to_contract(workspace, "acquisitions", [one.row for one in series if one.row], workspace.clock.now())
    return [_store(work, group, synthetic=mark) for mark, group in groups.items()]


def _store(work: _Work, series: Sequence[Series], *, synthetic: bool) -> _Stored:
    """Append the rows of some series; their instances enter the catalogue in the same transaction."""
    if not series:
        return _Stored()
    workspace = work.workspace
    heads = _heads(workspace, [one.row["series_uid"] for one in series])
    rows = [_correcting(one.row, heads) for one in series]
    sifted = workspace.tables.sift("acquisitions", rows)
    lost = {refusal.row - 1 for refusal in sifted.refused}
    kept = [instance for index, one in enumerate(series) if index not in lost for instance in one.new]
    instances = [as_stored(instance, workspace.seal) for instance in kept]
    batch = RowBatch(
        work.digest, workspace.actor, workspace.clock.now(), synthetic, len(work.batch.refused), work.files
    )
    done = workspace.tables.store(sifted, batch, _beside(work, instances))
    return _Stored(
        done.new,
        sum("supersedes" in row.values for row in sifted.new),
        tuple(instance for index in sorted(lost) for instance in series[index].new),
    )


def _heads(workspace: Workspace, series: Sequence[str]) -> dict[str, str]:
    """Return the row id of the known row of each series."""
    wanted = set(series)
    known = workspace.tables.read("acquisitions", columns=["series_uid", "row_id"]).to_pylist()
    return {row["series_uid"]: row["row_id"] for row in known if row["series_uid"] in wanted}


def _correcting(row: Mapping[str, Any], heads: Mapping[str, str]) -> dict[str, Any]:
    """Return a row that corrects the known row of its series: a series grows when more of it arrives."""
    head = heads.get(row["series_uid"])
    return dict(row) if head is None else {**row, "supersedes": head}


def _beside(work: _Work, instances: Sequence[StoredInstance]) -> Callable[[Transaction], None]:
    def change(tx: Transaction) -> None:
        register_site(tx, work.site, work.workspace.actor)
        write_instances(tx, instances)

    return change


def _finish(work: _Work, batch: Batch) -> Path | None:
    """Put the refused files and the new places of moved ones on record."""
    workspace = work.workspace
    moved = _moved(workspace, batch.moved)
    place = write_refused_files(workspace.root, work.digest, batch.refused)
    if not moved and not batch.refused:
        return None
    with workspace.ledger.transaction() as tx:
        write_instances(tx, moved)
        if record_refused_files(tx, work.digest, batch.refused, workspace.clock.now()):
            tx.append(_event(work, batch.refused))
    return place


def _moved(workspace: Workspace, instances: Sequence[Instance]) -> list[StoredInstance]:
    """Return the known instances whose file is gone from its old place, with their new one."""
    found = {
        one.instance_uid: one for one in workspace.catalogue.known(Unit.INSTANCE, (i.instance_uid for i in instances))
    }
    return [
        as_stored(instance, workspace.seal)
        for instance in instances
        if not Place.from_text(workspace.seal.open(found[instance.instance_uid].sealed_place)).exists()
    ]


def _event(work: _Work, refused: Sequence[Refused]) -> EventDraft:
    counts = dict(sorted(Counter(one.code.value for one in refused).items()))
    payload = {"batch": work.digest, "site": work.site.site, "quarantined": counts}
    subject = Subject("site", work.site.site)
    return EventDraft("intake.quarantined", actor_record(work.workspace.actor), (subject,), payload)
