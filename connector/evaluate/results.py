"""Evaluated batches as cycles, for those who work with them one by one. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator

from connector.evaluate.arrays import NONE
from connector.evaluate.engine import Batch, Measured
from connector.evaluate.outcome import STATES
from connector.evaluate.timeline import EVENTS, Moments
from connector.model.cycle import Cycle, Moment, TicketId


def cycles_in(batch: Batch) -> Iterator[Cycle]:
    """Every cycle of an evaluated batch, target by target."""
    for measured in batch.measured:
        yield from _of_target(batch, measured)


def cut_share(elapsed: int, time: int | None) -> float | None:
    """elapsed / time cut to four decimals, None without a time."""
    return elapsed * 10_000 // time / 10_000 if time else None


def _of_target(batch: Batch, measured: Measured) -> Iterator[Cycle]:
    cycles, outcome, figures = measured.cycles, measured.outcome, measured.outcome.figures
    tickets, steps = batch.frame.tickets, measured.track.line.steps
    columns = (
        cycles.ticket, cycles.version, cycles.number, steps.at[cycles.origin], measured.state, cycles.started,
        measured.ended, figures.elapsed, figures.time, outcome.due, outcome.breached_at, measured.excluded,
        measured.paused, measured.next_at, figures.entry,
    )  # fmt: skip
    timelines = _by_cycle(measured.moments, len(cycles))
    versions = [batch.plan.agreements[index] for index in measured.indexes]
    for row in zip(*(column.tolist() for column in columns), timelines, strict=True):
        (
            ticket, version, number, origin, state, started, ended, elapsed, time, due, breached_at, excluded,
            paused, next_at, entry, moments,
        ) = row  # fmt: skip
        agreement = versions[version]
        entries = agreement.targets[measured.target].entries
        yield Cycle(
            ticket=TicketId(
                tickets.source[ticket], tickets.kind[ticket], tickets.ids[ticket], tickets.keys[ticket]
            ),
            agreement=agreement.name,
            version=agreement.version,
            target=measured.target,
            number=number,
            origin=origin,
            state=STATES[state],
            started=started,
            ended=_known(ended),
            elapsed=elapsed,
            time=_known(time),
            remaining=None if time == NONE else time - elapsed,
            due=_known(due),
            breached_at=_known(breached_at),
            used=cut_share(elapsed, _known(time)),
            excluded=agreement.exclude[excluded].reason if excluded >= 0 else None,
            paused=_known(paused) or 0,
            warnings=tuple(moment for is_line, moment in moments if is_line),
            timeline=tuple(moment for _, moment in moments),
            next_at=_known(next_at),
            entry=entries[entry].place.short if entry < len(entries) else "",
            rule_hash=agreement.hash,
            history=tickets.history[ticket],
        )


def _by_cycle(moments: Moments, cycles: int) -> list[list[tuple[bool, Moment]]]:
    found: list[list[tuple[bool, Moment]]] = [[] for _ in range(cycles)]
    columns = (moments.cycle, moments.at, moments.name, moments.elapsed)
    for cycle, at, name, elapsed in zip(*(column.tolist() for column in columns), strict=True):
        moment = Moment(at, moments.names[name], None if elapsed == NONE else elapsed)
        found[cycle].append((name >= len(EVENTS), moment))
    return found


def _known(value: int) -> int | None:
    return None if value == NONE else value
