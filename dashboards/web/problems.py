"""Errors as pages: one line that a person reads, never a traceback."""

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboards.templating import render
from dashboards.web.security import secured
from registry.domain.errors import (
    IncompleteError,
    NotAllowedError,
    OverreadError,
    ServiceUnreachableError,
    UnknownNameError,
    UsageError,
)

LOG = logging.getLogger(__name__)
STATUS: tuple[tuple[type[OverreadError], int], ...] = (
    (UnknownNameError, 404),
    (UsageError, 400),
    (NotAllowedError, 403),
    (IncompleteError, 409),
    (ServiceUnreachableError, 503),
)
TITLES = {400: "This request cannot be read", 403: "Not allowed", 404: "Not found", 405: "Not allowed here"}
UNEXPECTED = "The page could not be made. The server's log says why."


def add_to(app: FastAPI) -> None:
    """Add the error pages to an application."""
    app.add_exception_handler(OverreadError, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: OverreadError) -> int:
    """Return the HTTP status of an error of the tree; 500 for one that is none of the caller's."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _known(request: Request, error: Exception) -> Response:
    if not isinstance(error, OverreadError):
        return _unexpected(request, error)
    return _page(request, status_of(error), f"{error.line()}.")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _page(request, status, "There is no such page." if status == 404 else "The server does not do this.")


def _invalid(request: Request, _error: Exception) -> Response:
    return _page(request, 400, "A parameter of the address has a value that it cannot have.")


def _unexpected(request: Request, error: Exception) -> Response:
    LOG.error("a page could not be made: %s", type(error).__name__, exc_info=error)
    return _page(request, 500, UNEXPECTED)


def _page(request: Request, status: int, line: str) -> Response:
    title = TITLES.get(status, "Something went wrong")
    state = request.app.state
    values = {"links": state.ui_links(), "version": state.version, "notice": ""}
    body = render("problem.html", page="", title=title, line=line, **values)
    return secured(HTMLResponse(body, status_code=status))
