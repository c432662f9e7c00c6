"""What happens in a demo without files of its own: orders that are not plain, and what follows.

After their import orders are edited, cancelled, sent off and refunded, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agreement.records import read_orders
from agreement.stock import reservation_of
from demo.controls import Controls

State = Mapping[str, Any]
ABSENT_SKU = "SUMMER-HAT-RED"
"""Sold in the store before anybody created it in Brightpearl."""
UNMAPPED_CHANNEL = 3
"""A sales channel that the lookup tables deliberately leave out."""
FRANCE = {
    "first_name": "Éloïse",
    "last_name": "Lefèvre",
    "street_1": "12 rue de la Paix",
    "city": "Lyon",
    "state": "Rhône",
    "zip": "69002",
    "country": "France",
    "country_iso2": "FR",
}
SHOPPER: dict[str, Any] = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "phone": "+44 117 496 0000",
    "group_id": 2,
    "addresses": [{"street_1": "3 Bridge Street", "city": "Bristol", "zip": "BS1 2EL"}],
}
"""A customer who registers while the demo runs."""
PRODUCTS: list[dict[str, Any]] = [
    {
        "sku": "DEMO-LAMP",
        "name": "Demo desk lamp",
        "brand": "Lumen",
        "categories": ["Home > Light"],
        "description": "<p>Bright.</p>",
        "weight_kg": "1.2",
        "stock": 7,
    },
    *(
        {
            "sku": f"DEMO-SHIRT-{size}",
            "name": "Demo shirt",
            "variations": {"Size": size},
            "weight_kg": "0.2",
            "stock": 5,
        }
        for size in "SML"
    ),
]
"""What staff make in Brightpearl: a product, and a group of three."""
NEW_TEXT = {"description": "<p>Brighter.</p>"}
NEW_PRICE = "24.50"
RETAIL = 2
"""Brightpearl's price list that becomes the catalogue's price, as the shipped table says."""
GROUP_TAGS = {1: 16, 2: 17}
"""The tag of each customer group, as the shipped table says."""
PARCELS = 12
"""Orders that are sent off, some in two parcels."""
REFUNDS = 3


@dataclass(frozen=True)
class Placement:
    """A few orders, and what is special about them."""

    title: str
    orders: Sequence[dict[str, Any]]
    is_paid_later: bool = False


@dataclass(frozen=True)
class Change:
    """Something that people do after the import."""

    title: str
    act: Callable[[Controls], None]
    is_waited_for: bool = False
    """Whether the next change builds on what follows from it."""


def difficult_orders(skus: Sequence[str]) -> list[Placement]:
    """Orders that are not plain. In: `skus` are at least sixty that both systems know."""
    first, second, third = skus[:3]
    return [
        Placement(
            "a guest abroad, in euros, with accents and a gift wrap",
            [
                {
                    "lines": [{"sku": first, "quantity": 2, "wrapping": "Kraft paper",
                               "wrapping_price": "1.99"}],
                    "email": "eloise@example.fr", "guest": True, "currency": "EUR",
                    "shipping": [{"to": FRANCE}],
                }
            ],
        ),
        Placement(
            "a coupon, a manual discount and prices that include tax",
            [
                {
                    "lines": [{"sku": first, "quantity": 3}, {"sku": second}],
                    "coupons": [{"code": "TEN", "type": "percent", "amount": "10"}],
                },
                {
                    "lines": [{"sku": second, "quantity": 3}, {"sku": third, "quantity": 2}],
                    "discount": "3.33", "tax_inclusive": True,
                },
            ],
        ),
        Placement(
            "paid with a gift certificate, store credit and a card",
            [
                {
                    "lines": [{"sku": third, "quantity": 2}],
                    "gift_certificate": "3.00", "store_credit": "2.50",
                }
            ],
        ),
        Placement(
            "a custom engraving, a fee, and sixty lines, more than an order shows at once",
            [
                {
                    "lines": [{"sku": first}, {"name": "Engraving: 'For Ada'", "price": "7.50"}],
                    "fees": [{"name": "Small order fee", "price": "1.50"}],
                },
                {"lines": [{"sku": sku} for sku in skus[:60]]},
            ],
        ),
        Placement("a declined payment", [{"lines": [{"sku": first}], "payment": "declined"}]),
        Placement(
            "a payment that takes its time",
            [{"lines": [{"sku": second}], "payment": "pending"}],
            is_paid_later=True,
        ),
        Placement(
            f"three orders for {ABSENT_SKU}, which Brightpearl does not know",
            [
                {"lines": [{"sku": ABSENT_SKU, "name": "Summer hat, red", "price": "14.00"},
                           {"sku": second}],
                 "email": f"hat-{number}@example.com"}
                for number in range(3)
            ],
        ),
        Placement(
            "an order from a channel that is not mapped",
            [{"lines": [{"sku": first}], "channel_id": UNMAPPED_CHANNEL}],
        ),
    ]  # fmt: skip


def reserved_orders(store: State, account: State) -> list[State]:
    """Paid orders of several lines that are wholly reserved, each with its `sales_order`. Pure."""
    found: list[State] = []
    for key, records in read_orders(store, account).items():
        order, sale = store["orders"][key], records.sale
        reservation = reservation_of(records, account)
        if (
            sale is not None
            and order["payment_status"] == "captured"
            and len(order["lines"]) > 1
            and len(order["addresses"]) == 1
            and all(line["type"] == "physical" and line["sku"] for line in order["lines"])
            and reservation.units == reservation.reserved > len(order["lines"])
        ):
            found.append({**order, "sales_order": sale})
    return found


def changes_after_import(orders: Sequence[State]) -> Iterator[Change]:
    """What people do to reserved orders, in this order."""
    left = list(orders)
    edited, on_note, in_store, in_account = (left.pop() for _ in range(4))
    yield Change(
        "in the store, one order gets more of one line and loses another",
        lambda c: c.edit(
            order_id=edited["id"],
            lines=[
                {"id": edited["lines"][0]["id"], "quantity": edited["lines"][0]["quantity"] + 1},
                {"id": edited["lines"][1]["id"], "quantity": 0},
            ],
        ),
    )
    yield Change(
        "another is edited although its goods-out note is made: that waits for a person",
        lambda c: _edit_after_note(c, on_note),
    )
    yield Change(
        "one order is cancelled in the store, one in Brightpearl",
        lambda c: _cancel(c, in_store, in_account),
    )
    sent = [left.pop() for _ in range(min(PARCELS, len(left)))]
    yield Change(
        f"the warehouse sends {len(sent)} orders off, every other one in two parcels",
        lambda c: c.ship(*(parcel for n, order in enumerate(sent) for parcel in parcels(order, n))),
        is_waited_for=True,
    )
    back = sent[:REFUNDS]
    yield Change(
        f"{len(back)} of them are refunded: one unit, the shipping, all of it",
        lambda c: _refund(c, back),
    )


def parcels(order: State, number: int) -> Iterator[dict[str, Any]]:
    """One goods-out note with a tracking number, or two for every other order."""
    rows = _rows(order["sales_order"])
    row, units = next(iter(rows.items()))
    ref, tracking = order["sales_order"]["external_ref"], f"TRACK-{order['id']}"
    if number % 2 or units < 2:  # noqa: PLR2004 - one unit cannot be split
        yield {"external_ref": ref, "tracking": f"{tracking}-A"}
        return
    yield {"external_ref": ref, "rows": {row: 1}, "tracking": f"{tracking}-A"}
    yield {"external_ref": ref, "tracking": f"{tracking}-B"}


def _edit_after_note(controls: Controls, order: State) -> None:
    controls.ship({"external_ref": order["sales_order"]["external_ref"], "leave": False})
    line = order["lines"][0]
    quantity = line["quantity"] + 1
    controls.edit(order_id=order["id"], lines=[{"id": line["id"], "quantity": quantity}])


def _cancel(controls: Controls, in_store: State, in_account: State) -> None:
    controls.edit(order_id=in_store["id"], status_id=5)
    controls.edit_account(external_ref=in_account["sales_order"]["external_ref"], cancel=True)


def _refund(controls: Controls, orders: Sequence[State]) -> None:
    one_unit = {"items": [{"id": orders[0]["lines"][0]["id"], "quantity": 1}]}
    wanted: list[dict[str, Any]] = [
        one_unit,
        {"shipping": _shipping(orders[1])},
        {"everything": True},
    ]
    for order, parts in zip(orders, wanted, strict=True):
        controls.refund(order_id=order["id"], reason="returned: resellable", **parts)


def _shipping(order: State) -> str:
    name = "shipping_cost_inc_tax" if order["is_tax_inclusive_pricing"] else "shipping_cost_ex_tax"
    return str(Decimal(order[name]).quantize(Decimal("0.01")))


def _rows(sales_order: State) -> dict[str, int]:
    return {
        row_id: int(Decimal(row["quantity"]))
        for row_id, row in sales_order["rows"].items()
        if row["product_id"]
    }
