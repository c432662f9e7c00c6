"""The store's order documents as rows of frames: one place that knows both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from connectors.bigcommerce.models import (
    Address,
    Fee,
    Order,
    OrderLine,
    ShippingConsignment,
    TaxRow,
    Transaction,
)
from core.frames import frame
from core.ids import email_key, sku_key
from core.money import ZERO
from core.orders import CHARGES, LINES, ORDERS, TAXES, TRANSACTIONS
from core.settings import OrderSettings
from mappings.bundle import Bundle
from mappings.order_rows import Rows, order_rows
from tasks.bigcommerce.receipts import tax_rates
from tasks.reconciler.frames import Frames, rows

TAX_KINDS = {"gift-wrapping": "wrapping"}
"""BigCommerce's word for a kind of charge where ours differs."""
CHARGE_NAMES = {"shipping": "Shipping", "handling": "Handling", "wrapping": "Gift wrapping"}
UNPAID = frozenset({"pending", "declined", "held for review"})
"""Payment statuses of an order that has received nothing."""
UNCAPTURED = frozenset({"authorized", "capture pending"})
"""Payment statuses of an order that may have received a part by now."""


@dataclass(frozen=True)
class OrderFrames(Frames):
    """The store's side of a batch of orders."""

    orders: pd.DataFrame = rows(ORDERS, suite="orders_in")
    lines: pd.DataFrame = rows(LINES, suite="order_lines_in")
    charges: pd.DataFrame = rows(CHARGES)
    taxes: pd.DataFrame = rows(TAXES)
    transactions: pd.DataFrame = rows(TRANSACTIONS, suite="transactions_in")
    money_unread: frozenset[str] = frozenset()
    """Orders whose transactions were not read, because they are as they were."""


def order_frames(
    orders: Iterable[Order],
    transactions: Mapping[str, Iterable[Transaction]],
    known: Collection[str] = (),
) -> OrderFrames:
    """The frames of these orders. `known` are the ids of those that were imported before."""
    orders = list(orders)
    return OrderFrames(
        orders=frame(
            (_order(o) | {"in_brightpearl": "yes" if o.id in known else "no"} for o in orders),
            ORDERS,
        ),
        lines=frame((_line(order, line) for order in orders for line in order.lines), LINES),
        charges=frame((charge for order in orders for charge in _charges(order)), CHARGES),
        transactions=frame(
            (_transaction(key, row) for key, of_order in transactions.items() for row in of_order),
            TRANSACTIONS,
        ),
    )


def tax_rows(taxes: Mapping[str, Iterable[TaxRow]]) -> pd.DataFrame:
    """TAXES by order, as BigCommerce reports them."""
    return frame((_tax(key, row) for key, of_order in taxes.items() for row in of_order), TAXES)


def balanced_rows(found: OrderFrames, bundle: Bundle, settings: OrderSettings) -> Rows:
    """The rows that make up each order's totals, by the merchant's rules. Pure."""
    return order_rows(
        found.orders,
        found.lines,
        found.charges,
        found.taxes,
        cap=settings.rounding_cap,
        rounding_nominal_code=settings.rounding_nominal_code,
        rates=tax_rates(bundle),
    )


def may_have_received(order: Order, *, is_reported: bool = False) -> bool:
    """Whether the gateway may have received something for this order.

    An order that is unpaid as a whole has no settled transaction; it is not worth a request. One
    that is authorised may have been captured in part: it is read when `is_reported` says that
    money may have moved.
    """
    unpaid = UNPAID if is_reported else UNPAID | UNCAPTURED
    covered = order.store_credit_amount + order.gift_certificate_amount
    return order.payment_status not in unpaid or covered > ZERO


def _order(order: Order) -> dict[str, Any]:
    shipping = _first_shipping(order)
    codes = {d.code for line in order.lines for d in line.applied_discounts if d.code}
    return {
        "order_id": order.id,
        "status_id": order.status_id,
        "channel_id": order.channel_id,
        "customer_id": order.customer_id,
        "placed_at": order.date_created,
        "modified_at": order.date_modified,
        "currency_code": order.default_currency_code,
        "store_currency_code": order.store_default_currency_code,
        "exchange_rate": order.store_default_to_transactional_exchange_rate,
        "is_tax_inclusive": order.is_tax_inclusive_pricing,
        "total_ex_tax": order.total_ex_tax,
        "total_inc_tax": order.total_inc_tax,
        "total_tax": order.total_tax,
        "discount_amount": order.discount_amount,
        "coupon_discount": order.coupon_discount,
        "store_credit_amount": order.store_credit_amount,
        "gift_certificate_amount": order.gift_certificate_amount,
        "payment_method": order.payment_method,
        "payment_status": order.payment_status,
        "external_order_id": order.external_order_id,
        "email_key": email_key(order.billing_address.email),
        "shipping_method": shipping.shipping_method
        if isinstance(shipping, ShippingConsignment)
        else "",
        "customer_message": order.customer_message,
        "coupon_codes": ", ".join(sorted(codes)),
        "qty_ordered": sum(line.quantity for line in order.lines),
        "qty_shipped": sum(line.quantity_shipped for line in order.lines),
        **_party("billing", order.billing_address),
        **_party("shipping", shipping),
    }


def _first_shipping(order: Order) -> Address:
    return order.consignments.shipping[0] if order.consignments.shipping else order.billing_address


def _party(prefix: str, address: Address) -> dict[str, str]:
    return {f"{prefix}_{name}": getattr(address, name) for name in Address.model_fields}


def _line(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "line_id": line.id,
        "product_id": line.product_id,
        "sku": line.sku,
        "sku_key": sku_key(line.sku),
        "name": line.name,
        "options": "; ".join(
            f"{option.display_name}: {option.display_value}" for option in line.product_options
        ),
        "kind": line.type,
        "quantity": line.quantity,
        "qty_refunded": line.quantity_refunded,
        "address_id": line.order_address_id if line.order_address_id != "0" else "",
        "total_ex_tax": line.total_ex_tax,
        "total_inc_tax": line.total_inc_tax,
        "total_tax": line.total_tax,
        "discounted_total_inc_tax": line.discounted_total_inc_tax,
        "parent_line_id": line.parent_order_product_id,
    }


def _charges(order: Order) -> Iterator[dict[str, Any]]:
    for kind, name in CHARGE_NAMES.items():
        ex_tax = getattr(order, f"{kind}_cost_ex_tax")
        inc_tax = getattr(order, f"{kind}_cost_inc_tax")
        yield {
            "order_id": order.id,
            "charge_id": kind,
            "kind": kind,
            "name": _shipping_name(order) if kind == "shipping" else name,
            "total_ex_tax": ex_tax,
            "total_inc_tax": inc_tax,
            "total_tax": inc_tax - ex_tax,
        }
    yield from (_fee(order, fee) for fee in order.fees)


def _shipping_name(order: Order) -> str:
    shipping = _first_shipping(order)
    method = shipping.shipping_method if isinstance(shipping, ShippingConsignment) else ""
    return method or CHARGE_NAMES["shipping"]


def _fee(order: Order, fee: Fee) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "charge_id": f"fee-{fee.id}",
        "kind": "fee",
        "name": fee.display_name_customer or fee.display_name_merchant or "Fee",
        "total_ex_tax": fee.cost_ex_tax,
        "total_inc_tax": fee.cost_inc_tax,
        "total_tax": fee.cost_inc_tax - fee.cost_ex_tax,
    }


def _tax(order_id: str, row: TaxRow) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_id": row.order_product_id if row.order_product_id != "0" else "",
        "kind": TAX_KINDS.get(row.line_item_type, row.line_item_type),
        "tax_class": row.tax_class,
        "rate_percent": row.rate,
        "amount": row.line_amount,
    }


def _transaction(order_id: str, row: Transaction) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "transaction_id": row.id,
        "event": row.event,
        "method": row.method,
        "gateway": row.gateway,
        "status": row.status,
        "amount": row.amount,
        "currency_code": row.currency,
        "reference_transaction_id": row.reference_transaction_id,
        "created_at": row.date_created,
    }
