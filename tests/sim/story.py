"""Stories: people work on tickets while runs come and go, requests fail and processes die.

A seed tells the whole story; told again it is the same, word for word. After it everything is left in peace
for two runs, and by then all must be as if nothing had ever gone wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.sim import plot
from tests.sim.aim import shot_for
from tests.sim.checks import clock_time, wrong
from tests.sim.databases import database
from tests.sim.deployment import Deployment
from tests.sim.model import History
from tests.sim.mortal import Dead, Life, chance
from tests.sim.opening import disk_is_full
from tests.sim.plot import Wish

NEXT = {
    "new": ("in progress", "on hold", "resolved", "cancelled"),
    "in progress": ("new", "on hold", "resolved", "cancelled"),
    "on hold": ("in progress", "resolved", "cancelled"),
    "resolved": ("in progress", "resolved", "closed"),
    "closed": ("in progress",),
    "cancelled": ("new",),
}
# What was not met is tried once more, as far as so much of it is left: on ServiceNow much goes in batches.
AGAIN = {"servicenow": 8, "jira": 4}
SETTLED_S = 400.0  # longer than the platform's longest transaction and a lease
JUMP_S = 600
HOUR_S = 3600
MOST_TICKETS = 5


@dataclass
class Story:
    """What happened under a seed, what of it was wrong in the end, and what was met: (fault, boundary)."""

    seed: int
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    due: int = 0  # acts that had to be

    def __str__(self) -> str:
        end = [f"  WRONG: {what}" for what in self.wrong] or ["  all is as it must be"]
        return "\n".join([f"seed {self.seed} on {plot.platform_of(self.seed)}", *self.lines, *end])


@dataclass
class Telling:
    """A story while it is told."""

    story: Story
    deployment: Deployment
    luck: random.Random
    histories: dict[str, History] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    armed: list[Wish] = field(default_factory=list)
    spared: dict[Wish, int] = field(default_factory=dict)
    has_secrets: bool = False  # some tickets may not be seen by Accord
    nested: bool = False
    busy: bool = False
    coming: set[str] = field(default_factory=set)  # tickets with a change that is yet to be committed

    def say(self, words: str) -> None:
        self.story.lines.append(f"  {clock_time(self.deployment.now)} {words}")

    # -- people

    def people(self) -> None:
        """Somebody opens a ticket or moves one on."""
        self._to_a_whole_second()
        now, few = self.deployment.now, len(self.histories) < MOST_TICKETS
        if not self.histories or (few and self.luck.random() < 0.2):
            return self.opens()
        id_ = self.luck.choice(sorted(self.histories))
        history = self.histories[id_]
        if history[-1][0] >= now or id_ in self.coming:
            return None  # one change a second, so that everybody agrees on their order
        if self.luck.random() < 0.1:
            self.deployment.desk.touch(id_, f"it is broken since {now}")
            return self.say(f"{self._number(id_)} is written on")
        state = self.luck.choice(NEXT[history[-1][1]])
        if self.luck.random() < 0.3:
            return self._slowly(id_, state, within=self.luck.choice([2, 5, 8]))
        self.deployment.desk.change(id_, state)
        return self._changed(id_, now, state)

    def opens(self) -> None:
        """Somebody opens a ticket."""
        self._to_a_whole_second()
        id_ = self.deployment.open()
        self.histories[id_] = [(self.deployment.now, "new")]
        self.say(f"{self._number(id_)} is opened")

    def _slowly(self, id_: str, state: str, within: int) -> None:
        """A change that is committed some seconds after the instant it is dated with."""
        now = self.deployment.now
        self.coming.add(id_)

        def commit() -> None:
            self.deployment.desk.change(id_, state, at=now)
            self.coming.discard(id_)
            self._changed(id_, now, state)

        self.deployment.clock.at(now + within * 1000, commit)

    def _changed(self, id_: str, at: int, state: str) -> None:
        late = self.deployment.desk.audit_seconds_later
        self.histories[id_].append((at + late * 1000, state))
        self.say(f"{self._number(id_)} is {state}, since {clock_time(at)}")

    def _to_a_whole_second(self) -> None:
        self.deployment.pass_by((-self.deployment.now % 1000) / 1000)

    def _number(self, id_: str) -> str:
        return self.deployment.desk.number(id_)

    # -- runs

    def run(self, wishes: list[Wish]) -> None:
        """A run with bad luck, after some time in which *wishes* become possible."""
        self.armed += wishes
        is_close = any(wish.fault == "close call" for wish in self.armed)
        self._live_on()
        self._lead_up_to(self.armed)
        nudged = any(wish.needs_a_nudge for wish in self.armed) or self.luck.random() < 0.1
        nudged = nudged and not is_close  # a nudge is judged as of now, and knows nothing of late commits
        self._with_bad_luck(sorted(self.histories)[:2] if nudged else [])

    def _with_bad_luck(self, nudged: list[str]) -> None:
        """One process, a service where tickets are *nudged*, that meets what is armed."""
        self.deployment.aim.shots = [shot_for(wish, self.luck) for wish in self.armed if wish.is_of_requests]
        self.busy = True
        self._process(nudged=nudged)
        self.busy = False
        unmet = {(shot.fault, shot.boundary) for shot in self.deployment.aim.shots if shot.times}
        self.armed = [one for one in self.armed if not one.is_of_requests or _pair(one) in unmet]
        self.deployment.aim.clear()

    def again(self, wish: Wish) -> None:
        """Once more for *wish* alone. What has to do with one ticket's writes is met when only that ticket is
        read and written to, as a webhook has it."""
        self.armed.clear()
        self.spared[wish] = 0
        if not (wish.needs_one_ticket or wish.needs_a_lost_answer):
            return self.run([wish])
        self.opens()
        ticket = [list(self.histories)[-1]]
        lost = plot.lost_answer(self.deployment.platform)
        if wish.needs_an_hour or (wish.needs_a_lost_answer and lost.needs_an_hour):
            self.deployment.pass_by(3700)
        if wish.needs_a_lost_answer:
            self.armed = [lost]
            self._with_bad_luck(ticket)
            self.deployment.pass_by(SETTLED_S)
        self.armed = [wish]
        return self._with_bad_luck(ticket)

    def calm_runs(self) -> None:
        """Two runs in peace, once the clocks are right again."""
        self.armed.clear()
        self.deployment.clock.off = 0
        # An hour's points that are spent are spent until the hour is over.
        self.deployment.pass_by(HOUR_S if self.deployment.sandbox.jira.quirks.quota_points else JUMP_S)
        self.deployment.desk.be_calm()
        for _ in range(2):
            self.deployment.pass_by(SETTLED_S)
            self._process()

    def _live_on(self) -> None:
        """Some time, in which people do this and that."""
        self.deployment.pass_by(self.luck.choice([1, 20, 200, 600, 1800]))
        if any(wish.needs_one_ticket or wish.needs_a_lost_answer for wish in self.armed):
            return
        if self.has_secrets:
            self.deployment.opens_in_secret()
        for _ in range(self.luck.choice([0, 1, 1, 2])):
            self.people()
            self.deployment.pass_by(self.luck.choice([0, 1, 7, 60, 600]))

    def _lead_up_to(self, wishes: list[Wish]) -> None:
        """Let what *wishes* need come about: new tickets, time for a breach, a backup that is older."""
        if any(wish.needs_news for wish in wishes):
            for _ in range(2 if any(wish.needs_a_crowd for wish in wishes) else 1):
                self.opens()
        if any(wish.needs_an_hour for wish in wishes):
            self.deployment.pass_by(3700)
        if any(wish.needs_a_lost_answer for wish in wishes):
            self.deployment.pass_by(SETTLED_S)
        if any(wish.fault == "restored backup" for wish in wishes):
            self._restore()
        if any(wish.needs_other_rules for wish in wishes) and self.deployment.rules == "one":
            self.deployment.rules = "two"
            self._meet("other rules", "between runs")
        if any(wish.fault == "late history" for wish in wishes):
            self._forgotten_reopening()
        if any(wish.fault == "close call" for wish in wishes):
            self._close_call()
        done = ("late history", "other rules", "restored backup", "close call")
        self.armed = [one for one in self.armed if one.fault not in done]

    def _close_call(self) -> None:
        """A ticket is put on hold two seconds before it crosses a line, which shows some seconds after it
        would have."""
        self.opens()
        id_ = list(self.histories)[-1]
        self.deployment.pass_by(1798)
        self._slowly(id_, "on hold", within=8)
        self.deployment.pass_by(3)
        self._meet("close call", "between runs")

    def _forgotten_reopening(self) -> None:
        """A ticket is opened again and resolved for a moment, which its history tells an hour later: after
        what came then has been announced."""
        self.opens()
        id_, quirks = list(self.histories)[-1], self.deployment.sandbox.servicenow.quirks
        ordinary, late = quirks.audit_delay_ms, 4_500_000
        for wait, state, delay in (
            (60, "resolved", ordinary), (60, "in progress", late), (5, "resolved", late),
            (175, "in progress", ordinary),
        ):  # fmt: skip
            self.deployment.pass_by(wait)
            self._to_a_whole_second()
            quirks.audit_delay_ms = delay
            self.deployment.desk.change(id_, state)
            self._changed(id_, self.deployment.now, state)
        quirks.audit_delay_ms = ordinary
        self.coming.add(id_)  # nobody else works on it

        def touch() -> None:
            self.deployment.desk.touch(id_, "what was that?")

        self.deployment.clock.at(self.deployment.now + late, touch)
        self.deployment.pass_by(3700)
        self._meet("late history", "between runs")

    def _restore(self) -> None:
        """What a run in peace has done is forgotten: a backup from before it is put back."""
        self.opens()
        self.deployment.pass_by(20)
        backup = database().keep_backup()
        self.nested = True
        self._process()
        self.nested = False
        database().put_back(backup)
        self._meet("restored backup", "between runs")

    def _process(self, *, nudged: list[str] | None = None, host: str = "here") -> None:
        """One process, and what became of it."""
        what = "a service" if nudged else "a run" if host == "here" else "another worker's run"
        try:
            if nudged:
                told = self.deployment.nudge(nudged, self.happens)
                ended = "; ".join(one.failed or f"ends with {one.exit_code}" for one in told) or "is idle"
            else:
                summary = self.deployment.sync(self.happens, host=host)
                ended = summary.sources[0].failed or f"ends with {summary.exit_code}"
            self.say(f"{what} {ended}")
        except Dead:
            self.say(f"{what} dies {self.deployment.lives[-1].crossed[-1]}")
        for words in self.deployment.aim.told:
            self.say(f"  {words}")
        self.deployment.aim.told.clear()

    # -- what happens at the boundaries of a process

    def happens(self, life: Life, boundary: str) -> None:
        """Whatever is wished for here; now and then, somebody works."""
        if self.nested:
            return
        for wish in [one for one in self.armed if one.boundary == boundary and not one.is_of_requests]:
            if self._is_spared(wish):
                continue
            self.armed.remove(wish)
            if wish.fault == "token expiry" and self.deployment.login != "oauth":
                continue
            self._meet(wish.fault, boundary)
            self._strike(wish.fault, life)
        may_wait = not boundary.startswith("commit")
        if may_wait and self.busy and not life.is_over and self.luck.random() < 0.02:
            self.people()

    def _is_spared(self, wish: Wish) -> bool:
        """Whether it strikes at a later crossing of its boundary, not at this one."""
        left = self.spared.setdefault(wish, self.luck.choice([0, 0, 1]))
        self.spared[wish] = left - 1
        return left > 0

    def _meet(self, fault: str, boundary: str) -> None:
        self.story.met[fault, boundary] += 1
        self.say(f"  {fault} {boundary}")

    def _strike(self, fault: str, life: Life) -> None:
        deployment = self.deployment
        match fault:
            case "death":
                life.die()
            case "disk full":
                raise disk_is_full()
            case "second worker":
                self._another()
            case "takeover":
                deployment.pass_by(self.luck.choice([61, 90, 200]))
                self._another()
            case "token expiry":
                deployment.desk.expire_tokens()
            case "clock jump":
                far = 90 if self._may_be_taken_over() else JUMP_S
                # Rules that are met by a clock that is behind seem to have been in force before they were.
                back = () if any(one.needs_other_rules for one in self.wishes) else (-far, -90)
                deployment.clock.off = self.luck.choice([*back, 90, far]) * 1000
            case "people at work":
                self.people()
                self.people()

    def _may_be_taken_over(self) -> bool:
        """No lease keeps two workers apart of whom one goes by a clock that is minutes off."""
        return any(wish.fault == "takeover" for wish in self.wishes)

    def _another(self) -> None:
        """Another worker, on another machine, comes along while this one stands still."""
        self.nested = True
        self._process(host="elsewhere")
        self.nested = False


def _pair(wish: Wish) -> plot.Pair:
    return wish.fault, wish.boundary


def tell(seed: int) -> Story:
    """The story of *seed*."""
    telling = begin(seed)
    for wishes in plot.in_turn(telling.wishes, telling.deployment.platform):
        telling.run(wishes)
    for wish in telling.armed[: AGAIN[telling.deployment.platform]]:
        telling.again(wish)
    telling.calm_runs()
    story, deployment = telling.story, telling.deployment
    story.met += deployment.aim.met
    story.wrong, story.due = wrong(deployment, telling.histories)
    return story


def begin(seed: int) -> Telling:
    """Where a story begins: a desk that a first run has seen, empty."""
    luck, platform = chance(seed, "story"), plot.platform_of(seed)
    wishes = plot.share_of(seed, luck)
    login = "oauth" if any("token" in f"{one.fault} {one.boundary}" for one in wishes) else "basic"
    has_run = luck.random() < 0.9
    deployment = Deployment(seed, platform, page_size=luck.choice([2, 1000]), login=login, has_run=has_run)
    if not deployment.has_run:
        deployment.sync()
    _differ(deployment, luck)
    return Telling(Story(seed), deployment, luck, wishes=wishes, has_secrets=luck.random() < 0.3)


def _differ(deployment: Deployment, luck: random.Random) -> None:
    """How this platform differs from a well-kept one, always."""
    servicenow, jira = deployment.sandbox.servicenow.quirks, deployment.sandbox.jira.quirks
    servicenow.audit_delay_ms = luck.choice([0, 0, 3_000, 8_000])
    servicenow.audit_seconds_later = luck.choice([0, 0, 1])
    servicenow.stable_order = luck.random() < 0.5
    jira.index_lag_ms = luck.choice([0, 5_000, 25_000])
    jira.index_flicker = luck.choice([0.0, 0.3])
    jira.changelog_created = luck.choice(["iso", "epoch_ms", "epoch_s"])
    jira.changelog_repeats_last = luck.random() < 0.5
    jira.issue_writes = luck.choice([jira.issue_writes, ((1, 2_000), (3, 30_000))])
    jira.burst = luck.choice([0, 1, 2])
    jira.quota_points = luck.choice([0, 30, 60]) if deployment.login == "oauth" else 0
    jira.limit_headers = luck.choice(["classic", "structured", "beta", "none"])
