"""What one reading of a record says, and whether its history can be trusted yet. Pure.

A record and its history are two questions to the platform, so they may tell of two moments. Where they
disagree the record is read again, and is not announced before it has settled or was tried three times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from connector.model.instant import SECOND, Instant, Millis
from connector.model.kind import FieldType, Kind
from connector.model.record import Change, Record, Reference, Value
from connector.platforms.port import History
from connector.store import text
from connector.store.tickets import Doubt, Known, Reading

TRIES = 3
EXACT = ("sys_audit", "changelog")  # histories that tell every change; others cannot be held to it

# Fields whose every change such a history tells. Of others (dates, counters, names along a reference) a
# change without history is nothing strange.
AUDITED = (
    "state", "priority", "severity", "impact", "urgency", "hold_reason", "assignment_group", "assignee",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """How long a late commit may take to show (*overlap*), and how long an ordinary one (*lag*)."""

    overlap: Millis
    lag: Millis


def needs_history(record: Record, known: Known | None, span: Span, asked_at: Instant) -> bool:
    """Whether a record as just read (*asked_at*) may differ from what is *known* of it, its history included.

    One that was read soon after its last update may have shown only a part of it; and where that update left
    nothing in the history, it may still come. Our own writes change nothing of that. But somebody who wrote
    at the same moment may have made the same edition: when all has settled it is read once more.
    """
    if known is None or known.frozen is not None or known.pending or known.updated is None:
        return True
    if not _is_as_known(record, known) or _is_to_be_confirmed(known, span, asked_at):
        return True
    settled = span.overlap if known.quiet else span.lag
    return known.read_at < known.updated + settled + SECOND


def _is_as_known(record: Record, known: Known) -> bool:
    """Whether a record is as it was read, or as our own writes have left it since."""
    if known.own_at is not None:
        is_left_so = (known.own_at, known.edition) == (record.updated, record.edition)
        return is_left_so and _but_for_the_date(record.fields) == _but_for_the_date(known.values)
    if None not in (known.edition, record.edition) and known.edition != record.edition:
        return False
    return known.updated == record.updated and known.fields == text.dump(record.fields)


def _is_to_be_confirmed(known: Known, span: Span, at: Instant) -> bool:
    return known.own_at is not None and at >= known.own_at + span.overlap + SECOND


def _but_for_the_date(fields: Mapping[str, Value]) -> str:
    """What fields say, but for the date of the update, which our writes move too."""
    return text.dump({name: value for name, value in fields.items() if name != "updated"})


def read(
    record: Record,
    history: History | None,
    known: Known | None,
    told: Sequence[Change],
    kind: Kind,
    read_at: Instant,
    span: Span,
) -> Reading:
    """The reading of *record* with its *history* (None for kinds that have none); *told* are the changes
    known of it before."""
    if history is None:
        moving = frozenset(name for name, field in kind.fields.items() if field.moves)
        return Reading(record, digest(record, moving), read_at, is_ticket=kind.is_ticket)
    own_at = _own_write(record, known, span, read_at)
    if known is not None and own_at is not None:
        record = replace(record, updated=known.updated)
    changes = history.changes if history.source != "snapshots" else _by_snapshot(record, known, told, read_at)
    whole = replace(record, changes=tuple(changes), history=history.source)
    doubt = _doubt(whole, known, kind, _worth_trying(whole, read_at, span.lag))
    return Reading(whole, digest(whole), read_at, doubt, is_ticket=kind.is_ticket, own_at=own_at)


def _own_write(record: Record, known: Known | None, span: Span, read_at: Instant) -> Instant | None:
    """When we wrote to *record*, where that is its latest update and has yet to be confirmed."""
    if known is None or known.updated is None or _is_to_be_confirmed(known, span, read_at):
        return None
    return known.own_at if _is_as_known(record, known) else None


def _worth_trying(record: Record, read_at: Instant, lag: Millis) -> int:
    """How many tries may have been made by now: soon after an update they would all see the same."""
    if record.updated is None or lag <= 0:
        return TRIES
    return max(1, 1 + (read_at - record.updated) // lag)


def _doubt(record: Record, known: Known | None, kind: Kind, most: int) -> Doubt:
    """Whether the history agrees with its record; it is given up after some tries, of which *most* count."""
    last = record.changes[-1].at if record.changes else record.fields.get("opened")
    is_quiet = last is None or (record.updated is not None and record.updated > last)
    why = disagreement(record, known, kind)
    if why is None and known is not None and known.pending and known.digest == digest(record):
        why = known.pending_why  # it says what it said before: nothing has settled
    # Another update is another doubt: what was tried before says nothing of it.
    tried = known.pending if known is not None and known.updated == record.updated else 0
    tries = 0 if why is None else min(tried + 1, most)
    return Doubt(tries if tries < TRIES else 0, why, is_quiet and record.history in EXACT)


def disagreement(record: Record, known: Known | None, kind: Kind) -> str | None:
    """Where record and history contradict each other, in words; None where they agree, or a coarse history
    can say nothing of it."""
    if record.history not in EXACT:
        return None
    last = {change.field: change.new for change in record.changes}
    for name, value in last.items():
        if name in record.fields and _is_told(kind, name) and not same(record.fields[name], value):
            return f"{name} is {_shown(record.fields[name])}, its history ends with {_shown(value)}"
    before = known.values if known is not None else {}
    for name in AUDITED:
        if name not in last and name in before and not same(before[name], record.fields.get(name)):
            return f"{name} became {_shown(record.fields.get(name))}, its history does not say when"
    return None


def same(one: Value, other: Value) -> bool:
    """Whether two values mean the same: references by what both have of id and name, text without case, and
    nothing at all as empty text."""
    if isinstance(one, Reference) or isinstance(other, Reference):
        return bool(_names(one) & _names(other)) or not (_names(one) or _names(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return sorted(map(str, one)) == sorted(map(str, other))
    return _folded(one) == _folded(other)


def digest(record: Record, moving: frozenset[str] = frozenset()) -> str:
    """What tells whether a reading differs in anything that counts: when a record was last updated does
    not, or every write of our own would have it evaluated again; nor do the fields *moving*, which move with
    time alone."""
    uncounted = moving | {"updated"}
    fields = {name: value for name, value in record.fields.items() if name not in uncounted}
    whole = text.dump([record.key, record.url, fields, record.changes, record.history])
    return blake2b(whole.encode(), digest_size=16).hexdigest()


def _by_snapshot(
    record: Record, known: Known | None, told: Sequence[Change], read_at: Instant
) -> Sequence[Change]:
    """The changes seen so far, and those between the reading before and this one."""
    if known is None or known.updated is None:
        return told
    at = max(record.updated if record.updated is not None else read_at, told[-1].at if told else 0)
    before = known.values
    names = sorted((before.keys() | record.fields.keys()) - {"updated"})
    return [
        *told,
        *(
            Change(at, name, before.get(name), record.fields.get(name), seq=place)
            for place, name in enumerate(names, start=len(told))
            if not same(before.get(name), record.fields.get(name))
        ),
    ]


def _is_told(kind: Kind, name: str) -> bool:
    """Long texts are cut in histories, and the field that says when the record changed is never in one."""
    field = kind.fields.get(name)
    return field is not None and field.type is not FieldType.TEXT and name != "updated"


def _names(value: Value) -> set[str]:
    if isinstance(value, Reference):
        return {_folded(part) for part in (value.id, value.name) if part}
    return {_folded(value)} - {""}


def _folded(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        return text.dump(value).casefold()
    return str(value).casefold()


def _shown(value: Value) -> str:
    return "empty" if value in (None, "") else repr(str(value))
