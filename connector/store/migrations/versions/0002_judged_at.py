"""Remember as of when each ticket was evaluated: a nudged one is ahead of its source's watermark."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "tickets", sa.Column("judged_at", sa.BigInteger, nullable=False, server_default=sa.text("0"))
    )
