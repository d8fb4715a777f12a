"""Evaluates and decides, batch by batch: what is new, what has come due, and what changed rules call for.

Tickets go from the store to the pure middle and what follows goes back in one transaction a batch, with the
dirty marks it settles. Killed in between, a batch is simply done again: it says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from connector.decide import Context, Decided, Decision, Known, Wording, decide
from connector.errors import Problem
from connector.evaluate import Evaluation, evaluate
from connector.log import get_logger
from connector.model.cycle import Cycle
from connector.model.effect import Held
from connector.model.instant import Instant
from connector.model.record import Record
from connector.pull.stop import Stop
from connector.stages.borrowed import told_by_platform
from connector.stages.ending import no_longer_measured
from connector.stages.source import Source, start_of, why_cautious
from connector.stages.standing import Standing
from connector.store import (
    Store,
    Transaction,
    about,
    aside,
    backfills,
    cycles,
    desired,
    events,
    outbox,
    periods,
    rulesets,
    sources,
    tickets,
)
from connector.store.effectrows import Wanted
from connector.store.tickets import Mark

log = get_logger()
BATCH = 2_000  # tickets a transaction


@dataclass(slots=True)
class Judged:
    """What evaluating and deciding came to. *effects* counts what is new or another than before, by name
    and by why it is held (None: it is not)."""

    tickets: int = 0
    cycles: int = 0
    events: int = 0
    silent: int = 0
    effects: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    aside: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)
    backfill: str | None = None  # why, where one is still at work
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one source's tickets as of *watermark*."""

    store: Store
    source: Source
    known: sources.Source
    wording: Wording
    watermark: Instant
    in_force_since: Mapping[tuple[str, int], Instant]
    doubted_until: Instant | None
    stop: Stop
    judged: Judged

    def all_new(self) -> None:
        """Tickets that were read anew, and those whose time has come."""
        place = ("", "")
        while not self.stop.is_asked and (marks := self._next(place)):
            self._batch(marks, backfill=False)
            place = (marks[-1].kind, marks[-1].id)

    def backfill(self) -> None:
        """Everything else, slice by slice, where rules have changed."""
        while not self.stop.is_asked and (work := self._backfill_at_work()) is not None:
            with self.store.read() as tx:
                marks = tickets.to_fill(
                    tx, self.source.name, self.source.ticket_kinds, after=work.after, limit=BATCH
                )
            for as_of, some in groupby(sorted(marks, key=self._as_of), key=self._as_of):
                replace(self, watermark=as_of)._batch(list(some), backfill=True)
            with self.store.begin() as tx:
                if marks:
                    backfills.advance(tx, self.source.name, (marks[-1].kind, marks[-1].id), len(marks))
                else:
                    backfills.end(tx, self.source.name)

    def _as_of(self, mark: Mark) -> Instant:
        """A ticket that a nudge had judged as of a later instant already is not taken back to before it."""
        return max(self.watermark, mark.judged_at)

    def finish(self) -> None:
        """Note whether all there is has been judged by the rules as they are."""
        work = self._backfill_at_work()
        self.judged.backfill = None if work is None else f"{work.why}: {work.done} of {work.total} tickets"
        self.judged.is_complete = work is None and not self.stop.is_asked
        if self.judged.is_complete and self.known.judged != self.source.book.hash:
            with self.store.begin() as tx:
                sources.note(tx, self.source.name, judged=self.source.book.hash)

    def _next(self, place: tuple[str, str]) -> list[Mark]:
        with self.store.read() as tx:
            return tickets.to_evaluate(tx, self.source.name, self.watermark, after=place, limit=BATCH)

    def _backfill_at_work(self) -> backfills.Backfill | None:
        with self.store.read() as tx:
            return backfills.get(tx, self.source.name)

    def _batch(self, marks: Sequence[Mark], *, backfill: bool) -> None:
        for kind in sorted({mark.kind for mark in marks}):
            self.of_kind(kind, [mark for mark in marks if mark.kind == kind], backfill=backfill)

    def of_kind(self, kind: str, marks: Sequence[Mark], *, backfill: bool) -> None:
        """Those tickets of one kind, in one transaction."""
        ids = [mark.id for mark in marks]
        with self.store.read() as tx:
            records = tickets.load(tx, self.source.name, kind, ids)
            known = self._known(tx, kind, ids)
            stored = [cycle for cycle, _ in cycles.of_tickets(tx, self.source.name, kind, ids)]
            told = told_by_platform(tx, self.source, ids)
        evaluation = evaluate(
            records,
            self.source.book,
            at={self.source.name: self.watermark},
            kinds=self.source.catalogue.kinds,
            told=told,
        )
        ended = no_longer_measured(stored, self.source.book, self.watermark)
        found = [*evaluation.cycles(), *ended]
        decision = decide(found, known, self.source.book, self._context(records, backfill=backfill))
        with self.store.begin() as tx:
            self._keep_cycles(tx, kind, ids, records, found)
            self._keep_decision(tx, decision)
            self._settle(tx, kind, marks, evaluation)
        self._count(records, found, decision, evaluation)
        judged = self.judged
        log.info("evaluate.batch_judged", tickets=judged.tickets, cycles=judged.cycles, events=judged.events)

    def _known(self, tx: Transaction, kind: str, ids: Sequence[str]) -> Known:
        name = self.source.name
        queues = [f"{kind}:{id_}" for id_ in ids]
        # What a history that contradicts its record does not tell is no ground to take an act back.
        doubted = tickets.contradicted(tx, name, kind, ids)
        agreeing = [f"{kind}:{id_}" for id_ in ids if id_ not in doubted]
        by_channel = [f"{self.source.config.notify.channel}/{queue}" for queue in agreeing]
        return Known(
            events=events.keys_of_tickets(tx, name, kind, ids),
            desired=desired.of_queues(tx, name, queues),
            waiting=outbox.waiting_keys(tx, name, [*agreeing, *by_channel]),
        )

    def _context(self, records: Sequence[Record], *, backfill: bool) -> Context:
        config = self.source.config
        return Context(
            instance=self.source.platform.instance,
            tickets=records,
            start=start_of(self.known, config),
            record_from=config.start,
            in_force_since=self.in_force_since,
            holds=Standing(self.source.book).holds,
            at=self.watermark,
            opening=Standing(self.source.book).opening,
            wording=self.wording,
            switch=self.source.settings.switch,
            kinds=self.source.catalogue.kinds,
            backfill=backfill,
            cautious=why_cautious(self.known, self.source.book),
            channel=config.notify.channel,
            placeless=frozenset(self.source.platform.placeless()),
            redirect_to=config.redirect_notices_to,
            doubted_until=self.doubted_until,
        )

    def _keep_cycles(
        self,
        tx: Transaction,
        kind: str,
        ids: Sequence[str],
        records: Sequence[Record],
        found: Sequence[Cycle],
    ) -> None:
        by_id = {record.id: record for record in records}
        standing = Standing(self.source.book)
        kept = [
            (cycle, standing.read_by_objectives(cycle, by_id[cycle.ticket.id], self.watermark))
            for cycle in found
        ]
        for agreement, outcomes in sorted(_outcomes(found).items()):
            periods.touch(tx, agreement, outcomes)
        cycles.put(tx, self.source.name, kind, ids, kept)

    def _keep_decision(self, tx: Transaction, decision: Decision) -> None:
        now = self.source.now
        events.add(tx, decision.events, now)
        outbox.withdraw(tx, decision.withdrawn)
        acts = outbox.add(tx, _wanted(one for one in decision.effects if one.effect.is_act), now)
        values = desired.want(tx, _wanted(one for one in decision.effects if not one.effect.is_act), now)
        for wanted in (*acts, *values):
            held = None if wanted.held == Held.TURN else wanted.held
            self.judged.effects[wanted.effect.name, held] += 1

    def _settle(self, tx: Transaction, kind: str, marks: Sequence[Mark], evaluation: Evaluation) -> None:
        name = self.source.name
        next_at = {(kind, id_): at for (_, _, id_), at in evaluation.next_at.items()}
        repairs = {(kind, id_): counts for (_, _, id_), counts in evaluation.repairs.items()}
        tickets.settle(tx, name, marks, next_at, repairs, self.watermark)
        aside.put(tx, name, kind, evaluation.aside, self.source.now)

    def _count(
        self,
        records: Sequence[Record],
        found: Sequence[Cycle],
        decision: Decision,
        evaluation: Evaluation,
    ) -> None:
        self.judged.tickets += len(records)
        self.judged.cycles += len(found)
        self.judged.events += len(decision.events)
        self.judged.silent += sum(1 for event in decision.events if event.silent)
        self.judged.aside += len(evaluation.aside)
        self.judged.problems |= {str(problem): problem for problem in decision.problems}
        for counts in evaluation.repairs.values():
            self.judged.repairs.update(counts)


def judge(store: Store, source: Source, wording: Wording, watermark: Instant | None, stop: Stop) -> Judged:
    """Judge everything of *source* that is new, has come due or falls under changed rules, as of *watermark*
    (None: nothing can be judged yet)."""
    judged = Judged()
    if watermark is None:
        return judged
    with store.read() as tx:
        known = sources.get(tx, source.name)
        since = rulesets.first_met(tx)
        doubted = about.unsure_until(tx)
    assert known is not None
    bench = Judge(store, source, known, wording, watermark, since, doubted, stop, judged)
    bench.all_new()
    bench.backfill()
    bench.finish()
    return judged


def judge_at_once(
    store: Store,
    source: Source,
    wording: Wording,
    as_of: Instant,
    ids: Mapping[str, Sequence[str]],
    stop: Stop,
) -> Judged:
    """Judge only the tickets *ids* (by kind), which were read after *as_of*, as of that instant."""
    with store.read() as tx:
        known = sources.get(tx, source.name)
        since = rulesets.first_met(tx)
        doubted = about.unsure_until(tx)
    assert known is not None
    bench = Judge(store, source, known, wording, as_of, since, doubted, stop, Judged())
    for kind, some in ids.items():
        with store.read() as tx:
            marks = tickets.due_among(tx, source.name, kind, some, as_of)
        for start in range(0, len(marks), BATCH):
            bench.of_kind(kind, marks[start : start + BATCH], backfill=False)
    return bench.judged


def _wanted(decided: Iterable[Decided]) -> list[Wanted]:
    return [Wanted(one.effect, _words(one.held), one.not_before, one.event) for one in decided]


def _words(held: Held | None) -> str | None:
    return None if held is None else str(held)


def _outcomes(found: Iterable[Cycle]) -> dict[str, list[Instant]]:
    """By agreement, the instants by which the outcomes of cycles are counted."""
    outcomes: dict[str, list[Instant]] = {}
    for cycle in found:
        if (at := cycles.outcome_at(cycle)) is not None:
            outcomes.setdefault(cycle.agreement, []).append(at)
    return outcomes
