"""All measurements, in the order in which they are read. A new sync adds its modules here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import aftermath, batch, burst, converge, days, inbound, latency, memory, quota
from bench.figures import Figure
from bench.plan import Bench
from bench.stock import drift, everything, flood, lane, race, realdays, speed
from core.errors import ConfigError


@dataclass(frozen=True)
class Measurement:
    """One question, and the function that answers it with figures."""

    name: str
    title: str
    measure: Callable[[Bench], list[Figure]]


MEASUREMENTS: Sequence[Measurement] = (
    Measurement("days", "real days the whole way, and once more", days.measure),
    Measurement("batch", "requests for a batch of orders, and once more", batch.measure),
    Measurement("latency", "from a paid order to a complete sales order", latency.measure),
    Measurement(
        "afterwards", "from a change after import to its effect", aftermath.measure_latency
    ),
    Measurement("aftermath", "requests for edits, parcels and refunds", aftermath.measure_requests),
    Measurement(
        "converge", "random lives of orders, edited by hand on both sides", converge.measure
    ),
    Measurement("burst", "200 webhooks in one second, at documented limits", burst.measure),
    Measurement("receiver", "the receiver alone, on one core", inbound.measure),
    Measurement("quota", "a backlog at documented limits", quota.measure),
    Measurement("memory", "memory of the warm worker", memory.measure),
    Measurement("stock-all", "stock: a catalogue in which all is wrong", everything.measure),
    Measurement("stock-drift", "stock: a few SKUs of many have drifted", drift.measure),
    Measurement("stock-latency", "from a change of stock to what is on sale", speed.measure),
    Measurement("stock-flood", "stock: 10,000 notices within a minute", flood.measure),
    Measurement("stock-race", "stock: two channels race for the last pieces", race.measure),
    Measurement("stock-days", "stock: real days, restocks, returns and counts", realdays.measure),
    Measurement("stock-lane", "orders beside a full reconciliation, at limits", lane.measure),
)


def chosen(names: Sequence[str]) -> list[Measurement]:
    """The measurements of these names, or all, in reading order.

    Raises: ConfigError for a name that there is not.
    """
    known = {measurement.name for measurement in MEASUREMENTS}
    if unknown := sorted(set(names) - known):
        raise ConfigError(
            f"There is no measurement {', '.join(unknown)}.",
            remedy=f"Known: {', '.join(m.name for m in MEASUREMENTS)}.",
        )
    return [m for m in MEASUREMENTS if not names or m.name in names]
