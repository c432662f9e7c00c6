"""Keys wait for several conditions, links and priorities have their own names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import store.sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "inbox_conditions",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "pair", "condition", "entity", "key", name=op.f("pk_inbox_conditions")
        ),
    )
    op.create_index("ix_inbox_conditions_key", "inbox_conditions", ["pair", "entity", "key"])
    op.create_table(
        "conditions_met",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("met_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "condition", name=op.f("pk_conditions_met")),
    )
    op.execute(
        "INSERT INTO inbox_conditions (pair, condition, entity, key) "
        "SELECT pair, condition, entity, key FROM inbox "
        "WHERE state = 'parked' AND condition IS NOT NULL"
    )
    op.execute("ALTER TABLE inbox DROP COLUMN condition")
    op.execute("ALTER TABLE inbox RENAME COLUMN lane TO priority")
    op.add_column("inbox", sa.Column("claimed_at", store.sql.UtcDateTime(length=27)))
    op.rename_table("crosswalk", "links")
    op.execute("ALTER TABLE links DROP COLUMN state")
    _rename_index("ix_crosswalk_id_bp", "ix_links_id_bp")
    _rename_key("pk_crosswalk", "pk_links")


def downgrade() -> None:
    """Take the change back."""
    _rename_key("pk_links", "pk_crosswalk")
    _rename_index("ix_links_id_bp", "ix_crosswalk_id_bp")
    op.add_column("links", sa.Column("state", sa.Text(), nullable=False, server_default="live"))
    op.rename_table("links", "crosswalk")
    op.execute("ALTER TABLE inbox DROP COLUMN claimed_at")
    op.execute("ALTER TABLE inbox RENAME COLUMN priority TO lane")
    op.add_column("inbox", sa.Column("condition", sa.Text()))
    op.execute(
        "UPDATE inbox SET condition = (SELECT min(waits.condition) FROM inbox_conditions AS waits "
        "WHERE waits.pair = inbox.pair AND waits.entity = inbox.entity AND waits.key = inbox.key) "
        "WHERE state = 'parked'"
    )
    op.drop_table("conditions_met")
    op.drop_table("inbox_conditions")


def _rename_index(old: str, new: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
        return
    op.drop_index(old)
    op.create_index(new, "links", ["pair", "entity", "id_bp"])


def _rename_key(old: str, new: str) -> None:
    """On PostgreSQL only: SQLite would have to copy the table, and never shows the name."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE links RENAME CONSTRAINT {old} TO {new}")
