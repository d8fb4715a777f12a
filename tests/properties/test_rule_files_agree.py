"""Rules written as a rule file and read again mean the same to the letter: every figure stays."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, note

from connector.rules import effective, load_rulebook
from connector.rules.rulebook import Calendar, Rulebook
from tests.oracle import given as words
from tests.properties.calendars import OFFICE
from tests.properties.stories import Story, engine, oracle, stories
from tests.properties.telling import differences

OF_THE_FILE = (" entry: ", " rule_hash: ")  # where it was written and how


@given(story=stories())
def test_a_rule_file_means_what_it_was_written_from(story: Story) -> None:
    book = writable(story.book)
    text = effective(book)
    note(text)
    read = read_again(text, story.at)
    wanted = oracle(story.tickets, book, story.at)
    assert not differing(oracle(story.tickets, read, story.at), wanted)
    assert not differing(engine(story.tickets, read, story.at), wanted)


def differing(found: list, wanted: list) -> list[str]:  # type: ignore[type-arg]
    return [line for line in differences(found, wanted) if not any(word in line for word in OF_THE_FILE)]


def writable(book: Rulebook) -> Rulebook:
    """What a file may say: a calendar has hours, a target has a row in `within`."""
    agreements = []
    for agreement in book.agreements:
        targets = {
            name: target if target.entries else replace(target, entries=(words.entry("none"),))
            for name, target in agreement.targets.items()
        }
        agreements.append(replace(agreement, targets=targets))
    calendars = {name: with_hours(calendar) for name, calendar in book.calendars.items()}
    return replace(book, agreements=tuple(agreements), calendars=calendars)


def with_hours(calendar: Calendar) -> Calendar:
    versions = tuple(replace(v, week=v.week if any(v.week) else OFFICE) for v in calendar.versions)
    return replace(calendar, week=calendar.week if any(calendar.week) else OFFICE, versions=versions)


def read_again(text: str, at: int) -> Rulebook:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return load_rulebook([path], words.KINDS, at=at)
