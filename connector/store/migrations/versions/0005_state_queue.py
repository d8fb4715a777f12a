"""Find what waits in some queues without passing everything that waits."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("desired", "outbox"):
        op.drop_index(f"{table}_state", table)
        op.create_index(f"{table}_state", table, ["source", "state", "queue"])
