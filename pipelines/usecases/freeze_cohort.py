"""Freeze a cohort: select units, decode their pixels, prove that nothing leaks, put it on record."""

from collections.abc import Sequence
from dataclasses import replace

from pipelines.bootstrap import Workspace
from pipelines.intake.dicom.quarantine import FileRefusedError
from pipelines.intake.fingerprint import fingerprint
from pipelines.intake.pixels import ImageReader, pixel_digest
from pipelines.intake.selection import Candidate, Condition, candidates_of, parse_selection
from registry.database import reading
from registry.domain.cohort import Cohort, CohortUnit, DisjointnessProof, SeriesImage, prove_disjoint
from registry.domain.errors import LeakFoundError, UsageError
from registry.domain.names import MEND, is_name
from registry.domain.ports import Progress
from registry.domain.vocabulary import Role, Target
from registry.registered import target_named

_Flow = list[tuple[str, int]]


def freeze_cohort(
    workspace: Workspace, name: str, target: str, role: Role, select: Sequence[str], progress: Progress
) -> Cohort:
    """Freeze the units of a target that meet every condition.

    Args:
        workspace: where it is put on record.
        name: the cohort's name.
        target: the clinical question; its analysed outcomes are the units.
        role: what the cohort is for.
        select: conditions that must all hold: `COLUMN=a,b`, `COLUMN!=a`, `COLUMN>=n`, `COLUMN<=n` over acquisitions,
            `patients=LOW-HIGH%` and `units=LOW-HIGH%` (shares of what the others leave, in the order of a keyed hash),
            `patient_fold=LOW-HIGH%` (by the hash itself: a patient's fold never changes).
        progress: advances by units.

    Raises:
        UnknownNameError: for an unknown target or column.
        UsageError: for a condition that cannot be read, an empty cohort, or a name frozen with other content.
        LeakFoundError: when it shares a patient, a study or pixels with a cohort that it must not; on record.
    """
    if not is_name(name):
        raise UsageError("that is no name of a cohort", mend=MEND)
    conditions = parse_selection(select, workspace.pseudonyms)
    found, flow = _selected(workspace, _target(workspace, target), conditions)
    units = _units(workspace, found, progress)
    flow.append(("pixels readable", len(units)))
    if not units:
        raise UsageError(f"cohort '{name}' is empty", where=_flow_text(flow), mend="loosen the selection")
    synthetic = any(candidate.synthetic for candidate in found)
    cohort = Cohort(name, target, role, tuple(select), tuple(units), tuple(flow), synthetic)
    return workspace.cohorts.freeze(cohort, workspace.actor, _proofs(workspace, cohort))


def _target(workspace: Workspace, name: str) -> Target:
    with reading(workspace.engine) as session:
        return target_named(session, name, "take its outcomes in first")


def _selected(workspace: Workspace, target: Target, conditions: Sequence[Condition]) -> tuple[list[Candidate], _Flow]:
    found, flow = candidates_of(workspace, target)
    for condition in conditions:
        found = condition.keep(found)
        flow.append((condition.text, len(found)))
    return found, flow


def _units(workspace: Workspace, found: Sequence[Candidate], progress: Progress) -> list[CohortUnit]:
    """Return the units with digest and fingerprint of their pixels; one with pixels that cannot be read is left out."""
    units = []
    with ImageReader(workspace) as reader:
        for candidate in found:
            try:
                units.append(_seen(candidate.unit(), reader))
            except FileRefusedError:
                continue
            finally:
                progress.advance()
    return units


def _seen(unit: CohortUnit, reader: ImageReader) -> CohortUnit:
    first, *others = (_marked(image, reader) for image in unit.images)
    also = tuple(SeriesImage(image.series_uid, image.pixel_digest, image.fingerprint) for image in others)
    return replace(first, also=also)


def _marked(unit: CohortUnit, reader: ImageReader) -> CohortUnit:
    image = reader.load(unit)
    return replace(unit, pixel_digest=pixel_digest(image), fingerprint=fingerprint(image))


def _proofs(workspace: Workspace, cohort: Cohort) -> tuple[DisjointnessProof, ...]:
    """Prove the cohort disjoint from every frozen one of its target; the first leak is put on record and raised."""
    proofs = []
    for other in workspace.cohorts.of_target(cohort.target):
        if other.name == cohort.name:
            continue
        proof = prove_disjoint(cohort, other)
        if not proof.disjoint:
            workspace.cohorts.refuse(cohort, proof, workspace.actor)
            raise _leak(cohort, proof)
        proofs.append(proof)
    return tuple(proofs)


def _leak(cohort: Cohort, proof: DisjointnessProof) -> LeakFoundError:
    split = any(condition.startswith(("patients=", "patient_fold=")) for condition in cohort.selection)
    shared = {overlap.axis for overlap in proof.overlaps if overlap.count}
    if shared == {"site"}:
        mend = "an external test holds no site of the cohorts it is external to: --select site=..."
    elif shared == {"scanner"}:
        mend = "a transfer test holds its scanners apart: --select scanner!=..., or a model of its own"
    elif split:
        mend = "choose shares of patients that do not overlap, such as patients=0-60% and patients=60-100%"
    else:
        mend = "split by patient: --select patients=0-60%"
    return LeakFoundError(f"cohort '{cohort.name}' shares {proof.why()} with cohort '{proof.second}'", mend=mend)


def _flow_text(flow: _Flow) -> str:
    return "; ".join(f"{count} after {step}" for step, count in flow)
