"""What a demo writes: a table for people, `var/demo.json` for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agreement.differences import Kind
from agreement.moments import percentile
from agreement.verdict import Verdict
from cli.display import table
from demo.controls import Counted, System

SHOWN = 20
"""Lines of a list in the text; var/demo.json has all."""


def to_json(  # noqa: PLR0913 - what the demo is judged by
    verdict: Verdict,
    requests: Mapping[System, Counted],
    seconds: float,
    tie_outs: Sequence[Mapping[str, Any]] = (),
    customers: Mapping[str, Sequence[str]] | None = None,
    *,
    products: Mapping[str, Sequence[str]] | None = None,
    prices: Mapping[str, Sequence[str]] | None = None,
    waiting: Sequence[str] = (),
) -> dict[str, Any]:
    """The document of `var/demo.json`.

    In: `tie_outs` are the documents of `causeway audit money`, one per day; what differs of each
    customer, product and price, where they are synced; each case that waits for a person.
    """
    differing = {key: why for key, why in (customers or {}).items() if why}
    other = {sku: why for sku, why in (products or {}).items() if why}
    priced = {sku: why for sku, why in (prices or {}).items() if why}
    latencies = verdict.latencies_s
    return {
        "agrees": verdict.agrees
        and not (differing or other or priced)
        and all(one["agrees"] for one in tie_outs),
        "orders": {
            "placed": verdict.placed,
            "eligible": verdict.eligible,
            "in_brightpearl": verdict.in_brightpearl,
            "parked": verdict.parked,
            "quarantined": verdict.quarantined,
            "cancelled": verdict.cancelled,
            "duplicates": len(verdict.with_kind(Kind.DOUBLED)),
            "missing": len(verdict.with_kind(Kind.MISSING)),
        },
        "waiting": list(waiting),
        "money": {
            "cents_off": verdict.cents_off,
            "orders_off": len(verdict.with_kind(Kind.AMOUNT, Kind.LINE)),
            "payments_off": len(verdict.with_kind(Kind.RECEIPT)),
        },
        "stock": {
            "skus": len(verdict.stock),
            "equal": len(verdict.stock) - len(verdict.wrong_stock),
            "units_ordered": verdict.units,
            "units_reserved": verdict.units_reserved,
            "orders_not_reserved": len(verdict.unreserved),
        },
        "shipments": {
            "units_sent": verdict.units_left,
            "units_in_store": verdict.units_shipped,
            "orders_off": len(verdict.with_kind(Kind.SHIPMENT)),
        },
        "refunds": {
            "refunded": verdict.refunds,
            "credited": verdict.credits,
            "cents_off": verdict.refund_cents_off,
            "orders_off": len(verdict.with_kind(Kind.REFUND)),
        },
        **(
            {"customers": {"customers": len(customers), "equal": len(customers) - len(differing)}}
            if customers is not None
            else {}
        ),
        **(
            {"products": {"products": len(products), "equal": len(products) - len(other)}}
            if products is not None
            else {}
        ),
        **(
            {"prices": {"records": len(prices), "equal": len(prices) - len(priced)}}
            if prices is not None
            else {}
        ),
        "tie_out": [_tie_out(one) for one in tie_outs],
        "latency_s": {
            "p50": _rounded(percentile(latencies, 0.5)),
            "p95": _rounded(percentile(latencies, 0.95)),
            "max": _rounded(latencies[-1] if latencies else None),
        },
        "requests": {
            **{system: counted.total for system, counted in requests.items()},
            "throttled": sum(counted.throttled for counted in requests.values()),
        },
        "differences": [
            *verdict.of_orders(),
            *verdict.of_stock(),
            *(f"customer {key}: {', '.join(why)}" for key, why in differing.items()),
            *(f"product {sku}: {', '.join(why)}" for sku, why in other.items()),
            *(f"price of {sku}: {', '.join(why)}" for sku, why in priced.items()),
            *_unexplained(tie_outs),
        ],
        "seconds": round(seconds, 1),
    }


def _tie_out(tie_out: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "day": tie_out["day"],
        "agrees": tie_out["agrees"],
        "cents_off": tie_out["cents_off"],
        "explained": len(tie_out["explained"]),
        "explanations": tie_out["explained"],
        "says": tie_out["says"],
        "lines": tie_out["orders"],
    }


def _unexplained(tie_outs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{name}: {why} (money tie-out of {one['day']})"
        for one in tie_outs
        for name, why in one["unexplained"].items()
    ]


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
    sent, refunds = document["shipments"], document["refunds"]
    rows = [
        ("orders placed", orders["placed"]),
        ("  importable", orders["eligible"]),
        ("  in Brightpearl", orders["in_brightpearl"]),
        ("with a case in quarantine", orders["quarantined"]),
        ("waiting for payment or stock", orders["parked"]),
        ("cancelled on both sides", orders["cancelled"]),
        ("doubled", orders["duplicates"]),
        ("missing", orders["missing"]),
        ("cents off", money["cents_off"]),
        ("orders whose receipts differ", money["payments_off"]),
        ("SKUs whose stock is right", f"{stock['equal']} of {stock['skus']}"),
        ("units reserved", f"{stock['units_reserved']} of {stock['units_ordered']}"),
        ("units sent, shipped in the store", f"{sent['units_sent']}, {sent['units_in_store']}"),
        ("refunds, credits", f"{refunds['refunded']}, {refunds['credited']}"),
        ("  credits' cents off", refunds["cents_off"]),
        *(
            [("customers equal to their contacts", f"{people['equal']} of {people['customers']}")]
            if (people := document.get("customers"))
            else []
        ),
        *(
            [("products equal on both sides", f"{goods['equal']} of {goods['products']}")]
            if (goods := document.get("products"))
            else []
        ),
        *(
            [("prices equal on both sides", f"{asked['equal']} of {asked['records']}")]
            if (asked := document.get("prices"))
            else []
        ),
        ("placed → complete, p50 / p95 / max", _seconds(latency)),
        ("requests to BigCommerce", requests["bigcommerce"]),
        ("requests to Brightpearl", requests["brightpearl"]),
        ("  throttled", requests["throttled"]),
        ("seconds", document["seconds"]),
    ]
    parts = [table(["what", "figure"], rows), *_tie_out_text(document["tie_out"])]
    if waiting := document["waiting"]:
        parts.append("\nWaiting for a person (causeway quarantine list):")
        parts.extend(_shown(waiting))
    if differences := document["differences"]:
        parts.append("\nThe two systems differ:")
        parts.extend(_shown(differences))
    else:
        parts.append("\nBoth systems agree.")
    return "\n".join(parts)


def _shown(lines: Sequence[str]) -> list[str]:
    more = [f"… and {len(lines) - SHOWN} more: var/demo.json"] if len(lines) > SHOWN else []
    return [f"  {line}" for line in (*lines[:SHOWN], *more)]


TIE_OUT_FIGURES = ("orders", "total", "taxed", "refunded", "paid", "paid_back")
"""Figures of a tie-out that the table shows; var/demo.json has all."""


def _tie_out_text(tie_outs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Both systems' money by day, channel and currency; what differs shows both sides."""
    rows = [
        (
            one["day"],
            line["channel"],
            line["currency"],
            *(_both(line, name) for name in TIE_OUT_FIGURES),
        )
        for one in tie_outs
        for line in one["lines"]
    ]
    if not rows:
        return []
    columns = ["day", "channel", "currency", *(name.replace("_", " ") for name in TIE_OUT_FIGURES)]
    title = "\nMoney tie-out, BigCommerce = Brightpearl\n"
    said = []
    for one in tie_outs:
        differing, *population = one["says"].split("\n\n")[:2]
        said.append(differing)
        said += [f"  explained: {name}: {why}" for name, why in one["explanations"].items()]
        said += population
    return [title + table(columns, rows), *said]


def _both(line: Mapping[str, Any], name: str) -> str:
    store, account = line["bigcommerce"][name], line["brightpearl"][name]
    return str(store) if store == account else f"{store} ≠ {account}"


def _seconds(latency: Mapping[str, float | None]) -> str:
    shown = ("-" if latency[name] is None else f"{latency[name]}" for name in ("p50", "p95", "max"))
    return " / ".join(shown) + " s"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
