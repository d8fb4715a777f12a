"""Keep what references are called, and where one is told by its id alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "names",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "id"),
        sqlite_with_rowid=False,
    )
    keys = ("source", "kind", "id", "field", "reference")
    op.create_table(
        "unnamed",
        *(sa.Column(name, sa.Text, nullable=False) for name in keys),
        sa.PrimaryKeyConstraint(*keys),
        sqlite_with_rowid=False,
    )
    op.create_index("unnamed_reference", "unnamed", ["source", "reference"])
