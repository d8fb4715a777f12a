"""The tables: everything that is known between two runs, the same on SQLite and PostgreSQL.

Instants and lengths are integer milliseconds; JSON is text, written with sorted keys so that equal values are
equal text. What the rows mean to a stage is told in the file of each table; no queries here. A change here
goes with a migration (`migrations/versions`), which a test compares with this file.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = "0006"  # the newest migration

metadata = sa.MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null and not key)


def _number(
    name: str, *, key: bool = False, null: bool = False, default: int | None = None
) -> sa.Column[int]:
    start = None if default is None else sa.text(str(default))
    return sa.Column(
        name,
        sa.BigInteger,
        primary_key=key,
        nullable=null and not key,
        server_default=start,
        autoincrement=False,
    )


def _serial(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER counts by itself on SQLite
    return sa.Column(name, kind, primary_key=True, autoincrement=True)


def _table(name: str, *parts: sa.schema.SchemaItem, counted: bool = False) -> sa.Table:
    return sa.Table(name, metadata, *parts, sqlite_with_rowid=counted)


# One row: what this store is. `about.py`
about = _table("about", _text("name", key=True), _text("value"))

# One configured platform: how far its truth is known. `sources.py`
sources = _table(
    "sources",
    _text("source", key=True),
    _text("instance"),
    _number("watermark", null=True),
    _number("start_at"),  # no act for an event before this instant
    _number("skew", default=0),  # platform time minus ours, when last asked
    _text("judging", null=True),  # the rulebook's hash that evaluation last began with
    _text("judged", null=True),  # the one that everything known was last evaluated with
    _text("learned", null=True),  # what the adapter found out of the platform, in its own words
    _number("learned_at", default=0),
    _text("mapping", null=True),  # the hash of the mapping that its records were read by
)

# Records of every kind as last read; those of ticket kinds are evaluated. `tickets.py`
tickets = _table(
    "tickets",
    _text("source", key=True),
    _text("kind", key=True),
    _text("id", key=True),
    _text("key"),
    _text("url", null=True),
    _text("fields"),
    _number("opened", null=True),
    _number("updated", null=True),
    _text("history"),  # the history source
    _text("digest"),  # tells whether what counts for evaluation differs
    _number("revision", default=1),  # grows whenever what is known of the ticket changes
    _number("dirty", default=1),  # 1: to be evaluated
    _number("next_at", null=True),  # to be evaluated again once the watermark has passed this
    _number(
        "read_at", default=0
    ),  # when it was last read; the watermark may not outrun it for a line to cross
    _number("quiet", default=0),  # 1: its latest update has left nothing in its history (yet)
    _number("pending", default=0),  # tries spent waiting for a history that agrees; 0: settled
    _text("pending_why", null=True),
    _text("frozen", null=True),  # out of scope | deleted | not readable
    _text("repairs", null=True),  # JSON: reason → count
    _number("judged_at", default=0),  # as of when it was evaluated last; never as of an earlier instant again
    _text("belongs_to", null=True),  # of a record that is no ticket: the id of the ticket it is about
    _number("edition", null=True),  # how often it was updated, our own writes since it was read included
    _number("own_at", null=True),  # our latest write since `updated`, which nothing else has followed
    sa.Index(
        "tickets_dirty",
        "source",
        "kind",
        "id",
        sqlite_where=sa.text("dirty = 1"),
        postgresql_where=sa.text("dirty = 1"),
    ),
    sa.Index(
        "tickets_next",
        "source",
        "next_at",
        sqlite_where=sa.text("next_at is not null"),
        postgresql_where=sa.text("next_at is not null"),
    ),
    sa.Index(
        "tickets_pending",
        "source",
        "pending",
        sqlite_where=sa.text("pending > 0"),
        postgresql_where=sa.text("pending > 0"),
    ),
    sa.Index(
        "tickets_own",
        "source",
        "own_at",
        sqlite_where=sa.text("own_at is not null"),
        postgresql_where=sa.text("own_at is not null"),
    ),
    sa.Index("tickets_key", "key"),
    sa.Index(
        "tickets_belongs",
        "source",
        "belongs_to",
        sqlite_where=sa.text("belongs_to is not null"),
        postgresql_where=sa.text("belongs_to is not null"),
    ),
)

# What changed before, by place in the ticket's history. `changes.py`
changes = _table(
    "changes",
    _text("source", key=True),
    _text("kind", key=True),
    _text("id", key=True),
    _number("place", key=True),
    _number("at"),
    _number("seq"),
    _text("field"),
    _text("old"),
    _text("new"),
    _text("by", null=True),
)

# What references are called, and where tickets tell one by its id alone. `names.py`
names = _table(
    "names",
    _text("source", key=True),
    _text("id", key=True),
    _text("name"),
)

unnamed = _table(
    "unnamed",
    _text("source", key=True),
    _text("kind", key=True),
    _text("id", key=True),  # the ticket's
    _text("field", key=True),
    _text("reference", key=True),
    sa.Index("unnamed_reference", "source", "reference"),
)

# One run of a target's clock. `cycles.py`
cycles = _table(
    "cycles",
    _text("source", key=True),
    _text("kind", key=True),
    _text("id", key=True),
    _text("agreement", key=True),
    _text("target", key=True),
    _number("origin", key=True),
    _text("ticket_key"),
    _number("version"),
    _number("number"),
    _text("state"),
    _number("started"),
    _number("ended", null=True),
    _number("elapsed"),
    _number("time", null=True),
    _number("remaining", null=True),
    _number("due", null=True),
    _number("breached_at", null=True),
    sa.Column("used", sa.Float(53), nullable=True),
    _text("excluded", null=True),
    _number("paused"),
    _text("warnings"),
    _text("timeline"),
    _number("next_at", null=True),
    _text("entry"),
    _text("rule_hash"),
    _text("history"),
    _number("outcome_at", null=True),  # breached_at of a missed one, the end of a met one
    _text("dimensions"),  # JSON: the ticket's values that objectives read, at the cycle's latest step
    _number("gone", default=0),  # 1: an earlier run knew it, the history as it is now does not
    sa.Index("cycles_outcome", "agreement", "target", "outcome_at"),
    sa.Index("cycles_state", "source", "state"),
)

# Timeline entries and closed periods that are known. `events.py`
events = _table(
    "events",
    _text("key", key=True),
    _text("source"),
    _text("kind", null=True),
    _text("id", null=True),
    _text("agreement"),
    _text("target", null=True),
    _number("origin", null=True),
    _number("at"),
    _text("name"),
    _number("silent"),
    _text("why", null=True),
    _number("withdrawn", default=0),  # 1: the timeline as it is now does not have it
    _number("known_at"),
    sa.Index("events_ticket", "source", "kind", "id"),
    sa.Index("events_known", "known_at"),
)


def _effect_columns() -> list[sa.Column[str] | sa.Column[int]]:
    """What `desired` and `outbox` share: an effect and how its delivery stands."""
    return [
        _text("key", key=True),
        _text("source"),
        _text("queue"),
        _number("seq"),  # the order within a queue
        _text("output"),
        _text("kind", null=True),
        _text("payload"),
        _text("ticket", null=True),
        _number("at"),
        _number("urgency"),
        _text("state"),
        _text("held_why", null=True),
        _number("attempt", default=0),
        _number("not_before", default=0),
        _number("fence", default=0),
        _number("sent_at", null=True),
        _number("delivery", null=True),  # the delivery that carries (or last carried) it
        _text("remote_id", null=True),
        _text("words", null=True),
        _number("made_at"),
        _number("done_at", null=True),
    ]


# The values wanted on the platform: one row a subject, the latest wins. `desired.py`
desired = _table(
    "desired",
    *_effect_columns(),
    _text("payload_hash"),
    _text("delivered_hash", null=True),
    sa.Index("desired_queue", "source", "queue", "seq"),
    sa.Index("desired_state", "source", "state", "queue"),
)

# Acts: one row each, for ever. `outbox.py`
outbox = _table(
    "outbox",
    *_effect_columns(),
    _text("event", null=True),  # the key of the event behind it
    sa.Index("outbox_queue", "source", "queue", "seq"),
    sa.Index("outbox_state", "source", "state", "queue"),
    sa.Index("outbox_done", "done_at"),
)

# Requests frozen before they were sent. `deliveries.py`
deliveries = _table(
    "deliveries",
    _serial("id"),
    _text("source"),
    _text("queue"),
    _text("keys"),
    _text("request"),
    _text("guard"),
    _text("state"),  # sending | unsure | done | again | set_aside
    _number("attempt"),
    _number("fence"),
    _number("sent_at"),
    _number("settled_at", null=True),
    _text("remote_id", null=True),
    _text("words", null=True),
    sa.Index("deliveries_state", "source", "state"),
    counted=True,
)

# An objective's figure for a period; a correction is a new revision. `periods.py`
periods = _table(
    "periods",
    _text("agreement", key=True),
    _text("objective", key=True),
    _text("each", key=True),  # '' where the objective has no `each`
    _text("period", key=True),
    _number("revision", key=True),
    _number("version"),
    _number("start_at"),
    _number("end_at"),
    _text("state"),  # open | closed
    _number("dirty", default=0),
    _text("verdict", null=True),  # met | missed | no_data
    _number("numerator", null=True),
    _number("denominator", null=True),
    _text("bound", null=True),
    _text("figure", null=True),  # JSON: the whole figure with its evidence
    _text("inputs_hash", null=True),
    _text("changed", null=True),  # JSON: what differs from the revision before
    _number("closed_at", null=True),
    sa.Index("periods_state", "state", "end_at"),
)

# How far each kind of a source is read. `sweeps.py`
sweeps = _table(
    "sweeps",
    _text("source", key=True),
    _text("kind", key=True),
    _text("cursor", null=True),
    _number("begun_at", null=True),  # the platform's time at the start of the sweep at work
    _number("complete_at", null=True),  # the platform's time at the start of the last complete one
    _number("pages", default=0),
    _number("records", default=0),
)

# Re-evaluation of everything after a change of rules, slice by slice. `backfills.py`
backfills = _table(
    "backfills",
    _text("source", key=True),
    _text("why"),
    _text("book_hash"),
    _text("after_kind"),
    _text("after_id"),
    _number("done", default=0),
    _number("total", default=0),
    _number("begun_at"),
)

# Enacted texts as they were when first met. `rulesets.py`
rulesets = _table(
    "rulesets",
    _text("agreement", key=True),
    _number("version", key=True),
    _text("hash", key=True),
    _text("text"),
    _text("tz_version"),
    _number("met_at"),
)

# Who works on a source. `leases.py`
leases = _table(
    "leases",
    _text("source", key=True),
    _text("host"),
    _number("pid"),
    _number("fence"),
    _number("heartbeat"),
    _number("released", default=0),
)

# Ids that a webhook asked to have read. `inbox.py`
inbox = _table(
    "inbox",
    _serial("number"),
    _text("source"),
    _text("kind"),
    _text("id"),
    _number("received_at"),
    sa.Index("inbox_source", "source", "number"),
    counted=True,
)

# What each run did. `runs.py`
runs = _table(
    "runs",
    _serial("id"),
    _text("sources"),
    _number("begun_at"),
    _number("ended_at", null=True),
    _text("summary", null=True),
    _number("exit_code", null=True),
    counted=True,
)

# Records that could not be used, with the reason. `aside.py`
aside = _table(
    "aside",
    _text("source", key=True),
    _text("kind", key=True),
    _text("key", key=True),
    _text("reason"),
    _number("since"),
)

# Values that no `values:` entry covers, as the last sweep that met them counted. `unmapped.py`
unmapped = _table(
    "unmapped",
    _text("source", key=True),
    _text("kind", key=True),
    _text("field", key=True),
    _text("value", key=True),
    _number("records"),
    _number("run"),
)
