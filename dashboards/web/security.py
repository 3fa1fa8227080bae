"""What every answer carries, and which names the server answers to."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

LOOPBACK: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Vary": "HX-Request, Accept-Encoding",
}

# The appendix is a foreign page with scripts of its own: it runs in an origin of its own, and reaches no network.
APPENDIX_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
POLICY = "Content-Security-Policy"

Next = Callable[[Request], Awaitable[Response]]


def secured(response: Response) -> Response:
    """Set the security headers on an answer; a policy that it carries already is one for that answer alone."""
    own = response.headers.get(POLICY)
    for name, value in HEADERS.items():
        response.headers[name] = value
    if own is not None:
        response.headers[POLICY] = own
    return response


def host_allowed(host: str, allowed: frozenset[str] = LOOPBACK) -> bool:
    """Say whether a Host header names this machine: a foreign name is how DNS rebinding reaches a local server."""
    try:
        parts = urlsplit(f"//{host}")
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_sound and parts.hostname in allowed and parts.username is None and not parts.path


async def guard(request: Request, call_next: Next) -> Response:
    """Refuse foreign Host headers, and secure every answer."""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not host_allowed(hosts[0], request.app.state.allowed_hosts):
        return secured(PlainTextResponse("This server answers to its own names only.", status_code=421))
    return secured(await call_next(request))
