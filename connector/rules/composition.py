"""The SLA → OLA → UC tree: circles, and promises that those below do not carry (rules: Composition)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import prod
from zoneinfo import ZoneInfo

from connector.model.instant import MINUTE, Instant, format_length, from_datetime, to_datetime
from connector.rules.enacted import canonical
from connector.rules.reading import Reading
from connector.rules.rulebook import Agreement, Calendar, Entry, FieldZone, OpenTime
from connector.rules.spell import percent

_Span = tuple[Instant, Instant]


def check_composition(
    reading: Reading, agreements: Sequence[Agreement], calendars: Mapping[str, Calendar], at: Instant
) -> None:
    """Note circles as errors, and warn of supporting agreements that promise less than what they support."""
    if _check_circles(reading, agreements):
        return
    for agreement in _alive(agreements):
        below = [each for each in _alive(agreements) if each.name in agreement.supported_by]
        for supporter in below:
            _check_lengths(reading, agreement, supporter, calendars)
            _check_hours(reading, agreement, supporter, calendars, at)
            _check_end(reading, agreement, supporter)
        _check_availability(reading, agreement, below)


def _alive(agreements: Sequence[Agreement]) -> list[Agreement]:
    """The last version of each agreement that is not retired."""
    last = {each.name: each for each in agreements if each.status != "retired"}
    return list(last.values())


def _check_circles(reading: Reading, agreements: Sequence[Agreement]) -> bool:
    """Note every circle, and say whether there is one."""
    below: dict[str, set[str]] = {}
    for each in agreements:
        below.setdefault(each.name, set()).update(each.supported_by)
    found: set[frozenset[str]] = set()
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = path[path.index(name) :]
            if frozenset(circle) not in found:
                found.add(frozenset(circle))
                place = next(each.place for each in agreements if each.name == name)
                what = f"agreements support each other in a circle: {' → '.join((*circle, name))}"
                reading.wrong("circle", place, what)
            return
        if name in done:
            return
        for each in sorted(below.get(name, ())):
            visit(each, (*path, name))
        done.add(name)

    for name in below:
        visit(name, ())
    return bool(found)


def _check_lengths(
    reading: Reading, agreement: Agreement, supporter: Agreement, calendars: Mapping[str, Calendar]
) -> None:
    for target in supporter.targets.values():
        for entry in target.entries:
            longest = _allowed(agreement, entry, calendars)
            if longest is not None and isinstance(entry.time, OpenTime) and entry.time.length > longest:
                what = (
                    f"{supporter.name!r} allows {format_length(entry.time.length)} for {target.name!r}, "
                    f"longer than the {format_length(longest)} of {agreement.name!r} that it supports"
                )
                reading.doubt("supporter-longer", entry.place, what)


def _allowed(agreement: Agreement, entry: Entry, calendars: Mapping[str, Calendar]) -> int | None:
    """The longest time that *agreement* has for the tickets of *entry*; None where they cannot be compared.

    Rows with the same condition are, if there are any; on the same calendar or on one that never closes.
    """
    rows = [row for target in agreement.targets.values() for row in target.entries]
    alike = [row for row in rows if canonical(row.when) == canonical(entry.when)] or rows
    lengths = [
        row.time.length
        for row in alike
        if isinstance(row.time, OpenTime)
        and (row.calendar == entry.calendar or calendars[row.calendar].is_always)
    ]
    return max(lengths, default=None) if len(lengths) == len(alike) else None


def _check_hours(
    reading: Reading,
    agreement: Agreement,
    supporter: Agreement,
    calendars: Mapping[str, Calendar],
    at: Instant,
) -> None:
    open_above = _open(_calendars_of(agreement, calendars), at)
    open_below = _open(_calendars_of(supporter, calendars), at)
    gap = next(_outside(open_above, open_below), None)
    if gap is not None:
        when = to_datetime(gap).strftime("%a %H:%M UTC")
        what = f"{supporter.name!r} is closed while {agreement.name!r}, which it supports, is open ({when})"
        reading.doubt("supporter-closed", supporter.place, what)


def _calendars_of(agreement: Agreement, calendars: Mapping[str, Calendar]) -> list[Calendar]:
    names = {entry.calendar for target in agreement.targets.values() for entry in target.entries}
    return [calendars[name] for name in sorted(names or {agreement.calendar})]


def _open(calendars: Sequence[Calendar], at: Instant) -> list[_Span]:
    """The weekly hours of a week in each half of the year, as sorted instants; holidays are left out."""
    monday = to_datetime(at).date()
    monday -= timedelta(days=monday.weekday())
    spans = [
        span
        for calendar in calendars
        for week in (monday, monday + timedelta(weeks=26))
        for span in _week(calendar, week)
    ]
    return sorted(spans)


def _week(calendar: Calendar, monday: date) -> Iterator[_Span]:
    zone = ZoneInfo(
        calendar.timezone.default if isinstance(calendar.timezone, FieldZone) else calendar.timezone
    )
    current = [version.week for version in calendar.versions if version.start <= monday]
    week = current[-1] if current else calendar.week
    for offset in range(-2, 9):  # a day more on either side, for zones apart
        day = monday + timedelta(days=offset)
        midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))
        for start, end in week[day.weekday()]:
            yield midnight + start * MINUTE, midnight + end * MINUTE


def _outside(above: list[_Span], below: list[_Span]) -> Iterator[Instant]:
    """The first instants of *above* that no span of *below* covers."""
    for start, end in above:
        at = start
        for first, last in below:
            if first <= at < last:
                at = last
        if at < end:
            yield at


def _check_end(reading: Reading, agreement: Agreement, supporter: Agreement) -> None:
    if supporter.type != "uc" or supporter.valid_until is None:
        return
    if agreement.valid_until is None or supporter.valid_until < agreement.valid_until:
        what = f"the contract {supporter.name!r} ends before {agreement.name!r}, which rests on it"
        reading.doubt("supporter-ends", supporter.place, what)


def _check_availability(reading: Reading, agreement: Agreement, below: Sequence[Agreement]) -> None:
    promised = _availability(agreement)
    carried = [share for each in below if (share := _availability(each)) is not None]
    if promised is not None and carried and prod(carried) < promised:
        what = (
            f"{agreement.name!r} promises {percent(promised)} availability, those that support it together "
            f"{percent(prod(carried, start=Fraction(1)))}"
        )
        reading.doubt("supporter-availability", agreement.place, what)


def _availability(agreement: Agreement) -> Fraction | None:
    """The highest availability that the agreement promises."""
    bounds = [
        bound.value
        for objective in agreement.objectives.values()
        if objective.measure == "availability"
        for bound in objective.at_least
    ]
    return max(bounds, default=None)
