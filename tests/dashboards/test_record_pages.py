"""The pages of a version's card and of its lineage: limits first, every kind said, and whom a recall affects."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from dossiers import HOSTILE, FakeQueries, dossier, hostile_dossier
from monitor_runs import MODEL

from dashboards.web.application import create_app
from registry.domain.dossier import WatchedView

ORIGIN = "http://127.0.0.1:8765"


def page(address: str, queries: FakeQueries | None = None) -> str:
    """Return a page's text."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(queries or FakeQueries(dossier())))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.get(address)

    found = asyncio.run(ask())
    assert found.status_code == 200
    return found.text


def test_the_limits_of_a_card_stand_before_what_it_shows() -> None:
    text = page(f"/models/{MODEL}/card")
    limits, card = text.index('<section id="limits">'), text.index('<section id="card">')
    assert limits < text.index("Not assessed by groups: age band, ethnicity, race.") < card
    assert limits < text.index("CRD001 known_biases: biases are denied") < card
    assert limits < text.index("fields are unknown:") < card


def test_every_field_says_where_it_comes_from_and_a_stale_card_that_it_is() -> None:
    text = page(f"/models/{MODEL}/card")
    assert "It is stale: since then there are other evaluations." in text
    for kind in ("measured (evaluation of event 19)", "declared by lead-1, 2026-08-20", "not applicable by lead-1"):
        assert kind in text
    assert "auc:sex=F 0.901 (0.861 to 0.931, n 310, 24 patients)" in text


def test_the_lineage_names_the_versions_that_a_recall_affects_and_how() -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page(f"/models/{MODEL}/lineage")))
    assert f"sarcoma-train train {MODEL}@3, {MODEL}@2 none" in text
    assert f"sarcoma-internal internal-test none {MODEL}@3, {MODEL}@2" in text
    assert "2026-09-02 08:00:00 UTC runs" in text


def test_the_model_page_leads_to_both_and_they_lead_back() -> None:
    text = page(f"/models/{MODEL}?version=3")
    for name in ("card", "lineage"):
        address = f"/models/{MODEL}/{name}?version=3"
        assert f'href="{address}"' in text
        assert f'href="/models/{MODEL}?version=3"' in page(address)


@pytest.mark.parametrize("name", [one for one in HOSTILE if "/" not in one])
@pytest.mark.parametrize("part", ["card", "lineage"])
def test_a_hostile_name_is_shown_as_text(name: str, part: str) -> None:
    found = hostile_dossier(name)
    text = page(f"/models/{quote(found.model.model, safe='')}/{part}", FakeQueries(found))
    assert "<img src=x" not in text
    assert "<script>alert" not in text


def others(**changed: Any) -> FakeQueries:
    """Return the queries of a fleet with a model that was not trained here, whose vendor writes hostile text."""
    found, known = dossier(), FakeQueries(dossier())
    places: tuple[dict[str, Any], ...] = (
        {
            "site": "general",
            "version": "2.1",
            "state": "stopped",
            "started_at": "2026-08-01T08:00:00.000000Z",
            "fallback": "read without AI",
            "event_seq": 12,
        },
    )
    standard: dict[str, Any] = {
        "model": "aortic",
        "version": "2.1",
        "target": "aortic-dissection",
        "identity": "sha256:" + "0" * 64,
        "registered": True,
        "declared": {"vendor": HOSTILE[0], "regulatory_id": "K222329", "intended_use": "triage"},
        "deployments": places,
        "signed_by": ("Clara (deploy)",),
        "monitor": found.monitor,
        "daily": found.daily,
        "alerts": found.alerts,
        "period": found.period,
        "checkpoint": found.checkpoint,
        "ledger_verdict": found.ledger_verdict,
        "synthetic": False,
    }
    known.others["aortic"] = WatchedView(**(standard | changed))
    return known


def test_a_model_of_others_has_a_page_of_what_is_declared_where_it_runs_and_what_was_found() -> None:
    text = page("/models/aortic", others())
    assert HOSTILE[0] not in text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    for words in ("It was not validated here", "Clearance or certificate K222329", "Intended use triage"):
        assert words in said
    assert "read without AI" in said
    assert 'id="monitors"' in text
    assert "States of" in text
    assert '<a href="/">Back to the fleet</a>' in text


def test_one_that_nobody_registered_says_so_and_how_to_mend_it() -> None:
    text = page("/models/aortic", others(registered=False, declared={}, deployments=(), monitor=None, daily=()))
    assert "nobody put it on the inventory" in text
    assert "Nobody put on record that it runs anywhere." in text
    assert "No monitor has run" in text
