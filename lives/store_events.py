"""What happens to an order in the store: shoppers, staff, gateways."""

# ruff: noqa: D103 - what a function is called is what happens

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from agreement.records import OrderRecords, State
from lives.baskets import Skus
from lives.events import EVENTS, Act, Request, sometimes

OFF, FULFIL, SHIP, DONE, VERIFY, DISPUTED = 5, 11, 9, 10, 12, 13
TENDERS = ("as_paid", "as_paid", "as_paid", "custom", "store_credit")
REASONS = ("", "", "returned: damaged", "not returned")

happens: Callable[..., Callable[[Act], Act]] = EVENTS.add


def _edit(records: OrderRecords, **what: object) -> Request:
    return Request("store", "edit", {"order_id": int(records.key), **what})


def _pay(records: OrderRecords, action: str, **what: object) -> Request:
    return Request("store", "pay", {"order_id": int(records.key), "action": action, **what})


def _refund(records: OrderRecords, chance: Random, **what: object) -> Request:
    body = {
        "order_id": int(records.key),
        "tender": chance.choice(TENDERS),
        "reason": chance.choice(REASONS),
        **what,
    }
    return Request("store", "refund", body)


def _status(records: OrderRecords) -> int:
    return int(records.store["status_id"])


def _line(records: OrderRecords, chance: Random) -> State | None:
    return chance.choice(records.lines) if records.lines else None


@happens("store", 5)
def staff_change_a_quantity(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    line = _line(records, chance)
    if line is None:
        return None
    return _edit(records, lines=[{"id": line["id"], "quantity": chance.randint(1, 6)}])


@happens("store", 2)
def staff_change_a_price(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    line = _line(records, chance)
    price = f"{chance.randint(100, 2500) / 100:.2f}"
    return _edit(records, lines=[{"id": line["id"], "price": price}]) if line else None


@happens("store", 3)
def staff_add_a_line(records: OrderRecords, chance: Random, skus: Skus) -> Request | None:
    added = {"sku": chance.choice(skus.plenty), "quantity": chance.randint(1, 3)}
    return _edit(records, add=[added])


@happens("store", 3)
def staff_drop_a_line(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    line = _line(records, chance)
    return _edit(records, lines=[{"id": line["id"], "quantity": 0}]) if line else None


@happens("store", 2)
def staff_give_a_discount(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, discount=f"{chance.randint(0, 300) / 100:.2f}")


@happens("store")
def staff_change_what_shipping_costs(
    records: OrderRecords, chance: Random, _skus: Skus
) -> Request | None:
    cost = f"{chance.randint(0, 900) / 100:.2f}"
    return _edit(records, addresses=[{"address": 0, "cost": cost}])


@happens("store")
def staff_change_how_it_is_shipped(
    records: OrderRecords, _chance: Random, _skus: Skus
) -> Request | None:
    return _edit(records, addresses=[{"address": 0, "method": "Next day courier"}])


@happens("store", 2)
def the_shopper_moves(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    street = f"{chance.randint(1, 99)} New Street"
    return _edit(records, shipping_address={"street_1": street, "city": "Leeds", "zip": "LS1 1AA"})


@happens("store", 4)
def staff_cancel_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return None if _status(records) == OFF else _edit(records, status_id=OFF)


@happens("store", 2)
def staff_take_it_up_again(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    status = chance.choice((FULFIL, SHIP))
    return _edit(records, status_id=status) if _status(records) == OFF else None


@happens("store", 2)
def staff_set_a_status(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, status_id=chance.choice((FULFIL, SHIP, DONE, VERIFY)))


@happens("store")
def the_shopper_disputes(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, status_id=DISPUTED)


@happens("store")
def staff_archive_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return None if records.store["is_deleted"] else _edit(records, archive=True)


@happens("store")
def staff_restore_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, restore=True) if records.store["is_deleted"] else None


@happens("store")
def staff_write_a_note(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, staff_notes="Checked.")


@happens("store", 4)
def staff_refund_some_pieces(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    line = _line(records, chance)
    if line is None:
        return None
    units = chance.randint(1, max(1, int(line["quantity"])))
    return _refund(records, chance, items=[{"id": line["id"], "quantity": units}])


@happens("store", 2)
def staff_refund_everything(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _refund(records, chance, everything=True)


@happens("store", 2)
def staff_refund_an_amount(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _refund(records, chance, amount=f"{chance.randint(50, 400) / 100:.2f}")


@happens("store")
def staff_refund_shipping(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _refund(records, chance, shipping=f"{chance.randint(50, 300) / 100:.2f}")


@happens("store", 2)
def staff_refund_and_the_gateway_thinks(
    records: OrderRecords, chance: Random, _skus: Skus
) -> Request:
    return _refund(records, chance, amount="1.50", tender="as_paid", payment="pending")


def _of_refund(
    records: OrderRecords, chance: Random, what: str, *, pending: bool | None
) -> Request | None:
    found = [
        refund["id"]
        for refund in records.store["refunds"]
        if pending is None or pending is any(p["is_declined"] is None for p in refund["payments"])
    ]
    if not found:
        return None
    return Request("store", "refund", {"refund_id": chance.choice(found), what: True})


@happens("store", 2)
def a_refund_is_undone(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _of_refund(records, chance, "undo", pending=None)


@happens("store", 2)
def a_pending_refund_is_paid(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _of_refund(records, chance, "complete", pending=True)


@happens("store")
def a_refund_is_declined(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _of_refund(records, chance, "decline", pending=None)


@happens("store", 3)
def the_rest_is_captured(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _pay(records, "capture")


@happens("store", 3)
def a_part_is_captured(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _pay(records, "capture", amount=f"{chance.randint(50, 300) / 100:.2f}")


@happens("store", 2)
def staff_note_a_bank_transfer(
    records: OrderRecords, chance: Random, _skus: Skus
) -> Request | None:
    part = {"amount": f"{chance.randint(50, 300) / 100:.2f}"} if sometimes(chance, 50) else {}
    return _pay(records, "settle", **part)


@happens("store", 2)
def the_shopper_pays_the_rest(
    records: OrderRecords, _chance: Random, _skus: Skus
) -> Request | None:
    """What an edit added is paid for."""
    owed = Decimal(records.store["total_inc_tax"]) - Decimal(records.store["paid"])
    return _pay(records, "add") if owed > 0 and Decimal(records.store["paid"]) > 0 else None


@happens("store")
def the_authorisation_is_void(
    records: OrderRecords, _chance: Random, _skus: Skus
) -> Request | None:
    return _pay(records, "void")


@happens("store", 2)
def staff_ship_in_the_panel(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    line = _line(records, chance)
    body = {"order_id": int(records.key), "tracking_number": chance.choice(("", "PANEL-1"))}
    if line is None or sometimes(chance, 30):
        return Request("store", "ship", body)
    units = chance.randint(1, max(1, int(line["quantity"])))
    return Request("store", "ship", {**body, "lines": [{"id": line["id"], "quantity": units}]})


@happens("store")
def staff_delete_a_shipment(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    shipments = [one["id"] for one in records.store["shipments"]]
    if not shipments:
        return None
    what = f"orders/{records.key}/shipments/{chance.choice(shipments)}"
    return Request("store", what, {}, "DELETE")
