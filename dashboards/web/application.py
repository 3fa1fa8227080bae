"""The dashboard as an application: routes, error pages, security headers, static files."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from dashboards.templating import STATIC
from dashboards.web import problems
from dashboards.web.routes import ROUTER
from dashboards.web.security import LOOPBACK, guard
from registry.domain.errors import UsageError
from registry.domain.ports import Queries
from registry.version import __version__

NO_LINKS: Mapping[str, str] = MappingProxyType({})


def create_app(
    queries: Queries, *, ui_links: Mapping[str, str] = NO_LINKS, allowed_hosts: Collection[str] = LOOPBACK
) -> FastAPI:
    """Make the application over the questions that the record answers.

    Args:
        queries: answers every page's question.
        ui_links: names and addresses of the engineers' own pages, such as Dagster's.
        allowed_hosts: host names that the server answers to; loopback names unless given.

    Raises:
        UsageError: when a link is no http address.
    """
    app = FastAPI(title="Overread", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.queries = queries
    app.state.ui_links = {name: _web_address(address) for name, address in ui_links.items()}
    app.state.allowed_hosts = frozenset(allowed_hosts)
    app.state.version = __version__
    app.include_router(ROUTER)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.middleware("http")(guard)
    problems.add_to(app)
    return app


def _web_address(address: str) -> str:
    if urlsplit(address).scheme not in {"http", "https"}:
        raise UsageError("a link that is no web address", where=address[:80], mend="begin it with http:// or https://")
    return address
