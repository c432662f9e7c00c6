"""How orders are listed, read, created, changed and archived."""

from datetime import timedelta

import pytest


def ids_of(rows):
    return [row["id"] for row in rows or []]


def test_a_page_holds_fifty_by_default_and_never_more_than_250(shop):
    for _ in range(260):
        shop.place()

    assert len(shop.get("/v2/orders")) == 50
    assert len(shop.get("/v2/orders", limit=1000)) == 250
    assert len(shop.get("/v2/orders", limit=250, page=2)) == 10
    shop.store.switches.page_limit = "refuse"
    assert shop.call("GET", "/v2/orders", limit=251).status == 413


def test_an_empty_list_is_204_without_a_body(shop):
    answer = shop.call("GET", "/v2/orders")

    assert (answer.status, answer.body) == (204, None)


def test_a_scan_by_id_over_a_fixed_date_sees_every_changed_order_once(shop, clock):
    orders = [shop.place() for _ in range(7)]
    clock.advance(3600)
    since = clock.now().isoformat()
    clock.advance(5)
    for order in orders[2:]:
        shop.call("PUT", f"/v2/orders/{order.id}", {"staff_notes": "seen"})

    seen, at = [], 1
    while True:
        rows = shop.get("/v2/orders", min_date_modified=since, sort="id:asc", min_id=at, limit=2)
        seen += ids_of(rows)
        if len(rows or []) < 2:
            break
        at = seen[-1] + 1

    assert seen == [order.id for order in orders[2:]]


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("status_id", 7, 1),
        ("email", "BOB@example.com", 1),
        ("channel_id", 2, 1),
        ("external_order_id", "SO-9", 1),
        ("payment_method", "PayPal", 1),
        ("max_id", 101, 2),
        ("min_id", 103, 2),
        ("min_total", "500", 1),
        ("max_total", "1", 0),
        ("customer_id", 0, 4),
        ("is_deleted", "true", 5),
    ],
)
def test_each_filter_keeps_what_fits(shop, name, value, count):
    shop.place(payment="authorized")
    shop.place(email="bob@example.com")
    shop.place(channel_id=2)
    order = shop.place(payment_method="PayPal")
    shop.place({"sku": "MUG", "quantity": 60})
    shop.call("PUT", f"/v2/orders/{order.id}", {"external_order_id": "SO-9"})

    assert len(shop.get("/v2/orders", **{name: value}) or []) == count


def test_dates_may_be_rfc_2822_or_iso_and_bounds_are_inclusive(shop, clock):
    order = shop.place()
    clock.advance(3600)
    shop.place()

    at = "Wed, 01 Jul 2026 12:00:00 +0000"
    assert ids_of(shop.get("/v2/orders", max_date_created=at)) == [order.id]
    assert len(shop.get("/v2/orders", min_date_created="2026-07-01T12:00:00+00:00")) == 2
    assert ids_of(shop.get("/v2/orders", min_date_created="2026-07-01T12:00:01Z")) == [order.id + 1]


def test_a_malformed_date_is_silently_ignored_as_observed(shop):
    shop.place()

    assert len(shop.get("/v2/orders", min_date_modified="2026-07-01T12%3A00")) == 1
    shop.store.switches.bad_date_filter = "refuse"
    assert shop.call("GET", "/v2/orders", min_date_modified="nonsense").status == 400


def test_an_unknown_filter_is_named(shop):
    answer = shop.call("GET", "/v2/orders", colour="red")

    assert answer.status == 400
    assert answer.body[0]["message"] == "The field 'colour' is not supported by this resource."


def test_orders_sort_by_any_documented_field(shop, clock):
    first = shop.place()
    clock.advance(60)
    second = shop.place()
    clock.advance(60)
    shop.call("PUT", f"/v2/orders/{first.id}", {"staff_notes": "x"})

    assert ids_of(shop.get("/v2/orders", sort="date_modified:desc")) == [first.id, second.id]
    assert ids_of(shop.get("/v2/orders", sort="id:desc")) == [second.id, first.id]
    assert shop.call("GET", "/v2/orders", sort="colour").status == 400


def test_counts_are_by_status(shop):
    shop.place()
    shop.place(payment="pending")

    counted = shop.get("/v2/orders/count")

    by_status = {row["id"]: row["count"] for row in counted["statuses"]}
    assert (counted["count"], by_status[11], by_status[0], len(by_status)) == (2, 1, 1, 15)


def test_lines_come_with_the_list_as_object_or_wrapped_in_a_list(shop):
    shop.place({"sku": "MUG"}, {"sku": "PDF"})

    (whole,) = shop.get("/v2/orders", include="consignments.line_items",
                        consignment_structure="object")  # fmt: skip
    (legacy,) = shop.get("/v2/orders", include="consignments.line_items")
    (links,) = shop.get("/v2/orders", include="consignments", consignment_structure="object")

    assert legacy["consignments"] == [whole["consignments"]]
    assert whole["consignments"]["shipping"][0]["line_items"][0]["sku"] == "MUG"
    assert whole["consignments"]["downloads"][0]["line_items"][0]["order_address_id"] == 0
    assert set(links["consignments"]["shipping"][0]["line_items"][0]) == {"url", "resource"}


def test_more_than_fifty_lines_are_cut_with_a_warning_and_the_rest_is_a_list_away(shop):
    order = shop.place(*[{"sku": "BOOK"} for _ in range(60)])

    lines = shop.document(order)["consignments"]["shipping"][0]["line_items"]
    rest = shop.get(f"/v2/orders/{order.id}/products", limit=50, page=2)

    assert (len(lines), "__warning__" in lines[-1]) == (51, True)
    assert shop.document(order)["items_total"] == 60
    assert len(rest) == 10


def test_each_address_has_its_lines_and_its_shipping(shop):
    order = shop.place(
        {"sku": "MUG", "quantity": 2},
        {"sku": "TEA", "address": 1},
        shipping=[{"cost": "3.00"}, {"cost": "7.50", "to": {"city": "Leeds"}}],
    )

    document = shop.document(order)
    places = document["consignments"]["shipping"]

    assert [place["items_total"] for place in places] == [2, 1]
    assert [place["line_items"][0]["sku"] for place in places] == ["MUG", "TEA"]
    assert (document["shipping_address_count"], document["shipping_cost_ex_tax"]) == (2, "10.5000")


def test_put_changes_what_is_sent_and_nothing_else(shop, clock):
    order = shop.place()
    before = shop.document(order)
    clock.advance(60)

    body = {"status_id": 9, "external_order_id": "SO-100001"}
    answer = shop.call("PUT", f"/v2/orders/{order.id}", body)

    assert answer.status == 200
    after = shop.document(order)
    changed = {name for name, value in after.items() if before[name] != value}
    assert changed == {
        "status_id", "status", "custom_status", "external_order_id", "date_modified",
    }  # fmt: skip
    assert after["date_modified"] == "Wed, 01 Jul 2026 12:01:00 +0000"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"custom_status": "x"}, "custom_status"),
        ({"date_modified": "x"}, "date_modified"),
        ({"status_id": 15}, "status_id"),
        ({"staff_notes": "x" * 65_536}, "staff_notes"),
        ({"status_id": 9, "products": [{"id": 1}]}, "products.id"),
    ],
)
def test_put_refuses_and_names_a_field_and_changes_nothing(shop, body, field):
    order = shop.place()

    answer = shop.call("PUT", f"/v2/orders/{order.id}", body)

    assert answer.status == 400
    assert f"'{field}'" in answer.body[0]["message"]
    assert order.status_id == 11


def test_put_of_a_line_clears_its_discounts_and_fees_are_replaced(shop):
    order = shop.place({"sku": "MUG", "quantity": 4}, coupons=[{"code": "TEN"}], fees=[{}, {}])
    line = order.lines[0]

    body = {
        "products": [{"id": line.id, "quantity": 3}],
        "fees": [{"name": "Oil", "cost_ex_tax": "2", "cost_inc_tax": "2.40"}],
    }
    after = shop.call("PUT", f"/v2/orders/{order.id}", body).body

    assert after["coupon_discount"] == "0.0000"
    assert after["subtotal_inc_tax"] == "36.0000"
    assert [fee.cost.inc for fee in order.fees] == [order.totals.fees.inc]
    assert shop.store.variant("MUG").on_hand == 97


def test_an_archived_order_leaves_lists_but_stays_readable(shop):
    order = shop.place()

    assert shop.call("DELETE", f"/v2/orders/{order.id}").status == 204

    assert shop.get("/v2/orders") is None
    assert shop.get(f"/v2/orders/{order.id}")["is_deleted"] is True
    assert shop.scopes()[-1] == "store/order/archived"


def test_an_order_created_over_the_api_is_pending_and_every_post_makes_one(shop):
    body = {
        "billing_address": {"zip": "BA1", "country": "United Kingdom", "email": "a@example.com"},
        "products": [
            {"product_id": shop.store.variant("MUG").product_id, "quantity": 2},
            {"name": "Wax", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": "6"},
        ],
    }
    answer = shop.call("POST", "/v2/orders", body)
    shop.call("POST", "/v2/orders", body)

    assert (answer.status, answer.body["status_id"]) == (201, 1)
    assert answer.body["total_inc_tax"] == "30.0000"
    assert len(shop.store.orders) == 2
    assert shop.call("POST", "/v2/orders", {**body, "products": [{"name": "X"}]}).status == 400


def test_an_unknown_order_or_path_is_404_in_the_shape_of_its_version(shop):
    v2, v3 = shop.call("GET", "/v2/orders/9"), shop.call("GET", "/v3/orders/9/transactions")

    assert (v2.status, v2.body[0]["status"]) == (404, 404)
    assert (v3.status, v3.body["status"]) == (404, 404)
    assert shop.call("GET", "/v3/nothing").status == 404
    assert shop.call("DELETE", "/v2/time").status == 405


def test_an_address_is_changed_without_computing_tax_anew(shop):
    order = shop.place()
    path = f"/v2/orders/{order.id}/shipping_addresses/{order.addresses[0].id}"

    answer = shop.call("PUT", path, {"country": "France", "country_iso2": "FR"})

    assert answer.body["country_iso2"] == "FR"
    assert shop.document(order)["total_tax"] != "0.0000"


def test_a_sku_that_the_catalogue_lacks_is_a_line_of_a_deleted_product(shop):
    order = shop.place({"sku": "GONE-1"}, {"name": "Postcard", "price": "1"})

    deleted, custom = shop.get(f"/v2/orders/{order.id}/products")

    assert (deleted["sku"], deleted["product_id"] > 0) == ("GONE-1", True)
    assert (custom["sku"], custom["product_id"]) == ("", 0)


def test_messages_can_be_filtered_by_date(shop, clock):
    order = shop.place()
    later = (clock.now() + timedelta(days=1)).isoformat()

    assert shop.get(f"/v2/orders/{order.id}/messages", min_date_created=later) is None
    assert shop.call("GET", f"/v2/orders/{order.id}/messages", colour=1).status == 400


BILLING = {"first_name": "A", "last_name": "B", "city": "Bath", "zip": "BA1",
           "country": "United Kingdom", "email": "a@example.com"}  # fmt: skip
LEEDS = {"name": "Leeds shop", "code": "LEEDS", "address_line_1": "5 Briggate", "city": "Leeds",
         "postal_code": "LS1 6HF", "country_alpha2": "GB"}  # fmt: skip
COLLECTED = {"pickup_method_id": 4, "pickup_method_display_name": "Click and collect",
             "location": LEEDS}  # fmt: skip


def test_an_order_to_be_collected_is_created_over_the_api(shop):
    mug = shop.store.variant("MUG").product_id
    pickup = COLLECTED | {"line_items": [{"product_id": mug, "quantity": 2}]}
    body = {"billing_address": BILLING, "consignments": {"pickups": [pickup]}}

    made = shop.call("POST", "/v2/orders", body).body
    document = shop.document(shop.store.orders[made["id"]])
    (found,) = document["consignments"]["pickups"]

    assert (found["pickup_method_id"], found["location"]["name"]) == (4, "Leeds shop")
    assert [line["sku"] for line in found["line_items"]] == ["MUG"]
    assert (document["shipping_address_count"], document["tax_provider_id"]) == (0, "")


@pytest.mark.parametrize(
    ("pickups", "more"),
    [
        ([], {}),
        ([COLLECTED, COLLECTED], {}),
        ([COLLECTED], {}),
        ([{"line_items": []}], {}),
        ([COLLECTED], {"products": []}),
        ([COLLECTED], {"shipping_addresses": []}),
        ({}, {}),
    ],
)
def test_a_pickup_that_is_not_one_with_lines_alone_is_refused(shop, pickups, more):
    body = {"billing_address": BILLING, "consignments": {"pickups": pickups}, **more}

    answer = shop.call("POST", "/v2/orders", body)

    assert answer.status == 400
    assert "consignments" in answer.body[0]["message"]


def test_a_variant_is_ordered_by_the_values_of_its_options(shop):
    product = shop.store.products[shop.store.variant("SOCK-L").product_id]
    (size,) = product.options
    line = {"product_id": product.id, "quantity": 1}
    chosen = [{"id": size.id, "value": str(size.values["L"])}]
    body = {"billing_address": BILLING, "products": [line | {"product_options": chosen}]}

    made = shop.call("POST", "/v2/orders", body).body
    unknown = [{"id": size.id, "value": "1"}]
    refused = {"billing_address": BILLING, "products": [line | {"product_options": unknown}]}

    (ordered,) = shop.get(f"/v2/orders/{made['id']}/products")
    assert ordered["sku"] == "SOCK-L"
    assert ordered["product_options"][0]["value"] == chosen[0]["value"]
    assert shop.call("POST", "/v2/orders", refused).status == 400


def test_form_fields_of_addresses_are_written_over_the_api(shop):
    field = [{"name": "PO number", "value": "4711"}]
    line = {"name": "Wax", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}
    body = {"billing_address": BILLING | {"form_fields": field}, "products": [line]}

    made = shop.call("POST", "/v2/orders", body).body
    other = [{"name": "PO number", "value": "4712"}]
    changed = shop.call(
        "PUT", f"/v2/orders/{made['id']}", {"billing_address": {"form_fields": other}}
    ).body
    wrong = {"billing_address": BILLING | {"form_fields": [{"name": "x"}]}, "products": [line]}

    assert made["billing_address"]["form_fields"] == field
    assert changed["billing_address"]["form_fields"] == other
    assert shop.call("POST", "/v2/orders", wrong).status == 400
