"""Whether a change lies within a change plan: what differs between two versions, aspect by aspect, and what covers it.

FDA's guidance on predetermined change control plans: a modification that the authorised plan does not describe needs a
new submission. What cannot be told counts as outside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_bytes
from registry.domain.change_plan import ChangePlan
from registry.domain.digest import digest_value
from registry.domain.display import plain
from registry.domain.plan_covers import COVERABLE, EVERY, FIXED
from registry.domain.vocabulary import Verdict

FACTS_SCHEMA, SCHEMA = "overread.version-facts/1", "overread.change-classification/1"
UNKNOWN = ""  # a value that was not recorded
PERFORMANCE, ROLL_OUT = "performance", "roll_out"
# Aspects with one value: another value is one change, not one that went and one that came.
SINGLE = frozenset(
    {*FIXED, "training_studies", "architecture", "preprocessing", "threshold_rule", "recipe", "software"}
)
ASPECTS: tuple[str, ...] = (*FIXED, *COVERABLE, ROLL_OUT)


class Scope(StrEnum):
    """Where a change lies; `unclear` counts as out of scope."""

    IN = "in_scope"
    OUT = "out_of_scope"
    UNCLEAR = "unclear"

    @property
    def words(self) -> str:
        """The scope as it stands in a sentence."""
        return "unclear, and so counts as out of scope," if self is Scope.UNCLEAR else self.value.replace("_", " ")


class Stage(StrEnum):
    """When a change is classified."""

    BEFORE = "before_training"
    AFTER = "after_evaluation"


@dataclass(frozen=True)
class VersionFacts:
    """What a version is made of: per aspect its values in order; an aspect that is absent was not recorded.

    `notes` hold what explains the values, such as the software behind a digest; they are not compared.
    """

    values: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are stored."""
        return {
            "schema": FACTS_SCHEMA,
            "values": {aspect: list(found) for aspect, found in self.values.items()},
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "VersionFacts":
        """Read the record back."""
        return cls({aspect: tuple(found) for aspect, found in record["values"].items()}, record["notes"])

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())

    def of(self, aspect: str) -> tuple[str, ...]:
        """Return an aspect's values; the unknown value where nothing was recorded."""
        return self.values.get(aspect, ()) or (UNKNOWN,)


@dataclass(frozen=True)
class Difference:
    """One way in which a candidate differs: the aspect, what was and what is, and the modification that covers it.

    `covered_by` is None where none does; `unclear` says that the values do not tell whether it is a difference.
    """

    aspect: str
    before: str
    after: str
    covered_by: str | None
    unclear: bool = False

    @property
    def says(self) -> str:
        """One phrase for a person."""
        change = f"'{_shown(self.before)}' to '{_shown(self.after)}'" if self.before and self.after else self._one_sided
        return f"{self.aspect.replace('_', ' ')}: {change}: {self._cover}"

    @property
    def _one_sided(self) -> str:
        if self.after:
            return f"'{_shown(self.after)}' comes"
        return f"'{_shown(self.before)}' goes" if self.before else "not recorded"

    @property
    def _cover(self) -> str:
        if self.covered_by is not None:
            return f"covered by {self.covered_by}"
        return "unclear" if self.unclear else "not covered"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Classification:
    """A candidate classified against a plan.

    Attributes:
        model, base: the model, and the version it was compared with.
        plan, plan_digest: number and digest of the plan.
        stage: before training or after evaluation.
        candidate: digest of the candidate's facts.
        base_facts: digest of the base's facts; empty where none are on record.
        scope: in scope, out of scope, or unclear.
        differences: all of them, in the order of the aspects.
    """

    model: str
    base: str
    plan: int
    plan_digest: str
    stage: Stage
    candidate: str
    base_facts: str
    scope: Scope
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are stored."""
        plainly = dict(vars(self)) | {"stage": self.stage.value, "scope": self.scope.value}
        return {"schema": SCHEMA} | plainly | {"differences": [one.to_json() for one in self.differences]}

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())

    @property
    def why(self) -> str:
        """One sentence: what decides."""
        open_ones = [one.says for one in self.differences if one.covered_by is None]
        if open_ones:
            return "; ".join(open_ones)
        return f"{len(self.differences)} differences, each covered by the plan" if self.differences else "no difference"


def classify(
    plan: ChangePlan,
    base: tuple[str, VersionFacts | None],
    candidate: VersionFacts,
    stage: Stage,
    judged: Mapping[str, Verdict] | None = None,
) -> Classification:
    """Classify a candidate; the same plan and facts give the same bytes.

    Args:
        plan: the plan in force.
        base: the version that the candidate would replace, and its facts; None where they were not recorded.
        candidate: the candidate's facts.
        stage: when.
        judged: after evaluation, what was judged and the verdict: a failed one leaves the plan.
    """
    facts = base[1] or VersionFacts({}, {})
    found = [one for aspect in (*FIXED, *COVERABLE) for one in _aspect(plan, aspect, facts, candidate)]
    used = {one.covered_by for one in found if one.covered_by is not None}
    found += _roll_out(plan, facts, candidate, used)
    found += [_performance(what, verdict) for what, verdict in sorted((judged or {}).items())]
    return Classification(
        plan.model,
        base[0],
        plan.number,
        plan.digest,
        stage,
        candidate.digest,
        base[1].digest if base[1] is not None else "",
        _scope(found),
        tuple(found),
    )


def _scope(found: Sequence[Difference]) -> Scope:
    open_ones = [one for one in found if one.covered_by is None]
    if any(not one.unclear for one in open_ones):
        return Scope.OUT
    return Scope.UNCLEAR if open_ones else Scope.IN


def _aspect(plan: ChangePlan, aspect: str, base: VersionFacts, candidate: VersionFacts) -> Iterator[Difference]:
    """Yield the differences of one aspect; a value that was not recorded on either side is unclear."""
    before, after = base.of(aspect), candidate.of(aspect)
    if UNKNOWN in {*before, *after}:
        yield Difference(aspect, "", "", _covering(plan, aspect, EVERY), unclear=True)
    known = [tuple(value for value in values if value != UNKNOWN) for values in (before, after)]
    if aspect in SINGLE:
        was, now = (", ".join(values) for values in known)
        if was != now and was and now:
            yield Difference(aspect, was, now, _covering(plan, aspect, now))
        return
    gone = [value for value in known[0] if value not in after]
    come = [value for value in known[1] if value not in before]
    if aspect in candidate.values:
        yield from (Difference(aspect, value, "", _covering(plan, aspect, value)) for value in gone)
    if aspect in base.values:
        yield from (Difference(aspect, "", value, _covering(plan, aspect, value)) for value in come)


def _covering(plan: ChangePlan, aspect: str, value: str) -> str | None:
    """Return the id of the first modification that covers a value of an aspect, or None."""
    for entry in plan.modifications:
        if {value, EVERY} & set(entry.get("covers", {}).get(aspect, ())):
            return str(entry["id"])
    return None


def _roll_out(plan: ChangePlan, base: VersionFacts, candidate: VersionFacts, used: set[str]) -> Iterator[Difference]:
    """Yield the difference of where versions are meant to run: a local modification changes no version of all sites."""
    before, after = (", ".join(facts.of(ROLL_OUT)) for facts in (base, candidate))
    scopes = {str(entry["id"]): entry["roll_out"] for entry in plan.modifications}
    local = [name for name in sorted(used) if scopes[name] == "local"]
    everywhere = EVERY in candidate.of(ROLL_OUT)
    if everywhere and local:
        yield Difference(ROLL_OUT, f"{local[0]} is local", after, None)
    elif UNKNOWN in {*base.of(ROLL_OUT), *candidate.of(ROLL_OUT)}:
        yield Difference(ROLL_OUT, "", "", None, unclear=True)
    elif before != after:
        wanted = "global" if everywhere else "local"
        cover = next((name for name, scope in scopes.items() if scope == wanted), None)
        yield Difference(ROLL_OUT, before, after, cover)


def _performance(what: str, verdict: Verdict) -> Difference:
    covered = "acceptance" if verdict is Verdict.PASSED else None
    return Difference(PERFORMANCE, what, verdict.value, covered, unclear=verdict is Verdict.NOT_ASSESSED)


def _shown(value: str) -> str:
    short = f"{value[:19]}…" if value.startswith("sha256:") else value
    return plain(short, 80)


def facts_faults(facts: VersionFacts) -> tuple[str, ...]:
    """Return what keeps facts from being stored: an unknown aspect, or text without canonical bytes."""
    found = [f"unknown aspect '{plain(aspect, 40)}'" for aspect in facts.values if aspect not in ASPECTS]
    try:
        canonical_bytes(facts.to_json())
    except NotCanonicalError as error:
        found.append(f"it holds {error}")
    return tuple(found)
