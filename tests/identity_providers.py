"""A small OpenID provider on loopback: it makes its own keys, signs ID tokens, and can be told to misbehave."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SUBJECT = "overread-workspace", "subject-of-erin"


class Provider:
    """An identity provider; `says` overrides claims of its tokens, `key` is what it signs with."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.published = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.says: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] | None = None
        self.broken = ""
        self.asked: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def token(self, nonce: str) -> str:
        """Return an ID token for the one person that it knows."""
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": SUBJECT,
            "nonce": nonce,
            "acr": "mfa",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "auth_time": int(self.now),
        }
        told = {name: value for name, value in (claims | self.says).items() if value is not None}
        return self.sign(told) if self.sign else jwt.encode(self.header, told, self.key)

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any], str]:
        """Return status, document and place to go to for a request."""
        parts = urlsplit(path)
        if parts.path == self.broken:
            return 503, {}, ""
        if parts.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return 200, {"issuer": self.issuer} | {name: self.issuer + at for name, at in places.items()}, ""
        if parts.path == "/keys":
            return 200, {"keys": [self.published.as_dict(private=False)]}, ""
        if parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe(8)
            self.asked[code] = asked
            return 302, {}, f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return self._exchanged(form)

    def _exchanged(self, form: dict[str, str]) -> tuple[int, dict[str, Any], str]:
        asked = self.asked.pop(form.get("code", ""), None)
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked is None or spelled(hashed) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}, ""
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked["nonce"])}, ""


def spelled(data: bytes) -> str:
    """Return bytes as a JWT spells them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def browse(page: str) -> None:
    """Go to the provider's page and follow it back, as a browser would, beside the command that waits."""
    threading.Thread(target=lambda: httpx.get(page, follow_redirects=True), daemon=True).start()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers as the provider does."""

        def do_GET(self) -> None:
            """Answer a page or a document."""
            self._give(provider.answer(self.path, {}))

        def do_POST(self) -> None:
            """Answer a form."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._give(provider.answer(self.path, dict(parse_qsl(body))))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
            """Say nothing."""

        def _give(self, answer: tuple[int, dict[str, Any], str]) -> None:
            status, document, place = answer
            data = json.dumps(document).encode()
            self.send_response(status)
            if place:
                self.send_header("Location", place)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
