"""The dashboard as an application: routes, error pages, security headers, static files."""

from collections.abc import Callable, Collection, Mapping
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

Links = Callable[[], Mapping[str, str]]


def no_links() -> Mapping[str, str]:
    """Return no link."""
    return {}


def no_notice() -> str:
    """Return that there is nothing to say."""
    return ""


def create_app(
    queries: Queries,
    *,
    ui_links: Links = no_links,
    allowed_hosts: Collection[str] = LOOPBACK,
    notice: Callable[[], str] = no_notice,
) -> FastAPI:
    """Make the application over the questions that the record answers.

    Args:
        queries: answers every page's question.
        ui_links: gives names and addresses of the engineers' own pages that run now, such as Dagster's; only loopback.
        allowed_hosts: host names that the server answers to; loopback names unless given.
        notice: gives what every page says first, such as that the record is read-only; empty: nothing.
    """
    app = FastAPI(title="Overread", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.queries = queries
    app.state.ui_links = lambda: {name: loopback_address(address) for name, address in ui_links().items()}
    app.state.notice = notice
    app.state.allowed_hosts = frozenset(allowed_hosts)
    app.state.version = __version__
    app.include_router(ROUTER)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.middleware("http")(guard)
    problems.add_to(app)
    return app


def loopback_address(address: str) -> str:
    """Return a link's address.

    Raises:
        UsageError: when it is no http address of this machine.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or parts.hostname not in LOOPBACK:
        raise UsageError("a link that is no address of this machine", where=address[:80], mend="http://127.0.0.1:PORT/")
    return address
