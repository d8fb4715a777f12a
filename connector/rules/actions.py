"""What to do at a line or for a missed objective: notify, note, create.

How texts are made and sent is not here (see `connector.decide` and `connector.deliver`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field as Key

from connector.rules.conditions import Scope, optional_condition
from connector.rules.reading import Form, Reading, Spot, shaped, unknown
from connector.rules.rulebook import Action, Line, LineKind
from connector.rules.schema import ANY, CONDITION, NAMES, NOTE
from connector.rules.values import WrongValue, read_length, read_share, shown
from connector.yamldoc import suggest

EVENTS = (
    "started", "paused", "resumed", "breached", "breach_withdrawn",
    "met", "missed", "cancelled", "reset", "reopened",
)  # fmt: skip
PLATFORM_RECIPIENTS = ("assignee", "assignment_group", "assignment_group.manager", "requester")
_IN_A_ROW = re.compile(r"(\d{1,3}) in a row", re.ASCII)


class ActionForm(Form):
    """One thing to do: notify, note or create."""

    when: CONDITION = Key(None, description="only where this holds")
    notify: NAMES = Key(None, description="recipients: of the ticket, or of the register")
    note: NOTE = Key(None, description="true for the standard text, or a template")
    public: bool = Key(False, description="the note can be read by the customer")
    create: str | None = Key(None, description="the canonical kind of the record to create")
    fields: ANY = Key(None, description="fields of the record to create")
    after: str | None = Key(None, description="only for objectives: `3 in a row`")


@dataclass(frozen=True, slots=True)
class Register:
    """Who can be told and what can be created."""

    people: Collection[str]  # stakeholders and roles
    kinds: Collection[str]


def read_lines(reading: Reading, spot: Spot, scope: Scope, register: Register) -> tuple[Line, ...]:
    """The lines of `on:` with their actions."""
    if not isinstance(spot.data, dict):
        reading.wrong("wrong-type", spot, "`on` is a mapping of lines", "write on: {75%: [{note: true}]}")
    lines = []
    for written, below in spot.pairs():
        try:
            kind, share, length = _line(written)
        except WrongValue as wrong:
            reading.wrong(wrong.code, below.key_place, wrong.what, wrong.hint)
            continue
        actions = tuple(read_actions(reading, below, scope, register))
        lines.append(Line(written, kind, share, length, actions, below.key_place))
    return tuple(lines)


def _line(written: str) -> tuple[LineKind, Any, Any]:
    if written in EVENTS:
        return LineKind.EVENT, None, None
    if written.endswith("%"):
        share = read_share(written)
        if not share:
            raise WrongValue("a line at 0 % is the start", "write started", "bad-line")
        return LineKind.PERCENT, share, None
    length, space, word = written.rpartition(" ")
    if space and word in ("before", "after"):
        if re.fullmatch(r"\d+(wd|bd|d|w)", length, re.ASCII):
            raise WrongValue(
                f"a line needs a length in hours and minutes, not {length!r}", "write 8h before", "bad-line"
            )
        return LineKind(word), None, read_length(length)
    if re.fullmatch(r"\d+(\.\d+)?", written, re.ASCII):
        raise WrongValue(f"{written!r} is no line", f"did you mean '{written}%'?", "bad-line")
    hint = suggest(written, EVENTS) or "write 75%, 30m before, 2h after or an event"
    raise WrongValue(f"{written!r} is no line", hint, "bad-line")


def read_actions(reading: Reading, spot: Spot, scope: Scope, register: Register) -> Iterator[Action]:
    """The actions of the list at *spot*; nothing written is none."""
    if spot.data is not None and not isinstance(spot.data, list):
        reading.wrong("wrong-type", spot, "a list of actions is expected here", "write [{note: true}]")
    for item in spot.items():
        form = shaped(reading, item, ActionForm)
        if form is not None:
            yield _action(reading, item, form, scope, register)


def _action(reading: Reading, spot: Spot, form: ActionForm, scope: Scope, register: Register) -> Action:
    if not any(spot.data.get(key) not in (None, [], "", "false") for key in ("notify", "note", "create")):
        reading.wrong("empty-action", spot, "this does nothing", "write notify, note or create")
    if form.public and form.note in (None, "false"):
        reading.wrong(
            "empty-action", spot / "public", "`public` says how a note is written, and there is none"
        )
    when = spot / "when" if "when" in form else None
    return Action(
        place=spot.place,
        when=optional_condition(reading, when, scope),
        notify=_recipients(reading, spot / "notify", register) if form.notify is not None else (),
        note={"true": True, "false": False, None: False}.get(form.note, form.note or False),
        public=form.public,
        create=_created(reading, spot / "create", register) if form.create is not None else None,
        fields=_fields(reading, spot / "fields") if "fields" in form else {},
        after_in_a_row=_in_a_row(reading, spot / "after") if form.after is not None else 1,
    )


def _recipients(reading: Reading, spot: Spot, register: Register) -> tuple[str, ...]:
    spots = list(spot.items()) if isinstance(spot.data, list) else [spot]
    known = (*PLATFORM_RECIPIENTS, *register.people)
    for each in spots:
        if each.data not in known:
            what = f"the register has no stakeholder or role {shown(each.data)}"
            hint = unknown(str(each.data), known) or "declare it in a `stakeholder` document"
            reading.doubt("undeclared", each, what, hint)
    return tuple(str(each.data) for each in spots)


def _created(reading: Reading, spot: Spot, register: Register) -> str:
    if spot.data not in register.kinds:
        hint = unknown(str(spot.data), register.kinds)
        reading.wrong("unknown-kind", spot, f"there is no kind {shown(spot.data)} to create", hint)
    return str(spot.data)


def _fields(reading: Reading, spot: Spot) -> dict[str, Any]:
    if isinstance(spot.data, dict):
        return dict(spot.data)
    reading.wrong("wrong-type", spot, "fields are a mapping", "write fields: {title: …}")
    return {}


def _in_a_row(reading: Reading, spot: Spot) -> int:
    match = _IN_A_ROW.fullmatch(spot.data)
    if not match or int(match[1]) < 1:
        reading.wrong(
            "bad-value", spot, f"{shown(spot.data)} is no count of misses", "write after: 3 in a row"
        )
        return 1
    return int(match[1])
