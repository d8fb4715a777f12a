"""Step four of a delivery: what an answer, a look-up or a lapse of time means for the effects behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import Enum

from connector.deliver.claims import Claim
from connector.deliver.frozen import Frozen
from connector.deliver.heads import UNCLEAR, GiveUp, LookUp, Wait
from connector.deliver.post import Post, Waiting
from connector.model.instant import SECOND, Instant, Millis
from connector.platforms.port import Answer, Guard, Left, Outcome
from connector.store import Transaction, deliveries, ownwrites, queues
from connector.store.deliveries import Settled
from connector.store.ownwrites import Written
from connector.store.queues import Arrived

MOST_TRIES = 5  # of a request that the platform does not answer clearly while it answers others
REST: Millis = 5 * SECOND  # the least time before a request that could not be made is made again


class Fate(Enum):
    """What becomes of the effects of a request."""

    ARRIVED = "done"
    LATER = "again"
    ALONE = "again, each alone"
    TWIN = "again, to what is there"
    ASIDE = "set_aside"
    UNCLEAR = "set_aside, its values again"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a claim; *until* is when a later run may come back to it."""

    claim: Claim
    fate: Fate
    words: str = ""
    until: Instant = 0
    remote_id: str | None = None
    left: Left | None = None

    @property
    def settled(self) -> Settled:
        """What became of the delivery."""
        state = self.fate.value.partition(",")[0]
        return Settled(self.claim.delivery, state, self.remote_id, self.words)

    @property
    def arrived(self) -> Arrived:
        """What is on the platform now."""
        return Arrived(self.claim.send.frozen.hashes, self.remote_id)

    @property
    def written(self) -> Written | None:
        """How the record that it changed was left, where that was told."""
        changes = self.claim.request.changes
        return None if changes is None or self.left is None else Written(*changes, *astuple(self.left))


def answer(post: Post, waiting: Waiting, claimed: Sequence[Claim], replies: Sequence[Answer]) -> None:
    """Note what became of requests, all in one transaction; inserts refused for their key once they are
    looked up."""
    pairs = list(zip(claimed, replies, strict=True))
    refused = [(claim, reply) for claim, reply in pairs if _may_be_a_twin(claim, reply)]
    others_pass = bool(post.tally.done) or any(reply.outcome is Outcome.DONE for reply in replies)
    _note(post, waiting, [_judge(post, *pair, others_pass) for pair in pairs if pair not in refused])
    if refused:
        found = post.channel.find([claim.request for claim, _ in refused])
        twins = zip(refused, found, strict=True)
        _note(post, waiting, [_judge_twin(claim, reply, twin) for (claim, reply), twin in twins])


def take_back(post: Post, claimed: Sequence[Claim]) -> None:
    """Note that requests were never handed over: their effects are in their queues as before."""
    if not claimed:
        return
    now = post.world.now()
    with post.store.begin() as tx:
        words = "it was not its turn any more"
        deliveries.settle(tx, [Settled(claim.delivery, "again", words=words) for claim in claimed], now)
        for claim in claimed:
            queues.again(tx, claim.request.effects, now, None)


def looked_up(tx: Transaction, step: LookUp, remote_id: str | None, now: Instant) -> None:
    """Note what a look-up told of a request that may have arrived."""
    request = step.frozen.request
    if step.delivery is not None:
        state = "done" if remote_id is not None else "again"
        deliveries.settle(tx, [Settled(step.delivery, state, remote_id, "looked up")], now)
    if remote_id is not None and step.is_enough:
        queues.done(tx, [Arrived(step.frozen.hashes, remote_id)], now)
        return
    if remote_id is not None:
        queues.found_at(tx, request.effects[0], remote_id)
    if request.guard is Guard.UNIQUE:
        queues.tried(tx, request.effects)


def put_down(tx: Transaction, step: Wait | GiveUp, now: Instant) -> None:
    """Note what has to wait, or is given up, without asking anybody."""
    if isinstance(step, Wait):
        queues.unsure(tx, step.keys, step.until, "its run ended before the answer came")
        return
    if step.delivery is not None:
        deliveries.settle(tx, [Settled(step.delivery, "set_aside", words=step.words)], now)
    if step.frozen is not None:
        _give_up_acts(tx, step.frozen, step.words, now)
    else:
        queues.set_aside(tx, step.keys, step.words)


def _give_up_acts(tx: Transaction, frozen: Frozen, words: str, until: Instant) -> None:
    """Acts that cannot be looked up are not repeated; values that went with them may be."""
    queues.set_aside(tx, frozen.acts, words)
    queues.again(tx, [key for key in frozen.hashes if key not in frozen.acts], until, None)


def _may_be_a_twin(claim: Claim, reply: Answer) -> bool:
    return reply.outcome is Outcome.REFUSED and claim.request.guard is Guard.UNIQUE


def _judge_twin(claim: Claim, reply: Answer, twin: str | None) -> Verdict:
    if twin is None:
        return Verdict(claim, Fate.ASIDE, reply.words)
    is_act = claim.send.frozen.carries_acts_only
    return Verdict(claim, Fate.ARRIVED if is_act else Fate.TWIN, reply.words, remote_id=twin)


def _judge(post: Post, claim: Claim, reply: Answer, others_pass: bool) -> Verdict:
    now = post.world.now()
    match reply.outcome:
        case Outcome.DONE:
            return Verdict(claim, Fate.ARRIVED, remote_id=reply.remote_id, left=reply.left)
        case Outcome.AGAIN:
            return Verdict(claim, Fate.LATER, reply.words, now + max(reply.wait_ms, REST))
        case Outcome.REFUSED if len(claim.request.effects) > 1:
            return Verdict(claim, Fate.ALONE, reply.words, now)
        case Outcome.REFUSED:
            return Verdict(claim, Fate.ASIDE, reply.words)
        case Outcome.UNSURE:
            return _judge_unsure(post, claim, reply, others_pass)


def _judge_unsure(post: Post, claim: Claim, reply: Answer, others_pass: bool) -> Verdict:
    now, tries = post.world.now(), claim.send.attempt + 1
    if claim.request.guard is Guard.ONCE:
        return Verdict(claim, Fate.UNCLEAR, f"{UNCLEAR} ({reply.words})", now + post.settle)
    if tries >= MOST_TRIES and others_pass:
        return Verdict(claim, Fate.ASIDE, f"tried {tries} times without a clear answer: {reply.words}")
    # A unique key makes waiting needless; once is enough to find out whether the platform stumbles over it.
    waits = claim.request.guard is not Guard.UNIQUE or tries > 1
    return Verdict(claim, Fate.UNSURE, reply.words, now + post.settle if waits else now)


def _note(post: Post, waiting: Waiting, verdicts: Sequence[Verdict]) -> None:
    now = post.world.now()
    with post.store.begin() as tx:
        deliveries.settle(tx, [verdict.settled for verdict in verdicts], now)
        queues.done(tx, [verdict.arrived for verdict in verdicts if verdict.fate is Fate.ARRIVED], now)
        for verdict in verdicts:
            _put(tx, verdict, now)
        ownwrites.note(tx, post.source, [one.written for one in verdicts if one.written is not None])
    for verdict in verdicts:
        _count(post, waiting, verdict)


def _put(tx: Transaction, verdict: Verdict, now: Instant) -> None:
    """What becomes of effects that have not simply arrived."""
    claim, keys = verdict.claim, verdict.claim.request.effects
    match verdict.fate:
        case Fate.LATER:
            queues.again(tx, keys, verdict.until, None)
        case Fate.ALONE:
            queues.again(tx, keys, verdict.until, f"refused together with others: {verdict.words}")
        case Fate.TWIN:
            queues.found_at(tx, keys[0], verdict.remote_id or "")
            queues.again(tx, keys, now, None)
        case Fate.ASIDE:
            queues.set_aside(tx, keys, verdict.words)
        case Fate.UNCLEAR:
            _give_up_acts(tx, claim.send.frozen, verdict.words, verdict.until)
        case Fate.UNSURE:
            queues.unsure(tx, keys, verdict.until, verdict.words)


def _count(post: Post, waiting: Waiting, verdict: Verdict) -> None:
    effects = post.effects(waiting, verdict.claim.request.effects)
    match verdict.fate:
        case Fate.ARRIVED:
            post.tally.arrived(effects)
        case Fate.ASIDE:
            post.tally.gave_up(effects, verdict.words)
        case Fate.UNCLEAR:
            post.tally.gave_up([effect for effect in effects if effect.is_act], verdict.words)
        case Fate.UNSURE:
            post.tally.unsure.update(effect.key for effect in effects)
        case Fate.LATER:
            post.tally.again.update(effect.key for effect in effects)
