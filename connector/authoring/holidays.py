"""Days on which nobody works: from a country's public list, or from a calendar file (.ics).

They are written into rule files as dates, so that a figure never depends on a library's version. A public
list is law, not a company's calendar: whoever takes it reads it through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.errors import AccordError

Holidays = dict[date, str]  # a day and its name


def of_country(country: str, subdivision: str | None, years: Sequence[int]) -> Holidays:
    """The public holidays of *country* (ISO 3166 code), and of its *subdivision*, in *years*.

    Raises AccordError where the list is not installed or does not know the place.
    """
    try:
        import holidays
    except ImportError:
        raise AccordError(
            "the lists of public holidays are not installed", hint="pip install 'accord-slm[holidays]'"
        ) from None
    try:
        found = holidays.country_holidays(country.upper(), subdiv=subdivision, years=list(years))
    except NotImplementedError as error:
        raise AccordError(_unknown(holidays, country, subdivision, str(error))) from None
    return {day: name for day, name in found.items() if day.year in years}


def _unknown(library: Any, country: str, subdivision: str | None, words: str) -> str:
    known: dict[str, list[str]] = library.list_supported_countries()
    if country.upper() not in known:
        return f"there is no list for the country {country!r}; write its two letters, such as GB"
    parts = ", ".join(known[country.upper()]) or "none"
    return f"{country.upper()} has no subdivision {subdivision!r}; known: {parts}" if subdivision else words


def of_file(path: Path, years: Sequence[int]) -> Holidays:
    """The whole-day events of the iCalendar file at *path* that fall into *years*, repeated ones too.

    Raises AccordError where the file is none, or holds no such event.
    """
    try:
        import icalendar
    except ImportError:
        raise AccordError("reading .ics is not installed", hint="pip install 'accord-slm[ics]'") from None
    try:
        read = icalendar.Calendar.from_ical(path.read_bytes())
    except FileNotFoundError:
        raise AccordError(f"there is no file {path}") from None
    except (ValueError, IndexError) as error:
        raise AccordError(f"{path} is no iCalendar file: {error}") from None
    found = {day: name for event in read.walk("VEVENT") for day, name in _days(event, years)}
    if not found:
        raise AccordError(f"{path} has no whole-day event in {years[0]}-{years[-1]}")
    return found


def _days(event: Any, years: Sequence[int]) -> Iterator[tuple[date, str]]:
    start = event.decoded("DTSTART")
    if isinstance(start, datetime):  # an hour of a day makes no holiday
        return
    name = str(event.get("SUMMARY", "")).strip()
    end = event.decoded("DTEND") if "DTEND" in event else start + timedelta(days=1)
    for first in _occurrences(event, start, years):
        for offset in range(max(1, (end - start).days)):
            day = first + timedelta(days=offset)
            if day.year in years:
                yield day, name


def _occurrences(event: Any, start: date, years: Sequence[int]) -> Iterator[date]:
    """The days on which an event begins: its own, or those of its rule less the exceptions."""
    from dateutil.rrule import rrulestr

    begin = datetime(start.year, start.month, start.day)  # noqa: DTZ001 (dates have no zone)
    excepted = {moment.dt for each in _listed(event.get("EXDATE")) for moment in each.dts}
    if "RRULE" not in event:
        yield start
        return
    rule = rrulestr(event["RRULE"].to_ical().decode(), dtstart=begin, ignoretz=True)
    first, last = datetime(years[0] - 1, 12, 1), datetime(years[-1], 12, 31)  # noqa: DTZ001
    for moment in rule.between(min(begin, first), last, inc=True):
        if moment.date() not in excepted:
            yield moment.date()


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
