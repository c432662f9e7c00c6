"""What orders hold of the stock, and how accurate stock was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "demand",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sku_key", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("updated_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "order_id", "sku_key", name=op.f("pk_demand")),
    )
    with op.batch_alter_table("demand", schema=None) as batch_op:
        batch_op.create_index("ix_demand_sku_key", ["pair", "sku_key"], unique=False)
    op.create_table(
        "accuracy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("equal", sa.Integer(), nullable=False),
        sa.Column("oversold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accuracy")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("accuracy", schema=None) as batch_op:
        batch_op.create_index("ix_accuracy_at", ["pair", "at"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("accuracy")
    op.drop_table("demand")
