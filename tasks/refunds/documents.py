"""Plans as Brightpearl's documents, each a write with its natural key and its ledger line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.brightpearl import messages, multi_message
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.goods_note_models import GoodsInCreate, GoodsMovedCreate, UnitCost
from connectors.brightpearl.models import (
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    SalesCredit,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from connectors.brightpearl.stock_models import ReservedProduct
from core.times import utc_now
from tasks.claim import Run
from tasks.deliver import Write
from tasks.refunds.goods import Release
from tasks.refunds.memory import REFUNDS, link_key
from tasks.refunds.plan_models import CreditPlan

Record = Mapping[str, Any]
Moved = list[tuple[str, str, int, str]]
"""Row id, product id, units and location."""


def credit_write(run: Run, plan: CreditPlan) -> Write:
    """The whole sales credit; its external reference makes it safe to send twice."""
    header = plan.header
    contact_id = int(header["contact_id"])
    credit = SalesOrderCreate(
        customer=CustomerRef(id=contact_id),
        billing=BillingRef(contact_id=contact_id),
        delivery=Delivery(),
        ref=header["ref"],
        external_ref=plan.external_ref,
        instance_id=run.world.pair.brightpearl.instance_id,
        parent_id=int(header["parent_id"]),
        placed_on=header["placed_at"],
        tax_date=header["tax_on"],
        status_id=int(header["status_id"]),
        warehouse_id=int(header["warehouse_id"]),
        channel_id=int(header["channel_id"]),
        price_mode_code=header["price_mode_code"],
        currency=_currency(header),
        rows=tuple(_row(row) for row in plan.rows),
    )
    return _write(
        plan,
        messages.create_sales_credit(credit_label(plan), credit),
        "create sales credit",
        plan.external_ref,
        {
            "parent": header["parent_id"],
            "total": str(header["total_inc_tax"]),
            "tax": str(header["total_tax"]),
            "currency": header["currency_code"],
            "rows": [
                [row["row_ref"], row["quantity"], str(row["net"]), str(row["tax"])]
                for row in plan.rows
            ],
        },
    )


def credit_label(plan: CreditPlan) -> str:
    """The label under which a credit is sent."""
    return f"credit:{plan.external_ref}"


def payout_writes(plan: CreditPlan, credit_id: str, account_currency: str) -> Iterator[Write]:
    """Money out, a payment per tender; a second one of the same reference and method is refused."""
    for row in plan.payouts:
        foreign = row["currency_code"] != account_currency
        payment = PaymentCreate(
            method_code=row["payment_method_code"],
            payment_type=row["payment_type"],
            order_id=int(credit_id),
            currency_code=row["currency_code"],
            paid_at=row["paid_at"],
            transaction_ref=row["transaction_ref"],
            amount=row["amount"],
            exchange_rate=row["exchange_rate"] if foreign else None,
        )
        yield _write(
            plan,
            messages.create_payment(row["transaction_ref"], payment),
            "pay out",
            row["transaction_ref"],
            {"amount": str(row["amount"]), "currency": row["currency_code"]},
        )


def goods_label(plan: CreditPlan) -> str:
    """The label under which a credit's goods are received."""
    return f"goods:{plan.external_ref}"


def moved(plan: CreditPlan, credit: SalesCredit, locations: Mapping[str, str]) -> Moved:
    """Units of the credit's rows that come back; of a bundle, of its parts.

    In: `locations` by condition.
    """
    refs = {row["sold_ref"]: row["row_ref"] for row in plan.rows if row["kind"] == "product"}
    rows = {row.external_ref: row for row in credit.rows if row.external_ref}
    found: Moved = []
    for unit in plan.receive:
        row = rows.get(refs.get(unit.sold_ref, ""))
        if row is None:
            continue
        parts = [part for part in credit.rows if part.parent_row_id == row.id] or [row]
        for part in parts:
            units = int(part.quantity * unit.back / row.quantity)
            found.append((part.id, part.product_id, units, locations[unit.condition]))
    return [one for one in found if one[2]]


def goods_write(
    plan: CreditPlan,
    credit: SalesCredit,
    goods: Moved,
    costs: Mapping[str, Decimal],
    account_currency: str,
) -> Write:
    """Goods back into stock; the batch reference makes it safe to send twice."""
    note = GoodsInCreate(
        warehouse_id=int(credit.warehouse_id),
        moved=tuple(
            GoodsMovedCreate(
                product_id=int(product_id),
                row_id=int(row_id),
                quantity=units,
                location_id=int(location),
                unit_cost=UnitCost(
                    currency=account_currency, value=costs.get(product_id, Decimal(0))
                ),
            )
            for row_id, product_id, units, location in goods
        ),
        received_at=utc_now(),
        batch_ref=plan.external_ref,
    )
    return _write(
        plan,
        messages.create_goods_in(goods_label(plan), credit.id, note),
        "take goods back",
        plan.external_ref,
        {"units": sum(one[2] for one in goods), "rows": [list(one) for one in goods]},
    )


def close_label(plan: CreditPlan) -> str:
    """The label under which a credit is invoiced."""
    return f"close:{plan.external_ref}"


def close_write(plan: CreditPlan, credit_id: str) -> Write:
    """Invoice the credit; repeatable while that is pending."""
    return _write(
        plan,
        messages.close_credit(close_label(plan), credit_id),
        "invoice sales credit",
        plan.external_ref,
        {"credit": credit_id},
    )


def take_back_writes(plan: CreditPlan) -> Iterator[Write]:
    """Payments that did not go out in the end are deleted: there is no way to edit one."""
    for ref, payment_id in plan.take_back.items():
        yield _write(
            plan,
            messages.delete_payment(f"take back:{ref}", payment_id),
            "take payment back",
            ref,
            {"payment": payment_id},
        )


def cancel_label(plan: CreditPlan) -> str:
    """The label under which a credit is called off."""
    return f"cancel:{plan.external_ref}"


def cancel_write(plan: CreditPlan, status_id: str) -> Write:
    """Call the credit off."""
    credit = plan.credit.document if plan.credit else None
    note = f"Refund {plan.refund_id} of BigCommerce order {plan.order_id} was taken back."
    return Write(
        messages.set_status(cancel_label(plan), credit.id if credit else "", int(status_id), note),
        REFUNDS,
        plan.order_id,
        "cancel sales credit",
        plan.external_ref,
        after={"status_id": status_id},
        before={"status_id": credit.status_id if credit else ""},
    )


def note_writes(release: Release) -> Iterator[Write]:
    """Goods-out notes that nobody has picked are taken back."""
    for note_id in release.notes:
        yield Write(
            messages.delete_goods_out(f"note:{note_id}", release.sales_order_id, note_id),
            REFUNDS,
            release.order_id,
            "take goods-out note back",
            f"note {note_id}",
            after={"note": note_id},
        )


def release_label(release: Release) -> str:
    """The label under which a reservation is changed."""
    return f"release:{release.sales_order_id}"


def release_write(release: Release, *, anew: bool = False) -> Write | None:
    """What stays reserved of the rows named; `anew` where nothing is reserved at all.

    None where nothing is reserved and nothing is to be.
    """
    label = release_label(release)
    products = [
        ReservedProduct(product_id=int(product_id), row_id=int(row_id), quantity=units)
        for row_id, (product_id, units) in release.keep.items()
        if units or not anew
    ]
    if not products:
        return None
    message = (
        messages.reserve(label, release.sales_order_id, release.warehouse_id, products)
        if anew
        else messages.set_reservation(label, release.sales_order_id, products)
    )
    return Write(
        message,
        REFUNDS,
        release.order_id,
        "release stock",
        label,
        after={"keep": {row_id: units for row_id, (_, units) in release.keep.items()}},
        is_repeatable=not anew,
    )


def _write(
    plan: CreditPlan,
    message: multi_message.Message,
    action: str,
    natural_key: str,
    after: Mapping[str, Any],
) -> Write:
    told = {"refund": link_key(plan.order_id, plan.refund_id), **after}
    return Write(message, REFUNDS, plan.order_id, action, natural_key, after=told)


def _currency(header: Record) -> CurrencyRef:
    """The sales order's rate, which holds for what undoes it as well."""
    rate: Decimal | None = header["exchange_rate"]
    if rate is None or rate in (0, 1):
        return CurrencyRef(code=header["currency_code"])
    return CurrencyRef(
        code=header["currency_code"], fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}"
    )


def _row(row: Record) -> SalesOrderRowCreate:
    return SalesOrderRowCreate(
        product_id=int(row["product_id"]) if row["product_id"] else None,
        name=row["name"] or None,
        quantity=str(row["quantity"]),
        tax_code=row["tax_code"],
        net=row["net"],
        tax=row["tax"],
        nominal_code=row["nominal_code"] or None,
        external_ref=row["row_ref"],
        sequence=row["sequence"] or None,
    )
