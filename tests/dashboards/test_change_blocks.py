"""Suspended strata, change plan and comparisons on page and report."""

from typing import Any

import pytest
from change_plans import plan_record
from dossiers import HOSTILE, MODEL, digest, dossier

from dashboards.report.html import render_html
from dashboards.report.pdf import render_pdf
from dashboards.view.blocks import Table, leaves
from dashboards.view.changes import NO_PLAN, change_section
from dashboards.view.deployment import deployment_section
from registry.domain.dossier import Dossier
from registry.domain.estimate import Estimate
from registry.domain.stratum import Stratum, Suspension

SINCE = "2026-08-30T08:00:00.000000Z"


def estimate(name: str, value: float) -> dict[str, Any]:
    return Estimate(name, value, value - 0.021, value + 0.021, 400, 150, 80, 0.99, "DeLong").to_json()


def comparison(verdict: str = "failed") -> dict[str, Any]:
    row = {
        "metric": "auc",
        "against": "deployed",
        "version": "3",
        "candidate": estimate("auc", 0.871),
        "other": estimate("auc", 0.913),
        "margin": "0.02",
        "difference": estimate("auc_difference", -0.042),
        "verdict": verdict,
        "why": "lower bound -0.063 misses -0.02",
    }
    return {
        "model": MODEL,
        "candidate": "4",
        "cohort": "sarcoma-plan",
        "look": 1,
        "looks": 3,
        "level": "0.99",
        "order": {"plan": 40, "cohort": 20, "frozen": 51},
        "metrics": [row, row | {"against": "original", "version": "1"}],
        "verdict": verdict,
        "why": row["why"],
        "synthetic": False,
        "digest": digest("comparison"),
        "event_seq": 52,
        "completed_at": SINCE,
    }


def classification() -> dict[str, Any]:
    vendor = {"aspect": "manufacturers", "before": "", "after": HOSTILE[0], "covered_by": None, "unclear": False}
    studies = {"aspect": "training_studies", "before": "a", "after": "b", "covered_by": "retrain", "unclear": False}
    return {
        "stage": "before_training",
        "scope": "out_of_scope",
        "base": "3",
        "differences": [vendor, studies],
        "why": "manufacturers: not covered",
        "new_submission": "a second vendor is wanted",
        "event_seq": 49,
    }


@pytest.fixture
def changed() -> Dossier:
    plan = plan_record(MODEL, "sarcoma-plan") | {"digest": digest("plan"), "event_seq": 40, "adopted_at": SINCE}
    plan["title"] = HOSTILE[0]
    plan["description_of_modifications"][0]["what"] = HOSTILE[3]
    stratum = Stratum("scanner", "p:" + "ab" * 16)
    suspended = Suspension("d-1", MODEL, "3", "general", stratum, "read without AI", SINCE, None, 50)
    return dossier(
        change_plan=plan, comparisons=(comparison(),), suspensions=(suspended,), classifications=(classification(),)
    )


def test_each_comparison_is_a_table_with_difference_interval_margin_and_verdict(changed: Dossier) -> None:
    tables = {block.key: block for block in leaves(change_section(changed).blocks) if isinstance(block, Table)}
    rows = [[cell.text for cell in row] for row in tables["comparison-1-52-metrics"].rows]
    assert [row[1] for row in rows] == ["deployed, version 3", "original, version 1"]
    assert rows[0][2:4] == ["0.913", "0.871"]
    assert rows[0][-1] == "failed"
    assert len(tables["plan-matrix"].rows) == 2


def test_each_difference_stands_with_what_covers_it(changed: Dossier) -> None:
    tables = {block.key: block for block in leaves(change_section(changed).blocks) if isinstance(block, Table)}
    rows = [[cell.text for cell in row] for row in tables["scope-49-differences"].rows]
    assert [row[-1] for row in rows] == ["not covered", "retrain"]


def test_a_suspended_stratum_stands_beside_the_deployment_with_its_fallback(changed: Dossier) -> None:
    tables = {block.key: block for block in leaves(deployment_section(changed).blocks) if isinstance(block, Table)}
    (row,) = tables["strata"].rows
    assert [cell.text for cell in row][:4] == ["general", "scanner", "p:" + "ab" * 16, "suspended"]
    assert row[-1].text == "read without AI"
    assert "strata" not in {b.key for b in leaves(deployment_section(dossier()).blocks) if isinstance(b, Table)}


def test_a_model_without_a_plan_says_so() -> None:
    assert NO_PLAN in {getattr(block, "text", "") for block in change_section(dossier()).blocks}


def test_page_and_print_show_all_of_it_and_run_nothing(changed: Dossier) -> None:
    html = render_html(changed)
    assert "Strata of the envelope that were suspended" in html
    assert f"Candidate {MODEL}@4" in html
    assert HOSTILE[0] not in html
    assert render_pdf(changed).startswith(b"%PDF-")
