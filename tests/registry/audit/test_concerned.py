"""Whom an event concerns: those of its cohorts and segments, by pseudonym."""

from audit_messages import DIGEST, event

from registry.audit.patients import Concerned
from registry.domain.event import Subject

COHORTS = {DIGEST: ("p:b", "p:a", "p:b")}
ROWS = {"s1": [("p:a", "1"), ("p:c", "3")], "s2": [("", "3"), ("", "9")]}


def concerned() -> Concerned:
    return Concerned(lambda digest: COHORTS.get(digest, ()), lambda _, segment: ROWS[segment])


def test_a_cohorts_patients_are_those_of_its_manifest_each_once() -> None:
    frozen = event("cohort.frozen", subjects=(Subject("cohort", "c", DIGEST),))
    assert concerned().by(frozen, {}) == ["p:a", "p:b"]


def test_a_signature_over_a_cohort_touches_nobodys_data() -> None:
    signed = event("version.signed", subjects=(Subject("cohort", "c", DIGEST),))
    assert concerned().by(signed, {}) == []


def test_rows_that_name_a_study_alone_are_those_of_its_acquisitions_so_far() -> None:
    walk = concerned()
    reads = {"table": "reads", "segments": ["s2"]}
    assert walk.by(event("intake.batch"), reads) == []
    assert walk.by(event("intake.batch"), {"table": "acquisitions", "segments": ["s1"]}) == ["p:a", "p:c"]
    assert walk.by(event("intake.batch"), reads) == ["p:c"]


def test_an_export_concerns_everybody_whom_its_models_events_named_before() -> None:
    walk = concerned()
    subjects = (Subject("version", "nodule@1"), Subject("cohort", "c", DIGEST))
    exported = event("evidence.exported", subjects=(Subject("version", "nodule@1"),))
    assert walk.by(exported, {"model": "nodule"}) == []
    walk.by(event("evaluation.completed", subjects=subjects), {"model": "nodule"})
    assert walk.by(exported, {"model": "nodule"}) == ["p:a", "p:b"]
    assert walk.by(event("evidence.exported", subjects=(Subject("version", "other@1"),)), {"model": "other"}) == []
