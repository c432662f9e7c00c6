"""What orders were scored by, and what people decided about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXED = ("placed_at", "email_key", "ip_key", "card_key")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "order_checks",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("placed_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("ip_key", sa.Text(), nullable=False),
        sa.Column("card_key", sa.Text(), nullable=False),
        sa.Column("facts", store.sql.document_type(), nullable=False),
        sa.Column("verdict", store.sql.document_type(), nullable=False),
        sa.Column("checked_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("labelled_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("labelled_at", store.sql.UtcDateTime(length=27), nullable=True),
        sa.PrimaryKeyConstraint("pair", "order_id", name=op.f("pk_order_checks")),
    )
    for name in INDEXED:
        op.create_index(f"ix_order_checks_{name}", "order_checks", ["pair", name])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("order_checks")
