"""Every table, as SQLAlchemy Core. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from store.columns import Moment, Words, document_type

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
LONGEST_VALUE = 600
"""Characters of a refused value that are kept: PostgreSQL's indexes hold 2,700 bytes."""
_ROW_ID = BigInteger().with_variant(Integer(), "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("pair", Words, nullable=False),
    Column("entity", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("ready_at", Moment),
    Column("due_since", Moment),
    Column("source", Words, nullable=False),
    Column("dirty_since", Moment),
    Column("dirty_source", Words),
    Column("owner", Words),
    Column("claimed_at", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Words, nullable=False, server_default=""),
    Column("expires_at", Moment),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "entity", "key"),
)
"""Keys that may need work; `inbox.py` says what the columns mean."""
Index(
    "ix_inbox_claim",
    inbox.c.pair,
    inbox.c.entity,
    inbox.c.priority,
    inbox.c.ready_at,
    sqlite_where=text("ready_at IS NOT NULL"),
    postgresql_where=text("ready_at IS NOT NULL"),
)
Index(
    "ix_inbox_ready_at",
    inbox.c.ready_at,
    sqlite_where=text("ready_at IS NOT NULL"),
    postgresql_where=text("ready_at IS NOT NULL"),
)
Index(
    "ix_inbox_owner",
    inbox.c.owner,
    sqlite_where=text("owner IS NOT NULL"),
    postgresql_where=text("owner IS NOT NULL"),
)

inbox_conditions = Table(
    "inbox_conditions",
    metadata,
    Column("pair", Words, nullable=False),
    Column("condition", Words, nullable=False),
    Column("entity", Words, nullable=False),
    Column("key", Words, nullable=False),
    PrimaryKeyConstraint("pair", "condition", "entity", "key"),
    Index("ix_inbox_conditions_key", "pair", "entity", "key"),
)
"""What parked keys wait for; `conditions.py` says how they wake."""

conditions_met = Table(
    "conditions_met",
    metadata,
    Column("pair", Words, nullable=False),
    Column("condition", Words, nullable=False),
    Column("met_at", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "condition"),
)
"""When conditions came true while keys of the pair were being worked on."""

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    Column("owner", Words, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("pair", Words, nullable=False),
    Column("entity", Words, nullable=False),
    Column("key_bc", Words, nullable=False),
    Column("id_bp", Words, nullable=False),
    Column("detail", document_type(), nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "entity", "key_bc"),
    Index("ix_links_id_bp", "pair", "entity", "id_bp"),
)
"""Which record of BigCommerce is which record of Brightpearl."""

catalogue = Table(
    "catalogue",
    metadata,
    Column("pair", Words, nullable=False),
    Column("product_id", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("sku_key", Words, nullable=False),
    Column("is_stock_tracked", Integer, nullable=False),
    Column("status", Words, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "product_id"),
    Index("ix_catalogue_sku_key", "pair", "sku_key"),
)
"""Brightpearl's products, as last read."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", Words, nullable=False),
    Column("entity", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("natural_key", Words, nullable=False),
    Column("before", document_type(), nullable=False),
    Column("after", document_type(), nullable=False),
    Column("mapping_version", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    Column("intent_at", Moment, nullable=False),
    Column("outcome", Words),
    Column("outcome_at", Moment),
    Column("written_id", Words, nullable=False, server_default=""),
    Column("error", Words, nullable=False, server_default=""),
    Index("ix_ledger_key", "pair", "entity", "key"),
    Index("ix_ledger_run_id", "run_id"),
    Index("ix_ledger_mapping_version", "pair", "mapping_version"),
    sqlite_autoincrement=True,
)
"""Every write: its intent before, its outcome after."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", Words, nullable=False),
    Column("entity", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("class", Words, nullable=False),
    Column("field", Words, nullable=False),
    Column("value", Words(LONGEST_VALUE), nullable=False),
    Column("reason", Words, nullable=False),
    Column("remedy", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    Column("detail", document_type(), nullable=False),
    Column("state", Words, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_reason", Words, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""Refused records that wait for a person; `state` is open, released, resolved or discarded."""
Index(
    "uq_quarantine_open",
    quarantine.c.pair,
    quarantine.c.entity,
    quarantine.c.key,
    quarantine.c["class"],
    quarantine.c.field,
    quarantine.c.value,
    unique=True,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("pair", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("position", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "name"),
)
"""How far we have read."""

demand = Table(
    "demand",
    metadata,
    Column("pair", Words, nullable=False),
    Column("order_id", Words, nullable=False),
    Column("sku_key", Words, nullable=False),
    Column("units", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("pair", "order_id", "sku_key"),
    Index("ix_demand_sku_key", "pair", "sku_key"),
)
"""Units of BigCommerce's orders that Brightpearl has not reserved."""

accuracy = Table(
    "accuracy",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("compared", Integer, nullable=False),
    Column("equal", Integer, nullable=False),
    Column("oversold", Integer, nullable=False),
    Index("ix_accuracy_at", "pair", "at"),
    sqlite_autoincrement=True,
)
"""How many SKUs at locations were right in each comparison of all, and units sold above stock."""

counts = Table(
    "counts",
    metadata,
    Column("pair", Words, nullable=False),
    Column("day", Date, nullable=False),
    Column("name", Words, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("pair", "day", "name"),
)
"""What is only counted, per UTC day."""

runs = Table(
    "runs",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("run_id", Words, nullable=False),
    Column("pair", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("kept_at", Moment, nullable=False),
    Column("report", document_type(), nullable=False),
    Index("ix_runs_flow", "pair", "flow", "id"),
    sqlite_autoincrement=True,
)
"""The report of each run."""

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("pair", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", Words, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("hash", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("files", document_type(), nullable=False),
    PrimaryKeyConstraint("pair", "number"),
)
"""Published mappings; a row never changes."""
