"""The query parameters of V3 lists: every documented one works, every other one is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.bigcommerce.staff_stock import NewProduct, create_product
from sandbox.catalogue.model import Address, Customer

PRODUCTS, VARIANTS = "/v3/catalog/products", "/v3/catalog/variants"
CUSTOMERS, CHANNELS = "/v3/customers", "/v3/channels"
STEP = timedelta(hours=1)


def names(shop, path, **query):
    return [row.get("name") or row["sku"] for row in shop.get(path, **query)["data"]]


@pytest.fixture
def catalogue(shop):
    """The shop with one more product, an hour later, that differs in every respect."""
    shop.store.clock.advance(STEP.total_seconds())
    create_product(
        shop.store,
        NewProduct(
            sku="LAMP", name="Lamp", price_ex_tax="19.99", weight_kg="2", stock=3, brand="Ærlig",
            upc="0123456789012", mpn="LP-1", condition="Used", availability="preorder",
            is_visible=False, is_featured=True, is_free_shipping=True, categories=[7, 9],
            warning_level=5, imported=True,
        ),
    )  # fmt: skip
    shop.place({"sku": "TEA", "quantity": 2})
    return shop


FIRST, LAST = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"id": 77}, ["Blue mug"]),
        ({"id:in": "77,79"}, ["Blue mug", "Cookery"]),
        ({"id:not_in": "77,78,79,80"}, ["Socks", "Lamp"]),
        ({"id:min": 81}, ["Socks", "Lamp"]),
        ({"id:max": 78}, ["Blue mug", "Tea"]),
        ({"id:greater": 81}, ["Lamp"]),
        ({"id:less": 78}, ["Blue mug"]),
        ({"channel_id:in": "2", "id": 77}, ["Blue mug"]),
        ({"channel_id:in": "9"}, []),
        ({"categories": 7}, ["Lamp"]),
        ({"categories:in": "9,11"}, ["Lamp"]),
        ({"name": "lamp"}, ["Lamp"]),
        ({"mpn": "LP-1"}, ["Lamp"]),
        ({"upc": "0123456789012"}, ["Lamp"]),
        ({"sku": "lamp"}, ["Lamp"]),
        ({"sku:in": "LAMP,MUG"}, ["Blue mug", "Lamp"]),
        ({"price": "19.99"}, ["Lamp"]),
        ({"weight": "2.0"}, ["Lamp"]),
        ({"condition": "used"}, ["Lamp"]),
        ({"brand_id": 1}, ["Lamp"]),
        ({"date_modified:min": LAST.isoformat()}, ["Lamp"]),
        ({"date_modified:max": FIRST.isoformat(), "limit": 2}, ["Blue mug", "Tea"]),
        ({"date_modified": LAST.isoformat()}, ["Lamp"]),
        ({"date_last_imported:min": FIRST.isoformat()}, ["Lamp"]),
        ({"date_last_imported": LAST.isoformat()}, ["Lamp"]),
        ({"date_last_imported:not": LAST.isoformat(), "limit": 1}, ["Blue mug"]),
        ({"date_last_imported:max": FIRST.isoformat()}, []),
        ({"is_visible": "false"}, ["Lamp"]),
        ({"is_featured": 1}, ["Lamp"]),
        ({"is_free_shipping": 1}, ["Lamp"]),
        ({"inventory_level": 3}, ["Lamp"]),
        ({"inventory_level:in": "3,20"}, ["Cookery", "Lamp"]),
        ({"inventory_level:not_in": "3,20,0,18"}, ["Blue mug", "Tea"]),
        ({"inventory_level:min": 100}, ["Blue mug"]),
        ({"inventory_level:max": 3}, ["Pattern", "Lamp"]),
        ({"inventory_level:greater": 48}, ["Blue mug"]),
        ({"inventory_level:less": 3}, ["Pattern"]),
        ({"inventory_low": 1}, ["Lamp"]),
        ({"total_sold": 2}, ["Tea"]),
        ({"type": "digital"}, ["Pattern"]),
        ({"availability": "preorder"}, ["Lamp"]),
        ({"keyword": "ær"}, ["Lamp"]),
        ({"keyword": "mug", "keyword_context": "merchant"}, ["Blue mug"]),
        ({"sort": "price", "direction": "desc", "limit": 1}, ["Lamp"]),
        ({"sort": "name", "limit": 2}, ["Blue mug", "Cookery"]),
        ({"sort": "inventory_level", "limit": 2}, ["Pattern", "Lamp"]),
        ({"direction": "desc", "limit": 1}, ["Lamp"]),
    ],
)
def test_a_documented_filter_of_products_works(catalogue, query, expected):
    assert names(catalogue, PRODUCTS, **query) == expected


def test_what_is_tracked_and_sold_out_is_found(catalogue):
    assert names(catalogue, PRODUCTS, out_of_stock=1) == []
    catalogue.place({"sku": "LAMP", "quantity": 3})
    assert names(catalogue, PRODUCTS, out_of_stock=1) == ["Lamp"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"id": 3302}, ["TEA"]),
        ({"sku": "sock-m"}, ["SOCK-M"]),
        ({"sku:in": "sock-m,MUG"}, ["MUG", "SOCK-M"]),
        ({"upc": "0123456789012"}, ["LAMP"]),
        ({"product_id:in": "81,82"}, ["SOCK-M", "SOCK-L", "LAMP"]),
    ],
)
def test_a_documented_filter_of_variants_works(catalogue, query, expected):
    assert names(catalogue, VARIANTS, **query) == expected


@pytest.fixture
def people(shop):
    """Bob of the catalogue, and Zoë an hour later."""
    shop.store.clock.advance(STEP.total_seconds())
    home = Address("Zoë", "Ám", "Acme", country="France", country_iso2="FR", phone="+33 1")
    shop.store.add_customer(Customer("2", "zoe@example.com", home))
    return shop


def emails(shop, **query):
    return [row["email"].split("@")[0] for row in shop.get(CUSTOMERS, **query)["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"id:in": "2"}, ["zoe"]),
        ({"email:in": "ZOE@example.com,x@example.com"}, ["zoe"]),
        ({"company:in": "acme"}, ["zoe"]),
        ({"phone:in": "+33 1"}, ["zoe"]),
        ({"name:in": "Zoë Ám"}, ["zoe"]),
        ({"name:like": "zo"}, ["zoe"]),
        ({"customer_group_id:in": "3"}, []),
        ({"registration_ip_address:in": "203.0.113.7"}, []),
        ({"date_created": LAST.isoformat()}, ["zoe"]),
        ({"date_created:min": LAST.isoformat()}, ["zoe"]),
        ({"date_created:max": FIRST.isoformat()}, ["bob"]),
        ({"date_modified": FIRST.isoformat()}, ["bob"]),
        ({"date_modified:min": LAST.isoformat()}, ["zoe"]),
        ({"date_modified:max": FIRST.isoformat()}, ["bob"]),
        ({"sort": "date_created:desc"}, ["zoe", "bob"]),
        ({"sort": "last_name:asc", "limit": 2}, ["bob", "zoe"]),
        ({"sort": "date_modified:asc", "page": 2, "limit": 1}, ["zoe"]),
    ],
)
def test_a_documented_filter_of_customers_works(people, query, expected):
    assert emails(people, **query) == expected


def test_customers_show_what_include_asks_for_and_no_more(people):
    asked = "addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids"
    (plain, *_), (full, *_) = (
        people.get(CUSTOMERS, **query)["data"] for query in ({}, {"include": asked})
    )

    assert set(full) - set(plain) == {
        "addresses", "store_credit_amounts", "attributes", "form_fields", "shopper_profile_id",
        "segment_ids",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"customer_id:in": "2"}, ["Zoë"]),
        ({"id:in": "90002"}, ["Zoë"]),
        ({"company:in": "Acme"}, ["Zoë"]),
        ({"name:in": "zoë ám"}, ["Zoë"]),
        ({"include": "formfields", "limit": 1, "page": 2}, ["Zoë"]),
    ],
)
def test_a_documented_filter_of_customer_addresses_works(people, query, expected):
    rows = people.get("/v3/customers/addresses", **query)["data"]

    assert [row["first_name"] for row in rows] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"available": "true"}, ["UK web", "Wholesale", "Marketplace"]),
        ({"status:in": "connected,deleted"}, ["Marketplace"]),
        ({"type:in": "storefront"}, ["UK web", "Wholesale"]),
        ({"platform:in": "custom"}, ["Marketplace"]),
        ({"date_created": FIRST.isoformat(), "limit": 1}, ["UK web"]),
        ({"date_created:min": LAST.isoformat()}, []),
        ({"date_created:max": FIRST.isoformat(), "limit": 1}, ["UK web"]),
        ({"date_modified": LAST.isoformat()}, []),
        ({"date_modified:min": LAST.isoformat()}, []),
        ({"date_modified:max": FIRST.isoformat(), "limit": 1, "page": 3}, ["Marketplace"]),
    ],
)
def test_a_documented_filter_of_channels_works(shop, query, expected):
    assert names(shop, CHANNELS, **query) == expected


def test_channels_show_their_currencies_when_asked(shop):
    (first, *_) = shop.get(CHANNELS, include="currencies")["data"]

    assert first["currencies"]["default_currency"] == "GBP"
    assert "currencies" not in shop.get("/v3/channels/1")["data"]


@pytest.mark.parametrize("path", [PRODUCTS, VARIANTS, CUSTOMERS, CHANNELS])
def test_unknown_parameters_are_refused_by_name(shop, path):
    answer = shop.call("GET", path, colour="red", **{"id:near": "1"})

    assert answer.status == 422
    expected = "The filter(s): colour, id:near are not valid filter parameter(s)."
    assert answer.body["title"] == expected


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        (PRODUCTS, "id:min", "integer"),
        (PRODUCTS, "price", "number"),
        (PRODUCTS, "is_visible", "boolean"),
        (PRODUCTS, "date_modified:min", "date"),
        (CUSTOMERS, "id:in", "integer"),
        (VARIANTS, "product_id:in", "integer"),
    ],
)
def test_a_value_of_another_kind_is_refused(shop, path, name, kind):
    answer = shop.call("GET", path, **{name: "soon"})

    assert answer.status == 422
    assert answer.body["title"] == (
        f'Query parameter "{name}" value must be {kind}. For input string: "soon".'
    )


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PRODUCTS, {"sort": "colour"}),
        (CUSTOMERS, {"sort": "last_name:up"}),
        (PRODUCTS, {"include": "prices"}),
        (CUSTOMERS, {"include": "orders"}),
    ],
)
def test_sorting_or_including_what_does_not_exist_is_refused(shop, path, query):
    assert shop.call("GET", path, **query).status == 422


@pytest.mark.parametrize("path", [PRODUCTS, VARIANTS, f"{PRODUCTS}/77/variants"])
def test_only_the_fields_asked_for_are_shown_and_always_the_id(shop, path):
    (few, *_) = shop.get(path, include_fields="sku,weight")["data"]
    (most, *_) = shop.get(path, exclude_fields="sku,id")["data"]

    assert set(few) == {"id", "sku", "weight"}
    assert "id" in most
    assert "sku" not in most
    assert "weight" in most


def test_what_is_included_is_shown_with_the_fields_asked_for(shop):
    product = shop.get(f"{PRODUCTS}/77", include="variants,channels", include_fields="name")["data"]

    assert set(product) == {"id", "name", "variants", "channels"}


def test_pages_with_options_hold_ten_products_at_most(shop):
    for number in range(12):
        create_product(shop.store, NewProduct(sku=f"N-{number}"))

    page = shop.get(PRODUCTS, include="options")
    whole = shop.get(PRODUCTS, include="variants")

    assert (len(page["data"]), page["meta"]["pagination"]["per_page"]) == (10, 10)
    assert len(whole["data"]) == 17


def test_the_options_of_an_order_line_are_those_of_the_catalogue(shop):
    order = shop.place({"sku": "SOCK-L", "options": {"Name tag": "Eve"}})

    (line,) = shop.get(f"/v2/orders/{order.id}/products")
    size, tag = line["product_options"]
    path = f"{PRODUCTS}/{line['product_id']}"
    product = shop.get(path, include="options,modifiers")["data"]
    (option,), (modifier,) = product["options"], product["modifiers"]
    (value,) = (value for value in option["option_values"] if value["label"] == "L")
    variant = shop.get(f"{path}/variants/{line['variant_id']}")["data"]

    assert (size["option_id"], size["value"]) == (option["id"], str(value["id"]))
    assert (size["display_value"], size["type"]) == ("L", "Multiple choice")
    assert variant["option_values"] == [
        {"id": value["id"], "label": "L", "option_id": option["id"], "option_display_name": "Size"}
    ]
    assert shop.get(f"{path}/options/{option['id']}/values")["data"] == option["option_values"]
    assert (tag["option_id"], tag["value"]) == (modifier["id"], "Eve")
    assert (tag["display_value"], tag["type"]) == ("Eve", "Text field")


def test_dates_of_customers_end_in_a_z(shop):
    (customer,) = shop.get(CUSTOMERS)["data"]

    assert customer["date_created"] == customer["date_modified"] == "2026-07-01T12:00:00Z"
