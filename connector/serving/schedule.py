"""When the next run is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from connector.model.instant import SECOND, Instant, Millis

REST: Millis = 10 * SECOND  # between two runs, however many lines are to come
MARGIN: Millis = 2 * SECOND  # platforms tell their time in whole seconds
MOST_JITTER: Millis = 30 * SECOND


def next_regular(begun: Instant, every: Millis, chance: float) -> Instant:
    """When to run by the schedule after a run that began at *begun*: up to a tenth of *every* later than
    asked (*chance*, from 0 to 1, of it), so that services started together do not ask together."""
    return begun + every + int(chance * min(every / 10, MOST_JITTER))


def seen_after(lag: Millis, skew: Millis) -> Millis:
    """How long after a line a pull has to begin to move the watermark past it. *skew*: the platform's time
    minus ours."""
    return lag - min(skew, 0) + MARGIN


def next_run(regular: Instant, lines: Iterable[Instant], ended: Instant, every: Millis) -> Instant:
    """The earlier of the schedule and the first of *lines* (instants at which one is seen), but not before
    the platform had a rest from the run that *ended*."""
    rested = ended + min(REST, every)
    return max(rested, min([regular, *lines]))
