"""Digests (framework or stakeholder: `digest: 4h`, `{every, but: [lines]}` or `{at: [times], but}`): what one
recipient is to hear waits for the recipient's next time and goes out together.

Each notice keeps its key, so nothing is lost by joining and nothing is told twice. What of it fits into one
message is the way out's business: a mail takes all, the platform's note what belongs to its ticket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connector.decide.decision import Decided, Desk
from connector.decide.recipients import OF_THE_TICKET, Recipient
from connector.model.effect import JOINED, Held
from connector.model.instant import DAY, MINUTE, Instant, from_datetime, to_datetime
from connector.model.record import Reference


def in_a_digest(decided: Decided, desk: Desk, line: str, recipient: Recipient, zone: ZoneInfo) -> Decided:
    """The notice for *line* to *recipient* as it may go out: with the others, at the next time in *zone*."""
    settings = recipient.digest if recipient.digest is not None else _of_the_framework(desk)
    if not (settings.get("every") or settings.get("at")) or line in settings.get("but", ()):
        return decided
    effect = decided.effect
    at = next_time(settings, max(effect.at, desk.context.at), zone)
    channel = str(effect.payload["channel"])
    # The platform's own notices stay in their ticket's order; any other way out has a queue a recipient.
    whom = _identity(desk, recipient)
    queue = effect.queue if channel == "platform" else f"{channel}/{JOINED}{quote(whom, safe=' @.')}"
    joined = replace(effect, queue=queue, payload={**effect.payload, "digest": whom})
    return replace(decided, effect=joined, not_before=at, waits=Held.DIGEST)


def next_time(settings: Mapping[str, Any], now: Instant, zone: ZoneInfo) -> Instant:
    """The first time of a digest at or after *now*: times of the day and stretches from midnight are *zone*'s
    own."""
    day = to_datetime(now).astimezone(zone).date()
    return next(
        at for after in range(3) for at in _times(settings, day + timedelta(after), zone) if at >= now
    )


def _times(settings: Mapping[str, Any], day: date, zone: ZoneInfo) -> Iterator[Instant]:
    if every := settings.get("every"):
        minutes = range(0, DAY // MINUTE, every // MINUTE)
    else:
        minutes = settings["at"]
    for minute in minutes:
        yield from_datetime(datetime.combine(day, time(minute // 60, minute % 60), zone))


def _of_the_framework(desk: Desk) -> Mapping[str, Any]:
    written = (document.data.get("digest") for document in desk.book.of_kind("framework"))
    return next((one for one in written if one), {})


def _identity(desk: Desk, recipient: Recipient) -> str:
    """Who that is beyond this ticket: of a word of the ticket, the one whom it means now."""
    if recipient.name not in OF_THE_TICKET:
        return recipient.name
    field, _, of_whom = recipient.name.partition(".")
    found = desk.record.fields.get(field)
    id_ = found.id if isinstance(found, Reference) else str(found or desk.record.id)
    return f"{of_whom} of {field} {id_}" if of_whom else f"{field} {id_}"
