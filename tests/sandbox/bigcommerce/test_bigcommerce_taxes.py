"""Tax rows: rate, class and name as the store has them, by destination or by zone."""

from decimal import Decimal

import pytest

from sandbox.bigcommerce.staff import OrderEdit, edit

NEW_YORK = {"country": "United States", "country_iso2": "US", "state": "New York", "zip": "10001"}
CONNECTICUT = NEW_YORK | {"state": "CT", "zip": "06103"}
QUEBEC = {"country": "Canada", "country_iso2": "CA", "state": "Québec", "zip": "H2X 1Y4"}
FRANCE = {"country": "France", "country_iso2": "FR", "state": "", "zip": "75011"}
GERMANY = {"country": "Germany", "country_iso2": "DE", "state": "", "zip": "10115"}


def rows_of(shop, order):
    return shop.get(f"/v2/orders/{order.id}/taxes", details="true")


def rates(rows, kind="item"):
    return [(row["name"], row["rate"]) for row in rows if row["line_item_type"] == kind]


@pytest.mark.parametrize(
    ("to", "zone", "expected"),
    [
        (NEW_YORK, "US-NY", [("New York sales tax", "8.8750")]),
        (CONNECTICUT, "US-CT", [("Connecticut sales tax", "6.3500")]),
        (QUEBEC, "CA-QC", [("GST", "5.0000"), ("QST", "9.9750")]),
        (FRANCE, "FR", [("TVA", "20.0000")]),
        (GERMANY, "none", [("No tax", "0.0000")]),
    ],
)
def test_a_zone_taxes_goods_and_shipping_at_its_own_rates(shop, to, zone, expected):
    shop.store.switches.taxed_destinations = "zones"
    by_destination = shop.place({"sku": "MUG", "quantity": 3}, shipping=[{"to": to}])
    by_order = shop.place({"sku": "MUG", "quantity": 3}, tax_zone=zone)

    for order in (by_destination, by_order):
        rows = rows_of(shop, order)
        assert rates(rows) == rates(rows, "shipping") == expected
        assert {row["class"] for row in rows} == {"Standard rate"}
        assert sum(Decimal(row["line_amount"]) for row in rows) == order.totals.tax


def test_two_taxes_of_one_line_share_its_tax_to_the_cent(shop):
    order = shop.place({"sku": "MUG", "quantity": 3}, tax_zone="CA-QC", shipping=[{"cost": "0"}])

    gst, qst = (row for row in rows_of(shop, order) if row["line_item_type"] == "item")

    assert (gst["line_amount"], qst["line_amount"]) == ("1.5000", "2.9900")
    assert order.totals.tax == Decimal("4.49")


def test_out_of_the_box_only_the_united_kingdom_is_taxed(shop):
    order = shop.place(shipping=[{"to": FRANCE}])

    assert rates(rows_of(shop, order)) == [("No tax", "0.0000")]


def test_zero_rated_goods_at_home_keep_their_tax_and_class(shop):
    order = shop.place({"sku": "MUG"}, {"sku": "BOOK"}, {"name": "Map", "tax_class_id": 2})

    rows = [row for row in rows_of(shop, order) if row["line_item_type"] == "item"]

    assert [(row["name"], row["class"], row["rate"]) for row in rows] == [
        ("VAT", "Standard rate", "20.0000"),
        ("VAT", "Zero rate", "0.0000"),
        ("VAT", "Zero rate", "0.0000"),
    ]


def test_an_export_has_rows_at_zero_or_by_a_switch_none(shop):
    order = shop.place(tax_zone="none")
    assert [row["rate"] for row in rows_of(shop, order)] == ["0.0000", "0.0000"]

    shop.store.switches.untaxed_rows = "absent"

    assert rows_of(shop, order) is None


def test_a_line_that_staff_add_is_taxed_in_the_orders_zone(shop):
    order = shop.place(tax_zone="US-NY")
    edit(shop.store, OrderEdit(order_id=order.id, add=[{"sku": "TEA"}]))

    assert rates(rows_of(shop, order)) == [
        ("New York sales tax", "8.8750"),
        ("New York sales tax", "4.5000"),
    ]


def test_the_summary_has_a_row_for_each_class_and_rate(shop):
    order = shop.place({"sku": "MUG"}, {"sku": "TEA"}, tax_zone="CA-QC")

    rows = shop.get(f"/v2/orders/{order.id}/taxes")

    assert [(row["name"], row["class"]) for row in rows] == [
        ("GST", "Standard rate"),
        ("QST", "Standard rate"),
        ("GST", "Reduced rate"),
    ]


@pytest.mark.parametrize(
    ("provider", "name", "names_order"),
    [("AvaTaxProvider", "Automatic Tax", False), ("", "API Tax Override", True)],
)
def test_tax_of_another_origin_has_a_class_of_its_own(shop, provider, name, names_order):
    order = shop.place(tax_provider=provider, tax_zone="US-NY")

    rows = rows_of(shop, order)

    assert {row["class"] for row in rows} == {name}
    assert {"order_id" in row for row in rows} == {names_order}
    assert shop.document(order)["tax_provider_id"] == provider
