"""A service in time that only we move: whoever waits for an event lets time go by, and what was planned
happens meanwhile."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connector.model.instant import Instant
from connector.serve import Service, open_service
from tests.journeys.place import CONFIG, Clock, Place

SECRET = "correct horse battery"
SERVED = (
    CONFIG + "schedule: {every: 30m}\nwebhook: {listen: 127.0.0.1:0, secret: env:HOOK}\n"
    "metrics: {listen: 127.0.0.1:0}\n"
)


@dataclass(slots=True)
class Agenda:
    """What happens when, by the clock that *clock* shows."""

    clock: Clock
    planned: list[tuple[Instant, Callable[[], None]]] = field(default_factory=list)

    def plan(self, at: Instant, act: Callable[[], None]) -> None:
        """Have *act* happen at *at*."""
        self.planned.append((at, act))
        self.planned.sort(key=lambda one: one[0])

    def until(self, end: Instant, is_enough: Callable[[], bool]) -> None:
        """Let time go by up to *end*, or until it *is_enough*."""
        while not is_enough() and self.planned and self.planned[0][0] <= end:
            at, act = self.planned.pop(0)
            self.clock.now = max(self.clock.now, at)
            act()
        if not is_enough():
            self.clock.now = max(self.clock.now, end)


class VirtualEvent(threading.Event):
    """Waiting for it takes no time but the agenda's."""

    def __init__(self, agenda: Agenda) -> None:
        super().__init__()
        self._agenda = agenda

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "nobody may wait for ever"
        self._agenda.until(self._agenda.clock.now + round(timeout * 1000), self.is_set)
        return self.is_set()


@dataclass(slots=True)
class Office:
    """A place with a service on it."""

    place: Place
    agenda: Agenda
    service: Service
    environ: dict[str, str]

    @property
    def clock(self) -> Clock:
        return self.place.clock

    def until(self, end: Instant) -> None:
        """Let the service work until *end*."""
        self.agenda.plan(end, self.service.end)
        self.service.work()

    def at(self, at: Instant, act: Callable[[], Any]) -> None:
        """Have something happen at the desk at *at*."""

        def happen() -> None:
            self.place.sandbox.advance(self.clock.now)
            act()

        self.agenda.plan(at, happen)


@contextmanager
def office(folder: Path, config: str = SERVED, **changes: Any) -> Iterator[Office]:
    """A service whose place is set up; it has not run yet."""
    place = Place(folder, config=config)
    agenda = Agenda(place.clock)
    environ = {**place.world.environ, "HOOK": SECRET}
    world = replace(place.world, event=lambda: VirtualEvent(agenda), environ=environ, **changes)
    place.world = world
    place.setup()
    service = open_service(folder / "config.yaml", world)
    try:
        yield Office(place, agenda, service, environ)
    finally:
        service.close()


def signed(body: bytes, at: Instant, secret: str = SECRET, form: str = "hex") -> dict[str, str]:
    """The headers of a nudge, as its sender makes them."""
    timestamp = str(at // 1000)
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, "sha256")
    written = digest.hexdigest() if form == "hex" else b64encode(digest.digest()).decode()
    return {"x-accord-timestamp": timestamp, "x-accord-signature": f"sha256={written}"}


def post(service: Service, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and answer of the webhook."""
    answer = service.nudge_routes()["POST", "/nudge"](headers, body)
    return answer.status, json.loads(answer.body)


def nudge(service: Service, **named: str) -> tuple[int, dict[str, Any]]:
    """What a properly signed nudge is answered."""
    body = json.dumps({"source": "acme", "kind": "incident", **named}).encode()
    return post(service, body, signed(body, service.world.now()))


def health_of(service: Service) -> tuple[int, dict[str, Any]]:
    """Status and body of /healthz."""
    answer = service.routes()["GET", "/healthz"]({}, b"")
    return answer.status, json.loads(answer.body)


def figures(service: Service) -> dict[str, float]:
    """The samples of /metrics, by name and labels as written."""
    text = service.routes()["GET", "/metrics"]({}, b"").body.decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
