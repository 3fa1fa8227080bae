"""Time-stamping authorities for tests (RFC 3161), by the openssl program: local, throw-away, offline."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIGURATION = """\
[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class LocalAuthority:
    """An authority in a folder."""

    folder: Path

    @property
    def pem(self) -> bytes:
        """Its certificate, then its root: what a workspace pins."""
        return (self.folder / "tsa.pem").read_bytes() + (self.folder / "ca.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """Stamp a request."""
        (self.folder / "request.tsq").write_bytes(request)
        _openssl(
            *("ts", "-reply", "-config", self.folder / "tsa.cnf", "-section", "tsa"),
            *("-queryfile", self.folder / "request.tsq", "-out", self.folder / "answer.tsr"),
        )
        return (self.folder / "answer.tsr").read_bytes()


def new_authority(folder: Path, usage: str = "critical,timeStamping") -> LocalAuthority:
    """Make an authority with a root of its own."""
    folder.mkdir()
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"),
        *("-days", "30", "-subj", "/CN=Root", "-addext", "basicConstraints=critical,CA:TRUE"),
    )
    _openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr"),
        *("-subj", "/CN=Time"),
    )
    (folder / "extensions").write_text(f"extendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
    _openssl(
        *("x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key"),
        *("-CAcreateserial", "-days", "30", "-extfile", folder / "extensions", "-out", folder / "tsa.pem"),
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))
    return LocalAuthority(folder)


@contextmanager
def serving(authority: LocalAuthority, status: int = 200) -> Iterator[str]:
    """Serve an authority over HTTP on a free loopback port (RFC 3161, 3.4), and give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kind = self.headers["Content-Type"]
            request = self.rfile.read(int(self.headers["Content-Length"]))
            answer = authority.answer(request) if kind == "application/timestamp-query" else b"not a query"
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
