"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "catalogue",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("sku_key", sa.Text(), nullable=False),
        sa.Column("is_stock_tracked", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "product_id", name=op.f("pk_catalogue")),
    )
    with op.batch_alter_table("catalogue", schema=None) as batch_op:
        batch_op.create_index("ix_catalogue_sku_key", ["pair", "sku_key"], unique=False)

    op.create_table(
        "counts",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pair", "day", "name", name=op.f("pk_counts")),
    )
    op.create_table(
        "crosswalk",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key_bc", sa.Text(), nullable=False),
        sa.Column("id_bp", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("updated_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "entity", "key_bc", name=op.f("pk_crosswalk")),
    )
    with op.batch_alter_table("crosswalk", schema=None) as batch_op:
        batch_op.create_index("ix_crosswalk_id_bp", ["pair", "entity", "id_bp"], unique=False)

    op.create_table(
        "cursors",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "inbox",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ready_at", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("due_since", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dirty_since", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("dirty_source", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("updated_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("pair", "entity", "key", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_claim",
            ["pair", "entity", "lane", "ready_at"],
            unique=False,
            sqlite_where=sa.text("ready_at IS NOT NULL"),
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_inbox_owner",
            ["owner"],
            unique=False,
            sqlite_where=sa.text("owner IS NOT NULL"),
            postgresql_where=sa.text("owner IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_inbox_ready_at",
            ["ready_at"],
            unique=False,
            sqlite_where=sa.text("ready_at IS NOT NULL"),
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        )

    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "ledger",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("mapping_version", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("intent_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_at", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("written_id", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_key", ["pair", "entity", "key"], unique=False)
        batch_op.create_index(
            "ix_ledger_mapping_version", ["pair", "mapping_version"], unique=False
        )
        batch_op.create_index("ix_ledger_run_id", ["run_id"], unique=False)

    op.create_table(
        "mapping_versions",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("published_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "files",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("pair", "number", name=op.f("pk_mapping_versions")),
    )
    op.create_table(
        "quarantine",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("opened_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("seen_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column("closed_at", store.sql.UtcDateTime(length=27), nullable=True),
        sa.Column("closed_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            "uq_quarantine_open",
            ["pair", "entity", "key", "class", "field", "value"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "runs",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("kept_at", store.sql.UtcDateTime(length=27), nullable=False),
        sa.Column(
            "report",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index("ix_runs_flow", ["pair", "flow", "id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("ix_runs_flow")

    op.drop_table("runs")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_quarantine_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("quarantine")
    op.drop_table("mapping_versions")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_run_id")
        batch_op.drop_index("ix_ledger_mapping_version")
        batch_op.drop_index("ix_ledger_key")

    op.drop_table("ledger")
    op.drop_table("leases")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_inbox_ready_at",
            sqlite_where=sa.text("ready_at IS NOT NULL"),
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_inbox_owner",
            sqlite_where=sa.text("owner IS NOT NULL"),
            postgresql_where=sa.text("owner IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_inbox_claim",
            sqlite_where=sa.text("ready_at IS NOT NULL"),
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        )

    op.drop_table("inbox")
    op.drop_table("cursors")
    with op.batch_alter_table("crosswalk", schema=None) as batch_op:
        batch_op.drop_index("ix_crosswalk_id_bp")

    op.drop_table("crosswalk")
    op.drop_table("counts")
    with op.batch_alter_table("catalogue", schema=None) as batch_op:
        batch_op.drop_index("ix_catalogue_sku_key")

    op.drop_table("catalogue")
