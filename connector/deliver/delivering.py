"""The rounds of a delivery: judge the heads of many queues, look up the doubtful, freeze, send, note the
answers.

No transaction is open while anybody is talked to, and nothing is held in memory that the next run would miss.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from connector.channels.port import Channel, Nowhere
from connector.deliver import answers, claims
from connector.deliver.claims import Claim
from connector.deliver.heads import Bench, GiveUp, LookUp, Send, Wait, next_step
from connector.deliver.post import Post, Waiting
from connector.deliver.tally import Delivered, Tally
from connector.errors import AccordError, NotAllowed
from connector.log import get_logger
from connector.model.instant import Millis
from connector.platforms.port import Answer, Guard, Outcome
from connector.store import Store, about, queues
from connector.world import World

log = get_logger()
QUEUES = 50  # in one round at least, as far as there are so many


def _go_on() -> bool:
    return False


def deliver(
    store: Store,
    world: World,
    source: str,
    channels: Mapping[str, Channel],
    *,
    settle: Millis,
    until: float | None = None,
    stop: Callable[[], bool] = _go_on,
    among: Sequence[str] | None = None,
    redirect_to: str | None = None,
) -> Delivered:
    """Send what waits at *source* (in the queues *among* where given), most urgent queue first, until nothing
    more can be sent now.

    *store* is under the source's lease. *channels* holds `platform` and whatever notices may take;
    *redirect_to* takes all notices in a test environment. Between two rounds it heeds *until* (the world's
    monotonic seconds) and *stop*. Raises NotReachable and NotAllowed when a channel does, and Busy when the
    lease is lost; what was begun is then looked up by the next run.
    """
    tally = Tally()
    _doubt_a_restored_store(store, source)
    with store.read() as tx:
        ready = queues.ready(tx, source, world.now(), among)
    for name, same in groupby(ready, key=_channel_of):
        channel = channels.get(name) or Nowhere(name)
        post = Post(store, world, source, channel, settle, tally, until, stop, redirect_to)
        waiting = deque(same)
        while waiting and not post.is_over:
            size = min(len(waiting), max(QUEUES, channel.at_once))
            some = [waiting.popleft() for _ in range(size)]
            waiting.extendleft(reversed(_round(post, some)))
            delivered = tally.done.total()
            log.info(
                "deliver.round_done", channel=name, delivered=delivered, requests=tally.requests, passing=True
            )
        tally.stopped = tally.stopped or bool(waiting)
    return tally.total()


def _doubt_a_restored_store(store: Store, source: str) -> None:
    """Once after a backup was restored: nothing it believes of the platform can be relied on."""
    noted = f"doubted {source}"
    with store.begin() as tx:
        until = about.get(tx, about.UNSURE_UNTIL)
        if until is not None and about.get(tx, noted) != until:
            queues.doubt_everything(tx, source)
            about.put(tx, noted, until)


def _channel_of(queue: str) -> str:
    """`smtp/incident:ID` takes `smtp`, `incident:ID` the platform."""
    return queue.rpartition("/")[0] or "platform"


def _round(post: Post, names: Sequence[str]) -> list[str]:
    """One step for each queue; the queues that have more to send now."""
    waiting, bench = _look(post, names)
    steps = [step for name in names if (step := next_step(name, waiting[name], bench)) is not None]
    _note(post, waiting, [step for step in steps if isinstance(step, Wait | GiveUp)])
    missing = _look_up(post, waiting, [step for step in steps if isinstance(step, LookUp)])
    _send(post, waiting, [*missing, *(step for step in steps if isinstance(step, Send))])
    with post.store.read() as tx:
        return queues.ready(tx, post.source, post.world.now(), names)


def _look(post: Post, names: Sequence[str]) -> tuple[Waiting, Bench]:
    with post.store.read() as tx:
        waiting = queues.waiting(tx, post.source, names)
        bench = Bench(
            channel=post.channel,
            deliveries=queues.frozen(tx, waiting.values()),
            remote=queues.remote_ids(tx, post.source, names),
            now=post.world.now(),
            settle=post.settle,
            doubted_until=about.unsure_until(tx),
            redirect_to=post.redirect_to,
        )
    return waiting, bench


def _note(post: Post, waiting: Waiting, steps: Sequence[Wait | GiveUp]) -> None:
    """Put down what needs nobody else: what has to wait, and what is given up."""
    if steps:
        with post.store.begin() as tx:
            for step in steps:
                answers.put_down(tx, step, post.world.now())
    for step in steps:
        if isinstance(step, GiveUp):
            post.tally.gave_up(post.effects(waiting, step.given_up), step.words)
        else:
            post.tally.unsure.update(step.keys)


def _look_up(post: Post, waiting: Waiting, steps: Sequence[LookUp]) -> list[Send]:
    """Ask for doubtful requests: those that arrived are noted, the others are to be sent again."""
    if not steps:
        return []
    found = post.channel.find([step.frozen.request for step in steps])
    asked = list(zip(steps, found, strict=True))
    with post.store.begin() as tx:
        for step, remote_id in asked:
            answers.looked_up(tx, step, remote_id, post.world.now())
    for step, remote_id in asked:
        if remote_id is not None and step.is_enough:
            post.tally.arrived(post.effects(waiting, step.frozen.request.effects))
    # An insert with a unique key is composed anew: as a change of what was found, or with its latest values.
    repeated = (step for step, remote_id in asked if remote_id is None)
    return [
        Send(step.queue, step.frozen, step.attempt)
        for step in repeated
        if step.frozen.request.guard is not Guard.UNIQUE
    ]


def _send(post: Post, waiting: Waiting, sends: Sequence[Send]) -> None:
    """Claim and hand over, as many together as the way out takes; what the lease might not outlast goes back
    into its queue. What has to be read for it is read before: the claim then shows that nobody else has
    written here since."""
    post.channel.look_ahead([send.frozen.request for send in sends])
    left = claims.claim(post, waiting, sends)
    while left:
        size = post.channel.at_once
        some, left = left[:size], left[size:]
        if claims.is_too_late(post, some[0].renewed):
            answers.take_back(post, [*some, *left])
            return
        _hand_over(post, waiting, some, left)


def _hand_over(post: Post, waiting: Waiting, some: Sequence[Claim], left: Sequence[Claim]) -> None:
    post.tally.requests += len(some)
    try:
        replies = post.channel.send([claim.request for claim in some])
    except AccordError as error:
        answers.take_back(post, left)
        answers.answer(post, waiting, some, [_unanswered(error, len(some))] * len(some))
        raise
    unanswered = Answer(Outcome.UNSURE, words="it was not answered")
    answers.answer(post, waiting, some, [*replies, *[unanswered] * (len(some) - len(replies))])
    for ends in (reply.ends for reply in replies if reply.ends is not None):
        answers.take_back(post, left)
        raise ends


def _unanswered(error: AccordError, requests: int) -> Answer:
    """What became of *requests* when the channel gave up. A refused one did nothing; which of several were
    sent before it cannot be told."""
    is_refused = isinstance(error, NotAllowed) and requests == 1
    return Answer(Outcome.AGAIN if is_refused else Outcome.UNSURE, words=str(error))
