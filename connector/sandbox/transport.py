"""The sandbox behind a `requests` session, without a socket: same client code, same exceptions, virtual time.

The exceptions are those that `requests` raises over a real connection, with the same causes inside, so that a
client that looks into them (was it refused before anything was sent?) sees what it would see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, exceptions
from requests import Response as Answer
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox import Sandbox

Sleep = Callable[[float], None]


class SandboxAdapter(BaseAdapter):
    """Sends requests to a sandbox in the same process; to be mounted on a session.

    `sleep` is called with the seconds an answer takes or a time-out lasts, so that a simulation's clock
    moves; without it nothing waits.
    """

    def __init__(self, sandbox: Sandbox, sleep: Sleep | None = None) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._sleep: Sleep = sleep or (lambda _: None)
        self._builder = HTTPAdapter()

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer a prepared request; raises what `requests` raises when the network breaks."""
        del verify, cert, proxies
        response = self._sandbox.handle(_incoming(request))
        _break(request, response, _patience(timeout), self._sleep)
        answer = self._builder.build_response(request, _raw(response))
        if not stream:
            _ = answer.content
        return answer

    def close(self) -> None:
        self._builder.close()


def _incoming(request: PreparedRequest) -> Request:
    url = request.url or ""
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    content = body.encode() if isinstance(body, str) else bytes(body)
    headers = {str(name): _text(value) for name, value in request.headers.items()}
    return Request.make(request.method or "GET", slash + target, headers, content, f"{scheme}://{host}")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _patience(timeout: Any) -> float | None:
    """How long the client waits for an answer, in seconds; None is for ever."""
    patience = timeout[1] if isinstance(timeout, tuple) else timeout
    return None if patience is None else float(patience)


def _break(request: PreparedRequest, response: Response, patience: float | None, sleep: Sleep) -> None:
    broken = response.breakage
    pool = HTTPConnectionPool("sandbox")
    if broken and broken.kind == "refused":
        refused = NewConnectionError(HTTPConnection("sandbox"), "[Errno 111] Connection refused")
        raise exceptions.ConnectionError(MaxRetryError(pool, request.url or "", refused), request=request)
    delay = response.delay_ms / 1000
    late = patience is not None and delay > patience
    if late or (broken and broken.kind == "timeout"):
        sleep(patience if patience is not None else (broken.hold_s if broken else delay))
        cause = ReadTimeoutError(pool, request.url or "", f"Read timed out. (read timeout={patience})")
        raise exceptions.ReadTimeout(cause, request=request)
    if delay:
        sleep(delay)


def _raw(response: Response) -> HTTPResponse:
    """The response as urllib3 hands it over; a cut body is shorter than its length says."""
    body = response.body
    cut = response.breakage is not None and response.breakage.kind == "cut"
    headers = HTTPHeaderDict()
    for name, value in (*response.headers, ("Content-Length", str(len(body)))):
        headers.add(name, value)
    return HTTPResponse(
        body=BytesIO(body[: len(body) // 2] if cut else body),
        headers=headers,
        status=response.status,
        reason=HTTPStatus(response.status).phrase,
        version=11,
        preload_content=False,
        enforce_content_length=True,
    )
