"""Refunds as rows of sales credits: to the cent what BigCommerce says, however it is made up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames import frame, records
from core.refunds import CREDIT_ROWS, REFUND_ITEMS, REFUNDS, SOLD_ROWS
from mappings.credit_rows import credit_rows

CENT = Decimal("0.01")


def refund(total, tax, **fields):
    amounts = {"total_amount": Decimal(total), "total_tax": Decimal(tax)}
    row = {"order_id": "1", "refund_id": "5", "is_tax_inclusive": True, **amounts, **fields}
    return frame([row], REFUNDS)


def item(kind, **fields):
    fields = {k: Decimal(v) if k in ("worth", "requested") else v for k, v in fields.items()}
    ref = {"product": "10", "order": "", "tax": ""}.get(kind, kind)
    row = {"order_id": "1", "refund_id": "5", "kind": kind, "sold_ref": ref, "quantity": 1}
    return {**row, "item_id": ref or "1", **fields}


def sold(ref, net, tax, **fields):
    row = {
        "order_id": "1",
        "row_ref": ref,
        "row_id": "7",
        "product_id": "1001" if ref.isdecimal() else "",
        "name": ref,
        "quantity": 1,
        "tax_code": "T20" if Decimal(tax) else "T0",
        "nominal_code": "4000",
        "net": Decimal(net),
        "tax": Decimal(tax),
    }
    return {**row, **fields}


def rows_of(refunds, items, *sold_rows):
    made = credit_rows(refunds, frame(items, REFUND_ITEMS), frame(sold_rows, SOLD_ROWS))
    return records(made.rows), records(made.refusals)


def test_a_line_keeps_product_tax_code_and_nominal_code_of_the_row_it_undoes():
    product = item("product", quantity=2, worth="24.00")
    (row,), _ = rows_of(refund("24.00", "4.00"), [product], sold("10", "30", "6", quantity=3))
    assert (row["product_id"], row["tax_code"], row["nominal_code"]) == ("1001", "T20", "4000")
    assert (row["quantity"], row["net"], row["tax"]) == (2, Decimal("20.00"), Decimal("4.00"))
    assert (row["row_ref"], row["sold_ref"], row["kind"]) == ("10", "10", "product")


@pytest.mark.parametrize(
    ("total", "tax", "codes", "taxes"),
    [
        ("12.59", "0", ["", "T0"], ["0", "0"]),
        ("12.59", None, ["T20", "T0"], ["1.60", "0.00"]),
        ("12.59", "1.00", ["T20", "T0"], ["1.00", "0.00"]),
        ("0.02", "0", ["T20", "T0"], ["0", "0"]),
    ],
)
def test_a_refund_without_tax_takes_no_code_of_a_sale_with_tax(total, tax, codes, taxes):
    items = [
        item("product", worth="24.00"),
        item("product", worth="7.49", item_id="11", sold_ref="11"),
    ]
    refunds = refund(total, tax or 0)
    if tax is None:
        refunds = refunds.assign(total_tax=[None])
    rows, refusals = rows_of(refunds, items, sold("10", "20", "4"), sold("11", "7.49", "0"))
    assert refusals == []
    assert [row["tax_code"] for row in rows] == codes
    assert [str(row["tax"]) for row in rows] == taxes
    assert sum(row["net"] + row["tax"] for row in rows) == Decimal(total)
    assert [row["rate_percent"] for row in rows] == [None if code else 0 for code in codes]


def test_money_off_the_order_stays_what_it_is_and_the_rest_goes_to_the_lines():
    items = [item("product", worth="12.00"), item("order", requested="5.00")]
    rows, _ = rows_of(refund("17.00", "2.00"), items, sold("10", "10", "2"))
    assert [(row["kind"], row["net"], row["tax"]) for row in rows] == [
        ("product", Decimal("10.00"), Decimal("2.00")),
        ("order", Decimal("5.00"), Decimal(0)),
    ]
    assert rows[1]["tax_code"] == ""
    assert rows[1]["rate_percent"] == 0


@pytest.mark.parametrize(
    ("inclusive", "asked", "gross"),
    [(True, "3.00", "3.00"), (False, "3.00", "3.60"), (True, "2.50", "3.00")],
    ids=["with tax", "without tax", "without tax although prices have it"],
)
def test_what_was_asked_for_shipping_is_read_as_fits_the_total(inclusive, asked, gross):
    total, tax = Decimal(gross), (Decimal(gross) / 6).quantize(CENT)
    refunds = refund(total, tax, is_tax_inclusive=inclusive)
    (row,), _ = rows_of(refunds, [item("shipping", requested=asked)], sold("shipping", "5", "1"))
    assert row["net"] + row["tax"] == total
    assert row["tax"] == tax


def test_wrapping_whose_units_are_not_known_takes_what_the_others_leave():
    items = [item("product", worth="12.00"), item("wrapping", worth="4.80")]
    rows, _ = rows_of(
        refund("13.20", "2.20"), items, sold("10", "10", "2"), sold("wrapping", "4", "0.80")
    )
    assert [row["net"] + row["tax"] for row in rows] == [Decimal("12.00"), Decimal("1.20")]


def test_a_charge_that_was_sold_at_two_rates_is_credited_at_both():
    rows, _ = rows_of(
        refund("6.30", "0.80"),
        [item("shipping", requested="6.30")],
        sold("shipping-at-20", "3", "0.60"),
        sold("shipping-at-5", "2.60", "0.10", tax_code="T5"),
    )
    assert [row["tax_code"] for row in rows] == ["T20", "T5"]
    assert sum(row["tax"] for row in rows) == Decimal("0.80")
    assert sum(row["net"] for row in rows) == Decimal("5.50")


def test_tax_alone_is_credited_under_the_code_that_bears_most_of_it():
    rows, _ = rows_of(
        refund("0.70", "0.70"),
        [],
        sold("10", "10", "2"),
        sold("11", "100", "5", tax_code="T5"),
    )
    assert [(r["kind"], r["net"], r["tax"], r["tax_code"]) for r in rows] == [
        ("tax", Decimal(0), Decimal("0.70"), "T5")
    ]


def test_less_than_was_asked_for_is_shared_over_all_parts():
    items = [item("order", requested="6.00"), item("order", requested="4.00")]
    rows, _ = rows_of(refund("5.00", "0"), items, sold("10", "10", "2"))
    assert [row["net"] for row in rows] == [Decimal("3.00"), Decimal("2.00")]
    assert [row["row_ref"] for row in rows] == ["order", "order-2"]


def test_a_line_whose_row_staff_replaced_is_found_by_its_sku():
    product = item("product", worth="12.00", sku_key="mug")
    (row,), _ = rows_of(
        refund("12.00", "2.00"), [product], sold("", "10", "2", product_id="1009", sku_key="mug")
    )
    assert (row["product_id"], row["row_ref"]) == ("1009", "10")


def test_a_line_without_any_row_refuses_the_order_with_a_remedy():
    rows, (refusal,) = rows_of(
        refund("12.00", "2.00"), [item("product", worth="12.00")], sold("11", "10", "2")
    )
    assert rows == []
    assert (refusal["class"], refusal["value"]) == ("row", "refund 5")
    assert "line 10" in refusal["reason"]
    assert "causeway quarantine release --class row --key 1" in refusal["remedy"]


@pytest.mark.parametrize(
    ("total", "tax", "row"),
    [
        ("12.00", "2.00", sold("10", "12", "0")),
        ("12.00", "13.00", sold("10", "10", "2")),
        ("12.00", "-1.00", sold("10", "10", "2")),
    ],
    ids=["tax on what bore none", "more tax than money", "less than no tax"],
)
def test_tax_that_cannot_be_is_refused(total, tax, row):
    rows, (refusal,) = rows_of(refund(total, tax), [item("product", worth="12.00")], row)
    assert rows == []
    assert refusal["class"] == "money"
    assert refusal["remedy"]


def test_an_empty_batch_keeps_its_columns():
    made = credit_rows(frame([], REFUNDS), frame([], REFUND_ITEMS), frame([], SOLD_ROWS))
    assert list(made.rows.columns) == list(CREDIT_ROWS)
    assert made.refusals.empty


cents = st.integers(min_value=1, max_value=100_000).map(lambda n: Decimal(n) * CENT)


@given(
    parts=st.lists(st.tuples(cents, st.sampled_from([0, 5, 20])), min_size=1, max_size=6),
    off=st.integers(min_value=-3, max_value=3),
    level=st.none() | cents,
)
def test_rows_always_add_up_to_what_was_given_back(parts, off, level):
    """Whatever the parts are worth, and a few cents more or less, as rounding leaves them."""
    items, rows = [], []
    total = tax = Decimal(0)
    for number, (gross, rate) in enumerate(parts, start=10):
        own = (gross * rate / (100 + rate)).quantize(CENT)
        items.append(item("product", sold_ref=str(number), worth=gross))
        rows.append(sold(str(number), gross - own, own))
        total, tax = total + gross, tax + own
    if level is not None:
        items.append(item("order", requested=level))
        total += level
    total = max(CENT, total + off * CENT)
    made, refusals = rows_of(refund(total, min(tax, total)), items, *rows)
    if refusals:
        assert {refusal["class"] for refusal in refusals} == {"money"}
        assert total < tax + len(parts) * CENT
        return
    assert sum(row["net"] + row["tax"] for row in made) == total
    assert sum(row["tax"] for row in made) == min(tax, total)
    assert all(row["net"] >= 0 and row["tax"] >= 0 for row in made)
    assert len({row["row_ref"] for row in made}) == len(made)
