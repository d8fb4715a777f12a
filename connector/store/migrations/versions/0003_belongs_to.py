"""Remember which ticket a record is about, so that a ticket's cycles on the platform are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("belongs_to", sa.Text, nullable=True))
    op.create_index(
        "tickets_belongs",
        "tickets",
        ["source", "belongs_to"],
        sqlite_where=sa.text("belongs_to is not null"),
        postgresql_where=sa.text("belongs_to is not null"),
    )
