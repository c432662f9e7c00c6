"""Price lists over the API: what is kept, what is refused row by row, and who may have them."""

import pytest

LISTS = "/v3/pricelists"


@pytest.fixture
def trade(shop):
    """A price list, by its path."""
    answer = shop.call("POST", LISTS, {"name": "Trade"})
    return f"{LISTS}/{answer.body['data']['id']}"


def variant(shop, sku):
    return shop.store.variants[shop.store.variant_by_sku[sku.casefold()]]


def test_a_list_has_a_name_of_its_own(shop, trade):
    assert shop.get(trade)["data"]["name"] == "Trade"
    assert shop.call("POST", LISTS, {"name": "TRADE"}).status == 409
    assert shop.call("POST", LISTS, {}).status == 422
    assert shop.call("PUT", trade, {"active": False}).body["data"]["active"] is False


def test_a_record_is_kept_by_sku_or_variant_and_read_back_with_its_tiers(shop, trade):
    mug = variant(shop, "MUG")
    tiers = [{"quantity_min": 5, "quantity_max": 0, "type": "price", "amount": 7}]
    rows = [
        {"sku": "mug", "currency": "gbp", "price": 8.5, "bulk_pricing_tiers": tiers},
        {"variant_id": variant(shop, "SOCK-M").id, "currency": "GBP", "price": 3},
    ]

    assert shop.call("PUT", f"{trade}/records", rows).body == {"data": {}, "meta": {}}

    wanted = {"variant_id:in": str(mug.id), "include": "bulk_pricing_tiers,sku"}
    (record,) = shop.get(f"{trade}/records", **wanted)["data"]
    assert (record["price"], record["currency"], record["sku"]) == (8.5, "gbp", "MUG")
    assert record["bulk_pricing_tiers"] == tiers
    assert shop.scopes()[-2:] == ["store/priceList/record/created"] * 2


def test_null_clears_a_price_and_what_is_left_out_stays(shop, trade):
    row = {"sku": "MUG", "currency": "GBP", "price": 8, "sale_price": 6}
    shop.call("PUT", f"{trade}/records", [row])
    shop.call("PUT", f"{trade}/records", [{"sku": "MUG", "currency": "GBP", "sale_price": None}])

    (record,) = shop.get(f"{trade}/records")["data"]
    assert (record["price"], record["sale_price"], record["calculated_price"]) == (8, None, 8)


def test_rows_that_cannot_be_taken_are_named_and_the_others_kept(shop, trade):
    rows = [
        {"sku": "MUG", "currency": "GBP", "price": 8},
        {"sku": "NOTHING", "currency": "GBP", "price": 8},
        {"sku": "SOCK-M", "currency": "CHF", "price": 8},
        {"sku": "SOCK-M", "currency": "GBP", "price": -1},
    ]

    answer = shop.call("PUT", f"{trade}/records", rows)

    assert answer.status == 422
    named = [(one["data"]["sku"], list(one["errors"])) for one in answer.body["batch_errors"]]
    assert named == [("NOTHING", ["sku"]), ("SOCK-M", ["currency"]), ("SOCK-M", ["price"])]
    assert len(shop.get(f"{trade}/records")["data"]) == 1


def test_rows_of_several_lists_go_in_one_request(shop, trade):
    other = shop.call("POST", LISTS, {"name": "VIP"}).body["data"]["id"]
    rows = [
        {"price_list_id": number, "sku": "MUG", "currency": "GBP", "price": 8}
        for number in (other, int(trade.rpartition("/")[2]))
    ]

    assert shop.call("PUT", f"{LISTS}/records", rows).status == 200
    assert shop.call("PUT", f"{LISTS}/records", [{**rows[0], "price_list_id": 99}]).status == 422
    assert len(shop.get(f"{LISTS}/{other}/records")["data"]) == 1


def test_more_rows_than_are_taken_at_once_are_refused(shop, trade):
    row = {"sku": "MUG", "currency": "GBP", "price": 8}
    assert shop.call("PUT", f"{trade}/records", [row] * 1001).status == 413
    assert shop.call("POST", f"{trade}/records", [row] * 101).status == 413


def test_a_record_is_created_once(shop, trade):
    row = {"sku": "MUG", "currency": "GBP", "price": 8}
    assert shop.call("POST", f"{trade}/records", [row]).status == 200
    assert shop.call("POST", f"{trade}/records", [row]).status == 422


def test_records_are_deleted_by_a_filter_alone(shop, trade):
    shop.call("PUT", f"{trade}/records", [{"sku": "MUG", "currency": "GBP", "price": 8}])
    assert shop.call("DELETE", f"{trade}/records").status == 422
    assert shop.call("DELETE", f"{trade}/records", **{"sku:in": "MUG"}).status == 204
    assert shop.get(f"{trade}/records")["data"] == []


def test_a_list_is_assigned_to_a_customer_group(shop, trade):
    assert shop.call("PUT", f"{trade}/assignments", {"customer_group_id": 2}).status == 200
    (found,) = shop.get(f"{LISTS}/assignments")["data"]
    assert (found["customer_group_id"], found["channel_id"]) == (2, None)
    assert shop.call("PUT", f"{trade}/assignments", {}).status == 422
    assert shop.call("DELETE", trade).status == 204
    assert shop.get(f"{LISTS}/assignments")["data"] == []


def test_without_the_plan_for_it_everything_about_price_lists_is_forbidden(shop):
    shop.store.switches.has_price_lists = False
    assert shop.call("GET", LISTS).status == 403
    assert shop.call("PUT", f"{LISTS}/records", []).status == 403
