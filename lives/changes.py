"""What a person changed, field by field, and whether it is still so.

Each side is read as facts, before and after an event; what differs is what was done. A fact that is
gone has the value None.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agreement.differences import OFF
from agreement.records import OrderRecords, State
from lives.events import System

Fact = tuple[str, str]
"""Kind of fact, and of which record."""
Facts = Mapping[Fact, Any]
HOLD = 20
SYSTEMS: tuple[System, ...] = ("store", "account")

Kind = tuple[System, str]
OVERTAKEN: Mapping[Kind, Collection[Kind]] = {
    ("account", "row"): [("store", "line"), ("store", "charge")],
    ("account", "method"): [("store", "method")],
    ("account", "note"): [("store", "status"), ("store", "refund"), ("store", "line")],
    ("account", "credit"): [("store", "refund")],
    ("account", "payment"): [("store", "refund")],
    ("store", "status"): [
        ("account", "status"),
        ("account", "order"),
        ("account", "note"),
        ("account", "credit"),
    ],
    ("store", "shipment"): [("account", "note")],
    ("store", "charge"): [("store", "line")],
}
"""A person's change of what may change what a person did before."""
OVERTAKEN_BY_SYNCS: Mapping[Kind, Collection[Kind]] = {
    ("store", "status"): [("store", "shipment"), ("store", "refund")],
}
"""The same, of what the syncs did: the store changes an order's status by itself."""


def facts(records: OrderRecords, system: System) -> dict[Fact, Any]:
    """What one side says of an order."""
    return dict(_of_store(records.store) if system == "store" else _of_account(records))


def changes(before: Facts, after: Facts) -> dict[Fact, Any]:
    """Facts that differ, as they are now."""
    return {
        fact: after.get(fact) for fact in {**before, **after} if before.get(fact) != after.get(fact)
    }


def _of_store(order: State) -> Iterator[tuple[Fact, Any]]:
    yield ("status", ""), order["status_id"]
    yield ("archived", ""), order["is_deleted"]
    for name in ("total_inc_tax", "total_tax", "shipping_cost_inc_tax", "discount_amount"):
        yield ("charge", name), order[name]
    for line in order["lines"]:
        value = line["sku"], line["quantity"], line["price"], str(line["discounts"])
        yield ("line", str(line["id"])), value
    for place in order["addresses"]:
        yield ("address", str(place["id"])), place["address"]
        yield ("method", str(place["id"])), place["method"]
    for row in order["transactions"]:
        yield ("transaction", str(row["id"])), row["amount"]
    for refund in order["refunds"]:
        answers = [payment["is_declined"] for payment in refund["payments"]]
        yield ("refund", str(refund["id"])), (refund["total_amount"], answers)
    for shipment in order["shipments"]:
        units = sorted((item["order_product_id"], item["quantity"]) for item in shipment["items"])
        yield ("shipment", str(shipment["id"])), (units, shipment["tracking_number"])


def _of_account(records: OrderRecords) -> Iterator[tuple[Fact, Any]]:
    yield ("order", ""), records.sale["id"] if records.sale else None
    if records.sale is not None:
        yield ("status", ""), records.sale["status_id"]
        yield ("address", ""), records.sale["delivery_address"]
        yield ("method", ""), records.sale["shipping_method_id"]
        yield ("invoice", ""), records.sale["invoice_reference"] or records.sale["closed_on"]
    for order in records.family:
        for row in order["rows"].values():
            value = row["product_id"], row["quantity"], row["net"], row["tax"]
            yield ("row", str(row["id"])), value
    for payment in records.payments:
        name = payment["transaction_ref"] or str(payment["id"])
        yield ("payment", name), (payment["amount_paid"], payment["type_code"])
    for note in records.notes:
        yield ("note", str(note["id"])), (note["rows"], "shipped" in note["stages"])
    for credit in records.credits:
        rows = sorted((row["net"], row["tax"]) for row in credit["rows"].values())
        yield ("credit", str(credit["id"])), (credit["status_id"], rows)


def _is_kept(fact: Fact, done: Any, now: Any) -> bool:  # noqa: ANN401 - a fact's value
    """Whether what a person did is still so; a tracking number filled in where none was is."""
    if fact[0] == "shipment" and done is not None and now is not None:
        (units, number), (units_now, number_now) = done, now
        return bool(units == units_now and number in {"", number_now})
    return bool(done == now)


@dataclass
class Changes:
    """What people did to one order, and when either side last changed."""

    by_people: dict[tuple[System, Fact], tuple[int, Any]] = field(default_factory=dict)
    """What has to be kept: by fact, since when, and its value."""
    changed: dict[Kind, int] = field(default_factory=dict)
    """When facts of a kind were last changed by a person."""
    synced: dict[Kind, int] = field(default_factory=dict)
    """When facts of a kind were last changed by the syncs."""
    notified: list[int] = field(default_factory=list)
    """When the syncs were notified of what had been done."""

    def add(self, moment: int, system: System, done: Facts) -> None:
        """A person did this."""
        for fact, value in done.items():
            self.by_people[system, fact] = moment, value
            self.changed[system, fact[0]] = moment

    def add_synced(self, moment: int, system: System, done: Facts) -> None:
        """The syncs did this."""
        for kind, _ in done:
            self.synced[system, kind] = moment

    def forget(self) -> None:
        """A person decided a case: what was done before it may change."""
        self.by_people.clear()

    def notify(self, moment: int) -> None:
        """The syncs were notified of what was done so far."""
        self.notified.append(moment)

    def undone(self, records: OrderRecords) -> Iterator[str]:
        """What was changed back although nobody took it back."""
        now = {system: facts(records, system) for system in SYSTEMS}
        for (system, fact), (since, value) in self.by_people.items():
            is_kept = _is_kept(fact, value, now[system].get(fact))
            if not is_kept and not self._is_overtaken(records, system, fact[0], since):
                what = f"{system} {' '.join(fact)}".strip()
                yield f"{what}: {value} became {now[system].get(fact)}"

    def _notified_before(self, moment: int) -> int:
        return max((one for one in self.notified if one < moment), default=0)

    def _is_overtaken(self, records: OrderRecords, system: System, kind: str, since: int) -> bool:
        """Whether a later change of the other side, or of what it belongs to, explains it."""
        if system == "account" and kind != "order":
            if not records.sales:
                return True
            if kind == "status":
                return self._is_status_overtaken(records, since)
            if kind == "note" and records.store["status_id"] in OFF:
                return True
        if kind == "note":
            # Who made a note did not know of what the syncs had not been notified of yet.
            since = self._notified_before(since) + 1
        overtaking = OVERTAKEN.get((system, kind), ())
        by_syncs = OVERTAKEN_BY_SYNCS.get((system, kind), ())
        return any(self.changed.get(other, -1) >= since for other in overtaking) or any(
            self.synced.get(other, -1) >= since for other in by_syncs
        )

    def _is_status_overtaken(self, records: OrderRecords, since: int) -> bool:
        """Whether the store's status changed since, or the account invoiced the order by itself.

        Or its pick waits, because the store's lines changed since, or a note came on top.
        """
        sale = records.sale
        if sale is None or sale["closed_on"]:
            return True
        status: Kind = ("store", "status")
        if any(moments.get(status, -1) >= since for moments in (self.changed, self.synced)):
            return True
        changed: tuple[Kind, ...] = (("store", "line"), ("store", "charge"), ("account", "note"))
        is_newer = any(self.changed.get(kind, -1) >= since for kind in changed)
        return bool(is_newer and sale["status_id"] == HOLD)
