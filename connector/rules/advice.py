"""What a target lacks, and what in it is probably not what its author meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connector.rules.conditions import fields_in, is_momentary, may_be_momentary
from connector.rules.reading import Reading, Spot
from connector.rules.rulebook import All, BusinessDays, Condition, FieldDue, Target

_KNOWN_FROM_THE_OPENING = frozenset({"source", "kind", "key", "opened"})
_BESIDE_ENGINE = frozenset({"measured_by", "calendar", "on"})
_NOT_TOLD = frozenset({"paused", "resumed", "reset", "reopened", "breach_withdrawn"})


def check_target(reading: Reading, spot: Spot, target: Target, keys: Collection[str]) -> None:
    """Note what is wrong or doubtful in *target* as a whole; *keys* are those that a target may have."""
    if spot.has("measured_by"):
        _check_measured(reading, spot, target, keys)
        return
    if target.start is None and not spot.has("after") and not spot.has("is"):
        hint = "write start: {…}, is: resolution, or after: {target: …, event: …}"
        reading.wrong(
            "missing-key", spot, f"the target {target.name!r} never starts: `start` is missing", hint
        )
    if all(each is None for each in (target.stop, target.cancel, target.reset)) and not spot.has("is"):
        reading.doubt(
            "never-ends", spot.key_place, f"the target {target.name!r} has no `stop` and never ends"
        )
    if target.resume is not None and target.pause is None:
        reading.doubt("unused-key", spot / "resume", "`resume` without `pause` does nothing")
    if target.count_resets and target.reset is None and spot.has("count_resets"):
        reading.doubt("unused-key", spot.key_place, "`count_resets` without `reset` does nothing")
    _check_pause(reading, target)
    _check_rows(reading, target)
    _check_momentary(reading, spot, target)


def _check_measured(reading: Reading, spot: Spot, target: Target, keys: Collection[str]) -> None:
    for key in spot.data:
        if key in keys and key not in _BESIDE_ENGINE:
            what = (
                f"`{key}` cannot stand beside `measured_by`: the platform's own engine measures this target"
            )
            hint = f"take `{key}` away, or `measured_by` for a clock of the agreement's own"
            reading.wrong("two-engines", (spot / key).key_place, what, hint)
    for line in target.lines:
        if line.written in _NOT_TOLD:
            what = (
                f"the platform does not tell when its cycles were {line.written}: this line is never reached"
            )
            reading.doubt(
                "not-told", line.place, what, "use started, a share of the time, breached, met or missed"
            )


def check_followed(reading: Reading, targets: Mapping[str, Target]) -> None:
    """Note targets that are to begin at an event of one that the platform measures."""
    for target in targets.values():
        other = targets.get(target.after.target) if target.after is not None else None
        if other is not None and other.measured_by is not None:
            what = f"{target.name!r} cannot begin after {other.name!r}, which the platform measures"
            hint = "give the target a `start`, or the other a clock of its own"
            reading.wrong("two-engines", target.place, what, hint)


def _check_pause(reading: Reading, target: Target) -> None:
    if target.pause is None or target.unpausable:
        return
    for entry in target.entries:
        if isinstance(entry.time, BusinessDays | FieldDue):
            what = f"a due date cannot be paused, and the target {target.name!r} has a `pause`"
            hint = "write working days (wd) or hours, or say `unpausable: true` on the target"
            reading.wrong("paused-due-date", entry.place, what, hint)


def _check_rows(reading: Reading, target: Target) -> None:
    for index, entry in enumerate(target.entries[:-1]):
        has_none = entry.when.place == entry.place  # a `when` that is wrong is told already
        if isinstance(entry.when, All) and not entry.when.parts and has_none:
            what = "this row is never reached: the one before it, without `when`, always matches"
            reading.doubt(
                "unreachable", target.entries[index + 1].place, what, "put the row without `when` last"
            )
            return


def _check_momentary(reading: Reading, spot: Spot, target: Target) -> None:
    start_lasts = target.start is not None and not is_momentary(target.start)
    if (
        target.stop is not None
        and may_be_momentary(target.stop)
        and start_lasts
        and target.after is None
        and target.reopen == "new_cycle"
    ):
        what = "this stop holds for a moment and the start lasts: the next step starts a new cycle"
        reading.doubt("momentary-stop", _part(spot, "stop"), what, "write `reopen: ignore`")
    follows = target.after is not None
    if target.start_must_hold and (follows or (target.start is not None and is_momentary(target.start))):
        what = "this start holds for a moment, and `start_must_hold` cancels the cycle at the next step"
        hint = "write `start_must_hold: false` on the target"
        reading.doubt("momentary-start", spot / "after" if follows else _part(spot, "start"), what, hint)
    if target.reset is not None and not is_momentary(target.reset):
        what = "this reset lasts: every further step ends the cycle again"
        reading.doubt("lasting-reset", _part(spot, "reset"), what, "test what `changed`")


def _part(spot: Spot, key: str) -> Spot:
    return spot / key if spot.has(key) else spot / "is"


def check_momentary_start(reading: Reading, spot: Spot, target: Target, where: Condition | None) -> None:
    """Warn where *target* starts at one moment only, at which `applies_to` may not hold yet."""
    if target.start is None or not may_be_momentary(target.start):
        return
    late = sorted(fields_in(where) - _KNOWN_FROM_THE_OPENING)
    if late:
        what = (
            f"this start holds for a moment, and `applies_to` waits for `{late[0]}`, which may be set later"
        )
        reading.doubt(
            "momentary-start", _part(spot, "start"), what, "use a condition that lasts, and start_at: opened"
        )
