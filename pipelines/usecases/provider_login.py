"""Logging in by an identity provider (OpenID Connect, authorization code with PKCE, answered on loopback).

A provider that does not answer is unreachable (exit code 6): it is never told as a wrong password.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from pipelines.bootstrap import Workspace
from registry.domain.errors import NotAllowedError, ServiceUnreachableError, UsageError
from registry.identity_tokens import Expected, Vouched, vouched_for
from registry.logins import log_in_vouched
from registry.sessions import Login

PATIENCE_S = 10
WAIT_S = 180  # for the person at the provider's page
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def provider_login(workspace: Workspace, account: str, show: Callable[[str], None], wait_s: float = WAIT_S) -> Login:
    """Log somebody in whom the identity provider of the settings vouches for.

    Args:
        workspace: with `oidc_issuer` and `oidc_client` in `[people]`.
        account: an account that is bound to a subject of the provider.
        show: gives the person the address of the provider's page.
        wait_s: how long to wait for them there.

    Raises:
        UsageError: when the settings name no provider, or one without https that is not on this machine.
        ServiceUnreachableError: when the provider does not answer, or nobody came back from its page.
        NotAllowedError: when what it answers does not hold, or vouches for somebody else.
    """
    people = workspace.settings.people
    if not people.oidc_issuer or not people.oidc_client:
        raise UsageError("the settings name no identity provider", mend="set oidc_issuer and oidc_client of [people]")
    _require_safe(people.oidc_issuer)
    expected = Expected(people.oidc_issuer, people.oidc_client, secrets.token_urlsafe(16), people.oidc_acr)
    found = _vouched(expected, show, wait_s, workspace.clock.now)
    return log_in_vouched(workspace.people, workspace.root, account, found, workspace.log_key)


def _vouched(expected: Expected, show: Callable[[str], None], wait_s: float, now: Callable[[], Any]) -> Vouched:
    from authlib.integrations.base_client.errors import OAuthError  # noqa: PLC0415 - lazy: an optional part
    from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415 - lazy
    from requests import RequestException  # noqa: PLC0415 - lazy

    try:
        places = _document(f"{expected.issuer.rstrip('/')}/.well-known/openid-configuration")
        if places.get("issuer") != expected.issuer:
            raise NotAllowedError("the identity provider calls itself otherwise than the settings do")
        with _Answer(wait_s) as answer:
            session = OAuth2Session(
                expected.client,
                scope="openid",
                redirect_uri=answer.address,
                code_challenge_method="S256",
                token_endpoint_auth_method="none",  # noqa: S106 - a public client: PKCE takes the secret's place
            )
            verifier = secrets.token_urlsafe(48)
            asked = {"nonce": expected.nonce, "max_age": "0", "code_verifier": verifier}
            page, state = session.create_authorization_url(_place(places, "authorization_endpoint"), **asked)
            show(page)
            answered = answer.wait(state)
        token = session.fetch_token(
            _place(places, "token_endpoint"), code=answered, code_verifier=verifier, timeout=PATIENCE_S
        )
        keys = _document(_place(places, "jwks_uri"))
    except RequestException as error:
        raise _away() from error
    except OAuthError as error:
        raise NotAllowedError(f"the identity provider refuses: {error.error}", mend="log in there again") from error
    return vouched_for(str(token.get("id_token", "")), keys, expected, now())


def _document(address: str) -> Mapping[str, Any]:
    import requests  # noqa: PLC0415 - lazy

    _require_safe(address)
    answer = requests.get(address, timeout=PATIENCE_S, allow_redirects=False)
    if answer.status_code != requests.codes.ok:
        raise _away()
    found = answer.json()
    if not isinstance(found, dict):
        raise _away()
    return found


def _place(places: Mapping[str, Any], name: str) -> str:
    found = places.get(name)
    if not isinstance(found, str):
        raise NotAllowedError(f"the identity provider names no {name}", mend="ask whoever runs it")
    _require_safe(found)
    return found


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UsageError("an identity provider is asked by https alone", mend="write https:// in oidc_issuer")


def _away() -> ServiceUnreachableError:
    return ServiceUnreachableError(
        "the identity provider is unavailable", mend="try again later, or log in with a local account"
    )


class _Answer:
    """The one request that brings the person back from the provider's page, on a loopback port of its own."""

    def __init__(self, wait_s: float) -> None:
        self._found: dict[str, str] = {}
        found = self._found

        class Handler(BaseHTTPRequestHandler):
            """Keeps the answer's words."""

            def do_GET(self) -> None:
                """Take the answer."""
                from urllib.parse import parse_qsl  # noqa: PLC0415 - lazy

                parts = urlsplit(self.path)
                if parts.path == "/callback":
                    found.update(parse_qsl(parts.query))
                self.send_response(200 if parts.path == "/callback" else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"You may close this page.\n")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
                """Say nothing: the request holds a code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._until = time.monotonic() + wait_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where the provider sends the person back to."""
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def wait(self, state: str) -> str:
        """Return the code that the provider gave.

        Raises:
            ServiceUnreachableError: when nobody came back in time.
            NotAllowedError: when the answer is of another login, or no.
        """
        while not self._found and (left := self._until - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        if not self._found:
            raise ServiceUnreachableError("nobody came back from the identity provider's page", mend="log in again")
        if not secrets.compare_digest(self._found.get("state", "").encode(), state.encode()):
            raise NotAllowedError("the answer is of another login", mend="log in again")
        if "code" not in self._found:
            raise NotAllowedError("the identity provider says no", mend="log in there again")
        return self._found["code"]
