"""What happens to an order in the account: staff at its screens, and its own rules."""

# ruff: noqa: D103 - what a function is called is what happens

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from agreement.records import CANCELLED, OrderRecords, State
from lives.baskets import Skus
from lives.events import EVENTS, Act, Request, sometimes

READY, SHIPPED, COMPLETED, HOLD = 17, 18, 19, 20
STAGES = ("created", "printed", "picked", "packed")

happens: Callable[..., Callable[[Act], Act]] = EVENTS.add


def _edit(records: OrderRecords, **what: object) -> Request | None:
    if records.sale is None:
        return None
    return Request("account", "edit", {"order_id": records.sale["id"], **what})


def _rows(order: State | None, *, products: bool = True) -> list[State]:
    rows = list(order["rows"].values()) if order else []
    return [row for row in rows if row["product_id"] or not products]


def _units(row: State) -> int:
    return int(Decimal(row["quantity"]))


@happens("account", 5)
def staff_change_a_quantity(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    rows = _rows(records.sale)
    if not rows:
        return None
    row = {"id": chance.choice(rows)["id"], "quantity": str(chance.randint(1, 6))}
    return _edit(records, rows=[row])


@happens("account", 2)
def staff_change_a_price(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    rows = _rows(records.sale, products=False)
    if not rows:
        return None
    row = {"id": chance.choice(rows)["id"], "net": f"{chance.randint(100, 2000) / 100:.2f}"}
    return _edit(records, rows=[row])


@happens("account", 2)
def staff_add_a_row(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    row = {"name": "Extra", "quantity": "1", "tax_code": "T20", "net": "2.00", "tax": "0.40"}
    if sometimes(chance, 50) and (rows := _rows(records.sale)):
        row |= {"name": "", "product_id": str(chance.choice(rows)["product_id"])}
    return _edit(records, add_rows=[row])


@happens("account", 2)
def staff_remove_a_row(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    rows = _rows(records.sale, products=False)
    return _edit(records, remove_rows=[chance.choice(rows)["id"]]) if len(rows) > 1 else None


@happens("account", 3)
def staff_set_a_status(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, status_id=chance.choice((READY, SHIPPED, COMPLETED, 2)))


@happens("account", 2)
def staff_hold_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, hold=True)


@happens("account", 2)
def staff_cancel_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, cancel=True)


@happens("account")
def staff_take_it_up_again(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    is_off = records.sale is not None and records.sale["status_id"] == CANCELLED
    return _edit(records, status_id=READY) if is_off else None


@happens("account")
def staff_delete_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, delete=True)


@happens("account", 2)
def staff_change_the_delivery_address(
    records: OrderRecords, chance: Random, _skus: Skus
) -> Request | None:
    street = f"{chance.randint(1, 99)} Other Road"
    return _edit(records, delivery_address={"address_line1": street})


@happens("account", 2)
def the_rules_invoice_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, close=True)


@happens("account", 2)
def the_rules_allocate_it(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, allocate=True)


@happens("account")
def staff_write_a_note(records: OrderRecords, _chance: Random, _skus: Skus) -> Request | None:
    return _edit(records, note="Checked.")


def _ship(records: OrderRecords, chance: Random, **what: object) -> Request | None:
    """A note of some units, or of all that is left, of the order or of one of its back orders."""
    if not records.family:
        return None
    order = chance.choice(records.family)
    body: dict[str, object] = {"order_id": order["id"], **what}
    rows = _rows(order)
    if rows and sometimes(chance, 60):
        row = chance.choice(rows)
        body["rows"] = {str(row["id"]): chance.randint(1, max(1, _units(row)))}
    return Request("account", "ship", body)


@happens("account", 6)
def the_warehouse_ships(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    return _ship(records, chance, tracking=chance.choice((None, f"TRACK-{records.key}")))


@happens("account", 4)
def the_warehouse_makes_a_note(
    records: OrderRecords, chance: Random, _skus: Skus
) -> Request | None:
    return _ship(records, chance, stage=chance.choice(STAGES))


@happens("account", 3)
def a_note_goes_on(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.waiting:
        return None
    stage = chance.choice((*STAGES, "shipped", "shipped", "shipped"))
    note = chance.choice(records.waiting)
    return Request("account", "ship", {"note_id": note["id"], "stage": stage})


@happens("account", 2)
def a_note_is_destroyed(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.waiting:
        return None
    note = chance.choice(records.waiting)
    return Request("account", "ship", {"note_id": note["id"], "destroy": True})


@happens("account", 3)
def a_note_is_taken_back(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.shipped:
        return None
    note = chance.choice(records.shipped)
    body = {"note_id": note["id"], "unship": True}
    return Request("account", "ship", body | chance.choice(({}, {}, {"destroy": True})))


@happens("account", 2)
def tracking_comes_late(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.notes:
        return None
    note = chance.choice(records.notes)
    return Request("account", "ship", {"note_id": note["id"], "tracking": f"LATE-{records.key}"})


@happens("account", 2)
def staff_make_a_back_order(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    rows = _rows(records.sale)
    if records.sale is None or not rows:
        return None
    row = chance.choice(rows)
    units = chance.randint(1, max(1, _units(row)))
    return Request(
        "account", "backorder", {"order_id": records.sale["id"], "rows": {str(row["id"]): units}}
    )


@happens("account", 2)
def staff_credit_some(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    rows = [row for row in _rows(records.sale) if row["sku"]]
    if records.sale is None:
        return None
    body: dict[str, object] = {"order_id": records.sale["id"]}
    if rows and sometimes(chance, 70):
        row = chance.choice(rows)
        units = chance.randint(1, max(1, _units(row)))
        body["rows"] = [{"sku": row["sku"], "quantity": str(units)}]
    return Request("account", "credit", body)


@happens("account")
def staff_pay_a_credit_out(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.credits:
        return None
    return Request("account", "payment", {"order_id": chance.choice(records.credits)["id"]})


@happens("account")
def staff_cancel_a_credit(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.credits:
        return None
    credit = chance.choice(records.credits)
    return Request("account", "edit", {"order_id": credit["id"], "cancel": True})


@happens("account")
def staff_receive_goods_back(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.credits:
        return None
    return Request("account", "receive", {"order_id": chance.choice(records.credits)["id"]})


@happens("account", 2)
def staff_delete_a_payment(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if not records.payments:
        return None
    return Request("account", "payment", {"delete": chance.choice(records.payments)["id"]})


@happens("account")
def staff_take_a_payment(records: OrderRecords, chance: Random, _skus: Skus) -> Request | None:
    if records.sale is None:
        return None
    amount = f"{chance.randint(100, 500) / 100:.2f}"
    return Request("account", "payment", {"order_id": records.sale["id"], "amount": amount})


@happens("account")
def stock_comes_in(records: OrderRecords, chance: Random, skus: Skus) -> Request | None:
    short = [row["sku"] for row in _rows(records.sale) if row["sku"] in skus.short]
    if not short:
        return None
    return Request("account", "stock", {"sku": chance.choice(short), "delta": 5})
