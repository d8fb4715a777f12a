"""What holds of every clock, whatever the rules and the ticket. Both evaluators are held to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.model.cycle import Cycle, Moment
from connector.model.instant import HOUR, Instant
from connector.model.record import Change
from connector.rules.rulebook import BusinessDays, Changed, FieldDue, Rulebook, Target
from tests.properties.stories import (
    Evaluator,
    Story,
    engine,
    known_at,
    oracle,
    stories,
    tell,
    with_a_change_of_nothing,
    with_one_entry,
)
from tests.properties.telling import by_key

both = pytest.mark.parametrize("evaluate", [oracle, engine])
later = st.integers(0, 200).map(lambda n: n * HOUR)


@both
@given(story=stories(most=1), more=later)
def test_elapsed_never_falls_while_the_goal_stays(evaluate: Evaluator, story: Story, more: Instant) -> None:
    book = with_one_entry(story.book)
    tell(book)
    before = by_key(evaluate(story.tickets, book, story.at))
    after = by_key(evaluate(story.tickets, book, story.at + more))
    for key, figures in before.items():
        assert figures["elapsed"] <= after[key]["elapsed"], key


@both
@given(story=stories(most=1), more=later)
def test_looking_later_never_changes_the_past(evaluate: Evaluator, story: Story, more: Instant) -> None:
    """A breach apart: it is dated at its due instant but shows only once the time is exceeded, so it may
    appear before an instant already seen. Once seen it stays."""
    book = with_one_entry(story.book)
    tell(book)
    before = {key_of(cycle): cycle for cycle in evaluate(story.tickets, book, story.at)}
    after = {key_of(cycle): cycle for cycle in evaluate(story.tickets, book, story.at + more)}
    assert before.keys() == {key for key, cycle in after.items() if cycle.origin <= story.at}
    for key, cycle in before.items():
        past = [moment for moment in after[key].timeline if moment.at <= story.at]
        assert without_breach(past) == without_breach(cycle.timeline)
        if cycle.breached_at is not None:
            assert after[key].breached_at == cycle.breached_at


@both
@given(story=stories(most=1))
def test_what_is_known_of_the_future_does_not_matter(evaluate: Evaluator, story: Story) -> None:
    known = [known_at(ticket, story.at) for ticket in story.tickets]
    before = by_key(evaluate(story.tickets, story.book, story.at))
    assert by_key(evaluate(known, story.book, story.at)) == before


@both
@given(story=stories(most=1), hours=st.integers(0, 24 * 12))
def test_a_step_at_which_nothing_changed_changes_nothing(
    evaluate: Evaluator, story: Story, hours: int
) -> None:
    assume(not any(is_momentary(target) for target in targets_of(story.book)))
    assume(all(agreement.valid_until is None for agreement in story.book.agreements))
    (ticket,) = story.tickets
    split = with_a_change_of_nothing(ticket, ticket.fields["opened"] + hours * HOUR // 2)
    before = by_key(evaluate([ticket], story.book, story.at))
    assert by_key(evaluate([split], story.book, story.at)) == before


@both
@given(story=stories(most=1, dirty=False), chance=st.randoms(use_true_random=False))
def test_the_order_of_changes_at_one_instant_does_not_matter(
    evaluate: Evaluator, story: Story, chance: object
) -> None:
    (ticket,) = story.tickets
    shuffled = replace(ticket, changes=tuple(shuffled_within_instants(ticket.changes, chance)))
    before = by_key(evaluate([ticket], story.book, story.at))
    assert by_key(evaluate([shuffled], story.book, story.at)) == before


@both
@given(story=stories(most=1))
def test_elapsed_is_the_time_at_due_and_less_before_it(evaluate: Evaluator, story: Story) -> None:
    book = with_one_entry(story.book)
    assume(not any(is_dated(target) for target in targets_of(book)))
    tell(book)
    known = [known_at(ticket, story.at) for ticket in story.tickets]
    for key, cycle in ((key_of(cycle), cycle) for cycle in evaluate(known, book, story.at)):
        if cycle.due is None or not cycle.state.is_open or cycle.due <= story.at:
            continue
        (there,) = [c for c in evaluate(known, book, cycle.due) if key_of(c) == key]
        (before,) = [c for c in evaluate(known, book, cycle.due - 1) if key_of(c) == key]
        assert (there.elapsed, before.elapsed) == (cycle.time, there.elapsed - 1)


@given(story=stories(most=4), chance=st.randoms(use_true_random=False), size=st.integers(1, 20))
def test_neither_order_nor_batches_of_tickets_matter(story: Story, chance: object, size: int) -> None:
    shuffled = list(story.tickets)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    alone = [cycle for ticket in story.tickets for cycle in engine([ticket], story.book, story.at)]
    assert by_key(engine(shuffled, story.book, story.at)) == by_key(alone)
    assert by_key(engine(shuffled, story.book, story.at, batch_size=size)) == by_key(alone)


@given(story=stories(most=1), share=st.fractions(0, 1))
def test_nothing_is_told_before_next_at(story: Story, share: float) -> None:
    """A cycle's `next_at` is when its timeline grows next, if nothing changes."""
    known = [known_at(ticket, story.at) for ticket in story.tickets]
    for cycle in engine(known, story.book, story.at):
        if cycle.next_at is None:
            quiet = story.at + 30 * 24 * HOUR
        else:
            quiet = story.at + int((cycle.next_at - story.at - 1) * share)
        (then,) = [c for c in engine(known, story.book, quiet) if key_of(c) == key_of(cycle)]
        assert then.timeline == cycle.timeline
        if cycle.next_at is not None:
            (then,) = [c for c in engine(known, story.book, cycle.next_at + 1) if key_of(c) == key_of(cycle)]
            assert len(then.timeline) > len(cycle.timeline)


# ------------------------------------------------------------------------------------ questions


def key_of(cycle: Cycle) -> tuple[str, str, str, int]:
    return (cycle.ticket.key, cycle.agreement, cycle.target, cycle.number)


def without_breach(moments: Iterable[Moment]) -> list[Moment]:
    return sorted((m for m in moments if m.event != "breached"), key=lambda moment: (moment.at, moment.event))


def targets_of(book: Rulebook) -> Iterator[Target]:
    for agreement in book.agreements:
        yield from agreement.targets.values()


def is_dated(target: Target) -> bool:
    return any(isinstance(entry.time, (BusinessDays, FieldDue)) for entry in target.entries)


def is_momentary(target: Target) -> bool:
    """Whether a row can hold at one step and not at the next although nothing changed; a `reset` that lasts
    fires at every step."""
    rows = (target.start, target.stop, target.pause, target.resume, target.cancel)
    followed = target.after is not None and target.start_must_hold
    return followed or target.reset is not None or any(has_changed(row) for row in rows)


def has_changed(condition: object) -> bool:
    if isinstance(condition, Changed):
        return True
    parts = getattr(condition, "parts", None) or filter(None, [getattr(condition, "part", None)])
    return any(has_changed(part) for part in parts)


def shuffled_within_instants(changes: tuple[Change, ...], chance: object) -> Iterator[Change]:
    """Changes of different fields at one instant in another order; those of one field keep theirs."""
    for _, together in groupby(changes, key=lambda change: change.at):
        held = list(together)
        names = [change.field for change in held]
        chance.shuffle(names)  # type: ignore[attr-defined]
        queues = {name: iter([c for c in held if c.field == name]) for name in names}
        for place, name in enumerate(names):
            yield replace(next(queues[name]), seq=place)
