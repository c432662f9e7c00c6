"""Who gets a case, since when a key has failed by itself, and requests of each hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    moment = store.sql.UtcDateTime(length=27)
    op.add_column("inbox", sa.Column("failing_since", moment, nullable=True))
    document = store.sql.document_type()
    op.add_column("quarantine", sa.Column("triage", document, nullable=False, server_default="{}"))
    op.add_column("quarantine", sa.Column("queue", sa.Text(), nullable=False, server_default=""))
    op.add_column("quarantine", sa.Column("act_within_h", sa.Float(), nullable=True))
    op.create_table(
        "requests",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("hour", moment, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pair", "hour", "system", name=op.f("pk_requests")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("requests")
    for name in ("act_within_h", "queue", "triage"):
        op.drop_column("quarantine", name)
    op.drop_column("inbox", "failing_since")
