"""The pages of a version's card and of its lineage: limits first, every kind said, and whom a recall affects."""

import asyncio
import re
from urllib.parse import quote

import httpx
import pytest
from dossiers import HOSTILE, FakeQueries, dossier, hostile_dossier
from monitor_runs import MODEL

from dashboards.web.application import create_app

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
