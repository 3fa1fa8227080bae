"""A rich dossier that tests of charts, report and web share: realistic numbers, and hostile names where asked for."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from groups_told import some_groups
from monitor_runs import MODEL, digest, monitor, signal, signals
from record_told import some_card, some_lineage

from registry.domain.dossier import (
    AppendixView,
    CalibrationBin,
    CheckpointView,
    CohortView,
    CurvePoint,
    DailyPoint,
    Dossier,
    EvaluationView,
    FleetRow,
    LedgerRow,
    RoleRow,
    SignatureView,
    WatchedView,
)
from registry.domain.errors import UnknownNameError
from registry.domain.estimate import Estimate
from registry.domain.lifecycle import VersionState
from registry.domain.model import CriterionResult, Deployment, Evaluation, ModelVersion, OperatingPoint
from registry.domain.record_views import CardView, LineageView
from registry.domain.vocabulary import Role, Verdict

HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "=cmd|'/c calc'!A1",
    "\u202egnp.exe\u2066 Dr. X",
    '#read("/etc/passwd")',
    "'; DROP TABLE events; --",
    "\x1b[31mred\x07",
    "</title><script>alert(2)</script>",
    "王芳 $x$ *bold* @ref",
)


def estimate(name: str, value: float, half: float, n: int, positive: int, patients: int) -> Estimate:
    """Return an estimate with a symmetric interval."""
    low, high = max(0.0, value - half), min(1.0, value + half)
    return Estimate(name, value, low, high, n, positive, patients, method="patient-clustered (Obuchowski 1997)")


def metrics() -> tuple[Estimate, ...]:
    """Return metrics of an evaluation that can be judged."""
    return (
        estimate("auc", 0.912345678901, 0.0411, 642, 231, 48),
        estimate("sensitivity", 0.8744588744589, 0.0512, 642, 231, 48),
        estimate("specificity", 0.841849148418, 0.0467, 642, 231, 48),
        estimate("brier", 0.0987654321, 0.0123, 642, 231, 48),
        estimate("ece", 0.0312345678, 0.0101, 642, 231, 48),
        Estimate("cox_slope", 1.0834, 0.79, 1.41, 642, 231, 48, method="logistic recalibration (Cox 1958)"),
    )


def internal_evaluation() -> Evaluation:
    """Return an internal evaluation that passed."""
    found = metrics()
    limits = (0.8, 0.75, 0.75)
    criteria = tuple(
        CriterionResult(f"{m.name} at least {limit}", Verdict.PASSED, m, limit, f"lower bound {m.low:.3f} >= {limit}")
        for m, limit in zip(found, limits, strict=False)
    )
    return Evaluation(
        MODEL,
        "3",
        digest("artifact"),
        "sarcoma-internal",
        digest("internal"),
        Role.INTERNAL_TEST,
        digest("protocol"),
        26214 / 65536,
        found,
        criteria,
        Verdict.PASSED,
        "all three criteria are met on the bound of their interval",
        digest("scores"),
        ({"first": "sarcoma-train", "second": "sarcoma-internal", "disjoint": True, "overlaps": []},),
        synthetic=False,
        groups=some_groups(),
    )


def transfer_evaluation() -> Evaluation:
    """Return a transfer evaluation that could not be judged: too few patients."""
    reason = "4 patients with a positive unit, 10 are needed"
    found = tuple(Estimate(name, None, None, None, 61, 14, 6, reason=reason) for name in ("auc", "sensitivity"))
    criteria = (CriterionResult("auc at least 0.8", Verdict.NOT_ASSESSED, found[0], 0.8, reason),)
    return replace(
        internal_evaluation(),
        cohort="sarcoma-ge-apart",
        cohort_digest=digest("transfer"),
        cohort_role=Role.TRANSFER_TEST,
        metrics=found,
        criteria=criteria,
        verdict=Verdict.NOT_ASSESSED,
        why=reason,
    )


def roc_points() -> tuple[CurvePoint, ...]:
    """Return a binormal-looking curve."""
    return tuple(CurvePoint(step / 60, (step / 60) ** 0.073) for step in range(61))


def bins() -> tuple[CalibrationBin, ...]:
    """Return ten bins whose observed shares lie near the diagonal."""
    found = []
    for index in range(10):
        mean = (index + 0.5) / 10
        observed = min(1.0, max(0.0, mean + 0.05 * math.sin(index * 2)))
        half = 0.05 + 0.02 * (index % 4)
        n = 150 - 12 * index
        found.append(CalibrationBin(mean, observed, max(0.0, observed - half), min(1.0, observed + half), n))
    return tuple(found)


def evaluation_view(evaluation: Evaluation, seq: int, *, curves: bool) -> EvaluationView:
    """Return an evaluation as the dossier holds it."""
    at = f"2026-08-{seq:02d}T14:05:09.000123Z"
    shown = (roc_points(), bins()) if curves else ((), ())
    return EvaluationView(evaluation.to_json(), evaluation.digest, seq, at, *shown)


def daily() -> tuple[DailyPoint, ...]:
    """Return four weeks of days; Sundays are empty, and one day is far off."""
    found = []
    for step in range(28):
        day = date(2026, 9, 3) + timedelta(days=step)
        n = 0 if day.weekday() == 6 else 14 + (step * 7) % 9
        share = 0.6 if step == 19 else 0.2 + 0.07 * math.sin(step)
        mean = 0.31 + 0.04 * math.sin(step / 3) if n else 0.0
        found.append(DailyPoint(day.isoformat(), n, round(n * share), mean))
    return tuple(found)


def cohorts() -> tuple[CohortView, ...]:
    """Return four cohorts by role."""
    flow = (("instances taken in", 5312), ("of the target, with an outcome", 4876), ("of this split", 3420))
    rows = (
        ("sarcoma-train", "train", 3420, 1190, 241, 5),
        ("sarcoma-tune", "tune", 590, 204, 42, 5),
        ("sarcoma-internal", "internal-test", 642, 231, 48, 5),
        ("sarcoma-ge-apart", "transfer-test", 61, 14, 6, 1),
    )
    return tuple(
        CohortView(name, role, digest(name), units, positive, patients, scanners, ("general",), flow, synthetic=False)
        for name, role, units, positive, patients, scanners in rows
    )


def model_version() -> ModelVersion:
    """Return a validated version."""
    return ModelVersion(
        MODEL,
        "3",
        MODEL,
        VersionState.VALIDATED,
        digest("artifact"),
        digest("sarcoma-train"),
        digest("sarcoma-tune"),
        (OperatingPoint("*", 26214, digest("sarcoma-tune"), "sensitivity at least 0.9 on the tune cohort"),),
        "engineer-1",
        "2026-08-01T09:30:00.000001Z",
        "run-1",
        "3",
        synthetic=False,
        submitted_at="2026-08-02T10:00:00.000000Z",
    )


def signatures() -> tuple[SignatureView, ...]:
    """Return three signatures by different persons."""
    rows = (
        ("Ada Engineer, MSc", "engineer", "authorship: I submit this version for review", 21),
        ("Dr. Carla Lindqvist", "clinical lead", "responsibility: shadow deployment at general", 27),
        ("Owen Obrecht", "quality officer", "review: risk review of these evaluations", 31),
    )
    return tuple(
        SignatureView(name, role, meaning, f"2026-08-{seq:02d}T11:22:33.000004Z", digest(name), f"k{seq:07d}", seq)
        for name, role, meaning, seq in rows
    )


def refused() -> tuple[Mapping[str, str], ...]:
    """Return an approval that was refused."""
    return (
        {
            "at": "2026-08-30T16:00:00.000000Z",
            "act": "approve",
            "person": "lead-1",
            "why": "approval for live use needs an external-test evaluation that passed, site-disjointness proved",
        },
    )


def checkpoint() -> CheckpointView:
    """Return a checkpoint with a C2SP signed note."""
    origin, root = "overread.example/log", hashlib.sha256(b"root").hexdigest()
    signature = "3Jr0cbf1Y4TqLZ9oVxq2sE5m2gQyJvH8Wc0nB7RkP4aXuT6dLzM1oKf9iSeGhUjYtNrVbQwExCpDaFlZsIkOmPqRt+Hj8="
    line = f"— {origin} {signature}"
    note = f"{origin}\n42\nn1cMZq6tXkq5uGm3LkmT8mKq6iJ9m0hYh3bTqg2wY0M=\n\n{line}\n"
    return CheckpointView(origin, 42, root, note, "2026-09-30T23:59:59.000000Z")


def dossier(**changes: Any) -> Dossier:
    """Return the rich dossier, with changes."""
    found = Dossier(
        model=model_version(),
        period=("2026-07-01", "2026-09-30"),
        as_of="2026-09-30T23:59:59.999999Z",
        deployments=(
            Deployment(
                "d-1",
                MODEL,
                "3",
                "general",
                MODEL,
                "shadow",
                "shadow",
                "2026-08-27T11:22:33.000004Z",
                digest("artifact"),
                digest("signature"),
                27,
            ),
        ),
        signatures=signatures(),
        refused_decisions=refused(),
        cohorts=cohorts(),
        evaluations=(
            evaluation_view(internal_evaluation(), 18, curves=True),
            evaluation_view(transfer_evaluation(), 19, curves=False),
        ),
        monitor=monitor(),
        daily=daily(),
        limits=(
            "No external-test evaluation exists: approval for live use is not possible.",
            "The transfer test on sarcoma-ge-apart was not assessed: 4 patients with a positive unit, 10 are needed.",
            "Reads are synthetic: override signals describe a simulation.",
            "The ledger is not anchored outside this workspace.",
        ),
        checkpoint=checkpoint(),
        ledger_verdict="VERIFIED: 42 events, no gap, signature good",
        synthetic=True,
        code_version="0.1.0",
    )
    return replace(found, **changes)


def hostile_dossier(name: str) -> Dossier:
    """Return the dossier with one hostile text wherever foreign text can stand."""
    rich = dossier()
    hostile_signal = signal("SCN001", "scanner", "positive_rate", subject={"scanner": name}, value=0.4, explains=name)
    record = dict(rich.evaluations[0].record) | {"cohort": name, "why": name}
    return replace(
        rich,
        model=replace(rich.model, model=name, target=name, trained_by=name),
        deployments=(replace(rich.deployments[0], site=name),),
        signatures=(replace(rich.signatures[0], printed_name=name, role=name, meaning=name),),
        refused_decisions=({"at": name, "act": name, "person": name, "why": name},),
        cohorts=(replace(rich.cohorts[0], name=name, sites=(name,), flow=((name, 3),)),),
        evaluations=(replace(rich.evaluations[0], record=record),),
        monitor=dict(monitor([*signals(), hostile_signal])) | {"known_time": name},
        limits=(name,),
        checkpoint=replace(rich.checkpoint, origin=name, note=f"{name}\n42\n\n{name}\n"),
        ledger_verdict=name,
    )


def bare_dossier() -> Dossier:
    """Return the dossier of a version that was only registered."""
    empty: dict[str, Any] = {"deployments": (), "signatures": (), "refused_decisions": (), "cohorts": ()}
    return dossier(**empty, evaluations=(), monitor=None, daily=(), limits=(), synthetic=False)


class FakeQueries:
    """Answers from given dossiers; keeps the Queries port's contract."""

    def __init__(self, *dossiers: Dossier) -> None:
        self.dossiers = {found.model.model: found for found in (dossiers or (dossier(),))}
        self.others: dict[str, WatchedView] = {}
        self.asked: list[tuple[str, str | None, str | None]] = []

    def fleet(self) -> Sequence[FleetRow]:
        """Return one row per dossier."""
        return [fleet_row(found) for found in self.dossiers.values()]

    def watched(self, model: str, version: str | None, period: str | None) -> WatchedView | None:
        """Return the model of others that it was given."""
        del version, period
        return self.others.get(model)

    def dossier(self, model: str, version: str | None, period: str | None) -> Dossier:
        """Return a dossier by its model's name."""
        self.asked.append((model, version, period))
        if model not in self.dossiers:
            raise UnknownNameError.of("model", model, self.dossiers)
        return self.dossiers[model]

    def appendices(self, model: str) -> Sequence[AppendixView]:
        """Return one appendix of every model."""
        shown = AppendixView(
            "2026-09-30", "3", "shadow", model, 162, 360, "Evidently 0.7.23", digest("page"), synthetic=True
        )
        return [shown] if model in self.dossiers else []

    def appendix(self, model: str, as_of: str) -> bytes:
        """Return a page with a script of its own."""
        if as_of not in {found.as_of for found in self.appendices(model)}:
            raise UnknownNameError.of("day of an appendix", as_of, ())
        return b"<!doctype html><title>Drift</title><script>document.title = 'ran'</script>"

    def card(self, model: str, version: str | None) -> CardView:
        """Return the card of a model that there is."""
        return some_card(self.dossier(model, version, None).model.model)

    def lineage(self, model: str, version: str | None) -> LineageView:
        """Return the lineage of a model that there is."""
        return some_lineage(self.dossier(model, version, None).model.model)

    def roles(self) -> Sequence[RoleRow]:
        """Return one filled role, one vacant role that a release needs, and one that nobody needs."""
        return (
            RoleRow("engineer", needed=True, vacant=False, filled_by=("<b>Erin</b> (erin)",)),
            RoleRow("clinical lead", needed=True, vacant=True, filled_by=("Clara (clara): training expired",)),
            RoleRow("compliance", needed=False, vacant=True, filled_by=()),
        )

    def ledger(self, last: int) -> Sequence[LedgerRow]:
        """Return the newest events."""
        return ledger_rows()[:last]


def fleet_row(found: Dossier) -> FleetRow:
    """Return the fleet row of a dossier."""
    counts: dict[str, int] = {}
    for entry in (found.monitor or {"signals": []})["signals"]:
        counts[entry["state"]] = counts.get(entry["state"], 0) + 1
    newest = found.evaluations[-1] if found.evaluations else None
    return FleetRow(
        found.model.model,
        found.model.version,
        found.model.target,
        found.model.state.value,
        tuple(f"{d.state} at {d.site}" for d in found.deployments),
        newest.completed_at if newest else "",
        newest.record["verdict"] if newest else "",
        counts,
        0,
        found.monitor["as_of"] if found.monitor else "",
        tuple(s.printed_name for s in found.signatures),
        found.synthetic,
    )


def ledger_rows() -> list[LedgerRow]:
    """Return forty-two events, newest first."""
    kinds = (
        ("decision.refused", "Decision refused", "refused"),
        ("deployment.started", "Deployment started", "done"),
        ("evaluation.recorded", "Evaluation recorded", "not_assessed"),
        ("cohort.frozen", "Cohort frozen", "done"),
    )
    return [
        LedgerRow(
            seq,
            f"2026-08-{1 + seq % 28:02d}T11:22:33.000004Z",
            *kinds[seq % 4][:2],
            "lead-1",
            "clinical lead",
            (f"model:{MODEL}@3", digest(str(seq))[:24] + "…"),
            kinds[seq % 4][2],
            "approval needs an external site" if seq % 4 == 0 else "",
        )
        for seq in range(41, -1, -1)
    ]
