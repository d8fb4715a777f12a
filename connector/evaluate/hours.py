"""One calendar asked one question: what `accord calendar` and texts for people need."""

from __future__ import annotations

import numpy as np

from connector.evaluate.arrays import NONE
from connector.evaluate.opendays import OpenDays
from connector.evaluate.opentime import OpenTime, open_time
from connector.model.instant import Instant, Millis
from connector.rules.rulebook import BusinessDays, Calendar, FieldZone


def open_between(calendar: Calendar, start: Instant, end: Instant) -> Millis:
    """The open time from *start* to *end*. A zone that a ticket would give is the calendar's default."""
    first, last = _hours(calendar).upto(np.array([start, end], np.int64)).tolist()
    return int(last - first)


def add_open(calendar: Calendar, start: Instant, length: Millis) -> Instant | None:
    """The earliest instant by which *length* of open time has passed since *start*; None within 20 years.

    Where it ends exactly at a closing it is that closing; after no time at all it is the first open moment,
    which is what most calendars of this kind answer (docs/reference-cases.md).
    """
    hours, after = _hours(calendar), np.array([start], np.int64)
    reached = hours.reaching(hours.upto(after) + length, after) if length else hours.opening(after)
    (found,) = reached.tolist()
    return None if found == NONE else int(found)


def is_open(calendar: Calendar, at: Instant) -> bool:
    """Whether it is open at *at*; a closing instant is not."""
    return bool(_hours(calendar).is_open(np.array([at], np.int64))[0])


def due_by_days(calendar: Calendar, start: Instant, rule: BusinessDays) -> Instant | None:
    """When a clock started at *start* is due by so many open days; None within 20 years."""
    days = OpenDays(calendar, _zone(calendar))
    (found,) = days.due(np.array([start], np.int64), rule).tolist()
    return None if found == NONE else int(found)


def _hours(calendar: Calendar) -> OpenTime:
    return open_time(calendar, _zone(calendar))


def _zone(calendar: Calendar) -> str:
    zone = calendar.timezone
    return zone.default if isinstance(zone, FieldZone) else zone
