"""What happens to an order in the store: shoppers, staff, gateways."""

# ruff: noqa: D103 - what a function is called is what happens

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from agreement.records import OrderRecords, State

from .happening import VOCABULARY, Act, sometimes
from .shelf import Shelf
from .sides import Request

OFF, FULFIL, SHIP, DONE, VERIFY, DISPUTED = 5, 11, 9, 10, 12, 13
TENDERS = ("as_paid", "as_paid", "as_paid", "custom", "store_credit")
REASONS = ("", "", "damaged", "not returned")

says: Callable[..., Callable[[Act], Act]] = VOCABULARY.says


def _edit(seen: OrderRecords, **what: object) -> Request:
    return Request("store", "edit", {"order_id": int(seen.key), **what})


def _pay(seen: OrderRecords, action: str, **what: object) -> Request:
    return Request("store", "pay", {"order_id": int(seen.key), "action": action, **what})


def _refund(seen: OrderRecords, chance: Random, **what: object) -> Request:
    told = {
        "order_id": int(seen.key),
        "tender": chance.choice(TENDERS),
        "reason": chance.choice(REASONS),
        **what,
    }
    return Request("store", "refund", told)


def _status(seen: OrderRecords) -> int:
    return int(seen.store["status_id"])


def _line(seen: OrderRecords, chance: Random) -> State | None:
    return chance.choice(seen.lines) if seen.lines else None


@says("store", 5)
def staff_change_a_quantity(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    line = _line(seen, chance)
    if line is None:
        return None
    return _edit(seen, lines=[{"id": line["id"], "quantity": chance.randint(1, 6)}])


@says("store", 2)
def staff_change_a_price(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    line = _line(seen, chance)
    price = f"{chance.randint(100, 2500) / 100:.2f}"
    return _edit(seen, lines=[{"id": line["id"], "price": price}]) if line else None


@says("store", 3)
def staff_add_a_line(seen: OrderRecords, chance: Random, shelf: Shelf) -> Request | None:
    added = {"sku": chance.choice(shelf.plenty), "quantity": chance.randint(1, 3)}
    return _edit(seen, add=[added])


@says("store", 3)
def staff_drop_a_line(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    line = _line(seen, chance)
    return _edit(seen, lines=[{"id": line["id"], "quantity": 0}]) if line else None


@says("store", 2)
def staff_give_a_discount(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, discount=f"{chance.randint(0, 300) / 100:.2f}")


@says("store")
def staff_change_what_shipping_costs(
    seen: OrderRecords, chance: Random, _shelf: Shelf
) -> Request | None:
    cost = f"{chance.randint(0, 900) / 100:.2f}"
    return _edit(seen, addresses=[{"address": 0, "cost": cost}])


@says("store")
def staff_change_how_it_is_shipped(
    seen: OrderRecords, _chance: Random, _shelf: Shelf
) -> Request | None:
    return _edit(seen, addresses=[{"address": 0, "method": "Next day courier"}])


@says("store", 2)
def the_shopper_moves(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    street = f"{chance.randint(1, 99)} New Street"
    return _edit(seen, shipping_address={"street_1": street, "city": "Leeds", "zip": "LS1 1AA"})


@says("store", 4)
def staff_cancel_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return None if _status(seen) == OFF else _edit(seen, status_id=OFF)


@says("store", 2)
def staff_take_it_up_again(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    status = chance.choice((FULFIL, SHIP))
    return _edit(seen, status_id=status) if _status(seen) == OFF else None


@says("store", 2)
def staff_set_a_status(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, status_id=chance.choice((FULFIL, SHIP, DONE, VERIFY)))


@says("store")
def the_shopper_disputes(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, status_id=DISPUTED)


@says("store")
def staff_archive_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return None if seen.store["is_deleted"] else _edit(seen, archive=True)


@says("store")
def staff_restore_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, restore=True) if seen.store["is_deleted"] else None


@says("store")
def staff_write_a_note(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, staff_notes="Looked at it.")


@says("store", 4)
def staff_refund_some_pieces(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    line = _line(seen, chance)
    if line is None:
        return None
    units = chance.randint(1, max(1, int(line["quantity"])))
    return _refund(seen, chance, items=[{"id": line["id"], "quantity": units}])


@says("store", 2)
def staff_refund_everything(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _refund(seen, chance, everything=True)


@says("store", 2)
def staff_refund_an_amount(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _refund(seen, chance, amount=f"{chance.randint(50, 400) / 100:.2f}")


@says("store")
def staff_refund_shipping(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _refund(seen, chance, shipping=f"{chance.randint(50, 300) / 100:.2f}")


@says("store", 2)
def staff_refund_and_the_gateway_thinks(
    seen: OrderRecords, chance: Random, _shelf: Shelf
) -> Request:
    return _refund(seen, chance, amount="1.50", tender="as_paid", payment="pending")


def _of_refund(
    seen: OrderRecords, chance: Random, what: str, *, pending: bool | None
) -> Request | None:
    found = [
        refund["id"]
        for refund in seen.store["refunds"]
        if pending is None or pending is any(p["is_declined"] is None for p in refund["payments"])
    ]
    if not found:
        return None
    return Request("store", "refund", {"refund_id": chance.choice(found), what: True})


@says("store", 2)
def a_refund_is_undone(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _of_refund(seen, chance, "undo", pending=None)


@says("store", 2)
def a_pending_refund_is_paid(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _of_refund(seen, chance, "complete", pending=True)


@says("store")
def a_refund_is_declined(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _of_refund(seen, chance, "decline", pending=None)


@says("store", 3)
def the_rest_is_captured(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _pay(seen, "capture")


@says("store", 3)
def a_part_is_captured(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _pay(seen, "capture", amount=f"{chance.randint(50, 300) / 100:.2f}")


@says("store", 2)
def staff_note_a_bank_transfer(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    part = {"amount": f"{chance.randint(50, 300) / 100:.2f}"} if sometimes(chance, 50) else {}
    return _pay(seen, "settle", **part)


@says("store", 2)
def the_shopper_pays_the_rest(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    """What an edit added is paid for."""
    owed = Decimal(seen.store["total_inc_tax"]) - Decimal(seen.store["paid"])
    return _pay(seen, "add") if owed > 0 and Decimal(seen.store["paid"]) > 0 else None


@says("store")
def the_authorisation_is_void(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _pay(seen, "void")


@says("store", 2)
def staff_ship_in_the_panel(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    line = _line(seen, chance)
    told = {"order_id": int(seen.key), "tracking_number": chance.choice(("", "PANEL-1"))}
    if line is None or sometimes(chance, 30):
        return Request("store", "ship", told)
    units = chance.randint(1, max(1, int(line["quantity"])))
    return Request("store", "ship", {**told, "lines": [{"id": line["id"], "quantity": units}]})


@says("store")
def staff_delete_a_shipment(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    shipments = [one["id"] for one in seen.store["shipments"]]
    if not shipments:
        return None
    what = f"orders/{seen.key}/shipments/{chance.choice(shipments)}"
    return Request("store", what, {}, "DELETE")
