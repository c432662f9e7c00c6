"""Rows of frames as Brightpearl's documents, each a write with its natural key and ledger line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import ContactCreate, PaymentCreate, PostalAddress
from connectors.brightpearl.models import (
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    RowAdd,
    RowUpdate,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from connectors.brightpearl.multi_message import Message
from connectors.brightpearl.stock_models import ReservedProduct
from core.money import two_places
from tasks.claim import Run
from tasks.contacts import CONTACTS, person
from tasks.deliver import Answers, Write
from tasks.orders.addresses import LINES, party
from tasks.orders.compare import RowChange, in_words
from tasks.orders.plan_models import (
    Amendment,
    NewContact,
    NewSalesOrder,
    Receipt,
    Reservation,
    StatusChange,
)
from tasks.orders.states import ActualOrder


def contact_label(new: NewContact) -> str:
    """The label under which a contact is sent."""
    return f"contact:{person(new.email_key)}"


def address_writes(new: NewContact) -> list[Write]:
    """The contact's postal addresses: one, or two where billing and delivery differ."""
    billing, delivery = (_address(new.document, use) for use in ("billing", "delivery"))
    wanted = {"BIL": billing} if billing == delivery else {"BIL": billing, "DEL": delivery}
    return [
        Write(
            messages.create_address(f"{contact_label(new)}:{use}", address),
            CONTACTS,
            person(new.email_key),
            "create postal address",
            use,
            after={"use": use},
        )
        for use, address in wanted.items()
    ]


def contact_write(new: NewContact, addresses: Answers) -> Write:
    """The contact with its addresses' ids; not repeatable, for contacts have no natural key."""
    label, row = contact_label(new), new.document
    billing = int(str(addresses[f"{label}:BIL"]))
    delivery = int(str(addresses.get(f"{label}:DEL", billing)))
    phones = {"telephones": {"PRI": row["phone"]}} if row["phone"] else {}
    contact = ContactCreate(
        first_name=row["first_name"],
        last_name=row["last_name"],
        address_ids={"DEF": billing, "BIL": billing, "DEL": delivery},
        communication={"emails": {"PRI": {"email": row["email"]}}, **phones},
        organisation={"name": row["company"]} if row["company"] else None,
    )
    return Write(
        messages.create_contact(label, contact),
        CONTACTS,
        person(new.email_key),
        "create contact",
        person(new.email_key),
        after={"addresses": sorted({billing, delivery})},
        is_repeatable=False,
    )


def sales_order_write(run: Run, new: NewSalesOrder, contact_id: str) -> Write:
    """The whole sales order; its external reference makes it safe to send twice."""
    return _order_write(
        run,
        new,
        messages.create_sales_order(new.order_id, _order(run, new, contact_id)),
        "create sales order",
    )


def credit_write(run: Run, new: NewSalesOrder, contact_id: str, parent_id: str) -> Write:
    """A sales credit over a whole order; its external reference makes it safe to send twice."""
    status = run.bundle.table("credit_statuses").get("new") or "0"
    credit = _order(run, new, contact_id).model_copy(
        update={"parent_id": int(parent_id), "status_id": int(status)}
    )
    return _order_write(
        run, new, messages.create_sales_credit(new.order_id, credit), "create sales credit"
    )


def _order_write(run: Run, new: NewSalesOrder, message: Message, action: str) -> Write:
    return Write(
        message,
        run.entity,
        new.order_id,
        action,
        new.external_ref,
        after={
            "total_inc_tax": str(new.header["total_inc_tax"]),
            "currency": new.header["currency_code"],
            "rows": [
                [row["row_ref"], row["quantity"], str(row["net"]), str(row["tax"])]
                for row in new.rows
            ],
        },
    )


def _order(run: Run, new: NewSalesOrder, contact_id: str) -> SalesOrderCreate:
    header = new.header
    return SalesOrderCreate(
        customer=CustomerRef(id=int(contact_id), address=party(header, "billing")),
        billing=BillingRef(contact_id=int(contact_id), address=party(header, "billing")),
        delivery=Delivery(
            address=party(header, "delivery"),
            shipping_method_id=_number(header["shipping_method_id"]),
        ),
        ref=header["ref"],
        external_ref=new.external_ref,
        instance_id=run.world.pair.brightpearl.instance_id,
        placed_on=header["placed_at"],
        tax_date=header["tax_on"],
        status_id=int(header["status_id"] or 0),
        warehouse_id=int(header["warehouse_id"]),
        channel_id=int(header["channel_id"]),
        price_list_id=_number(header["price_list_id"]),
        price_mode_code=header["price_mode_code"],
        currency=_currency(header),
        rows=tuple(_row(row) for row in new.rows),
    )


def payment_write(receipt: Receipt, order_id_bp: str) -> Write:
    """A receipt; Brightpearl refuses a second one of the same reference and method."""
    row = receipt.document
    payment = PaymentCreate(
        method_code=row["payment_method_code"],
        payment_type=row["payment_type"],
        order_id=int(order_id_bp),
        currency_code=row["currency_code"],
        paid_at=row["paid_at"],
        transaction_ref=receipt.transaction_ref,
        amount=row["amount"],
    )
    return Write(
        messages.create_payment(receipt.transaction_ref, payment),
        "orders",
        receipt.order_id,
        "create receipt",
        receipt.transaction_ref,
        after={"amount": str(row["amount"]), "currency": row["currency_code"]},
    )


def reservation_label(order_id: str) -> str:
    """The label under which an order's reservation is sent."""
    return f"reserve:{order_id}"


def reservation_write(reservation: Reservation, there: ActualOrder) -> Write:
    """Stock for every row that has an id; read again afterwards, for a part is not told."""
    products = [
        ReservedProduct(
            product_id=int(product_id), row_id=int(there.row_ids[row]), quantity=quantity
        )
        for row, (product_id, quantity) in reservation.units.items()
        if row in there.row_ids
    ]
    label = reservation_label(reservation.order_id)
    order_id = there.order_id_bp
    message = (
        messages.set_reservation(label, order_id, products)
        if reservation.replaces
        else messages.reserve(label, order_id, reservation.warehouse_id, products)
    )
    return Write(
        message,
        "orders",
        reservation.order_id,
        "reserve stock",
        label,
        after={"units": sum(product.quantity for product in products)},
        is_repeatable=reservation.replaces,
    )


def note_write(order_id: str, order_id_bp: str, short: Mapping[str, int]) -> Write:
    """A note on the sales order that says what could not be reserved."""
    lines = [f"product {product_id}: {units} short" for product_id, units in short.items()]
    text = f"Not enough stock to reserve. {'; '.join(lines)}."
    return _note(order_id, order_id_bp, f"short:{order_id}", text, {"short": dict(short)})


def address_note_write(order_id: str, order_id_bp: str, address: str) -> Write:
    """A note with the address that staff have to enter; the address itself stands only there."""
    text = f"The delivery address was changed in BigCommerce. It is now: {address}"
    return _note(order_id, order_id_bp, f"address:{order_id}", text, {"delivery": "changed"})


def _note(
    order_id: str, order_id_bp: str, label: str, text: str, after: Mapping[str, Any]
) -> Write:
    message = messages.add_note(label, order_id_bp, text)
    return Write(message, "orders", order_id, "add note", label, after=after)


def status_write(order_id: str, order_id_bp: str, change: StatusChange) -> Write:
    """A status; harmless to repeat but for its note."""
    return Write(
        messages.set_status(f"status:{order_id}", order_id_bp, int(change.after), change.note),
        "orders",
        order_id,
        "set status",
        f"status:{order_id}",
        before={"status_id": change.before},
        after={"status_id": change.after},
    )


def take_back_write(order_id: str, order_id_bp: str, note_id: str) -> Write:
    """A goods-out note that has not left, taken back."""
    label = f"take-back:{note_id}"
    message = messages.delete_goods_out(label, order_id_bp, note_id)
    return Write(message, "orders", order_id, "take back goods-out note", label, after={})


def release_write(order_id: str, order_id_bp: str) -> Write:
    """All that an order has reserved, given back."""
    label = f"release:{order_id}"
    message = messages.release_reservation(label, order_id_bp)
    return Write(message, "orders", order_id, "release stock", label, after={})


def amendment_writes(order_id: str, order_id_bp: str, amend: Amendment) -> list[Write]:
    """Every change of an order's rows: those that change together, others one by one."""
    writes: list[Write] = []
    changed = [c for c in amend.changes if c.before is not None and c.after is not None]
    if changed:
        updates = [
            RowUpdate(id=int(change.row_id), **_update(amend.documents[change.ref]))
            for change in changed
        ]
        message = messages.update_rows(f"rows:{order_id}", order_id_bp, updates)
        writes.append(_amend(order_id, message, "change rows", changed))
    for change in amend.changes:
        if change.after is None:
            label = f"drop:{order_id}:{change.row_id}"
            message = messages.delete_row(label, order_id_bp, change.row_id)
            writes.append(_amend(order_id, message, "drop row", [change]))
        elif change.before is None:
            label = f"add:{order_id}:{change.ref}"
            message = messages.add_row(label, order_id_bp, _added(amend.documents[change.ref]))
            write = _amend(order_id, message, "add row", [change])
            writes.append(replace(write, is_repeatable=False))
    return writes


def reference_write(
    order_id: str, order_id_bp: str, rows: Mapping[str, str], amend: Amendment
) -> Write:
    """Our references for rows that were added without one. In: row id by reference."""
    updates = [
        RowUpdate(id=int(row_id), **_update(amend.documents[ref])) for ref, row_id in rows.items()
    ]
    message = messages.update_rows(f"refs:{order_id}", order_id_bp, updates)
    return _amend(order_id, message, "name rows", [])


def method_write(order_id: str, order_id_bp: str, before: str, after: str) -> Write:
    """Another shipping method."""
    label = f"method:{order_id}"
    return Write(
        messages.patch_order(label, order_id_bp, shipping_method_id=int(after)),
        "orders",
        order_id,
        "change shipping method",
        label,
        before={"shipping_method_id": before},
        after={"shipping_method_id": after},
    )


def _amend(order_id: str, message: Message, action: str, changes: Sequence[RowChange]) -> Write:
    words = [in_words(change) for change in changes]
    return Write(
        message,
        "orders",
        order_id,
        action,
        message.label,
        before={word["row"]: word["before"] for word in words},
        after={word["row"]: word["after"] for word in words},
    )


def _update(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "product_id": _number(row["product_id"]),
        "name": row["name"] or None,
        "quantity": str(row["quantity"]),
        "tax_code": row["tax_code"],
        "net": row["net"],
        "tax": row["tax"],
        "nominal_code": row["nominal_code"] or None,
        "external_ref": row["row_ref"],
    }


def _added(row: Mapping[str, Any]) -> RowAdd:
    """A row that comes later has two places and no reference: it gets that afterwards."""
    told = {name: value for name, value in _update(row).items() if name != "external_ref"}
    return RowAdd(**told | {"net": two_places(row["net"]), "tax": two_places(row["tax"])})


def _address(row: Mapping[str, Any], use: str) -> PostalAddress:
    line_1, *rest = (row[f"{use}_{name}"] or None for name in LINES)
    return PostalAddress(line_1=line_1 or "-", **dict(zip(LINES[1:], rest, strict=True)))


def _currency(header: Mapping[str, Any]) -> CurrencyRef:
    """The order's own rate, where the store's is one against the account's currency."""
    rate: Decimal | None = header["exchange_rate"]
    if rate is None or rate == 1:
        return CurrencyRef(code=header["currency_code"])
    return CurrencyRef(
        code=header["currency_code"], fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}"
    )


def _row(row: Mapping[str, Any]) -> SalesOrderRowCreate:
    return SalesOrderRowCreate(
        product_id=_number(row["product_id"]),
        name=row["name"] or None,
        quantity=str(row["quantity"]),
        tax_code=row["tax_code"],
        net=row["net"],
        tax=row["tax"],
        nominal_code=row["nominal_code"] or None,
        external_ref=row["row_ref"],
        sequence=row["sequence"] or None,
    )


def _number(text: str) -> int | None:
    return int(text) if text else None
