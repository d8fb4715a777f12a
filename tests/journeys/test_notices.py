"""Notices by mail that wait: for a digest's time and for the end of quiet hours. None is lost, none comes
twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from connector.errors import EXIT_FINE
from connector.model.instant import MINUTE
from connector.run import Options, plan
from connector.store import backlog
from tests.journeys.place import CONFIG, RULES, START, Place
from tests.pull.site import Killed

MAILED = (
    CONFIG.replace("note: on, notify: off", "note: off, notify: on")
    + "notify: {channel: smtp, host: mail.acme.example, from: accord@acme.example, tls: none}\n"
)
BY_MAIL = RULES.replace(
    "breached: [{note: true}, {create: problem, when: {priority: 1}}]", "breached: [{notify: [ann, bob]}]"
).replace("targets:", "exclude: [{when: {state: cancelled}, reason: a mistake}]\ntargets:")
PEOPLE = """
---
stakeholder: ann
contact: {smtp: ann@acme.example}
---
stakeholder: bob
contact: {smtp: bob@acme.example}
digest: never
---
calendar: at-work
timezone: UTC
hours: {mon-fri: "09:00-17:00"}
---
framework: here
"""
HOUR = 60 * MINUTE


@dataclass
class Post:
    """A mail server, and a death after each so many mails where one is asked for."""

    taken: list[EmailMessage] = field(default_factory=list)
    dies_after: int | None = None

    def send_message(self, message: EmailMessage) -> dict[str, Any]:
        self.taken.append(message)
        if self.dies_after == len(self.taken):
            raise Killed
        return {}

    def quit(self) -> None:
        """Nothing is left open."""

    def mails_to(self, name: str) -> list[EmailMessage]:
        return [mail for mail in self.taken if mail["To"] == f"{name}@acme.example"]


@dataclass
class Mailed:
    """A place whose notices go by mail."""

    place: Place
    post: Post

    def open_three(self) -> list[str]:
        """Three tickets of an hour each, from 08:00 on; they are late at 09:00, 09:20 and 09:40."""
        ids = []
        for _ in range(3):
            ids.append(self.place.open(impact="1", urgency="1"))
            self.sync_until(self.place.clock() + 20 * MINUTE)
        return ids

    def sync_until(self, end: int) -> None:
        """A run every ten minutes."""
        while self.place.clock() < end:
            self.place.pass_(10 * MINUTE)
            assert self.place.sync().exit_code == EXIT_FINE

    def waiting(self) -> list[str]:
        store = self.place.open_store()
        with store.read() as tx:
            found = [f"{one.state} {one.held_why}" for one in backlog.every(tx) if one.effect.is_act]
        store.close()
        return found


@pytest.fixture
def mailed(tmp_path: Path) -> Callable[[str], Mailed]:
    def make(framework: str) -> Mailed:
        place, post = Place(tmp_path / "site", BY_MAIL + PEOPLE + framework, MAILED), Post()
        place.world = replace(place.world, mail=lambda _host, _port, _tls: post)  # type: ignore[arg-type,return-value]
        place.setup()
        place.sync()
        return Mailed(place, post)

    return make


def test_a_digest_brings_everything_to_one_recipient_at_once_and_each_thing_once(
    mailed: Callable[[str], Mailed],
) -> None:
    here = mailed("digest: 2h")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    assert len(here.post.mails_to("bob")) == 3
    assert here.post.mails_to("ann") == []
    assert here.waiting() == ["held waits for its digest"] * 3
    here.sync_until(START + 5 * HOUR)
    (digest,) = here.post.mails_to("ann")
    assert digest["Subject"].endswith("(+2)")
    numbers = {row["number"] for row in here.place.rows("incident")}
    text = digest.get_content()
    assert all(f"{number}" in text for number in numbers)
    assert text.count("was due") == 3
    assert here.waiting() == []


def test_plan_and_outbox_say_when_a_digest_goes_and_to_whom(
    mailed: Callable[[str], Mailed], capsys: pytest.CaptureFixture[str]
) -> None:
    here = mailed("digest: {at: '16:00'}")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    lines = plan(here.place.world, here.place.load(), Options()).lines
    assert [line.mark for line in lines] == ["waits for its digest (2026-03-02T16:00:00Z)"] * 3
    config = str(here.place.folder / "config.yaml")
    capsys.readouterr()
    assert main(["outbox", "list", "--config", config], world=here.place.world) == EXIT_FINE
    *waiting, _ = capsys.readouterr().out.splitlines()
    assert len(waiting) == 3
    assert all("to ann@acme.example" in line for line in waiting)
    assert all(line.endswith("its digest (not before 2026-03-02T16:00:00Z)") for line in waiting)


def test_lines_worth_a_disturbance_do_not_wait_for_the_digest(mailed: Callable[[str], Mailed]) -> None:
    here = mailed("digest: {every: 4h, but: [breached]}")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    assert Counter(mail["To"] for mail in here.post.taken) == {"ann@acme.example": 3, "bob@acme.example": 3}


def test_what_nothing_calls_for_any_more_is_not_in_the_digest(mailed: Callable[[str], Mailed]) -> None:
    """The first ticket turns out to be a mistake before the digest goes."""
    here = mailed("digest: 2h")
    first, *_ = here.open_three()
    here.sync_until(START + 110 * MINUTE)
    here.place.change(first, state="8")
    here.sync_until(START + 130 * MINUTE)
    (digest,) = here.post.mails_to("ann")
    assert digest["Subject"].endswith("(+1)")
    number = next(row["number"] for row in here.place.rows("incident") if row["sys_id"] == first)
    assert number not in digest.get_content()


def test_a_death_while_a_digest_goes_out_repeats_none_of_it(mailed: Callable[[str], Mailed]) -> None:
    """Mail cannot be looked up: what may have gone is told as unclear, and never sent again."""
    here = mailed("digest: 2h")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    here.post.dies_after = len(here.post.taken) + 1
    here.place.pass_(10 * MINUTE)
    with pytest.raises(Killed):
        here.place.sync()
    for _ in range(12):
        here.place.pass_(10 * MINUTE)
        here.place.sync()
    assert len(here.post.mails_to("ann")) == 1
    assert here.waiting() == ["set_aside None"] * 3


def test_notices_of_quiet_hours_come_when_they_end(mailed: Callable[[str], Mailed]) -> None:
    here = mailed("quiet_hours: at-work")
    here.place.pass_(8 * HOUR + 10 * MINUTE)
    here.open_three()
    here.sync_until(START + 12 * HOUR)
    assert here.post.taken == []
    assert here.waiting() == ["held waits for the end of quiet hours"] * 6
    here.sync_until(START + 26 * HOUR)
    assert len(here.post.mails_to("ann")) == len(here.post.mails_to("bob")) == 3
    assert here.waiting() == []


@pytest.mark.parametrize("switch", ["off", "plan"])
def test_what_waits_does_not_go_once_its_output_is_switched_off(
    mailed: Callable[[str], Mailed], switch: str
) -> None:
    here = mailed("digest: 2h")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    assert len(here.waiting()) == 3
    config = here.place.folder / "config.yaml"
    config.write_text(MAILED.replace("notify: on", f"notify: {switch}"))
    here.sync_until(START + 5 * HOUR)
    assert here.post.mails_to("ann") == []
    config.write_text(MAILED)  # nor later: it is of the past then
    here.sync_until(START + 6 * HOUR)
    assert here.post.mails_to("ann") == []


def test_in_a_test_environment_what_was_decided_before_is_redirected_too(
    mailed: Callable[[str], Mailed],
) -> None:
    """A copied store knows the addresses of real people."""
    here = mailed("digest: 2h")
    here.open_three()
    here.sync_until(START + 110 * MINUTE)
    here.post.taken.clear()
    test = "environment: test\nredirect_notices_to: test@acme.example\n"
    (here.place.folder / "config.yaml").write_text(MAILED + test)
    here.sync_until(START + 3 * HOUR)
    assert {mail["To"] for mail in here.post.taken} == {"test@acme.example"}
    assert "for ann@acme.example" in here.post.taken[0]["Subject"]
