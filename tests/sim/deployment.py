"""A whole deployment in one process: a sandbox with its desk, a site's files, the real store, and processes
that may die."""

from __future__ import annotations

import copy
import smtplib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from connector.platforms.registry import open_platform
from connector.pull.stop import Stop
from connector.run import Options, run, run_nudged
from connector.sandbox import Sandbox
from connector.sandbox.jira.oauth import cloud_id
from connector.sandbox.transport import _incoming
from connector.site import Site
from connector.stages.summary import SourceSummary, Summary
from connector.store import inbox
from connector.world import World
from tests.sim.aim import Aim
from tests.sim.databases import database
from tests.sim.desk import Desk
from tests.sim.jira import JiraDesk
from tests.sim.mortal import Life, MortalTransport, OneAfterAnother, chance
from tests.sim.opening import open_here
from tests.sim.servicenow import ServiceNowDesk
from tests.sim.sites import HOOK, fresh_folder, site

START = 1_772_438_400_000  # 2026-03-02T08:00:00Z
DESKS = {"servicenow": ServiceNowDesk, "jira": JiraDesk}
# Tables that people and Accord write to; of all others a copied sandbox shares what the original has.
WRITTEN = (
    "incident", "problem", "sys_audit", "sys_journal_field", "u_accord_achievement", "sys_audit_delete",
)  # fmt: skip

Happens = Callable[[Life, str], None]


def _nothing(_life: Life, _boundary: str) -> None:
    """What happens where nobody does anything."""


class Clock:
    """The true time, in milliseconds, and how far the clock of Accord's machine is off."""

    def __init__(self) -> None:
        self.now = START
        self.off = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def true(self) -> int:
        return self.now

    def at(self, instant: int, what: Callable[[], None]) -> None:
        """Have something happen at an instant."""
        heappush(self._due, (instant, next(self._numbers), what))

    def pass_by(self, ms: int) -> None:
        """Let time go by, and what is due with it."""
        end = self.now + ms
        while self._due and self._due[0][0] <= end:
            self.now = max(self.now, self._due[0][0])
            heappop(self._due)[2]()
        self.now = max(self.now, end)


@dataclass
class Deployment:
    """*seed* makes everything that is left to chance the same in every replay. The store lies in one place
    for all deployments of this process, one after the other. *has_run*: a first run has seen the empty desk
    already."""

    seed: int
    platform: str = "servicenow"
    page_size: int = 1000
    login: str = "basic"
    rules: str = "one"
    notify: str = "platform"
    has_run: bool = False
    lives: list[Life] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  # tickets that Accord may not see
    told: list[str] = field(default_factory=list)  # the keys of the notices that mail server or webhook took

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.sandbox = _copied(_template(self.platform), self.clock)
        self.sandbox.world.chance.seed = self.seed
        self.desk: Desk = DESKS[self.platform](self.sandbox)
        self.aim = self.sandbox.faults = Aim(self.desk)  # type: ignore[assignment]
        self.has_run = self.has_run and (self.platform, self.login) != ("jira", "oauth")
        database().put_back(_known_desk(self.platform, self.rules) if self.has_run else database().empty())
        self.keep = fresh_folder()
        self.clock.pass_by(60_000 if self.has_run else 0)

    @property
    def site(self) -> Site:
        """The files as they are now."""
        found = site(self.platform, self.login, self.rules, self.notify)
        source = found.config.sources["acme"]
        url = source.url.replace("/ex/jira/cloud", f"/ex/jira/{cloud_id(self.sandbox.jira.site)}")
        pull = replace(source.pull, page_size=self.page_size)
        source = replace(source, url=url, pull=pull, keep=self.keep)
        return replace(found, config=replace(found.config, sources={"acme": source}))

    # -- processes

    def sync(self, happens: Happens = _nothing, *, host: str = "here") -> Summary:
        """One run by a process of its own."""
        life, world = self._begins(happens, host)
        return run(open_here(world, life), self.site, Options(), Stop(world), sends=True)

    def nudge(self, ids: list[str], happens: Happens = _nothing) -> list[SourceSummary]:
        """A webhook names those tickets, and a service reads them at once."""
        life, world = self._begins(happens, "here")
        store = open_here(world, life)
        with store.begin() as tx:
            for id_ in ids:
                inbox.add(tx, "acme", "incident", id_, world.now())
        return run_nudged(store, self.site, {"acme": 1000}, Stop(world))

    def _begins(self, happens: Happens, host: str) -> tuple[Life, World]:
        life = Life(happens, pid=len(self.lives) + 1, host=host)
        self.lives.append(life)
        return life, self._world(life)

    def _world(self, life: Life) -> World:
        def now() -> int:
            life.breathe()
            return self.clock.now + self.clock.off

        def monotonic() -> float:
            life.breathe()
            return self.clock.now / 1000

        def sleep(seconds: float) -> None:
            life.breathe()
            self.pass_by(seconds)
            life.breathe()

        return World(
            now=now,
            monotonic=monotonic,
            sleep=sleep,
            random=chance(self.seed, f"life {life.pid}"),
            adapter=lambda _: MortalTransport(
                life, Network(self.sandbox.transport(sleep), self.told, self._watch), self._named
            ),
            mail=lambda *_: Mailbox(life, self.told),  # type: ignore[arg-type]
            executor=lambda _: OneAfterAnother(),
            environ={"SECRET": "accord", "CLIENT": "accord-secret", "REFRESH": "accord-refresh"},
            host=life.host,
            pid=life.pid,
            process_is_alive=lambda pid: not self.lives[pid - 1].is_over,
        )

    def _watch(self, request: PreparedRequest, response: Response) -> None:
        """Count what the platform does by itself; not what is aimed at it."""
        boundary = self._named(request)
        limit = self.desk.own_limit(response)
        if limit is not None and not self.aim.has_just_hit(boundary):
            self.aim.met[limit, boundary] += 1
        if boundary == "pull page" and self.desk.index_is_behind:
            self.aim.met["index lag", boundary] += 1

    def _named(self, request: PreparedRequest) -> str:
        asked = _incoming(request)
        if asked.path == HOOK:
            return "webhook"
        return self.desk.boundary(asked.method, asked.path, asked.query, asked.body.decode("utf-8"))

    # -- time and people

    @property
    def now(self) -> int:
        return self.clock.now

    def pass_by(self, seconds: float) -> None:
        """Time goes by, for the platform too."""
        self.clock.pass_by(round(seconds * 1000))
        self.sandbox.advance(self.clock.now)

    def open(self, state: str = "new") -> str:
        """Somebody opens a ticket; its id."""
        return self.desk.open(state)

    def opens_in_secret(self) -> None:
        """Somebody opens a ticket that Accord may not see."""
        id_ = self.desk.open("new")
        self.desk.hide(id_)
        self.hidden.add(id_)

    # -- what Accord knows

    @property
    def watermark(self) -> int:
        """Up to when Accord knows the truth."""
        return self._of_source("watermark")

    @property
    def first_run(self) -> int:
        """Since when Accord acts."""
        return self._of_source("start_at")

    def in_force_since(self, agreement: str) -> int:
        """Since when Accord works by an agreement."""
        query = "select min(met_at) from rulesets where agreement = ?"
        ((value,),) = database().rows(query, agreement)
        return int(value)

    def _of_source(self, column: str) -> int:
        ((value,),) = database().rows(f"select {column} from sources")
        return int(value)


class Network(BaseAdapter):
    """The way to the platform, and to whoever takes notices by webhook."""

    def __init__(
        self,
        platform: BaseAdapter,
        told: list[str],
        watch: Callable[[PreparedRequest, Response], None],
    ) -> None:
        super().__init__()
        self._platform, self._told, self._watch = platform, told, watch

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """As the platform answers, or as a receiver that takes everything."""
        if not (request.path_url or "").startswith(HOOK):
            response = self._platform.send(request, *args, **options)
            self._watch(request, response)
            return response
        self._told.append(str(request.headers["Idempotency-Key"]))
        taken = Response()
        taken.status_code, taken._content = 204, b""
        return taken

    def close(self) -> None:
        """Nothing to close."""


class Mailbox:
    """A mail server that takes everything; handing over is a boundary."""

    def __init__(self, life: Life, told: list[str]) -> None:
        self._life, self._told = life, told

    def send_message(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """Take a mail, or break off before or after."""
        self._life.cross("before mail")
        self._told.append(str(message["Message-ID"]).strip("<>").partition("@")[0])
        self._life.cross("after mail")
        return {}

    def quit(self) -> None:
        """Say good-bye."""
        raise smtplib.SMTPServerDisconnected("it was gone already")


def _copied(original: Sandbox, clock: Clock) -> Sandbox:
    """A sandbox like *original* that lives by *clock*, as cheap as it can be had."""
    memo: dict[int, object] = {id(original.world.lock): original.world.lock}
    memo[id(original.world.clock._outside.__self__)] = clock  # type: ignore[union-attr]
    memo |= {id(table): table for table in original.servicenow.tables if table.name not in WRITTEN}
    return copy.deepcopy(original, memo)


@lru_cache(maxsize=2)
def _template(platform: str) -> Sandbox:
    """A sandbox on which `accord setup` has been run."""
    clock = Clock()
    sandbox = Sandbox(now=clock.true)
    world = World(
        now=clock.true,
        monotonic=lambda: clock.now / 1000,
        random=chance(0, "setup"),
        adapter=lambda _: sandbox.transport(lambda _: None),
        executor=lambda _: OneAfterAnother(),
        environ={"SECRET": "accord"},
    )
    files = site(platform, "basic", "one", "platform")
    adapter = open_platform(files.config.sources["acme"], files.catalogues["acme"], world)
    list(adapter.provision([one for one in adapter.provisions() if not one.present]))
    for table in sandbox.servicenow.tables:
        table._views.clear()
    return sandbox


@lru_cache(maxsize=8)
def _known_desk(platform: str, rules: str) -> Any:
    """The store after a first run on an empty desk."""
    deployment = Deployment(0, platform, rules=rules)
    deployment.sync()
    return database().keep()
