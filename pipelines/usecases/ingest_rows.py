"""Take observation files in: parse, check the contract, append; all of it or, blocked, none of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.bootstrap import Workspace
from pipelines.intake.files import Record, Source, open_source
from pipelines.intake.mapping import ColumnMapping, read_mapping
from pipelines.intake.refused_rows import FileRefusal, by_code, record_refused, write_refused
from pipelines.intake.row_context import (
    Known,
    known_to,
    named_sites,
    new_targets,
    refuse_other_units,
    speaks_of_synthetic,
    told_of_new,
)
from pipelines.intake.rows import ParsedRow, ParsedRows, parse_rows
from pipelines.intake.settled_studies import SettledStudies
from pipelines.usecases.contract_gate import hold_to_contract
from registry.domain.columns import ACQUISITIONS, Table
from registry.domain.digest import digest_value
from registry.domain.errors import UnknownNameError, UnreadableFileError, UsageError
from registry.domain.ports import Progress
from registry.domain.refusal import RowRefusal
from registry.domain.vocabulary import Identifiers, Site
from registry.ledger.store import Transaction
from registry.registered import register_site, register_target
from registry.sifting import Sifted
from registry.tables import Batch, table_named
from validation.contracts import ContractResult

SHOWN_REFUSALS = 5
_STEP = 1_000  # rows between two strokes of the progress bar


@dataclass(frozen=True)
class IngestReport:
    """What became of the rows of some files."""

    table: str
    accepted: int
    unchanged: int
    refusals: tuple[FileRefusal, ...]
    quarantine: Path | None
    contract: ContractResult
    segment: str | None
    messages: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """Number of refused rows."""
        return len(self.refusals)

    @property
    def by_code(self) -> Mapping[str, int]:
        """Refused rows by code."""
        return by_code(self.refusals)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "table": self.table,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "by_code": dict(self.by_code),
            "refusals": [one.to_json() for one in self.refusals[:SHOWN_REFUSALS]],
            "quarantine": None if self.quarantine is None else f"quarantine/{self.quarantine.name}",
            "expectations": self.contract.checked,
            "segment": self.segment,
            "messages": list(self.messages),
        }

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        counts = f"{self.accepted} accepted, {self.unchanged} known already, {self.refused} refused"
        codes = [f"  {count} refused: {code}" for code, count in self.by_code.items()]
        first = [f"  {one.line()}" for one in self.refusals[:SHOWN_REFUSALS]]
        place = [f"  all refused rows: {self.quarantine}"] if self.quarantine else []
        return [f"{self.table}: {counts}", *codes, *first, *place]


class _Read(NamedTuple):
    """One file, read: its source, its typed rows, its refusals."""

    source: Source
    rows: list[ParsedRow]
    refusals: list[RowRefusal]


def ingest_rows(
    workspace: Workspace,
    table: str,
    files: Sequence[Path],
    *,
    identifiers: str = Identifiers.ORIGINAL.value,
    mapping: Path | None = None,
    progress: Progress,
) -> IngestReport:
    """Take the rows of files into an observation table.

    Args:
        workspace: where they go.
        table: the table's name.
        files: CSV, Parquet or JSON Lines files; together one batch.
        identifiers: `original` or `pseudonymised`.
        mapping: a TOML file that maps foreign columns.
        progress: advances by rows.

    Raises:
        UnknownNameError: for an unknown table or an unknown word for identifiers.
        UnreadableFileError: when a file cannot be used as a whole; nothing is taken in.
        ContractBrokenError: when the rows break the table's contract; nothing is taken in, the block is on record.
    """
    found, spelling = table_named(table), _identifiers(identifiers)
    if not files:
        raise UsageError("no files", mend="name at least one")
    mapped = ColumnMapping() if mapping is None else read_mapping(found, mapping)
    known = known_to(workspace, found)
    reads = [_read(workspace, found, file, known, (spelling, mapped), progress) for file in files]
    if found is ACQUISITIONS:
        reads = _of_one_patient(workspace, reads)
    digests = [read.source.digest for read in reads]
    batch = digest_value({"table": table, "files": digests, "map": mapped.digest, "identifiers": spelling.value})
    return _take(workspace, found, reads, known, batch)


def _identifiers(word: str) -> Identifiers:
    if word not in set(Identifiers):
        raise UnknownNameError.of("kind of identifiers", word, [kind.value for kind in Identifiers])
    return Identifiers(word)


def _read(
    workspace: Workspace,
    table: Table,
    file: Path,
    known: Known,
    how: tuple[Identifiers, ColumnMapping],
    progress: Progress,
) -> _Read:
    source, mapping = open_source(file), how[1]
    if source.columns is not None:
        _need_columns(table, file, source.columns, mapping)
    context = known.context(workspace, file, *how)
    parsed = parse_rows(table, _advancing(source.records, progress), context)
    if source.columns is None:
        _need_columns(table, file, tuple(parsed.seen), mapping)
    return _with_units(table, source, parsed, known)


def _with_units(table: Table, source: Source, parsed: ParsedRows, known: Known) -> _Read:
    rows, refused = refuse_other_units(table, parsed.rows, known.targets)
    return _Read(source, rows, [*parsed.refusals, *refused])


def _of_one_patient(workspace: Workspace, reads: Sequence[_Read]) -> list[_Read]:
    """Refuse the acquisitions that give a study to another patient or site than is known."""
    settled, kept = SettledStudies(workspace.tables), []
    for read in reads:
        rows, refused = settled.sift(read.rows)
        kept.append(_Read(read.source, rows, [*read.refusals, *refused]))
    return kept


def _advancing(records: Iterator[Record], progress: Progress) -> Iterator[Record]:
    for number, record in enumerate(records, 1):
        if number % _STEP == 0:
            progress.advance(_STEP)
        yield record


def _need_columns(table: Table, file: Path, columns: Sequence[str], mapping: ColumnMapping) -> None:
    absent = mapping.missing(columns)
    if absent:
        names = ", ".join(f"'{name}'" for name in absent)
        raise UnreadableFileError(
            f"the map names columns that the file lacks: {names}", where=str(file), mend="mend the map"
        )
    filled = mapping.names(table, columns)
    missing = [name for name in table.required if name not in filled]
    if missing:
        raise UnreadableFileError(
            f"required columns are missing: {', '.join(missing)}",
            where=str(file),
            mend=f'add them, or map them with --map FILE.toml: [columns] {missing[0]} = "name in the file"',
        )


def _take(workspace: Workspace, table: Table, reads: Sequence[_Read], known: Known, source: str) -> IngestReport:
    """Sift the rows, check the contract of the new ones, store them with everything that belongs to them."""
    origins = [(read, parsed) for read in reads for parsed in read.rows]
    sifted = workspace.tables.sift(table.name, [parsed.values for _, parsed in origins])
    now = workspace.clock.now()
    contract = hold_to_contract(workspace, table.name, [row.values for row in sifted.new], now)
    refusals = _refusals(reads, origins, sifted)
    place = write_refused(workspace.root, source, refusals)
    early = len(refusals) - len(sifted.refused)
    files = tuple(read.source.digest for read in reads)
    synthetic = speaks_of_synthetic([row.values for row in sifted.new], known.studies)
    batch = Batch(source, workspace.actor, now, synthetic, early, files)
    sites = named_sites(workspace, table, [row.values for row in sifted.new], known.sites)
    done = workspace.tables.store(sifted, batch, _beside(workspace, table, known, sifted, sites, (source, refusals)))
    told = told_of_new(sites, known.sites)
    return IngestReport(table.name, done.new, done.unchanged, refusals, place, contract, done.segment, told)


def _refusals(
    reads: Sequence[_Read], origins: Sequence[tuple[_Read, ParsedRow]], sifted: Sifted
) -> tuple[FileRefusal, ...]:
    """Return all refusals in the order of files and rows."""
    found = [FileRefusal(read.source.file, read.source.digest, one) for read in reads for one in read.refusals]
    for one in sifted.refused:
        read, parsed = origins[one.row - 1]
        moved = RowRefusal(parsed.row, one.column, one.code, one.reason)
        found.append(FileRefusal(read.source.file, read.source.digest, moved))
    order = {read.source.file: place for place, read in enumerate(reads)}
    return tuple(sorted(found, key=lambda one: (order[one.file], one.refusal.row)))


def _beside(
    workspace: Workspace,
    table: Table,
    known: Known,
    sifted: Sifted,
    sites: Sequence[Site],
    quarantined: tuple[str, Sequence[FileRefusal]],
) -> Any:
    """Return what else the batch changes: new sites and targets, refused rows; None when nothing does."""
    rows = [row.values for row in sifted.new]
    targets = new_targets(table, rows, known.targets)
    batch, refusals = quarantined

    def change(tx: Transaction) -> None:
        for site in sites:
            register_site(tx, site, workspace.actor)
        for target in targets:
            register_target(tx, target, workspace.actor)
        record_refused(tx, batch, refusals, workspace.clock.now())

    return change if rows or refusals else None
