"""Every expectation about refunds fails once: as what, with what help, and for that row alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from suite_examples import Examples

from core.errors import ContractError
from core.frames import Schema, frame
from core.refunds import CREDIT_ROWS, CREDITS, PAYOUTS, REFUND_ITEMS, REFUND_PAYMENTS, REFUNDS
from expectations.check import check
from expectations.refunds import SUITES
from expectations.rules import Severity

SCHEMAS: dict[str, Schema] = {
    "refunds_in": REFUNDS,
    "refund_items_in": REFUND_ITEMS,
    "refund_payments_in": REFUND_PAYMENTS,
    "credits_out": {
        **CREDITS,
        "rows_total": "money",
        "rows_tax": "money",
        "sales_currency_code": "text",
    },
    "credit_rows_out": CREDIT_ROWS,
    "payouts_out": PAYOUTS,
}
GOOD: dict[str, dict] = {
    "refunds_in": {
        "total_amount": Decimal("12.00"),
        "total_tax": Decimal("2.00"),
        "payments_total": Decimal("12.00"),
        "is_overridden": False,
        "beyond_order": Decimal(0),
        "rate_difference": Decimal(0),
    },
    "refund_items_in": {"kind": "product", "quantity": 1},
    "refund_payments_in": {"currency_code": "GBP", "order_currency_code": "GBP"},
    "credits_out": {
        "status_id": "9",
        "channel_id": "2",
        "currency_code": "GBP",
        "sales_currency_code": "GBP",
        "tax_on": "2026-03-01",
        "total_inc_tax": Decimal("12.00"),
        "total_tax": Decimal("2.00"),
        "rows_total": Decimal("12.00"),
        "rows_tax": Decimal("2.00"),
    },
    "credit_rows_out": {
        "kind": "product",
        "product_id": "1001",
        "tax_code": "T20",
        "net": Decimal("10.00"),
        "tax": Decimal("2.00"),
        "condition": "restock",
    },
    "payouts_out": {
        "payment_method_code": "CARD",
        "payment_type": "PAYMENT",
        "amount": Decimal("12.00"),
        "currency_code": "GBP",
    },
}
NEGATIVE = {"total_amount": Decimal(-1), "payments_total": Decimal(-1)}
REFUSED = [
    ("refunds_in", NEGATIVE, "money", "total_amount"),
    ("refunds_in", {"total_tax": Decimal("-0.01")}, "money", "total_tax"),
    ("refunds_in", {"beyond_order": Decimal("0.01")}, "money", "beyond_order"),
    ("refund_items_in", {"kind": "SOMETHING"}, "document", "kind"),
    ("refund_items_in", {"quantity": 0}, "document", "quantity"),
    ("refund_items_in", {"qty_beyond": 1}, "document", "qty_beyond"),
    ("refund_payments_in", {"currency_code": "EUR"}, "currency", "currency_code"),
    ("credits_out", {"status_id": ""}, "order_status", "status_id"),
    ("credits_out", {"channel_id": "none"}, "channel", "channel_id"),
    ("credits_out", {"currency_code": "EUR"}, "currency", "currency_code"),
    ("credits_out", {"tax_on": ""}, "document", "tax_on"),
    ("credit_rows_out", {"tax_code": ""}, "tax_code", "tax_code"),
    ("credit_rows_out", {"product_id": "", "name": ""}, "document", "name"),
    ("credit_rows_out", {"net": Decimal("-0.01")}, "money", "net"),
    ("credit_rows_out", {"condition": "burn"}, "condition", "condition"),
    ("payouts_out", {"amount": Decimal(0)}, "document", "amount"),
    ("payouts_out", {"payment_method_code": ""}, "payment_method", "payment_method_code"),
    ("payouts_out", {"currency_code": "pounds"}, "currency", "currency_code"),
]
STOPPED = [
    ("refunds_in", {"refund_id": "r5"}),
    ("refunds_in", {"order_id": "2", "refund_id": "2"}),
    ("credits_out", {"external_ref": "BC-2-R2"}),
    ("credits_out", {"external_ref": "BC-1"}),
    ("credits_out", {"rows_total": Decimal("12.01")}),
    ("credits_out", {"rows_tax": Decimal("2.01")}),
    ("credit_rows_out", {"order_id": "2", "refund_id": "2", "row_ref": "2"}),
    ("payouts_out", {"transaction_ref": ""}),
    ("payouts_out", {"transaction_ref": "BC-2-R2-2"}),
    ("payouts_out", {"payment_type": "RECEIPT"}),
]
UNUSUAL = [
    ("refunds_in", {"payments_total": Decimal("11.00")}),
    ("refunds_in", {"rate_difference": Decimal("0.0051")}),
    ("refunds_in", {"is_overridden": True}),
    ("refund_items_in", {"reason": "back to •••• 1111"}),
]


def numbered(_name: str, number: int) -> dict[str, str]:
    """The row's keys."""
    n = str(number)
    return {
        "order_id": n,
        "refund_id": n,
        "row_ref": n,
        "external_ref": f"BC-{n}-R{n}",
        "transaction_ref": f"BC-{n}-R{n}-{n}",
    }


EXAMPLES = Examples(SUITES, SCHEMAS, GOOD, numbered, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", SUITES)
def test_good_rows_pass(name: str) -> None:
    verdict = EXAMPLES.check(name)

    assert verdict.refused.empty
    assert verdict.notes == []


@pytest.mark.parametrize("name", SUITES)
def test_an_empty_batch_passes(name: str) -> None:
    assert check({name: frame([], SCHEMAS[name])}, SUITES).refused.empty


@pytest.mark.parametrize(("name", "change", "class_", "field"), REFUSED)
def test_a_bad_row_leaves_with_its_class_and_a_remedy(
    name: str, change: dict, class_: str, field: str
) -> None:
    verdict = EXAMPLES.check(name, change)

    (refusal,) = verdict.refused.to_dict("records")
    assert (refusal["key"], refusal["class"], refusal["field"]) == ("1", class_, field)
    assert (name, refusal["reason"]) in EXAMPLES.declared(Severity.REFUSE)
    assert "causeway quarantine release" in refusal["remedy"]


@pytest.mark.parametrize(("name", "change"), STOPPED)
def test_what_must_never_be_stops_the_batch(name: str, change: dict) -> None:
    with pytest.raises(ContractError, match="not to be trusted"):
        EXAMPLES.check(name, change)


@pytest.mark.parametrize(("name", "change"), UNUSUAL)
def test_what_a_person_may_want_to_know_is_reported(name: str, change: dict) -> None:
    verdict = EXAMPLES.check(name, change)

    assert len(verdict.notes) == 1
    assert verdict.refused.empty


def test_every_expectation_can_fail_and_each_example_breaks_only_one() -> None:
    examples = [(name, change) for name, change, *_ in (*REFUSED, *STOPPED, *UNUSUAL)]

    assert EXAMPLES.fails_alone(examples) == EXAMPLES.declared()
