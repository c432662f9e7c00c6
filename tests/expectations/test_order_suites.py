from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from core.errors import ContractError
from core.frames import Schema, frame
from core.orders import (
    CONTACTS,
    LINES,
    ORDERS,
    PAYMENTS,
    ROWS,
    SALES_ORDERS,
    TRANSACTIONS,
)
from core.refusals import REFUSALS
from expectations.check import Verdict, check, warm, without
from expectations.great import ExpectationSuite, ExpectColumnValuesToBeBetween
from expectations.orders import SUITES
from expectations.rules import Rule, Severity, refuse

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
SCHEMAS: dict[str, Schema] = {
    "orders_in": ORDERS,
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
    "order_lines_in": {
        "order_id": "1",
        "line_id": "l",
        "sku": "S-1",
        "kind": "physical",
        "quantity": 2,
        "total_inc_tax": Decimal("12.00"),
    },
    "transactions_in": {
        "order_id": "1",
        "transaction_id": "t",
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
        "row_ref": "l",
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
    "order_lines_in": ("order_id", "line_id"),
    "transactions_in": ("order_id", "transaction_id"),
    "sales_orders_out": ("order_id", "external_ref"),
    "sales_order_rows_out": ("order_id", "row_ref"),
    "payments_out": ("order_id", "transaction_ref"),
    "contacts_out": ("order_id",),
}


def judged(name: str, *changes: dict) -> Verdict:
    """A good row of each order, the first ones changed, judged by the suite of that name."""
    records = []
    for i in range(max(len(changes), 1) + 2):
        record = dict(GOOD[name])
        for key in KEYS[name]:
            record[key] = str(record[key]).replace("1", str(i + 1)) if "1" in record[key] else "x"
        record["order_id"] = str(i + 1)
        records.append(record | (changes[i] if i < len(changes) else {}))
    return check(frame(records, SCHEMAS[name]), SUITES[name], now=NOW)


def messages(name: str, severity: Severity) -> set[tuple[str, str]]:
    rules = (Rule.model_validate(expectation.meta) for expectation in SUITES[name].expectations)
    return {(name, rule.says) for rule in rules if rule.severity is severity}


def every(severity: Severity) -> set[tuple[str, str]]:
    return set().union(*(messages(name, severity) for name in SUITES))


STOPS = [
    ("orders_in", {"order_id": "2"}, "the same order is there twice"),
    ("orders_in", {"order_id": "abc"}, "an order's id is not a number"),
    ("order_lines_in", {"order_id": "2", "line_id": "x"}, "the same order line is there twice"),
    (
        "transactions_in",
        {"order_id": "2", "transaction_id": "x"},
        "the same transaction is there twice",
    ),
    (
        "sales_orders_out",
        {"external_ref": "BC-2"},
        "two sales orders carry the same external reference",
    ),
    ("sales_orders_out", {"external_ref": ""}, "a sales order has no external reference"),
    ("sales_order_rows_out", {"order_id": "2"}, "two rows carry the same reference"),
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
    ("orders_in", {"email_key": ""}, "document", "billing_email", ""),
    ("order_lines_in", {"quantity": -2}, "document", "quantity", "-2"),
    ("order_lines_in", {"total_inc_tax": Decimal(-1)}, "document", "total_inc_tax", "-1"),
    ("order_lines_in", {"kind": "service"}, "document", "kind", "service"),
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
NOTED = [
    ("orders_in", {"placed_at": NOW + timedelta(days=2)}, "placed more than a day from now"),
    ("order_lines_in", {"sku": "s" * 33}, "a SKU is longer"),
    ("transactions_in", {"event": "blessing"}, "an event that is not known"),
    ("contacts_out", {"billing_line_1": ""}, "a contact has no street"),
]


@pytest.mark.parametrize("name", SUITES)
def test_good_frames_and_empty_frames_pass(name: str) -> None:
    verdict = judged(name)

    assert len(verdict.accepted) == 3
    assert verdict.refused.empty
    assert list(verdict.refused.columns) == list(REFUSALS)
    assert verdict.notes == []
    empty = frame([], SCHEMAS[name])
    pd.testing.assert_frame_equal(check(empty, SUITES[name]).accepted, empty)


@pytest.mark.parametrize(("name", "change", "says"), STOPS)
def test_a_batch_that_is_not_to_be_trusted_stops_the_run(
    name: str, change: dict, says: str
) -> None:
    with pytest.raises(ContractError) as caught:
        judged(name, change)

    assert f"{name} is not to be trusted: {says} (" in caught.value.message
    assert caught.value.remedy


@functools.cache
def refused(example: int) -> Verdict:
    name, change, *_ = REFUSED[example]
    return judged(name, change)


@pytest.mark.parametrize("example", range(len(REFUSED)))
def test_a_bad_row_refuses_its_order_alone_with_class_value_and_remedy(example: int) -> None:
    name, _, klass, field, value = REFUSED[example]

    verdict = refused(example)

    assert list(verdict.accepted["order_id"]) == ["2", "3"]
    assert verdict.accepted.dtypes.equals(frame([], SCHEMAS[name]).dtypes)
    told = verdict.refused.to_dict("records")
    assert [(t["key"], t["class"], t["field"], t["value"]) for t in told] == [
        ("1", klass, field, value)
    ]
    assert (name, told[0]["reason"]) in messages(name, Severity.REFUSE)
    assert f", then: causeway quarantine release --class {klass} --" in told[0]["remedy"]
    assert "{value}" not in told[0]["remedy"]


@pytest.mark.parametrize(("name", "change", "says"), NOTED)
def test_what_is_only_unusual_is_noted_and_travels_on(name: str, change: dict, says: str) -> None:
    verdict = judged(name, change)

    assert len(verdict.accepted) == 3
    assert verdict.refused.empty
    assert len(verdict.notes) == 1
    assert verdict.notes[0].startswith(f"{name}: 1 of 3 rows: ")
    assert says in verdict.notes[0]


def test_the_same_suite_is_judged_anew_at_another_time() -> None:
    later = frame([{**GOOD["orders_in"], "placed_at": NOW + timedelta(days=2)}], ORDERS)

    notes = [
        len(check(later, SUITES["orders_in"], now=NOW + timedelta(days=days)).notes)
        for days in (0, 5, 0)
    ]

    assert notes == [1, 0, 1]


def test_a_batch_of_unusual_size_is_noted_without_naming_rows() -> None:
    orders = frame(
        ({**GOOD["orders_in"], "order_id": str(i)} for i in range(1, 2002)), SCHEMAS["orders_in"]
    )

    verdict = check(orders, SUITES["orders_in"], now=NOW)

    assert verdict.notes == ["orders_in: the batch holds more than 2000 orders"]
    assert len(verdict.accepted) == 2001


def test_the_examples_of_this_file_cover_every_stop_refusal_and_note() -> None:
    assert {(name, says) for name, _, says in STOPS} == every(Severity.STOP)
    reasons = {(name, refused(i).refused["reason"][0]) for i, (name, *_) in enumerate(REFUSED)}
    assert reasons == every(Severity.REFUSE)
    assert len(every(Severity.NOTE)) == len(NOTED) + 1


def test_each_expectation_of_a_suite_says_something_of_its_own() -> None:
    for name, suite in SUITES.items():
        says = [Rule.model_validate(expectation.meta).says for expectation in suite.expectations]
        assert len(says) == len(set(says)), name
        assert len(says) <= 8, name


def test_one_bad_line_takes_all_lines_of_its_order_and_no_other() -> None:
    lines = [
        {**GOOD["order_lines_in"], "order_id": "1", "line_id": "a"},
        {**GOOD["order_lines_in"], "order_id": "1", "line_id": "b", "quantity": -1},
        {**GOOD["order_lines_in"], "order_id": "2", "line_id": "c"},
    ]

    verdict = check(frame(lines, LINES), SUITES["order_lines_in"])

    assert list(verdict.accepted["line_id"]) == ["c"]
    assert list(verdict.refused["key"]) == ["1"]


def test_positions_count_whatever_index_the_frame_brings() -> None:
    orders = frame(
        [
            {**GOOD["orders_in"], "order_id": "1"},
            {**GOOD["orders_in"], "order_id": "2", "email_key": "nobody"},
        ],
        ORDERS,
    )
    orders.index = pd.Index([1, 0])

    verdict = check(orders, SUITES["orders_in"], now=NOW)

    assert list(verdict.refused["key"]) == ["2"]


def test_every_reason_of_an_order_is_told_and_the_same_one_only_once() -> None:
    bad = {**GOOD["order_lines_in"], "quantity": -1, "kind": "service"}
    lines = [{**bad, "line_id": "a"}, {**bad, "line_id": "b"}]

    verdict = check(frame(lines, LINES), SUITES["order_lines_in"])

    assert sorted(verdict.refused["field"]) == ["kind", "quantity"]


def test_a_fee_and_a_rounding_row_may_be_negative() -> None:
    verdict = judged(
        "sales_order_rows_out",
        {"kind": "fee", "net": Decimal(-2), "product_id": "", "name": "Goodwill"},
        {"kind": "rounding", "net": Decimal("-0.02"), "product_id": "", "name": "Rounding"},
    )

    assert verdict.refused.empty


def test_a_frame_without_a_column_of_the_suite_is_never_passed() -> None:
    orders = frame([GOOD["orders_in"]], ORDERS).drop(columns="currency_code")

    with pytest.raises(ContractError, match="columns the frame lacks: currency_code"):
        check(orders, SUITES["orders_in"], now=NOW)


def test_values_that_cannot_be_compared_are_never_passed() -> None:
    suite = ExpectationSuite(
        name="mixed",
        expectations=[
            ExpectColumnValuesToBeBetween(
                column="amount", min_value=0, meta=refuse("document", "odd", "Ask", field="amount")
            )
        ],
    )
    rows = pd.DataFrame({"order_id": ["1", "2"], "amount": pd.Series([1, "x"], dtype="object")})

    with pytest.raises(ContractError, match="`odd` did not evaluate"):
        check(rows, suite)


def test_no_refusal_tells_an_e_mail_address_or_a_name() -> None:
    verdict = judged("contacts_out", {"email": "ann at b.test", "last_name": "Verylong" * 5})

    text = verdict.refused.to_string()
    assert "ann at" not in text
    assert "Verylong" not in text


def test_without_drops_orders_from_every_frame_that_knows_them() -> None:
    frames = {
        "orders": pd.DataFrame({"order_id": ["1", "2"]}),
        "people": pd.DataFrame({"email_key": ["a"]}),
    }

    left = without(frames, {"1"})

    assert list(left["orders"]["order_id"]) == ["2"]
    assert list(left["orders"].index) == [0]
    assert len(left["people"]) == 1


def test_warming_up_leaves_nothing_behind() -> None:
    warm()
    warm()
