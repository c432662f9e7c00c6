"""What happens to an order in the account: staff at its screens, and its own rules."""

# ruff: noqa: D103 - what a function is called is what happens

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from agreement.records import CANCELLED, OrderRecords, State

from .happening import VOCABULARY, Act, sometimes
from .shelf import Shelf
from .sides import Request

READY, SHIPPED, COMPLETED, HOLD = 17, 18, 19, 20
STAGES = ("created", "printed", "picked", "packed")

says: Callable[..., Callable[[Act], Act]] = VOCABULARY.says


def _edit(seen: OrderRecords, **what: object) -> Request | None:
    if seen.sale is None:
        return None
    return Request("account", "edit", {"order_id": seen.sale["id"], **what})


def _rows(order: State | None, *, products: bool = True) -> list[State]:
    rows = list(order["rows"].values()) if order else []
    return [row for row in rows if row["product_id"] or not products]


def _units(row: State) -> int:
    return int(Decimal(row["quantity"]))


@says("account", 5)
def staff_change_a_quantity(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    rows = _rows(seen.sale)
    if not rows:
        return None
    row = {"id": chance.choice(rows)["id"], "quantity": str(chance.randint(1, 6))}
    return _edit(seen, rows=[row])


@says("account", 2)
def staff_change_a_price(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    rows = _rows(seen.sale, products=False)
    if not rows:
        return None
    row = {"id": chance.choice(rows)["id"], "net": f"{chance.randint(100, 2000) / 100:.2f}"}
    return _edit(seen, rows=[row])


@says("account", 2)
def staff_add_a_row(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    row = {"name": "Extra", "quantity": "1", "tax_code": "T20", "net": "2.00", "tax": "0.40"}
    if sometimes(chance, 50) and (rows := _rows(seen.sale)):
        row |= {"name": "", "product_id": str(chance.choice(rows)["product_id"])}
    return _edit(seen, add_rows=[row])


@says("account", 2)
def staff_remove_a_row(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    rows = _rows(seen.sale, products=False)
    return _edit(seen, remove_rows=[chance.choice(rows)["id"]]) if len(rows) > 1 else None


@says("account", 3)
def staff_set_a_status(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, status_id=chance.choice((READY, SHIPPED, COMPLETED, 2)))


@says("account", 2)
def staff_hold_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, hold=True)


@says("account", 2)
def staff_cancel_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, cancel=True)


@says("account")
def staff_take_it_up_again(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    is_off = seen.sale is not None and seen.sale["status_id"] == CANCELLED
    return _edit(seen, status_id=READY) if is_off else None


@says("account")
def staff_delete_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, delete=True)


@says("account", 2)
def staff_change_the_delivery_address(
    seen: OrderRecords, chance: Random, _shelf: Shelf
) -> Request | None:
    street = f"{chance.randint(1, 99)} Other Road"
    return _edit(seen, delivery_address={"address_line1": street})


@says("account", 2)
def the_rules_invoice_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, close=True)


@says("account", 2)
def the_rules_allocate_it(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, allocate=True)


@says("account")
def staff_write_a_note(seen: OrderRecords, _chance: Random, _shelf: Shelf) -> Request | None:
    return _edit(seen, note="Looked at it.")


def _ship(seen: OrderRecords, chance: Random, **what: object) -> Request | None:
    """A note of some units, or of all that is left, of the order or of one of its back orders."""
    if not seen.family:
        return None
    order = chance.choice(seen.family)
    told: dict[str, object] = {"order_id": order["id"], **what}
    rows = _rows(order)
    if rows and sometimes(chance, 60):
        row = chance.choice(rows)
        told["rows"] = {str(row["id"]): chance.randint(1, max(1, _units(row)))}
    return Request("account", "ship", told)


@says("account", 6)
def the_warehouse_ships(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _ship(seen, chance, tracking=chance.choice((None, f"TRACK-{seen.key}")))


@says("account", 4)
def the_warehouse_makes_a_note(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    return _ship(seen, chance, stage=chance.choice(STAGES))


@says("account", 3)
def a_note_goes_on(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.waiting:
        return None
    stage = chance.choice((*STAGES, "shipped", "shipped", "shipped"))
    note = chance.choice(seen.waiting)
    return Request("account", "ship", {"note_id": note["id"], "stage": stage})


@says("account", 2)
def a_note_is_destroyed(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.waiting:
        return None
    note = chance.choice(seen.waiting)
    return Request("account", "ship", {"note_id": note["id"], "destroy": True})


@says("account", 3)
def a_note_is_taken_back(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.shipped:
        return None
    note = chance.choice(seen.shipped)
    told = {"note_id": note["id"], "unship": True}
    return Request("account", "ship", told | chance.choice(({}, {}, {"destroy": True})))


@says("account", 2)
def tracking_comes_late(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.notes:
        return None
    note = chance.choice(seen.notes)
    return Request("account", "ship", {"note_id": note["id"], "tracking": f"LATE-{seen.key}"})


@says("account", 2)
def staff_make_a_back_order(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    rows = _rows(seen.sale)
    if seen.sale is None or not rows:
        return None
    row = chance.choice(rows)
    units = chance.randint(1, max(1, _units(row)))
    return Request(
        "account", "backorder", {"order_id": seen.sale["id"], "rows": {str(row["id"]): units}}
    )


@says("account", 2)
def staff_credit_some(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    rows = [row for row in _rows(seen.sale) if row["sku"]]
    if seen.sale is None:
        return None
    told: dict[str, object] = {"order_id": seen.sale["id"]}
    if rows and sometimes(chance, 70):
        row = chance.choice(rows)
        units = chance.randint(1, max(1, _units(row)))
        told["rows"] = [{"sku": row["sku"], "quantity": str(units)}]
    return Request("account", "credit", told)


@says("account")
def staff_pay_a_credit_out(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.credits:
        return None
    return Request("account", "payment", {"order_id": chance.choice(seen.credits)["id"]})


@says("account")
def staff_cancel_a_credit(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.credits:
        return None
    credit = chance.choice(seen.credits)
    return Request("account", "edit", {"order_id": credit["id"], "cancel": True})


@says("account")
def staff_receive_goods_back(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.credits:
        return None
    return Request("account", "receive", {"order_id": chance.choice(seen.credits)["id"]})


@says("account", 2)
def staff_delete_a_payment(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if not seen.payments:
        return None
    return Request("account", "payment", {"delete": chance.choice(seen.payments)["id"]})


@says("account")
def staff_take_a_payment(seen: OrderRecords, chance: Random, _shelf: Shelf) -> Request | None:
    if seen.sale is None:
        return None
    amount = f"{chance.randint(100, 500) / 100:.2f}"
    return Request("account", "payment", {"order_id": seen.sale["id"], "amount": amount})


@says("account")
def stock_comes_in(seen: OrderRecords, chance: Random, shelf: Shelf) -> Request | None:
    short = [row["sku"] for row in _rows(seen.sale) if row["sku"] in shelf.short]
    if not short:
        return None
    return Request("account", "stock", {"sku": chance.choice(short), "delta": 5})
