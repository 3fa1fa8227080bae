"""A witness's HTTP service (C2SP tlog-witness): `POST /add-checkpoint`, nothing else, and no state of its own."""

import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from registry.domain.errors import LedgerBrokenError
from registry.ledger.witness_request import MAX_BYTES, WitnessAnswer
from registry.witness import Witness

PATH = "/add-checkpoint"
_LOG = logging.getLogger(__name__)
_PATIENCE_S = 10


def make_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of one witness; port 0 takes a free one. Its `serve_forever` answers."""

    class Handler(_Handler):
        of = witness

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    of: ClassVar[Witness]
    protocol_version = "HTTP/1.1"
    server_version = "overread-witness"
    sys_version = ""
    timeout = _PATIENCE_S

    def do_POST(self) -> None:
        """Answer a request."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal() and len(length) < 7 and int(length) <= MAX_BYTES):
            self._give(WitnessAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a request has a length of at most 64 KiB\n"))
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        if self.path != PATH:
            self._give(WitnessAnswer(HTTPStatus.NOT_FOUND, "a witness answers at /add-checkpoint alone\n"))
            return
        self._give(self._answer(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log one line without the client's own text."""
        del format, args
        _LOG.info("a request was answered")

    def _answer(self, body: bytes) -> WitnessAnswer:
        try:
            return self.of.add_checkpoint(body.decode("utf-8"))
        except UnicodeDecodeError:
            return WitnessAnswer(HTTPStatus.BAD_REQUEST, "not UTF-8\n")
        except (LedgerBrokenError, OSError) as error:
            _LOG.error("the witness cannot remember: %s", error)
            return WitnessAnswer(
                HTTPStatus.INTERNAL_SERVER_ERROR, "the witness cannot remember, so it answers nothing\n"
            )

    def _give(self, answer: WitnessAnswer) -> None:
        data = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
