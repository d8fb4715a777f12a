"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _number(name: str, *, null: bool = False, default: int | None = None) -> sa.Column[int]:
    start = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.BigInteger, nullable=null, server_default=start, autoincrement=False)


def _share(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(53), nullable=null)


def _serial(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True)


def upgrade() -> None:
    op.create_table(
        "about",
        _text("name"),
        _text("value"),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sources",
        _text("source"),
        _text("instance"),
        _number("watermark", null=True),
        _number("start_at"),
        _number("skew", default=0),
        _text("judging", null=True),
        _text("judged", null=True),
        _text("learned", null=True),
        _number("learned_at", default=0),
        _text("mapping", null=True),
        sa.PrimaryKeyConstraint("source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        _text("source"),
        _text("kind"),
        _text("id"),
        _text("key"),
        _text("url", null=True),
        _text("fields"),
        _number("opened", null=True),
        _number("updated", null=True),
        _text("history"),
        _text("digest"),
        _number("revision", default=1),
        _number("dirty", default=1),
        _number("next_at", null=True),
        _number("read_at", default=0),
        _number("quiet", default=0),
        _number("pending", default=0),
        _text("pending_why", null=True),
        _text("frozen", null=True),
        _text("repairs", null=True),
        sa.PrimaryKeyConstraint("source", "kind", "id"),
        sqlite_with_rowid=False,
    )
    some = sa.text("dirty = 1")
    op.create_index(
        "tickets_dirty", "tickets", ["source", "kind", "id"], sqlite_where=some, postgresql_where=some
    )
    op.create_index("tickets_key", "tickets", ["key"])
    some = sa.text("next_at is not null")
    op.create_index(
        "tickets_next", "tickets", ["source", "next_at"], sqlite_where=some, postgresql_where=some
    )
    some = sa.text("pending > 0")
    op.create_index(
        "tickets_pending", "tickets", ["source", "pending"], sqlite_where=some, postgresql_where=some
    )
    op.create_table(
        "changes",
        _text("source"),
        _text("kind"),
        _text("id"),
        _number("place"),
        _number("at"),
        _number("seq"),
        _text("field"),
        _text("old"),
        _text("new"),
        _text("by", null=True),
        sa.PrimaryKeyConstraint("source", "kind", "id", "place"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cycles",
        _text("source"),
        _text("kind"),
        _text("id"),
        _text("agreement"),
        _text("target"),
        _number("origin"),
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
        _share("used", null=True),
        _text("excluded", null=True),
        _number("paused"),
        _text("warnings"),
        _text("timeline"),
        _number("next_at", null=True),
        _text("entry"),
        _text("rule_hash"),
        _text("history"),
        _number("outcome_at", null=True),
        _text("dimensions"),
        _number("gone", default=0),
        sa.PrimaryKeyConstraint("source", "kind", "id", "agreement", "target", "origin"),
        sqlite_with_rowid=False,
    )
    op.create_index("cycles_outcome", "cycles", ["agreement", "target", "outcome_at"])
    op.create_index("cycles_state", "cycles", ["source", "state"])
    op.create_table(
        "events",
        _text("key"),
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
        _number("withdrawn", default=0),
        _number("known_at"),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("events_known", "events", ["known_at"])
    op.create_index("events_ticket", "events", ["source", "kind", "id"])
    op.create_table(
        "desired",
        _text("key"),
        _text("source"),
        _text("queue"),
        _number("seq"),
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
        _number("delivery", null=True),
        _text("remote_id", null=True),
        _text("words", null=True),
        _number("made_at"),
        _number("done_at", null=True),
        _text("payload_hash"),
        _text("delivered_hash", null=True),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("desired_queue", "desired", ["source", "queue", "seq"])
    op.create_index("desired_state", "desired", ["source", "state"])
    op.create_table(
        "outbox",
        _text("key"),
        _text("source"),
        _text("queue"),
        _number("seq"),
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
        _number("delivery", null=True),
        _text("remote_id", null=True),
        _text("words", null=True),
        _number("made_at"),
        _number("done_at", null=True),
        _text("event", null=True),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("outbox_done", "outbox", ["done_at"])
    op.create_index("outbox_queue", "outbox", ["source", "queue", "seq"])
    op.create_index("outbox_state", "outbox", ["source", "state"])
    op.create_table(
        "deliveries",
        _serial("id"),
        _text("source"),
        _text("queue"),
        _text("keys"),
        _text("request"),
        _text("guard"),
        _text("state"),
        _number("attempt"),
        _number("fence"),
        _number("sent_at"),
        _number("settled_at", null=True),
        _text("remote_id", null=True),
        _text("words", null=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deliveries_state", "deliveries", ["source", "state"])
    op.create_table(
        "periods",
        _text("agreement"),
        _text("objective"),
        _text("each"),
        _text("period"),
        _number("revision"),
        _number("version"),
        _number("start_at"),
        _number("end_at"),
        _text("state"),
        _number("dirty", default=0),
        _text("verdict", null=True),
        _number("numerator", null=True),
        _number("denominator", null=True),
        _text("bound", null=True),
        _text("figure", null=True),
        _text("inputs_hash", null=True),
        _text("changed", null=True),
        _number("closed_at", null=True),
        sa.PrimaryKeyConstraint("agreement", "objective", "each", "period", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_index("periods_state", "periods", ["state", "end_at"])
    op.create_table(
        "sweeps",
        _text("source"),
        _text("kind"),
        _text("cursor", null=True),
        _number("begun_at", null=True),
        _number("complete_at", null=True),
        _number("pages", default=0),
        _number("records", default=0),
        sa.PrimaryKeyConstraint("source", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "backfills",
        _text("source"),
        _text("why"),
        _text("book_hash"),
        _text("after_kind"),
        _text("after_id"),
        _number("done", default=0),
        _number("total", default=0),
        _number("begun_at"),
        sa.PrimaryKeyConstraint("source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rulesets",
        _text("agreement"),
        _number("version"),
        _text("hash"),
        _text("text"),
        _text("tz_version"),
        _number("met_at"),
        sa.PrimaryKeyConstraint("agreement", "version", "hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        _text("source"),
        _text("host"),
        _number("pid"),
        _number("fence"),
        _number("heartbeat"),
        _number("released", default=0),
        sa.PrimaryKeyConstraint("source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "inbox",
        _serial("number"),
        _text("source"),
        _text("kind"),
        _text("id"),
        _number("received_at"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("inbox_source", "inbox", ["source", "number"])
    op.create_table(
        "runs",
        _serial("id"),
        _text("sources"),
        _number("begun_at"),
        _number("ended_at", null=True),
        _text("summary", null=True),
        _number("exit_code", null=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "aside",
        _text("source"),
        _text("kind"),
        _text("key"),
        _text("reason"),
        _number("since"),
        sa.PrimaryKeyConstraint("source", "kind", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unmapped",
        _text("source"),
        _text("kind"),
        _text("field"),
        _text("value"),
        _number("records"),
        _number("run"),
        sa.PrimaryKeyConstraint("source", "kind", "field", "value"),
        sqlite_with_rowid=False,
    )
