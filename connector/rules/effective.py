"""The rules with everything resolved, as rule documents: what `accord validate --effective` prints.

Read again, they give the same agreements. No preset, package, framework or `like:` is left in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from yaml.emitter import Emitter
from yaml.representer import SafeRepresenter
from yaml.resolver import BaseResolver
from yaml.serializer import Serializer

from connector.model.instant import Instant, to_datetime
from connector.rules.calendars import ALWAYS, DAYS
from connector.rules.promised import promised
from connector.rules.rulebook import (
    Action,
    After,
    Agreement,
    BusinessDays,
    Calendar,
    Derive,
    Entry,
    ExcludeRow,
    FieldDue,
    FieldTime,
    FieldZone,
    NoTarget,
    Rulebook,
    Shift,
    Target,
)
from connector.rules.spell import condition, scalar
from connector.rules.targets import CONDITIONS, MANNERS
from connector.rules.values import write_length


def effective(book: Rulebook) -> str:
    """The calendars, derived fields and agreements of *book* as YAML documents."""
    calendars = [_calendar(each) for each in book.calendars.values() if each.name != ALWAYS.name]
    derives = [_derive(each) for each in book.derives]
    agreements = [_agreement(each) for each in book.agreements]
    return dump([*calendars, *derives, *agreements])


def dump(documents: Iterable[Mapping[str, Any]]) -> str:
    """*documents* as YAML in which every scalar is plain text."""
    return yaml.dump_all(
        documents,
        Dumper=_PlainDumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=100,
    )


class _PlainDumper(Emitter, Serializer, SafeRepresenter, BaseResolver):
    """Writes text without quotes where it can: the rule reader takes no scalar for anything but text."""

    def __init__(
        self,
        stream: Any,
        default_style: Any = None,
        default_flow_style: Any = None,
        sort_keys: bool = True,
        **options: Any,
    ) -> None:
        serializer = {
            k: options.pop(k, None) for k in ("encoding", "explicit_start", "explicit_end", "version", "tags")
        }
        Emitter.__init__(self, stream, **options)
        Serializer.__init__(self, **serializer)
        SafeRepresenter.__init__(
            self, default_style=default_style, default_flow_style=default_flow_style, sort_keys=sort_keys
        )
        BaseResolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML asks it so)
        return True


def _text(dumper: _PlainDumper, data: str) -> yaml.Node:
    style = "'" if data.lower() in ("", "~", "null") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_PlainDumper.add_representer(str, _text)
_PlainDumper.add_representer(
    type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:str", "null")
)


def _given(**parts: Any) -> dict[str, Any]:
    """The *parts* that are not empty; a trailing underscore belongs to Python."""
    return {
        key.removesuffix("_"): value for key, value in parts.items() if value not in (None, (), [], {}, "")
    }


# ---------------------------------------------------------------------------------- calendars, derived fields


def _calendar(calendar: Calendar) -> dict[str, Any]:
    zone = calendar.timezone
    return {
        "calendar": calendar.name,
        "timezone": {"field": zone.field, "default": zone.default} if isinstance(zone, FieldZone) else zone,
        "hours": _week(calendar.week),
        **_given(
            day=write_length(calendar.day) if calendar.day else None,
            holidays=[day.isoformat() for day in sorted(calendar.holidays)],
            holiday_rules="shift" if calendar.shift_holidays else None,
            special={day.isoformat(): _shifts(calendar.special[day]) for day in sorted(calendar.special)},
            versions=[
                {"from": each.start.isoformat(), "hours": _week(each.week)} for each in calendar.versions
            ],
        ),
    }


def _week(week: tuple[tuple[Shift, ...], ...]) -> dict[str, list[str]]:
    return {DAYS[day]: _shifts(shifts) for day, shifts in enumerate(week) if shifts}


def _shifts(shifts: tuple[Shift, ...]) -> list[str]:
    return [f"{_clock(start)}-{_clock(end if end <= 1440 else end - 1440)}" for start, end in shifts]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _derive(derive: Derive) -> dict[str, Any]:
    rows = [
        _given(when=condition(row.when) if row.when else None)
        | {"is": {"field": row.field} if row.field else _written(row.value, derive)}
        for row in derive.rows
    ]
    return {"derive": derive.name, "type": str(derive.type), "from": rows}


def _written(value: Any, derive: Derive) -> Any:
    return value if isinstance(value, list) else scalar(value, derive.type)


# ---------------------------------------------------------------------------------- agreements


def _agreement(agreement: Agreement) -> dict[str, Any]:
    choose = agreement.choose_one
    return {
        "agreement": agreement.name,
        "type": agreement.type,
        "title": agreement.title,
        "status": agreement.status,
        "version": str(agreement.version),
        **_given(
            valid=_valid(agreement),
            customer=agreement.customer,
            provider=agreement.provider,
            services=list(agreement.services),
            supported_by=list(agreement.supported_by),
        ),
        "calendar": agreement.calendar,
        "timezone": agreement.timezone,
        "applies_to": {"record": list(agreement.kinds)}
        | _given(where=condition(agreement.where) if agreement.where else None),
        **_given(
            choose_one={"group": choose.group, "rank": str(choose.rank)} if choose else None,
            targets={name: _target(target) for name, target in agreement.targets.items()},
            exclude=[exclude_row(row) for row in agreement.exclude],
        ),
        **promised(agreement, action=action_row, exclude=exclude_row),
        **_given(publish_report=agreement.publish_report),
    }


def _valid(agreement: Agreement) -> dict[str, str]:
    zone = ZoneInfo(agreement.timezone)
    first, end = agreement.valid_from, agreement.valid_until
    return _given(
        from_=None if first is None else _local(first, zone).date().isoformat(),
        to=None if end is None else _local(end - 1, zone).date().isoformat(),
    )


def _local(instant: Instant, zone: ZoneInfo) -> datetime:
    return to_datetime(instant).astimezone(zone)


def _target(target: Target) -> dict[str, Any]:
    own: dict[str, Any]
    if target.measured_by is not None:
        own = {"measured_by": {"platform": target.measured_by}} | _given(calendar=target.calendar)
    else:
        own = _given(after=_after(target.after), calendar=target.calendar)
        trees = {key: getattr(target, key) for key in CONDITIONS}
        own |= {key: condition(tree) for key, tree in trees.items() if tree is not None}
        idle = {"count_resets"} if target.reset is None and not target.count_resets else set()
        own |= {key: _manner(target, key) for key in MANNERS if key not in idle}
        own |= _given(reconcile_with=list(target.reconcile_with))
    lines = {line.written: [action_row(action) for action in line.actions] for line in target.lines}
    return own | _given(within=[_entry(entry) for entry in target.entries], on=lines)


def _after(after: After | None) -> dict[str, str] | None:
    return None if after is None else {"target": after.target, "event": after.event}


def _manner(target: Target, key: str) -> str:
    value = getattr(target, key)
    if value is None:
        return "match"
    return str(scalar(value, None))


def _entry(entry: Entry) -> dict[str, Any]:
    when = condition(entry.when)
    return (
        ({"when": when} if when else {})
        | _time(entry)
        | {"calendar": entry.calendar}
        | _given(on_goal_change=entry.on_goal_change)
    )


def _time(entry: Entry) -> dict[str, Any]:
    match entry.time:
        case NoTarget():
            return {"time": "none"}
        case FieldTime(field):
            return {"time": {"field": field}}
        case FieldDue(field):
            return {"until": {"field": field}}
        case BusinessDays():
            return {"time": entry.time.written}
        case length:
            return {"time": write_length(length.length)}


def action_row(action: Action) -> dict[str, Any]:
    """An action as it is written."""
    return _given(
        when=condition(action.when) if action.when is not None else None,
        notify=list(action.notify),
        note="true" if action.note is True else action.note or None,
        public="true" if action.public else None,
        create=action.create,
        fields=dict(action.fields),
        after=f"{action.after_in_a_row} in a row" if action.after_in_a_row > 1 else None,
    )


def exclude_row(row: ExcludeRow) -> dict[str, Any]:
    """A row of `exclude` as it is written."""
    return {"when": condition(row.when), "reason": row.reason}
