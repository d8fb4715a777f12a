"""The table of the rules, row by row, at every step of a ticket's life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.model.cycle import Moment, State
from connector.model.kind import FieldType
from connector.rules.rulebook import Agreement, Rulebook, Target
from tests.oracle.conditions import holds, normal
from tests.oracle.cycle import Figures, Goal, Running, Stretch, carried, elapsed_at, figures, goal_at
from tests.oracle.history import View


@dataclass
class Clock:
    """One target of one agreement on one ticket, over all the agreement's versions."""

    book: Rulebook
    versions: Sequence[Agreement]  # of one name, those that measure
    rivals: Sequence[Agreement]  # every agreement that measures
    target: str
    views: Sequence[View]  # the ticket's steps
    cycles: list[Running] = field(default_factory=list)
    has_begun: bool = False  # `start` and `applies_to` have held at a step
    born_stopped: int = 0

    def play(self, moments: Sequence[View]) -> list[Running]:
        """The cycles after all *moments*: the steps, and the instants of another target's event."""
        for view in moments:
            cycle = self.cycles[-1] if self.cycles else None
            if cycle and cycle.state.is_open:
                if is_step(view, self.views):
                    self.go_on(cycle, view)
            elif cycle and cycle.ended_by == "stop":
                self.reopen(cycle, view)
            else:
                self.start(view)
        return self.cycles

    # ------------------------------------------------------------------ the rows

    def start(self, view: View) -> None:
        """None, cancelled or reset: a new cycle, unless the ticket is born stopped."""
        agreement = self.in_force(view)
        if agreement is None or not (self.starts(agreement, view) and self.applies(agreement, view)):
            return
        target, is_first = agreement.targets[self.target], not self.has_begun
        self.has_begun = True
        if holds(target.stop, view):
            if is_first:
                self.stop_at_birth(agreement, view)
        elif not holds(target.cancel, view):
            self.begin(agreement, view)

    def go_on(self, cycle: Running, view: View) -> None:
        """Running or paused, by the cycle's own version of the agreement."""
        before, goal = figures(cycle, view.at), goal_at(cycle.agreement, cycle.target, view)
        note_standing(cycle, before)
        target = cycle.target
        if holds(target.stop, view):
            self.judge_anew(cycle, goal, view)
            self.end(cycle, view, outcome(cycle, view.at), "stop")
        elif holds(target.reset, view):
            self.judge_anew(cycle, goal, view)
            self.end(cycle, view, outcome(cycle, view.at) if target.count_resets else State.RESET, "reset")
            self.after_reset(view)
        elif (
            holds(target.cancel, view)
            or not self.applies(cycle.agreement, view)
            or (target.start_must_hold and not self.starts(cycle.agreement, view))
        ):
            self.judge_anew(cycle, goal, view)
            self.end(cycle, view, State.CANCELLED, "cancel")
        elif goal != cycle.goal and mode(goal, target) == "restart":
            self.end(cycle, view, State.RESET, "restart")
            if agreement := self.in_force(view):
                self.begin(agreement, view, retroactive=False)
        else:
            self.judge_anew(cycle, goal, view)
            self.pause_or_resume(cycle, view)
        note_withdrawal(cycle, before, view.at)

    def after_reset(self, view: View) -> None:
        """A new cycle at the same step, if the first row holds."""
        agreement = self.in_force(view)
        if agreement and self.first_row(agreement, view):
            self.begin(agreement, view)

    def pause_or_resume(self, cycle: Running, view: View) -> None:
        """What a due date is in force for never pauses."""
        paused = paused_by_rows(cycle.target, view, was_paused=cycle.state is State.PAUSED)
        if cycle.goal.is_due_date:
            paused = False
        if paused != (cycle.state is State.PAUSED):
            cycle.state = State.PAUSED if paused else State.RUNNING
            cycle.timeline.append(Moment(view.at, "paused" if paused else "resumed"))
            switch(cycle, view.at, ran=not paused)

    def reopen(self, cycle: Running, view: View) -> None:
        """Ended by `stop`: as the version under which it ended says.

        Reading: `resume` needs some version of the agreement in force and is judged by the cycle's own; a new
        cycle is judged by the version in force.
        """
        agreement = self.in_force(view)
        if agreement is None or cycle.target.reopen == "ignore":
            return
        if cycle.target.reopen == "new_cycle":
            if self.first_row(agreement, view):
                self.begin(agreement, view)
        elif self.first_row(cycle.agreement, view):
            self.resume(cycle, view)

    # ------------------------------------------------------------------ what the rows do

    def begin(self, agreement: Agreement, view: View, *, retroactive: bool = True) -> None:
        """A new cycle of that version at this step."""
        target = agreement.targets.get(self.target)
        if target is None:
            return
        goal = goal_at(agreement, target, view)
        may = retroactive and (not self.cycles or target.retroactive == "every")
        started = start_of_counting(target, view) if may else view.at
        is_paused = holds(target.pause, view) and not goal.is_due_date
        cycle = Running(agreement, target, len(self.cycles) + 1, view.at, started, goal, view)
        cycle.state = State.PAUSED if is_paused else State.RUNNING
        cycle.stretches = self.before_the_step(cycle, view)
        cycle.stretches.append(Stretch(view.at, None, not is_paused, goal.calendar))
        cycle.timeline.append(Moment(started, "started"))
        if is_paused:
            cycle.timeline.append(Moment(view.at, "paused"))
        if target.measure == "total" and self.cycles:
            # Reading: all earlier cycles' time counts, whatever ended them, each as it was measured.
            cycle.carried = sum(elapsed_at(one, view.at) - carried(one) for one in self.cycles)
        self.cycles.append(cycle)

    def before_the_step(self, cycle: Running, view: View) -> list[Stretch]:
        """The stretches of a retroactive start, the pause rows played from the opening.

        Reading: what lies before the opening counts; under a due date nothing is taken out.
        """
        target, found = cycle.target, [Stretch(cycle.started, None, True, cycle.goal.calendar)]
        paused = False
        if target.retroactive_pause and not cycle.goal.is_due_date:
            for earlier in [earlier for earlier in self.views if earlier.at < view.at]:
                if earlier.is_opening:
                    paused = holds(target.pause, earlier)
                else:
                    paused = paused_by_rows(target, earlier, was_paused=paused)
                found[-1].end = max(cycle.started, earlier.at)
                found.append(Stretch(found[-1].end, None, not paused, cycle.goal.calendar))
        found[-1].end = view.at
        return [stretch for stretch in found if stretch.end is not None and stretch.end > stretch.begin]

    def resume(self, cycle: Running, view: View) -> None:
        """The same cycle goes on; the time between is not counted, except under a due date."""
        before = figures(cycle, view.at)
        note_standing(cycle, before)
        cycle.state, cycle.ended, cycle.ended_by = State.RUNNING, None, ""
        self.judge_anew(cycle, goal_at(cycle.agreement, cycle.target, view), view)
        is_paused = holds(cycle.target.pause, view) and not cycle.goal.is_due_date
        cycle.stretches.append(Stretch(view.at, None, not is_paused, cycle.goal.calendar))
        cycle.timeline.append(Moment(view.at, "reopened"))
        if is_paused:
            cycle.state = State.PAUSED
            cycle.timeline.append(Moment(view.at, "paused"))
        note_withdrawal(cycle, before, view.at)

    def end(self, cycle: Running, view: View, state: State, by: str) -> None:
        """It ends at this step; a restart is judged by the entry it ran under."""
        cycle.stretches[-1].end = view.at
        cycle.state, cycle.ended, cycle.ended_by = state, view.at, by
        cycle.timeline.append(Moment(view.at, str(state)))

    def stop_at_birth(self, agreement: Agreement, view: View) -> None:
        """Born stopped: no cycle, or one of no length."""
        target = agreement.targets[self.target]
        self.born_stopped += target.born_stopped != "met"
        if target.born_stopped == "met":
            goal = goal_at(agreement, target, view)
            cycle = Running(agreement, target, 1, view.at, view.at, goal, view)
            cycle.stretches = [Stretch(view.at, view.at, True, goal.calendar)]
            cycle.state, cycle.ended, cycle.ended_by = State.MET, view.at, "stop"
            cycle.timeline = [Moment(view.at, "started"), Moment(view.at, "met")]
            self.cycles.append(cycle)

    def judge_anew(self, cycle: Running, goal: Goal, view: View) -> None:
        """The entry at this step takes over: `recompute` counts the whole cycle by its calendar, `carry`
        leaves what was counted.

        Reading: `restart` on a cycle that ends or resumes at this very step is as `recompute`.
        """
        changed, cycle.view = goal != cycle.goal, view
        if not changed:
            return
        cycle.goal = goal
        if mode(goal, cycle.target) == "carry":
            if cycle.stretches[-1].end is None:
                switch(cycle, view.at, ran=cycle.stretches[-1].ran)
        else:
            for stretch in cycle.stretches:
                stretch.calendar = goal.calendar

    # ------------------------------------------------------------------ what the rows ask

    def in_force(self, view: View) -> Agreement | None:
        """The version in force, if it has this target."""
        found = [version for version in self.versions if is_valid(version, view.at)]
        return found[-1] if found and self.target in found[-1].targets else None

    def first_row(self, agreement: Agreement, view: View) -> bool:
        """`start` and `applies_to`, and neither `stop` nor `cancel`."""
        target = agreement.targets[self.target]
        wanted = self.starts(agreement, view) and self.applies(agreement, view)
        return wanted and not holds(target.stop, view) and not holds(target.cancel, view)

    def starts(self, agreement: Agreement, view: View) -> bool:
        """`start`; after another target's event only at its instant, and a given `start` must hold too."""
        target = agreement.targets[self.target]
        if target.after is None:
            return holds(target.start, view)
        is_event = f"{target.after.target} {target.after.event}" in view.events
        return is_event and (target.start is None or holds(target.start, view))

    def applies(self, agreement: Agreement, view: View) -> bool:
        """`applies_to`, and no agreement of the same `choose_one` group goes before it."""
        return selects(agreement, view) and not any(
            goes_before(rival, agreement) and is_valid(rival, view.at) and selects(rival, view)
            for rival in self.rivals
        )


# ---------------------------------------------------------------------- questions without a clock


def is_step(view: View, views: Sequence[View]) -> bool:
    """Whether something changed on the ticket at that instant."""
    return any(step.at == view.at for step in views)


def is_valid(agreement: Agreement, at: int) -> bool:
    begun = agreement.valid_from is None or agreement.valid_from <= at
    return begun and (agreement.valid_until is None or at < agreement.valid_until)


def selects(agreement: Agreement, view: View) -> bool:
    is_kind = view.values["kind"] in agreement.kinds
    return is_kind and (agreement.where is None or holds(agreement.where, view))


def goes_before(rival: Agreement, agreement: Agreement) -> bool:
    """A larger rank; where equal, the name that comes first."""
    if not (rival.choose_one and agreement.choose_one) or rival.name == agreement.name:
        return False
    if rival.choose_one.group != agreement.choose_one.group:
        return False
    return (-rival.choose_one.rank, rival.name) < (-agreement.choose_one.rank, agreement.name)


def paused_by_rows(target: Target, view: View, *, was_paused: bool) -> bool:
    """The two pause rows: into a pause, and out of it."""
    pause, resume = holds(target.pause, view), target.resume is None or holds(target.resume, view)
    if was_paused:
        return not (not pause and resume)
    return pause and not (target.resume is not None and resume)


def start_of_counting(target: Target, view: View) -> int:
    """`start_at`, never later than the step; an empty field means the step."""
    if target.start_at is None:
        return view.at
    stated = normal(view.values.get(target.start_at), FieldType.DATETIME)
    return view.at if stated is None else min(int(stated), view.at)


def mode(goal: Goal, target: Target) -> str:
    """`on_goal_change` of the new entry, else of the target."""
    return (goal.entry and goal.entry.on_goal_change) or target.on_goal_change


def switch(cycle: Running, at: int, *, ran: bool) -> None:
    """From *at* on a new stretch."""
    cycle.stretches[-1].end = at
    cycle.stretches.append(Stretch(at, None, ran, cycle.goal.calendar))


def outcome(cycle: Running, at: int) -> State:
    """Missed when over its time, or when a breach stands."""
    cycle.ended = at
    return State.MISSED if figures(cycle, at).is_over else State.MET


def note_standing(cycle: Running, before: Figures) -> None:
    """`breach_stands`: the first breach that was reached is kept."""
    if cycle.target.breach_stands and cycle.standing is None and before.is_over:
        cycle.standing = before.breached_at


def note_withdrawal(cycle: Running, before: Figures, at: int) -> None:
    """A breach that the change at *at* took back has happened all the same, and so has its withdrawal."""
    if before.breached_at is not None and not figures(cycle, at).is_over:
        cycle.timeline.append(Moment(before.breached_at, "breached"))
        cycle.timeline.append(Moment(at, "breach_withdrawn"))
