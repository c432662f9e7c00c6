"""The work of `causeway mappings try`: one order mapped and shown, nothing written."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cli.display import table
from cli.output import stdout_kept_clean
from core.frames import records
from mappings.bundle import Bundle
from tasks.orders.entity import ORDERS
from tasks.orders.extract import extract_orders
from tasks.orders.frames import map_orders
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run

PERSONAL = ("email", "name", "company", "line_", "phone", "post_code")
"""Columns left out of what is shown, for it ends in terminals and tickets."""


def map_order(pair: str, key: str, bundle: Bundle) -> dict[str, Any]:
    """The documents that one order would become, and what would be refused.

    Outside of a flow, so it waits for no Prefect server.

    Raises: what the systems raise.
    """
    with stdout_kept_clean(), Run(ORDERS, pair, flow="try-mappings", dry_run=True) as run:
        run.bundle = bundle
        run.claim(only=[key])
        read = extract_orders(run)
        found = validate(run, read.found)
        desired = validate(run, map_orders(run, found))
        skipped = next((one for one in read.skipped if one.key == key), None)
        return {
            "order": key,
            "version": bundle.version,
            "skipped": skipped.reason if skipped else "",
            "sales_order": _shown(desired.sales_orders),
            "rows": _shown(desired.rows),
            "payments": _shown(desired.payments),
            "refused": records(
                refusal_rows((key, run.with_command(one)) for one in run.refusals.get(key, ()))
            ),
        }


def to_text(mapped: dict[str, Any]) -> str:
    """The documents below each other."""
    parts = [f"Order {mapped['order']} with mappings {mapped['version']}"]
    if mapped["skipped"]:
        parts.append(f"Not synced now: {mapped['skipped']}")
    parts.extend(
        "Sales order\n" + table(["field", "value"], list(header.items()))
        for header in mapped["sales_order"]
    )
    for name, title in (("rows", "Rows"), ("payments", "Payments"), ("refused", "Refused")):
        if lines := mapped[name]:
            columns = list(lines[0])
            rows = [[line[column] for column in columns] for line in lines]
            parts.append(f"{title}\n{table(columns, rows)}")
    return "\n\n".join(parts)


def _shown(rows: pd.DataFrame) -> list[dict[str, Any]]:
    hidden = [
        name
        for name in rows.columns
        if name.startswith(("billing_", "delivery_", "email")) and any(p in name for p in PERSONAL)
    ]
    return records(rows.drop(columns=hidden))
