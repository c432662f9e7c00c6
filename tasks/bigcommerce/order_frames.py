"""The store's order documents as rows of frames, and the money that rows say came in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import pandas as pd

from connectors.bigcommerce.models import (
    Address,
    Consignments,
    Order,
    Pickup,
    ShippingConsignment,
    TaxRow,
    Transaction,
)
from connectors.documents import Document
from core.frames import Schema, frame, frame_of_columns, records, records_by
from core.ids import email_key, sku_key
from core.money import ZERO
from core.orders import CHARGES, FURTHER_ADDRESSES, LINES, ORDERS, TAXES, TRANSACTIONS
from core.settings import OrderSettings
from mappings.bundle import Bundle
from mappings.order_rows import LINE_KINDS, Rows, order_rows
from mappings.steps import one_line, undated
from mappings.tables import comparable
from mappings.tax_codes import TABLE, tax_codes, tax_place
from tasks.bigcommerce.orders import SENT, WHOLLY_SENT, status_of_goods
from tasks.reconciler.cases import digest
from tasks.reconciler.gate import Frames, rows

ADDRESS = tuple(name for name in Address.model_fields if name != "form_fields")
ORDER = {
    "placed_at": "date_created",
    "modified_at": "date_modified",
    "currency_code": "default_currency_code",
    "store_currency_code": "store_default_currency_code",
    "exchange_rate": "store_default_to_transactional_exchange_rate",
    "is_tax_inclusive": "is_tax_inclusive_pricing",
    **{f"billing_{name}": f"billing_address.{name}" for name in ADDRESS},
}
LINE = {
    "line_id": "id",
    "kind": "type",
    "qty_refunded": "quantity_refunded",
    "qty_shipped": "quantity_shipped",
    "parent_line_id": "parent_order_product_id",
}
TRANSACTION = {"transaction_id": "id", "currency_code": "currency", "created_at": "date_created"}
TAX = {"rate_percent": "rate", "amount": "line_amount"}
"""Fields of BigCommerce's documents by column, where their name is another one."""
TAX_KINDS = {"gift-wrapping": "wrapping"}
"""BigCommerce's word for a kind of charge where ours differs."""
PICKUP = "Pick-up"
"""The method of an order that is collected and does not name it."""
UNPAID = frozenset({"pending", "declined", "held for review"})
"""Payment statuses of an order that has received nothing."""
UNSAID = frozenset({"", "pending"})
"""Payment statuses of an order whose money no gateway watches."""
HAND_PAYMENTS = "hand_payments"
"""Table of the methods whose money staff take themselves, such as a bank deposit."""
UNCAPTURED = frozenset({"authorized", "capture pending"})
"""Payment statuses of an order that may have received a part by now."""
PAID = ("paid", "captured", "partially refunded", "refunded")
"""Payment statuses of an order whose money is in although no gateway reports a transaction."""
MONEY_IN = ("purchase", "capture", "settled")
"""Transaction events that are money received; an authorisation is not."""
PAID_STATUSES = frozenset({*SENT, 8, 9, 11, 14})
"""Statuses of an order that BigCommerce, or staff, take to be paid."""
PAYMENT_COLUMNS = (
    *("order_id", "payment_method", "payment_status", "total_inc_tax", "store_credit_amount"),
    *("gift_certificate_amount", "currency_code", "placed_at", "status_id"),
)
"""Columns of ORDERS that say how an order is paid."""
RECEIPT = "receipt"
"""Kind of the case of a receipt that one side does not have any more."""


@dataclass(frozen=True)
class OrderFrames(Frames):
    """The store's side of a batch of orders."""

    orders: pd.DataFrame = rows(ORDERS, suite="orders_in")
    lines: pd.DataFrame = rows(LINES, suite="order_lines_in")
    charges: pd.DataFrame = rows(CHARGES)
    taxes: pd.DataFrame = rows(TAXES)
    transactions: pd.DataFrame = rows(TRANSACTIONS, suite="transactions_in")
    consignments: pd.DataFrame = rows(FURTHER_ADDRESSES, suite="consignments_in")
    money_unread: frozenset[str] = frozenset()
    """Orders whose transactions were not read, because they are as they were."""


def order_frames(
    orders: Iterable[Order],
    transactions: Mapping[str, Iterable[Transaction]],
    known: Mapping[str, str] = MappingProxyType({}),
    split: Collection[str] = (),
) -> OrderFrames:
    """The frames of these orders.

    In: Brightpearl's id of those that were imported before; ids of those that are a sales order for
    each of their addresses.
    """
    orders = list(orders)
    further = [
        (order.model_copy(update={"consignments": Consignments(shipping=(place,))}), place, items)
        for order in orders
        if order.id in split
        for place, items in further_consignments(order)
    ]
    lines = [(order.id, line) for order in orders for line in order.lines]
    places = {
        one.id: tax_place(one.country_iso2, one.state)
        for order in orders
        for one in order.consignments.shipping
    }
    received = [(order_id, one) for order_id, many in transactions.items() for one in many]
    return OrderFrames(
        orders=_orders(orders, known),
        lines=_frame(
            lines,
            LINES,
            LINE,
            sku_key=[sku_key(line.sku) for _, line in lines],
            options=[
                "; ".join(
                    f"{one.display_name}: {one.display_value}" for one in line.product_options
                )
                for _, line in lines
            ],
            address_id=[
                "" if line.order_address_id == "0" else line.order_address_id for _, line in lines
            ],
            tax_place=[places.get(line.order_address_id, "") for _, line in lines],
        ),
        charges=frame((charge for order in orders for charge in _charges(order)), CHARGES),
        transactions=_frame(received, TRANSACTIONS, TRANSACTION),
        consignments=_orders([one for one, _, _ in further], known).assign(
            address_id=[place.id for _, place, _ in further],
            line_ids=[" ".join(items) for _, _, items in further],
        )
        if further
        else frame([], FURTHER_ADDRESSES),
    )


def further_consignments(order: Order) -> list[tuple[ShippingConsignment, list[str]]]:
    """Where the order goes besides its first address, with the lines that go there.

    Nothing of an order of which nothing goes to the first one: it needs no second sales order.
    """
    found = [
        (
            places[0],
            [
                line.id
                for line in order.lines
                if line.quantity and line.order_address_id in {one.id for one in places}
            ],
        )
        for places in _by_destination(order).values()
    ]
    return [one for one in found[1:] if one[1]] if found and found[0][1] else []


def tax_rows(taxes: Mapping[str, Iterable[TaxRow]]) -> pd.DataFrame:
    """TAXES by order, as BigCommerce reports them."""
    found = [(order_id, row) for order_id, of_order in taxes.items() for row in of_order]
    return _frame(
        found,
        TAXES,
        TAX,
        line_id=["" if row.order_product_id == "0" else row.order_product_id for _, row in found],
        address_id=[
            "" if row.order_address_id == "0" else row.order_address_id for _, row in found
        ],
        kind=[TAX_KINDS.get(row.line_item_type, row.line_item_type) for _, row in found],
    )


def balanced_rows(found: OrderFrames, bundle: Bundle, settings: OrderSettings) -> Rows:
    """The rows that make up each order's totals, by the merchant's rules. Pure.

    Mappings of earlier releases still count: those that know a tax code by its rate alone, a gift
    certificate as a custom line, and no kinds of lines.
    """
    orders, lines = found.orders, found.lines
    if not any("tax_place" in rule.source for rule in bundle.mappings["order_rows"].fields):
        orders, lines = orders.assign(tax_place=""), lines.assign(tax_place="")
    kinds = bundle.tables.get("line_kinds")
    rows = order_rows(
        orders,
        lines,
        found.charges,
        found.taxes,
        cap=settings.rounding_cap,
        rounding_nominal_code=settings.rounding_nominal_code,
        codes=tax_codes(bundle.tables[TABLE]),
        kinds=kinds.get if kinds is not None else LINE_KINDS.get,
    )
    names = bundle.tables.get("nominal_codes")
    if names is not None and names.get("gift_certificate") is None:
        rows.rows["kind"] = rows.rows["kind"].replace("gift_certificate", "custom")
    return rows


def may_have_received(order: Order, *, is_reported: bool = False) -> bool:
    """Whether the gateway may have received something for this order.

    An order that is unpaid as a whole has no settled transaction; it is not worth a request. One
    that is authorised may have been captured in part: it is read when `is_reported` says that
    money may have moved.
    """
    if order.payment_status in UNPAID and order.status_id in PAID_STATUSES:
        return True  # the payment's status is not that of a later try, or of money taken by hand
    unpaid = UNPAID if is_reported else UNPAID | UNCAPTURED
    covered = order.store_credit_amount + order.gift_certificate_amount
    return order.payment_status not in unpaid or covered > ZERO


def is_paid(order: Order) -> bool:
    """Whether the store says that it holds money for this order."""
    return order.payment_status in PAID and order.payment_status != "refunded"


def may_be_paid_by_hand(order: Order) -> bool:
    """Whether its status alone may say that money came in, which no gateway reports."""
    return order.status_id in PAID_STATUSES and order.payment_status not in PAID


def taken_by_hand(bundle: Bundle) -> frozenset[str]:
    """Payment methods as compared, of which staff say by the order's status that they are paid."""
    if HAND_PAYMENTS not in bundle.tables:
        return frozenset()
    return frozenset(comparable(r.value) for r in bundle.tables[HAND_PAYMENTS].rows if r.becomes)


def receipts(
    orders: pd.DataFrame, transactions: pd.DataFrame, by_hand: Collection[str] = ()
) -> pd.DataFrame:
    """Money that came in: TRANSACTIONS rows, one per receipt, with the order's `payment_method`.

    In the sequence of an order's transactions. A chain of them is one receipt: what names money
    that came in, and a settlement that names what a capture names. Several captures of one
    authorisation are several. What was voided is none. An order
    that is paid although no gateway reports it (cash, bank deposit, a settled manual payment) gets
    one receipt for what is not covered by store credit or gift certificates; one that is to be paid
    `by_hand` is so by its status. In: ORDERS, TRANSACTIONS.
    """
    reported = records_by(transactions, "order_id")
    found: list[dict[str, Any]] = []
    for order in records(orders, PAYMENT_COLUMNS):
        rows = sorted(  # by number, which are texts
            reported.get(order["order_id"], ()),
            key=lambda row: (len(row["transaction_id"]), row["transaction_id"]),
        )
        came_in = _came_in([row for row in rows if row["status"] == "ok"])
        method = {"payment_method": order["payment_method"]}
        found.extend({**row, **method} for row in (came_in if rows else _offline(order, by_hand)))
    return frame(found, {**TRANSACTIONS, "payment_method": "text"})


def _came_in(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first transaction of each chain of money that came in. In: those that succeeded."""
    names = {row["transaction_id"]: row["reference_transaction_id"] for row in rows}
    settled = [row for row in rows if row["event"] in MONEY_IN]
    money = {row["transaction_id"] for row in settled}
    captured = {row["reference_transaction_id"] for row in settled if row["event"] == "capture"}
    voided = {row["reference_transaction_id"] for row in rows if row["event"] == "void"}
    found: dict[str, Mapping[str, Any]] = {}
    for row in settled:
        chain: list[str] = []
        ref = row["transaction_id"]
        while ref and ref not in chain:
            chain.append(ref)
            ref = names.get(ref, "")
        if row["event"] != "settled" or row["reference_transaction_id"] not in captured:
            known = [one for one in chain if one in money]
            # Where they name each other in a circle, any of them may be the first.
            found.setdefault(min(known) if ref else known[-1], row)
    return [row for row in found.values() if row["transaction_id"] not in voided]


def paid_back(transactions: pd.DataFrame) -> dict[str, Decimal]:
    """Money that went back, by order. In: TRANSACTIONS."""
    found: dict[str, Decimal] = {}
    for row in records(transactions, ("order_id", "event", "status", "amount")):
        if row["event"] == "refund" and row["status"] == "ok":
            found[row["order_id"]] = found.get(row["order_id"], ZERO) + abs(row["amount"])
    return found


def receipt_case(ref: str) -> str:
    """The value of the case in which a receipt that staff deleted is proposed anew."""
    return f"{RECEIPT} {digest(ref)}"


def lost_receipt_case(ref: str) -> str:
    """The value of the case of a receipt whose money the store does not know of any more."""
    return f"{RECEIPT} {digest(ref, 'gone')}"


def _orders(orders: Sequence[Order], known: Mapping[str, str]) -> pd.DataFrame:
    shipping = [_delivery(order) for order in orders]
    pickups = [next(iter(order.consignments.pickups), Pickup()) for order in orders]
    methods = [pickup_method(order) for order in orders]
    codes = [
        {one.code for line in order.lines for one in line.applied_discounts if one.code}
        for order in orders
    ]
    texts = [getattr(one, "shipping_method", "") for one in shipping]
    return _frame(
        [(order.id, order) for order in orders],
        ORDERS,
        ORDER,
        foreign_order_id=[
            "" if one.external_order_id == known.get(one.id) else one.external_order_id
            for one in orders
        ],
        email_key=[email_key(order.billing_address.email) for order in orders],
        shipping_method=texts,
        promised_delivery=["" if undated(text) == text else text for text in texts],
        coupon_codes=[", ".join(sorted(of_order)) for of_order in codes],
        form_fields=[
            _lines(
                str(answer)
                for place in (order.billing_address, *order.consignments.shipping)
                for answer in place.form_fields
            )
            for order in orders
        ],
        pickup_method=methods,
        pickup_status_id=[
            str(order.status_id) if method else ""
            for order, method in zip(orders, methods, strict=True)
        ],
        pickup_location_id=[one.location.id for one in pickups],
        pickup_details=[
            _collection(one) if method else "" for one, method in zip(pickups, methods, strict=True)
        ],
        destinations=[_lines(_destinations(order)) for order in orders],
        gift_messages=[_lines(_gift_messages(order)) for order in orders],
        line_details=[_lines(_details(order)) for order in orders],
        qty_ordered=[sum(line.quantity for line in order.lines) for order in orders],
        qty_shipped=[sum(line.quantity_shipped for line in order.lines) for order in orders],
        status_id_of_goods=[str(int(status_of_goods(order))) for order in orders],
        tax_place=[tax_place(one.country_iso2, one.state) for one in shipping],
        in_brightpearl=["yes" if order.id in known else "no" for order in orders],
        **{f"shipping_{name}": [getattr(one, name) for one in shipping] for name in ADDRESS},
    )


def pickup_method(order: Order) -> str:
    """How the order is collected, as the store calls it; "" where it is not collected."""
    names = (one.pickup_method_display_name or PICKUP for one in order.consignments.pickups)
    return next(names, "")


def _delivery(order: Order) -> Address:
    """Where the order goes: its first address, or the shop at which the shopper collects it."""
    billing, consignments = order.billing_address, order.consignments
    if consignments.shipping or not consignments.pickups:
        return next(iter(consignments.shipping), billing)
    shop = consignments.pickups[0].location
    return Address(
        first_name=billing.first_name,
        last_name=billing.last_name,
        company=shop.name,
        street_1=shop.address_line_1,
        street_2=shop.address_line_2,
        city=shop.city,
        state=shop.state,
        zip=shop.postal_code,
        country_iso2=shop.country_alpha2,
    )


def _destinations(order: Order) -> Iterator[str]:
    """What is still to go to each consignment, unless all of it goes to the first address."""
    if order.status_id in WHOLLY_SENT:
        return
    found = {
        by: [
            f"{left} x {one_line(line.name)} ({line.sku})" if line.sku else f"{left} x {line.name}"
            for line in order.lines
            if line.order_address_id in {place.id for place in places}
            and (left := line.quantity - line.quantity_shipped - line.quantity_refunded) > 0
        ]
        for by, places in _by_destination(order).items()
    }
    is_first_alone = not any([*found.values()][1:])
    for by, what in found.items():
        if what and not is_first_alone:
            yield f"{by}: {'; '.join(what)}"


def _by_destination(order: Order) -> dict[str, list[ShippingConsignment]]:
    """The consignments of an order by address and method, as people read them."""
    found: dict[str, list[ShippingConsignment]] = {}
    for place in order.consignments.shipping:
        to = (
            *(f"{place.first_name} {place.last_name}", place.company, place.street_1),
            *(place.street_2, place.city, place.state, place.zip, place.country_iso2),
        )
        address = ", ".join(one_line(part) for part in to if part.strip())
        by = (
            f"To {address}, by {place.shipping_method}"
            if place.shipping_method
            else f"To {address}"
        )
        found.setdefault(by, []).append(place)
    return found


def _collection(pickup: Pickup) -> str:
    """How, where and when the order is collected, in a line."""
    shop = pickup.location
    contact = (f"{shop.name} {shop.code}".strip(), shop.phone, shop.email)
    opening = (pickup.collection_time_description, pickup.collection_instructions)
    method = pickup.pickup_method_display_name or PICKUP
    return "; ".join(one_line(part) for part in (method, *contact, *opening) if part)


def _gift_messages(order: Order) -> Iterator[str]:
    """How lines are wrapped, and what is written on the cards."""
    for line in order.lines:
        parts = [one_line(part) for part in (line.wrapping_name, line.wrapping_message) if part]
        yield f"{line.name}: {': '.join(parts)}" if parts else ""


def _details(order: Order) -> Iterator[str]:
    """What shoppers say about lines besides their options."""
    for line in order.lines:
        for field in map(str, line.configurable_fields):
            yield f"{line.name}: {field}" if field else ""
        if line.event_date:
            yield f"{line.name}: {line.event_name or 'date'}: {line.event_date}"


def _lines(texts: Iterable[str]) -> str:
    """Each text once, on a line of its own."""
    return "\n".join(dict.fromkeys(filter(None, texts)))


def _charges(order: Order) -> Iterator[dict[str, Any]]:
    """What an order costs besides its lines, by name where BigCommerce has one."""
    method = order.consignments.shipping[0].shipping_method if order.consignments.shipping else ""
    charges: list[tuple[str, str, str, Decimal, Decimal]] = []
    for kind, name in {"shipping": method, "handling": "", "wrapping": ""}.items():
        ex_tax, inc_tax = f"{kind}_cost_ex_tax", f"{kind}_cost_inc_tax"
        charges.append((kind, kind, name, getattr(order, ex_tax), getattr(order, inc_tax)))
    for fee in order.fees:
        name = fee.display_name_customer or fee.display_name_merchant
        charges.append((f"fee-{fee.id}", "fee", name, fee.cost_ex_tax, fee.cost_inc_tax))
    for *named, ex, inc in charges:
        yield dict(zip(CHARGES, (order.id, *named, ex, inc, inc - ex), strict=True))


def _frame(
    of_orders: Sequence[tuple[str, Document]],
    schema: Schema,
    names: Mapping[str, str],
    **columns: Sequence[object],
) -> pd.DataFrame:
    """Documents with the ids of their orders, as a frame: most columns are fields by their name."""
    documents = [document for _, document in of_orders]
    columns["order_id"] = [order_id for order_id, _ in of_orders]
    fields = {
        name: [*map(attrgetter(names.get(name, name)), documents)]
        for name in schema
        if name not in columns
    }
    return frame_of_columns(fields | columns, schema, len(documents))


def _offline(order: Mapping[str, Any], by_hand: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Payments of an order that no gateway reports."""
    is_taken = int(order["status_id"]) in PAID_STATUSES and order["payment_status"] in UNSAID
    is_taken = is_taken and comparable(order["payment_method"]) in by_hand
    if order["payment_status"] not in PAID and not is_taken:
        return
    credit, certificates = order["store_credit_amount"], order["gift_certificate_amount"]
    parts = {
        "offline": order["total_inc_tax"] - credit - certificates,
        "store_credit": credit,
        "gift_certificate": certificates,
    }
    for method, amount in parts.items():
        if amount > ZERO:
            yield {
                "order_id": order["order_id"],
                "transaction_id": method,
                "event": "settled",
                "method": method,
                "status": "ok",
                "amount": amount,
                "currency_code": order["currency_code"],
                "created_at": order["placed_at"],
            }
