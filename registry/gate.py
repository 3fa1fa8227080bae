"""The serving gate: a model runs only when record, ledger, signature and bytes agree, and never by an alias (APP-13).

It copies the model's files afresh into a private folder and hashes that copy; what is loaded is what was hashed. When
anything does not hold, nothing is served and the refusal is put on record.
"""

import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from registry.approvals import state_today
from registry.database import reading
from registry.deployments import require_state_for, running, scope_of
from registry.domain.artifact import require_folder, require_servable
from registry.domain.digest import digest_hex
from registry.domain.display import plain
from registry.domain.emergency import EmergencyUse
from registry.domain.errors import (
    AnswerIsNoError,
    ArtifactChangedError,
    LedgerBrokenError,
    NotAllowedError,
    SignatureBrokenError,
    UnknownNameError,
)
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.lifecycle import MAY_BREAK_GLASS, DeploymentState
from registry.domain.model import Deployment, ModelVersion
from registry.domain.person import UNAUTHENTICATED, Act, Actor, actor_record
from registry.domain.ports import ModelStore
from registry.domain.text import MAX_LETTERS, one_line
from registry.emergency_uses import COUNTERSIGNED, use_begun, use_of
from registry.evidence import verified
from registry.history import last_event
from registry.ledger.store import InclusionProof, Ledger, verify_proof
from registry.lifecycle import Lifecycle
from registry.people import People
from registry.release_signature import require_release
from registry.schema import DeploymentRow, ModelVersionRow, SignatureRow
from registry.signatures import Intent, Statement, require_covers
from registry.told import require_told
from registry.versions import base_subjects, find, name_of

MAX_SIGNING_LAG = timedelta(minutes=5)  # between a signature and the event that tells of it
_LEFTOVER_SECONDS = 86_400  # private copies that a killed process left behind
_RUNNING = frozenset({"deployment.started", "deployment.resumed"})
_CHANGES = _RUNNING | {"deployment.stopped", "deployment.ended"}
_VERIFY = "run `overread audit verify`"


@dataclass(frozen=True)
class Admission:
    """A model that may run: its private files, why it may, and the proof; leaving the context removes the files."""

    folder: Path
    deployment: Deployment
    version: ModelVersion
    proof: InclusionProof
    statement: Statement

    def release(self) -> None:
        """Remove the private copy of the model's files."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ServingGate:
    """Admits models to serving in one workspace; private copies lie under `root/serving`."""

    def __init__(self, ledger: Ledger, lifecycle: Lifecycle, people: People, models: ModelStore, root: Path) -> None:
        self.ledger = ledger
        self.lifecycle = lifecycle
        self.people = people
        self.models = models
        self.root = root

    def admit(self, model: str, version: str | None, site: str, actor: Actor = UNAUTHENTICATED) -> Admission:
        """Admit a model at a site by its active deployment: live before pilot before shadow, then the newest.

        Raises:
            UnknownNameError: for an unknown model or version.
            NotAllowedError: when it is not deployed there, or stopped.
            EvidenceMissingError: when the version's state no longer allows the mode.
            LedgerBrokenError: when the ledger does not prove that the deployment began and runs.
            SignatureBrokenError: when the deployment's signature does not hold.
            ArtifactChangedError: when the model's files are not those that were registered.
        """
        known = self.lifecycle.version(model, version)
        asked = f"{model}@{version}" if version is not None else model
        try:
            return self._admit(model, version, site, asked)
        except (AnswerIsNoError, NotAllowedError) as refusal:
            self._keep_refusal(known, actor, refusal.line())
            raise

    def check_files(self, version: ModelVersion, deployment: Deployment) -> None:
        """Check that a version's files could be served, and leave nothing behind.

        Raises:
            ArtifactChangedError: when they are not those that were registered and deployed.
            SignatureBrokenError: when the release signature does not hold for them.
        """
        if version.artifact_digest != deployment.artifact_digest:
            raise ArtifactChangedError(f"{version.name} is not what was deployed", mend="deploy it again")
        shutil.rmtree(self._copied(version, released=True).parent, ignore_errors=True)

    def _admit(self, model: str, version: str | None, site: str, asked: str) -> Admission:
        with reading(self.ledger.engine) as session:
            deployment = _active(session, model, version, site, asked, self.ledger.clock.now())
            proof, event = self._proved(session, deployment)
            admitted = self._admissible(session, deployment, use_begun(event))
            statement = self._signed(session, deployment, admitted, event)
        released = deployment.mode != DeploymentState.SHADOW and use_begun(event) is None
        return Admission(self._copied(admitted, released=released), deployment, admitted, proof, statement)

    def _proved(self, session: Session, deployment: Deployment) -> tuple[InclusionProof, Event]:
        """Prove that the ledger tells of this deployment's start, and that it tells of no stop since."""
        try:
            proof = self.ledger.prove(deployment.event_seq)
        except UnknownNameError as error:
            raise LedgerBrokenError("the ledger does not tell of this deployment", mend=_VERIFY) from error
        event = self.ledger.event(deployment.event_seq)
        verify_proof(proof, self.ledger.public_vkey, event.data)
        about = Subject("deployment", deployment.deployment, deployment.artifact_digest).to_json()
        if event.record["type"] != "deployment.started" or about not in event.record["subjects"]:
            raise LedgerBrokenError("the ledger's event is not this deployment's start", mend=_VERIFY)
        last = last_event(session, _CHANGES, "deployment", deployment.deployment)
        if last is None or last.record["type"] not in _RUNNING:
            raise LedgerBrokenError("the ledger tells that this deployment was stopped", mend=_VERIFY)
        return proof, event

    def _admissible(self, session: Session, deployment: Deployment, use: EmergencyUse | None) -> ModelVersion:
        row = find(session, deployment.model, deployment.version)
        if use is None:
            require_state_for(session, row, deployment.mode, self.ledger.clock.now())
        else:
            self._require_emergency(session, row, deployment)
        version = self.lifecycle.version(row.model, row.version)
        if version.artifact_digest != deployment.artifact_digest:
            raise ArtifactChangedError(f"{version.name} is not what was deployed", mend="deploy it again")
        require_told(session, row)
        clinical = deployment.mode != DeploymentState.SHADOW and use is None
        if clinical and not self.lifecycle.approval_holds(version.model, version.version):
            raise SignatureBrokenError(
                f"{version.name} is called approved, but the signatures are not there", mend=_VERIFY
            )
        return version

    def _require_emergency(self, session: Session, row: ModelVersionRow, deployment: Deployment) -> None:
        """Prove that an emergency use holds now: not over, of a version that may, any countersignature verified."""
        now = self.ledger.clock.now()
        use = use_of(session, session.get_one(DeploymentRow, deployment.deployment))
        state = state_today(session, row, now)
        if use is None or use.over(instant_text(now)) or state not in MAY_BREAK_GLASS:
            raise NotAllowedError(
                f"the emergency use of {name_of(row)} is over", mend="approve it and deploy it in the regular way"
            )
        if instant_text(now) >= use.until:
            self._require_countersigned(session, deployment)

    def _require_countersigned(self, session: Session, deployment: Deployment) -> None:
        event = last_event(session, (COUNTERSIGNED,), "deployment", deployment.deployment)
        told = [one["digest"] for one in event.record["subjects"] if one["kind"] == "signature"] if event else []
        row = session.get(SignatureRow, told[0]) if told else None
        if row is None:
            raise SignatureBrokenError("the countersignature of an emergency use is missing", mend=_VERIFY)
        statement = verified(self.people, row).statement
        if (statement.act, statement.scope.get("deployment")) != (Act.COUNTERSIGN, deployment.deployment):
            raise SignatureBrokenError("the countersignature is for another emergency use", mend=_VERIFY)

    def _signed(self, session: Session, deployment: Deployment, version: ModelVersion, event: Event) -> Statement:
        """Verify the deployment's signature, and that it was made when the ledger says."""
        row = session.get(SignatureRow, deployment.signature)
        if row is None:
            raise SignatureBrokenError("the deployment's signature is missing", mend=_VERIFY)
        statement = verified(self.people, row).statement
        scope, act, use = (
            scope_of(deployment.deployment, deployment.site, deployment.mode),
            Act.DEPLOY,
            use_begun(event),
        )
        if use is not None:
            act = Act.BREAK_GLASS
            scope |= {"until": use.until, "fallback": statement.scope.get("fallback", "")}
        require_covers(statement, Intent(act, version.model, version.version, base_subjects(version), scope))
        told = Subject("signature", act, row.digest).to_json()
        if told not in event.record["subjects"] or not _timely(statement, event):
            raise SignatureBrokenError(
                "the deployment's signature is not the one that the ledger tells of", mend=_VERIFY
            )
        return statement

    def _copied(self, version: ModelVersion, *, released: bool) -> Path:
        """Copy the model's files into a fresh private folder, hash the copy, and verify its release signature."""
        if self.models.run_of(version.model, version.mlflow_version) != version.mlflow_run:
            raise ArtifactChangedError(
                f"the model store no longer has {version.name} as it was registered",
                mend="restore the model store; `overread doctor` says what differs",
            )
        shelf = self.root / "serving" / digest_hex(version.artifact_digest)
        place = _fresh_folder(shelf)
        try:
            folder = self.models.download(version.mlflow_run, place)
            require_folder(folder, version.artifact_digest, version.name)
            require_servable(folder, version.name)
            if released:
                with reading(self.ledger.engine) as session:
                    require_release(session, self.lifecycle.record.objects, version, folder)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return folder

    def _keep_refusal(self, version: ModelVersion, actor: Actor, why: str) -> None:
        payload = {"model": version.model, "version": version.version, "why": one_line(why[:MAX_LETTERS], "refusal")}
        subject = Subject("version", version.name, version.artifact_digest)
        with self.ledger.transaction() as tx:
            tx.append(EventDraft("serving.refused", actor_record(actor), (subject,), payload, outcome="refused"))


def _active(session: Session, model: str, version: str | None, site: str, asked: str, now: datetime) -> Deployment:
    active, known = running(session, model, version, site, now)
    if active is not None:
        return active
    if any(one.state == DeploymentState.STOPPED for one in known):
        raise NotAllowedError(
            f"{asked} is stopped at {plain(site)}", mend="a clinical lead may resume it with `overread models resume`"
        )
    raise NotAllowedError(
        f"{asked} is not deployed at {plain(site)}",
        mend="a clinical lead may start it with `overread models deploy --mode shadow`",
    )


def _timely(statement: Statement, event: Event) -> bool:
    at: datetime = parse_instant(event.record["at"])
    return statement.signed_at <= at <= statement.signed_at + MAX_SIGNING_LAG and statement.ledger_size <= event.seq


def _fresh_folder(shelf: Path) -> Path:
    """Make a private folder (0700) that nothing used before, and sweep those that killed processes left."""
    shelf.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shelf.mkdir(mode=0o700, exist_ok=True)
    for left in shelf.iterdir():
        if time.time() - left.stat().st_mtime > _LEFTOVER_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    place = shelf / secrets.token_hex(8)
    place.mkdir(mode=0o700)
    return place
