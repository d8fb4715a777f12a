"""The sandbox as a whole: the platforms, their one world, and what goes wrong on the way to their clients."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path

from requests.adapters import BaseAdapter

from connector.sandbox import control, log, web
from connector.sandbox.faults import Faults, Scene, inject
from connector.sandbox.jira import Jira, JiraQuirks
from connector.sandbox.jira.platform import WORDS as JIRA_WORDS
from connector.sandbox.keep import Keeper
from connector.sandbox.server import Server
from connector.sandbox.servicenow import Quirks, ServiceNow
from connector.sandbox.servicenow.errors import WORDS as SERVICENOW_WORDS
from connector.sandbox.transport import SandboxAdapter, Sleep
from connector.sandbox.wire import Request, Response
from connector.sandbox.world import World

_NAMED = re.compile(r"(?<=/)(?:\d+|[A-Z][A-Z0-9]*-\d+)(?=/|$)")


@dataclass(slots=True)
class _Late:
    """A request whose client has given up and which has yet to happen."""

    request: Request
    after_requests: int
    due: int


class Sandbox:
    """Embedded platforms in one seeded world.

    Args:
        now: epoch milliseconds as a callable (somebody else's clock), or the fixed instant to start at.
        seed: the seed of everything left to chance.
        file: where the records are kept between runs; None keeps them in memory.
        quirks: how the ServiceNow instance differs from a well-kept one.
        jira_quirks: how the Jira site does.
        latency_ms: what every answer takes.
    """

    def __init__(
        self,
        *,
        now: Callable[[], int] | int,
        seed: int = 0,
        file: Path | None = None,
        quirks: Quirks | None = None,
        jira_quirks: JiraQuirks | None = None,
        latency_ms: int = 0,
    ) -> None:
        self.world = World(now, seed)
        self.servicenow = ServiceNow(self.world, quirks or Quirks())
        self.jira = Jira(self.world, jira_quirks or JiraQuirks())
        self.faults = Faults(self.world.chance)
        self.latency_ms = latency_ms
        self.requests: Counter[str] = Counter()
        self._late: list[_Late] = []
        self.log: log.LoadedLog | None = None
        self._keeper = Keeper(file, self) if file else None
        if self._keeper:
            self._keeper.restore()

    # -- answering

    def handle(self, request: Request) -> Response:
        """Answer one request. Safe to call from several threads."""
        with self.world.lock:
            self._keep_up()
            response = self._answer(request)
            if self._keeper:
                self._keeper.save()
        if self.latency_ms and not response.delay_ms:
            response = _delayed(response, self.latency_ms)
        return response

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/sandbox/"):
            return control.handle(self, request)
        if web.is_page(request):
            return web.handle(self, request)
        self.requests[_counted(request)] += 1
        self._commit_late_requests()
        response = self._faulty(request, "request", lambda: self._platform(request, self._item))
        return response.with_headers(("Date", formatdate(self.world.now() / 1000, usegmt=True)))

    def _platform(self, request: Request, item: Callable[[Request], Response] | None = None) -> Response:
        """Let the platform answer that a path belongs to."""
        if self.jira.serves(request.path):
            return self.jira.handle(request)
        return self.servicenow.handle(request, item)

    def _item(self, request: Request) -> Response:
        """Serve one part of a batch, with the faults that parts may meet."""
        self.requests[f"item {_counted(request)}"] += 1
        return self._faulty(request, "item", lambda: self.servicenow.handle(request))

    def _faulty(self, request: Request, kind: str, answer: Callable[[], Response]) -> Response:
        fault = self.faults.choose(request, kind)
        if fault is None:
            return answer()
        words = JIRA_WORDS if self.jira.serves(request.path) else SERVICENOW_WORDS
        scene = Scene(
            request, answer, self._later(request), lambda: self._touch(request), words, self.world.now()
        )
        return inject(fault, scene)

    def _later(self, request: Request) -> Callable[[int, int], None]:
        def promise(after_requests: int, after_ms: int) -> None:
            self._late.append(_Late(request, after_requests, self.world.now() + max(1, after_ms)))

        return promise

    def _commit_late_requests(self) -> None:
        for late in list(self._late):
            late.after_requests -= 1
            if late.after_requests < 0 or late.due <= self.world.now():
                self._late.remove(late)
                self._platform(late.request)

    def _touch(self, request: Request) -> None:
        """Let some row of the table that was read change, or some issue."""
        if self.jira.serves(request.path):
            self.jira.touch(self.world.chance.next("touch"))
            return
        name = request.parts[-1]
        if name in self.servicenow.tables:
            table = self.servicenow.tables[name]
            if table.rows and "sys_mod_count" in table.columns:
                ids = sorted(table.rows)
                chosen = ids[int(self.world.chance.next("touch") * len(ids))]
                self.servicenow.instance.write(table, table.rows[chosen], {}, "somebody")

    # -- time

    def _keep_up(self) -> None:
        """Let everything happen that is due by now."""
        now = self.world.now()
        if self.log:
            self.log.play(now)
        self.world.agenda.keep_up(now)

    def advance(self, to: int) -> None:
        """Move the clock on to an instant (epoch milliseconds) and let happen what was due by then."""
        with self.world.lock:
            self.world.clock.move(to)
            self._keep_up()
            for late in [late for late in self._late if late.due <= self.world.now()]:
                self._late.remove(late)
                self._platform(late.request)
            if self._keeper:
                self._keeper.save()

    # -- filling

    def load_log(
        self, path: Path | None = None, *, until: int | None = None, platform: log.On = "servicenow"
    ) -> log.LoadedLog:
        """Load an incident log: all of it, or what happened up to `until` with the rest yet to come.

        `platform` says where its tickets are: on `servicenow`, on `jira`, or the same ones on `both`.

        Without a path it is the slice that ships. The clock is moved on to the last event loaded.
        """
        with self.world.lock:
            self.log = log.load(self.world, self.servicenow.instance, self.jira.site, path, until, platform)
            if self._keeper:
                self._keeper.save()
        return self.log

    # -- reaching it

    def transport(self, sleep: Sleep | None = None) -> BaseAdapter:
        """An adapter for a `requests` session: calls the handlers in this process."""
        return SandboxAdapter(self, sleep)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """Listen on the loopback; port 0 takes a free one."""
        return Server(self, host, port)

    def close(self) -> None:
        """Write what is still unwritten and let go of the file."""
        if self._keeper:
            self._keeper.close()


def _counted(request: Request) -> str:
    """`GET incident`: under what a request is counted."""
    if "rest" in request.parts:
        return f"{request.method} {_without_names(request.path)}"
    parts = [part for part in request.parts if part not in {"api", "now", "v1", "v2"}]
    if parts[:1] in (["table"], ["stats"]) and len(parts) > 1:
        return f"{request.method} {parts[1]}" if parts[0] == "table" else f"{request.method} stats {parts[1]}"
    return f"{request.method} {parts[0] if parts else '/'}"


def _without_names(path: str) -> str:
    """`issue/*/comment` of a Jira path: ids and keys would make every count one."""
    rest = path.partition("/rest/")[2].removeprefix("api/").partition("/")[2]
    return _NAMED.sub("*", rest)


def _delayed(response: Response, delay_ms: int) -> Response:
    return replace(response, delay_ms=delay_ms)
