"""An explanation as a story in lines, and as data. No figure is worked out here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.evaluate.lentstory import lent_data, lent_lines
from connector.evaluate.lines import as_object, seconds
from connector.model.cycle import Cycle, State
from connector.model.instant import Instant, Millis, format_instant, format_length, to_datetime

if TYPE_CHECKING:
    from connector.evaluate.attribution import Attribution, Shares
    from connector.evaluate.explain import ClockStory, CycleStory, Explanation, Stage
    from connector.evaluate.reasons import Because


def text(told: Explanation) -> str:
    """The story for people."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Explanation) -> Iterator[str]:
    yield f"{told.key} as of {when(told.at, told.zone)} (times in {told.zone})"
    if told.aside:
        yield f"  Nothing was evaluated: {told.aside}."
    for reason, count in sorted(told.repairs.items()):
        if count:
            yield f"  Its history was mended: {count} × {reason}."
    if told.later:
        yield f"  Changes later than that, which do not count yet: {told.later}."
    for clock in told.clocks:
        yield ""
        yield f"{clock.agreement} · {clock.target}  ({clock.place})"
        yield from _clock(clock, told.zone)
    yield from lent_lines(told.lent, told.zone)


def _clock(clock: ClockStory, zone: str) -> Iterator[str]:
    if not clock.cycles:
        yield "  No clock ran."
        for reason in clock.nothing:
            yield f"    {_because(reason)}"
    for cycle in clock.cycles:
        yield f"  Cycle {cycle.cycle.number}: {summary(cycle.cycle, zone)}"
        for stage in cycle.stages:
            yield from _stage(cycle, stage, zone)
        if cycle.cycle.breached_at is not None:
            yield from (f"    {line}" for line in went(cycle.attribution, zone))


def _stage(cycle: CycleStory, stage: Stage, zone: str) -> Iterator[str]:
    events = f"  → {', '.join(stage.events)}" if stage.events else ""
    yield f"    {when(stage.at, zone)}  {_what_changed(stage)}{events}"
    for reason in stage.because:
        yield f"        {_because(reason)}"
    if stage.entry is not None:
        yield f"        within: {_because(stage.entry)}"
    if stage.until > stage.at and stage.is_live:
        yield f"        {_passed(cycle, stage)}"
    for moment in stage.crossed:
        name = (
            "breached: the time was used up" if moment.event == "breached" else f"line {moment.event} crossed"
        )
        yield f"      ! {when(moment.at, zone)}  {name}"


def _what_changed(stage: Stage) -> str:
    from connector.evaluate.explain import shown

    if not stage.changes:
        return "opened" if "started" in stage.events else ""
    return ", ".join(f"{c.field}: {shown(c.old)} → {shown(c.new)}" for c in stage.changes)


def _passed(cycle: CycleStory, stage: Stage) -> str:
    wall = stage.until - stage.at
    verb = "ran" if stage.is_counted else "stood still"
    closed = wall - stage.open_time
    gap = f" ({cycle.calendar} was closed for {length(closed)})" if closed > 0 else ""
    counted = f"{length(stage.open_time)} counted" if stage.is_counted else "nothing counted"
    return f"{verb} for {length(wall)}: {counted}{gap}"


def summary(cycle: Cycle, zone: str) -> str:
    """How a cycle stands, in one sentence."""
    used = (
        f"{length(cycle.elapsed)} of {length(cycle.time)}"
        if cycle.time is not None
        else length(cycle.elapsed)
    )
    words = [f"{cycle.state} after {used}" if cycle.ended is not None else f"{cycle.state}, {used} used"]
    if cycle.time is None:
        words.append("no target")
    if cycle.paused:
        words.append(f"paused {length(cycle.paused)}")
    if cycle.due is not None:
        words.append(f"due {when(cycle.due, zone)}")
    elif cycle.state is State.PAUSED:
        words.append("no due time while paused")
    if cycle.breached_at is not None:
        words.append(f"breached {when(cycle.breached_at, zone)}")
    elif cycle.remaining is not None and cycle.state.is_open:
        words.append(f"{length(cycle.remaining)} left")
    if cycle.excluded:
        words.append(f"excluded: {cycle.excluded}")
    return ", ".join(words)


def went(where: Attribution, zone: str) -> Iterator[str]:
    """Where a cycle's time went, and what was broken with it."""
    if where.groups:
        yield f"time by group: {_shares(where.groups, 'no group')}"
    if where.reasons:
        yield f"time paused: {_shares(where.reasons, 'no reason given')}"
    for each in where.broken:
        cycle = f"cycle {each.number}, " if each.number > 1 else ""
        name = f"{each.type.upper()} {each.agreement} · {each.target}"
        yield f"broken with it: {name} ({cycle}breached {when(each.breached_at, zone)})"


def _shares(shares: Shares, nobody: str) -> str:
    largest_first = sorted(shares.items(), key=lambda share: (-share[1], share[0] or ""))
    return ", ".join(f"{name or nobody} {length(value)}" for name, value in largest_first)


def when(instant: Instant, zone: str) -> str:
    """An instant in the zone, to the second (to the millisecond where it has any)."""
    local = to_datetime(instant).astimezone(ZoneInfo(zone))
    spec = "milliseconds" if instant % 1000 else "seconds"
    offset = local.utcoffset() or timedelta(0)
    text = local.replace(tzinfo=None).isoformat(" ", timespec=spec)
    return f"{local:%a} {text}" + (
        " UTC"
        if zone == "UTC"
        else f" {'+' if offset >= timedelta(0) else '-'}"
        f"{abs(offset) // timedelta(hours=1):02}:{abs(offset).seconds % 3600 // 60:02}"
    )


def length(value: Millis) -> str:
    """A length in words, with its seconds where there are any."""
    rest = abs(value) % 60_000
    whole = format_length(value)
    if not rest or whole.endswith(" s"):
        return whole if value % 1000 == 0 else f"{value / 1000:g} s"
    return f"{whole} {rest / 1000:g} s"


def _because(reason: Because) -> str:
    return f"{reason.what}  [{reason.place}]" if reason.place else reason.what


def data(told: Explanation) -> dict[str, Any]:
    """The explanation as data."""
    return {
        "key": told.key,
        "at": format_instant(told.at),
        "aside": told.aside,
        "repairs": dict(told.repairs),
        "later": told.later,
        "clocks": [*map(_clock_data, told.clocks), *map(lent_data, told.lent)],
    }


def _clock_data(clock: ClockStory) -> dict[str, Any]:
    return {
        "agreement": clock.agreement,
        "target": clock.target,
        "rule": clock.place,
        "nothing": [_reason_data(reason) for reason in clock.nothing],
        "cycles": [
            {
                **as_object(each.cycle),
                "paused_s": seconds(each.cycle.paused),
                "rule": each.cycle.entry,
                "calendar": each.calendar,
                "attribution": attribution_data(each.attribution),
                "timeline": [{"at": format_instant(m.at), "event": m.event} for m in each.cycle.timeline],
                "steps": [_stage_data(stage) for stage in each.stages],
            }
            for each in clock.cycles
        ],
    }


def attribution_data(where: Attribution) -> dict[str, Any]:
    """Where a cycle's time went, as data."""
    return {
        "groups": [{"group": name, "elapsed_s": seconds(value)} for name, value in where.groups.items()],
        "pauses": [{"reason": name, "paused_s": seconds(value)} for name, value in where.reasons.items()],
        "broken": [
            {
                "agreement": each.agreement,
                "type": each.type,
                "target": each.target,
                "cycle": each.number,
                "breached_at": format_instant(each.breached_at),
            }
            for each in where.broken
        ],
    }


def _stage_data(stage: Stage) -> dict[str, Any]:
    from connector.evaluate.explain import shown

    return {
        "at": format_instant(stage.at),
        "until": format_instant(stage.until),
        "changes": [{"field": c.field, "from": shown(c.old), "to": shown(c.new)} for c in stage.changes],
        "events": list(stage.events),
        "because": [_reason_data(reason) for reason in stage.because],
        "entry": _reason_data(stage.entry) if stage.entry else None,
        "open_s": seconds(stage.open_time),
        "counted": stage.is_counted,
        "crossed": [{"at": format_instant(m.at), "line": m.event} for m in stage.crossed],
    }


def _reason_data(reason: Because) -> dict[str, str]:
    return {"what": reason.what, "rule": reason.place}
