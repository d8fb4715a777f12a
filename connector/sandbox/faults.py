"""What can go wrong between a client and a platform, switched on by script or by seeded chance.

A fault wraps the real answer: whether the write happened before, after or not at all is the whole point.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Any

from connector.sandbox.wire import Breakage, Request, Response
from connector.sandbox.world import Chance

HOLD_S = 2.0
GIVEN_UP_AFTER = 3

GATEWAY = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault about to happen, with its options."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        return float(self.options.get(name, default))


@dataclass(frozen=True, slots=True)
class Words:
    """How a platform words its errors: as JSON, and where there is none."""

    cancelled: Mapping[str, Any]
    limited: Mapping[str, Any]
    unauthenticated: Response
    asleep: str
    limited_headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Scene:
    """What a fault may do: let the request happen, now or later, or change a row unseen."""

    request: Request
    answer: Callable[[], Response]
    later: Callable[[int, int], None]
    touch: Callable[[], None]
    words: Words
    now: int


Effect = Callable[[Fault, Scene], Response]


def _broken(kind: str, fault: Fault) -> Response:
    return Response(0, breakage=Breakage(kind, fault.number("hold_s", HOLD_S)))


def _refused(fault: Fault, _: Scene) -> Response:
    return _broken("refused", fault)


def _timeout(fault: Fault, _: Scene) -> Response:
    return _broken("timeout", fault)


def _commit_then_timeout(fault: Fault, scene: Scene) -> Response:
    scene.answer()
    return _broken("timeout", fault)


def _late_commit(fault: Fault, scene: Scene) -> Response:
    """The client gives up; the write lands after some more requests, or once time has moved on."""
    scene.later(int(fault.number("after_requests", GIVEN_UP_AFTER)), int(fault.number("after_ms", 0)))
    return _broken("timeout", fault)


def _error(_: Fault, scene: Scene) -> Response:
    return Response.json(500, scene.words.cancelled)


def _commit_then_500(_: Fault, scene: Scene) -> Response:
    scene.answer()
    return Response.json(500, scene.words.cancelled)


def _gateway(fault: Fault, scene: Scene) -> Response:
    """An HTML page of a proxy in between; `commit` says whether the request got through before."""
    if fault.options.get("commit"):
        scene.answer()
    status = int(fault.number("status", 503))
    return Response.html(status, GATEWAY.format(f"{status} from the gateway"))


def _limited(fault: Fault, scene: Scene) -> Response:
    seconds = str(int(fault.number("retry_after_s", 5)))
    words = scene.words
    return Response.json(429, words.limited, ("Retry-After", seconds), *words.limited_headers)


def _limited_until(fault: Fault, scene: Scene) -> Response:
    """As `_limited`, with Retry-After as a date."""
    seconds = fault.number("retry_after_s", 5)
    date = formatdate(scene.now / 1000 + seconds, usegmt=True)
    return Response.json(429, scene.words.limited, ("Retry-After", date), *scene.words.limited_headers)


def _limited_bare(_: Fault, __: Scene) -> Response:
    return Response(429, b"", (("Content-Type", "text/html;charset=UTF-8"),))


def _cut(_: Fault, scene: Scene) -> Response:
    return replace(scene.answer(), breakage=Breakage("cut"))


def _partial(fault: Fault, scene: Scene) -> Response:
    """Cancelled while running: 200, the rows so far, then an error; malformed JSON when asked for."""
    response = scene.answer()
    if response.status != 200 or not isinstance(shown := _body(response), dict):
        return response
    rows = shown.get("result")
    if not isinstance(rows, list):
        return response
    kept = rows[: int(fault.number("rows", len(rows) // 2))]
    cancelled = scene.words.cancelled
    text = json.dumps({"result": kept, **cancelled})
    if fault.options.get("malformed"):
        text = json.dumps({"result": kept})[:-2] + "," + json.dumps(cancelled)
    return replace(response, body=text.encode())


def _error_in_200(fault: Fault, scene: Scene) -> Response:
    """Cancelled while writing: 200 with an error in it; `commit` says whether the write stands."""
    if fault.options.get("commit"):
        scene.answer()
    return Response.json(200, {**scene.words.cancelled, "status": "failure"})


def _html(_: Fault, scene: Scene) -> Response:
    return Response.html(200, scene.words.asleep)


def _empty(_: Fault, __: Scene) -> Response:
    return Response(202, b"", (("Content-Type", "application/json;charset=UTF-8"),))


def _unauthenticated(_: Fault, scene: Scene) -> Response:
    return scene.words.unauthenticated


def _slow(fault: Fault, scene: Scene) -> Response:
    return replace(scene.answer(), delay_ms=int(fault.number("ms", 1000)))


def _uncounted(_: Fault, scene: Scene) -> Response:
    response = scene.answer()
    kept = tuple(pair for pair in response.headers if pair[0].lower() != "x-total-count")
    return replace(response, headers=kept)


def _touched(_: Fault, scene: Scene) -> Response:
    response = scene.answer()
    scene.touch()
    return response


def _body(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None


KINDS: dict[str, Effect] = {
    "refused": _refused,  # nobody listens; nothing happened
    "timeout": _timeout,  # no answer; nothing happened
    "commit_then_timeout": _commit_then_timeout,  # no answer; it happened
    "late_commit": _late_commit,  # no answer; it happens after the client has given up
    "500": _error,  # cancelled while queued; nothing happened
    "commit_then_500": _commit_then_500,  # an error, and yet it happened
    "gateway": _gateway,  # 502, 503 or 504 with an HTML page
    "429": _limited,  # refused with Retry-After
    "429_date": _limited_until,  # refused with Retry-After as a date
    "429_bare": _limited_bare,  # refused with neither JSON nor Retry-After
    "cut": _cut,  # it happened; the body breaks off
    "partial_200": _partial,  # 200 with some of the rows and an error
    "error_200": _error_in_200,  # 200 with an error and nothing else
    "html_200": _html,  # 200 with the page of a sleeping instance
    "empty_202": _empty,  # 202 with nothing in it
    "401": _unauthenticated,  # the token expired meanwhile
    "slow": _slow,  # it takes `ms`
    "uncounted": _uncounted,  # X-Total-Count is missing
    "touched": _touched,  # a row changes right after the page was read
}
# Every kind that does not need options, for simulations that try them all.
ALL = tuple(KINDS)


@dataclass(slots=True)
class _Rule:
    route: str
    fault: Fault
    left: int | None
    skip: int = 0

    def matches(self, request: Request, kind: str) -> bool:
        prefix = "item " if kind == "item" else ""
        return fnmatchcase(f"{prefix}{request.method} {request.path}", self.route)


class Faults:
    """Which fault a request meets. Routes are `METHOD /path` patterns with `*`; `*` is every request.

    The parts of a batch are met by routes that begin with `item `: `item PATCH /api/now/table/incident/*`.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._rules: list[_Rule] = []
        self._rates: dict[str, float] = {}
        self._route = "*"
        self.met: list[tuple[str, str]] = []

    def once(self, route: str, kind: str, *, skip: int = 0, times: int = 1, **options: Any) -> None:
        """Let the next matching request (after `skip` others) meet a fault, or the next `times` ones."""
        self._rules.append(_Rule(route, _fault(kind, options), times, skip))

    def always(self, route: str, kind: str, **options: Any) -> None:
        """Let every matching request meet a fault, until `clear`."""
        self._rules.append(_Rule(route, _fault(kind, options), None))

    def rates(self, rates: Mapping[str, float], seed: int | None = None, route: str = "*") -> None:
        """Let matching requests meet faults by chance: kind to share of requests."""
        for kind in rates:
            _fault(kind, {})
        self._rates, self._route = dict(rates), route
        if seed is not None:
            self._chance = Chance(seed)

    def clear(self) -> None:
        """No more faults; what was promised for later still happens."""
        self._rules.clear()
        self._rates.clear()

    def choose(self, request: Request, kind: str = "request") -> Fault | None:
        """The fault this request meets, if any."""
        fault = self._scripted(request, kind) or self._by_chance(request, kind)
        if fault:
            self.met.append((f"{request.method} {request.path}", fault.kind))
        return fault

    def _scripted(self, request: Request, kind: str) -> Fault | None:
        for rule in self._rules:
            if not rule.matches(request, kind):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.left is not None:
                rule.left -= 1
                if not rule.left:
                    self._rules.remove(rule)
            return rule.fault
        return None

    def _by_chance(self, request: Request, kind: str) -> Fault | None:
        if not self._rates or not _Rule(self._route, Fault(""), None).matches(request, kind):
            return None
        drawn = self._chance.next("fault")
        for name, share in self._rates.items():
            drawn -= share
            if drawn < 0:
                return Fault(name)
        return None


def _fault(kind: str, options: Mapping[str, Any]) -> Fault:
    if kind not in KINDS:
        raise ValueError(f"no fault is called {kind!r}; there are: {', '.join(KINDS)}")
    return Fault(kind, options)


def inject(fault: Fault, scene: Scene) -> Response:
    """The answer as the fault leaves it."""
    return KINDS[fault.kind](fault, scene)
