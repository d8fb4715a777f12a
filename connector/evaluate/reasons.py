"""Which rows of the rules decided at a step of one ticket: the conditions that held, and where they are
written.

The answers are read from the masks that the evaluation itself used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from connector.evaluate import clock
from connector.evaluate.engine import Batch, Measured
from connector.rules import spell
from connector.rules.rulebook import Agreement, All, Any_, Condition, FieldDue, Target


@dataclass(frozen=True, slots=True)
class Because:
    """A row that decided, in words, and `file:line` where it is written. *number* tells entries apart."""

    what: str
    place: str
    number: int = -1


class Reasons:
    """Why the clock of one cycle went as it did."""

    def __init__(self, batch: Batch, measured: Measured, row: int) -> None:
        self.batch, self.measured, self.row = batch, measured, row
        version = int(measured.cycles.version[row])
        self.terms = measured.track.versions[version]
        self.agreement: Agreement = batch.plan.agreements[measured.indexes[version]]
        self.target: Target = self.agreement.targets[measured.target]

    def entry(self, step: int) -> Because:
        """The entry of `within` at a step, and why it was chosen."""
        number = int(self.terms.entry[self._base(step)])
        if number == len(self.terms.entries):
            return Because("no entry of `within` matches: no target", self.target.place.short, number)
        entry = self.terms.entries[number]
        words = "until" if isinstance(entry.time, FieldDue) else "time"
        when = self._spelt(entry.when, step)
        why = f"since {when}" if when else ("no other matched" if number else "it is the first")
        promised = f"{words}: {entry.time.written}, calendar {entry.calendar} ({why})"
        return Because(promised, entry.place.short, number)

    def in_force(self, entry: Because, before: int) -> Because:
        """*entry* as it comes into force, with what becomes of the time counted under the entry *before*."""
        if before < 0:
            return entry
        own = (
            self.terms.entries[entry.number].on_goal_change
            if entry.number < len(self.terms.entries)
            else None
        )
        is_carried = (own or self.target.on_goal_change) == "carry"
        what = "what was counted stays" if is_carried else "the whole cycle is judged anew by it"
        return Because(f"{entry.what}; {what}", entry.place, entry.number)

    def of_step(self, step: int) -> Iterator[Because]:
        """The rows that decided at a step of the cycle, in the order of the rules' table."""
        made = int(self.measured.track.made[step])
        cycles = self.measured.cycles
        origin = int(cycles.origin[self.row])
        ended = made & clock.ENDED_BY
        if step == origin:
            yield from self._start(step)
            if made & clock.STATE == clock.PAUSED_:
                yield from self._row("pause", self.target.pause, step)
            return
        if ended:
            yield from self._ended(ended, step)
        elif made & clock.RESUMED:
            yield from self._row("start", self.target.start, step)
        elif made & clock.STATE != int(self.measured.track.made[step - 1]) & clock.STATE:
            yield from self._pause(made & clock.STATE, step)

    def _start(self, step: int) -> Iterator[Because]:
        after = self.target.after
        if after is not None:
            yield Because(f"after {after.target}: {after.event}", self.target.place.short)
        yield from self._row("start", self.target.start, step)

    def _ended(self, ended: int, step: int) -> Iterator[Because]:
        if ended == clock.BY_STOP:
            yield from self._row("stop", self.target.stop, step)
        elif ended == clock.BY_RESET:
            yield from self._row("reset", self.target.reset, step)
        elif ended == clock.BY_RESTART:
            yield Because("the goal changed, on_goal_change: restart", self.target.place.short)
        elif self._holds(self.target.cancel, step):
            yield from self._row("cancel", self.target.cancel, step)
        elif not self._applies(step):
            yield Because("applies_to no longer holds", self.agreement.place.short)
        else:
            yield Because("start no longer holds, start_must_hold: true", self.target.place.short)

    def _pause(self, state: int, step: int) -> Iterator[Because]:
        if state == clock.PAUSED_:
            yield from self._row("pause", self.target.pause, step)
        elif self.target.resume is not None and self._holds(self.target.resume, step):
            yield from self._row("resume", self.target.resume, step)
        elif self.target.pause is not None:
            yield Because("pause no longer holds", self.target.pause.place.short)

    def _row(self, name: str, condition: Condition | None, step: int) -> Iterator[Because]:
        if condition is not None:
            held = self._held(condition, step)
            yield Because(f"{name}: {_words(held)}", held.place.short)

    def _held(self, condition: Condition, step: int) -> Condition:
        """The part of *condition* that held: of an `any` the first part that does."""
        if isinstance(condition, Any_):
            return next((self._held(p, step) for p in condition.parts if self._holds(p, step)), condition)
        return condition

    def _spelt(self, condition: Condition, step: int) -> str:
        return _words(self._held(condition, step))

    def _holds(self, condition: Condition | None, step: int) -> bool:
        return bool(self.batch.masks.holds(condition)[self._base(step)])

    def _applies(self, step: int) -> bool:
        index = self.batch.plan.agreements.index(self.agreement)
        steps = self.batch.frame.steps
        return bool(self.batch.applies.holds(index, steps.at, None)[self._base(step)])

    def _base(self, step: int) -> int:
        return int(self.measured.track.line.base_of(np.array([step]))[0])


def why_no_cycle(batch: Batch, measured: Measured) -> Iterator[Because]:
    """Why a target has no cycle on the ticket, by each version of its agreement."""
    steps = batch.frame.steps
    if not steps.live[0]:
        return
    live = slice(0, int(steps.live[0]))
    if len(measured.track.born_stopped):
        yield Because("stop held at the first step at which it would have started: born stopped", "")
    for index in measured.indexes:
        agreement = batch.plan.agreements[index]
        target = agreement.targets[measured.target]
        applies = batch.applies.holds(index, steps.at, None)[live]
        if not applies.any():
            yield Because(f"applies_to of version {agreement.version} never held", agreement.place.short)
        elif target.after is not None:
            yield Because(f"{target.after.target} has not {target.after.event}", target.place.short)
        elif target.start is None or not (batch.masks.holds(target.start)[live] & applies).any():
            place = target.start.place if target.start else target.place
            yield Because("start never held", place.short)
        elif not len(measured.track.born_stopped):
            yield Because("stop, cancel or the version's validity kept it from starting", target.place.short)


def _words(condition: Condition) -> str:
    if isinstance(condition, All) and not condition.parts:
        return ""
    return _plain(spell.condition(condition))


def _plain(data: object) -> str:
    if isinstance(data, dict):
        return ", ".join(f"{key}: {_inner(value)}" for key, value in data.items())
    return _inner(data)


def _inner(data: object) -> str:
    if isinstance(data, dict):
        return "{" + _plain(data) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(_inner(each) for each in data) + "]"
    return data if isinstance(data, str) else json.dumps(data)
