"""The report on how a change plan was carried out: changes, data, results, deviations, from the ledger alone (CHG-10).

It is a function of events, and of the records that they name by digest; an evidence folder carries both, so that the
report can be made again from the folder and compared byte for byte.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_plan import DESCRIPTION

SCHEMA = "overread.plan-report/1"
_NAMED = frozenset({"version", "artifact"})
_COHORT = "cohort.frozen"
_PERSONS_ACTS = frozenset({"deployment.started", "deployment.stopped", "deployment.resumed", "deployment.ended"})
_TYPES = _PERSONS_ACTS | {
    "candidate.compared",
    "change.classified",
    "change_plan.adopted",
    "evaluation.completed",
    "protocol.frozen",
    "reconciliation.differed",
    "release.prepared",
    "serving.refused",
    "submission.declared",
    "test_set.sequestered",
    "provenance.recorded",
    "version.decision_refused",
    "version.registered",
    "version.transitioned",
}
Json = Mapping[str, Any]
Objects = Callable[[str], bytes]


@dataclass(frozen=True)
class ToldEvent:
    """An event with its payload; the payload is empty where it was erased."""

    seq: int
    record: Json
    payload: Json

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.record["type"])

    @property
    def at(self) -> str:
        """When it was appended."""
        return str(self.record["at"])

    @property
    def marks(self) -> dict[str, Any]:
        """Number and instant, as they stand beside every line of the report."""
        return {"event": self.seq, "at": self.at}


def plan_report(
    model: str, period: tuple[str, tuple[date, date]], events: Iterable[ToldEvent], objects: Objects
) -> dict[str, Any]:
    """Return the report on a model and a period.

    Args:
        model: the model.
        period: its text, and its first and last day (UTC).
        events: of the ledger, those that do not speak of the model among them; later ones than the period are left out.
        objects: returns the bytes of a digest that an event names.
    """
    return _Report(model, period, events, objects).record()


def report_bytes(record: Json) -> bytes:
    """Return the bytes of a report, with a line feed."""
    return canonical_bytes(record) + b"\n"


class _Report:
    def __init__(
        self, model: str, period: tuple[str, tuple[date, date]], events: Iterable[ToldEvent], objects: Objects
    ) -> None:
        self._model = model
        self._text, (first, last) = period
        self._days = (first.isoformat(), last.isoformat())
        every = [one for one in events if one.at[:10] <= self._days[1]]
        self._ours = [one for one in every if one.type in _TYPES and self._is_ours(one)]
        self._cohorts = [one for one in every if one.type == _COHORT and one.payload]
        self._objects = objects

    def record(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "model": self._model,
            "period": {"text": self._text, "first": self._days[0], "last": self._days[1]},
            "last_event": self._ours[-1].seq if self._ours else None,
            "plans": list(self._plans()),
            "test_sets": list(self._test_sets()),
            "changes": list(self._changes()),
            "data": list(self._data()),
            "comparisons": [self._comparison(one) for one in self._within("candidate.compared")],
            "evaluations": [self._evaluation(one) for one in self._within("evaluation.completed")],
            "releases": [self._object(one) for one in self._within("release.prepared")],
            "operation": list(self._operation()),
            "deviations": sorted(self._deviations(), key=lambda one: (one["event"], one["kind"])),
        }

    def _is_ours(self, one: ToldEvent) -> bool:
        named = (subject for subject in one.record["subjects"] if subject["kind"] in _NAMED)
        called = any(str(subject["name"]).rpartition("@")[0] == self._model for subject in named)
        return called or one.payload.get("model") == self._model

    def _of(self, kind: str) -> list[ToldEvent]:
        return [one for one in self._ours if one.type == kind and one.payload]

    def _within(self, *kinds: str) -> list[ToldEvent]:
        return [one for kind in kinds for one in self._of(kind) if one.at[:10] >= self._days[0]]

    def _read(self, digest: str) -> Json:
        found: Json = parse_canonical(self._objects(digest))
        return found

    def _object(self, one: ToldEvent) -> dict[str, Any]:
        return dict(self._read(one.payload["digest"])) | {"digest": one.payload["digest"]} | one.marks

    def _plans(self) -> Iterator[dict[str, Any]]:
        for one in self._of("change_plan.adopted"):
            plan = self._read(one.payload["digest"])
            kept = {key: plan[key] for key in ("number", "title", "intended_use", "acceptance")}
            ids = [entry["id"] for entry in plan[DESCRIPTION]]
            signed = {"digest": one.payload["digest"], "signatures": one.payload["signatures"]}
            yield kept | {"modifications": ids, "frozen": plan["frozen"]} | signed | one.marks

    def _test_sets(self) -> Iterator[dict[str, Any]]:
        """Yield each test set with its budget, and the looks that were frozen at it."""
        for one in self._of("test_set.sequestered"):
            told = one.payload
            looks = {
                look.payload["digest"]: {"look": look.payload["look"], "warning": look.payload["warning"]} | look.marks
                for look in reversed(self._of("protocol.frozen"))
                if "look" in look.payload and _names(look, told["cohort_digest"])
            }
            made = sorted(looks.values(), key=lambda look: look["event"])
            kept = {key: told[key] for key in ("cohort", "cohort_digest", "alpha", "looks", "plan")}
            yield kept | {"made": made} | one.marks

    def _changes(self) -> Iterator[dict[str, Any]]:
        """Yield each version that was registered in the period: from what, how it was classified, how it stands."""
        recorded = {one.payload["version"]: one.payload for one in self._of("provenance.recorded")}
        for one in self._within("version.registered"):
            told, version = one.payload, one.payload["version"]
            made = recorded.get(version, {})
            yield {
                "version": version,
                "artifact_digest": told["artifact_digest"],
                "trained_by": told["trained_by"],
                "train_cohort": told["train_cohort"],
                "tune_cohort": told["tune_cohort"],
                "facts": made.get("digest"),
                "before_training": self._classified("digest", made.get("classification")),
                "after_evaluation": self._classified("version", version),
                "new_submission": self._declared(made.get("classification")),
                "state": self._state(version),
                **one.marks,
            }

    def _classified(self, key: str, value: str | None) -> dict[str, Any] | None:
        """Return the newest classification whose payload has a value at a key; None without a value."""
        found = [one for one in self._of("change.classified") if value and one.payload[key] == value]
        if not found:
            return None
        record = self._read(found[-1].payload["digest"])
        kept = {key: record[key] for key in ("scope", "base", "plan", "differences")}
        return kept | {"why": found[-1].payload["why"], "digest": found[-1].payload["digest"]} | found[-1].marks

    def _declared(self, classification: str | None) -> str | None:
        found = [
            one.payload["why"]
            for one in self._of("submission.declared")
            if classification and one.payload["classification"] == classification
        ]
        return found[-1] if found else None

    def _state(self, version: str) -> str:
        moved = [one.payload["target"] for one in self._of("version.transitioned") if one.payload["version"] == version]
        return str(moved[-1]) if moved else "registered"

    def _data(self) -> Iterator[dict[str, Any]]:
        """Yield the cohorts that this period's versions, evaluations and comparisons rest on."""
        kinds = ("version.registered", "evaluation.completed", "candidate.compared", "test_set.sequestered")
        used = {
            str(subject["digest"])
            for one in self._within(*kinds)
            for subject in one.record["subjects"]
            if subject["kind"] == "cohort"
        }
        for one in self._cohorts:
            if one.payload["digest"] in used:
                kept = ("name", "digest", "role", "target", "units", "patients", "synthetic")
                yield {key: one.payload.get(key) for key in kept} | one.marks

    def _comparison(self, one: ToldEvent) -> dict[str, Any]:
        record = self._read(one.payload["digest"])
        keys = (
            "candidate",
            "deployed",
            "original",
            "cohort",
            "plan",
            "look",
            "looks",
            "level",
            "verdict",
            "why",
            "metrics",
            "synthetic",
            "metric_code",
            "protocol_digest",
        )
        return {key: record[key] for key in keys} | {"digest": one.payload["digest"]} | one.marks

    def _evaluation(self, one: ToldEvent) -> dict[str, Any]:
        record = self._read(one.payload["digest"])
        keys = ("version", "cohort", "cohort_role", "protocol_digest", "criteria", "verdict", "why", "synthetic")
        return {key: record[key] for key in keys} | {"digest": one.payload["digest"]} | one.marks

    def _operation(self) -> Iterator[dict[str, Any]]:
        kept = ("deployment", "version", "site", "mode", "fallback")
        for one in sorted(self._within(*sorted(_PERSONS_ACTS)), key=lambda one: one.seq):
            told = {key: one.payload[key] for key in kept if key in one.payload}
            yield {"what": one.type.partition(".")[2], "reason": one.record["reason"]} | told | one.marks

    def _deviations(self) -> Iterator[dict[str, Any]]:
        for kind, (says, holds) in _DEVIATIONS.items():
            for one in self._within(kind):
                if holds(one.payload):
                    version = one.payload.get("version") or None
                    yield {"kind": says(one.payload), "version": version, "why": one.payload["why"]} | one.marks
        for one in self._ours:
            if not one.payload and one.at[:10] >= self._days[0]:
                yield {"kind": "payload erased", "version": None, "why": f"{one.type}: no payload"} | one.marks


def _names(one: ToldEvent, digest: str) -> bool:
    return any(subject["digest"] == digest for subject in one.record["subjects"])


def _not_passed(told: Json) -> bool:
    return bool(told["verdict"] != "passed")


_DEVIATIONS: Mapping[str, tuple[Callable[[Json], str], Callable[[Json], bool]]] = {
    "change.classified": (lambda told: f"{told['scope']} {told['stage']}", lambda told: told["scope"] != "in_scope"),
    "submission.declared": (lambda _: "declared a new submission", lambda _: True),
    "candidate.compared": (lambda told: f"comparison {told['verdict']}", _not_passed),
    "evaluation.completed": (lambda told: f"evaluation {told['verdict']}", _not_passed),
    "version.decision_refused": (lambda told: f"'{told['act']}' refused", lambda _: True),
    "serving.refused": (lambda _: "serving refused", lambda _: True),
    "reconciliation.differed": (lambda _: "model store differed", lambda _: True),
}


def carried_events(events: Sequence[tuple[int, bytes, bytes | None]]) -> Iterator[ToldEvent]:
    """Yield events from their bytes and those of their payloads."""
    for seq, data, payload in events:
        yield ToldEvent(seq, parse_canonical(data), {} if payload is None else parse_canonical(payload))
