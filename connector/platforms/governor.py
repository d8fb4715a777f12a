"""One governor per source: how fast it is asked, how often again, and when we stop asking.

A token bucket paces, concurrency halves when the platform says it is too much and grows back, a failing
platform is left in peace for a while. What an answer means is told by the adapter through `Passing`.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TypeVar

import requests
import tenacity
import urllib3.exceptions

from connector.errors import AccordError, NotAllowed, NotReachable
from connector.log import get_logger
from connector.model.instant import Instant, from_datetime
from connector.world import World

T = TypeVar("T")
log = get_logger()


class Because(Enum):
    """Why an attempt did not succeed, though a later one may."""

    THROTTLED = "throttled"  # 429, 503 with Retry-After: it had no effect
    NOT_CONNECTED = "not connected"  # nothing was sent
    FAILED = "failed"  # cut, timed out, 5xx: it may have had an effect


class Passing(Exception):
    """An attempt failed in a way that may pass. *wait_s*: what the platform asked us to wait; *lane*: what
    it asked us to leave alone, where that is less than all of it (one endpoint, one issue)."""

    def __init__(
        self, because: Because, words: str, wait_s: float | None = None, lane: str | None = None
    ) -> None:
        super().__init__(words)
        self.because = because
        self.words = words
        self.wait_s = wait_s
        self.lane = lane


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we try. *repeat*: the reasons for which the same request may be sent again."""

    attempts: int
    whole_s: float
    repeat: frozenset[Because]


READS = Patience(attempts=7, whole_s=180.0, repeat=frozenset(Because))
# A write that may have had an effect is never repeated here: delivery looks it up first.
# However long it waits for its turn, it leaves within *whole_s*: the lease outlasts it (deliver/claims.py).
WRITES = Patience(attempts=4, whole_s=15.0, repeat=frozenset({Because.THROTTLED, Because.NOT_CONNECTED}))

_LONGEST_BACKOFF_S = 8.0
_FAILURES_BEFORE_PAUSE = 5
_LONGEST_PAUSE_S = 60.0
_TRIES_OF_A_STRANGER = 3


class Governor:
    """Paces one source's requests for all threads."""

    def __init__(self, source: str, world: World, *, per_second: float, concurrency: int) -> None:
        self._source = source
        self._world = world
        self._rate = per_second
        self._burst = max(1.0, per_second)
        self._tokens = self._burst
        self._filled_at = world.monotonic()
        self._most = float(concurrency)
        self._limit = float(concurrency)
        self._running = 0
        self._failures = 0
        self._closed_until = 0.0
        self._lanes: dict[str, float] = {}  # lanes that are left in peace, until when
        self._refused: NotAllowed | None = None
        self._has_answered = False
        self._gate = threading.Condition()
        self.requests = 0
        self.repeats = 0

    def call(self, attempt: Callable[[], T], patience: Patience, doing: str, lanes: Sequence[str] = ()) -> T:
        """What *attempt* gives, tried as often as *patience* allows. *doing* names it in errors, *lanes* are
        the parts of the platform it touches that may be limited by themselves.

        Raises Passing where patience ended and the caller may try later, NotAllowed at once after a login
        was refused (accounts lock), and whatever else *attempt* raises.
        """
        deadline = self._world.monotonic() + patience.whole_s
        retrying = tenacity.Retrying(
            sleep=self._world.sleep,
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, Passing) and error.because in patience.repeat
            ),
            wait=lambda state: self._wait_after(state, deadline),
            stop=lambda state: self._is_enough(state, patience) or self._is_late(state, deadline),
            before_sleep=lambda state: self._tell(state, doing),
            reraise=True,
        )
        return retrying(lambda: self._once(attempt, deadline, lanes))

    @property
    def concurrency(self) -> int:
        """How many requests may be under way now."""
        return max(1, int(self._limit))

    @property
    def is_closed(self) -> bool:
        """Whether the login was refused, so that nothing is sent any more."""
        return self._refused is not None

    def refuse(self, error: NotAllowed) -> None:
        """Send nothing more on this source: its login was refused."""
        self._refused = error

    def _once(self, attempt: Callable[[], T], deadline: float, lanes: Sequence[str]) -> T:
        self._wait_for(lanes, deadline)
        with self._turn(deadline):
            try:
                result = attempt()
            except Passing as passing:
                self._heed(passing)
                raise
            except requests.RequestException as error:
                cut = Passing(*because_of(error))
                self._heed(cut)
                raise cut from error
            except AccordError:
                self._relax()
                raise
        self._relax()
        return result

    def _wait_for(self, lanes: Sequence[str], deadline: float) -> None:
        """Wait until none of *lanes* is left in peace any more, without taking anybody's place meanwhile."""
        with self._gate:
            now = self._world.monotonic()
            closed, lane = max(((self._lanes.get(one, 0.0) - now, one) for one in lanes), default=(0.0, ""))
        if closed <= 0:
            return
        if now + closed > deadline:
            words = f"{lane} is left in peace for another {closed:.0f} s"
            raise Passing(Because.THROTTLED, words, closed, lane)
        self._world.sleep(closed)

    @contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        """Our turn: a place among the concurrent requests, and a token."""
        with self._gate:
            while self._running >= self.concurrency:
                self._gate.wait()
            self._running += 1
        try:
            self._pace(deadline)
            self.requests += 1
            yield
        finally:
            with self._gate:
                self._running -= 1
                self._gate.notify_all()

    def _pace(self, deadline: float) -> None:
        if self._refused is not None:
            raise self._refused
        with self._gate:
            now = self._world.monotonic()
            closed = max(0.0, self._closed_until - now)
            if now + closed > deadline:
                raise Passing(Because.THROTTLED, f"it is left in peace for another {closed:.0f} s", closed)
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            wait = max(closed, (1.0 - self._tokens) / self._rate)
            if now + wait > deadline:
                raise Passing(Because.THROTTLED, f"its turn comes in {wait:.0f} s", wait)
            self._tokens -= 1.0
        if wait > 0:
            self._world.sleep(wait)

    def _heed(self, passing: Passing) -> None:
        """Slow down for everybody: half the concurrency when throttled, a pause after repeated failure."""
        with self._gate:
            now = self._world.monotonic()
            if passing.lane is not None:
                until = now + (passing.wait_s or 0.0)
                self._lanes[passing.lane] = max(self._lanes.get(passing.lane, 0.0), until)
                return
            if passing.because is Because.THROTTLED:
                self._limit = max(1.0, self._limit / 2)
            if passing.wait_s:
                self._closed_until = max(self._closed_until, now + passing.wait_s)
            self._failures += 1
            beyond = self._failures - _FAILURES_BEFORE_PAUSE
            if beyond >= 0:
                pause = min(_LONGEST_PAUSE_S, 1.0 * 2**beyond)
                self._closed_until = max(self._closed_until, now + pause)

    def _relax(self) -> None:
        with self._gate:
            self._has_answered = True
            self._failures = 0
            self._limit = min(self._most, self._limit + 1.0 / self._limit)

    def _wait_after(self, state: tenacity.RetryCallState, deadline: float) -> float:
        """Full jitter, growing; the platform's own word beats it. Never beyond the deadline."""
        passing = _passing(state)
        if passing.wait_s is not None:
            return passing.wait_s
        longest = min(_LONGEST_BACKOFF_S, 2.0 ** (state.attempt_number - 1))
        left = max(0.0, deadline - self._world.monotonic())
        return min(left, self._world.random.uniform(0.0, longest))

    def _is_enough(self, state: tenacity.RetryCallState, patience: Patience) -> bool:
        """Whether it was tried often enough. An address that never answered is most likely a wrong one."""
        is_stranger = not self._has_answered and _passing(state).because is Because.NOT_CONNECTED
        return state.attempt_number >= min(patience.attempts, _TRIES_OF_A_STRANGER if is_stranger else 99)

    def _is_late(self, state: tenacity.RetryCallState, deadline: float) -> bool:
        passing = _passing(state)
        return self._world.monotonic() + (passing.wait_s or 0.0) >= deadline

    def _tell(self, state: tenacity.RetryCallState, doing: str) -> None:
        self.repeats += 1
        log.debug(
            "platform.request_repeated",
            source=self._source,
            doing=doing,
            why=_passing(state).words,
            attempt=state.attempt_number,
            wait_s=round(state.next_action.sleep if state.next_action else 0.0, 1),
        )


def _passing(state: tenacity.RetryCallState) -> Passing:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Passing) else Passing(Because.FAILED, str(error))


def gave_up(passing: Passing, source: str, doing: str) -> NotReachable:
    """What to tell a person after patience ended."""
    if passing.because is Because.THROTTLED:
        hint = (
            "it limits our rate: lower `limits.requests_per_second`, or ask for a higher limit for its user"
        )
    elif passing.because is Because.NOT_CONNECTED:
        hint = "check the source's `url`, its `proxy` and `ca_bundle`, and whether this machine may reach it"
    else:
        hint = "try again later; nothing is lost, the next run goes on from here"
    return NotReachable(f"{source}: {doing}: {passing.words}", hint=hint)


def retry_after(headers: requests.structures.CaseInsensitiveDict[str], now: Instant) -> float | None:
    """The seconds that `Retry-After` asks for, written as seconds or as a date; None where there is none.

    A date is of the clock that wrote it: it is compared with the answer's own `Date`, else with *now*.
    """
    written = headers.get("Retry-After", "").strip()
    if not written:
        return None
    if written.isdigit():
        return float(written)
    moment = dated(written)
    if moment is None:
        return None
    said_at = dated(headers.get("Date", ""))
    return max(0.0, (moment - (now if said_at is None else said_at)) / 1000)


def dated(written: str) -> Instant | None:
    """The instant of a date as HTTP headers write it; None where it is none."""
    try:
        return from_datetime(parsedate_to_datetime(written))
    except (ValueError, TypeError):
        return None


def because_of(error: requests.RequestException) -> tuple[Because, str]:
    """Whether anything can have been sent when *error* came, and what to say of it."""
    chain = list(_chain(error))
    if any("certificate" in str(link).lower() for link in chain if isinstance(link, ssl.SSLError)):
        raise NotReachable(
            f"its certificate could not be verified: {_short(error)}",
            hint="give the authority's certificates as the source's `ca_bundle`",
        ) from error
    if any("WRONG_VERSION_NUMBER" in str(link) for link in chain if isinstance(link, ssl.SSLError)):
        raise NotReachable(
            "what answers there does not speak https",
            hint="check host and port of the source's `url`, and its `proxy`",
        ) from error
    unsent = (
        requests.exceptions.ConnectTimeout,
        requests.exceptions.ProxyError,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        ConnectionRefusedError,
    )
    if any(isinstance(link, unsent) for link in chain):
        return Because.NOT_CONNECTED, f"no connection: {_short(error)}"
    if any(isinstance(link, requests.exceptions.Timeout) for link in chain):
        return Because.FAILED, "it did not answer in time"
    return Because.FAILED, f"the connection was cut: {_short(error)}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """*error* and everything it was raised from or carries; not what was merely being handled meanwhile: that
    may be another request's."""
    seen: list[BaseException] = []
    left: list[BaseException] = [error]
    while left:
        link = left.pop()
        if link in seen:
            continue
        seen.append(link)
        yield link
        inner = [*link.args, link.__cause__, getattr(link, "reason", None)]
        left += [part for part in inner if isinstance(part, BaseException)]


def _short(error: BaseException) -> str:
    deepest = list(_chain(error))[-1]
    return str(deepest).splitlines()[0][:200] or type(deepest).__name__
