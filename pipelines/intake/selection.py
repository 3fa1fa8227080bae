"""Which units a cohort may hold: analysed outcomes with their images, and the conditions of a selection."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.bootstrap import Workspace
from registry.catalogue import StoredInstance
from registry.domain.cohort import CohortUnit, SeriesImage
from registry.domain.columns import ACQUISITIONS, Column, Kind
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.joining import analysed_outcomes
from registry.domain.pseudonym import Identifier, Pseudonymizer
from registry.domain.vocabulary import Target, Unit

SHARES = ("patients", "units", "patient_fold")
_FORM = re.compile(r"([A-Za-z_]+)\s*(!=|>=|<=|=)\s*(.+)")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*-\s*(\d{1,3}(?:\.\d+)?)\s*%")
_FORMS = "write COLUMN=a,b  COLUMN!=a  COLUMN>=n  COLUMN<=n  patients=0-60%"
_SELECTABLE = frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.INSTANT})
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """One analysed unit and the acquisitions rows that may stand for it, the first one first.

    `others` are the series of a study beside that one: conditions choose studies, never which series are scored.
    """

    kind: Unit
    unit_uid: str
    truth: bool
    rows: tuple[Row, ...]
    synthetic: bool
    series: tuple[str, ...] = ()

    @property
    def patient(self) -> str:
        """The unit's patient."""
        return str(self.rows[0]["patient"])

    @property
    def others(self) -> tuple[str, ...]:
        """The further series by which a study is scored, in the order of their times."""
        return tuple(uid for uid in self.series if uid != self.rows[0]["series_uid"])

    def unit(self) -> CohortUnit:
        """Return the unit as a cohort holds it, without what its pixels say."""
        row = self.rows[0]
        return CohortUnit(
            unit=self.kind.value,
            unit_uid=self.unit_uid,
            series_uid=row["series_uid"],
            study_uid=row["study_uid"],
            patient=row["patient"],
            site=row["site"],
            scanner=row.get("scanner") or "",
            truth=self.truth,
            also=tuple(SeriesImage(uid) for uid in self.others),
        )


@dataclass(frozen=True)
class Condition:
    """One condition of a selection: its text, what it keeps of the candidates, and whether it is a share of them."""

    text: str
    keep: Callable[[Sequence[Candidate]], list[Candidate]]
    share: bool = False


def parse_selection(select: Sequence[str], pseudonyms: Pseudonymizer) -> tuple[Condition, ...]:
    """Read the conditions of a selection; shares come last, so that they are shares of what the others leave.

    Raises:
        UsageError: for a condition that cannot be read.
        UnknownNameError: for an unknown column.
    """
    return tuple(sorted((_condition(text, pseudonyms) for text in select), key=lambda condition: condition.share))


def candidates_of(workspace: Workspace, target: Target) -> tuple[list[Candidate], list[tuple[str, int]]]:
    """Return the analysed units of a target that have an image, in the order of their UIDs, and the flow so far."""
    outcomes = [row for row in workspace.tables.read("outcomes").to_pylist() if row["target"] == target.target]
    flow = [("outcomes of the target", len(outcomes))]
    analysed, _ = analysed_outcomes(outcomes)
    flow.append(("one determinate outcome a unit", len(analysed)))
    rows = _rows_of(workspace, analysed)
    synthetic = workspace.catalogue.synthetic_rows("acquisitions")
    found = [
        Candidate(
            Unit(outcome["unit"]),
            outcome["unit_uid"],
            bool(outcome["truth"]),
            standing,
            any(row["row_id"] in synthetic for row in standing),
            tuple(row["series_uid"] for row in standing) if outcome["unit"] == Unit.STUDY else (),
        )
        for outcome in sorted(analysed, key=lambda row: str(row["unit_uid"]))
        if (standing := rows.get(outcome["unit_uid"], ()))
    ]
    flow.append(("image taken in", len(found)))
    return found, flow


def share_of(pseudonyms: Pseudonymizer, value: str) -> float:
    """Return where a pseudonym falls in 0..100 by a keyed hash: the same in every cohort, whatever is added later."""
    mark = pseudonyms.of(Identifier.TEXT, f"share\x1f{value}").removeprefix("p:")
    return int(mark[:13], 16) / 16**13 * 100


def _rows_of(workspace: Workspace, outcomes: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    """Return, by unit, the acquisitions rows of the series that may stand for it."""
    by_series = {row["series_uid"]: row for row in workspace.tables.read("acquisitions").to_pylist()}
    found: dict[str, tuple[Row, ...]] = {}
    for kind in {Unit(outcome["unit"]) for outcome in outcomes}:
        mine = [outcome for outcome in outcomes if outcome["unit"] == kind]
        series = _series_of(workspace, kind, mine)
        for outcome in mine:
            rows = [by_series[uid] for uid in series.get(_key(kind, outcome), ()) if uid in by_series]
            found[outcome["unit_uid"]] = tuple(sorted(rows, key=lambda row: (row["acquired_at"], row["series_uid"])))
    return found


def _series_of(workspace: Workspace, kind: Unit, outcomes: Sequence[Row]) -> dict[str, list[str]]:
    """Return, by the key of a unit, the series that hold its images."""
    level = Unit.STUDY if kind is Unit.LESION else kind
    known = workspace.catalogue.known(level, (_key(kind, outcome) for outcome in outcomes))
    found: dict[str, set[str]] = {}
    for instance in known:
        found.setdefault(_level_uid(level, instance), set()).add(instance.series_uid)
    return {uid: sorted(series) for uid, series in found.items()}


def _key(kind: Unit, outcome: Row) -> str:
    return str(outcome["study_uid"] if kind is Unit.LESION else outcome["unit_uid"])


def _level_uid(level: Unit, instance: StoredInstance) -> str:
    names = {Unit.STUDY: "study_uid", Unit.SERIES: "series_uid", Unit.INSTANCE: "instance_uid"}
    return str(getattr(instance, names[level]))


def _condition(text: str, pseudonyms: Pseudonymizer) -> Condition:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"a condition that cannot be read: '{text}'", mend=_FORMS)
    name, sign, value = found.groups()
    if name in SHARES:
        return _share(text, name, sign, value, pseudonyms)
    column = ACQUISITIONS.column(name)
    if column is None or column.kind not in _SELECTABLE:
        known = [column.name for column in ACQUISITIONS.columns if column.kind in _SELECTABLE]
        raise UnknownNameError.of("column of acquisitions", name, [*known, *SHARES])
    if sign in {">=", "<="}:
        return _ordered(text, column, sign, value)
    return _among(text, column, sign, frozenset(part.strip() for part in value.split(",")))


def _share(text: str, name: str, sign: str, value: str, pseudonyms: Pseudonymizer) -> Condition:
    """Read a share of the patients or units: by rank in the order of a keyed hash, or by the hash itself.

    Ranks give exact shares of what is there now; the fold of a patient stays the same whatever is added later.
    """
    found = _SHARE.fullmatch(value.strip())
    low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    if sign != "=" or not 0 <= low < high <= 100:
        raise UsageError(f"a share that cannot be read: '{text}'", mend=f"write {name}=LOW-HIGH%, such as {name}=0-60%")

    def keep(candidates: Sequence[Candidate]) -> list[Candidate]:
        keys = [candidate.unit_uid if name == "units" else candidate.patient for candidate in candidates]
        place = {key: share_of(pseudonyms, key) for key in keys}
        if name != "patient_fold":
            place = _ranks(place)
        return [candidate for candidate, key in zip(candidates, keys, strict=True) if low <= place[key] < high]

    return Condition(text, keep, share=True)


def _ranks(place: Mapping[str, float]) -> dict[str, float]:
    """Return each key's rank in 0..100 (the middle of its step) in the order of its place."""
    ordered = sorted(place, key=lambda key: (place[key], key))
    return {key: (rank + 0.5) / len(ordered) * 100 for rank, key in enumerate(ordered)}


def _by_row(text: str, keeps: Callable[[Row], bool]) -> Condition:
    """Return a condition on the rows of a candidate; one without a row that meets it is left out."""

    def keep(candidates: Sequence[Candidate]) -> list[Candidate]:
        kept = [replace(each, rows=tuple(row for row in each.rows if keeps(row))) for each in candidates]
        return [candidate for candidate in kept if candidate.rows]

    return Condition(text, keep)


def _ordered(text: str, column: Column, sign: str, value: str) -> Condition:
    limit: Any = value
    if column.kind is Kind.NUMBER:
        try:
            limit = float(value)
        except ValueError as error:
            raise UsageError(f"no number in '{text}'", mend="write it as 1.5") from error
    elif column.kind is not Kind.INSTANT:
        raise UsageError(f"'{column.name}' has no order", mend=f"write {column.name}=value")

    def keeps(row: Row) -> bool:
        known = row.get(column.name)
        return known is not None and bool(known >= limit if sign == ">=" else known <= limit)

    return _by_row(text, keeps)


def _among(text: str, column: Column, sign: str, values: Iterable[str]) -> Condition:
    wanted = frozenset(_spelled(column, value) for value in values)

    def keeps(row: Row) -> bool:
        known = row.get(column.name)
        return (known is not None and _spelled(column, known) in wanted) is (sign == "=")

    return _by_row(text, keeps)


def _spelled(column: Column, value: Any) -> str:
    if column.kind is Kind.NUMBER:
        try:
            return repr(float(value))
        except ValueError as error:
            raise UsageError(f"'{column.name}' is a number", mend=f"write {column.name}=1.5") from error
    return str(value).casefold()
