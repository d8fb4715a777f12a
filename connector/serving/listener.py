"""HTTP from the standard library for what comes in: a handful of addresses, small bodies, short answers.

What is answered is decided elsewhere; here are only sockets, limits and the table of addresses. TLS and
access from other machines belong to a proxy in front.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from connector.errors import AccordError, scrub, unsteered
from connector.log import get_logger

log = get_logger()
AT_ONCE = 32  # connections; more are closed unheard
TIMEOUT_S = 10.0  # for a client that says nothing
LARGEST = 65_536  # bytes of a body that are read at all


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    content_type: str = "application/json"


def as_json(status: int, told: Mapping[str, Any]) -> Answer:
    """*told* as JSON, without secrets."""
    return Answer(status, unsteered(scrub(json.dumps(told, ensure_ascii=False))).encode() + b"\n")


Headers = Mapping[str, str]  # by their names in lower case
Route = Callable[[Headers, bytes], Answer]
Routes = Mapping[tuple[str, str], Route]  # (method, path)


class Listener:
    """A running server. AccordError where the address cannot be had."""

    def __init__(self, address: str, routes: Routes) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        handler = type("Handler", (_Handler,), {"routes": routes})
        kind = type("Server", (_Server,), {"address_family": _family(host)})
        try:
            self._server: ThreadingHTTPServer = kind((host, int(port)), handler)
        except (OSError, OverflowError) as error:
            raise AccordError(
                f"cannot listen on {address}: {getattr(error, 'strerror', None) or error}",
                hint="another service may have it: choose another address for `metrics` or `webhook`",
            ) from None
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (its signature)
        """A client that goes away is no news."""
        log.debug("serve.client_gone", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    routes: ClassVar[Routes]
    timeout = TIMEOUT_S
    server_version = "accord"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        self._send(self._answer_to(method))

    def _answer_to(self, method: str) -> Answer:
        path = self.path.partition("?")[0]
        route = self.routes.get((method, path))
        if route is None:
            known = [one for one, where in self.routes if where == path]
            return as_json(405 if known else 404, {"error": "nothing is here for that"})
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return as_json(411, {"error": "Content-Length is missing"})
        if int(length) > LARGEST:
            return as_json(413, {"error": "that is too much"})
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self.rfile.read(int(length))
        except OSError:  # whoever asks: it is nothing that the log has to tell
            return as_json(408, {"error": f"the body did not come within {TIMEOUT_S:.0f} s"})
        try:
            return route(headers, body)
        except Exception:
            log.exception("serve.answer_failed", path=path)
            return as_json(500, {"error": "internal error; the log has more"})

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its signature)
        """Nothing: answers are counted, not logged one by one."""
        del format, args
