"""One study, one patient, one site: rows that say otherwise than what is known are refused one by one."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.intake.rows import ParsedRow
from registry.domain.refusal import CellRefusedError, RefusalCode, RowRefusal
from registry.tables import ObservationTables

_SETTLED = ("patient", "site")


class SettledStudies:
    """Whose the studies are: as the stored acquisitions say, else as the first row of the batch does.

    A correction (`supersedes`) says anew whose a study is.
    """

    def __init__(self, tables: ObservationTables) -> None:
        self._tables = tables
        self._known: dict[str, tuple[str, str]] = {}

    def sift(self, rows: Sequence[ParsedRow]) -> tuple[list[ParsedRow], list[RowRefusal]]:
        """Part the acquisitions of one file into those that agree with what is known and the refused."""
        self._look_up({row.values["study_uid"] for row in rows})
        for row in rows:
            if "supersedes" in row.values:
                self._known[row.values["study_uid"]] = _owner(row)
        kept, refused = [], []
        for row in rows:
            settled = self._known.setdefault(row.values["study_uid"], _owner(row))
            other = [name for name, mine, first in zip(_SETTLED, _owner(row), settled, strict=True) if mine != first]
            if other:
                refused.append(_refusal(other[0]).at(row.row))
            else:
                kept.append(row)
        return kept, refused

    def _look_up(self, studies: set[str]) -> None:
        unknown = sorted(studies - self._known.keys())
        for piece in self._tables.pieces("acquisitions", ("study_uid", *_SETTLED)):
            found = piece.filter(pc.is_in(piece["study_uid"], value_set=pa.array(unknown, pa.string())))
            for study, patient, site in zip(*(column.to_pylist() for column in found.columns), strict=True):
                self._known.setdefault(study, (patient, site))


def _owner(row: ParsedRow) -> tuple[str, str]:
    return row.values["patient"], row.values["site"]


def _refusal(column: str) -> CellRefusedError:
    reason = f"the study is known with another {column}; correct the known row with 'supersedes', or this one"
    return CellRefusedError(column, RefusalCode.OTHER_STUDY, reason)
