"""The steps of the demo, each a plain call of the use cases that the commands call."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.estimate_text import estimate_text
from pipelines.progress import Silent
from pipelines.usecases.freeze_cohort import freeze_cohort
from pipelines.usecases.ingest_dicom import ingest_dicom
from pipelines.usecases.ingest_rows import ingest_rows
from pipelines.usecases.issue_report import issue_report
from pipelines.usecases.predict import predict
from pipelines.usecases.run_monitors import run_monitors
from pipelines.usecases.simulate_hospital import simulate_hospital
from pipelines.usecases.simulate_reads import simulate_reads
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.domain.errors import LeakFoundError, OverreadError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.vocabulary import Mode, Role
from registry.ledger.verify import verify_ledger
from registry.objects import write_durably
from registry.people import Signer

MODEL = "lesion-visible"
SITE, EXTERNAL_SITE = "general", "riverside"
STUDIES, SLICES = 1000, 3
RULE = "youden"  # of the operating point: a miss weighs as much as a false call
MAP = """\
[columns]
study_uid = "study"
truth = "lesion"

[constants]
target = "lesion-visible"
unit = "study"
source = "consensus"
established_at = "{established_at}"

[values.truth]
"1" = true
"0" = false
"""


@dataclass(frozen=True)
class Cast:
    """The demo's people, by id, with the folder of their passphrases."""

    engineer: str
    quality: str
    clinician: str
    folder: Path

    def signer(self, workspace: Workspace, person: str) -> Signer:
        """Unlock a person's key."""
        return workspace.people.unlock(person, (self.folder / f"{person}.pass").read_text())


def enrol(workspace: Workspace, folder: Path, secret: Callable[[int], str]) -> Cast:
    """Enrol an engineer, a quality officer and a clinical lead, each with a passphrase of their own."""
    cast = Cast("demo-engineer", "demo-quality", "demo-clinician", folder)
    roles = {  # the engineer is a quality officer too, and still may not approve what they trained
        cast.engineer: (PersonRole.ENGINEER, PersonRole.QUALITY_OFFICER),
        cast.quality: (PersonRole.QUALITY_OFFICER,),
        cast.clinician: (PersonRole.CLINICAL_LEAD,),
    }
    for person, held in roles.items():
        passphrase = secret(18)
        write_durably(folder / f"{person}.pass", passphrase.encode())
        printed = person.replace("-", " ").title()
        workspace.people.add(person, printed, held, passphrase, LOCAL_ADMINISTRATOR)
    return cast


def take_in(workspace: Workspace, out: Path, seed: int) -> dict[str, Any]:
    """Draw the synthetic hospital, take its sites in with their labels."""
    today = workspace.clock.now().astimezone(UTC).date()
    folder = out / "hospital"
    drawn = simulate_hospital(
        folder,
        examination="head-mr",
        studies=STUDIES,
        slices=SLICES,
        seed=seed,
        until=today.isoformat(),
        progress=Silent(),
    )
    sites = [ingest_dicom(workspace, [folder / "dicom" / site], site, progress=Silent()) for site in drawn.sites]
    mapping = out / "labels-map.toml"
    write_durably(mapping, MAP.format(established_at=f"{today - timedelta(days=1)}T00:00:00Z").encode())
    labels = ingest_rows(workspace, "outcomes", [folder / "studies.csv"], mapping=mapping, progress=Silent())
    series = sum(report.acquisitions for report in sites)
    says = [f"{series} series of {len(sites)} sites, {labels.accepted} labelled studies"]
    return {"series": series, "outcomes": labels.accepted, "says": says}


def freeze(workspace: Workspace) -> dict[str, Any]:
    """Freeze cohorts split by patient; show that a split that ignores patients is refused."""
    here, there = f"site={SITE}", f"site={EXTERNAL_SITE}"
    plan = [
        ("demo-train", Role.TRAIN, (here, "patients=0-50%")),
        ("demo-tune", Role.TUNE, (here, "patients=50-65%")),
        ("demo-internal", Role.INTERNAL_TEST, (here, "patients=65-100%")),
        ("demo-external", Role.EXTERNAL_TEST, (there,)),
    ]
    frozen = [freeze_cohort(workspace, name, MODEL, role, select, progress=Silent()) for name, role, select in plan]
    says = [f"{c.name}: {len(c.units)} studies of {len(c.patients())} patients" for c in frozen]
    try:
        freeze_cohort(workspace, "demo-by-slice", MODEL, Role.INTERNAL_TEST, (here, "units=0-20%"), progress=Silent())
    except LeakFoundError as leak:
        says.append(f"refused, as it must be: {leak.line()}")
    return {"cohorts": {cohort.name: cohort.digest for cohort in frozen}, "says": says}


def judge(workspace: Workspace) -> dict[str, Any]:
    """Train, then validate on other patients of the same site."""
    weighing = replace(workspace.settings.defaults, threshold_rule=RULE)
    weighed = replace(workspace, settings=replace(workspace.settings, defaults=weighing))
    version = train(weighed, MODEL, "demo-train", "demo-tune", seed=1, progress=Silent())
    verdict = _validated(workspace, "demo-internal")
    return {
        "version": version.name,
        "says": [f"{version.name}: {version.artifact_digest}", f"demo-internal: {verdict}"],
    }


def _validated(workspace: Workspace, cohort: str) -> str:
    """Validate on a cohort and say the verdict with the area under the curve."""
    evaluation = validate(workspace, MODEL, None, cohort, None, progress=Silent())
    auc = next(metric for metric in evaluation.metrics if metric.name == "auc")
    return f"{evaluation.verdict.value}, AUC {estimate_text(auc)}, {auc.n_patients} patients"


def decide(workspace: Workspace, cast: Cast) -> dict[str, Any]:
    """Ask for approval too early and as the trainer, supply the external site, approve, deploy in shadow."""
    lifecycle, version = workspace.lifecycle, workspace.lifecycle.version(MODEL).version
    engineer, quality, clinician = (cast.signer(workspace, p) for p in (cast.engineer, cast.quality, cast.clinician))
    acts: list[tuple[str, Callable[[], Any]]] = [
        ("submit", lambda: lifecycle.submit(MODEL, version, engineer, "evidence complete")),
        ("approve, without an external site", lambda: lifecycle.approve(MODEL, version, quality, "")),
        ("validate at the external site", lambda: _validated(workspace, "demo-external")),
        ("risk review", lambda: lifecycle.risk_review(MODEL, version, quality, "limits are acceptable for shadow use")),
        ("approve, as the trainer", lambda: lifecycle.approve(MODEL, version, engineer, "")),
        ("approve, as quality officer", lambda: lifecycle.approve(MODEL, version, quality, "")),
        ("approve, as clinical lead", lambda: lifecycle.approve(MODEL, version, clinician, "")),
        ("deploy in shadow", lambda: lifecycle.deploy(MODEL, version, SITE, "shadow", clinician, "watch first")),
    ]
    says = [f"{title}: {_outcome(act)}" for title, act in acts]
    return {"state": lifecycle.version(MODEL).state.value, "says": says}


def _outcome(act: Callable[[], Any]) -> str:
    try:
        done = act()
    except OverreadError as error:
        return f"refused (exit code {int(error.exit_code)}): {error.line()}"
    return done if isinstance(done, str) else str(getattr(done, "says", "done"))


def operate(workspace: Workspace, seed: int) -> dict[str, Any]:
    """Score the site's studies in shadow, simulate a reader study over them, run the monitors as of today."""
    if not workspace.lifecycle.deployments(MODEL):
        return {"says": ["nothing is deployed, so nothing is scored: the version did not pass, as the record shows"]}
    folder = workspace.root.parent / "hospital" / "dicom" / SITE
    scored = predict(workspace, MODEL, None, [folder], SITE, mode=Mode.SHADOW, progress=Silent())
    reads = simulate_reads(workspace, MODEL, None, seed=seed, readers=4, assume_shown=True, progress=Silent())
    run = run_monitors(workspace, MODEL, progress=Silent())
    states = [signal["state"] for signal in run.json["signals"]]
    counts = {state: states.count(state) for state in sorted(set(states))}
    says = [
        f"{scored.scored} predictions, {reads.reads} simulated reads",
        "signals: " + ", ".join(f"{n} {state}" for state, n in counts.items()),
    ]
    return {"predictions": scored.scored, "signals": counts, "says": says}


def report(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Issue the report as PDF and HTML."""
    teller = replace(workspace, actor=LOCAL_ADMINISTRATOR)
    issued = [issue_report(teller, MODEL, None, None, form, out / f"report.{form}") for form in ("pdf", "html")]
    return {
        "files": [str(one.file) for one in issued],
        "says": [f"{one.file.name}: {one.size // 1024} KiB" for one in issued],
    }


def verify(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Keep a checkpoint outside the workspace and verify the ledger against it."""
    newest = workspace.ledger.latest_checkpoint()
    note = "" if newest is None else newest.note
    write_durably(out / "checkpoint.txt", note.encode())
    found = verify_ledger(workspace.engine, workspace.ledger.public_vkey, note)
    return {"verdict": found.verdict, "says": [f"{found.verdict}: {found.why}"]}
