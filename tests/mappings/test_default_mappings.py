"""What the shipped mappings make of orders: the documents, and what they refuse."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames import frame
from core.ids import external_ref
from core.orders import ORDERS, ROWS
from mappings.bundle import Bundle, load_bundle
from mappings.engine import Context, apply
from mappings.shapes import SOURCES

BUNDLE = load_bundle()
MILLENNIUM = datetime(2000, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone itself
PLACED = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
PARTY = {
    "first_name": "Ann",
    "last_name": "Lee",
    "company": "Lee & Co",
    "street_1": "1 High St",
    "street_2": "Flat 2",
    "city": "Leeds",
    "state": "West Yorkshire",
    "zip": "LS1 1AA",
    "country_iso2": "GB",
    "email": "Ann@Example.com",
    "phone": "0113 496 0000",
}
ORDER = {
    "order_id": "118",
    "status_id": "11",
    "status_id_of_goods": "11",
    "in_brightpearl": "no",
    "channel_id": "1",
    "placed_at": PLACED,
    "currency_code": "GBP",
    "store_currency_code": "GBP",
    "exchange_rate": Decimal("1.0000000000"),
    "is_tax_inclusive": True,
    "total_inc_tax": Decimal("31.9800"),
    "total_tax": Decimal("5.3300"),
    "payment_method": "Credit card",
    "shipping_method": "royal mail 2nd class ",
    "email_key": "ann@example.com",
    **{f"billing_{name}": value for name, value in PARTY.items()},
    **{f"shipping_{name}": value for name, value in PARTY.items()},
    "shipping_email": "",
    "shipping_phone": "",
    "shipping_country_iso2": "IE",
}
RECEIPT = {
    "order_id": "118",
    "transaction_id": "9001",
    "event": "purchase",
    "method": "credit_card",
    "gateway": "stripe",
    "status": "ok",
    "amount": Decimal("31.98"),
    "currency_code": "GBP",
    "created_at": PLACED,
    "payment_method": "Credit card",
}
ROW = {
    "order_id": "118",
    "row_ref": "31",
    "kind": "product",
    "sku_key": "red-1",
    "quantity": 2,
    "tax_place": "GB-WYK",
    "rate_percent": Decimal("20.00"),
    "net": Decimal("10.00"),
    "tax": Decimal("2.00"),
    "sequence": 1,
}


def context(bundle=BUNDLE, **facts):
    known = {"products": {"red-1": "1001", "red-01": "1002"}}
    return Context(**{"zone": "Europe/London", "tables": bundle.tables, "known": known, **facts})


def mapped(name, *records, bundle=BUNDLE, **facts):
    mapping = bundle.mappings[name]
    base = {"orders": ORDER, "contacts": ORDER, "order_rows": ROW, "payments": RECEIPT}[name]
    rows = frame([{**base, **record} for record in records], SOURCES[mapping.source])
    return apply(mapping, rows, context(bundle, **facts))


def one(name, bundle=BUNDLE, **changes):
    (document,) = mapped(name, changes, bundle=bundle).frame.to_dict("records")
    return document


def refused(name, **changes):
    found = mapped(name, changes)
    assert found.frame.empty
    return found.refusals.drop(columns=["key", "reason", "remedy"]).to_dict("records")


def remedies(name, **changes):
    return mapped(name, changes).refusals["remedy"].tolist()


def test_an_order_becomes_this_sales_order():
    assert one("orders") == {
        "order_id": "118",
        "external_ref": "BC-118",
        "ref": "118",
        "placed_at": PLACED,
        "tax_on": "2026-07-01",
        "status_id": "2",
        "status_id_imported": "2",
        "channel_id": "2",
        "warehouse_id": "2",
        "price_list_id": "2",
        "price_mode_code": "INC",
        "currency_code": "GBP",
        "exchange_rate": Decimal("1.0000000000"),
        "shipping_method_id": "2",
        "payment_method_code": "CARD",
        "status_id_after": "9",
        "note": "",
        "email_key": "ann@example.com",
        "total_inc_tax": Decimal("31.98"),
        "total_tax": Decimal("5.33"),
        "billing_name": "Ann Lee",
        "billing_company": "Lee & Co",
        "billing_line_1": "1 High St",
        "billing_line_2": "Flat 2",
        "billing_line_3": "Leeds",
        "billing_line_4": "West Yorkshire",
        "billing_post_code": "LS1 1AA",
        "billing_country_iso3": "GBR",
        "billing_phone": "0113 496 0000",
        "billing_email": "Ann@Example.com",
        "delivery_name": "Ann Lee",
        "delivery_company": "Lee & Co",
        "delivery_line_1": "1 High St",
        "delivery_line_2": "Flat 2",
        "delivery_line_3": "Leeds",
        "delivery_line_4": "West Yorkshire",
        "delivery_post_code": "LS1 1AA",
        "delivery_country_iso3": "IRL",
        "delivery_phone": "0113 496 0000",
        "delivery_email": "Ann@Example.com",
    }


def test_an_order_becomes_this_contact_if_its_shopper_is_new():
    contact = one("contacts", billing_first_name="A" * 40)
    assert contact["first_name"] == "A" * 32
    assert {key: contact[key] for key in ("email_key", "email", "last_name", "company")} == {
        "email_key": "ann@example.com",
        "email": "Ann@Example.com",
        "last_name": "Lee",
        "company": "Lee & Co",
    }
    assert contact["billing_line_3"] == "Leeds"
    assert contact["delivery_country_iso3"] == "IRL"


def test_a_business_without_a_persons_name_is_known_by_its_own():
    contact = one("contacts", billing_first_name="", billing_last_name="")
    assert (contact["first_name"], contact["last_name"]) == ("", "Lee & Co")


def test_a_receipt_becomes_this_payment():
    assert one("payments") == {
        "order_id": "118",
        "transaction_ref": "BC-118-9001",
        "payment_method_code": "CARD",
        "payment_type": "RECEIPT",
        "amount": Decimal("31.98"),
        "currency_code": "GBP",
        "paid_at": PLACED,
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"gateway": "PayPalCommerce", "payment_method": "PayPal"}, "PAYPAL"),
        ({"gateway": "", "method": "gift_certificate"}, "GIFTCERT"),
        ({"gateway": "giftcertificate", "method": "custom"}, "GIFTCERT"),
        ({"gateway": "stripe", "method": "store_credit"}, "STORECREDIT"),
        ({"gateway": "", "method": "offline", "payment_method": "Bank deposit"}, "BANK"),
        ({"gateway": "", "method": "offline", "payment_method": " CASH "}, "CASH"),
        ({"gateway": "newgate", "payment_method": "Credit card"}, "CARD"),
    ],
)
def test_how_money_came_in_is_known_by_method_then_gateway_then_the_text_at_checkout(given, code):
    assert one("payments", **given)["payment_method_code"] == code


def test_a_row_gets_its_product_its_tax_code_and_keeps_its_amounts():
    assert one("order_rows") == {
        **ROW,
        "product_id": "1001",
        "name": "",
        "tax_place": "",
        "tax_class": "",
        "tax_code": "T20",
        "nominal_code": "",
    }


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("shipping", "", "4910"),
        ("wrapping", "", "4920"),
        ("fee", "", "4000"),
        ("rounding", "7900", "7900"),
        ("something", "", ""),
    ],
)
def test_a_free_text_row_needs_no_product_and_has_the_nominal_code_of_its_kind(kind, given, code):
    row = one("order_rows", kind=kind, sku_key="", nominal_code=given, rate_percent=Decimal(0))
    assert (row["product_id"], row["nominal_code"], row["tax_code"]) == ("", code, "T0")


def test_a_custom_line_whose_sku_the_account_knows_is_that_product():
    assert one("order_rows", kind="custom")["product_id"] == "1001"
    assert one("order_rows", kind="custom", sku_key="made-up")["product_id"] == ""


def test_an_order_that_exists_already_is_not_refused_for_a_status_that_nobody_follows():
    assert one("orders", status_id="14", in_brightpearl="yes")["status_id"] == ""


def test_a_sku_that_is_spelled_otherwise_in_brightpearl_goes_through_the_table_of_skus():
    files = dict(BUNDLE.files) | {"tables/skus.csv": "value,becomes,note\nRouge,RED-01,renamed\n"}
    bundle = Bundle.from_files(files)
    assert one("order_rows", bundle, sku_key="rouge")["product_id"] == "1002"
    assert one("order_rows", bundle, sku_key="red-1")["product_id"] == "1001"


def test_prices_without_tax_are_marked_so():
    assert one("orders", is_tax_inclusive=False)["price_mode_code"] == "EXC"


def test_an_order_that_ships_nothing_and_costs_nothing_has_no_method_for_either():
    order = one("orders", shipping_method="", payment_method="")
    assert (order["shipping_method_id"], order["payment_method_code"]) == ("", "")


def test_a_rate_against_a_currency_that_is_not_the_accounts_does_not_reach_it():
    changes = {
        "currency_code": "EUR",
        "store_currency_code": "USD",
        "exchange_rate": Decimal("0.9"),
    }
    rates = mapped("orders", changes, account_currency="GBP").frame["exchange_rate"].tolist()
    assert rates == [None]
    same = mapped("orders", changes, account_currency="USD").frame["exchange_rate"].tolist()
    assert same == [Decimal("0.9")]


@pytest.mark.parametrize(
    ("changes", "class_", "field", "value", "remedy"),
    [
        (
            {"status_id": "1", "status_id_of_goods": "1"},
            "order_status",
            "status_id",
            "1",
            (
                "Add `1,<Brightpearl status id>` to mappings/tables/order_status.csv, then: "
                "causeway quarantine release --class order_status --value 1"
            ),
        ),
        (
            {"currency_code": "JPY"},
            "currency",
            "currency_code",
            "JPY",
            (
                "Add `JPY,<Brightpearl currency code>` to mappings/tables/currencies.csv, then: "
                "causeway quarantine release --class currency --value JPY"
            ),
        ),
        (
            {"shipping_method": "Drone, fast"},
            "shipping_method",
            "shipping_method",
            "Drone, fast",
            (
                'Add `"Drone, fast",<Brightpearl shipping method id>` to '
                "mappings/tables/shipping_methods.csv, then: causeway quarantine release "
                "--class shipping_method --value 'Drone, fast'"
            ),
        ),
        (
            {"shipping_country_iso2": "ZZ"},
            "country",
            "shipping_country_iso2",
            "ZZ",
            (
                "Add `ZZ,<ISO alpha-3 code>` to mappings/tables/countries.csv, then: causeway "
                "quarantine release --class country --value ZZ"
            ),
        ),
        (
            {"billing_email": "", "email_key": ""},
            "document",
            "billing_email",
            "",
            (
                "Enter the shopper's e-mail in the order's billing address in BigCommerce, then: "
                "causeway quarantine release --class document --key 118"
            ),
        ),
    ],
)
def test_what_no_table_knows_is_refused_with_what_to_do(changes, class_, field, value, remedy):
    assert refused("orders", **changes) == [{"class": class_, "field": field, "value": value}]
    assert remedies("orders", **changes) == [remedy]


def test_an_order_of_an_unmapped_channel_names_all_three_tables_it_needs():
    assert refused("orders", channel_id="3") == [
        {"class": class_, "field": "channel_id", "value": "3"}
        for class_ in ("channel", "warehouse", "price_list")
    ]


def test_a_guest_without_any_e_mail_is_refused_once_with_the_field_named():
    assert refused("contacts", billing_email="", email_key="") == [
        {"class": "document", "field": "billing_email", "value": ""}
    ]


def test_an_unknown_product_is_refused_by_its_sku():
    assert refused("order_rows", sku_key="blue 9") == [
        {"class": "sku", "field": "sku_key", "value": "blue 9"}
    ]
    assert remedies("order_rows", sku_key="blue 9") == [
        (
            "Create a product with the SKU blue 9 in Brightpearl, or add "
            "`blue 9,<Brightpearl SKU>` to mappings/tables/skus.csv, then: causeway "
            "quarantine release --class sku --value 'blue 9'"
        )
    ]


def test_a_rate_without_a_tax_code_is_refused_as_a_plain_number():
    assert refused("order_rows", rate_percent=Decimal("17.500")) == [
        {"class": "tax_code", "field": "rate_percent", "value": "17.5"}
    ]


def test_an_unknown_gateway_is_refused_by_its_name_else_by_the_text_at_checkout():
    given = {"gateway": "newgate", "payment_method": "New"}
    assert refused("payments", **given)[0]["value"] == "newgate"
    given = {"gateway": "", "method": "offline", "payment_method": "Cheque"}
    assert refused("payments", **given)[0]["value"] == "Cheque"


def test_no_personal_data_is_in_any_refusal_of_an_order_full_of_it():
    strange = {
        name: f"Zaphod-{name}"
        for name in ORDERS
        if name.startswith(("billing_", "shipping_")) and not name.endswith("country_iso2")
    }
    strange |= {"shipping_method": "Drone", "billing_email": "", "status_id": "77"}
    assert "Zaphod" not in mapped("orders", strange).refusals.to_csv()


def test_hostile_text_travels_as_text_and_changes_nothing_else():
    hostile = "{order_id} <b>\u2066שלםמ\u2069</b> 👩‍👩‍👧\r\nDROP TABLE; {0.__class__}"
    order = one("orders", billing_street_1=hostile, customer_message=hostile)
    assert order["billing_line_1"] == hostile.replace("\r\n", " ")
    assert order["total_inc_tax"] == Decimal("31.98")


MOMENTS = st.datetimes(MILLENNIUM, MILLENNIUM + timedelta(days=36_000), timezones=st.just(UTC))


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=1, max_value=10**9), MOMENTS)
def test_an_order_is_always_kept_under_the_reference_by_which_it_is_searched(number, placed):
    order = one("orders", order_id=str(number), placed_at=placed)
    assert order["external_ref"] == external_ref(str(number))
    assert len(order["ref"]) <= 64
    days = {placed.date(), (placed + timedelta(days=1)).date()}
    assert order["tax_on"] in {day.isoformat() for day in days}


def test_a_thousand_orders_are_mapped_one_for_one_in_order():
    found = mapped("orders", *[{"order_id": str(i), "billing_city": f"C{i}"} for i in range(1000)])
    assert found.frame["order_id"].tolist() == [str(i) for i in range(1000)]
    assert found.frame["billing_line_3"].tolist() == [f"C{i}" for i in range(1000)]
    assert found.refusals.empty


def test_rows_keep_every_column_the_money_depends_on():
    document = one("order_rows")
    assert set(document) == set(ROWS)
    assert all(document[name] == ROW[name] for name in ("quantity", "net", "tax", "row_ref"))


@pytest.mark.parametrize(
    "text",
    [
        "Drone, arrives 2 Dec",
        "Drone (by Tuesday)",
        "Drone - 2026-12-02",
        "Drone: Dec 2nd, 3 pm",
        "Drone, tomorrow",
        "Drone \u2013 02/12/2026",
    ],
)
def test_a_method_with_a_day_behind_it_is_refused_under_its_own_name(text):
    assert refused("orders", shipping_method=text) == [
        {"class": "shipping_method", "field": "shipping_method", "value": "Drone"}
    ]


@pytest.mark.parametrize("text", ["Drone, fast", "Drone (1-2 days)", "UPS (2nd Day Air)", "A - B"])
def test_a_method_without_a_day_keeps_its_whole_name(text):
    (refusal,) = refused("orders", shipping_method=text)
    assert refusal["value"] == text


@pytest.mark.parametrize(("code", "becomes"), [("XK", "XKX"), ("UK", "GBR"), ("el", "GRC")])
def test_codes_in_use_that_iso_does_not_list_have_their_country(code, becomes):
    assert one("orders", shipping_country_iso2=code)["delivery_country_iso3"] == becomes


def test_a_receipt_whose_method_nobody_knows_is_refused_by_the_text_at_checkout():
    (refusal,) = refused("payments", method="offline", gateway="", payment_method="Cheque")
    assert (refusal["class"], refusal["value"]) == ("payment_method", "Cheque")
