"""A site's own texts, from its folder to the ticket; and what a template may not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from connector.decide import load_wording
from connector.errors import EXIT_WRONG, Position, Wrong
from connector.model.instant import MINUTE
from tests.journeys.place import CONFIG, RULES, Place

GERMAN = "{{ ticket.key }} ({{ target }}): {% if breached %}zu spät{% else %}noch {{ left }}{% endif %}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(
        tmp_path / "site", RULES + "---\nframework: here\nlanguage: de\n", CONFIG + "texts: texts/\n"
    )
    (made.folder / "texts" / "de").mkdir(parents=True)
    (made.folder / "texts" / "de" / "note.txt").write_text(GERMAN)
    made.setup()
    made.sync()
    return made


def test_a_ticket_is_written_to_in_the_sites_own_words(place: Place) -> None:
    place.open(impact="1", urgency="1")
    place.sync()
    place.pass_(61 * MINUTE)
    place.sync()
    (note,) = [row["value"] for row in place.rows("sys_journal_field")]
    assert note.startswith("INC0010001 (resolution): zu spät\n[")


def test_a_broken_text_stops_a_run_before_it_begins_and_is_told_with_its_line(place: Place) -> None:
    (place.folder / "texts" / "de" / "note.txt").write_text("eins\n{{ zwei")
    with pytest.raises(Wrong, match=r"de/note.txt:2:1: the text cannot be read: unexpected end of template"):
        place.sync()


def test_validate_tells_of_texts_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.folder / "texts" / "de" / "noet.txt").write_text("hallo")
    assert main(["validate", "--config", str(place.folder / "config.yaml")]) == EXIT_WRONG
    told = capsys.readouterr().out
    assert "texts/de/noet.txt:1:1: noet is not one of the texts; did you mean 'note'?" in told


FACTS: dict[str, Any] = {
    "ticket": {"key": "INC1", "title": "{{ 7 * 7 }}"}, "target": "resolution", "event": "breached",
    "left": "2 h", "others": [],
}  # fmt: skip
PLACE = Position("rules.yaml", 1)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ticket.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ ticket.items.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__['os'].environ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ ('%s' % ticket).__class__ }}",
        "{{ '{0.__class__}'.format(ticket) }}",
        "{{ ticket | attr('__class__') }}",
        "{{ [].append.__self__.__class__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends '/etc/passwd' %}",
        "{{ ticket.update({'key': 'INC2'}) }}",
        "{{ others.append(1) }}",
        "{% for x in range(1000000000) %}x{% endfor %}",
        "{{ 9 ** 9999999 }}",
        "{{ 'x' * 10000000000 }}",
    ],
)
def test_a_template_reaches_nothing_but_its_facts(attack: str) -> None:
    before = str(FACTS)
    said, _ = load_wording().say_written(attack, FACTS, PLACE, instead="title")
    assert not any(word in said for word in ("class", "root:", "environ", "uid=", "module", "function"))
    assert len(said) <= 4_000
    assert str(FACTS) == before


def test_what_a_ticket_says_is_never_run_as_a_template() -> None:
    said, problem = load_wording().say_written("{{ ticket.title }}", FACTS, PLACE)
    assert (said, problem) == ("{{ 7 * 7 }}", None)
