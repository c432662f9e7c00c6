"""What happens to orders after their import: edits, cancellations, parcels, refunds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.controls import Controls

State = Mapping[str, Any]
PARCELS = 12
"""Orders that are sent off, some in two parcels."""
REFUNDS = 3


@dataclass(frozen=True)
class Happening:
    """Something that people do, and what is to be seen."""

    title: str
    act: Callable[[Controls], None]
    is_waited_for: bool = False
    """Whether the next one builds on what follows from it."""


@dataclass
class Shelf:
    """Orders that stand paid and reserved in both systems, taken one after the other."""

    account: State
    orders: list[State]

    @classmethod
    def of(cls, store: State, account: State) -> Shelf:
        """Orders with several units on a line, everything of them in stock. Pure."""
        there = {order["external_ref"]: order for order in account["orders"].values()}
        found = [
            {**order, "sales_order": there[f"BC-{order['id']}"]}
            for order in store["orders"].values()
            if f"BC-{order['id']}" in there
            and order["payment_status"] == "captured"
            and len(order["lines"]) > 1
            and len(order["addresses"]) == 1
            and all(line["type"] == "physical" and line["sku"] for line in order["lines"])
        ]
        reserved = account["reservations"]
        return cls(account, [o for o in found if _is_whole(o["sales_order"], reserved)])

    def take(self) -> State:
        """The next order; it is not given out again.

        Raises: IndexError when there is none left.
        """
        return self.orders.pop()


def happenings(shelf: Shelf) -> Iterator[Happening]:
    """What is played, in this order."""
    edited, on_note, off, off_there = (shelf.take() for _ in range(4))
    yield Happening(
        "in the store, one order gets more of one line and loses another",
        lambda c: c.edit(
            order_id=edited["id"],
            lines=[
                {"id": edited["lines"][0]["id"], "quantity": edited["lines"][0]["quantity"] + 1},
                {"id": edited["lines"][1]["id"], "quantity": 0},
            ],
        ),
    )
    yield Happening(
        "another is edited although its goods-out note is made: that waits for a person",
        lambda c: _edit_after_note(c, on_note),
    )
    yield Happening(
        "one order is cancelled in the store, one in Brightpearl",
        lambda c: _call_off(c, off, off_there),
    )
    sent = [shelf.take() for _ in range(min(PARCELS, len(shelf.orders)))]
    yield Happening(
        f"the warehouse sends {len(sent)} orders off, every other one in two parcels",
        lambda c: c.ship(*(parcel for n, order in enumerate(sent) for parcel in parcels(order, n))),
        is_waited_for=True,
    )
    back = sent[:REFUNDS]
    yield Happening(
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


def _call_off(controls: Controls, in_store: State, there: State) -> None:
    controls.edit(order_id=in_store["id"], status_id=5)
    controls.edit_account(external_ref=there["sales_order"]["external_ref"], cancel=True)


def _refund(controls: Controls, orders: Sequence[State]) -> None:
    one_unit = {"items": [{"id": orders[0]["lines"][0]["id"], "quantity": 1}]}
    wanted: list[dict[str, Any]] = [
        one_unit,
        {"shipping": _shipping(orders[1])},
        {"everything": True},
    ]
    for order, parts in zip(orders, wanted, strict=True):
        controls.refund(order_id=order["id"], reason="resellable", **parts)


def _shipping(order: State) -> str:
    name = "shipping_cost_inc_tax" if order["is_tax_inclusive_pricing"] else "shipping_cost_ex_tax"
    return str(Decimal(order[name]).quantize(Decimal("0.01")))


def _rows(sales_order: State) -> dict[str, int]:
    return {
        row_id: int(Decimal(row["quantity"]))
        for row_id, row in sales_order["rows"].items()
        if row["product_id"]
    }


def _is_whole(sales_order: State, reservations: State) -> bool:
    held = reservations.get(str(sales_order["id"]), {"rows": {}})["rows"]
    wanted = _rows(sales_order)
    return all(held.get(row, (0, 0))[1] >= units for row, units in wanted.items()) and any(
        units > 1 for units in wanted.values()
    )
