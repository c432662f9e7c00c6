"""What becomes of the rows of the Online Retail format."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from reference_material import REAL_ORDERS, needs_real_orders

from sandbox.catalogue.countries import COUNTRIES, address_of
from sandbox.catalogue.online_retail import FormatError, load

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@pytest.fixture
def read(tmp_path):
    def read(*rows: str, header: str = HEADER, **options):
        file = tmp_path / "orders.csv"
        file.write_text("\n".join([header, *rows]), "utf-8")
        return load([file], **options)

    return read


def row(code, quantity="1", price="2.50", invoice="500001", **more):
    values = {"name": "MUG ", "date": "2011-11-14 08:10:00", "customer": "18211.0",
              "country": "United Kingdom", **more}  # fmt: skip
    return (
        f"{invoice},{code},{values['name']},{quantity},{values['date']},{price},"
        f"{values['customer']},{values['country']}"
    )


def test_a_row_is_a_line_ex_vat_and_the_invoice_an_order(read):
    catalogue = read(row("22465", "12", "1.65"))

    (order,) = catalogue.orders
    (line,) = order.lines
    assert (order.reference, order.placed_at) == (
        "500001",
        datetime(2011, 11, 14, 8, 10, tzinfo=UTC),
    )
    assert (line.sku, line.name, line.quantity) == ("22465", "MUG", 12)
    assert (line.price_ex_tax, line.tax_rate_percent) == (Decimal("1.65"), 20)


def test_summer_times_are_uk_local(read):
    (order,) = read(row("22465", date="2011-07-01 08:10:00")).orders

    assert order.placed_at == datetime(2011, 7, 1, 7, 10, tzinfo=UTC)


def test_codes_that_differ_in_case_are_one_product(read):
    catalogue = read(row("85123a", "3"), row("85123A", "4"))

    assert [product.sku for product in catalogue.products] == ["85123A"]
    assert catalogue.products[0].stock == 7 + 10
    assert len(catalogue.orders[0].lines) == 2


def test_a_number_makes_an_account_and_none_a_guest(read):
    catalogue = read(row("22465"), row("22465", invoice="500002", customer=""))

    account, guest = catalogue.orders
    assert (account.customer.email, account.is_guest) == ("c18211@example.com", False)
    assert (guest.customer.email, guest.is_guest) == ("guest.500002@example.com", True)
    assert [customer.reference for customer in catalogue.customers] == ["18211"]


@pytest.mark.parametrize(("code", "method"), [("POST", "Royal Mail 2nd Class"),
                                              ("DOT", "Royal Mail 2nd Class"),
                                              ("C2", "Next day courier")])  # fmt: skip
def test_carriage_rows_are_shipping(read, code, method):
    (order,) = read(row("22465"), row(code, "2", "4.00")).orders

    assert order.shipping_cost_ex_tax == 8
    assert (order.shipping_method, len(order.lines)) == (method, 1)


def test_a_discount_row_is_taken_off_the_order(read):
    (order,) = read(row("22465", "10"), row("D", "-1", "5.00")).orders

    assert (order.discount_ex_tax, len(order.lines)) == (5, 1)


@pytest.mark.parametrize("code", ["M", "S", "BANK CHARGES", "CRUK", "m", "AMAZONFEE"])
def test_other_codes_are_free_text_lines(read, code):
    catalogue = read(row(code, name="Manual"))

    assert catalogue.orders[0].lines[0].sku == ""
    assert catalogue.orders[0].lines[0].name == f"Manual ({code.upper()})"
    assert catalogue.products == []


def test_exports_carry_no_vat_and_go_tracked(read):
    (order,) = read(row("22465", country="EIRE"), row("POST", country="EIRE")).orders

    assert {line.tax_rate_percent for line in order.lines} == {0}
    assert order.shipping_tax_rate_percent == 0
    assert order.customer.address.country_iso2 == "IE"
    assert order.shipping_method == "International tracked"


@pytest.mark.parametrize(
    ("code", "quantity", "price", "reason"),
    [
        ("22465", "0", "1", "zero quantity"),
        ("22465", "-5", "1", "negative quantity"),
        ("22465", "1.5", "1", "fractional quantity"),
        ("22465", "1", "0.0", "zero price"),
        ("22465", "1", "-3", "negative price"),
        ("22465", "x", "1", "quantity or price is not a number"),
        ("22465", "1", "NaN", "quantity or price is not a number"),
        ("M", "-1", "2", "negative quantity"),
    ],
)
def test_impossible_rows_are_counted_and_named(read, code, quantity, price, reason):
    report = read(row("22466"), row(code, quantity, price)).report

    assert report.left_out_by_reason == {reason: 1}
    assert (report.left_out[0].invoice, report.left_out[0].line) == ("500001", 3)


def test_cancellations_and_emptied_invoices_are_named(read):
    report = read(row("22465", "-1", invoice="C500009"), row("22465", "1", "0")).report

    assert report.cancellations == ["C500009"]
    assert report.emptied == ["500001"]
    assert (report.rows, report.invoices, report.orders) == (2, 2, 0)


def test_names_are_the_usual_ones_and_unique(read):
    catalogue = read(
        row("22465", name="LAMP"), row("22465", name="lamp?"), row("22465", name="LAMP"),
        row("22466", name="Lamp"), row("22467", name=""),
    )  # fmt: skip

    assert [p.name for p in catalogue.products] == ["LAMP", "Lamp (22466)", "Product 22467"]


def test_stock_may_be_scarce(read):
    catalogue = read(row("22465", "10"), row("22466", "10"), scarce_every=2)

    assert [product.stock for product in catalogue.products] == [20, 5]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([row("22465", country="Atlantis")], HEADER, "line 2: country 'Atlantis'"),
        ([row("22465", date="yesterday")], HEADER, "line 2: InvoiceDate"),
        (["1,2"], HEADER, "line 2: too few columns"),
        ([], "InvoiceNo,StockCode", "column Description"),
    ],
)
def test_a_file_in_another_format_is_refused_by_line(read, rows, header, message):
    with pytest.raises(FormatError, match=message):
        read(*rows, header=header)


def test_every_country_has_people_with_whole_addresses():
    for name in COUNTRIES:
        address = address_of("c1@example.com", name)
        assert address == address_of("c1@example.com", name)
        assert len(address.country_iso2) == 2
        assert address.first_name
        assert address.street_1
        assert address.city


@needs_real_orders
def test_five_real_days_are_accounted_for_row_by_row():
    report = load(REAL_ORDERS).report

    reported = report.order_lines + report.shipping_rows + report.discount_rows
    assert reported + sum(report.left_out_by_reason.values()) == report.rows == 17_778
    kept = report.orders + len(report.emptied) + len(report.cancellations)
    assert kept == report.invoices == 789
    assert len(report.cancellations) == 116
