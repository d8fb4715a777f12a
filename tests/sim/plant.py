"""Mistakes as anybody might make them, each a small patch over the real code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import msgspec
import pytest

from connector import run
from connector.decide import keys
from connector.deliver import claims, delivering
from connector.deliver.claims import Claim
from connector.deliver.heads import Send
from connector.deliver.post import Post, Waiting
from connector.model.cycle import Cycle
from connector.platforms.governor import Because, Passing
from connector.platforms.jira import deliver as jira_deliver
from connector.platforms.jira.achievements import merged
from connector.platforms.jira.adapter import Jira
from connector.platforms.pagesize import Overlong, PageSize
from connector.platforms.port import Answer, Outcome, Request
from connector.platforms.servicenow import answers as servicenow_answers
from connector.platforms.servicenow import deliver as servicenow_deliver
from connector.platforms.servicenow import pages, sweep
from connector.platforms.servicenow.adapter import ServiceNow
from connector.pull import pull, reading
from connector.pull.keep import Batch
from connector.pull.sweep import Course
from connector.stages import judge as judging
from connector.store import Store, about, leases, queues, sweeps, tickets
from connector.store.tickets import Doubt

Patch = pytest.MonkeyPatch
MISTAKES: dict[str, Callable[[Patch], None]] = {}
PLATFORMS = (ServiceNow, Jira)


def mistake(words: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Put a mistake on the list."""

    def listed(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        MISTAKES[words] = plant
        return plant

    return listed


# -- delivery


@mistake("nothing is looked up before it is sent again")
def no_look_up(patch: Patch) -> None:
    for platform in PLATFORMS:
        patch.setattr(platform, "find", lambda _, asked: [None] * len(asked))


@mistake("a look-up finds whatever it is asked for")
def gullible_look_up(patch: Patch) -> None:
    for platform in PLATFORMS:
        patch.setattr(platform, "find", lambda _, asked: ["1"] * len(asked))


@mistake("an unsure effect is looked up without letting it settle")
def no_settling(patch: Patch) -> None:
    real = delivering.deliver
    patch.setattr(run, "deliver", lambda *given, **named: real(*given, **{**named, "settle": 0}))


@mistake("an effect is done before it is sent")
def done_before_sent(patch: Patch) -> None:
    real = claims.claim

    def claim(post: Post, waiting: Waiting, sends: Sequence[Send]) -> list[Claim]:
        claimed = real(post, waiting, sends)
        if claimed:
            with post.store.begin() as tx:
                for one in claimed:
                    arrived = queues.Arrived(one.send.frozen.hashes, None)
                    queues.done(tx, [arrived], post.world.now())
        return claimed

    patch.setattr(claims, "claim", claim)


@mistake("a time-out is taken for a refusal")
def unsure_is_refused(patch: Patch) -> None:
    def not_yet(passing: Passing) -> Answer:
        sure = passing.because is not Because.FAILED
        return Answer(Outcome.AGAIN if sure else Outcome.REFUSED, words=passing.words)

    for module in (servicenow_deliver, jira_deliver):
        patch.setattr(module, "_not_yet", not_yet)


@mistake("a time-out is taken for nothing having happened")
def unsure_is_again(patch: Patch) -> None:
    def not_yet(passing: Passing) -> Answer:
        return Answer(Outcome.AGAIN, words=passing.words)

    for module in (servicenow_deliver, jira_deliver):
        patch.setattr(module, "_not_yet", not_yet)


@mistake("a part of a batch without an answer is taken for done")
def silence_is_done(patch: Patch) -> None:
    real = servicenow_deliver.Deliverer._in_a_batch

    def in_a_batch(self: Any, asked: Sequence[Request]) -> list[Answer] | None:
        found = real(self, asked)
        ended = "the batch ended before this part was answered"
        return found and [Answer(Outcome.DONE) if one.words == ended else one for one in found]

    patch.setattr(servicenow_deliver.Deliverer, "_in_a_batch", in_a_batch)


@mistake("an achievement's property is written without its other cycles")
def nothing_merged(patch: Patch) -> None:
    patch.setattr(jira_deliver, "merged", lambda _present, cycles: merged(None, cycles))


@mistake("a restored store is believed")
def restored_and_believed(patch: Patch) -> None:
    patch.setattr(about, "unsure_until", lambda _tx: None)
    patch.setattr(delivering, "_doubt_a_restored_store", lambda _store, _source: None)


# -- keys


@mistake("the ordinal of a cycle is in its keys")
def ordinal_in_the_key(patch: Patch) -> None:
    for name, users in (("act_key", "acts"), ("event_key", "announce"), ("cycle_key", "achievement")):
        real = getattr(keys, name)

        def key(instance: str, cycle: Cycle, *rest: Any, real: Any = real) -> str:
            made: str = real(instance, replace(cycle, origin=cycle.number), *rest)
            return made

        patch.setattr(import_module(f"connector.decide.{users}"), name, key)


# -- pull


@mistake("a sweep begins where the last one began, without an overlap")
def no_overlap(patch: Patch) -> None:
    real = Course.pages

    def all_pages(self: Course, platform: Any, until: int) -> Iterator[Any]:
        return real(replace_span(self), platform, until)

    def replace_span(course: Course) -> Course:
        return Course(course.store, course.keeper, course.sweep, replace(course.span, overlap=0))

    patch.setattr(Course, "pages", all_pages)


@mistake("the cursor is stored before the rows")
def cursor_before_rows(patch: Patch) -> None:
    def keep(self: Course, batch: Batch) -> None:
        with self.store.begin() as tx:
            self.sweep = sweeps.advance(tx, self.sweep, batch.page.cursor, len(batch.page.records))
        with self.store.begin() as tx:
            self.keeper.keep(tx, batch)

    patch.setattr(Course, "keep", keep)


@mistake("the watermark is now")
def now_for_the_watermark(patch: Patch) -> None:
    patch.setattr(pull, "_watermark", lambda *given: given[-1])


@mistake("the watermark leaves no time for late commits")
def no_lag(patch: Patch) -> None:
    real = pull._watermark

    def watermark(store: Store, source: str, keepers: Any, lag: int, now: int) -> int | None:
        return real(store, source, keepers, 0 * lag, now)

    patch.setattr(pull, "_watermark", watermark)


@mistake("a short page is taken for the last one")
def short_page_is_the_end(patch: Patch) -> None:
    def page(client: Any, table: str, query: str, fields: Any, size: PageSize) -> tuple[list[Any], bool]:
        answer, limit = pages._asked(client, table, query, fields, size, 0)
        return list(answer.result), len(answer.result) < limit

    for module in (pages, sweep):
        patch.setattr(module, "page", page)


@mistake("an error in a 200 is not noticed")
def error_in_a_200(patch: Patch) -> None:
    def data(response: Any, doing: str) -> servicenow_answers.Answered:
        if servicenow_answers.is_web_page(response):
            raise Passing(Because.FAILED, "it answers with a web page")
        try:
            body = msgspec.json.decode(response.content)
        except msgspec.DecodeError:
            raise Overlong(f"{doing}: the answer was cut") from None
        return servicenow_answers.Answered(body, response.headers, response.status_code)

    patch.setattr(servicenow_answers, "_data", data)
    patch.setattr(servicenow_deliver, "_accepted", lambda _response: Answer(Outcome.DONE))


@mistake("a history that contradicts its record is believed")
def pending_history_is_believed(patch: Patch) -> None:
    patch.setattr(reading, "_doubt", lambda *_: Doubt())


@mistake("records are not read again while their history may still come")
def read_once(patch: Patch) -> None:
    def needs_history(record: Any, known: Any, *_: Any) -> bool:
        return known is None or known.updated != record.updated or bool(known.pending)

    for name in ("connector.pull.sweep.needs_history", "connector.pull.again.needs_history"):
        patch.setattr(name, needs_history)


# -- state and leases


@mistake("a ticket counts as judged before what follows is kept")
def settled_before_kept(patch: Patch) -> None:
    real = judging.Judge.of_kind

    def of_kind(self: judging.Judge, kind: str, marks: Sequence[Any], *, backfill: bool) -> None:
        with self.store.begin() as tx:
            tickets.settle(tx, self.source.name, marks, {}, {})
        real(self, kind, marks, backfill=backfill)

    patch.setattr(judging.Judge, "of_kind", of_kind)


@mistake("the fence is ignored, the time, and what others did meanwhile")
def fence_ignored(patch: Patch) -> None:
    patch.setattr(leases, "renew", lambda *_: None)
    patch.setattr(claims, "_carried", lambda *_: [])
    patch.setattr(claims, "LEAVES_WITHIN", 10**9)


@mistake("a lease is given to whoever asks, and no fence holds")
def lease_for_everybody(patch: Patch) -> None:
    patch.setattr(leases, "_is_dead", lambda *_: True)
    fence_ignored(patch)
