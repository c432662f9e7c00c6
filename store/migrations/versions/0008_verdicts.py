"""What people decided about suggestions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "verdicts",
        sa.Column("id", row_id, autoincrement=True, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("pair", "feature", "entity", "subject", "verdict")
        ),
        sa.Column("facts", store.sql.document_type(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_verdicts_feature", "verdicts", ["pair", "feature", "entity"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("verdicts")
