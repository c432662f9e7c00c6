"""How often the owner of a key ended while it worked on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "inbox", sa.Column("interruptions", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Take the change back."""
    op.execute("ALTER TABLE inbox DROP COLUMN interruptions")
