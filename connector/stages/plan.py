"""What a sync would do now: its effects as a diff, each to be delivered or held with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from connector.model.effect import Effect
from connector.model.instant import Instant, format_instant
from connector.stages.summary import Summary
from connector.store import Store, backlog
from connector.store.effectrows import HELD, SET_ASIDE, Waiting
from connector.store.throwaway import delivered

DELIVER = "deliver"
WIDTH = 100  # of lines where nobody says how wide they may be
INSTANTS = ("due", "started", "ended", "breached_at", "sla_due")


@dataclass(frozen=True, slots=True)
class Line:
    """One effect to come. *mark* is `deliver`, or why it is held; *before* the values delivered last."""

    effect: Effect
    mark: str
    before: Mapping[str, Any] | None = None

    @property
    def is_delivered(self) -> bool:
        return self.mark == DELIVER

    @property
    def is_change(self) -> bool:
        """Whether it changes what stands on the platform, rather than adding to it."""
        return self.before is not None

    def text(self, width: int) -> Iterator[str]:
        """As in a diff, in lines of *width*."""
        sign = "~" if self.is_change else "+"
        head = f"  {sign} {self.effect.name:<14} "
        yield from fill(self._what(), width, head, " " * len(head))
        if not self.is_delivered:
            yield from fill(f"held: {self.mark}", width, " " * len(head), " " * len(head))

    def _what(self) -> str:
        values = self.effect.payload
        if self.effect.is_act:
            return str(values.get("subject") or values.get("text") or _title(values)).splitlines()[0]
        shown = [name for name in values if name not in ("key", "ticket", "rule_hash", "history", "version")]
        if self.before is not None:
            shown = [name for name in shown if self.before.get(name) != values[name]]
            pairs = (f"{n}: {_shown(n, self.before.get(n))} → {_shown(n, values[n])}" for n in shown)
        else:
            pairs = (f"{n}: {_shown(n, values[n])}" for n in shown if values[n] is not None)
        return ", ".join(pairs) or "as it is, written again"

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        ticket = self.effect.ticket
        return {
            "key": self.effect.key,
            "mark": self.mark,
            "effect": self.effect.name,
            "source": self.effect.source,
            "kind": ticket.kind if ticket is not None else None,
            "ticket": ticket.key if ticket is not None else None,
            "at": format_instant(self.effect.at),
            "before": self.before,
            "payload": self.effect.payload,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The effects to come of all sources, and the summary of the run that found them."""

    lines: Sequence[Line]
    summary: Summary

    @property
    def deliver_keys(self) -> list[str]:
        """The keys of what the next sync delivers if nothing changes."""
        return sorted(line.effect.key for line in self.lines if line.is_delivered)

    def text(self, width: int = WIDTH) -> Iterator[str]:
        """For people, in lines of *width* as far as words allow."""
        for (source, queue), lines in groupby(self.lines, key=lambda line: _place(line.effect)):
            yield f"{source} {queue}"
            yield from (part for line in lines for part in line.text(width))
        for one in self.summary.sources:
            if one.failed is not None:
                yield from fill(f"{one.source}: stopped: {one.failed}", width)
            elif one.alarm is not None:
                yield from fill(f"{one.source}: ! {one.alarm}", width)
        yield self.totals()

    def totals(self) -> str:
        """One line."""
        going = [line for line in self.lines if line.is_delivered]
        changes = sum(1 for line in going if line.is_change)
        held = len(self.lines) - len(going)
        return (
            f"Plan: {len(going) - changes} to create, {changes} to change, {held} held. Nothing was written."
        )

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "effects": [line.as_json() for line in self.lines],
            "deliver": sum(1 for line in self.lines if line.is_delivered),
            "held": sum(1 for line in self.lines if not line.is_delivered),
            "summary": self.summary.as_json(),
        }


def gather(copy: Store, summary: Summary) -> Plan:
    """The plan that a run on a *copy* of the store came to."""
    with copy.read() as tx:
        waiting = [one for source in summary.sources for one in backlog.every(tx, source.source)]
    before = delivered(copy, [one.effect.key for one in waiting if not one.effect.is_act])
    now = copy.world.now()
    return Plan(tuple(Line(w.effect, _mark(w, now), before.get(w.effect.key)) for w in waiting), summary)


def fill(words: str, width: int, first: str = "", rest: str = "  ") -> list[str]:
    """*words* in lines of *width*, behind *first* and *rest*; nothing within a word is broken."""
    return wrap(
        words, max(width, len(first) + 20), initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _mark(waiting: Waiting, now: Instant) -> str:
    if waiting.state == HELD:
        why = waiting.held_why or "held"
        later = f" ({format_instant(waiting.not_before)})" if waiting.not_before > now else ""
        return f"{why}{later}"
    if waiting.state == SET_ASIDE:
        return f"set aside: {waiting.words}"
    if waiting.not_before > now:
        return f"not before {format_instant(waiting.not_before)}"
    return DELIVER


def _place(effect: Effect) -> tuple[str, str]:
    ticket = effect.ticket
    return effect.source, f"{ticket.kind} {ticket.key}" if ticket is not None else effect.queue


def _title(values: Mapping[str, Any]) -> str:
    return str(values.get("fields", {}).get("title") or values.get("kind") or "")


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "empty"
    return format_instant(value) if name in INSTANTS and isinstance(value, int) else str(value)
