from __future__ import annotations

from decimal import Decimal

import pytest
from tax_tables import codes_of

from core.frames import frame
from core.orders import CHARGES, LINES, ORDERS, ROWS, TAXES
from core.refusals import REFUSALS
from mappings.order_rows import Rows, needs_taxes, order_rows

RATES = ("20.00", "5", "0")
CODES = codes_of(*RATES)


def money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def order(inc: str, tax: str, **more: object) -> dict:
    return {
        "order_id": "1001",
        "currency_code": "GBP",
        "is_tax_inclusive": True,
        "total_inc_tax": Decimal(inc),
        "total_tax": Decimal(tax),
        "discount_amount": Decimal(0),
        "coupon_discount": Decimal(0),
        **more,
    }


def line(ref: str, ex: str, tax: str, after: str | None = None, **more: object) -> dict:
    return {
        "order_id": "1001",
        "line_id": ref,
        "product_id": "77",
        "sku": f"SKU-{ref}",
        "sku_key": f"sku-{ref}",
        "name": "Mug",
        "kind": "physical",
        "quantity": 1,
        "total_ex_tax": Decimal(ex),
        "total_inc_tax": Decimal(ex) + Decimal(tax),
        "total_tax": Decimal(tax),
        "discounted_total_inc_tax": money(after),
        **more,
    }


def charge(kind: str, ex: str, tax: str, **more: object) -> dict:
    return {
        "order_id": "1001",
        "charge_id": kind,
        "kind": kind,
        "total_ex_tax": Decimal(ex),
        "total_inc_tax": Decimal(ex) + Decimal(tax),
        "total_tax": Decimal(tax),
        **more,
    }


def tax_row(ref: str, rate: str, amount: str, kind: str = "item") -> dict:
    return {
        "order_id": "1001",
        "line_id": ref,
        "kind": kind,
        "rate_percent": Decimal(rate),
        "amount": Decimal(amount),
    }


def rows_of(
    header: dict | list[dict],
    lines: list[dict],
    charges: list[dict] | None = None,
    taxes: list[dict] | None = None,
    rates: tuple[str, ...] = RATES,
) -> Rows:
    return order_rows(
        frame(header if isinstance(header, list) else [header], ORDERS),
        frame(lines, LINES),
        frame(charges or [], CHARGES),
        frame(taxes or [], TAXES),
        cap=Decimal("0.05"),
        rounding_nominal_code="7900",
        codes=codes_of(*rates),
    )


def amounts(made: Rows) -> dict[str, tuple[str, str, str]]:
    assert list(made.refusals["reason"]) == []
    return {
        row["row_ref"]: (str(row["rate_percent"]), str(row["net"]), str(row["tax"]))
        for row in made.rows.to_dict("records")
    }


def refusal(made: Rows) -> dict:
    assert made.rows.empty
    assert len(made.refusals) == 1
    return made.refusals.to_dict("records")[0]


def test_lines_and_charges_become_rows_in_order_with_their_own_tax() -> None:
    made = rows_of(
        order("31.19", "4.20"),
        [line("a", "10.00", "2.00", quantity=2), line("b", "5.99", "0.00")],
        [charge("shipping", "8.00", "1.60"), charge("wrapping", "3.00", "0.60", name="Bow")],
    )

    assert list(made.rows.columns) == list(ROWS)
    assert list(made.rows["row_ref"]) == ["a", "b", "shipping", "wrapping"]
    assert list(made.rows["kind"]) == ["product", "product", "shipping", "wrapping"]
    assert list(made.rows["name"]) == ["", "", "Shipping", "Bow"]
    assert list(made.rows["quantity"]) == [2, 1, 1, 1]
    assert list(made.rows["sequence"]) == [1, 2, 3, 4]
    assert list(made.rows["sku_key"]) == ["sku-a", "sku-b", "", ""]
    assert amounts(made) == {
        "a": ("20", "10.00", "2.00"),
        "b": ("0", "5.99", "0.00"),
        "shipping": ("20", "8.00", "1.60"),
        "wrapping": ("20", "3.00", "0.60"),
    }


def test_tax_of_a_fraction_of_a_cent_is_tax_though_the_row_next_to_it_bears_none() -> None:
    made = rows_of(
        order("0.14", "0.01"),
        [line("a", "0.0082", "0.0017")],
        [charge("handling", "0.0167", "0.0033"), charge("wrapping", "0.11", "0")],
    )

    assert amounts(made) == {
        "a": ("20", "0.01", "0.00"),
        "handling": ("20", "0.01", "0.01"),
        "wrapping": ("0", "0.11", "0.00"),
    }


def test_three_times_9_99_with_a_coupon_of_3_33_over_two_tax_classes_re_sums() -> None:
    """Scenario C7, tax-inclusive: the coupon is in the lines, the tax rows were read."""
    lines = [
        line("a", "8.33", "1.66", after="8.88"),
        line("b", "8.33", "1.66", after="8.88"),
        line("c", "9.51", "0.48", after="8.88"),
    ]
    header = order("26.64", "3.38", coupon_discount=Decimal("3.33"))
    taxes = [tax_row("a", "20", "1.48"), tax_row("b", "20", "1.48"), tax_row("c", "5.0000", "0.42")]

    made = rows_of(header, lines, taxes=taxes)

    frames = frame([header], ORDERS), frame(lines, LINES), frame([], CHARGES)
    assert needs_taxes(*frames, CODES) == ["1001"]
    assert amounts(made) == {
        "a": ("20", "7.40", "1.48"),
        "b": ("20", "7.40", "1.48"),
        "c": ("5", "8.46", "0.42"),
    }


def test_the_same_in_a_tax_exclusive_store_keeps_the_net_side_exact() -> None:
    lines = [
        line("a", "9.99", "2.00", after="10.66"),
        line("b", "9.99", "2.00", after="10.66"),
        line("c", "9.99", "0.50", after="9.32"),
    ]
    header = order("30.64", "4.00", is_tax_inclusive=False, coupon_discount=Decimal("3.33"))
    taxes = [tax_row("a", "20", "1.78"), tax_row("b", "20", "1.78"), tax_row("c", "5", "0.44")]

    assert amounts(rows_of(header, lines, taxes=taxes)) == {
        "a": ("20", "8.88", "1.78"),
        "b": ("20", "8.88", "1.78"),
        "c": ("5", "8.88", "0.44"),
    }


def test_an_order_discount_that_no_line_contains_is_shared_by_amount() -> None:
    made = rows_of(
        order("21.00", "3.50", discount_amount=Decimal("9.00")),
        [line("a", "20.00", "4.00"), line("b", "5.00", "1.00")],
    )

    assert amounts(made) == {"a": ("20", "14.00", "2.80"), "b": ("20", "3.50", "0.70")}


def test_a_discount_never_touches_a_gift_certificate_that_is_sold() -> None:
    certificate = line(
        "g",
        "50.00",
        "0.00",
        kind="giftcertificate",
        product_id="0",
        sku="",
        sku_key="",
        name="Gift",
    )

    made = rows_of(
        order("60.80", "1.80", discount_amount=Decimal("1.20")),
        [line("a", "10.00", "2.00"), certificate],
    )

    assert amounts(made) == {"a": ("20", "9.00", "1.80"), "g": ("0", "50.00", "0.00")}
    assert list(made.rows["kind"]) == ["product", "gift_certificate"]


def test_a_free_shipping_coupon_comes_off_the_shipping_when_the_tax_says_so() -> None:
    made = rows_of(
        order("10.00", "0.00", coupon_discount=Decimal("4.80")),
        [line("book", "10.00", "0.00")],
        [charge("shipping", "4.00", "0.80")],
    )

    assert amounts(made)["book"] == ("0", "10.00", "0.00")
    assert amounts(made)["shipping"] == ("20", "0.00", "0.00")


@pytest.mark.parametrize("field", ["discount_amount", "coupon_discount"])
def test_lines_that_say_they_are_undiscounted_are_believed(field: str) -> None:
    """At one tax rate the order's tax does not show what a discount of 4.74 was taken off."""
    made = rows_of(
        order("24.00", "4.00", **{field: Decimal("4.74")}),
        [line("a", "12.50", "2.50", after="15.00"), line("b", "7.50", "1.50", after="9.00")],
        [charge("shipping", "3.95", "0.79")],
    )

    assert amounts(made) == {
        "a": ("20", "12.50", "2.50"),
        "b": ("20", "7.50", "1.50"),
        "shipping": ("20", "0.00", "0.00"),
    }


def test_a_discount_on_part_of_the_shipping_leaves_lines_that_are_discounted_otherwise() -> None:
    made = rows_of(
        order("24.00", "4.00", coupon_discount=Decimal(6)),
        [line("a", "20.00", "4.00", after="20.40")],
        [charge("shipping", "5.00", "1.00")],
    )

    assert amounts(made) == {"a": ("20", "17.00", "3.40"), "shipping": ("20", "3.00", "0.60")}


def test_lines_that_say_nothing_of_discounts_share_what_the_others_leave() -> None:
    made = rows_of(
        order("24.00", "4.00", discount_amount=Decimal(6)),
        [line("a", "10.00", "2.00", after="12.00"), line("b", "10.00", "2.00")],
        [charge("shipping", "5.00", "1.00")],
    )

    assert amounts(made)["a"] == ("20", "10.00", "2.00")
    assert amounts(made)["b"] == ("20", "5.00", "1.00")


def test_a_discount_that_shipping_cannot_bear_comes_off_what_is_there() -> None:
    made = rows_of(
        order("18.00", "3.00", discount_amount=Decimal("10.74")),
        [line("a", "20.00", "4.00", after="24.00")],
        [charge("shipping", "3.95", "0.79")],
    )

    assert sum(made.rows["net"] + made.rows["tax"]) == Decimal("18.00")


def test_a_discount_larger_than_the_lines_reaches_the_charges() -> None:
    made = rows_of(
        order("6.00", "1.00", discount_amount=Decimal("18.00")),
        [line("a", "10.00", "2.00")],
        [charge("shipping", "10.00", "2.00")],
    )

    assert amounts(made) == {"a": ("20", "2.50", "0.50"), "shipping": ("20", "2.50", "0.50")}


def test_gift_certificates_and_store_credit_used_lower_no_row() -> None:
    made = rows_of(
        order(
            "12.00",
            "2.00",
            gift_certificate_amount=Decimal("5.00"),
            store_credit_amount=Decimal("7.00"),
        ),
        [line("a", "10.00", "2.00")],
    )

    assert amounts(made) == {"a": ("20", "10.00", "2.00")}


def test_amounts_of_four_places_are_rounded_by_largest_remainder() -> None:
    made = rows_of(
        order("10.01", "1.67"),
        [line(ref, "2.7808", "0.5562") for ref in "abc"],
    )

    rows = made.rows
    assert sorted(map(str, rows["net"] + rows["tax"])) == ["3.33", "3.34", "3.34"]
    assert [str(tax) for tax in rows["tax"]] == ["0.56", "0.56", "0.55"]


def test_one_remaining_cent_becomes_one_counted_rounding_row_without_tax() -> None:
    made = rows_of(order("12.03", "2.00"), [line("a", "10.00", "2.00")])

    assert made.rounded == 1
    assert amounts(made)["rounding"] == ("0", "0.03", "0.00")
    last = made.rows.to_dict("records")[-1]
    assert (last["kind"], last["nominal_code"], last["quantity"]) == ("rounding", "7900", 1)
    assert sum(made.rows["net"]) + sum(made.rows["tax"]) == Decimal("12.03")


def test_a_rounding_row_may_be_negative() -> None:
    made = rows_of(order("11.95", "2.00"), [line("a", "10.00", "2.00")])

    assert amounts(made)["rounding"] == ("0", "-0.05", "0.00")


def test_beyond_the_cap_the_order_is_refused_and_the_difference_named() -> None:
    refused = refusal(rows_of(order("10.07", "0.00"), [line("a", "10.00", "0.00")]))

    assert refused["class"] == "money"
    assert refused["value"] == ""
    assert refused["reason"] == (
        "rows add up to 10.00, BigCommerce says 10.07: a difference of 0.07 GBP, cap 0.05"
    )
    assert "causeway quarantine release --class money --key 1001" in refused["remedy"]


def test_a_discount_that_the_lines_contain_already_excuses_no_further_difference() -> None:
    refused = refusal(
        rows_of(
            order("8.00", "1.33", coupon_discount=Decimal("3.00")),
            [line("a", "10.00", "2.00", after="9.00")],
        )
    )

    assert (
        "rows add up to 9.00, BigCommerce says 8.00: a difference of 1.00 GBP" in refused["reason"]
    )


def test_a_total_tax_that_the_rates_do_not_explain_refuses_the_order() -> None:
    refused = refusal(rows_of(order("12.00", "1.50"), [line("a", "10.00", "2.00")]))

    assert refused["class"] == "money"
    assert refused["reason"] == (
        "tax of the rows adds up to 2.00, BigCommerce says 1.50: a difference of 0.50 GBP"
    )


def test_tax_that_no_row_can_bear_refuses_the_order() -> None:
    refused = refusal(rows_of(order("10.01", "0.01"), [line("a", "10.01", "0.00")]))

    assert refused["reason"] == (
        "tax of the rows adds up to 0.00, BigCommerce says 0.01: a difference of 0.01 GBP"
    )


def test_a_tax_larger_than_its_row_refuses_the_order() -> None:
    refused = refusal(
        rows_of(
            order("24.00", "15.00"),
            [line("a", "10.00", "2.00"), line("b", "10.00", "2.00")],
            taxes=[tax_row("a", "20", "13.00"), tax_row("b", "20", "2.00")],
        )
    )

    assert refused["reason"] == "the tax of row a is larger than the row: -1.00 GBP net"


def test_tax_rows_that_contradict_the_total_give_way_to_the_lines_own_tax() -> None:
    made = rows_of(
        order("12.00", "2.00"), [line("a", "10.00", "2.00")], taxes=[tax_row("a", "20", "5.00")]
    )

    assert amounts(made) == {"a": ("20", "10.00", "2.00")}


def test_tax_rows_of_one_line_add_up_to_its_rate() -> None:
    rates = ("8.25", "0")

    made = rows_of(
        order("10.83", "0.83"),
        [line("a", "10.00", "0.83")],
        taxes=[tax_row("a", "6.25", "0.63"), tax_row("a", "2", "0.20")],
        rates=rates,
    )

    assert amounts(made) == {"a": ("8.25", "10.00", "0.83")}


def test_the_tax_rows_of_two_consignments_give_one_shipping_rate() -> None:
    made = rows_of(
        order("18.00", "3.00"),
        [line("a", "5.00", "1.00")],
        [
            charge("shipping", "6.00", "1.20", charge_id="shipping-1"),
            charge("shipping", "4.00", "0.80", charge_id="shipping-2"),
        ],
        [tax_row("", "20", "1.20", "shipping"), tax_row("", "20", "0.80", "shipping")],
    )

    assert amounts(made) == {
        "a": ("20", "5.00", "1.00"),
        "shipping-1": ("20", "6.00", "1.20"),
        "shipping-2": ("20", "4.00", "0.80"),
    }


def test_wrapping_that_was_rounded_line_by_line_still_shows_its_rate() -> None:
    """Three times 0.33 with 0.07 of tax each: 21 percent of the sum."""
    made = rows_of(
        order("37.20", "6.21"),
        [line(ref, "10.00", "2.00") for ref in "abc"],
        [charge("wrapping", "0.99", "0.21")],
    )

    assert amounts(made)["wrapping"] == ("20", "0.99", "0.21")


def test_a_charge_of_two_rates_becomes_a_row_for_each() -> None:
    """Wrapping of a mug and of a book, or shipping to two countries, is given as one amount."""
    header = order("29.50", "2.25")
    lines = [line("mug", "10.00", "2.00"), line("book", "13.50", "0.00")]
    charges = [charge("wrapping", "3.75", "0.25")]
    frames = frame([header], ORDERS), frame(lines, LINES), frame(charges, CHARGES)
    taxes = [
        tax_row("mug", "20", "2.00"),
        tax_row("book", "0", "0.00"),
        tax_row("mug", "20", "0.25", "wrapping"),
        tax_row("book", "0", "0.00", "wrapping"),
    ]

    made = rows_of(header, lines, charges, taxes)

    assert needs_taxes(*frames, CODES) == ["1001"]
    assert amounts(made) == {
        "mug": ("20", "10.00", "2.00"),
        "book": ("0", "13.50", "0.00"),
        "wrapping-at-20": ("20", "1.25", "0.25"),
        "wrapping-at-0": ("0", "2.50", "0.00"),
    }
    assert list(made.rows["kind"])[2:] == ["wrapping", "wrapping"]


def test_two_taxes_on_one_charge_are_one_rate() -> None:
    rates = ("8", "0")

    made = rows_of(
        order("21.60", "1.60"),
        [line("a", "10.00", "0.80")],
        [charge("shipping", "10.00", "0.80")],
        [
            tax_row("a", "6", "0.60"),
            tax_row("a", "2", "0.20"),
            tax_row("", "6", "0.60", "shipping"),
            tax_row("", "2", "0.20", "shipping"),
        ],
        rates=rates,
    )

    assert amounts(made) == {"a": ("8", "10.00", "0.80"), "shipping": ("8", "10.00", "0.80")}


@pytest.mark.parametrize(
    ("lines", "cost", "needed"),
    [
        ([line("a", "10", "2"), line("b", "10", "0")], charge("shipping", "4", "0.8"), False),
        ([line("a", "10", "2"), line("b", "10", "0")], charge("shipping", "4", "0"), False),
        ([line("a", "10", "2"), line("b", "10", "0")], charge("shipping", "4", "0.4"), True),
        ([line("a", "10", "0"), line("b", "10", "0")], charge("shipping", "4", "0.8"), False),
        ([line("a", "10", "2"), line("b", "10", "2")], charge("shipping", "4", "0.2"), False),
        ([line("a", "10", "2"), line("b", "10", "2")], charge("shipping", "4", "0.4"), True),
    ],
)
def test_tax_rows_are_needed_for_a_charge_only_if_it_may_be_a_blend_or_no_rate_explains_it(
    lines: list[dict], cost: dict, *, needed: bool
) -> None:
    found = needs_taxes(
        frame([order("20", "2")], ORDERS), frame(lines, LINES), frame([cost], CHARGES), CODES
    )

    assert found == (["1001"] if needed else [])


@pytest.mark.parametrize(
    ("ex", "tax", "quantity", "rate"),
    [
        ("8.33", "1.66", 1, "20"),  # both sides of 9.99 rounded
        ("24.96", "5.01", 3, "20"),  # 1.67 a unit
        ("1.30", "0.30", 10, "20"),  # 0.026 a unit, rounded to 0.03
        ("0.05", "0.01", 1, "20"),
        ("100.00", "5.00", 100, "5"),
        ("12.0000", "0.6000", 144, "5"),
        ("0.02", "0.00", 1, "0"),
        ("0.00", "0.00", 1, "0"),
    ],
)
def test_a_rate_is_found_from_amounts_despite_rounding(
    ex: str, tax: str, quantity: int, rate: str
) -> None:
    made = rows_of(
        order(str(Decimal(ex) + Decimal(tax)), tax), [line("a", ex, tax, quantity=quantity)]
    )

    assert list(map(str, made.rows["rate_percent"])) == [rate]


def test_a_line_too_small_for_a_rate_takes_the_rate_of_the_order() -> None:
    made = rows_of(order("12.02", "2.00"), [line("a", "10.00", "2.00"), line("b", "0.02", "0.00")])

    assert list(map(str, made.rows["rate_percent"])) == ["20", "20"]


def test_a_rate_without_a_tax_code_is_refused_with_the_rate_and_the_remedy() -> None:
    lines = [line("a", "10.00", "1.75"), line("b", "3.33", "0.58")]

    made = rows_of(order("15.66", "2.33"), lines)

    assert made.rows.empty
    assert list(made.refusals["class"]) == ["tax_code", "tax_code"]
    assert list(made.refusals["value"]) == ["17.5", "17.5"]
    assert made.refusals["reason"][0] == "row a is taxed at 17.5 %, which has no tax code"
    assert made.refusals["remedy"][0].startswith("Add `17.5,<Brightpearl tax code>` to")


def test_a_reported_rate_without_a_tax_code_is_refused_as_reported() -> None:
    refused = refusal(
        rows_of(
            order("12.10", "2.10"), [line("a", "10.00", "2.10")], taxes=[tax_row("a", "21", "2.1")]
        )
    )

    assert refused["value"] == "21"


def test_a_catalogue_line_without_a_sku_is_refused_by_its_product() -> None:
    refused = refusal(rows_of(order("12", "2"), [line("a", "10", "2", sku="", sku_key="")]))

    assert (refused["class"], refused["value"]) == ("sku", "product 77")
    assert refused["remedy"].endswith("quarantine release --class sku --value 'product 77'")


def test_a_custom_line_becomes_a_free_text_row_and_options_are_in_the_name() -> None:
    made = rows_of(
        order("36", "6"),
        [
            line("a", "10", "2", product_id="0", sku="", sku_key="", name="Repair"),
            line("b", "10", "2", options="Engraving: Ann"),
            line("c", "10", "2", product_id="0", sku="X-1", sku_key="x-1", name="Old stock"),
        ],
    )

    assert list(made.rows["kind"]) == ["custom", "product", "custom"]
    assert list(made.rows["name"]) == ["Repair", "Mug (Engraving: Ann)", "Old stock"]
    assert list(made.rows["sku_key"]) == ["", "sku-b", "x-1"]


def test_pick_list_children_keep_their_own_prices() -> None:
    made = rows_of(
        order("14.40", "2.40"),
        [line("p", "10.00", "2.00"), line("k", "2.00", "0.40", parent_line_id="p")],
    )

    assert amounts(made) == {"p": ("20", "10.00", "2.00"), "k": ("20", "2.00", "0.40")}


def test_a_free_line_stays_and_a_free_charge_and_a_removed_line_do_not() -> None:
    made = rows_of(
        order("12", "2"),
        [
            line("a", "10", "2"),
            line("gift", "0", "0", quantity=2),
            line("gone", "0", "0", quantity=0),
        ],
        [charge("shipping", "0", "0"), charge("handling", "0", "0")],
    )

    assert list(made.rows["row_ref"]) == ["a", "gift"]


def test_a_negative_fee_is_a_row_of_its_own() -> None:
    """Scenario C24: BigCommerce's total contains it, so the sales order does too."""
    made = rows_of(
        order("9.60", "1.60"),
        [line("a", "10.00", "2.00")],
        [charge("fee", "-2.00", "-0.40", charge_id="fee-12", name="Goodwill")],
    )

    assert amounts(made) == {"a": ("20", "10.00", "2.00"), "fee-12": ("20", "-2.00", "-0.40")}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_ex_tax": None}, "total_ex_tax"),
        ({"total_inc_tax": Decimal(-1)}, "total_inc_tax"),
        ({"discounted_total_inc_tax": Decimal(-1)}, "discounted_total_inc_tax"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
    ],
)
def test_an_impossible_line_refuses_the_order_and_names_the_field(change: dict, field: str) -> None:
    refused = refusal(rows_of(order("12", "2"), [line("a", "10", "2") | change]))

    assert (refused["class"], refused["field"]) == ("document", field)
    assert "line a" in refused["reason"]
    assert refused["remedy"].endswith("quarantine release --class document --key 1001")


def test_an_order_without_lines_or_without_a_total_is_refused_as_a_document() -> None:
    assert refusal(rows_of(order("0", "0"), []))["field"] == "lines"
    headless = order("1", "0", total_inc_tax=None)
    assert refusal(rows_of(headless, [line("a", "1", "0")]))["field"] == "total_inc_tax"


def test_one_bad_order_holds_up_no_other() -> None:
    good = order("12", "2", order_id="2")
    made = rows_of(
        [order("99", "2"), good], [line("a", "10", "2"), line("b", "10", "2", order_id="2")]
    )

    assert list(made.rows["order_id"]) == ["2"]
    assert list(made.refusals["key"]) == ["1001"]


def test_no_orders_give_no_rows_with_all_columns() -> None:
    made = rows_of([], [])

    assert list(made.rows.columns) == list(ROWS)
    assert list(made.refusals.columns) == list(REFUSALS)
    assert made.rounded == 0


@pytest.mark.parametrize(
    ("header", "lines", "needed"),
    [
        ({}, [line("a", "10", "2"), line("b", "10", "0.5")], False),
        ({"coupon_discount": Decimal(1)}, [line("a", "10", "2"), line("b", "10", "0")], False),
        (
            {"coupon_discount": Decimal(1)},
            [line("a", "8.33", "1.66"), line("b", "3", "0.6")],
            False,
        ),
        ({"coupon_discount": Decimal(1)}, [line("a", "10", "2"), line("b", "10", "0.5")], True),
        ({"discount_amount": Decimal(1)}, [line("a", "10", "2"), line("b", "10", "0.5")], True),
        ({}, [line("a", "10", "2", after="11"), line("b", "10", "0.5")], True),
    ],
)
def test_tax_rows_are_needed_only_for_discounts_over_several_rates(
    header: dict, lines: list[dict], *, needed: bool
) -> None:
    orders = frame([order("20", "2", **header)], ORDERS)

    assert needs_taxes(orders, frame(lines, LINES), frame([], CHARGES), CODES) == (
        ["1001"] if needed else []
    )
