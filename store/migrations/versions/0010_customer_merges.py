"""Contacts that were merged, and how each was before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "customer_merges",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("pair", "kept", "merged", "state")
        ),
        sa.Column("before", store.sql.document_type(), nullable=False),
        sa.Column("updated_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "kept", "merged", name=op.f("pk_customer_merges")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("customer_merges")
