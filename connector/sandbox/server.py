"""The sandbox over real HTTP, on the loopback only.

HTTP/1.1 with kept connections, Nagle's delay off and buffered writes: quick enough that a client is measured,
not this.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox import Sandbox


class Server:
    """A running server; `url` is where it listens, `close` ends it."""

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        if host not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(f"the sandbox listens on the loopback only, not on {host}")
        handler = type("Handler", (_Handler,), {"sandbox": sandbox})
        self._server = _HTTPServer((host, port), handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait until that is done."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Block until the server is closed."""
        self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    sandbox: Sandbox

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        host = self.headers.get("Host") or "127.0.0.1"
        headers = dict(self.headers.items())
        request = Request.make(self.command, self.path, headers, body, f"http://{host}")
        self._answer(self.sandbox.handle(request))

    # Names that http.server looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _answer(self, response: Response) -> None:
        broken = response.breakage
        if broken and broken.kind in {"refused", "timeout"}:
            self._hang_up(broken.hold_s if broken.kind == "timeout" else 0)
            return
        if response.delay_ms:
            time.sleep(response.delay_ms / 1000)
        self._send(response, cut=broken is not None)
        if broken:
            self._hang_up(0)

    def _send(self, response: Response, *, cut: bool) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: len(response.body) // 2] if cut else response.body)
        self.wfile.flush()

    def _hang_up(self, after_s: float) -> None:
        """Leave the client without an answer; at once the connection is reset, not closed in order."""
        time.sleep(after_s)
        if not after_s:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Requests are counted by the sandbox; nothing is printed."""
