"""Changes to rows over the API: one by one on any order, or several of a sales order at once."""

from dataclasses import replace
from decimal import Decimal

from pydantic import Field

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import (
    Call,
    Change,
    Incoming,
    Routes,
    answer,
    apply_all,
    done,
    operations,
)
from sandbox.brightpearl.id_sets import require_id_set
from sandbox.brightpearl.order_documents import party_order
from sandbox.brightpearl.order_rows import (
    RowIn,
    append_row,
    remove_row,
    replace_row,
    require_open,
    row_of,
)
from sandbox.brightpearl.records import ZERO, Order, OrderRow
from sandbox.brightpearl.refusals import HTTP_BAD_REQUEST, Refusal, refuse
from sandbox.kit.routing import Reply

routes = Routes()
OK = 200
MIXED = 207


class MagnitudeIn(Incoming):
    """`{"magnitude": "1"}`."""

    magnitude: Decimal


class ValueIn(Incoming):
    """`{"value": "9.09"}`."""

    value: Decimal = Field(decimal_places=2)


class RowValueIn(Incoming):
    """Tax code and row totals, two places."""

    tax_code: str
    row_net: ValueIn = ValueIn(value=ZERO)
    row_tax: ValueIn = ValueIn(value=ZERO)


class OrderRowIn(Incoming):
    """The body of `POST /order-service/order/{id}/row`."""

    product_id: int | None = None
    product_name: str | None = None
    quantity: MagnitudeIn
    row_value: RowValueIn
    nominal_code: str | None = None


class RowChangeIn(RowIn):
    """One entry of the several-rows PUT."""

    id: int


def editable(account: Account, call: Call, type_code: str | None = None) -> Order:
    """The order in the path.

    Raises: Refusal 404 when absent, 400 when invoiced.
    """
    order = account.order(call.number("id"), type_code)
    require_open(order)
    return order


@routes("POST", "/order-service/order/{id}/row")
def add_row(account: Account, call: Call) -> Reply:
    """Answers the row id."""
    order = editable(account, call)
    body = call.read(OrderRowIn)
    sent = RowIn(
        product_id=body.product_id,
        name=body.product_name,
        quantity=body.quantity.magnitude,
        tax_code=body.row_value.tax_code,
        net=body.row_value.row_net.value,
        tax=body.row_value.row_tax.value,
        nominal_code=body.nominal_code,
    )
    return answer(append_row(account, order, sent).id)


@routes("PATCH", "/order-service/order/{id}/row/{row}")
def patch_row(account: Account, call: Call) -> Reply:
    """The whole row after the change. Name, product and tax code cannot be patched."""
    order = editable(account, call)
    row = row_of(order, call.number("row"))
    draft = replace(row)
    apply_all(operations(call), _patch_paths(draft))
    replace_row(account, order, draft)
    document = party_order(account, order)["orderRows"][str(row.id)]
    return answer(document)


def _patch_paths(draft: OrderRow) -> dict[str, dict[str, Change]]:
    def number(name: str) -> Change:
        return lambda value: setattr(draft, name, Decimal(str(value)))

    fields: dict[str, Change] = {
        "/quantity/magnitude": number("quantity"),
        "/rowValue/rowNet/value": number("net"),
        "/rowValue/rowTax/value": number("tax"),
        "/rowValue/taxCalculator": lambda _: None,
        "/nominalCode": lambda value: setattr(draft, "nominal_code", str(value)),
        "/orderRowSequence": lambda value: setattr(draft, "sequence", int(value)),
    }
    return {path: {"replace": change} for path, change in fields.items()}


@routes("DELETE", "/order-service/order/{id}/row/{row}")
def delete_row(account: Account, call: Call) -> Reply:
    """`{}`; reserved units go back on sale."""
    order = editable(account, call)
    remove_row(account, order, call.number("row"))
    return done()


@routes("PUT", "/order-service/sales-order/{id}/row/{rows}")
def replace_rows(account: Account, call: Call) -> Reply:
    """A status for each row: 207 when they differ, a plain 400 when every row is refused."""
    order = editable(account, call, "SO")
    wanted = require_id_set(call.params["rows"], limit=200).ids()
    sent = {row.id: row for row in call.read(list[RowChangeIn])}
    refusals = {row_id: _replace_one(account, order, row_id, sent.get(row_id)) for row_id in wanted}
    faults = [fault for refusal in refusals.values() if refusal for fault in refusal.errors]
    if all(refusals.values()):
        raise Refusal(HTTP_BAD_REQUEST, faults)
    document = {
        "resourceStatuses": {
            str(row_id): refusal.status if refusal else OK for row_id, refusal in refusals.items()
        },
        "resourceErrors": {
            str(row_id): refusal.body["errors"] if refusal else []
            for row_id, refusal in refusals.items()
        },
    }
    return answer(document, MIXED if faults else OK)


def _replace_one(
    account: Account, order: Order, row_id: int, sent: RowChangeIn | None
) -> Refusal | None:
    """Replace one row; the refusal when it cannot be."""
    try:
        if sent is None:
            refuse("ORDC-913", f"The body has no row {row_id}")
        replace_row(account, order, _changed_row(row_of(order, row_id), sent))
    except Refusal as refusal:
        return refusal
    return None


def _changed_row(row: OrderRow, sent: RowChangeIn) -> OrderRow:
    return replace(
        row,
        product_id=sent.product_id or row.product_id,
        name=sent.name or row.name,
        quantity=sent.quantity,
        tax_code=sent.tax_code,
        net=sent.net,
        tax=sent.tax,
        nominal_code=sent.nominal_code or row.nominal_code,
        external_ref=sent.external_ref or row.external_ref,
        sequence=sent.sequence or row.sequence,
    )
