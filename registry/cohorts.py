"""Frozen cohorts: the manifest is an object, its name and digest are on record."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.cohort import Cohort, DisjointnessProof
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import Actor, actor_record
from registry.domain.ports import ObjectStore
from registry.ledger.store import Ledger
from registry.schema import CohortRow


class Cohorts:
    """Freezes cohorts and gives them back; a frozen cohort never changes."""

    def __init__(self, ledger: Ledger, objects: ObjectStore) -> None:
        self._ledger = ledger
        self._objects = objects

    def freeze(self, cohort: Cohort, actor: Actor, proofs: tuple[DisjointnessProof, ...] = ()) -> Cohort:
        """Freeze a cohort; freezing the same content under its name again changes nothing.

        Args:
            cohort: what to freeze.
            actor: who freezes it.
            proofs: the proofs that it shares nothing with the cohorts frozen before; they go on record with it.

        Raises:
            UsageError: when the name, or a cohort of the same content, is frozen already.
        """
        digest = self._objects.put(canonical_bytes(cohort.to_json()))
        with self._ledger.transaction() as tx:
            known = tx.session.get(CohortRow, cohort.name)
            if known is not None:
                return _the_same(cohort, known, digest)
            event = tx.append(_frozen(cohort, digest, actor, proofs))
            tx.session.add(
                CohortRow(
                    name=cohort.name,
                    digest=digest,
                    target=cohort.target,
                    role=cohort.role.value,
                    frozen_at=instant_text(self._ledger.clock.now()),
                    event_seq=event.seq,
                )
            )
        return cohort

    def refuse(self, cohort: Cohort, proof: DisjointnessProof, actor: Actor) -> None:
        """Put on record that a cohort was refused as a leak."""
        payload = {"name": cohort.name, "role": cohort.role.value, "proof": proof.to_json()}
        subjects = (Subject("cohort", cohort.name), Subject("cohort", proof.second))
        draft = EventDraft("cohort.refused", actor_record(actor), subjects, payload, proof.why(), outcome="refused")
        with self._ledger.transaction() as tx:
            tx.append(draft)

    def get(self, name: str) -> Cohort:
        """Return a frozen cohort.

        Raises:
            UnknownNameError: when no cohort bears the name.
            ArtifactChangedError: when its manifest is missing or changed.
        """
        with reading(self._ledger.engine) as session:
            row = session.get(CohortRow, name)
            if row is None:
                raise UnknownNameError.of("cohort", name, _names(session))
            digest = row.digest
        return manifest(self._objects, digest)

    def all(self) -> tuple[Cohort, ...]:
        """Return all frozen cohorts in the order in which they were frozen."""
        with reading(self._ledger.engine) as session:
            digests = list(session.scalars(select(CohortRow.digest).order_by(CohortRow.event_seq)))
        return tuple(manifest(self._objects, digest) for digest in digests)

    def of_target(self, target: str) -> tuple[Cohort, ...]:
        """Return the frozen cohorts of one target in the order in which they were frozen."""
        with reading(self._ledger.engine) as session:
            rows = select(CohortRow.digest).where(CohortRow.target == target).order_by(CohortRow.event_seq)
            digests = list(session.scalars(rows))
        return tuple(manifest(self._objects, digest) for digest in digests)


def manifest(objects: ObjectStore, digest: str) -> Cohort:
    """Return a frozen cohort by its digest.

    Raises:
        ArtifactChangedError: when the manifest is missing or has other bytes.
    """
    return Cohort.from_json(parse_canonical(objects.get(digest)))


def _the_same(cohort: Cohort, known: CohortRow, digest: str) -> Cohort:
    if known.digest != digest:
        raise UsageError(
            f"cohort '{cohort.name}' is frozen with other content", mend="freeze the new content under another name"
        )
    return cohort


def _frozen(cohort: Cohort, digest: str, actor: Actor, proofs: tuple[DisjointnessProof, ...]) -> EventDraft:
    payload = {
        "name": cohort.name,
        "digest": digest,
        "role": cohort.role.value,
        "target": cohort.target,
        "units": len(cohort.units),
        "patients": len(cohort.patients()),
        "synthetic": cohort.synthetic,
        "disjoint_from": [proof.second for proof in proofs],
    }
    return EventDraft("cohort.frozen", actor_record(actor), (Subject("cohort", cohort.name, digest),), payload)


def _names(session: Session) -> list[str]:
    return list(session.scalars(select(CohortRow.name)))
