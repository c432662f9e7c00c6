"""What the watchdogs find wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "alerts",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("watchdog", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("opened_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("seen_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "watchdog", "subject", name=op.f("pk_alerts")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("alerts")
