"""Tax rows of an order: one for each line and charge, or summed up by class."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import money
from sandbox.bigcommerce.records import Order


@dataclass(frozen=True, slots=True)
class _Taxed:
    address_id: int
    rate: Decimal
    tax: Decimal
    tax_class_id: int
    line_id: str
    kind: str


def taxes(order: Order, *, details: bool) -> list[dict[str, Any]]:
    """Rows; with `details` one for each taxed thing, else one for each address, class and rate."""
    rows = list(_taxed(order))
    if details:
        return [
            {
                **_row(order, place, item),
                "order_product_id": item.line_id,
                "line_item_type": item.kind,
            }
            for place, item in enumerate(rows, start=1)
        ]
    summed: dict[tuple[int, int, Decimal], Decimal] = {}
    for item in rows:
        key = (item.address_id, item.tax_class_id, item.rate)
        summed[key] = summed.get(key, Decimal(0)) + item.tax
    return [
        _row(order, place, _Taxed(address_id, rate, tax, tax_class_id, "", ""))
        for place, ((address_id, tax_class_id, rate), tax) in enumerate(summed.items(), start=1)
    ]


def _taxed(order: Order) -> Iterator[_Taxed]:
    standard = reference.STANDARD.id
    for line in order.lines:
        ref, place = str(line.id), line.address_id
        yield _Taxed(place, line.rate, line.discounted.tax, line.tax_class_id, ref, "item")
        if line.wrapping:
            rate, tax = line.wrapping_rate, line.wrapped.tax
            yield _Taxed(place, rate, tax, standard, ref, "gift-wrapping")
    for to in order.addresses:
        yield _Taxed(to.id, to.rate, to.shipping.tax, standard, "", "shipping")
        if to.handling:
            yield _Taxed(to.id, to.rate, to.handled.tax, standard, "", "handling")


def _row(order: Order, place: int, item: _Taxed) -> dict[str, Any]:
    name = reference.TAX_CLASSES[item.tax_class_id].name
    return {
        "id": order.id * 1000 + place,
        "order_id": order.id,
        "order_address_id": item.address_id,
        "order_pickup_method_id": 0,
        "tax_rate_id": 1,
        "sales_tax_id": "",
        "tax_class_id": item.tax_class_id,
        "name": "VAT" if item.rate else "No tax",
        "class": name,
        "rate": money(item.rate),
        "priority": 0,
        "priority_amount": money(item.tax),
        "line_amount": money(item.tax),
    }
