"""The texts of one ticket's acts: a note, a notice with its subject, a created record's title and
description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from connector.decide.decision import Desk
from connector.decide.facts import facts
from connector.decide.recipients import Recipient
from connector.errors import Position, Problem
from connector.model.event import Event
from connector.rules.rulebook import Action


@dataclass(frozen=True, slots=True)
class Telling:
    """Says things about the events of *desk*; texts that could not be made as written are in *problems*."""

    desk: Desk
    problems: list[Problem] = field(default_factory=list)

    def note(self, event: Event, action: Action) -> str:
        """The note's text: the action's own, else the standard one."""
        return self._note(self._facts(event), action, self.desk.language)

    def notice(self, event: Event, action: Action, recipient: Recipient) -> tuple[str, str]:
        """Subject and text of a notice, in the recipient's zone and language."""
        language = recipient.language or self.desk.language
        known = self._facts(event, self.zone(event, recipient))
        known["note"] = self._note(known, action, language)
        return self._say("subject", known, language), self._say("notice", known, language)

    def zone(self, event: Event, recipient: Recipient) -> ZoneInfo:
        """The zone that a recipient lives by: their own, else the agreement's."""
        return ZoneInfo(recipient.timezone) if recipient.timezone else self.desk.zone(event.cycle)

    def record(self, event: Event) -> tuple[dict[str, Any], str, str]:
        """The facts that a created record's own texts may use, and its standard title and description."""
        known = self._facts(event)
        known["note"] = self._say("note", known, self.desk.language)
        language = self.desk.language
        return known, self._say("title", known, language), self._say("description", known, language)

    def written(self, text: str, known: Mapping[str, Any], place: Position) -> str:
        """A text of a rule file; where it is broken, the standard title."""
        said, problem = self.desk.context.wording.say_written(text, known, place, instead="title")
        self._complain(problem)
        return said

    def _note(self, known: Mapping[str, Any], action: Action, language: str) -> str:
        if not isinstance(action.note, str):
            return self._say("note", known, language)
        text, problem = self.desk.context.wording.say_written(action.note, known, action.place)
        self._complain(problem)
        return text

    def _facts(self, event: Event, zone: ZoneInfo | None = None) -> dict[str, Any]:
        zone = zone or self.desk.zone(event.cycle)
        return facts(self.desk, event, self.desk.line(event.cycle, event.name), zone)

    def _say(self, name: str, known: Mapping[str, Any], language: str) -> str:
        text, problem = self.desk.context.wording.say(name, known, language)
        self._complain(problem)
        return text

    def _complain(self, problem: Problem | None) -> None:
        if problem is not None and problem not in self.problems:
            self.problems.append(problem)
