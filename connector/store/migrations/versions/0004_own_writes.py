"""Remember how our own writes have left a ticket: the next sweep that meets it so has met nothing new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_IS_OURS = sa.text("own_at is not null")


def upgrade() -> None:
    op.add_column("tickets", sa.Column("edition", sa.BigInteger, nullable=True))
    op.add_column("tickets", sa.Column("own_at", sa.BigInteger, nullable=True))
    op.create_index(
        "tickets_own", "tickets", ["source", "own_at"], sqlite_where=_IS_OURS, postgresql_where=_IS_OURS
    )
