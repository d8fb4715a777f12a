"""Elapsed, time, due and breach of cycles, each judged by the entry of one step and up to one instant.

Rules: Clocks, from *Elapsed* to *Due dates*. A row is a cycle as it stands, or as it stood when its goal
changed or when it ended before resuming (see `outcome`). Events and output are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from connector.evaluate.arrays import NONE, Bools, Codes, Ints, filled, offsets_of, spans
from connector.evaluate.cycles import Cycles, Stretches, version_of
from connector.evaluate.opentime import HORIZON
from connector.evaluate.reckoner import Reckoner
from connector.evaluate.terms import Terms
from connector.evaluate.track import Track
from connector.rules.rulebook import BusinessDays, FieldDue


@dataclass(frozen=True, slots=True)
class Rows:
    """What is judged: a cycle, the step whose entry counts, and the instant up to which time counts."""

    cycle: Ints
    judged: Ints
    until: Ints


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of rows. Lengths and instants are NONE where the rules say there is none.

    *earlier*: with `measure: total`, the elapsed time of the ticket's earlier cycles; it is part of
    *elapsed*. *due* is where elapsed reaches the time, past or to come, whether or not the cycle is
    paused.
    """

    rows: Rows
    started: Ints
    calendar: Ints
    entry: Codes
    time: Ints
    elapsed: Ints
    earlier: Ints
    due: Ints
    is_due_date: Bools
    is_over: Bools  # elapsed > time, or with `at_limit: missed` ≥; of a due date, the instant is past
    counted: Counted

    def reached(self, rows: Ints, elapsed: Ints, reckoner: Reckoner) -> Ints:
        """The earliest instant at which each of *rows* had counted *elapsed*; NONE where it has not yet.

        What lies before the start is reached at the start.
        """
        wanted = elapsed - self.earlier[rows]
        at = np.where(wanted <= 0, self.started[rows], NONE)
        open_rows = np.flatnonzero((wanted > 0) & (elapsed <= self.elapsed[rows]))
        at[open_rows] = self.counted.crossing(rows[open_rows], wanted[open_rows], reckoner)
        return at

    def to_come(self, rows: Ints, elapsed: Ints, reckoner: Reckoner) -> Ints:
        """When each of *rows* will have counted *elapsed* (more than now) if it runs on; NONE if never."""
        until = self.rows.until[rows]
        calendar = self.calendar[rows]
        target = reckoner.upto(calendar, until) + elapsed - self.elapsed[rows]
        return reckoner.reaching(calendar, target, until)


@dataclass(frozen=True, slots=True)
class Counted:
    """Stretches with the open time counted in them, row by row."""

    offsets: Ints  # where each row's stretches begin
    begin: Ints
    end: Ints
    calendar: Ints
    before: Ints  # open time counted before each stretch, over all rows
    after: Ints

    def elapsed(self) -> Ints:
        """The open time of each row."""
        total = np.concatenate((np.zeros(1, np.int64), self.after))[self.offsets]
        return np.diff(total)

    def crossing(self, rows: Ints, open_time: Ints, reckoner: Reckoner) -> Ints:
        """The earliest instant at which each of *rows* had counted so much (> 0, and no more than it has)."""
        stretch = self.offsets[rows]
        wanted = self.before[stretch] + open_time if len(rows) else rows
        later = np.flatnonzero(self.after[stretch] < wanted) if len(rows) else rows
        stretch[later] = np.searchsorted(self.after, wanted[later], side="left")
        begin, calendar = self.begin[stretch], self.calendar[stretch]
        target = reckoner.upto(calendar, begin) + wanted - self.before[stretch]
        return reckoner.reaching(calendar, target, begin)


def figures(
    track: Track,
    cycles: Cycles,
    ran: Stretches,
    rows: Rows,
    reckoner: Reckoner,
    earlier: Ints | None = None,
) -> Figures:
    """The figures of *rows*. *earlier*: by cycle, the elapsed time of earlier ones that `measure: total`
    adds; None where *rows* are all the cycles, each as it stands."""
    started = cycles.started[rows.cycle]
    entry = np.zeros(len(rows.cycle), np.int32)
    calendar, time, due = (filled(len(rows.cycle), 0) for _ in range(3))
    is_due_date, is_strict = (np.zeros(len(rows.cycle), np.bool_) for _ in range(2))
    for terms, here in version_of(track, cycles, rows.cycle):
        step = track.line.base_of(rows.judged[here])
        entry[here] = terms.entry[step]
        calendar[here] = terms.calendar(entry[here], step)
        time[here] = terms.lengths(entry[here], step)
        is_due_date[here] = terms.is_due_date[entry[here]]
        due[here] = _due_dates(terms, entry[here], step, started[here], calendar[here], reckoner)
        is_strict[here] = terms.target.at_limit == "met"
    counted = count(track, cycles, ran, rows, calendar, is_due_date, reckoner)
    elapsed = counted.elapsed()
    if is_due_date.any():
        time = np.where(is_due_date, _time_to(due, started, calendar, reckoner), time)
    earlier = _earlier(track, cycles, elapsed) if earlier is None else earlier[rows.cycle]
    earlier = np.where(is_due_date, 0, earlier)
    total = elapsed + earlier
    past = np.where(is_due_date, rows.until - due, total - time)
    is_over = (time != NONE) & np.where(is_strict, past > 0, past >= 0)
    found = Figures(rows, started, calendar, entry, time, total, earlier, due, is_due_date, is_over, counted)
    lengths = np.flatnonzero((time != NONE) & ~is_due_date)
    due[~is_due_date] = NONE
    due[lengths] = _due(found, lengths, reckoner)
    return found


def _due(found: Figures, rows: Ints, reckoner: Reckoner) -> Ints:
    due = found.reached(rows, found.time[rows], reckoner)
    ahead = np.flatnonzero(due == NONE)
    due[ahead] = found.to_come(rows[ahead], found.time[rows[ahead]], reckoner)
    return due


def _time_to(due: Ints, started: Ints, calendar: Ints, reckoner: Reckoner) -> Ints:
    """The open time from start to due, 0 where it is due before the start."""
    known = np.where(due == NONE, started, np.maximum(due, started))
    return np.where(due == NONE, NONE, reckoner.upto(calendar, known) - reckoner.upto(calendar, started))


def _due_dates(
    terms: Terms, entry: Codes, step: Ints, started: Ints, calendar: Ints, reckoner: Reckoner
) -> Ints:
    """The due instants of the rows whose entry gives a due date."""
    due = filled(len(entry))
    zone = terms.agreement.timezone
    for number, each in enumerate(terms.entries):
        here = np.flatnonzero(entry == number)
        if isinstance(each.time, BusinessDays):
            due[here] = reckoner.business_days(calendar[here], started[here], each.time, zone)
        elif isinstance(each.time, FieldDue) and terms.value is not None:
            given = terms.value[step[here]]
            near = (given != NONE) & (given <= started[here] + HORIZON)  # none later than in 20 years
            here, given = here[near], given[near]
            due[here] = reckoner.until(calendar[here], given, zone)
    return due


def count(
    track: Track,
    cycles: Cycles,
    ran: Stretches,
    rows: Rows,
    calendar: Ints,
    is_due_date: Bools,
    reckoner: Reckoner,
) -> Counted:
    """The stretches of every row, cut at the instant up to which it counts, with their open time.

    A due-date cycle counts all open time since its start.
    """
    lengths = np.bincount(ran.cycle, minlength=len(cycles))
    row, begin, end, step = ran.cycle, ran.begin, ran.end, ran.step
    if is_due_date.any() or not np.array_equal(rows.cycle, np.arange(len(cycles))):
        first, lengths = offsets_of(lengths)[rows.cycle], lengths[rows.cycle]
        lengths[is_due_date] = 1
        row = np.repeat(np.arange(len(rows.cycle)), lengths)
        stretch = spans(first, lengths)
        begin, end, step = (np.append(of_stretch, 0)[stretch] for of_stretch in (begin, end, step))
    whole = is_due_date[row]
    until = rows.until[row]
    if whole.any():
        begin = np.where(whole, cycles.started[rows.cycle[row]], begin)
        end = np.where(whole, until, end)
    end = np.minimum(end, until)
    begin = np.minimum(begin, end)
    own = _kept_calendars(track, cycles, rows, row, step, calendar[row], whole)
    open_time = reckoner.upto(own, end) - reckoner.upto(own, begin)
    after = np.cumsum(open_time)
    return Counted(offsets_of(lengths), begin, end, own, after - open_time, after)


def _kept_calendars(
    track: Track, cycles: Cycles, rows: Rows, row: Ints, step: Ints, calendar: Ints, whole: Bools
) -> Ints:
    """The calendar of each stretch: the row's, but under `carry` the one it was counted under."""
    for terms, here in version_of(track, cycles, rows.cycle[row]):
        if terms.changed is None or not terms.may_carry():
            continue
        here = here[~whole[here]]
        judged = rows.judged[row[here]]
        anew = np.maximum(step[here], _last_recompute(track, terms, judged))
        base = track.line.base_of(np.minimum(anew, judged))
        calendar = calendar.copy()
        calendar[here] = terms.calendar(terms.entry[base], track.line.base_of(judged))
    return calendar


def _last_recompute(track: Track, terms: Terms, judged: Ints) -> Ints:
    """The last step up to each of *judged* at which a changed goal had everything before judged anew."""
    changes = goal_changes(track, terms)
    changes = changes[~terms.policy(track.line.base_of(changes))]
    if not len(changes):
        return filled(len(judged), -1)
    return np.append(changes, -1)[np.searchsorted(changes, judged, side="right") - 1]


def goal_changes(track: Track, terms: Terms) -> Ints:
    """The steps of the track at which the version's entry or its value changed."""
    return _steps_where(track, terms.changed)


def turns(track: Track, terms: Terms) -> Ints:
    """The steps of the track at which cycles are judged by another goal or zone than before."""
    return _steps_where(track, terms.rejudged())


def _steps_where(track: Track, holds: Bools | None) -> Ints:
    if holds is None:
        return np.empty(0, np.int64)
    there = track.line.of(holds)
    if track.line.between is not None:
        there = there & ~track.line.between
    return np.flatnonzero(there)


def _earlier(track: Track, cycles: Cycles, elapsed: Ints) -> Ints:
    """With `measure: total`, what the ticket's earlier cycles counted."""
    total = np.array([terms.target.measure == "total" for terms in track.versions], np.bool_)
    if not total.any():
        return filled(len(cycles), 0)
    before = np.cumsum(elapsed) - elapsed
    first = np.arange(len(cycles)) - (cycles.number - 1)
    return np.where(total[cycles.version], before - before[first], 0)
