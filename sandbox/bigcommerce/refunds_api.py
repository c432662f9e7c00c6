"""Refund quotes and refunds (V3): requests, answers, operations. Unknown fields are ignored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from sandbox.bigcommerce import filters, refund_pricing, refunds
from sandbox.bigcommerce.api import (
    CREATED,
    OK,
    UNPROCESSABLE,
    Call,
    Refusal,
    Routes,
    first_or_404,
    refuse,
    v3_page,
    whole_page,
)
from sandbox.bigcommerce.formats import ZERO, iso, number, read_money
from sandbox.bigcommerce.order_documents import Document
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.pricing import cents
from sandbox.bigcommerce.refund_pricing import (
    BY_AMOUNT,
    BY_PIECES,
    STORE_CREDIT,
    RefundOption,
    RefundRefused,
)
from sandbox.bigcommerce.refund_records import Refund, RefundAdjustment, RefundItem, RefundPayment
from sandbox.bigcommerce.refunds import Draft
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.switches import BigCommerceSwitches
from sandbox.kit.routing import Reply

LONGEST_REASON, LONGEST_DESCRIPTION = 1000, 255
INVALID = "JSON data is missing or invalid"
Body = Mapping[str, Any]
routes = Routes()
UNAVAILABLE = 503
CREATE = "/v3/orders/{id}/payment_actions/refunds"


def _transactions(refund: Refund) -> tuple[str, ...]:
    return tuple(str(row.transaction_id) for row in refund.payments if row.transaction_id)


FILTERS: dict[str, filters.Filter[Refund]] = {
    "id": filters.number(lambda refund: refund.id, "in"),
    "order_id": filters.number(lambda refund: refund.order_id, "in"),
    "created": filters.moment(lambda refund: refund.created_at, "min", "max"),
    "transaction_id": filters.text(_transactions),
}


def quote_document(
    switches: BigCommerceSwitches,
    order: Order,
    made: Draft,
    alternatives: Sequence[Sequence[RefundOption]],
) -> Document:
    """What refunding would come to, and the ways to pay it back."""
    inclusive = switches.quote_tax_inclusive
    level = sum(
        (item.amount for item in made.items if item.kind == "ORDER"),
        Decimal(0),
    )
    return {
        "order_id": order.id,
        "total_refund_amount": number(made.amount if inclusive else made.amount - made.tax),
        "total_refund_tax_amount": number(made.tax),
        "order_level_refund_amount": number(level),
        "rounding": 0,
        "adjustment": number(made.cut),
        "tax_inclusive": inclusive,
        "refund_methods": [[_option_document(option) for option in way] for way in alternatives],
    }


def _option_document(option: RefundOption) -> Document:
    return {
        "provider_id": option.provider_id,
        "provider_description": option.description,
        "amount": number(option.amount),
        "offline": option.is_offline,
        "offline_provider": option.is_offline_provider,
        "offline_reason": option.offline_reason,
    }


def refund_document(switches: BigCommerceSwitches, made: Refund) -> Document:
    """A refund with its items and payments."""
    shows_tax = switches.refunds_show_tax_items
    document: Document = {
        "id": made.id,
        "order_id": made.order_id,
        "user_id": made.user_id,
        "created": iso(made.created_at),
        "reason": made.reason,
        "total_amount": number(made.amount),
        "total_tax": number(made.tax),
        "uses_merchant_override_values": made.is_override,
        "items": [_item_document(item) for item in made.items if shows_tax or item.kind != "TAX"],
        "payments": [_payment_document(payment) for payment in made.payments],
    }
    if made.tax_shown == "null":
        document["total_tax"] = None
    elif made.tax_shown == "missing":
        del document["total_tax"]
    return document


def _item_document(item: RefundItem) -> Document:
    """Only products have a `quantity`, and only items asked for by amount have an amount."""
    document: Document = {
        "item_type": item.kind,
        "item_id": item.item_id,
        "reason": item.reason,
        "requested_amount": None,
        "adjustments": [
            {"amount": number(less.amount), "description": less.description}
            for less in item.adjustments
        ],
    }
    if item.kind == "PRODUCT":
        document["quantity"] = item.quantity
    if item.kind not in BY_PIECES and item.requested is not None:
        document["requested_amount"] = number(item.requested)
    return document


def _payment_document(payment: RefundPayment) -> Document:
    row = payment.transaction_id
    return {
        "id": payment.id,
        "provider_id": payment.provider_id,
        "amount": number(payment.amount),
        "offline": payment.is_offline,
        "is_declined": payment.is_declined,
        "declined_message": payment.declined_message,
        "transaction_id": None if row is None else str(row),
    }


@dataclass(slots=True)
class RefundRequest:
    """A request, read."""

    items: list[RefundItem] = field(default_factory=list)
    tax_adjustment: Decimal = ZERO
    override: tuple[Decimal, Decimal] | None = None
    payments: list[tuple[str, Decimal, bool | None]] = field(default_factory=list)
    """Provider, amount, and whether offline where that is said."""


def read_request(body: Body, *, is_refund: bool) -> RefundRequest:
    """A request for a quote, or for a refund with its payments.

    Raises: RefundRefused that names the field.
    """
    rows = body.get("items", [])
    if not isinstance(rows, list):
        raise RefundRefused(INVALID, "items")
    asked = RefundRequest([_read_item(row, f"items.{place}") for place, row in enumerate(rows)])
    if body.get("tax_adjustment_amount"):
        name = "tax_adjustment_amount"
        asked.tax_adjustment = _read_amount(body, name, name)
    if bool(asked.items) == bool(asked.tax_adjustment):
        raise RefundRefused(INVALID, "items")
    if is_refund:
        asked.payments = _read_payments(body)
        asked.override = _read_override(body.get("merchant_calculated_override"))
    return asked


def _read_item(row: object, path: str) -> RefundItem:
    if not isinstance(row, dict):
        raise RefundRefused(INVALID, path)
    kind, item_id = row.get("item_type"), row.get("item_id")
    if kind not in BY_PIECES | BY_AMOUNT:
        raise RefundRefused(INVALID, f"{path}.item_type")
    if type(item_id) is not int:
        raise RefundRefused(INVALID, f"{path}.item_id")
    item = RefundItem(str(kind), item_id, reason=_read_text(row, "reason", LONGEST_REASON, path))
    if kind in BY_AMOUNT:
        item.requested = _read_amount(row, "amount", f"{path}.amount")
        return item
    quantity = row.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise RefundRefused(INVALID, f"{path}.quantity")
    item.quantity = quantity
    if kind == "PRODUCT":
        item.adjustments = _read_adjustments(row.get("adjustments") or [], f"{path}.adjustments")
    return item


def _read_adjustments(rows: object, path: str) -> tuple[RefundAdjustment, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefundRefused(INVALID, path)
    made = []
    for place, row in enumerate(rows):
        amount = read_money(row.get("amount"))
        if amount is None or amount > 0 or amount != cents(amount):
            raise RefundRefused(INVALID, f"{path}.{place}.amount")
        description = _read_text(row, "description", LONGEST_DESCRIPTION, f"{path}.{place}")
        made.append(RefundAdjustment(amount, description))
    return tuple(made)


def _read_text(row: Body, name: str, longest: int, path: str) -> str:
    text = row.get(name) or ""
    if not isinstance(text, str) or len(text) > longest:
        raise RefundRefused(INVALID, f"{path}.{name}")
    return text


def _read_amount(row: Body, name: str, path: str, least: Decimal = Decimal("0.01")) -> Decimal:
    value = row.get(name)
    amount = None if isinstance(value, str) else read_money(value)
    if amount is None or amount < least or amount != cents(amount):
        raise RefundRefused(INVALID, path)
    return amount


def _read_payments(body: Body) -> list[tuple[str, Decimal, bool | None]]:
    rows = body.get("payments")
    if not isinstance(rows, list) or not rows:
        raise RefundRefused(INVALID, "payments")
    found: list[tuple[str, Decimal, bool | None]] = []
    for place, row in enumerate(rows):
        path = f"payments.{place}"
        if not isinstance(row, dict) or not isinstance(row.get("provider_id"), str):
            raise RefundRefused(INVALID, f"{path}.provider_id")
        offline = row.get("offline")
        if offline is not None and not isinstance(offline, bool):
            raise RefundRefused(INVALID, f"{path}.offline")
        found.append((row["provider_id"], _read_amount(row, "amount", f"{path}.amount"), offline))
    return found


def _read_override(given: object) -> tuple[Decimal, Decimal] | None:
    if given is None:
        return None
    path = "merchant_calculated_override"
    if not isinstance(given, dict):
        raise RefundRefused(INVALID, path)
    total = _read_amount(given, "total_amount", f"{path}.total_amount")
    tax = _read_amount(given, "total_tax", f"{path}.total_tax", least=-total)
    if tax > total:
        raise RefundRefused(INVALID, f"{path}.total_tax")
    return total, tax


def chosen_option(
    asked: RefundRequest, alternatives: Sequence[Sequence[RefundOption]], *, is_guest: bool
) -> Sequence[RefundOption]:
    """The alternative that the payments are equal to.

    Raises: RefundRefused when there is none.
    """
    wants_credit = any(provider == STORE_CREDIT for provider, _, _ in asked.payments)
    has_credit = any(option.provider_id == STORE_CREDIT for way in alternatives for option in way)
    if is_guest and wants_credit and not has_credit:
        raise RefundRefused("A guest has no store credit to refund to.")
    for way in alternatives:
        if _is_same_payment(asked, way):
            return way
    raise RefundRefused("The payments are not those of a refund quote.", "payments")


def _is_same_payment(asked: RefundRequest, way: Sequence[RefundOption]) -> bool:
    wanted = sorted(asked.payments, key=lambda payment: payment[0])
    options = sorted(way, key=lambda option: option.provider_id)
    return len(wanted) == len(options) and all(
        (provider, amount) == (option.provider_id, option.amount)
        and offline in {None, option.is_offline}
        for (provider, amount, offline), option in zip(wanted, options, strict=True)
    )


class _Failed(Refusal):
    """Refunds put their error into a list under `data`."""

    def body(self, *, is_v2: bool) -> object:
        """One error."""
        return {"data": [super().body(is_v2=is_v2)]}


def _fail(refused: RefundRefused, status: int = UNPROCESSABLE) -> NoReturn:
    errors = {refused.field: str(refused)} if refused.field else None
    raise _Failed(status, str(refused), errors) from refused


def busy(store: Store, call: Call) -> Reply | None:
    """The answer to a refund while another one of the same order is worked on; None to go on."""
    if store.switches.second_refund == "accept":
        return None
    failed = _Failed(int(store.switches.second_refund), "Another refund is being processed.")
    return failed.reply(call)


def is_refund(call: Call) -> bool:
    """Whether the call makes a refund."""
    return call.method == "POST" and call.path.endswith("/payment_actions/refunds")


@routes("POST", "/v3/orders/{id}/payment_actions/refund_quotes")
def create_quote(store: Store, call: Call) -> Reply:
    """What a refund would come to; nothing is kept."""
    order = require_order(store, call)
    try:
        asked = read_request(call.body(), is_refund=False)
        made = refunds.draft(store, order, asked.items, tax_adjustment=asked.tax_adjustment)
    except RefundRefused as refused:
        errors = {refused.field: str(refused)} if refused.field else {}
        refuse(UNPROCESSABLE, str(refused), errors)
    ways = refund_pricing.alternatives(store, order, made.amount)
    return Reply(
        CREATED,
        {"data": quote_document(store.switches, order, made, ways), "meta": {}},
    )


@routes("POST", CREATE)
def create_refund(store: Store, call: Call) -> Reply:
    """Refund. Every request makes one: nothing is deduplicated, but sums and quantities hold."""
    order = require_order(store, call)
    if store.switches.tax_service_down:
        gone = {"order_id": order.id, "status": UNAVAILABLE, "error": "Taxes cannot be computed."}
        return Reply(UNAVAILABLE, {"data": [gone], "meta": {}})
    try:
        refunds.check_turn(store, order)
    except RefundRefused as refused:
        _fail(refused, int(store.switches.second_refund))
    try:
        asked = read_request(call.body(), is_refund=True)
        made = refunds.draft(
            store,
            order,
            asked.items,
            tax_adjustment=asked.tax_adjustment,
            override=asked.override,
        )
        ways = refund_pricing.alternatives(store, order, made.amount)
        way = chosen_option(asked, ways, is_guest=not order.customer_id)
    except RefundRefused as refused:
        _fail(refused)
    refund = refunds.create(store, order, made, way)
    return Reply(CREATED, {"data": refund_document(store.switches, refund), "meta": {}})


@routes("GET", CREATE)
def list_order_refunds(store: Store, call: Call) -> Reply:
    """Refunds of one order, earliest first: all on the first page, none beyond."""
    of_transaction = {"transaction_id": FILTERS["transaction_id"]}
    rows = filters.select(call, require_order(store, call).refunds, of_transaction)
    return whole_page(store, call, [refund_document(store.switches, row) for row in rows])


@routes("GET", "/v3/orders/payment_actions/refunds")
def list_refunds(store: Store, call: Call) -> Reply:
    """Refunds of all orders by id, filtered."""
    rows = filters.select(call, store.refunds.values(), FILTERS)
    return v3_page(store, call, rows, lambda row: refund_document(store.switches, row))


@routes("GET", "/v3/orders/payment_actions/refunds/{refund_id}")
def get_refund(store: Store, call: Call) -> Reply:
    """One refund."""
    wanted = call.id("refund_id")
    refund = first_or_404(row for row in [store.refunds.get(wanted)] if row is not None)
    data: dict[str, Any] = refund_document(store.switches, refund)
    return Reply(OK, {"data": data, "meta": {}})
