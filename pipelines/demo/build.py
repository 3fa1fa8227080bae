"""The first part of the demo: from drawn studies to a version that is live at two sites and in shadow at a third."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.demo.cast import Cast
from pipelines.demo.setting import (
    EPOCHS,
    EXTERNAL,
    HOME,
    MODEL,
    PROTOCOL,
    SHADOW,
    SITES,
    SLICES,
    STUDIES,
    change_plan,
    drawn_hospital,
    labels_map,
)
from pipelines.demo.telling import Bars, Told, outcome
from pipelines.estimate_text import estimate_text
from pipelines.simulation.hospital_dicom import FOLDER, write_studies
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.judging_methods import judging_methods
from pipelines.usecases.predict import predict
from pipelines.usecases.release import approve_and_release
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.change_plans import sign_plan
from registry.domain.errors import LeakFoundError
from registry.domain.model import Evaluation
from registry.domain.vocabulary import Mode, Role
from registry.objects import write_durably

TRAIN, TUNE, INTERNAL, PLAN_TEST, OUTSIDE = (
    "demo-train",
    "demo-tune",
    "demo-internal",
    "demo-plan-test",
    "demo-external",
)
FOLDS = {TRAIN: "0-50%", TUNE: "50-65%", INTERNAL: "65-83%", PLAN_TEST: "83-100%"}
_ROLES = {TRAIN: Role.TRAIN, TUNE: Role.TUNE, INTERNAL: Role.INTERNAL_TEST, PLAN_TEST: Role.INTERNAL_TEST}


def draw(out: Path, seed: int, until: date, bars: Bars) -> Told:
    """Draw the hospital's studies with pixels."""
    with bars("drawing studies") as bar:
        write_studies(
            out / "hospital",
            drawn_hospital(seed),
            studies=int(sum(STUDIES.values())),
            until=until,
            slices=SLICES,
            progress=bar,
        )
    return {"says": [f"{int(sum(STUDIES.values()))} synthetic head MR studies of {len(SITES)} sites"]}


def take_in(workspace: Workspace, out: Path, bars: Bars) -> Told:
    """Take the drawn studies in, with one outcome a study."""
    with bars("taking studies in") as bar:
        taken = [ingest_dicom(workspace, [out / "hospital" / FOLDER / site], site, progress=bar) for site in SITES]
    labels = take_labels_in(workspace, out / "hospital", bars)
    series = sum(report.acquisitions for report in taken)
    return {"series": series, "outcomes": labels, "says": [f"{series} series, {labels} labelled studies"]}


def take_labels_in(workspace: Workspace, folder: Path, bars: Bars) -> int:
    """Take the labels of drawn studies in, known since yesterday."""
    since = workspace.clock.now().astimezone(UTC).date() - timedelta(days=1)
    mapping = folder / "labels-map.toml"
    write_durably(mapping, labels_map(f"{since}T00:00:00Z").encode())
    with bars("taking labels in") as bar:
        return ingest_rows(workspace, "outcomes", [folder / "studies.csv"], mapping=mapping, progress=bar).accepted


def freeze(workspace: Workspace, bars: Bars) -> Told:
    """Freeze cohorts split by patient, one at a site of its own; show that a split by study is refused."""
    here, there = f"site={HOME}", f"site={EXTERNAL}"
    plan: list[tuple[str, Role, Sequence[str]]] = [
        (name, role, (here, f"patient_fold={FOLDS[name]}")) for name, role in _ROLES.items()
    ]
    plan.append((OUTSIDE, Role.EXTERNAL_TEST, (there,)))
    with bars("freezing cohorts") as bar:
        frozen = [freeze_cohort(workspace, name, MODEL, role, select, progress=bar) for name, role, select in plan]
        says = [f"{c.name}: {len(c.units)} studies of {len(c.patients())} patients" for c in frozen]
        try:
            freeze_cohort(workspace, "demo-by-study", MODEL, Role.INTERNAL_TEST, (here, "units=0-20%"), progress=bar)
        except LeakFoundError as leak:
            says.append(f"refused, as it must be: {leak.line()}")
    return {"cohorts": {cohort.name: cohort.digest for cohort in frozen}, "says": says}


def judge(workspace: Workspace, bars: Bars) -> Told:
    """Train, then validate on other patients of the same site and on the external site."""
    with bars("training") as bar:
        version = train(workspace, MODEL, TRAIN, TUNE, seed=1, epochs=EPOCHS, progress=bar)
    verdicts = {name: validated(workspace, version.version, name, bars) for name in (INTERNAL, OUTSIDE)}
    says = [f"{version.name}: {version.artifact_digest}"]
    says += [f"{name}: {verdict_text(found)}" for name, found in verdicts.items()]
    return {"version": version.name, "auc": auc_of(verdicts[INTERNAL]), "says": says}


def validated(workspace: Workspace, version: str, cohort: str, bars: Bars) -> Evaluation:
    """Validate a version on a cohort under the demo's protocol."""
    with bars(f"validating on {cohort}") as bar:
        return validate(workspace, MODEL, version, cohort, PROTOCOL, progress=bar)


def verdict_text(found: Evaluation) -> str:
    """Say a verdict with the area under the curve."""
    auc = next(metric for metric in found.metrics if metric.name == "auc")
    return f"{found.verdict.value}, AUC {estimate_text(auc)}, {auc.n_patients} patients"


def auc_of(found: Evaluation) -> float | None:
    """Return the area under the curve of an evaluation; None where it was not assessed."""
    return next(metric.value for metric in found.metrics if metric.name == "auc")


def decide(workspace: Workspace, cast: Cast) -> Told:
    """Approve by two persons, neither of them the trainer; sign the change plan."""
    lifecycle, version = workspace.lifecycle, workspace.lifecycle.version(MODEL).version
    engineer, quality, clinician = (cast.signer(workspace, p) for p in (cast.engineer, cast.quality, cast.clinician))
    plan, record = change_plan(version, PLAN_TEST), lifecycle.record
    methods = judging_methods(plan)
    acts: list[tuple[str, Callable[[], Any]]] = [
        ("submit", lambda: lifecycle.submit(MODEL, version, engineer, "evidence complete")),
        ("approve, before any review", lambda: approve_and_release(workspace, MODEL, version, quality)),
        ("risk review", lambda: lifecycle.risk_review(MODEL, version, quality, "a miss is caught by the routine read")),
        ("approve, as the trainer", lambda: approve_and_release(workspace, MODEL, version, engineer)),
        ("approve, as quality officer", lambda: approve_and_release(workspace, MODEL, version, quality)),
        ("approve, as clinical lead", lambda: approve_and_release(workspace, MODEL, version, clinician)),
        ("change plan, as quality officer", lambda: sign_plan(record, plan, quality, methods)),
        ("change plan, as clinical lead", lambda: sign_plan(record, plan, clinician, methods)),
    ]
    says = [f"{title}: {outcome(act)}" for title, act in acts]
    return {"state": lifecycle.version(MODEL).state.value, "says": says}


def deploy(workspace: Workspace, cast: Cast, out: Path, bars: Bars) -> Told:
    """Go live at two sites, each with its own acceptance, and into shadow at a third; score through the gate."""
    lifecycle, version = workspace.lifecycle, workspace.lifecycle.version(MODEL).version
    clinician = cast.signer(workspace, cast.clinician)
    accepted = {found.cohort: found.digest for found in lifecycle.evaluations(MODEL, version)}
    steps = [(site, mode) for site in (HOME, EXTERNAL) for mode in ("shadow", "pilot", "live")] + [(SHADOW, "shadow")]
    evidence = {HOME: accepted[INTERNAL], EXTERNAL: accepted[OUTSIDE]}
    says = []
    for site, mode in steps:
        digest = None if mode == "shadow" else evidence[site]

        def act(site: str = site, mode: str = mode, digest: str | None = digest) -> Any:
            return lifecycle.deploy(MODEL, version, site, mode, clinician, "as planned", digest)

        says.append(f"{mode} at {site}: {outcome(act)}")
    with bars("scoring") as bar:
        folder = out / "hospital" / FOLDER / SHADOW
        scored = predict(workspace, MODEL, None, [folder], SHADOW, mode=Mode.RETROSPECTIVE, progress=bar)
    says.append(f"{scored.scored} studies of {SHADOW} scored through the serving gate, in retrospect")
    return {"scored": scored.scored, "says": says}
