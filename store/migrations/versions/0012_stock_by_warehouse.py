"""What waits for stock names the warehouse as well: whatever waits is checked once more."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CHECK_AGAIN = """
UPDATE inbox SET ready_at = updated_at
WHERE state = 'parked' AND EXISTS (
  SELECT 1 FROM inbox_conditions AS waits
  WHERE waits.pair = inbox.pair AND waits.entity = inbox.entity AND waits.key = inbox.key
  AND waits.condition LIKE 'stock:%'
)
"""


def upgrade() -> None:
    """Make the change."""
    op.execute(CHECK_AGAIN)


def downgrade() -> None:
    """Take the change back."""
    op.execute(CHECK_AGAIN)
