"""When people may be told: quiet hours and digests, as a framework (or a stakeholder, for digests) writes
them. When a notice goes out by them is decided in `connector.decide`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from connector.model.instant import DAY, MINUTE, format_length
from connector.rules.reading import Reading, Spot, unknown
from connector.rules.values import WrongValue, clock_minutes, read_length

NEVER = "never"


def read_quiet_hours(reading: Reading, spot: Spot, calendars: Collection[str]) -> dict[str, Any] | None:
    """`CALENDAR`, or `{calendar: CALENDAR, but: [lines]}`, as the latter; None where it is wrong."""
    written = {"calendar": spot.data} if isinstance(spot.data, str) else spot.data
    place = spot if isinstance(spot.data, str) else spot / "calendar"
    if not isinstance(written, dict) or not isinstance(written.get("calendar"), str):
        hint = (
            "write `quiet_hours: CALENDAR` (notices wait while it is closed), or {calendar: …, but: [lines]}"
        )
        reading.wrong("bad-value", spot, "quiet hours are told by a calendar", hint)
        return None
    if written["calendar"] not in calendars:
        what = f"there is no calendar {written['calendar']!r}"
        reading.wrong("no-calendar", place, what, unknown(written["calendar"], calendars))
    _check_keys(reading, spot, ("calendar", "but"))
    return {"calendar": written["calendar"], "but": _but(reading, spot)}


def read_digest(reading: Reading, spot: Spot) -> dict[str, Any] | None:
    """`4h`, `never`, `{every: 4h, but: [lines]}` or `{at: ["08:00", "16:00"], but: […]}`, as `{every}` in
    milliseconds or `{at}` in minutes after midnight, with `but`; None where it is wrong."""
    if spot.data == NEVER:
        return {"at": [], "but": []}
    if isinstance(spot.data, str):
        every = _read(reading, spot, _rhythm)
        return None if every is None else {"every": every, "but": []}
    _check_keys(reading, spot, ("every", "at", "but"))
    if spot.has("every") == spot.has("at"):
        hint = 'write `digest: 4h`, {every: 4h} or {at: ["08:00", "16:00"]}'
        reading.wrong(
            "bad-value", spot, "a digest says `every` so long, or `at` which times of the day", hint
        )
        return None
    if spot.has("every"):
        every = _read(reading, spot / "every", _rhythm)
        return None if every is None else {"every": every, "but": _but(reading, spot)}
    listed = list((spot / "at").items()) or [spot / "at"]
    times = [time for one in listed if (time := _read(reading, one, _time)) is not None]
    return {"at": sorted(set(times)), "but": _but(reading, spot)} if times else None


def _rhythm(written: object) -> int:
    length = read_length(written if isinstance(written, str) else "")
    if not MINUTE <= length <= DAY or length % MINUTE:
        what = f"{format_length(length)} is no rhythm of a digest"
        raise WrongValue(what, 'write whole minutes, at most 24h, or times of the day: {at: ["08:00"]}')
    return length


def _time(written: object) -> int:
    return clock_minutes(written if isinstance(written, str) else "")


def _read(reading: Reading, spot: Spot, how: Callable[[object], int]) -> int | None:
    try:
        return how(spot.data)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None


def _but(reading: Reading, spot: Spot) -> list[str]:
    """The lines that are worth a disturbance."""
    if not spot.has("but"):
        return []
    written = spot.data["but"]
    listed = [written] if isinstance(written, str) else written
    if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
        return listed
    reading.wrong(
        "wrong-type", spot / "but", "lines are named here", "write them as under `on:`: [75%, breached]"
    )
    return []


def _check_keys(reading: Reading, spot: Spot, known: Collection[str]) -> None:
    for key, below in spot.pairs():
        if key not in known:
            reading.wrong("unknown-key", below.key_place, f"unknown key `{key}`", unknown(key, known))
