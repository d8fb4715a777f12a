"""Who may nudge, and what a nudge does: one read, and what follows from it, at once."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.deliver import Paced
from connector.errors import AccordError
from connector.model.instant import HOUR, MINUTE, SECOND
from connector.serving.listener import Listener
from connector.serving.webhook import LARGEST, Refused, verify
from connector.store import inbox, runs, tickets
from tests.journeys.place import RULES, START
from tests.serve.office import SECRET, SERVED, Office, figures, nudge, office, post, signed

pytestmark = pytest.mark.both_stores

NUDGE = {"source": "acme", "kind": "incident", "id": "9d385017c611228701d22104cc95c371"}
BODY = json.dumps(NUDGE).encode()


@pytest.mark.parametrize("form", ["hex", "base64"])
@pytest.mark.parametrize("off", [-5 * MINUTE, 0, 5 * MINUTE])
def test_a_signature_is_taken_in_both_spellings_within_five_minutes(form: str, off: int) -> None:
    verify(signed(BODY, START + off, form=form), BODY, SECRET, START)


def _with(**changes: str | None) -> dict[str, str]:
    headers: dict[str, Any] = {**signed(BODY, START), **{f"x-accord-{n}": v for n, v in changes.items()}}
    return {name: value for name, value in headers.items() if value is not None}


GOOD = signed(BODY, START)["x-accord-signature"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "answer"),
    [
        ({}, BODY, 401, "bad_signature"),
        (_with(signature=None), BODY, 401, "bad_signature"),
        (_with(timestamp=None), BODY, 401, "bad_signature"),
        (_with(signature="sha256="), BODY, 401, "bad_signature"),
        (_with(signature="sha256=" + "0" * 64), BODY, 401, "bad_signature"),
        (_with(signature=GOOD[:-1]), BODY, 401, "bad_signature"),
        (_with(signature="sha1=" + GOOD[7:]), BODY, 401, "bad_signature"),
        (_with(signature="sha256=Ü"), BODY, 401, "bad_signature"),
        (_with(timestamp=str(START // 1000 + 1)), BODY, 401, "bad_signature"),  # another's timestamp
        (signed(BODY, START), BODY + b" ", 401, "bad_signature"),  # another's body
        (signed(BODY, START, secret="guess"), BODY, 401, "bad_signature"),
        (signed(BODY, START - 5 * MINUTE - SECOND), BODY, 401, "stale"),
        (signed(BODY, START + 5 * MINUTE + SECOND), BODY, 401, "stale"),
        (signed(b"x" * (LARGEST + 1), START), b"x" * (LARGEST + 1), 413, "too_large"),
    ],
)
def test_what_is_not_signed_by_us_and_now_is_refused(
    headers: dict[str, str], body: bytes, status: int, answer: str
) -> None:
    with pytest.raises(Refused) as refused:
        verify(headers, body, SECRET, START)
    assert (refused.value.reply.status, refused.value.reply.answer) == (status, answer)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "no JSON object"),
        (b"[]", 400, "no JSON object"),
        (b"\xff", 400, "no JSON object"),
        (b"[" * 4000, 400, "no JSON object"),
        (json.dumps(NUDGE | {"source": "other"}).encode(), 404, "no source 'other'"),
        (json.dumps(NUDGE | {"source": ["acme"]}).encode(), 404, "no source"),
        (json.dumps(NUDGE | {"kind": "contract"}).encode(), 404, "no kind of ticket"),
        (json.dumps(NUDGE | {"id": 7}).encode(), 400, "`id`"),
        (json.dumps(NUDGE | {"id": "x^ORactive=true"}).encode(), 400, "`id`"),
        (json.dumps({"source": "acme", "kind": "incident"}).encode(), 400, "an `id` or a `key`"),
        (json.dumps({"source": "acme", "kind": "incident", "key": "INC1"}).encode(), 404, "send its `id`"),
    ],
)
def test_what_is_signed_and_no_nudge_is_told_so_and_not_kept(
    desk: Office, body: bytes, status: int, words: str
) -> None:
    got, told = post(desk.service, body, signed(body, START))
    assert (got, words in told["words"]) == (status, True), told
    with desk.service.store.read() as tx:
        assert inbox.waiting(tx, "acme") == []


def test_bad_signatures_are_counted(desk: Office) -> None:
    assert post(desk.service, BODY, {})[0] == 401
    assert post(desk.service, BODY, {})[0] == 401
    assert figures(desk.service)['accord_webhook_requests_total{answer="bad_signature"}'] == 2


def test_a_nudged_ticket_is_synced_within_a_second_and_no_other(desk: Office) -> None:
    opened: dict[str, str] = {}

    def two_come_and_one_is_nudged() -> None:
        opened["one"] = desk.place.open(impact="1", urgency="1")
        opened["other"] = desk.place.open(impact="1", urgency="1")
        assert nudge(desk.service, id=opened["one"])[0] == 202

    achieved: list[set[str]] = []
    at = START + 7 * MINUTE
    desk.at(at, two_come_and_one_is_nudged)
    desk.at(at + SECOND, lambda: achieved.append(_achieved(desk)))
    desk.until(at + 2 * SECOND)
    assert achieved == [{opened["one"]}]
    assert _due(desk, opened["one"]) == "2026-03-02 09:07:00"
    with desk.service.store.read() as tx:
        assert len(runs.last(tx, 10)) == 1, "no run of everything was needed"
        assert inbox.waiting(tx, "acme") == []


def test_a_known_ticket_may_be_nudged_by_its_key(desk: Office) -> None:
    opened: list[str] = []
    desk.at(START + MINUTE, lambda: opened.append(desk.place.open(impact="1", urgency="1")))
    desk.at(START + HOUR, lambda: desk.place.change(opened[0], state="6", close_code="x", close_notes="x"))
    desk.at(START + HOUR, lambda: nudge(desk.service, key=_row(desk, opened[0])["number"]))
    desk.until(START + HOUR + SECOND)
    assert [row["u_state"] for row in desk.place.rows("u_accord_achievement")] == ["met"]


def test_a_replayed_nudge_costs_one_read_and_changes_nothing(desk: Office) -> None:
    opened: list[str] = []
    counted: list[int] = []
    desk.at(START + MINUTE, lambda: opened.append(desk.place.open(impact="1", urgency="1")))
    for second in (0, 10, 20):
        desk.at(START + 2 * MINUTE + second * SECOND, lambda: nudge(desk.service, id=opened[0]))
        desk.at(START + 2 * MINUTE + (second + 5) * SECOND, lambda: counted.append(desk.place.writes_made()))
    desk.until(START + 3 * MINUTE)
    assert counted[0] > 0
    assert counted[1:] == [counted[0]] * 2


def test_nudges_may_do_no_more_acts_than_a_run_between_two_runs(tmp_path: Path) -> None:
    config = SERVED.replace("acts_per_run: 1000", "acts_per_run: 3")
    with office(tmp_path / "site", config) as desk:
        opened: list[str] = []

        def all_are_nudged() -> None:
            for one in opened:
                nudge(desk.service, id=one)

        def eight_come() -> None:
            opened.extend(desk.place.open(impact="1", urgency="1") for _ in range(8))

        told: list[int] = []
        desk.at(START + MINUTE, eight_come)
        for minute in (50, 51):  # the line at three quarters was at 46
            desk.at(START + minute * MINUTE, lambda: told.append(len(_notes(desk))))
            desk.at(START + minute * MINUTE + SECOND, all_are_nudged)
        desk.until(START + 52 * MINUTE)
        told.append(len(_notes(desk)))
        assert told == [3, 6, 6]


def test_what_somebody_must_allow_is_not_released_by_a_nudge(tmp_path: Path) -> None:
    config = SERVED.replace("acts_per_run: 1000", "acts_per_run: 2")
    with office(tmp_path / "site", config) as desk:
        desk.service.run_once()
        opened = [desk.place.open(impact="1", urgency="1") for _ in range(3)]
        desk.place.pass_(2 * HOUR)
        more = RULES.replace("agreement: desk", "agreement: more").replace("incident", "problem")
        desk.place.write(f"{RULES}---{more}")
        desk.service.run_once()
        nudge(desk.service, id=opened[0])  # its two acts alone would be few enough
        desk.service.take_nudges()
        last = desk.service.board.view.sources["acme"]
        assert last is not None
        assert last.summary.paced == Paced(go=0, paced=0, held=6)
        assert _notes(desk) == []


def test_a_nudge_before_the_first_whole_reading_waits_for_it(desk: Office) -> None:
    one = desk.place.open(impact="1", urgency="1")
    assert nudge(desk.service, id=one)[0] == 202
    desk.service.take_nudges()
    assert _achieved(desk) == set()
    desk.service.run_once()
    with desk.service.store.read() as tx:
        assert inbox.waiting(tx, "acme") == []


def test_a_nudge_that_comes_while_its_record_is_read_is_not_lost(desk: Office) -> None:
    with desk.service.store.begin() as tx:
        inbox.add(tx, "acme", "incident", "1", START)
        waiting = inbox.waiting(tx, "acme")
        inbox.add(tx, "acme", "incident", "1", START + 1)
        inbox.done(tx, waiting)
        assert [one.id for one in inbox.waiting(tx, "acme")] == ["1"]


def _achieved(desk: Office) -> set[str]:
    return {row["u_ticket"] for row in desk.place.rows("u_accord_achievement")}


def _row(desk: Office, sys_id: str) -> dict[str, Any]:
    return next(row for row in desk.place.rows("incident") if row["sys_id"] == sys_id)


def _due(desk: Office, sys_id: str) -> str:
    return str(_row(desk, sys_id)["u_sla_due"])


def _notes(desk: Office) -> list[dict[str, Any]]:
    return [row for row in desk.place.rows("sys_journal_field") if row["element"] == "work_notes"]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_manuals_curl_example_works(desk: Office, tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```sh\n(body=.*?)```", manual, re.DOTALL)
    known = desk.place.open()
    desk.service.run_once()
    key = _row(desk, known)["number"]
    desk.clock.now = time.time_ns() // 1_000_000
    with closing(Listener("127.0.0.1:0", desk.service.nudge_routes())) as listener:
        script = example.replace("INC0010001", key).replace("9465", str(listener.port))
        done = subprocess.run(
            ["sh", "-euc", script],
            env={**os.environ, "ACCORD_WEBHOOK": SECRET},
            capture_output=True,
            text=True,
            check=True,
        )
    assert json.loads(done.stdout) == {"answer": "accepted", "words": "it will be read"}


def test_only_post_to_its_address_is_a_nudge_and_bodies_have_a_limit(desk: Office) -> None:
    with closing(Listener("127.0.0.1:0", desk.service.nudge_routes())) as listener:
        asked = [
            ("GET", "/nudge", {}, 405),
            ("POST", "/", {}, 404),
            ("POST", "/nudge", {"Content-Length": "x"}, 411),
            ("POST", "/nudge", {"Content-Length": "1000000"}, 413),
            ("POST", "/nudge", {"Content-Length": "-1"}, 411),
            ("POST", "/nudge", {}, 401),
        ]
        for method, path, headers, status in asked:
            with closing(http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)) as connection:
                connection.putrequest(method, path)
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                assert connection.getresponse().status == status, (method, path, headers)


def test_a_body_that_does_not_come_is_not_waited_for_and_is_no_mistake_of_ours(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.serving.listener._Handler.timeout", 0.05)
    with (
        closing(Listener("127.0.0.1:0", desk.service.nudge_routes())) as listener,
        closing(http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)) as connection,
    ):
        connection.putrequest("POST", "/nudge")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"{")
        assert connection.getresponse().status == 408


def test_an_address_that_is_taken_is_told(desk: Office) -> None:
    with (
        closing(Listener("127.0.0.1:0", {})) as listener,
        pytest.raises(AccordError, match=f"cannot listen on 127.0.0.1:{listener.port}.*choose another"),
    ):
        Listener(f"127.0.0.1:{listener.port}", {})


def test_what_a_nudge_has_shown_is_not_taken_back_by_a_run_that_knows_less(desk: Office) -> None:
    opened: list[str] = []
    states: list[str] = []
    desk.service.run_once()
    opened.append(desk.place.open(impact="1", urgency="1"))
    desk.place.pass_(MINUTE)
    desk.service.run_once()

    def step(act: Callable[[], object]) -> None:
        desk.place.pass_(2 * SECOND)
        act()
        states.extend(row["u_state"] for row in desk.place.rows("u_accord_achievement"))

    step(lambda: desk.place.change(opened[0], state="6", close_code="x", close_notes="x"))
    nudge(desk.service, id=opened[0])
    step(desk.service.take_nudges)
    step(lambda: desk.place.change(opened[0], short_description="it broke again"))
    step(desk.service.run_once)  # its watermark lies before the resolution
    desk.place.pass_(MINUTE)
    step(desk.service.run_once)
    assert states == ["running", "met", "met", "met", "met"]
    with desk.service.store.read() as tx:
        assert tickets.next_line(tx, "acme") is None
