"""The measured fields of a card: read from evaluations and cohorts, and from nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.domain.card import CardField, FieldKind, Source
from registry.domain.card_fields import AXES
from registry.domain.cohort import Cohort
from registry.domain.vocabulary import Role
from registry.evaluations import StoredEvaluation

Json = Mapping[str, Any]
BETWEEN = "*"  # between two axes that meet
DEMOGRAPHIC = ("sex", "age_band", "race", "ethnicity")


@dataclass(frozen=True)
class Tested:
    """One current evaluation with the cohort that it judged, and the person who ran it."""

    evaluation: StoredEvaluation
    cohort: Cohort
    cohort_seq: int
    person: str

    @property
    def sources(self) -> tuple[Source, ...]:
        """What a value read from it rests on."""
        found = self.evaluation
        return (
            Source("evaluation", found.event_seq, found.digest),
            Source("cohort", self.cohort_seq, found.cohort_digest),
        )

    @property
    def groups(self) -> list[Json]:
        """The metrics of groups by one axis, such as `auc:sex=F`, with their differences from the rest."""
        told = self.evaluation.record.get("groups")
        if told is None:  # judged before groups were, but for scanners
            return [metric for metric in self.evaluation.record["metrics"] if ":" in metric["name"]]
        return [metric for metric in told["found"] if BETWEEN not in metric["axis"]]

    @property
    def unknown(self) -> dict[str, Json]:
        """The share of units that do not state an attribute, by axis; of one that was not looked at, why."""
        told = self.evaluation.record.get("groups") or {"axes": ()}
        return {one["axis"]: one["unknown"] for one in told["axes"] if BETWEEN not in one["axis"]}

    @property
    def whole(self) -> list[Json]:
        """The metrics of the whole cohort."""
        return [metric for metric in self.evaluation.record["metrics"] if ":" not in metric["name"]]


@dataclass(frozen=True)
class Fitted:
    """A cohort that a version was fitted on."""

    cohort: Cohort
    cohort_seq: int

    @property
    def sources(self) -> tuple[Source, ...]:
        """What a value read from it rests on."""
        return (Source("cohort", self.cohort_seq, self.cohort.digest),)


def measured_fields(train: Fitted, tune: Fitted, tested: Sequence[Tested]) -> dict[str, CardField]:
    """Return every measured field; one that nothing on record measures is `unknown`, with the reason.

    Whom the external data represent is among them only where a test states it: elsewhere somebody may declare it.
    """
    internal = _of_role(tested, Role.INTERNAL_TEST)
    external = _of_role(tested, Role.EXTERNAL_TEST)
    local = [one for one in tested if len(one.cohort.sites) == 1]
    no_internal, no_external = "no evaluation on an internal-test cohort", "no evaluation on an external-test cohort"
    no_local = "no evaluation on a cohort of one site"
    stated = [one for one in external if _demographics(one)["stated"]]
    represented = {"external_demographics": _from(stated, _demographics, "")} if stated else {}
    return represented | {
        "training_data": _measured(counts(train.cohort), train.sources),
        "tuning_data": _measured(counts(tune.cohort), tune.sources),
        "training_criteria": _measured(_criteria(train.cohort), train.sources),
        "external_source": _from(external, _where, no_external),
        "external_party": _from(external, _who, no_external),
        "external_process": _from(external, _how, no_external),
        "decision_threshold": _from(tested, _threshold, "no evaluation"),
        "validity_internal": _from(internal, _validity, no_internal),
        "fairness_internal": _fairness(internal, no_internal),
        "validity_external": _from(external, _validity, no_external),
        "fairness_external": _fairness(external, no_external),
        "validity_local": _from(local, _validity, no_local),
        "fairness_local": _fairness(local, no_local),
    }


def assessed_axes(tested: Iterable[Tested]) -> tuple[str, ...]:
    """Return the axes of which every test judged at least two groups, each with a value and an interval.

    An axis that one test judged and another did not is not assessed: a card speaks of all of its tests.
    """
    judged = [{axis for axis in AXES if _judged(one, axis)} for one in tested]
    return tuple(sorted(set.intersection(*judged))) if judged else ()


def counts(cohort: Cohort) -> dict[str, Any]:
    """Return the counts of a cohort."""
    return {
        "cohort": cohort.name,
        "role": cohort.role.value,
        "units": len(cohort.units),
        "positive": cohort.positive,
        "patients": len(cohort.patients()),
        "scanners": len({unit.scanner for unit in cohort.units}),
        "sites": list(cohort.sites),
        "synthetic": cohort.synthetic,
    }


def _of_role(tested: Sequence[Tested], role: Role) -> list[Tested]:
    return [one for one in tested if one.evaluation.role == role]


def _judged(one: Tested, axis: str) -> bool:
    """Say whether two groups of an axis have a value and an interval by the same metric."""
    judged: Counter[str] = Counter()
    for metric in one.groups:
        plain, _, group = metric["name"].partition(":")
        whole = metric["value"] is not None and None not in metric["interval"]
        judged[plain] += whole and group.partition("=")[0] == axis
    return max(judged.values(), default=0) >= 2


def _measured(value: Any, sources: tuple[Source, ...]) -> CardField:
    return CardField(FieldKind.MEASURED, value, sources)


def _unknown(reason: str) -> CardField:
    return CardField(FieldKind.UNKNOWN, reason=reason)


def _from(tested: Sequence[Tested], value: Callable[[Tested], Json], why_not: str) -> CardField:
    if not tested:
        return _unknown(why_not)
    return _measured([dict(value(one)) for one in tested], _sources(tested))


def _fairness(tested: Sequence[Tested], why_not: str) -> CardField:
    """Return what was found of groups; where no group was judged, the field is unknown and says of which axes."""
    if not tested:
        return _unknown(why_not)
    assessed = assessed_axes(tested)
    missing = [axis for axis in AXES if axis not in assessed]
    if not any(one.groups for one in tested):
        return _unknown(f"not assessed: {', '.join(missing)}")
    found = [
        counts(one.cohort) | {"groups": [dict(metric) for metric in one.groups], "unknown": one.unknown}
        for one in tested
    ]
    return _measured({"tests": found, "assessed": list(assessed), "not_assessed": missing}, _sources(tested))


def _sources(tested: Sequence[Tested]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(source for one in tested for source in one.sources))


def _criteria(cohort: Cohort) -> Json:
    return {"selection": list(cohort.selection), "flow": [[step, n] for step, n in cohort.flow]}


def _where(one: Tested) -> Json:
    return counts(one.cohort)


def _who(one: Tested) -> Json:
    return {"cohort": one.cohort.name, "person": one.person, "completed_at": one.evaluation.completed_at}


def _how(one: Tested) -> Json:
    record = one.evaluation.record
    proofs = [{"against": proof["second"], "disjoint": proof["disjoint"]} for proof in record["proofs"]]
    criteria = [f"{row['criterion']}: {row['verdict']}" for row in record["criteria"]]
    return {
        "cohort": one.cohort.name,
        "protocol_digest": one.evaluation.protocol_digest,
        "criteria": criteria,
        "proofs": proofs,
        "verdict": record["verdict"],
        "why": record["why"],
    }


def _demographics(one: Tested) -> Json:
    """Return how many units each group of patients has, and how many do not state it."""
    stated = {
        axis: {metric["group"]: metric["n"] for metric in one.groups if metric["name"].startswith(f"auc:{axis}=")}
        for axis in DEMOGRAPHIC
    }
    unknown = {axis: found["value"] for axis, found in one.unknown.items() if axis in DEMOGRAPHIC}
    return {
        "cohort": one.cohort.name,
        "units": len(one.cohort.units),
        "stated": {axis: groups for axis, groups in stated.items() if groups},
        "unknown": unknown,
    }


def _threshold(one: Tested) -> Json:
    return {"cohort": one.cohort.name, "threshold": one.evaluation.record["threshold"]}


def _validity(one: Tested) -> Json:
    record = one.evaluation.record
    return counts(one.cohort) | {
        "verdict": record["verdict"],
        "why": record["why"],
        "metrics": [dict(metric) for metric in one.whole],
    }
