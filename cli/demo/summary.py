"""What a demo leaves: a table for people, `var/demo.json` for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.demo.verdict import Verdict, percentile
from cli.output import table

SHOWN_DIFFERENCES = 20


def to_json(verdict: Verdict, requests: Mapping[str, int], seconds: float) -> dict[str, Any]:
    """The document of `var/demo.json`. What this version does not move says so."""
    latencies = verdict.latencies_s
    return {
        "agrees": verdict.agrees,
        "orders": {
            "placed": verdict.placed,
            "eligible": verdict.eligible,
            "in_brightpearl": verdict.in_brightpearl,
            "parked": verdict.parked,
            "quarantined": verdict.quarantined,
            "duplicates": len(verdict.duplicates),
            "missing": len(verdict.missing),
        },
        "money": {
            "cents_off": verdict.cents_off,
            "orders_off": len(verdict.amounts),
            "payments_off": len(verdict.payments),
        },
        "stock": {
            "moved": False,
            "units_ordered": verdict.units,
            "units_reserved": verdict.units_reserved,
            "orders_not_reserved": len(verdict.unreserved),
        },
        "shipments": {"moved": False},
        "refunds": {"moved": False},
        "latency_s": {
            "p50": _rounded(percentile(latencies, 0.5)),
            "p95": _rounded(percentile(latencies, 0.95)),
            "max": _rounded(latencies[-1] if latencies else None),
        },
        "requests": dict(requests),
        "differences": verdict.differences(),
        "seconds": round(seconds, 1),
    }


def write(document: Mapping[str, Any], path: Path) -> None:
    """Write the document, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    unfinished.replace(path)


def to_text(document: Mapping[str, Any]) -> str:
    """The summary table, and the differences if there are any."""
    orders, money, stock = document["orders"], document["money"], document["stock"]
    latency, requests = document["latency_s"], document["requests"]
    rows = [
        ("orders placed", orders["placed"]),
        ("  importable", orders["eligible"]),
        ("  in Brightpearl", orders["in_brightpearl"]),
        ("  named in quarantine", orders["quarantined"]),
        ("  waiting for payment or stock", orders["parked"]),
        ("  doubled", orders["duplicates"]),
        ("  missing", orders["missing"]),
        ("cents off", money["cents_off"]),
        ("orders whose receipts differ", money["payments_off"]),
        ("units reserved", f"{stock['units_reserved']} of {stock['units_ordered']}"),
        ("placed → complete, p50 / p95 / max", _seconds(latency)),
        ("requests to BigCommerce", requests["bigcommerce"]),
        ("requests to Brightpearl", requests["brightpearl"]),
        ("  throttled", requests["throttled"]),
        ("seconds", document["seconds"]),
    ]
    parts = [table(["what", "figure"], rows)]
    if differences := document["differences"]:
        parts.append("\nThe two systems differ:")
        parts.extend(f"  {line}" for line in differences[:SHOWN_DIFFERENCES])
        if len(differences) > SHOWN_DIFFERENCES:
            parts.append(f"  … and {len(differences) - SHOWN_DIFFERENCES} more: var/demo.json")
    else:
        parts.append("\nBoth systems agree.")
    return "\n".join(parts)


def _seconds(latency: Mapping[str, float | None]) -> str:
    shown = ("-" if latency[name] is None else f"{latency[name]}" for name in ("p50", "p95", "max"))
    return " / ".join(shown) + " s"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
