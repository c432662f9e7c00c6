"""All measurements, in the order in which they are read. A new sync adds its modules here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import (
    attack,
    back_orders,
    checks,
    converge,
    customers,
    days,
    foreign,
    latency,
    life,
    limits,
    memory,
    prices,
    priorities,
    products,
    receiver,
    release,
    request_counts,
    soak,
)
from bench.environment import Bench
from bench.figures import Figure
from bench.stock import catalogue, notices, race
from bench.stock import days as stock_days
from core.errors import ConfigError


@dataclass(frozen=True)
class Measurement:
    """One question, and the function that answers it with figures."""

    name: str
    title: str
    measure: Callable[[Bench], list[Figure]]


MEASUREMENTS: Sequence[Measurement] = (
    Measurement("days", "real days the whole way, and once more", days.measure),
    Measurement(
        "batch", "requests for a batch of orders, and once more", request_counts.measure_batch
    ),
    Measurement("latency", "from a paid order to a complete sales order", latency.measure_orders),
    Measurement("afterwards", "from a change after import to its effect", latency.measure_changes),
    Measurement(
        "aftermath", "requests for edits, parcels and refunds", request_counts.measure_changes
    ),
    Measurement(
        "converge", "random lives of orders, edited by people on both sides", converge.measure
    ),
    Measurement("life", "requests for the whole life of real orders, at limits", life.measure),
    Measurement("back-orders", "from goods that arrive to waiting orders", back_orders.measure),
    Measurement("burst", "200 webhooks in one second, at documented limits", limits.measure_burst),
    Measurement("receiver", "the receiver alone, on one core", receiver.measure),
    Measurement("attack", "the receiver under attack", attack.measure),
    Measurement("release", "everything in quarantine, released at once", release.measure),
    Measurement("quota", "a backlog at documented limits", limits.measure_quota),
    Measurement(
        "priorities", "orders during a backfill of 5,000, at limits", priorities.measure_backfill
    ),
    Measurement("foreign-apps", "orders while others use 80 % of either quota", foreign.measure),
    Measurement("checks", "checks of addresses and risk on an order's path", checks.measure),
    Measurement("memory", "memory of the warm worker", memory.measure),
    Measurement("soak", "two hours of mixed work with faults", soak.measure),
    Measurement("customers", "customers against contacts, and edits of them", customers.measure),
    Measurement(
        "stock-all", "stock: a catalogue in which all is wrong", catalogue.measure_everything
    ),
    Measurement("stock-drift", "stock: a few SKUs of many have drifted", catalogue.measure_drift),
    Measurement(
        "stock-latency", "from a change of stock to what is on sale", notices.measure_latency
    ),
    Measurement("stock-flood", "stock: 10,000 notices within a minute", notices.measure_flood),
    Measurement("stock-race", "stock: two channels race for the last pieces", race.measure),
    Measurement("stock-days", "stock: real days, restocks, returns and counts", stock_days.measure),
    Measurement("prices", "50,000 prices in three lists", prices.measure),
    Measurement("products", "products: 20,000 with three variants each", products.measure),
    Measurement(
        "stock-priority",
        "orders during a full reconciliation, at limits",
        priorities.measure_reconciliation,
    ),
)


RENAMED = {"stock-lane": "stock-priority"}
"""Names of earlier versions."""


def chosen(names: Sequence[str]) -> list[Measurement]:
    """The measurements of these names, or all, in reading order.

    Raises: ConfigError for an unknown name.
    """
    wanted = {RENAMED.get(name, name) for name in names}
    known = {measurement.name for measurement in MEASUREMENTS}
    if unknown := sorted(wanted - known):
        raise ConfigError(
            f"Unknown measurement {', '.join(unknown)}.",
            remedy=f"Known: {', '.join(m.name for m in MEASUREMENTS)}.",
        )
    return [m for m in MEASUREMENTS if not wanted or m.name in wanted]
