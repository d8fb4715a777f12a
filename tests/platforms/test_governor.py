"""The governor paces, waits as it is told, and never repeats what must not be repeated."""

from __future__ import annotations

import random
import ssl
import threading
from email.utils import formatdate

import pytest
import requests

from connector.errors import NotAllowed, NotReachable
from connector.platforms.governor import READS, WRITES, Because, Governor, Passing, because_of, retry_after
from connector.platforms.wire import Line
from connector.world import World
from tests.platforms.site import NOW, Clock, Site, source_config


@pytest.fixture
def clock() -> Clock:
    return Clock()


def governor(clock: Clock, *, per_second: float = 1000.0, concurrency: int = 8) -> Governor:
    world = World(
        now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep, random=random.Random(1), environ={}
    )
    return Governor("acme", world, per_second=per_second, concurrency=concurrency)


class Attempts:
    """Fails with these, one after another, then gives its number."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0

    def __call__(self) -> int:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.made


def failed() -> Passing:
    return Passing(Because.FAILED, "500")


def throttled(wait_s: float | None = None) -> Passing:
    return Passing(Because.THROTTLED, "429", wait_s)


def test_requests_keep_to_the_rate(clock: Clock) -> None:
    paced = governor(clock, per_second=10)
    for _ in range(110):
        paced.call(Attempts(), READS, "reading")
    assert (clock.at - NOW) / 1000 == pytest.approx(10.0, abs=0.5)


def test_a_read_is_tried_again(clock: Clock) -> None:
    attempts = Attempts(failed(), failed(), failed())
    assert governor(clock).call(attempts, READS, "reading") == 4


def test_a_write_that_may_have_had_an_effect_is_never_sent_again(clock: Clock) -> None:
    attempts = Attempts(failed())
    with pytest.raises(Passing):
        governor(clock).call(attempts, WRITES, "writing")
    assert attempts.made == 1


@pytest.mark.parametrize("failure", [throttled(2), Passing(Because.NOT_CONNECTED, "refused")])
def test_a_write_that_had_no_effect_may_be_sent_again(clock: Clock, failure: Passing) -> None:
    assert governor(clock).call(Attempts(failure), WRITES, "writing") == 2


def test_the_wait_that_is_asked_for_is_kept(clock: Clock) -> None:
    governor(clock).call(Attempts(throttled(42)), READS, "reading")
    assert clock.at - NOW >= 42_000


def test_everybody_waits_when_one_is_told_to(clock: Clock) -> None:
    shared = governor(clock)
    with pytest.raises(Passing):
        shared.call(Attempts(throttled(60)), WRITES, "writing")
    shared.call(Attempts(), READS, "reading")
    assert clock.at - NOW >= 60_000


def test_a_wait_longer_than_patience_is_told_not_slept(clock: Clock) -> None:
    with pytest.raises(Passing) as told:
        governor(clock).call(Attempts(throttled(3600)), READS, "reading")
    assert told.value.wait_s == 3600
    assert clock.at - NOW < 10_000


def test_concurrency_halves_and_grows_back(clock: Clock) -> None:
    shared = governor(clock, concurrency=8)
    shared.call(Attempts(throttled(), throttled()), READS, "reading")
    assert shared.concurrency == 2
    for _ in range(40):
        shared.call(Attempts(), READS, "reading")
    assert shared.concurrency == 8


def test_no_more_run_at_once_than_allowed() -> None:
    world = World(environ={})
    shared = Governor("acme", world, per_second=10_000.0, concurrency=2)
    running, most, lock, gate = 0, 0, threading.Lock(), threading.Event()

    def attempt() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(0.02)
        with lock:
            running -= 1

    threads = [threading.Thread(target=shared.call, args=(attempt, READS, "reading")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_a_platform_that_keeps_failing_is_left_in_peace(clock: Clock) -> None:
    shared = governor(clock)
    for _ in range(12):
        with pytest.raises(Passing):
            shared.call(Attempts(failed()), WRITES, "writing")
    assert clock.at - NOW >= 15_000


def test_after_a_refused_login_nothing_is_sent(clock: Clock) -> None:
    shared = governor(clock)
    shared.refuse(NotAllowed("the login was refused"))
    attempts = Attempts()
    with pytest.raises(NotAllowed, match="login was refused"):
        shared.call(attempts, READS, "reading")
    assert attempts.made == 0


def test_an_address_that_never_answered_is_given_up_soon(clock: Clock) -> None:
    attempts = Attempts(*[Passing(Because.NOT_CONNECTED, "refused")] * 9)
    with pytest.raises(Passing):
        governor(clock).call(attempts, READS, "reading")
    assert attempts.made == 3


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30.0),
        (formatdate(NOW / 1000 + 90, usegmt=True), 90.0),
        ("", None),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_in_both_forms(written: str, seconds: float | None) -> None:
    headers = requests.structures.CaseInsensitiveDict({"Retry-After": written})
    assert retry_after(headers, NOW) == seconds


def test_a_date_to_wait_until_is_of_the_clock_that_wrote_it() -> None:
    ahead = NOW / 1000 + 3600
    written = {"Retry-After": formatdate(ahead + 20, usegmt=True), "Date": formatdate(ahead, usegmt=True)}
    assert retry_after(requests.structures.CaseInsensitiveDict(written), NOW) == 20.0


def test_an_address_without_https_is_told_so() -> None:
    cause = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    with pytest.raises(NotReachable, match="does not speak https"):
        because_of(requests.exceptions.SSLError(cause))


@pytest.mark.parametrize(
    ("fault", "because"),
    [("refused", Because.NOT_CONNECTED), ("timeout", Because.FAILED), ("cut", Because.FAILED)],
)
def test_what_was_never_sent_is_told_from_what_was(site: Site, fault: str, because: Because) -> None:
    site.sandbox.faults.once("*", fault)
    session = Line(source_config(), site.world(), None).session()
    with pytest.raises(requests.RequestException) as raised:
        session.get("https://acme.service-now.com/api/now/table/incident")
    assert because_of(raised.value)[0] is because


def test_a_request_that_went_out_while_another_was_refused_may_have_had_an_effect(site: Site) -> None:
    """What is being handled meanwhile says nothing of it: it would be sent twice."""
    site.sandbox.faults.once("*", "timeout")
    session = Line(source_config(), site.world(), None).session()

    def ask_while_another_was_refused() -> None:
        try:
            raise ConnectionRefusedError("another request")
        finally:
            session.get("https://acme.service-now.com/api/now/table/incident")

    with pytest.raises(requests.RequestException) as raised:
        ask_while_another_was_refused()
    assert because_of(raised.value)[0] is Because.FAILED
