"""How the versions of an agreement follow each other: the older ends where the newer begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from connector.model.instant import Instant
from connector.rules.agreements import Read
from connector.rules.reading import Reading
from connector.rules.rulebook import Agreement


def in_sequence(reading: Reading, read: Iterable[Read]) -> tuple[Agreement, ...]:
    """The agreements in order of (name, version), each enacted one ended by the next of its name."""
    ordered = sorted(read, key=lambda each: (each.agreement.name, each.agreement.version))
    _refuse_doubles(reading, ordered)
    enacted = [each for each in ordered if each.agreement.status == "enacted"]
    ends: dict[int, Instant] = {}
    for older, newer in pairwise(enacted):
        if older.agreement.name == newer.agreement.name and _follows(reading, older, newer):
            ends[id(older)] = _earlier(older.agreement.valid_until, newer.agreement.valid_from)
    return tuple(
        replace(each.agreement, valid_until=ends[id(each)]) if id(each) in ends else each.agreement
        for each in ordered
    )


def _earlier(end: Instant | None, start: Instant | None) -> Instant:
    assert start is not None
    return start if end is None else min(end, start)


def _refuse_doubles(reading: Reading, ordered: list[Read]) -> None:
    for first, second in pairwise(ordered):
        a, b = first.agreement, second.agreement
        if (a.name, a.version) == (b.name, b.version):
            what = f"version {b.version} of the agreement {b.name!r} stands at {a.place.short} already"
            reading.wrong(
                "doubled-name", second.spot, what, f"write version: {b.version + 1}, or another name"
            )


def _follows(reading: Reading, older: Read, newer: Read) -> bool:
    """Does *newer* begin after *older*, with the older's end before it? If not, that is noted."""
    a, b = older.agreement, newer.agreement
    if a.version == b.version:
        return False
    if newer.first_day is None or (older.first_day is not None and newer.first_day <= older.first_day):
        when = (
            f"does not begin after version {a.version}" if newer.first_day else "does not say when it begins"
        )
        what = f"version {b.version} of {b.name!r} {when}"
        reading.wrong("bad-validity", newer.spot, what, "write valid: {from: …} with a later date")
        return False
    if older.last_day is not None and older.last_day >= newer.first_day:
        where = older.spot / "valid" / "to"
        what = (
            f"version {a.version} ends on {older.last_day}, version {b.version} begins on {newer.first_day}"
        )
        reading.wrong("bad-validity", where, what, "leave `to` away: a newer version ends the older one")
        return False
    return True
