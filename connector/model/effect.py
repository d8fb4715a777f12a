"""What Accord wants to be true on a platform: desired fields (latest wins) and acts (once each)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connector.model.cycle import TicketId
from connector.model.instant import Instant

# How the queue of what one recipient hears in digests begins, behind its channel: `smtp/digest:ann`.
JOINED = "digest:"


class Output(StrEnum):
    """The kinds of output that `effects:` in the configuration switches; `create.KIND` is spelt out in
    `name`."""

    ACHIEVEMENT = "achievement"
    FIELDS = "fields"
    NOTE = "note"
    NOTIFY = "notify"
    CREATE = "create"


class Held(StrEnum):
    """Why an effect that was decided does not go out, in the words people are shown."""

    TURN = "waits for its turn"  # every act, until it is known how many there are
    PACED = "more urgent ones go first"
    QUIET = "waits for the end of quiet hours"
    DIGEST = "waits for its digest"
    FIRST_CONTACT = "part of a first contact larger than acts_per_run"
    CHANGE = "part of what a change of rules, mapping or calendar called for, larger than acts_per_run"
    SWITCHED = "switched to `plan`"
    PLACELESS = "what it is kept in is not there: see `accord setup`"
    CLOSED = "the ticket is closed: only its achievement record is written"


def name_of(output: Output, kind: str | None) -> str:
    """The switch in `effects:` of an output: `note`, `notify`, `create.problem`…"""
    return f"{output}.{kind}" if output is Output.CREATE else str(output)


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to write.

    *key* is its identity for ever (design: Nothing lost, nothing twice). *payload* holds canonical values:
    achievement: the fields of kind `achievement`; fields: `sla_state, sla_due, sla_target, sla_used`;
    note: `text, public`; notify: `recipients, subject, text` (`digest`: whom others go to together with
    it); create: `kind, fields`.
    """

    key: str
    output: Output
    source: str
    queue: str  # one ticket's (or agreement's) effects go out in order; `smtp/…` where not by the platform
    payload: Mapping[str, Any] = field(default_factory=dict)
    ticket: TicketId | None = None
    kind: str | None = None  # for create: the canonical kind
    at: Instant = 0  # the instant of the event behind it
    urgency: int = 0  # larger goes first when a run may not do all

    @property
    def name(self) -> str:
        """The switch in `effects:`: `note`, `notify`, `create.problem`…"""
        return name_of(self.output, self.kind)

    @property
    def is_act(self) -> bool:
        """Acts are append-only and happen once; the others are absolute values of which the latest wins."""
        return self.output in (Output.NOTE, Output.NOTIFY, Output.CREATE)


def redirected(effect: Effect, address: str | None) -> Effect:
    """A notice as it goes in a test environment: to *address* only (None: this is none), and it says whom it
    was for. A cloned instance knows the addresses of real customers."""
    recipients = effect.payload.get("recipients")
    if address is None or effect.output is not Output.NOTIFY or recipients == [address]:
        return effect
    subject = f"[test, for {', '.join(recipients or ())}] {effect.payload['subject']}"
    return replace(effect, payload={**effect.payload, "recipients": [address], "subject": subject})


def said_once(effects: Iterable[Effect]) -> list[tuple[Effect, list[str]]]:
    """*effects* in their order, each with its keys: notices that say the same to several people are one to
    all of them, where the first stood."""
    found: dict[object, tuple[Effect, list[str]]] = {}
    for effect in effects:
        what = effect.payload
        is_notice = effect.output is Output.NOTIFY
        same = (what.get("subject"), what.get("text")) if is_notice else effect.key
        if same not in found:
            found[same] = (effect, [effect.key])
            continue
        first, keys = found[same]
        people = list(dict.fromkeys((*first.payload["recipients"], *what["recipients"])))
        found[same] = (replace(first, payload={**first.payload, "recipients": people}), [*keys, effect.key])
    return list(found.values())
