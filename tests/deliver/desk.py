"""A service desk in memory that loses answers, commits late and dies with its client, and a clock to go
with it.

It keeps what arrived, so that a test can count: nothing here knows how delivery works.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.model.cycle import TicketId
from connector.model.effect import Effect, Output
from connector.platforms.port import Answer, Guard, Outcome, Request
from connector.world import World

START = 1_772_000_000_000
SETTLE = 300_000


UNHEARD: Mapping[str, Answer | None] = {
    "refused": Answer(Outcome.AGAIN, words="429", wait_ms=1_000),
    "rejected": Answer(Outcome.REFUSED, words="aborted by a business rule"),
    "lost": Answer(Outcome.UNSURE, words="timed out"),
    "late": Answer(Outcome.UNSURE, words="timed out"),
    "nothing": None,
}


class Dead(BaseException):
    """The process was killed: no `except Exception` holds it."""


@dataclass
class Clock:
    """Virtual time; sleeping moves it."""

    at: int = START

    def now(self) -> int:
        return self.at

    def pass_by(self, ms: int) -> None:
        self.at += ms

    def world(self) -> World:
        return World(
            now=self.now,
            monotonic=lambda: self.at / 1000,
            sleep=lambda s: self.pass_by(int(s * 1000)),
            random=random.Random(0),
            environ={},
            host="desk",
            pid=1,
            process_is_alive=lambda _pid: False,
        )


@dataclass
class Desk:
    """The platform. *trouble* is asked before each write: `ok`, `refused`, `rejected`, `lost` (the write
    did not happen), `unanswered` (it did), `late` (it will), `dead before`, `dead after`, `dead, late`,
    `nothing` (a batch item without an answer; the write did not happen)."""

    clock: Clock
    trouble: Callable[[Request], str] = lambda _request: "ok"
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    achievements: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # keys, as often as they are there
    created: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    at_once: int = 50
    asked: list[Request] = field(default_factory=list)
    is_dead: bool = False
    calls: list[int] = field(default_factory=list)  # requests in each
    _late: list[tuple[int, Request]] = field(default_factory=list)

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        on_ticket = [e for e in effects if e.output in (Output.FIELDS, Output.NOTE)]
        requests, is_merged = [], False
        for effect in effects:
            if effect not in on_ticket:
                requests.append(_alone(effect, remote))
            elif not is_merged:
                requests.append(_merged(on_ticket))
                is_merged = True
        return requests

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        self._live()
        self.asked += requests
        return [self._found(request) for request in requests]

    def look_ahead(self, requests: Sequence[Request]) -> None:
        pass

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        self.calls.append(len(requests))
        answers = [self._answer(request) for request in requests]
        while answers and answers[-1] is None:
            answers.pop()
        return [answer or Answer(Outcome.UNSURE, words="left out") for answer in answers]

    def pass_by(self, ms: int) -> None:
        self.clock.pass_by(ms)
        self._live()

    def _live(self) -> None:
        if self.is_dead:
            raise Dead
        due = [late for late in self._late if late[0] <= self.clock.at]
        self._late = [late for late in self._late if late[0] > self.clock.at]
        for _, request in due:
            self._commit(request)

    def _answer(self, request: Request) -> Answer | None:
        self._live()
        self.sent.append(request)
        trouble = self.trouble(request)
        if trouble in ("late", "dead, late"):
            self._late.append((self.clock.at + SETTLE - 1_000, request))
        if trouble in ("dead before", "dead, late"):
            self._die()
        if trouble in UNHEARD:
            return UNHEARD[trouble]
        answer = self._commit(request)
        if trouble == "dead after":
            self._die()
        return Answer(Outcome.UNSURE, words="cut") if trouble == "unanswered" else answer

    def _commit(self, request: Request) -> Answer:
        body = request.body
        if request.path == "achievement":
            return self._commit_achievement(request)
        if request.path == "ticket":
            for key, payload in body["payloads"].items():
                if body["outputs"][key] == "note":
                    self.notes.append(key)
                else:
                    self.tickets.setdefault(body["ticket"], {}).update(payload)
            return Answer(Outcome.DONE, remote_id=body["ticket"])
        (self.mails if request.path == "mail" else self.created).append(request.effects[0])
        return Answer(Outcome.DONE, remote_id=f"made {request.effects[0]}")

    def _commit_achievement(self, request: Request) -> Answer:
        key = request.effects[0]
        if request.guard is Guard.UNIQUE and key in self.achievements:
            return Answer(Outcome.REFUSED, words="Unique key violation")
        self.achievements[key] = dict(request.body["payloads"][key])
        return Answer(Outcome.DONE, remote_id=f"sys {key}")

    def _found(self, request: Request) -> str | None:
        key = request.effects[0]
        if request.path == "achievement":
            return f"sys {key}" if key in self.achievements else None
        if request.path == "ticket":
            notes = [key for key in request.effects if request.body["outputs"][key] == "note"]
            return request.body["ticket"] if notes and notes[0] in self.notes else None
        return f"made {key}" if key in self.created else None

    def _die(self) -> None:
        self.is_dead = True
        raise Dead


def _alone(effect: Effect, remote: Mapping[str, str]) -> Request:
    if effect.output is Output.ACHIEVEMENT:
        guard = Guard.ABSOLUTE if effect.key in remote else Guard.UNIQUE
        return _request(guard, "achievement", [effect], remote=remote.get(effect.key))
    if effect.output is Output.NOTIFY:
        return _request(Guard.ONCE, "mail", [effect])
    return _request(Guard.LOOKUP, "create", [effect])


def _merged(effects: Sequence[Effect]) -> Request:
    has_note = any(effect.output is Output.NOTE for effect in effects)
    return _request(Guard.LOOKUP if has_note else Guard.ABSOLUTE, "ticket", effects)


def _request(guard: Guard, path: str, effects: Sequence[Effect], **more: Any) -> Request:
    ticket = effects[0].ticket
    payloads = {effect.key: dict(effect.payload) for effect in effects}
    outputs = {effect.key: str(effect.output) for effect in effects}
    body = {"payloads": payloads, "outputs": outputs, "ticket": ticket.id if ticket else "", **more}
    return Request(tuple(e.key for e in effects), guard, "POST", path, body, ticket.key if ticket else "")


def effect(output: Output, key: str, ticket: str = "t1", at: int = START, **payload: Any) -> Effect:
    """An effect on one of the desk's tickets."""
    return Effect(
        key=key,
        output=output,
        source="acme",
        queue=f"incident:{ticket}",
        payload=payload,
        ticket=TicketId("acme", "incident", ticket, ticket.upper()),
        kind="problem" if output is Output.CREATE else None,
        at=at,
    )
