"""The predetermined change control plan (PCCP): which changes of a model are foreseen, and how each is made and judged.

Its three parts are those of FDA's guidance of December 2024 on marketing submissions for predetermined change control
plans: description of modifications, modification protocol, impact assessment. The protocol is a matrix of modifications
and areas without an empty cell. The plan is immutable once it is signed; a change of it is a plan with the next number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_bytes
from registry.domain.digest import digest_value
from registry.domain.display import plain
from registry.domain.errors import AnswerIsNoError
from registry.domain.plan_covers import covers_faults
from registry.domain.plan_criteria import Acceptance, acceptance_faults, acceptance_from

SCHEMA = "overread.change-plan/1"
DESCRIPTION, PROTOCOL, IMPACT = "description_of_modifications", "modification_protocol", "impact_assessment"
AREAS = ("data_management", "retraining", "performance_evaluation", "update_procedure")
MODES = ("automatic", "manual")
ROLL_OUTS = ("global", "local")
_HEAD = ("model", "title", "intended_use")
_SAID = ("id", "what", "rationale", "expected_effect", "frequency")
_CHOSEN: Mapping[str, tuple[str, ...]] = {"implementation_mode": MODES, "roll_out": ROLL_OUTS}
_WITHIN, _COVERS = "within_intended_use", "covers"
_MODIFICATION = frozenset({*_SAID, *_CHOSEN, _WITHIN, _COVERS})
_IMPACT = ("benefit", "risk", "mitigation")
CUMULATIVE = "cumulative"
FROZEN = "frozen"  # what signing adds: digests of test set and metric code, and the statistical plan
_KEYS = frozenset({"schema", "number", "acceptance", FROZEN, DESCRIPTION, PROTOCOL, IMPACT, *_HEAD})


@dataclass(frozen=True)
class ChangePlan:
    """A plan that was checked.

    Attributes:
        record: the plan as JSON, whose canonical bytes are what is signed.
        acceptance: what a candidate must show under it.
    """

    record: Mapping[str, Any]
    acceptance: Acceptance

    @property
    def model(self) -> str:
        """The model that may change under it."""
        return str(self.record["model"])

    @property
    def number(self) -> int:
        """The plan's version, from 1."""
        return int(self.record["number"])

    @property
    def name(self) -> str:
        """`MODEL plan N`."""
        return f"{self.model} plan {self.number}"

    @property
    def modifications(self) -> tuple[Mapping[str, Any], ...]:
        """The foreseen modifications."""
        return tuple(self.record[DESCRIPTION])

    @property
    def matrix(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        """Per modification's id its text in each area of the protocol."""
        return tuple((entry["id"], self.record[PROTOCOL][entry["id"]]) for entry in self.modifications)

    @property
    def frozen(self) -> Mapping[str, Any]:
        """What was frozen when it was signed: `test_set`, `metric_code`, `statistics`; empty before."""
        return _table(self.record, FROZEN)

    def frozen_to(self, frozen: Mapping[str, Any]) -> "ChangePlan":
        """Return the plan with what is frozen by its signatures."""
        return ChangePlan({**self.record, FROZEN: dict(frozen)}, self.acceptance)

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.record)


def change_plan_from(record: Mapping[str, Any]) -> ChangePlan:
    """Read a plan.

    Raises:
        AnswerIsNoError: naming what is missing, empty or unknown.
    """
    faults = plan_faults(record)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise AnswerIsNoError(f"the change plan is not complete: {faults[0]}{more}", mend="run `overread plan check`")
    kept = {"schema": SCHEMA} | dict(record) | {"acceptance": acceptance_from(record["acceptance"]).to_json()}
    return ChangePlan(kept, acceptance_from(record["acceptance"]))


def plan_faults(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return everything that a plan lacks or that has another form, each in a phrase; nothing when it is complete."""
    found = [*_unknown("the plan", record, _KEYS), *_head_faults(record)]
    entries = record.get(DESCRIPTION)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        return (*found, f"{DESCRIPTION} is a list of at least one modification")
    names = [str(entry.get("id", "")) for entry in entries]
    found += [f"two modifications bear the id '{plain(name, 40)}'" for name in set(names) if names.count(name) > 1]
    for name, entry in zip(names, entries, strict=True):
        found += _modification_faults(plain(name, 40) or "?", entry)
    found += _cells(PROTOCOL, _table(record, PROTOCOL), names, AREAS)
    impact = _table(record, IMPACT)
    found += _cells(IMPACT, {key: impact[key] for key in impact if key != CUMULATIVE}, names, _IMPACT)
    found += [] if _said(impact.get(CUMULATIVE)) else [f"{IMPACT} x {CUMULATIVE} is empty"]
    found += acceptance_faults(record.get("acceptance"))
    return tuple(found) or _canonical_faults(record)


def _head_faults(record: Mapping[str, Any]) -> list[str]:
    found = [f"{key} is missing" for key in _HEAD if not _said(record.get(key))]
    number = record.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        found.append("number is a whole number from 1")
    if record.get("schema", SCHEMA) != SCHEMA:
        found.append(f"schema is {SCHEMA}")
    return found


def _modification_faults(name: str, entry: Mapping[str, Any]) -> list[str]:
    found = _unknown(f"modification {name}", entry, _MODIFICATION)
    found += [f"{DESCRIPTION} x {name}: {key} is missing" for key in _SAID if not _said(entry.get(key))]
    for key, words in _CHOSEN.items():
        if entry.get(key) not in words:
            found.append(f"{DESCRIPTION} x {name}: {key} is one of {', '.join(words)}")
    if entry.get(_WITHIN) is not True:
        found.append(f"{DESCRIPTION} x {name}: {_WITHIN} is true, or the change is none that a plan can hold")
    return found + covers_faults(f"{DESCRIPTION} x {name}", entry.get(_COVERS))


def _cells(part: str, table: Mapping[str, Any], names: Iterable[str], columns: tuple[str, ...]) -> list[str]:
    """Return the empty cells of a matrix; N/A is a text only with its reason."""
    known = list(names)
    found = [f"{part} speaks of the unknown modification '{plain(str(key), 40)}'" for key in table if key not in known]
    for name in known:
        row = table.get(name)
        row = row if isinstance(row, Mapping) else {}
        found += _unknown(f"{part} x {plain(name, 40)}", row, frozenset(columns))
        for column in columns:
            if not _said(row.get(column)):
                found.append(f"the cell {plain(name, 40)} x {column} of {part} is empty")
            elif _bare(row[column]):
                found.append(f"the cell {plain(name, 40)} x {column} of {part} is N/A without a reason: 'N/A: why'")
    return found


def _bare(text: str) -> bool:
    """Say whether a text is N/A without a reason."""
    word, _, reason = text.strip().partition(":")
    return word.strip().upper() in {"N/A", "NA"} and not reason.strip()


def _table(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def _said(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _unknown(where: str, record: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    return [f"{where} has the unknown key '{plain(str(key), 40)}'" for key in record if key not in known]


def _canonical_faults(record: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        canonical_bytes({key: record[key] for key in record if key != "acceptance"})
    except NotCanonicalError as error:
        return (f"it holds {error}",)
    return ()
