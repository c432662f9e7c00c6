"""Changes to rows of orders that exist."""

from dataclasses import replace
from decimal import Decimal

from pydantic import Field

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.idset import require_id_set
from sandbox.brightpearl.order_documents import party_order
from sandbox.brightpearl.order_rows import RowIn, check_row, make_row
from sandbox.brightpearl.order_state import noted_units, refresh
from sandbox.brightpearl.patching import Change, apply_all, operations
from sandbox.brightpearl.records import ZERO, Order, OrderRow
from sandbox.brightpearl.refusals import Refusal, not_found, refuse
from sandbox.brightpearl.reservations import release
from sandbox.brightpearl.routing import Call, Incoming, Reply, Routes, answer, done

routes = Routes()

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
    if order.invoice_reference is not None:
        refuse("ORDB-911", "The order is invoiced")
    return order


def _edited(account: Account, order: Order) -> None:
    account.touch(order)
    refresh(account, order)
    account.emit("order", order.id, "modified")


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
    row = append_row(account, order, sent)
    return answer(row.id)


def append_row(account: Account, order: Order, sent: RowIn) -> OrderRow:
    """Add a checked row at the end."""
    sequence = max((row.sequence for row in order.rows.values()), default=0) + 10
    row = make_row(account, sent, check_row(account, sent), sequence)
    order.rows[row.id] = row
    account.order_by_row[row.id] = order.id
    _edited(account, order)
    return row


@routes("PATCH", "/order-service/order/{id}/row/{row}")
def patch_row(account: Account, call: Call) -> Reply:
    """The whole row after the change. Paths: quantity, row value, name, nominal code."""
    order = editable(account, call)
    row = _row(order, call.number("row"))
    draft = replace(row)
    apply_all(operations(call), _patch_paths(draft))
    keep_row(account, order, draft)
    document = party_order(account, order)["orderRows"][str(row.id)]
    return answer(document)


def _row(order: Order, row_id: int) -> OrderRow:
    row = order.rows.get(row_id)
    if row is None:
        not_found(f"Order {order.id} has no row {row_id}")
    return row


def _patch_paths(draft: OrderRow) -> dict[str, dict[str, Change]]:
    def number(name: str) -> Change:
        return lambda value: setattr(draft, name, Decimal(str(value)))

    def text(name: str) -> Change:
        return lambda value: setattr(draft, name, str(value))

    fields = {
        "/quantity/magnitude": number("quantity"),
        "/rowValue/rowNet/value": number("net"),
        "/rowValue/rowTax/value": number("tax"),
        "/rowValue/taxCode": text("tax_code"),
        "/productName": text("name"),
        "/nominalCode": text("nominal_code"),
    }
    return {path: {"replace": change} for path, change in fields.items()}


def keep_row(account: Account, order: Order, draft: OrderRow) -> None:
    """Put a changed row in its place, if it is one the vendor would take."""
    check_row(
        account,
        RowIn(
            product_id=draft.product_id,
            name=draft.name,
            quantity=draft.quantity,
            tax_code=draft.tax_code,
            net=draft.net,
            tax=draft.tax,
            nominal_code=draft.nominal_code,
        ),
    )
    noted = noted_units(account, order).get(draft.id, 0)
    if draft.quantity < noted:
        refuse("ORDB-912", f"{noted} units of row {draft.id} are on goods-out notes")
    order.rows[draft.id] = draft
    release(account, order, draft.id, keep=int(draft.quantity) - noted)
    _edited(account, order)


@routes("DELETE", "/order-service/order/{id}/row/{row}")
def delete_row(account: Account, call: Call) -> Reply:
    """`{}`; reserved units go back on sale."""
    order = editable(account, call)
    remove_row(account, order, call.number("row"))
    return done()


def remove_row(account: Account, order: Order, row_id: int) -> None:
    """Take a row, and the components of a bundle with it, off the order."""
    row = _row(order, row_id)
    noted = noted_units(account, order)
    family = [item for item in order.rows.values() if row_id in (item.id, item.parent_row_id)]
    if any(noted.get(item.id) for item in family):
        refuse("ORDB-912", f"Units of row {row.id} are on goods-out notes")
    for item in family:
        release(account, order, item.id)
        del order.rows[item.id]
        account.order_by_row.pop(item.id, None)
    _edited(account, order)


@routes("PUT", "/order-service/sales-order/{id}/row/{rows}")
def replace_rows(account: Account, call: Call) -> Reply:
    """A status for each row; 207 when they differ."""
    order = editable(account, call, "SO")
    wanted = require_id_set(call.params["rows"], limit=200).ids()
    sent = {row.id: row for row in call.read(list[RowChangeIn])}
    statuses: dict[str, int] = {}
    errors: dict[str, list[dict[str, str]]] = {}
    for row_id in wanted:
        try:
            if row_id not in sent:
                refuse("ORDC-913", f"The body has no row {row_id}")
            _replace_row(account, order, sent[row_id])
            statuses[str(row_id)], errors[str(row_id)] = 200, []
        except Refusal as refusal:
            statuses[str(row_id)] = refusal.status
            errors[str(row_id)] = refusal.body["errors"]
    mixed = any(status != 200 for status in statuses.values())  # noqa: PLR2004 - HTTP OK
    return answer({"resourceStatuses": statuses, "resourceErrors": errors}, MIXED if mixed else 200)


def _replace_row(account: Account, order: Order, sent: RowChangeIn) -> None:
    row = _row(order, sent.id)
    changed = replace(
        row,
        name=sent.name or row.name,
        quantity=sent.quantity,
        tax_code=sent.tax_code,
        net=sent.net,
        tax=sent.tax,
        nominal_code=sent.nominal_code or row.nominal_code,
        external_ref=sent.external_ref or row.external_ref,
        sequence=sent.sequence or row.sequence,
    )
    if sent.product_id and sent.product_id != row.product_id:
        product = check_row(account, sent)
        release(account, order, row.id)
        changed.product_id = sent.product_id
        changed.sku = product.sku if product is not None else ""
    keep_row(account, order, changed)
