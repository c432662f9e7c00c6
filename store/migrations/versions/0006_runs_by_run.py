"""Runs are found by the run's id."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_index("ix_runs_run_id", "runs", ["run_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_runs_run_id", "runs")
