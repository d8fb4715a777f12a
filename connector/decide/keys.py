"""The identities of events and effects (design: Promises, Nothing lost, nothing twice).

A key says what a thing is, never when a run saw it: it does not move when late history inserts a cycle, a
rule file is renamed, or a sync runs at another time. So nothing that a run can change may go into one.
"""

from __future__ import annotations

import json
from hashlib import sha256

from connector.model.cycle import Cycle, TicketId


def hashed(*parts: object) -> str:
    """64 hexadecimal digits for *parts*; two different lists of parts give different ones."""
    written = json.dumps([str(part) for part in parts], ensure_ascii=False, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()


def cycle_key(instance: str, cycle: Cycle) -> str:
    """The key of a cycle's achievement record."""
    return hashed(instance, cycle.agreement, cycle.target, cycle.ticket.id, cycle.origin)


def event_key(instance: str, cycle: Cycle, event: str, nth: int) -> str:
    """The key of the *nth* (from 1) *event* of that name in a cycle: a clock may pause many times."""
    return hashed(instance, cycle.agreement, cycle.target, cycle.ticket.id, cycle.origin, "event", event, nth)


def act_key(instance: str, cycle: Cycle, event: str, action: str, recipient: str = "") -> str:
    """The key of an act: *event* is the event or the line as written, *action* `note`, `notify`,
    `create.KIND`."""
    return hashed(
        instance, cycle.agreement, cycle.target, cycle.ticket.id, cycle.origin, event, action, recipient
    )


def fields_key(instance: str, ticket: TicketId) -> str:
    """The key of what a ticket's own SLA fields should hold."""
    return hashed(instance, "fields", ticket.kind, ticket.id)


def period_act_key(
    instance: str,
    agreement: str,
    subject: str,
    each: str | None,
    period: str,
    action: str,
    recipient: str = "",
) -> str:
    """The key of an act without a ticket: *subject* is an objective or a review, *each* its `each` value."""
    return hashed(instance, agreement, subject, each or "", period, action, recipient)
