"""Time, chance and what is still to happen."""

from __future__ import annotations

from dataclasses import dataclass

from connector.sandbox.world import Agenda, Chance, Clock, Timeline, instant, iso


@dataclass(frozen=True)
class Event:
    at: int
    name: str


def test_a_clock_of_its_own_stands_still_and_never_goes_back() -> None:
    clock = Clock(1000)
    clock.move(5000)
    clock.move(2000)
    assert clock.now() == 5000


def test_somebody_elses_clock_is_followed() -> None:
    time = [1000]
    clock = Clock(lambda: time[0])
    time[0] = 3000
    assert clock.now() == 3000
    clock.move(4000)
    assert clock.now() == 4000


def test_chance_answers_the_same_question_the_same_way() -> None:
    one, other = Chance(7), Chance(7)
    assert [one.next("a") for _ in range(5)] == [other.next("a") for _ in range(5)]
    assert one.of("x", 1) == other.of("x", 1) != one.of("x", 2)
    assert Chance(8).of("x", 1) != one.of("x", 1)


def test_chance_goes_on_where_it_was_after_a_restart() -> None:
    one, other = Chance(7), Chance(7)
    one.fresh_identifier()
    other.restore(one.state())
    assert one.fresh_identifier() == other.fresh_identifier()


def test_a_timeline_is_played_in_order_and_once() -> None:
    timeline = Timeline()
    timeline.load([Event(3, "c"), Event(1, "a"), Event(3, "d"), Event(2, "b")])
    assert [event.name for event in timeline.until(2)] == ["a", "b"]
    assert timeline.waiting == 2
    assert [event.name for event in timeline.until(9)] == ["c", "d"]
    assert list(timeline.until(9)) == []


def test_an_agenda_does_what_is_due_in_order() -> None:
    done: list[str] = []
    agenda = Agenda()
    agenda.add(5, lambda: done.append("late"))
    agenda.add(1, lambda: done.append("early"))
    agenda.add(1, lambda: done.append("next"))
    assert agenda.keep_up(4) == 2
    assert done == ["early", "next"]
    assert agenda.keep_up(5) == 1


def test_instants_are_read_and_written_as_iso() -> None:
    assert iso(instant("2026-03-02T08:00:00+01:00")) == "2026-03-02T07:00:00Z"
    assert instant("2026-03-02T08:00:00") == instant("2026-03-02T08:00:00Z")
    assert iso(instant("2026-03-02T08:00:00.250Z")) == "2026-03-02T08:00:00.250Z"
