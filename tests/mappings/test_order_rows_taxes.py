"""Rates, classes and codes of an order's rows, by BigCommerce's tax rows and by the table."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tax_tables import codes_of

from core.frames import frame
from core.orders import CHARGES, LINES, ORDERS, TAXES
from mappings.order_rows import Rows, needs_taxes, order_rows

CENT = Decimal("0.01")
Rate = tuple[str, str]
"""Name and percent of a tax."""
NEW_YORK: list[Rate] = [("New York sales tax", "8.8750")]
QUEBEC: list[Rate] = [("GST", "5.0000"), ("QST", "9.9750")]
CONNECTICUT: list[Rate] = [("Connecticut sales tax", "6.3500")]


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def order_of(
    place: str, rates: list[Rate], nets: list[str], shipping: str = "", tax_class: str = "Standard"
) -> dict[str, list[dict]]:
    """An order without discounts whose lines and shipping are all taxed at the same rates."""
    whole = sum((Decimal(percent) for _, percent in rates), Decimal(0))
    lines, charges, taxes = [], [], []
    for ref, net in [*((str(n), net) for n, net in enumerate(nets, 1)), ("", shipping)]:
        if not net:
            continue
        ex = Decimal(net)
        tax = cents(ex * whole / 100)
        amounts = {"total_ex_tax": ex, "total_tax": tax, "total_inc_tax": ex + tax}
        if ref:
            more = {"line_id": ref, "product_id": "7", "sku_key": f"s-{ref}", "quantity": 1}
            lines.append({"order_id": "1", "name": "Mug", "kind": "physical", **more, **amounts})
        else:
            more = {"charge_id": "shipping", "kind": "shipping", "name": "Post"}
            charges.append({"order_id": "1", **more, **amounts})
        left = tax
        for name, percent in rates:
            is_last = name == rates[-1][0]
            part = left if is_last else cents(tax * Decimal(percent) / whole)
            left -= part
            taxes.append({
                "order_id": "1", "line_id": ref, "address_id": "9", "name": name,
                "kind": "item" if ref else "shipping", "tax_class": tax_class,
                "rate_percent": Decimal(percent), "amount": part,
            })  # fmt: skip
    paid = [*lines, *charges]
    header = {
        "order_id": "1", "tax_place": place, "currency_code": "USD", "is_tax_inclusive": False,
        "total_inc_tax": sum(row["total_inc_tax"] for row in paid),
        "total_tax": sum(row["total_tax"] for row in paid),
        "discount_amount": Decimal(0), "coupon_discount": Decimal(0),
    }  # fmt: skip
    return {"orders": [header], "lines": lines, "charges": charges, "taxes": taxes}


def needs(made: dict[str, list[dict]], *keys: str) -> bool:
    frames = (
        frame(made["orders"], ORDERS),
        frame(made["lines"], LINES),
        frame(made["charges"], CHARGES),
    )
    return needs_taxes(*frames, codes_of(*keys)) == ["1"]


def rows_of(made: dict[str, list[dict]], *keys: str) -> Rows:
    """The rows, with the tax rows only where they would be asked for."""
    return order_rows(
        frame(made["orders"], ORDERS),
        frame(made["lines"], LINES),
        frame(made["charges"], CHARGES),
        frame(made["taxes"] if needs(made, *keys) else [], TAXES),
        cap=Decimal("0.05"),
        rounding_nominal_code="7900",
        codes=codes_of(*keys),
    )


def rates_of(made: Rows) -> set[Decimal]:
    assert list(made.refusals["reason"]) == []
    return set(made.rows["rate_percent"])


@pytest.mark.parametrize(
    ("place", "rates", "key", "rate"),
    [
        ("US-NY", NEW_YORK, "US-NY:8.875", "8.875"),
        ("CA-QC", QUEBEC, "CA-QC:14.975", "14.975"),
        ("US-CT", CONNECTICUT, "US:6.35", "6.35"),
        ("US-CT", CONNECTICUT, "US:*", "6.35"),
        ("FR", [("TVA", "20")], "FR:20", "20"),
        ("DE", [("No tax", "0")], "0", "0"),
    ],
)
def test_the_rate_is_bigcommerces_own(place: str, rates: list[Rate], key: str, rate: str) -> None:
    made = order_of(place, rates, ["0.57", "3.33", "19.99"], shipping="3.95")

    assert rates_of(rows_of(made, key)) == {Decimal(rate)}
    assert rates_of(rows_of(made, key, "GB:20", "8.9", "8.75", "15", "6.4")) == {Decimal(rate)}


@settings(deadline=None)
@given(
    nets=st.lists(st.decimals("0.01", "900", places=2).map(str), min_size=1, max_size=8),
    rate=st.sampled_from([("US-NY", NEW_YORK), ("CA-QC", QUEBEC), ("US-CT", CONNECTICUT)]),
    is_known=st.booleans(),
)
def test_whatever_the_amounts_no_other_rate_is_booked_or_asked_for(
    nets: list[str], rate: tuple[str, list[Rate]], *, is_known: bool
) -> None:
    place, rates = rate
    whole = sum((Decimal(percent) for _, percent in rates), Decimal(0))
    key = f"{place}:{whole.normalize():f}"
    near = [f"{place}:{whole + off:f}" for off in map(Decimal, ("0.05", "-0.1", "0.125", "1"))]
    made = order_of(place, rates, nets, shipping="4.10")

    found = rows_of(made, *near, *([key] if is_known else []))

    if is_known:
        assert rates_of(found) == {whole}
        assert sum(found.rows["net"] + found.rows["tax"]) == made["orders"][0]["total_inc_tax"]
    else:
        assert set(found.refusals["value"]) <= {key}
        assert list(found.rows["rate_percent"]) == []


def test_an_order_that_one_rate_of_its_place_explains_costs_no_request() -> None:
    home = order_of("GB-WYK", [("VAT", "20")], ["10.00", "0.57", "0.00"], shipping="3.95")
    keys = ("GB:20", "GB:5", "GB:0", "0", "US:*", "FR:20.6")

    assert not needs(home, *keys)
    assert not needs(order_of("DE", [("No tax", "0")], ["0.02"]), *keys)
    assert needs(home, *keys, "GB:20.1")  # two rates explain it
    assert needs(home, "GB:5", "GB:0")  # none does
    assert needs(home, *keys, "GB:*")
    assert needs(home, *keys, "*:Books:20")  # its code depends on the class


def test_the_class_of_the_tax_row_decides_and_is_in_the_refusals_words() -> None:
    made = order_of("GB", [("VAT", "0")], ["10.00"], tax_class="Zero rate")
    keys = ("GB:20", "GB:Zero rate:0", "*:Exempt:0")

    assert set(rows_of(made, *keys).rows["tax_class"]) == {"Zero rate"}
    made = order_of("GB", [("VAT", "0")], ["10.00"], tax_class="Outside scope")
    (reason,) = rows_of(made, *keys).refusals["reason"]
    assert reason == "row 1 is taxed at 0 % (VAT, Outside scope) in GB, which has no tax code"


def test_rows_that_go_to_different_countries_have_the_codes_of_these() -> None:
    made = order_of("GB", [("VAT", "20")], ["10.00", "15.00"])
    made["lines"][1]["tax_place"] = "FR"

    assert list(rows_of(made, "GB:20", "FR:20").rows["tax_place"]) == ["GB", "FR"]
    assert set(rows_of(made, "GB:20").refusals["value"]) == {"FR:20"}


def test_two_taxes_of_two_addresses_are_one_rate_of_their_shipping() -> None:
    made = order_of("CA-QC", QUEBEC, ["10.00"], shipping="8.00")
    shipping = [tax for tax in made["taxes"] if tax["kind"] == "shipping"]
    made["taxes"] = [tax for tax in made["taxes"] if tax["kind"] == "item"]
    made["taxes"] += [
        {**tax, "amount": tax["amount"] / 2, "address_id": address}
        for tax in shipping
        for address in ("9", "10")
    ]

    assert rates_of(rows_of(made, "CA-QC:14.975")) == {Decimal("14.975")}


def test_wrapping_of_two_lines_at_one_rate_is_one_row_however_small() -> None:
    made = order_of("US-NY", NEW_YORK, ["10.00", "20.00"], shipping="0.06")
    made["charges"][0] |= {"charge_id": "wrapping", "kind": "wrapping"}
    made["charges"][0] |= {"total_tax": Decimal("0.02"), "total_inc_tax": Decimal("0.08")}
    made["orders"][0]["total_tax"] += Decimal("0.01")
    made["orders"][0]["total_inc_tax"] += Decimal("0.01")
    wrapped = {**made["taxes"].pop(), "kind": "wrapping", "amount": CENT}
    made["taxes"] += [{**wrapped, "line_id": "1"}, {**wrapped, "line_id": "2"}]

    found = rows_of(made, "US-NY:8.875")

    assert rates_of(found) == {Decimal("8.875")}
    assert list(found.rows["row_ref"]) == ["1", "2", "wrapping"]


def test_what_no_tax_row_is_about_is_explained_by_the_rates_of_the_others() -> None:
    made = order_of("US-NY", NEW_YORK, ["10.00"], shipping="2.00")
    made["charges"][0] |= {"charge_id": "fee-1", "kind": "fee"}

    found = rows_of(made, "US:*")

    assert rates_of(found) == {Decimal("8.875")}


def test_where_bigcommerce_says_no_rate_at_all_the_amounts_are_explained_by_the_table() -> None:
    made = order_of("US-NY", NEW_YORK, ["10.00", "3.33"])
    made["taxes"] = []

    assert rates_of(rows_of(made, "US-NY:8.875")) == {Decimal("8.875")}
    assert not rows_of(made, "US:*").rows.empty
