"""Every table, as SQLAlchemy Core. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from store.encryption import EncryptedDocument, EncryptedText
from store.sql import StorableText, UtcDateTime, document_type

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
    Column("pair", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("key", StorableText, nullable=False),
    Column("state", StorableText, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("ready_at", UtcDateTime),
    Column("due_since", UtcDateTime),
    Column("source", StorableText, nullable=False),
    Column("dirty_since", UtcDateTime),
    Column("dirty_source", StorableText),
    Column("owner", StorableText),
    Column("claimed_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("interruptions", Integer, nullable=False, server_default="0"),
    Column("failing_since", UtcDateTime),
    Column("reason", StorableText, nullable=False, server_default=""),
    Column("expires_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
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
    Column("pair", StorableText, nullable=False),
    Column("condition", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("key", StorableText, nullable=False),
    PrimaryKeyConstraint("pair", "condition", "entity", "key"),
    Index("ix_inbox_conditions_key", "pair", "entity", "key"),
)
"""What parked keys wait for; `transitions.py` says how they wake."""

conditions_met = Table(
    "conditions_met",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("condition", StorableText, nullable=False),
    Column("met_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "condition"),
)
"""When conditions came true while keys of the pair were being worked on."""

leases = Table(
    "leases",
    metadata,
    Column("name", StorableText, primary_key=True),
    Column("owner", StorableText, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("key_bc", StorableText, nullable=False),
    Column("id_bp", StorableText, nullable=False),
    Column("detail", document_type(), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "entity", "key_bc"),
    Index("ix_links_id_bp", "pair", "entity", "id_bp"),
)
"""Which record of BigCommerce is which record of Brightpearl."""

catalogue = Table(
    "catalogue",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("product_id", StorableText, nullable=False),
    Column("sku", StorableText, nullable=False),
    Column("sku_key", StorableText, nullable=False),
    Column("is_stock_tracked", Integer, nullable=False),
    Column("status", StorableText, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "product_id"),
    Index("ix_catalogue_sku_key", "pair", "sku_key"),
)
"""Brightpearl's products, as last read."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("key", StorableText, nullable=False),
    Column("action", StorableText, nullable=False),
    Column("natural_key", StorableText, nullable=False),
    Column("before", document_type(), nullable=False),
    Column("after", document_type(), nullable=False),
    Column("mapping_version", StorableText, nullable=False),
    Column("run_id", StorableText, nullable=False),
    Column("intent_at", UtcDateTime, nullable=False),
    Column("outcome", StorableText),
    Column("outcome_at", UtcDateTime),
    Column("written_id", StorableText, nullable=False, server_default=""),
    Column("error", StorableText, nullable=False, server_default=""),
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
    Column("pair", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("key", StorableText, nullable=False),
    Column("class", StorableText, nullable=False),
    Column("field", StorableText, nullable=False),
    Column("value", StorableText(LONGEST_VALUE), nullable=False),
    Column("reason", StorableText, nullable=False),
    Column("remedy", StorableText, nullable=False),
    Column("run_id", StorableText, nullable=False),
    Column("detail", EncryptedDocument, nullable=False),
    Column("triage", document_type(), nullable=False, server_default="{}"),
    Column("queue", StorableText, nullable=False, server_default=""),
    Column("act_within_h", Float),
    Column("state", StorableText, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_reason", EncryptedText, nullable=False, server_default=""),
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
Index(
    "ix_quarantine_class",
    quarantine.c.pair,
    quarantine.c["class"],
    quarantine.c.value,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

quarantine_actions = Table(
    "quarantine_actions",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("entry_id", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", StorableText, nullable=False),
    Column("before", StorableText, nullable=False),
    Column("after", StorableText, nullable=False),
    Column("reason", EncryptedText, nullable=False, server_default=""),
    Index("ix_quarantine_actions_entry_id", "entry_id"),
    sqlite_autoincrement=True,
)
"""Who released, approved or discarded an entry of the quarantine, and when."""

order_checks = Table(
    "order_checks",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("order_id", StorableText, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("email_key", StorableText, nullable=False),
    Column("ip_key", StorableText, nullable=False),
    Column("card_key", StorableText, nullable=False),
    Column("facts", document_type(), nullable=False),
    Column("verdict", document_type(), nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("label", StorableText, nullable=False, server_default=""),
    Column("labelled_by", StorableText, nullable=False, server_default=""),
    Column("labelled_at", UtcDateTime),
    PrimaryKeyConstraint("pair", "order_id"),
    Index("ix_order_checks_placed_at", "pair", "placed_at"),
    Index("ix_order_checks_email_key", "pair", "email_key"),
    Index("ix_order_checks_ip_key", "pair", "ip_key"),
    Index("ix_order_checks_card_key", "pair", "card_key"),
)
"""What an order was scored by, without anything personal; the verdict, and a person's: its label.

`label` is `approved` or `discarded`, as the person decided the case, or empty.
"""

cursors = Table(
    "cursors",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("name", StorableText, nullable=False),
    Column("position", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "name"),
)
"""How far we have read."""

demand = Table(
    "demand",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("order_id", StorableText, nullable=False),
    Column("sku_key", StorableText, nullable=False),
    Column("units", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "order_id", "sku_key"),
    Index("ix_demand_sku_key", "pair", "sku_key"),
)
"""Units of BigCommerce's orders that Brightpearl has not reserved."""

accuracy = Table(
    "accuracy",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", StorableText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("compared", Integer, nullable=False),
    Column("equal", Integer, nullable=False),
    Column("oversold", Integer, nullable=False),
    Index("ix_accuracy_at", "pair", "at"),
    sqlite_autoincrement=True,
)
"""How many SKUs at locations were right in each comparison of all, and units sold above stock."""

requests = Table(
    "requests",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("hour", UtcDateTime, nullable=False),
    Column("system", StorableText, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("pair", "hour", "system"),
)
"""Requests that all processes sent to each system in each whole hour."""

counts = Table(
    "counts",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("day", Date, nullable=False),
    Column("name", StorableText, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("pair", "day", "name"),
)
"""What is only counted, per UTC day."""

alerts = Table(
    "alerts",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("watchdog", StorableText, nullable=False),
    Column("subject", StorableText, nullable=False),
    Column("text", StorableText, nullable=False),
    Column("remedy", StorableText, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "watchdog", "subject"),
)
"""What the watchdogs find wrong at the moment."""

runs = Table(
    "runs",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("run_id", StorableText, nullable=False),
    Column("pair", StorableText, nullable=False),
    Column("flow", StorableText, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("report", document_type(), nullable=False),
    Index("ix_runs_flow", "pair", "flow", "id"),
    Index("ix_runs_run_id", "run_id"),
    sqlite_autoincrement=True,
)
"""The report of each run."""

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", StorableText, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("hash", StorableText, nullable=False),
    Column("note", StorableText, nullable=False),
    Column("files", document_type(), nullable=False),
    PrimaryKeyConstraint("pair", "number"),
)
"""Published mappings; a row never changes."""

customer_merges = Table(
    "customer_merges",
    metadata,
    Column("pair", StorableText, nullable=False),
    Column("kept", StorableText, nullable=False),
    Column("merged", StorableText, nullable=False),
    Column("state", StorableText, nullable=False),
    Column("before", document_type(), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("pair", "kept", "merged"),
)
"""Contacts that were merged, and how each was before: ids, places and hashes, nothing personal."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("pair", StorableText, nullable=False),
    Column("feature", StorableText, nullable=False),
    Column("entity", StorableText, nullable=False),
    Column("subject", StorableText, nullable=False),
    Column("verdict", StorableText, nullable=False),
    Column("facts", document_type(), nullable=False),
    Column("actor", StorableText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_verdicts_feature", "pair", "feature", "entity"),
    sqlite_autoincrement=True,
)
"""What people decided about suggestions: the labels that later suggestions learn from."""
