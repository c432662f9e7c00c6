"""Who did what about an entry of the quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "quarantine_actions",
        sa.Column("id", row_id, autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_actions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quarantine_actions_entry_id", "quarantine_actions", ["entry_id"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_quarantine_class",
        "quarantine",
        ["pair", "class", "value"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_quarantine_class", table_name="quarantine")
    op.drop_table("quarantine_actions")
