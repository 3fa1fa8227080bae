"""Pages: safe headers on every answer, the same numbers as the report, plain words for every error."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from dossiers import HOSTILE, FakeQueries, bare_dossier, dossier, hostile_dossier
from fastapi import FastAPI
from monitor_runs import MODEL

from dashboards.view.blocks import leaves
from dashboards.view.document import report_document
from dashboards.view.record import dossier_record, record_bytes
from dashboards.web.application import create_app, loopback_address
from dashboards.web.security import APPENDIX_POLICY, CONTENT_SECURITY_POLICY, host_allowed
from registry.domain.dossier import Dossier, FleetRow, LedgerRow
from registry.domain.errors import (
    IncompleteError,
    LedgerBrokenError,
    NotAllowedError,
    OverreadError,
    ServiceUnreachableError,
    UsageError,
)

ORIGIN = "http://127.0.0.1:8765"
PAGES = (
    "/",
    f"/models/{MODEL}",
    f"/models/{MODEL}?state=watch",
    f"/models/{MODEL}/card",
    f"/models/{MODEL}/lineage",
    "/audit",
    "/audit?last=5",
    "/people",
    "/healthz",
)
OTHERS = (
    f"/models/{MODEL}/dossier.json",
    f"/models/{MODEL}/report.html",
    "/static/site.css",
    "/static/htmx-2.0.11.min.js",
    "/models/unknown",
    "/nowhere",
    "/audit?last=0",
    "/static/%2e%2e/application.py",
)


class BrokenQueries(FakeQueries):
    """Answers every question with one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def fleet(self) -> Sequence[FleetRow]:
        """Raise the error."""
        raise self.error

    def dossier(self, model: str, version: str | None, period: str | None) -> Dossier:
        """Raise the error."""
        del model, version, period
        raise self.error

    def ledger(self, last: int) -> Sequence[LedgerRow]:
        """Raise the error."""
        del last
        raise self.error


class Pages:
    """A client of an application on loopback, without a server."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def get(self, address: str, **more: Any) -> httpx.Response:
        """Ask for a page."""
        return self.ask("GET", address, **more)

    def ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        """Ask for a page by a method."""
        return asyncio.run(self._ask(method, address, **more))

    async def _ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, address, **more)


def client(queries: FakeQueries | None = None) -> Pages:
    """Return a client of an application over questions."""
    return Pages(create_app(queries or FakeQueries()))


@pytest.mark.parametrize("address", [*PAGES, *OTHERS])
def test_every_answer_carries_the_security_headers(address: str) -> None:
    headers = client().get(address).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("address", PAGES[:-1])
def test_no_page_holds_inline_script_inline_style_or_a_foreign_address(address: str) -> None:
    page = client().get(address).text
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert set(re.findall(r'https?://[^\s"<]+', page)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765", "LOCALHOST"])
def test_loopback_names_are_answered(host: str) -> None:
    assert host_allowed(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "x@127.0.0.1",
        "",
        "127.0.0.1:x",
        "[::1",
        "::1/x",
    ],
)
def test_a_foreign_host_name_is_refused(host: str) -> None:
    assert not host_allowed(host)
    assert client().get("/", headers={"Host": host}).status_code == 421


def test_the_fleet_page_shows_each_model_with_its_verdict_and_signals() -> None:
    page = client().get("/").text
    for words in (
        MODEL,
        "validated",
        "shadow at general",
        "not assessed",
        "3 watch",
        "Dr. Carla Lindqvist",
        "Synthetic",
    ):
        assert words in page


def test_the_fleet_page_names_the_version_once_and_the_target_only_where_it_differs() -> None:
    note = f'<span class="note">{MODEL}@3'
    assert f"{note}</span>" in client().get("/").text
    rich = dossier()
    other = dossier(model=replace(rich.model, target="another-target"))
    assert f"{note}, another-target</span>" in client(FakeQueries(other)).get("/").text


def test_the_page_folds_what_is_calm_and_opens_what_there_is_to_watch() -> None:
    page = client().get(f"/models/{MODEL}").text
    folds = {words: state for state, words in re.findall(r"<details( open)?><summary>([^<:]+)", page)}
    assert folds["Scanner monitor"]
    assert folds["Subgroup monitor"]
    assert not folds["Override monitor"]
    assert not folds["Signals without a value"]
    assert not folds["Bins of the reliability curve"]
    asked = client().get(f"/models/{MODEL}?state=not_assessed").text
    assert "<details open><summary>Signals without a value" in asked


def test_a_model_that_was_never_judged_says_never_and_shows_no_zero_signals() -> None:
    page = client(FakeQueries(bare_dossier())).get("/").text
    assert page.count("never") >= 2
    assert "nobody" in page
    assert "nowhere" in page


def test_the_model_page_shows_the_numbers_of_the_report() -> None:
    page = client().get(f"/models/{MODEL}").text
    cells = [
        cell.text
        for section in report_document(dossier()).sections
        if section.key != "reading"
        for block in leaves(section.blocks)
        if type(block).__name__ == "Table"
        for row in block.rows
        for cell in row
        if cell.kind == "number"
    ]
    assert len(cells) > 100
    assert [text for text in cells if text not in page] == []


def test_version_and_period_are_asked_for_as_they_were_given() -> None:
    queries = FakeQueries()
    page = client(queries).get(f"/models/{MODEL}?version=3&period=2026-Q3").text
    assert queries.asked == [(MODEL, "3", "2026-Q3")]
    assert f"/models/{MODEL}/report.pdf?version=3&amp;period=2026-Q3" in page
    client(queries).get(f"/models/{MODEL}")
    assert queries.asked[-1] == (MODEL, None, None)


def test_the_filter_works_as_a_whole_page_and_as_a_part() -> None:
    whole = client().get(f"/models/{MODEL}?state=watch")
    part = client().get(f"/models/{MODEL}?state=watch", headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert part.text.strip() in whole.text
    assert "Showing 3 of 20 signals." in part.text
    assert "HX-Request" in whole.headers["vary"]


def test_going_back_in_the_browser_gets_the_whole_page() -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client().get(f"/models/{MODEL}", headers=headers).text


def test_an_unknown_model_is_a_404_in_the_same_look_with_a_hint() -> None:
    answer = client().get("/models/sarcoma-visibl")
    assert answer.status_code == 404
    assert "did you mean" in answer.text
    assert "/static/site.css" in answer.text
    assert 'lang="en"' in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("not a period", where="2026-Q9"), 400),
        (NotAllowedError("no"), 403),
        (IncompleteError("no checkpoint"), 409),
        (ServiceUnreachableError("the database does not answer"), 503),
        (LedgerBrokenError("event 7 differs"), 500),
        (OverreadError("something"), 500),
        (RuntimeError("secret detail"), 500),
    ],
)
@pytest.mark.parametrize("address", ["/", f"/models/{MODEL}", f"/models/{MODEL}/report.pdf", "/audit"])
def test_an_error_is_one_line_without_a_traceback(error: Exception, status: int, address: str) -> None:
    answer = client(BrokenQueries(error)).get(address)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    if isinstance(error, OverreadError):
        assert error.what in answer.text


@pytest.mark.parametrize(
    "address", ["/audit?last=0", "/audit?last=1001", "/audit?last=x", f"/models/{MODEL}?state=red"]
)
def test_a_value_that_cannot_be_is_a_400(address: str) -> None:
    assert client().get(address).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed_through_the_pages(method: str) -> None:
    assert client().ask(method, "/").status_code == 405


def test_the_pages_describe_no_api_to_the_curious() -> None:
    assert [client().get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]


def test_the_audit_page_shows_as_many_events_as_were_asked_for() -> None:
    page = client().get("/audit?last=5").text
    assert page.count('id="event-') == 5
    assert "Decision refused" in page
    assert "approval needs an external site" in page


def test_the_pdf_comes_as_a_download_with_a_safe_name() -> None:
    answer = client().get(f"/models/{MODEL}/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="overread-{MODEL}-3-2026-09-30.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_the_json_is_the_dossier() -> None:
    answer = client().get(f"/models/{MODEL}/dossier.json")
    assert answer.json() == json.loads(record_bytes(dossier_record(dossier())))


@pytest.mark.parametrize("name", [name for name in HOSTILE if "/" not in name])
def test_a_hostile_model_name_reaches_its_page_as_text(name: str) -> None:
    queries = FakeQueries(hostile_dossier(name))
    pages = client(queries)
    link = re.search(r'<th scope="row"><a href="(/models/[^"]+)"', pages.get("/").text)
    assert link is not None
    answer = pages.get(link[1])
    assert answer.status_code == 200
    assert queries.asked == [(name, hostile_dossier(name).model.version, None)]
    assert not re.search(r"<(script(?! src=\"/static)|img(?! src=\"/static))", answer.text)
    assert not set(answer.text) & set("\u202e\u2066\x1b\x07")


def test_each_row_of_the_fleet_leads_to_its_own_version() -> None:
    links = re.findall(r'<th scope="row"><a href="([^"]+)"', client().get("/").text)
    assert links == [f"/models/{row.model}?version={row.version}" for row in FakeQueries().fleet()]


def test_the_pages_link_to_what_runs_now() -> None:
    running: dict[str, str] = {}
    app = create_app(FakeQueries(), ui_links=lambda: running)
    assert "Dagster" not in Pages(app).get("/").text
    running["Dagster"] = "http://127.0.0.1:3000/"
    assert 'href="http://127.0.0.1:3000/"' in Pages(app).get("/").text
    assert 'href="http://127.0.0.1:3000/"' in Pages(app).get("/nowhere").text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://evil.example/", "ftp://127.0.0.1/", "//127.0.0.1/"])
def test_links_lead_to_this_machine_only(address: str) -> None:
    with pytest.raises(UsageError, match="no address of this machine"):
        loopback_address(address)


def test_an_appendix_is_shown_in_a_sandbox_of_its_own_and_said_to_decide_nothing() -> None:
    page = client().get(f"/models/{MODEL}").text
    address = f"/models/{MODEL}/appendices/2026-09-30.html"
    assert f'href="{address}"' in page
    assert "Their verdicts are not Overread" in page
    found = client().get(address)
    assert found.headers["content-security-policy"] == APPENDIX_POLICY
    policy = dict(part.strip().partition(" ")[::2] for part in APPENDIX_POLICY.split(";"))
    assert policy["sandbox"] == "allow-scripts"
    assert policy["connect-src"] == policy["default-src"] == policy["form-action"] == "'none'"
    assert not any("http" in value or "'self'" in value for value in policy.values())
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("day", "status"), [("2026-09-29", 404), ("..%2F..%2Fetc", 404), ("2026-9-30", 400)])
def test_an_appendix_of_another_day_is_not_there(day: str, status: int) -> None:
    assert client().get(f"/models/{MODEL}/appendices/{day}.html").status_code == status


@pytest.mark.parametrize("address", PAGES[:-1])
def test_a_read_only_record_is_told_on_every_page_and_a_sound_one_is_not(address: str) -> None:
    told = Pages(create_app(FakeQueries(), notice=lambda: "restored from <an older> backup")).get(address).text
    assert "Read-only." in told
    assert "restored from &lt;an older&gt; backup" in told
    assert "Read-only." not in client().get(address).text


def test_the_people_page_shows_who_fills_each_role_and_what_is_vacant() -> None:
    text = client().get("/people").text
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", text, re.DOTALL)
    assert [row.partition("<")[0] for row in rows] == ["engineer", "clinical lead", "compliance"]
    assert "badge good" in rows[0]
    assert "vacant" in rows[1]
    assert "training expired" in rows[1]
    assert "nobody" in rows[2]
    assert "&lt;b&gt;Erin" in rows[0]
