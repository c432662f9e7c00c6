"""Refund quotes and refunds (V3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NoReturn

from sandbox.bigcommerce import refund_documents, refund_requests, refund_tenders, refunds
from sandbox.bigcommerce.aftersales import Refund
from sandbox.bigcommerce.filters import kept
from sandbox.bigcommerce.formats import read_moment
from sandbox.bigcommerce.orders_api import the_order
from sandbox.bigcommerce.paging import v3_page
from sandbox.bigcommerce.refund_amounts import RefundRefused
from sandbox.bigcommerce.routing import (
    CREATED,
    OK,
    UNPROCESSABLE,
    Call,
    Refusal,
    Routes,
    refuse,
    the_one,
)
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
UNAVAILABLE = 503
CREATE = "/v3/orders/{id}/payment_actions/refunds"


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
    order = the_order(store, call)
    try:
        asked = refund_requests.read(call.body(), is_refund=False)
        made = refunds.draft(store, order, asked.items, tax_adjustment=asked.tax_adjustment)
    except RefundRefused as refused:
        errors = {refused.field: str(refused)} if refused.field else {}
        refuse(UNPROCESSABLE, str(refused), errors)
    ways = refund_tenders.alternatives(store, order, made.amount)
    return Reply(
        CREATED,
        {"data": refund_documents.quote(store.switches, order, made, ways), "meta": {}},
    )


@routes("POST", CREATE)
def create_refund(store: Store, call: Call) -> Reply:
    """Refund. Every request makes one: nothing is deduplicated, but sums and quantities hold."""
    order = the_order(store, call)
    if store.switches.tax_service_down:
        gone = {"order_id": order.id, "status": UNAVAILABLE, "error": "Taxes cannot be computed."}
        return Reply(UNAVAILABLE, {"data": [gone], "meta": {}})
    try:
        refunds.check_turn(store, order)
    except RefundRefused as refused:
        _fail(refused, int(store.switches.second_refund))
    try:
        asked = refund_requests.read(call.body(), is_refund=True)
        made = refunds.draft(
            store,
            order,
            asked.items,
            tax_adjustment=asked.tax_adjustment,
            override=asked.override,
        )
        ways = refund_tenders.alternatives(store, order, made.amount)
        way = refund_requests.chosen(asked, ways, is_guest=not order.customer_id)
    except RefundRefused as refused:
        _fail(refused)
    refund = refunds.create(store, order, made, way)
    return Reply(CREATED, {"data": refund_documents.refund(store.switches, refund), "meta": {}})


@routes("GET", CREATE)
def list_order_refunds(store: Store, call: Call) -> Reply:
    """Refunds of one order, earliest first."""
    rows = _of_transaction(call, the_order(store, call).refunds)
    data = [refund_documents.refund(store.switches, row) for row in rows]
    return Reply(OK, {"data": data, "meta": {}})


@routes("GET", "/v3/orders/payment_actions/refunds")
def list_refunds(store: Store, call: Call) -> Reply:
    """Refunds of all orders by id, filtered."""
    rows = kept(
        call,
        store.refunds.values(),
        {"id": lambda row: str(row.id), "order_id": lambda row: str(row.order_id)},
    )
    earliest, latest = _moment(call, "created:min"), _moment(call, "created:max")
    rows = [
        row
        for row in _of_transaction(call, rows)
        if (earliest is None or row.created_at.replace(microsecond=0) >= earliest)
        and (latest is None or row.created_at.replace(microsecond=0) <= latest)
    ]
    return v3_page(store, call, rows, lambda row: refund_documents.refund(store.switches, row))


@routes("GET", "/v3/orders/payment_actions/refunds/{refund_id}")
def get_refund(store: Store, call: Call) -> Reply:
    """One refund."""
    wanted = call.id("refund_id")
    refund = the_one(row for row in [store.refunds.get(wanted)] if row is not None)
    data: dict[str, Any] = refund_documents.refund(store.switches, refund)
    return Reply(OK, {"data": data, "meta": {}})


def _of_transaction(call: Call, rows: list[Refund]) -> list[Refund]:
    wanted = call.query.get("transaction_id")
    return [row for row in rows if wanted is None or wanted in _transactions(row)]


def _transactions(refund: Refund) -> Iterator[str]:
    return (str(payment.transaction_id) for payment in refund.payments if payment.transaction_id)


def _moment(call: Call, name: str) -> datetime | None:
    if name not in call.query:
        return None
    moment = read_moment(call.query[name])
    if moment is None:
        refuse(UNPROCESSABLE, "The date is not RFC 3339.", {name: "invalid date"})
    return moment
