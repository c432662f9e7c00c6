"""Rows of frames as Brightpearl's documents, each a write with its natural key and ledger line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.models import (
    Address,
    BillingRef,
    ContactCreate,
    CurrencyRef,
    CustomerRef,
    Delivery,
    PaymentCreate,
    PostalAddress,
    ReservedProduct,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from tasks.claim import Run
from tasks.contacts import CONTACTS, person
from tasks.deliver import Answers, Write
from tasks.orders.plan import ActualOrder, NewContact, NewSalesOrder, Receipt, Reservation

_LINES = ("line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3")


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
    header = new.header
    order = SalesOrderCreate(
        customer=CustomerRef(id=int(contact_id), address=_party(header, "billing")),
        billing=BillingRef(contact_id=int(contact_id), address=_party(header, "billing")),
        delivery=Delivery(
            address=_party(header, "delivery"),
            shipping_method_id=_number(header["shipping_method_id"]),
        ),
        ref=header["ref"],
        external_ref=new.external_ref,
        instance_id=run.world.pair.brightpearl.instance_id,
        placed_on=header["placed_at"],
        tax_date=header["tax_on"],
        status_id=int(header["status_id"]),
        warehouse_id=int(header["warehouse_id"]),
        channel_id=int(header["channel_id"]),
        price_list_id=_number(header["price_list_id"]),
        price_mode_code=header["price_mode_code"],
        currency=_currency(header),
        rows=tuple(_row(row) for row in new.rows),
    )
    return Write(
        messages.create_sales_order(new.order_id, order),
        run.entity,
        new.order_id,
        "create sales order",
        new.external_ref,
        after={
            "total_inc_tax": str(header["total_inc_tax"]),
            "currency": header["currency_code"],
            "rows": [
                [row["row_ref"], row["quantity"], str(row["net"]), str(row["tax"])]
                for row in new.rows
            ],
        },
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
        messages.reserve_more(label, order_id, products)
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
    return Write(
        messages.add_note(f"note:{order_id}", order_id_bp, text),
        "orders",
        order_id,
        "add note",
        f"short:{order_id}",
        after={"short": dict(short)},
    )


def _address(row: Mapping[str, Any], use: str) -> PostalAddress:
    line_1, *rest = (row[f"{use}_{name}"] or None for name in _LINES)
    return PostalAddress(line_1=line_1 or "-", **dict(zip(_LINES[1:], rest, strict=True)))


def _party(header: Mapping[str, Any], use: str) -> Address:
    names = {
        "name": "full_name",
        "company": "company",
        "phone": "telephone",
        "email": "email",
        **{name: name for name in _LINES},
    }
    return Address(**{ours: header[f"{use}_{name}"] or None for name, ours in names.items()})


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
