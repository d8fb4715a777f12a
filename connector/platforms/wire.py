"""The guarded line to one platform: credentials and requests go to the configured origin and nowhere else.

Every session that an adapter uses, a library's too, is made here. How often requests are made and repeated is
the governor's business; what answers mean is the adapter's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.auth import AuthBase
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import NotAllowed, NotReachable
from connector.world import World

CONNECT_S = 5.0
READ_S = 35.0  # a page that takes longer is asked for in smaller parts
WHOLE_S = 120.0  # headers and body together: the library's own limit is per read of the socket
MAX_BODY = 256 * 1024 * 1024
_CHUNK = 64 * 1024


def origin_of(url: str) -> str:
    """Scheme, host and port of *url*, as compared: `https://acme.service-now.com:443`."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that one attempt may take: to connect, between two reads, and altogether."""

    connect: float = CONNECT_S
    read: float = READ_S
    whole: float = WHOLE_S


class Line:
    """Sessions to one origin, one for each thread: a platform serves one request a session at a time."""

    def __init__(
        self, source: SourceConfig, world: World, auth: AuthBase | None, timeouts: Timeouts = Timeouts()
    ) -> None:
        self._source = source
        self._world = world
        self._auth = auth
        self._timeouts = timeouts
        self._local = threading.local()
        self.origin = origin_of(source.url)

    def session(self) -> Session:
        """This thread's session: logged in, verified, through the proxy, and held to the origin."""
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._new()
        return session

    def _new(self) -> Session:
        session = self._world.session()
        guard = GuardedTransport(session.get_adapter(self.origin), self.origin, self._world, self._timeouts)
        session.mount("https://", guard)
        session.mount("http://", guard)
        session.auth = self._auth
        session.verify = str(self._source.ca_bundle) if self._source.ca_bundle else True
        if proxy := self._source.proxy_url(self._world):
            session.proxies = {"https": proxy, "http": proxy}
        return session


class GuardedTransport(BaseAdapter):
    """A transport that sends to one origin only, follows no redirect and gives up a body that never ends."""

    def __init__(self, inner: BaseAdapter, origin: str, world: World, timeouts: Timeouts) -> None:
        super().__init__()
        self._inner = inner
        self._origin = origin
        self._world = world
        self._timeouts = timeouts

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 (the body is always read here, within the deadline)
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,  # noqa: ARG002
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer to *request*, its body read whole.

        Raises NotAllowed for another origin or a redirect, the library's exceptions for a failing network.
        """
        if origin_of(request.url or "") != self._origin:
            what = (
                f"a request to {origin_of(request.url or '')} was not sent: only {self._origin} is configured"
            )
            raise NotAllowed(what)
        deadline = self._world.monotonic() + self._timeouts.whole
        limits = (self._timeouts.connect, self._timeouts.read)
        response = self._inner.send(
            request, stream=True, timeout=limits, verify=verify, cert=cert, proxies=proxies
        )
        if response.is_redirect:
            raise _redirected(self._origin, response)
        _read_whole(response, self._world, deadline)
        return response

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


def _redirected(origin: str, response: requests.Response) -> NotAllowed:
    target = response.headers.get("Location", "")
    elsewhere = origin_of(target) if "://" in target else origin
    response.close()
    return NotAllowed(
        f"{origin} sends us on to {elsewhere}; redirects are not followed, lest the login go astray",
        hint="if that is the right address, write it as the source's `url`",
    )


def _read_whole(response: requests.Response, world: World, deadline: float) -> None:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if world.monotonic() > deadline:
            response.close()
            raise requests.exceptions.ReadTimeout("the body did not end in time", request=response.request)
        if len(body) > MAX_BODY:
            response.close()
            raise NotReachable(
                f"an answer is larger than {MAX_BODY // 1024**2} MiB",
                hint="lower `pull.page_size` in the configuration",
            )
    response.close()
    response._content = bytes(body)
    response.raw = _Body(response._content)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    if isinstance(response._content, bytes):
        return iter((response._content,))
    return response.iter_content(_CHUNK)


class _Body(BytesIO):
    """A body that was read, with the switch that pysnow sets on it."""

    decode_content = True
