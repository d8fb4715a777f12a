"""From new events to acts: which lines speak, and what each action of theirs gives.

Of one cycle's lines crossed since the last run only the latest gives notes and notices, for three at once say
no more than the last of them; records are created for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.decide.announce import is_withdrawn
from connector.decide.create import created
from connector.decide.decision import Decided, Desk
from connector.decide.digest import in_a_digest
from connector.decide.keys import act_key
from connector.decide.quiet import after_quiet_hours
from connector.decide.recipients import Recipient, recipients
from connector.decide.telling import Telling
from connector.model.effect import Effect, Output
from connector.model.event import Event
from connector.rules.rulebook import Action, Line

# How much an event matters when a run may not do everything.
SEVERITY = {"breached": 9, "missed": 8, "after": 7, "percent": 6, "before": 6}


def acts(telling: Telling, events: Sequence[Event]) -> Iterator[Decided]:
    """The acts for the new *events* of one cycle, in their order."""
    desk = telling.desk
    heard = [(event, list(_due(desk, event))) for event in events if not event.silent]
    spoken = [event for event, due in heard if any(action.note or action.notify for _, action in due)]
    for event, due in heard:
        for name, action in due:
            if action.create is not None:
                yield _create(telling, event, action, name)
            elif event is spoken[-1]:
                told = _tell(telling, event, action, name)
                yield from (after_quiet_hours(one, desk, event.name) for one in told)


def possible_keys(desk: Desk, events: Sequence[Event]) -> Iterator[str]:
    """The keys of all acts that *events* call for, whatever their `when` says now."""
    for event in events:
        if is_withdrawn(event.cycle, event.name):
            continue
        for name, action in _single_actions(desk.line(event.cycle, event.name)):
            if desk.is_closed and _writes_on_the_ticket(desk, action):
                continue
            for recipient in _recipients(desk, action) or [Recipient("", "")]:
                yield act_key(desk.context.instance, event.cycle, event.name, name, recipient.name)


def urgency(desk: Desk, event: Event) -> int:
    """How soon an act for *event* should go out: by what happened, then by the ticket's priority."""
    line = desk.line(event.cycle, event.name)
    severity = SEVERITY.get(event.name, SEVERITY.get(str(line.kind) if line else "", 3))
    priority = desk.record.fields.get("priority")
    return severity * 10 + (max(0, 9 - priority) if isinstance(priority, int) else 0)


def queue_of(desk: Desk, channel: str) -> str:
    """The ticket's queue; a channel beside the platform has its own, so that neither waits for the other."""
    return desk.queue if channel == "platform" else f"{channel}/{desk.queue}"


def _due(desk: Desk, event: Event) -> Iterator[tuple[str, Action]]:
    """The actions of an event's line whose `when` holds on the ticket as it stood then."""
    for name, action in _single_actions(desk.line(event.cycle, event.name)):
        if action.when is None or desk.context.holds(action.when, desk.record, event.at):
            yield name, action


def _single_actions(line: Line | None) -> Iterator[tuple[str, Action]]:
    """A line's actions one by one, with their names in keys: an action that does several things is several,
    and the second note of a line is another than the first. Notices need no number: nobody is told a thing
    twice."""
    counted: Counter[str] = Counter()
    for action in line.actions if line else ():
        nothing = replace(action, note=False, notify=(), create=None)
        if action.note:
            yield _numbered("note", counted), replace(nothing, note=action.note)
        if action.notify:
            # The text of the note, where there is one, is what the notice says as well.
            yield "notify", replace(nothing, note=action.note, notify=action.notify)
        if action.create is not None:
            yield _numbered(f"create.{action.create}", counted), replace(nothing, create=action.create)


def _numbered(name: str, counted: Counter[str]) -> str:
    counted[name] += 1
    return name if counted[name] == 1 else f"{name}#{counted[name]}"


def _recipients(desk: Desk, action: Action) -> list[Recipient]:
    return recipients(action.notify, desk.book, desk.context.channel)


def _writes_on_the_ticket(desk: Desk, action: Action) -> bool:
    return action.create is None and not (action.notify and desk.context.channel != "platform")


def _tell(telling: Telling, event: Event, action: Action, name: str) -> Iterator[Decided]:
    if not action.notify:
        payload = {"text": telling.note(event, action), "public": action.public}
        yield _decided(telling.desk, event, Output.NOTE, name, payload)
    for recipient in _recipients(telling.desk, action):
        yield _notice(telling, event, action, name, recipient)


def _notice(telling: Telling, event: Event, action: Action, name: str, recipient: Recipient) -> Decided:
    subject, text = telling.notice(event, action, recipient)
    channel = telling.desk.context.channel
    payload = {"recipients": [recipient.address], "subject": subject, "text": text, "channel": channel}
    notice = _decided(telling.desk, event, Output.NOTIFY, name, payload, recipient=recipient.name)
    return in_a_digest(notice, telling.desk, event.name, recipient, telling.zone(event, recipient))


def _create(telling: Telling, event: Event, action: Action, name: str) -> Decided:
    ticket = telling.desk.ticket
    payload = {
        "kind": action.create,
        "fields": created(telling, event, action),
        "links": [{"kind": ticket.kind, "id": ticket.id, "key": ticket.key}],
    }
    return _decided(telling.desk, event, Output.CREATE, name, payload, kind=action.create)


def _decided(
    desk: Desk,
    event: Event,
    output: Output,
    name: str,
    payload: Mapping[str, Any],
    *,
    recipient: str = "",
    kind: str | None = None,
) -> Decided:
    effect = Effect(
        key=act_key(desk.context.instance, event.cycle, event.name, name, recipient),
        output=output,
        source=desk.record.source,
        queue=queue_of(desk, payload.get("channel", "platform")),
        payload=payload,
        ticket=event.cycle.ticket,
        kind=kind,
        at=event.at,
        urgency=urgency(desk, event),
    )
    return Decided(effect, event=event.key)
