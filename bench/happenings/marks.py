"""What a person changed, field by field, and whether it still stands.

Each side is read as facts, before and after a happening; what differs is what was done. A fact that
is gone has the value None.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agreement.differences import OFF
from agreement.records import OrderRecords, State

from .sides import System

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
MOVED: Mapping[Kind, Collection[Kind]] = {
    ("store", "status"): [("store", "shipment"), ("store", "refund")],
}
"""The same, of what the syncs did: the store moves an order's status by itself."""


def facts(seen: OrderRecords, system: System) -> dict[Fact, Any]:
    """What one side says of an order."""
    return dict(_of_store(seen.store) if system == "store" else _of_account(seen))


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
        told = line["sku"], line["quantity"], line["price"], str(line["discounts"])
        yield ("line", str(line["id"])), told
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


def _of_account(seen: OrderRecords) -> Iterator[tuple[Fact, Any]]:
    yield ("order", ""), seen.sale["id"] if seen.sale else None
    if seen.sale is not None:
        yield ("status", ""), seen.sale["status_id"]
        yield ("address", ""), seen.sale["delivery_address"]
        yield ("method", ""), seen.sale["shipping_method_id"]
        yield ("invoice", ""), seen.sale["invoice_reference"] or seen.sale["closed_on"]
    for order in seen.family:
        for row in order["rows"].values():
            told = row["product_id"], row["quantity"], row["net"], row["tax"]
            yield ("row", str(row["id"])), told
    for payment in seen.payments:
        name = payment["transaction_ref"] or str(payment["id"])
        yield ("payment", name), (payment["amount_paid"], payment["type_code"])
    for note in seen.notes:
        yield ("note", str(note["id"])), (note["rows"], "shipped" in note["stages"])
    for credit in seen.credits:
        rows = sorted((row["net"], row["tax"]) for row in credit["rows"].values())
        yield ("credit", str(credit["id"])), (credit["status_id"], rows)


def _stands(fact: Fact, done: Any, now: Any) -> bool:  # noqa: ANN401 - a fact's value
    """Whether what a person did is still so; a tracking number filled in where none was is."""
    if fact[0] == "shipment" and done is not None and now is not None:
        (units, number), (units_now, number_now) = done, now
        return bool(units == units_now and number in {"", number_now})
    return bool(done == now)


@dataclass
class Marks:
    """What people did to one order, and when either side last changed."""

    stand: dict[tuple[System, Fact], tuple[int, Any]] = field(default_factory=dict)
    """What is to hold: by fact, since when."""
    moved: dict[tuple[System, str], int] = field(default_factory=dict)
    """When facts of a kind were last changed by a person."""
    followed: dict[tuple[System, str], int] = field(default_factory=dict)
    """When facts of a kind were last changed by the syncs."""
    heard: list[int] = field(default_factory=list)
    """When the syncs heard of what had been done."""

    def note(self, moment: int, system: System, done: Facts) -> None:
        """A person did this."""
        for fact, value in done.items():
            self.stand[system, fact] = moment, value
            self.moved[system, fact[0]] = moment

    def follow(self, moment: int, system: System, done: Facts) -> None:
        """The syncs did this."""
        for kind, _ in done:
            self.followed[system, kind] = moment

    def forget(self) -> None:
        """A person decided a case: what was done before it may change."""
        self.stand.clear()

    def undone(self, seen: OrderRecords) -> Iterator[str]:
        """What no longer stands although nobody took it back."""
        now = {system: facts(seen, system) for system in SYSTEMS}
        for (system, fact), (since, value) in self.stand.items():
            is_kept = _stands(fact, value, now[system].get(fact))
            if not is_kept and not self._is_overtaken(seen, system, fact[0], since):
                told = f"{system} {' '.join(fact)}".strip()
                yield f"{told}: {value} became {now[system].get(fact)}"

    def listen(self, moment: int) -> None:
        """The syncs heard of what was done so far."""
        self.heard.append(moment)

    def _heard_before(self, moment: int) -> int:
        return max((one for one in self.heard if one < moment), default=0)

    def _is_overtaken(self, seen: OrderRecords, system: System, kind: str, since: int) -> bool:
        """Whether a later change of the other side, or of what it belongs to, explains it."""
        if system == "account" and kind != "order":
            if not seen.sales:
                return True
            if kind == "status":
                return self._status(seen, since)
            if kind == "note" and seen.store["status_id"] in OFF:
                return True
        if kind == "note":
            # Who made a note did not know of what the syncs had not heard of yet.
            since = self._heard_before(since) + 1
        return any(
            self.moved.get(other, -1) >= since for other in OVERTAKEN.get((system, kind), ())
        ) or any(self.followed.get(other, -1) >= since for other in MOVED.get((system, kind), ()))

    def _status(self, seen: OrderRecords, since: int) -> bool:
        """The store's status changed since, or the account invoiced it by itself.

        Or its pick waits, because the store's lines changed since, or a note came on top.
        """
        sale = seen.sale
        if sale is None or sale["closed_on"]:
            return True
        books = (self.moved, self.followed)
        if any(book.get(("store", "status"), -1) >= since for book in books):
            return True
        changed: tuple[Kind, ...] = (("store", "line"), ("store", "charge"), ("account", "note"))
        is_newer = any(self.moved.get(kind, -1) >= since for kind in changed)
        return bool(is_newer and sale["status_id"] == HOLD)
