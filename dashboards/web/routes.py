"""The pages. Each reads stored records through the Queries port; none changes anything."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from dashboards.report import render_html, render_pdf
from dashboards.templating import render
from dashboards.text import slug
from dashboards.view.record import dossier_record, record_bytes
from dashboards.web.fleet_page import fleet_values
from dashboards.web.model_page import Asked, model_values, signal_values
from dashboards.web.record_pages import card_values, lineage_values, watched_values
from dashboards.web.security import APPENDIX_POLICY, POLICY
from registry.domain.dossier import Dossier
from registry.domain.ports import Queries

ROUTER = APIRouter()
SIZES = (50, 200, 1000)
SHOWN = 5  # appendices that a model's page lists

Text = Annotated[str, Query(max_length=100)]
State = Literal["", "alert", "watch", "not_assessed", "ok"]
Day = Annotated[str, PathParameter(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Last = Annotated[int, Query(ge=1, le=1000)]


@ROUTER.get("/")
def fleet(request: Request) -> Response:
    """Show one row per model."""
    return _page(request, "fleet.html", page="fleet", **fleet_values(_queries(request).fleet()))


@ROUTER.get("/models/{model}")
def model(request: Request, model: str, version: Text = "", period: Text = "", state: State = "") -> Response:
    """Show a version, or a model that was not trained here; htmx gets only the signals, which the filter swaps."""
    watched = _queries(request).watched(model, version or None, period or None)
    if watched is not None:
        return _page(request, "record.html", page="model", **watched_values(watched))
    asked = Asked(model, version, period, state)
    dossier = _dossier(request, asked)
    if _wants_part(request):
        return HTMLResponse(render("signals.html", **signal_values(dossier, asked)))
    found = _queries(request).appendices(model)
    return _page(request, "model.html", page="model", appendices=found[:SHOWN], **model_values(dossier, asked))


@ROUTER.get("/models/{model}/card")
def card(request: Request, model: str, version: Text = "", period: Text = "") -> Response:
    """Show a version's card, its limits first."""
    view = _queries(request).card(model, version or None)
    return _page(request, "record.html", page="model", **card_values(view, Asked(model, version, period)))


@ROUTER.get("/models/{model}/lineage")
def lineage(request: Request, model: str, version: Text = "", period: Text = "") -> Response:
    """Show what a version was made from, and what a recall of that would affect."""
    view = _queries(request).lineage(model, version or None)
    return _page(request, "record.html", page="model", **lineage_values(view, Asked(model, version, period)))


@ROUTER.get("/models/{model}/report.pdf")
def report_pdf(request: Request, model: str, version: Text = "", period: Text = "") -> Response:
    """Give the audit report as PDF."""
    dossier = _dossier(request, Asked(model, version, period))
    return _download(render_pdf(dossier), dossier, "pdf", "application/pdf")


@ROUTER.get("/models/{model}/report.html")
def report_html(request: Request, model: str, version: Text = "", period: Text = "") -> Response:
    """Give the audit report as one HTML file."""
    dossier = _dossier(request, Asked(model, version, period))
    return _download(render_html(dossier).encode("utf-8"), dossier, "html", "text/html; charset=utf-8")


@ROUTER.get("/models/{model}/dossier.json")
def dossier_json(request: Request, model: str, version: Text = "", period: Text = "") -> Response:
    """Give every number of the page as JSON."""
    dossier = _dossier(request, Asked(model, version, period))
    return Response(record_bytes(dossier_record(dossier)), media_type="application/json")


@ROUTER.get("/models/{model}/appendices/{day}.html")
def appendix(request: Request, model: str, day: Day) -> Response:
    """Show the explorable appendix of a day, under a policy of its own."""
    page = _queries(request).appendix(model, day)
    return HTMLResponse(page, headers={POLICY: APPENDIX_POLICY})


@ROUTER.get("/people")
def people(request: Request) -> Response:
    """Show every role, who fills it today, and which a release waits for."""
    return _page(request, "people.html", page="people", rows=_queries(request).roles())


@ROUTER.get("/audit")
def audit(request: Request, last: Last = 50) -> Response:
    """Show the newest events of the ledger."""
    return _page(request, "audit.html", page="audit", rows=_queries(request).ledger(last), last=last, sizes=SIZES)


@ROUTER.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


def _queries(request: Request) -> Queries:
    queries: Queries = request.app.state.queries
    return queries


def _dossier(request: Request, asked: Asked) -> Dossier:
    return _queries(request).dossier(asked.model, asked.version or None, asked.period or None)


def _wants_part(request: Request) -> bool:
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def _page(request: Request, template: str, **values: Any) -> Response:
    state = request.app.state
    return HTMLResponse(
        render(template, links=state.ui_links(), version=state.version, notice=state.notice(), **values)
    )


def _download(data: bytes, dossier: Dossier, ending: str, kind: str) -> Response:
    name = f"overread-{slug(dossier.model.model)}-{slug(dossier.model.version)}-{slug(dossier.period[1])}.{ending}"
    return Response(data, headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": kind})
