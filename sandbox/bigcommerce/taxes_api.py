"""Tax: classes, and the tax rows of an order (V2)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.api import OK, Call, Routes, first_or_404, v2_page
from sandbox.bigcommerce.formats import ZERO, iso, money
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.pricing import CENT
from sandbox.bigcommerce.reference import TaxClass
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.tax_zones import NOT_TAXED, UNTAXED, Rates, TaxRate
from sandbox.kit.routing import Reply

routes = Routes()
CLASSES = {"AvaTaxProvider": "Automatic Tax", "": "API Tax Override"}
"""What rows call the class where the store did not compute the tax by its own tables."""


@dataclass(frozen=True, slots=True)
class _Taxed:
    """Something that tax is taken on, with the tax of one rate."""

    address_id: int
    pickup_id: int
    tax_class_id: int
    rate: TaxRate
    tax: Decimal
    line_id: str = ""
    kind: str = ""


def tax_documents(
    order: Order, *, details: bool, shows_untaxed: bool = True
) -> list[dict[str, Any]]:
    """Rows; with `details` one for each taxed thing and rate.

    Else one for each address or pick-up point, class and rate.
    """
    rows = [row for row in _taxed(order) if shows_untaxed or row.rate.name != UNTAXED]
    if details:
        return [
            {
                **_tax_row(order, place, item),
                "order_product_id": item.line_id,
                "line_item_type": item.kind,
            }
            for place, item in enumerate(rows, start=1)
        ]
    summed: dict[_Taxed, Decimal] = {}
    for item in rows:
        key = replace(item, line_id="", kind="", tax=ZERO)
        summed[key] = summed.get(key, ZERO) + item.tax
    return [
        _tax_row(order, place, replace(key, tax=tax))
        for place, (key, tax) in enumerate(summed.items(), start=1)
    ]


def _taxed(order: Order) -> Iterator[_Taxed]:
    standard = reference.STANDARD.id
    for line in order.lines:
        place, pickup, line_id = line.address_id, line.pickup_id, str(line.id)
        for rate, tax in _by_rate(line.taxes, line.rate, line.discounted.tax):
            yield _Taxed(place, pickup, line.tax_class_id, rate, tax, line_id, "item")
        if line.wrapping:
            rates = line.wrapping_taxes
            for rate, tax in _by_rate(rates, line.wrapping_rate, line.wrapped.tax):
                yield _Taxed(place, pickup, standard, rate, tax, line_id, "gift-wrapping")
    for to in order.addresses:
        for rate, tax in _by_rate(to.taxes, to.rate, to.discounted.tax):
            yield _Taxed(to.id, 0, standard, rate, tax, "", "shipping")
        if to.handling:
            for rate, tax in _by_rate(to.taxes, to.rate, to.handled.tax):
                yield _Taxed(to.id, 0, standard, rate, tax, "", "handling")


def _by_rate(rates: Rates, whole: Decimal, tax: Decimal) -> Iterator[tuple[TaxRate, Decimal]]:
    """The part of each rate in the tax; the last one takes what rounding leaves."""
    rates = rates or ((TaxRate("VAT", whole),) if whole else NOT_TAXED)
    left = tax
    for rate in rates[:-1]:
        part = (tax * rate.percent / whole).quantize(CENT) if whole else ZERO
        left -= part
        yield rate, part
    yield rates[-1], left


def _tax_row(order: Order, place: int, item: _Taxed) -> dict[str, Any]:
    """A row; an automatic service names neither the order nor where it goes."""
    row: dict[str, Any] = {"id": order.id * 1000 + place}
    if order.tax_provider != "AvaTaxProvider":
        row |= {"order_id": order.id, "order_address_id": item.address_id}
    return row | {
        "order_pickup_method_id": item.pickup_id,
        "tax_rate_id": 1,
        "sales_tax_id": "",
        "tax_class_id": item.tax_class_id,
        "name": item.rate.name,
        "class": CLASSES.get(order.tax_provider, reference.TAX_CLASSES[item.tax_class_id].name),
        "rate": money(item.rate.percent),
        "priority": 0,
        "priority_amount": money(item.tax),
        "line_amount": money(item.tax),
    }


@routes("GET", "/v2/orders/{id}/taxes")
def list_taxes(store: Store, call: Call) -> Reply:
    """Tax rows; by line and charge with `details=true`."""
    order = require_order(store, call)
    shows_untaxed = store.switches.untaxed_rows == "shown"
    details = call.query.get("details") == "true"
    rows = tax_documents(order, details=details, shows_untaxed=shows_untaxed)
    return v2_page(store, call, rows, lambda row: row)


def _tax_class(store: Store, item: TaxClass) -> dict[str, Any]:
    opened = iso(store.opened_at)
    return {"id": str(item.id), "name": item.name, "created_at": opened, "updated_at": opened}


@routes("GET", "/v2/tax_classes")
def list_tax_classes(store: Store, _call: Call) -> Reply:
    """All tax classes."""
    return Reply(OK, [_tax_class(store, item) for item in reference.TAX_CLASSES])


@routes("GET", "/v2/tax_classes/{id}")
def get_tax_class(store: Store, call: Call) -> Reply:
    """One tax class."""
    wanted = call.id()
    found = first_or_404(item for item in reference.TAX_CLASSES if item.id == wanted)
    return Reply(OK, _tax_class(store, found))
