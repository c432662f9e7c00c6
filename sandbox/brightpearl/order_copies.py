"""A new order made from another one, as the screens make credits, back orders and purchases."""

from dataclasses import replace

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import local_midnight
from sandbox.brightpearl.records import Order


def copy_header(account: Account, order: Order, type_code: str) -> Order:
    """A child of `order` with its people, addresses, currency and channel, in no book yet.

    It has no rows, and neither external reference nor instance.
    """
    now = account.now()
    return replace(
        order,
        id=account.sequences.next("order"),
        type_code=type_code,
        status_id=reference.DEFAULT_STATUS[type_code],
        parent_id=order.id,
        external_ref=None,
        instance_id=None,
        placed_on=now,
        tax_date=local_midnight(now, account.zone),
        created_on=now,
        updated_on=None,
        closed_on=None,
        invoice_due_at=None,
        invoice_reference=None,
        version=1,
        payment_status="NOT_APPLICABLE",
        stock_status="NON",
        allocation_status="ANR",
        shipping_status="NST",
        rows={},
        custom_fields={},
    )
