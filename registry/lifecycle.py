"""The life of model versions and deployments: the one way in which their state changes.

Every change is one step of the table in `registry.domain.lifecycle`, made in one ledger transaction with its event and,
where a person decides, with their signature.
"""

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from registry.approvals import Approval, lapse_if_over, last_approval, state_today
from registry.database import reading
from registry.decisions import Decision, abstain, approve, decide, lapse, reject, retire, risk_review, submit
from registry.deployments import DEFAULT_RESUMER, deploy, get, listed, resume, running, stop
from registry.domain.display import plain
from registry.domain.emergency import EmergencyUse
from registry.domain.errors import UnknownNameError
from registry.domain.event import Event
from registry.domain.model import Deployment, Evaluation, ModelVersion
from registry.domain.person import Act, Actor
from registry.domain.ports import Clock, ObjectStore
from registry.domain.stop_rule import StopRule
from registry.domain.stratum import Stratum, Suspension
from registry.emergencies import break_glass, countersign, uses
from registry.evaluations import StoredEvaluation, record_evaluation, stored
from registry.evidence import Evidence, StoredSignature, gather, quorum_held, signatures
from registry.keys import Signer
from registry.lapses import Ended, end_approval
from registry.ledger.store import Ledger
from registry.live_intervals import Interval, intervals
from registry.people import People
from registry.record import Record
from registry.rollbacks import RolledBack, roll_back
from registry.schema import ModelVersionRow
from registry.stop_rules import Fired, fire_stop_rules, set_stop_rule, stop_rules
from registry.suspensions import of_model, resume_stratum, suspend_stratum
from registry.tiers import TierSigned, TierStanding, sign_tier, standing_of
from registry.told import require_told
from registry.versions import find, newest_first, next_number, register, version_of

__all__ = ["Decision", "Lifecycle", "StoredEvaluation", "StoredSignature"]


class Lifecycle:
    """Registered versions, their evaluations, decisions and deployments."""

    def __init__(self, ledger: Ledger, people: People, objects: ObjectStore, clock: Clock) -> None:
        self.record = Record(ledger, people, objects, clock)

    def register(self, version: ModelVersion, actor: Actor) -> ModelVersion:
        """Put a new version on record, in state `registered`, trained by the actor (see `registry.versions`)."""
        return register(self.record, version, actor)

    def record_evaluation(self, evaluation: Evaluation, actor: Actor) -> Event:
        """Put an evaluation on record and move its version where it passed (see `registry.evaluations`)."""
        return record_evaluation(self.record, evaluation, actor)

    def version(self, model: str, version: str | None = None) -> ModelVersion:
        """Return a version; without a number, the one that was registered last.

        Raises:
            UnknownNameError: when there is no such model or version.
        """
        with reading(self.record.ledger.engine) as session:
            return self._today(session, find(session, model, version))

    def versions(self) -> list[ModelVersion]:
        """Return all versions, the one registered last first."""
        with reading(self.record.ledger.engine) as session:
            return [self._today(session, row) for row in newest_first(session)]

    def approval(self, model: str, version: str) -> Approval | None:
        """Return a version's newest approval, with its date, whatever became of it; None when it never had one.

        Raises:
            UnknownNameError: when there is no such version.
        """
        with reading(self.record.ledger.engine) as session:
            return last_approval(session, find(session, model, version))

    def tier(self, model: str) -> TierStanding:
        """Return where a model's risk tier stands."""
        return standing_of(self.record, model)

    def sign_tier(self, model: str, tier: str, signer: Signer, reason: str) -> TierSigned:
        """Sign a model into a risk tier (see `registry.tiers`)."""
        return sign_tier(self.record, model, tier, signer, reason)

    def next_version(self, model: str) -> str:
        """Return the number of a model's next version."""
        with reading(self.record.ledger.engine) as session:
            return next_number(session, model)

    def evaluations(self, model: str, version: str) -> list[StoredEvaluation]:
        """Return a version's evaluations, oldest first.

        Raises:
            UnknownNameError: when there is no such version.
            ArtifactChangedError: when an evaluation's record is missing or has other bytes.
        """
        with reading(self.record.ledger.engine) as session:
            return stored(session, self.record.objects, find(session, model, version))

    def evidence(self, model: str, version: str) -> Evidence:
        """Return what a signature on the version would cover now.

        Raises:
            UnknownNameError: when there is no such version.
            ArtifactChangedError: when an evaluation's record is missing or has other bytes.
        """
        with reading(self.record.ledger.engine) as session:
            return gather(session, self.record.objects, find(session, model, version))

    def signatures(self, model: str, version: str) -> list[StoredSignature]:
        """Return a version's signatures, oldest first, each verified now.

        Raises:
            UnknownNameError: when there is no such version.
            SignatureBrokenError: when one does not hold.
        """
        with reading(self.record.ledger.engine) as session:
            return signatures(session, self.record.people, find(session, model, version))

    def approval_holds(self, model: str, version: str) -> bool:
        """Say whether the signatures of the whole quorum stand behind a version, whatever its state says.

        Raises:
            UnknownNameError: when there is no such version.
            SignatureBrokenError: when a signature does not hold.
        """
        with reading(self.record.ledger.engine) as session:
            return quorum_held(session, self.record.people, find(session, model, version))

    def submit(self, model: str, version: str, signer: Signer, reason: str = "") -> Decision:
        """Sign a version over to review; an engineer does."""
        return decide(submit, self.record, (model, version), Act.SUBMIT, signer, reason)

    def risk_review(self, model: str, version: str, signer: Signer, reason: str = "") -> Decision:
        """Sign a review of the risks; a validator or quality officer does, never the trainer."""
        return decide(risk_review, self.record, (model, version), Act.RISK_REVIEW, signer, reason)

    def approve(
        self, model: str, version: str, signer: Signer, reason: str = "", valid_days: int | None = None
    ) -> Decision:
        """Sign an approval that holds some days; `missing` of the answer names the roles that have yet to sign."""
        return decide(approve, self.record, (model, version), Act.APPROVE, signer, reason, valid_days)

    def abstain(self, model: str, version: str, signer: Signer, reason: str = "") -> Decision:
        """Sign that one takes no part in the decision, and why."""
        return decide(abstain, self.record, (model, version), Act.ABSTAIN, signer, reason)

    def reject(self, model: str, version: str, signer: Signer, reason: str = "") -> Decision:
        """Sign a version off for good."""
        return decide(reject, self.record, (model, version), Act.REJECT, signer, reason)

    def retire(self, model: str, version: str, signer: Signer, reason: str = "") -> Decision:
        """Take an approved or lapsed version out of use."""
        return decide(retire, self.record, (model, version), Act.RETIRE, signer, reason)

    def lapse(self, model: str, version: str, actor: Actor, reason: str) -> ModelVersion:
        """Let an approval lapse (see `registry.decisions`)."""
        return lapse(self.record, model, version, actor, reason)

    def end_approval(
        self, model: str, version: str, signer: Signer, reason: str, evaluation: str | None = None
    ) -> Ended:
        """End an approval before its date, or withdraw an evaluation (see `registry.lapses`)."""
        return end_approval(self.record, (model, version), signer, reason, evaluation)

    def lapse_if_over(self, model: str, version: str) -> bool:
        """Put on record that an approval's date has passed, if it has and nobody did; say whether it is so now.

        Raises:
            UnknownNameError: when there is no such version.
            LedgerBrokenError: when the ledger tells another state.
        """
        with self.record.ledger.transaction() as tx:
            row = find(tx.session, model, version)
            require_told(tx.session, row)
            return lapse_if_over(tx, row, self.record.clock.now())

    def deploy(
        self,
        model: str,
        version: str,
        site: str,
        mode: str,
        signer: Signer,
        reason: str = "",
        acceptance_digest: str | None = None,
    ) -> Deployment:
        """Let a version run at a site in a mode (see `registry.deployments`)."""
        return deploy(self.record, (model, version), site, mode, signer, reason, acceptance_digest)

    def stop(
        self, deployment: str, signer: Signer, fallback: str, reason: str = "", resumer: str = DEFAULT_RESUMER
    ) -> Deployment:
        """Stop a deployment, name the fallback and who may let it run again."""
        return stop(self.record, deployment, signer, fallback, reason, resumer)

    def roll_back(
        self, model: str, site: str, signer: Signer, fallback: str, reason: str = "", to: str | None = None
    ) -> RolledBack:
        """Stop the live version at a site and let the one before run again (see `registry.rollbacks`)."""
        return roll_back(self.record, model, site, signer, fallback, reason, to)

    def break_glass(
        self,
        model: str,
        version: str,
        site: str,
        signer: Signer,
        fallback: str,
        reason: str,
        hours: int | None = None,
    ) -> Deployment:
        """Let a version run in an emergency (see `registry.emergencies`)."""
        return break_glass(self.record, (model, version), site, signer, fallback, reason, hours)

    def countersign(self, deployment: str, signer: Signer, reason: str = "") -> EmergencyUse:
        """Confirm an emergency use, as another person in another role."""
        return countersign(self.record, deployment, signer, reason)

    def set_stop_rule(self, rule: StopRule, signer: Signer, reason: str = "") -> StopRule:
        """Sign a rule by which a deployment stops by itself (see `registry.stop_rules`)."""
        return set_stop_rule(self.record, rule, signer, reason)

    def stop_rules(self, deployment: str | None = None) -> tuple[StopRule, ...]:
        """Return the stop rules in force (of a deployment)."""
        return stop_rules(self.record, deployment)

    def fire_stop_rules(self, on: date) -> tuple[Fired, ...]:
        """Fire every stop rule whose condition is met on a day."""
        return fire_stop_rules(self.record, on)

    def emergencies(self, model: str | None = None) -> tuple[EmergencyUse, ...]:
        """Return every emergency use (of a model), past and present, oldest first."""
        return uses(self.record, model)

    def intervals(self, site: str | None = None) -> tuple[Interval, ...]:
        """Return every stretch in which a version ran (at a site), from the ledger alone."""
        with reading(self.record.ledger.engine) as session:
            return intervals(session, site)

    def resume(self, deployment: str, signer: Signer, reason: str = "") -> Deployment:
        """Let a stopped deployment run again in its mode."""
        return resume(self.record, deployment, signer, reason)

    def suspend_stratum(
        self,
        deployment: str,
        stratum: Stratum,
        signer: Signer,
        fallback: str,
        reason: str = "",
        resumer: str = DEFAULT_RESUMER,
    ) -> Suspension:
        """Suspend a deployment for one stratum, name the fallback and the resumer (see `registry.suspensions`)."""
        return suspend_stratum(self.record, deployment, stratum, signer, fallback, reason, resumer)

    def resume_stratum(self, deployment: str, stratum: Stratum, signer: Signer, reason: str = "") -> Suspension:
        """Let a deployment count again in a stratum."""
        return resume_stratum(self.record, deployment, stratum, signer, reason)

    def suspensions(self, model: str | None = None) -> tuple[Suspension, ...]:
        """Return every suspension of a stratum (of a model), past and present, oldest first."""
        return of_model(self.record, model)

    def deployment(self, deployment: str) -> Deployment:
        """Return a deployment.

        Raises:
            UnknownNameError: when there is no such deployment.
        """
        return get(self.record, deployment)

    def running(self, model: str, version: str | None, site: str) -> Deployment:
        """Return the deployment that runs at a site.

        Raises:
            UnknownNameError: when there is no such model or version, or none of it runs there.
        """
        with reading(self.record.ledger.engine) as session:
            row = find(session, model, version)
            active, _ = running(session, model, version, site, self.record.clock.now())
        if active is None:
            raise UnknownNameError(
                f"{row.model} does not run at '{plain(site)}'", mend="`overread models show` lists where"
            )
        return active

    def deployments(self, model: str | None = None) -> list[Deployment]:
        """Return all deployments (of a model), oldest first."""
        return listed(self.record, model)

    def _today(self, session: Session, row: ModelVersionRow) -> ModelVersion:
        """Return a version as it stands today: an approval whose date has passed is lapsed."""
        return replace(version_of(row), state=state_today(session, row, self.record.clock.now()))
