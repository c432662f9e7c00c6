"""What the shipped mappings make of refunds: the documents, and what they refuse."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.frames import frame, records
from core.ids import credit_ref
from core.refunds import CREDIT_ROWS, REFUND_PAYMENTS, REFUNDS
from mappings.bundle import load_bundle
from mappings.engine import Context, apply

BUNDLE = load_bundle()
MIDNIGHT = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
REFUND = {
    "order_id": "118",
    "refund_id": "7",
    "created_at": MIDNIGHT,
    "channel_id": "1",
    "currency_code": "GBP",
    "is_tax_inclusive": True,
    "total_amount": Decimal("12.0000"),
    "total_tax": Decimal("2.0000"),
    "sales_order_id": "5001",
    "contact_id": "201",
    "sales_channel_id": "3",
    "sales_warehouse_id": "3",
    "sales_exchange_rate": Decimal("1.25"),
}
ROW = {
    "order_id": "118",
    "refund_id": "7",
    "row_ref": "31",
    "sold_ref": "31",
    "kind": "product",
    "product_id": "1001",
    "quantity": 2,
    "tax_code": "T20",
    "nominal_code": "4000",
    "net": Decimal("10.00"),
    "tax": Decimal("2.00"),
    "sequence": 1,
}
PAYMENT = {
    "order_id": "118",
    "refund_id": "7",
    "payment_id": "90",
    "provider_id": "stripe",
    "payment_method": "Credit card",
    "amount": Decimal("12.00"),
    "currency_code": "GBP",
    "sales_exchange_rate": Decimal(1),
    "created_at": MIDNIGHT,
}


def mapped(name, record, schema, **changes):
    context = Context(zone="Europe/London", tables=BUNDLE.tables)
    made = apply(BUNDLE.mappings[name], frame([{**record, **changes}], schema), context)
    return records(made.frame), records(made.refusals)


def test_a_credit_belongs_where_its_sales_order_does():
    (credit,), _ = mapped("refunds", REFUND, REFUNDS)
    assert credit["external_ref"] == credit_ref("118", "7") == "BC-118-R7"
    assert (credit["parent_id"], credit["contact_id"]) == ("5001", "201")
    assert (credit["channel_id"], credit["warehouse_id"]) == ("3", "3")
    assert credit["exchange_rate"] == Decimal("1.25")
    assert (credit["total_inc_tax"], credit["total_tax"]) == (Decimal("12.00"), Decimal("2.00"))


def test_the_tax_date_is_the_stores_own_day():
    (credit,), _ = mapped("refunds", REFUND, REFUNDS)
    assert credit["tax_on"] == "2026-07-01"


def test_channel_and_warehouse_come_from_the_tables_where_the_sales_order_has_none():
    (credit,), _ = mapped("refunds", REFUND, REFUNDS, sales_channel_id="", sales_warehouse_id="")
    assert (credit["channel_id"], credit["warehouse_id"]) == ("2", "2")


def test_a_row_keeps_what_its_sales_order_row_had():
    (row,), _ = mapped("refund_rows", ROW, CREDIT_ROWS)
    assert (row["product_id"], row["tax_code"], row["nominal_code"]) == ("1001", "T20", "4000")
    assert (row["quantity"], row["net"], row["tax"]) == (2, Decimal("10.00"), Decimal("2.00"))


def test_money_off_the_order_takes_the_code_of_no_tax():
    changes = {"kind": "order", "product_id": "", "tax_code": "", "nominal_code": ""}
    (row,), _ = mapped("refund_rows", ROW, CREDIT_ROWS, rate_percent=Decimal(0), **changes)
    assert (row["tax_code"], row["nominal_code"]) == ("T0", "4000")


@pytest.mark.parametrize(
    ("reason", "condition"),
    [
        ("returned: resellable", "restock"),
        ("Too small;  RETURNED:  Resellable.", "restock"),
        ("returned: damaged, see photo", "quarantine"),
        ("not damaged, returned: resellable", "restock"),
        ("returned: resellable, returned: damaged", ""),
        ("not unused - do not restock, nothing comes back", ""),
        ("never unopened", ""),
        ("customer disposed of it", ""),
        ("damaged in transit, lost parcel claim", ""),
        ("not damaged, returning", ""),
        ("to be returned: resellable", ""),
        ("not returned: resellable", ""),
        ("Resellable", ""),
        ("unused", ""),
        ("damaged", ""),
        ("Goodwill", ""),
        ("", ""),
    ],
)
def test_goods_are_received_only_where_the_reason_has_a_mark(reason, condition):
    (row,), _ = mapped("refund_rows", ROW, CREDIT_ROWS, reason=reason)
    assert row["condition"] == condition


def test_no_reason_is_in_the_table_of_return_conditions_as_shipped():
    assert BUNDLE.tables["return_conditions"].rows == ()


def test_a_payment_out_is_keyed_by_order_refund_and_payment():
    (payment,), _ = mapped("refund_payments", PAYMENT, REFUND_PAYMENTS)
    assert payment["transaction_ref"] == "BC-118-R7-90"
    assert (payment["payment_type"], payment["payment_method_code"]) == ("PAYMENT", "CARD")


def test_a_tender_that_no_table_knows_is_refused_with_what_to_do():
    payments, (refusal,) = mapped("refund_payments", PAYMENT, REFUND_PAYMENTS, provider_id="custom")
    assert payments == []
    assert (refusal["class"], refusal["value"]) == ("payment_method", "custom")
    assert "payment_methods.csv" in refusal["remedy"]
