"""The limits of the evidence: each gap is a sentence, and no gap is silent."""

from dataclasses import replace

import pytest
from dossiers import dossier
from monitor_runs import monitor

from pipelines.limits import Events, limits_of
from registry.domain.dossier import Dossier
from registry.domain.stratum import Stratum, Suspension

WHOLE = dossier()


def limits(found: Dossier = WHOLE, *, tables: tuple[str, ...] = (), anchor: str = "outside checkpoint") -> str:
    parts = (found.model, found.cohorts, tables, found.evaluations, found.deployments, found.monitor)
    return "\n".join(limits_of(*parts, anchor))


def test_work_that_was_asked_for_is_a_limit_until_it_is_done() -> None:
    found = limits_of(WHOLE.model, (), (), (), (), None, "", Events(asked=["retrain. An alert names a cause."]))
    assert found[-1] == "Asked for, and not done yet: retrain. An alert names a cause."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(WHOLE, evaluations=()), "No evaluation is on record."),
        (replace(WHOLE, evaluations=()), "No external site"),
        (replace(WHOLE, deployments=()), "Not in clinical use"),
        (replace(WHOLE, monitor=None), "The monitors have not run."),
        (replace(WHOLE, monitor=dict(monitor()) | {"known_time": "assumed"}), "known is assumed"),
        (replace(WHOLE, model=replace(WHOLE.model, synthetic=True)), "Synthetic data"),
    ],
)
def test_each_gap_is_said(found: Dossier, said: str) -> None:
    assert said in limits(found)


def test_a_cohort_that_could_not_be_assessed_is_named_with_its_reason() -> None:
    assert "Not assessed on sarcoma-ge-apart (transfer-test): 4 patients with a positive unit" in limits()


def test_signals_that_are_not_assessed_are_counted_with_their_reasons() -> None:
    signals = monitor()["signals"]
    silent = sum(signal["state"] == "not_assessed" for signal in signals)
    assert f"{silent} of {len(signals)} signals are not assessed (" in limits()


def test_simulated_rows_are_a_limit() -> None:
    assert "Simulated rows in the tables reads: signals" in limits(tables=("reads",))


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (["21.2", "30.9"], True),
        (["0.2", "0.6"], True),
        (["0.9", "1.2"], False),
        ([None, None], False),
    ],
)
def test_scores_that_are_not_calibrated_are_a_limit(interval: list[str | None], *, said: bool) -> None:
    slope = {"name": "cox_slope", "value": "26.1", "interval": interval}
    view = replace(WHOLE.evaluations[0], record=dict(WHOLE.evaluations[0].record) | {"metrics": [slope]})
    assert ("Scores are not probabilities: on" in limits(replace(WHOLE, evaluations=(view,)))) is said


def test_reasons_are_told_in_words() -> None:
    assert not any(code in limits() for code in ("no_outcomes", "too_few", "not_run"))


@pytest.mark.parametrize(("anchor", "said"), [("own checkpoint", True), ("", True), ("outside checkpoint", False)])
def test_a_ledger_that_only_its_own_checkpoints_anchor_is_a_limit(anchor: str, *, said: bool) -> None:
    assert ("anchored by its own checkpoints only" in limits(anchor=anchor)) is said


def test_evidence_without_a_gap_does_not_claim_to_be_proof() -> None:
    passed = [view for view in WHOLE.evaluations if view.record["verdict"] == "passed"]
    external = replace(passed[0], record=dict(passed[0].record) | {"cohort_role": "external-test"})
    whole = replace(
        WHOLE,
        model=replace(WHOLE.model, synthetic=False),
        cohorts=tuple(replace(cohort, synthetic=False) for cohort in WHOLE.cohorts),
        evaluations=(external,),
        deployments=tuple(replace(one, state="live") for one in WHOLE.deployments),
        monitor=dict(monitor()) | {"signals": [], "known_time": "recorded"},
    )
    assert limits(whole) == "No limit was found by these checks; that is not a proof that there is none."


def test_a_suspended_stratum_is_a_limit_until_it_is_resumed() -> None:
    stratum = Stratum("scanner", "p:" + "0" * 32)
    held = Suspension("d-1", "m", "3", "general", stratum, "read without AI", "2026-08-30T08:00:00.000000Z", None, 50)
    found = limits_of(WHOLE.model, (), (), (), (), None, "", Events((held,)))
    assert any(line.startswith("Suspended for scanner p:0") for line in found)
    over = replace(held, until="2026-09-01T08:00:00.000000Z")
    assert not any("Suspended" in line for line in limits_of(WHOLE.model, (), (), (), (), None, "", Events((over,))))


NAMED = [("3", "failed", True), ("3", "passed", False), ("4", "failed", False)]


@pytest.mark.parametrize(("candidate", "verdict", "said"), NAMED)
def test_a_candidate_that_did_not_pass_is_named(candidate: str, verdict: str, said: bool) -> None:  # noqa: FBT001
    one = {"candidate": candidate, "verdict": verdict, "plan": 1, "why": "a bound misses"}
    found = limits_of(WHOLE.model, (), (), (), (), None, "", Events((), (one,)))
    assert any("change plan 1" in line for line in found) is said
