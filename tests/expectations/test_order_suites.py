from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from suite_examples import Examples

from core.errors import ContractError
from core.frames import Schema, frame
from core.orders import (
    CONTACTS,
    FURTHER_ADDRESSES,
    LINES,
    ORDERS,
    PAYMENTS,
    ROWS,
    SALES_ORDERS,
    TRANSACTIONS,
)
from core.refusals import REFUSALS
from expectations.check import check
from expectations.orders import SUITES
from expectations.rules import Severity

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
SCHEMAS: dict[str, Schema] = {
    "orders_in": ORDERS,
    "consignments_in": FURTHER_ADDRESSES,
    "order_lines_in": LINES,
    "transactions_in": TRANSACTIONS,
    "sales_orders_out": {**SALES_ORDERS, "rows_total": "money"},
    "sales_order_rows_out": ROWS,
    "payments_out": PAYMENTS,
    "contacts_out": {"order_id": "text", **CONTACTS},
}
GOOD: dict[str, dict] = {
    "orders_in": {
        "order_id": "1",
        "currency_code": "GBP",
        "total_inc_tax": Decimal("12.00"),
        "email_key": "a@b.test",
        "placed_at": NOW,
    },
    "consignments_in": {"order_id": "1", "address_id": "7", "shipping_last_name": "Lee"},
    "order_lines_in": {
        "order_id": "1",
        "line_id": "l1",
        "sku": "S-1",
        "kind": "physical",
        "quantity": 2,
        "total_inc_tax": Decimal("12.00"),
    },
    "transactions_in": {
        "order_id": "1",
        "transaction_id": "t1",
        "event": "capture",
        "status": "ok",
        "amount": Decimal("12.00"),
        "currency_code": "GBP",
    },
    "sales_orders_out": {
        "order_id": "1",
        "external_ref": "BC-1",
        "ref": "1",
        "tax_on": "2025-03-01",
        "status_id": "2",
        "channel_id": "2",
        "currency_code": "GBP",
        "total_inc_tax": Decimal("12.00"),
        "rows_total": Decimal(12),
    },
    "sales_order_rows_out": {
        "order_id": "1",
        "row_ref": "l1",
        "kind": "product",
        "sku_key": "s-1",
        "product_id": "1000",
        "quantity": 2,
        "rate_percent": Decimal(20),
        "tax_code": "T20",
        "net": Decimal("10.00"),
        "tax": Decimal("2.00"),
    },
    "payments_out": {
        "order_id": "1",
        "transaction_ref": "BC-1-t",
        "payment_method_code": "CARD",
        "payment_type": "RECEIPT",
        "amount": Decimal("12.00"),
        "currency_code": "GBP",
        "paid_at": NOW,
    },
    "contacts_out": {
        "order_id": "1",
        "email": "a@b.test",
        "first_name": "Ann",
        "last_name": "Bee",
        "billing_line_1": "1 High Street",
        "billing_country_iso3": "GBR",
    },
}
KEYS = {
    "orders_in": ("order_id",),
    "consignments_in": ("order_id", "address_id"),
    "order_lines_in": ("order_id", "line_id"),
    "transactions_in": ("order_id", "transaction_id"),
    "sales_orders_out": ("order_id", "external_ref"),
    "sales_order_rows_out": ("order_id", "row_ref"),
    "payments_out": ("order_id", "transaction_ref"),
    "contacts_out": ("order_id",),
}


def numbered(name: str, number: int) -> dict[str, str]:
    """The row's keys, with its number for every 1 in them."""
    keys = {key: GOOD[name][key] for key in KEYS[name]}
    return {key: text.replace("1", str(number)) for key, text in keys.items()}


EXAMPLES = Examples(SUITES, SCHEMAS, GOOD, numbered, NOW)

STOPS = [
    ("orders_in", {"order_id": "2"}, "the same order is there twice"),
    ("orders_in", {"order_id": "abc"}, "an order's id is not a number"),
    ("order_lines_in", {"order_id": "2", "line_id": "l2"}, "the same order line is there twice"),
    (
        "transactions_in",
        {"order_id": "2", "transaction_id": "t2"},
        "the same transaction is there twice",
    ),
    (
        "sales_orders_out",
        {"external_ref": "BC-2"},
        "two sales orders carry the same external reference",
    ),
    ("sales_orders_out", {"external_ref": ""}, "a sales order has no external reference"),
    (
        "sales_order_rows_out",
        {"order_id": "2", "row_ref": "l2"},
        "two rows carry the same reference",
    ),
    (
        "payments_out",
        {"transaction_ref": "BC-2-t"},
        "two payments carry the same reference and method",
    ),
    (
        "payments_out",
        {"transaction_ref": "x" * 65},
        "a payment's reference, its key, is blank or longer than 64 characters",
    ),
    ("payments_out", {"payment_type": "PAYMENT"}, "an order's payment is not a receipt"),
]
REFUSED = [
    ("orders_in", {"currency_code": "gbp"}, "currency", "currency_code", "gbp"),
    ("orders_in", {"total_inc_tax": Decimal(-1)}, "document", "total_inc_tax", "-1"),
    ("orders_in", {"email_key": "", "channel_id": "1"}, "contact", "channel_id", "1"),
    ("orders_in", {"billing_phone": "•••• 1111"}, "card", "billing_name", ""),
    ("orders_in", {"billing_street_2": "c/o •••• 1111"}, "card", "billing_address", ""),
    ("orders_in", {"shipping_last_name": "•••• 1111"}, "card", "shipping_name", ""),
    ("orders_in", {"shipping_city": "•••• 1111"}, "card", "shipping_address", ""),
    ("consignments_in", {"shipping_phone": "•••• 1111"}, "card", "shipping_name", ""),
    ("consignments_in", {"shipping_street_1": "•••• 1111"}, "card", "shipping_address", ""),
    ("order_lines_in", {"quantity": -2}, "document", "quantity", "-2"),
    ("order_lines_in", {"total_inc_tax": Decimal(-1)}, "document", "total_inc_tax", "-1"),
    ("transactions_in", {"amount": Decimal(-1)}, "document", "amount", "-1"),
    ("sales_orders_out", {"rows_total": Decimal("11.99")}, "money", "total_inc_tax", ""),
    ("sales_orders_out", {"status_id": "new"}, "order_status", "status_id", "new"),
    ("sales_orders_out", {"channel_id": ""}, "channel", "channel_id", ""),
    ("sales_orders_out", {"currency_code": "pounds"}, "currency", "currency_code", "pounds"),
    ("sales_orders_out", {"tax_on": ""}, "document", "tax_on", ""),
    ("sales_orders_out", {"ref": "9" * 65}, "document", "ref", "9" * 65),
    ("sales_order_rows_out", {"quantity": 0}, "document", "quantity", "0"),
    ("sales_order_rows_out", {"tax_code": ""}, "tax_code", "tax_code", "20"),
    ("sales_order_rows_out", {"product_id": "", "name": "Mug"}, "sku", "product_id", "s-1"),
    (
        "sales_order_rows_out",
        {"kind": "custom", "product_id": "", "name": ""},
        "document",
        "name",
        "",
    ),
    ("sales_order_rows_out", {"net": Decimal("-0.01")}, "money", "net", "-0.01"),
    ("payments_out", {"amount": Decimal(0)}, "document", "amount", "0"),
    ("payments_out", {"payment_method_code": ""}, "payment_method", "payment_method_code", ""),
    ("payments_out", {"currency_code": "€"}, "currency", "currency_code", "€"),
    ("contacts_out", {"email": "nobody"}, "document", "billing_email", ""),
    ("contacts_out", {"first_name": "a" * 33}, "document", "first_name", ""),
    ("contacts_out", {"last_name": "a" * 33}, "document", "last_name", ""),
    ("contacts_out", {"billing_country_iso3": "GB"}, "country", "billing_country_iso3", "GB"),
]
UNUSUAL = [
    ("orders_in", {"placed_at": NOW + timedelta(days=2)}, "placed more than a day from now"),
    ("orders_in", {"customer_message": "Use\n•••• 1111 please"}, "number of a payment card"),
    ("order_lines_in", {"sku": "s" * 33}, "a SKU is longer"),
    ("order_lines_in", {"options": "Engraving: •••• 1111"}, "number of a payment card"),
    ("transactions_in", {"event": "blessing"}, "an event that is not known"),
    ("contacts_out", {"billing_line_1": ""}, "a contact has no street"),
]


@pytest.mark.parametrize("name", SUITES)
def test_good_frames_and_empty_frames_pass(name: str) -> None:
    verdict = EXAMPLES.check(name)

    assert verdict.refused.empty
    assert list(verdict.refused.columns) == list(REFUSALS)
    assert verdict.notes == []
    assert check({name: frame([], SCHEMAS[name])}, SUITES).refused.empty


@pytest.mark.parametrize(("name", "change", "reason"), STOPS)
def test_a_batch_that_is_not_to_be_trusted_stops_the_run(
    name: str, change: dict, reason: str
) -> None:
    with pytest.raises(ContractError) as caught:
        EXAMPLES.check(name, change)

    assert f"{name} is not to be trusted: {reason} (" in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(("name", "change", "class_", "field", "value"), REFUSED)
def test_a_bad_row_refuses_its_order_alone_with_class_value_and_remedy(
    name: str, change: dict, class_: str, field: str, value: str
) -> None:
    verdict = EXAMPLES.check(name, change)

    (refusal,) = verdict.refused.to_dict("records")
    assert (refusal["key"], refusal["class"]) == ("1", class_)
    assert (refusal["field"], refusal["value"]) == (field, value)
    assert (name, refusal["reason"]) in EXAMPLES.declared(Severity.REFUSE)
    assert f", then: causeway quarantine release --class {class_} --" in refusal["remedy"]
    assert "{value}" not in refusal["remedy"]


@pytest.mark.parametrize(("name", "change", "reason"), UNUSUAL)
def test_what_is_only_unusual_is_reported_and_stays_in_the_batch(
    name: str, change: dict, reason: str
) -> None:
    verdict = EXAMPLES.check(name, change)

    assert verdict.refused.empty
    assert len(verdict.notes) == 1
    assert verdict.notes[0].startswith(f"{name}: 1 of 3 rows: ")
    assert reason in verdict.notes[0]


def test_every_expectation_can_fail_and_each_example_breaks_only_one() -> None:
    examples = [(name, change) for name, change, *_ in (*STOPS, *REFUSED, *UNUSUAL)]

    assert EXAMPLES.fails_alone(examples) == EXAMPLES.declared()


def test_one_bad_line_refuses_its_order_and_no_other() -> None:
    lines = [
        {**GOOD["order_lines_in"], "order_id": "1", "line_id": "a"},
        {**GOOD["order_lines_in"], "order_id": "1", "line_id": "b", "quantity": -1},
        {**GOOD["order_lines_in"], "order_id": "2", "line_id": "c"},
    ]

    verdict = check({"order_lines_in": frame(lines, LINES)}, SUITES)

    assert list(verdict.refused["key"]) == ["1"]


def test_a_fee_and_a_rounding_row_may_be_negative() -> None:
    verdict = EXAMPLES.check(
        "sales_order_rows_out",
        {"kind": "fee", "net": Decimal(-2), "product_id": "", "name": "Goodwill"},
        {"kind": "rounding", "net": Decimal("-0.02"), "product_id": "", "name": "Rounding"},
    )

    assert verdict.refused.empty


def test_no_refusal_shows_an_e_mail_address_or_a_name() -> None:
    verdict = EXAMPLES.check(
        "contacts_out", {"email": "ann at b.test", "last_name": "Verylong" * 5}
    )

    text = verdict.refused.to_string()
    assert "ann at" not in text
    assert "Verylong" not in text
