"""Stock through the store's client: against the sandbox, and against odd answers."""

import json
from typing import Any

import httpx
import pytest

from connectors.bigcommerce.api import url_parts
from connectors.bigcommerce.inventory_models import (
    LocationStock,
    RejectedStockError,
    StockChange,
    StockItem,
    UnreadableItem,
)
from core.errors import (
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from sandbox.bigcommerce.staff_stock import (
    LocationChange,
    NewProduct,
    TrackingChange,
    create_product,
    locate,
    track,
)
from sandbox.catalogue.model import Product
from tests.connectors.conftest import Script, bigcommerce

EMPTY = httpx.Response(200, json={"data": [], "meta": {"pagination": {"total_pages": 1}}})


def by_product(front, sku: str, quantity: int, location_id: str = "1") -> StockChange:
    product_id = str(front.store.variant(sku).product_id)
    return StockChange(location_id, "product_id", product_id, quantity)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "identity": {"sku": "A", "sku_id": None, "variant_id": 5, "product_id": 7},
        "locations": [
            {
                "location_id": 1,
                "location_code": "X",
                "location_enabled": True,
                "available_to_sell": 8,
                "total_inventory_onhand": 10,
                "settings": {"safety_stock": 2},
            }
        ],
        **changes,
    }


def refusal(title: str) -> httpx.Response:
    return httpx.Response(422, json={"status": 422, "title": title, "errors": {}})


def adjust(title: str) -> RejectedStockError:
    client = bigcommerce(Script(refusal(title)))
    with pytest.raises(RejectedStockError) as caught:
        client.adjust_stock([StockChange("1", "sku", "A", 1)], kind="absolute", reason="x")
    return caught.value


def test_the_whole_inventory_comes_with_every_location(front):
    locate(front.store, LocationChange(label="Shed", enabled=False))

    mug, pen = front.client.list_inventory()

    assert (mug.sku, pen.sku) == ("MUG", "PEN")
    assert mug.variant_id == str(front.store.variant("MUG").id)
    assert mug.at("1") == LocationStock(location_id="1", on_hand=100, is_enabled=True)
    assert mug.at("2") == LocationStock(location_id="2", on_hand=0, is_enabled=False)
    assert mug.at("3") is None


def test_an_inventory_of_one_location_has_no_other(front):
    locate(front.store, LocationChange(label="Shed"))

    assert [
        [at.location_id for at in item.locations] for item in front.client.list_inventory(["2"])
    ] == [
        ["2"],
        ["2"],
    ]


def test_a_scan_asks_for_a_thousand_at_a_time(front):
    for number in range(1100):
        front.store.add_product(Product(f"N-{number}", f"Thing {number}", 1, stock=number))

    items = list(front.client.list_inventory())

    assert len({item.sku for item in items}) == len(items) == 1102
    assert front.log.document()["total"] == 2


def test_locations_come_whether_enabled_or_not(front):
    locate(front.store, LocationChange(label="Shed", code="SHED", enabled=False))

    main, shed = front.client.list_locations()

    assert (main.id, main.enabled) == ("1", True)
    assert (shed.id, shed.enabled) == ("2", False)


def test_variants_are_read_by_id_and_what_is_gone_does_not_come(front):
    wanted = str(front.store.variant("PEN").id)

    (item,) = front.client.list_inventory_of_variants([wanted, "999999", wanted])

    assert item.sku == "PEN"


def test_a_variant_of_shared_stock_is_found_by_its_product_alone(front):
    for size in "ML":
        item = Product(
            f"S-{size}", f"S {size}", 1, stock=3, parent_name="S", options=(("Size", size),)
        )
        made = front.store.add_product(item)
    track(front.store, TrackingChange(sku="S-M", tracking="product"))

    (item,) = front.client.list_inventory_of_variants([str(made.id)])

    assert (item.sku, item.variant_id, item.product_id) == ("", None, str(made.product_id))
    assert item.at("1").on_hand == 6


def test_skus_are_found_in_any_case_and_with_special_characters(front):
    create_product(front.store, NewProduct(sku="A&B +c/é", stock=4))
    create_product(front.store, NewProduct(sku="D,E", stock=4))

    found = list(front.client.list_inventory_of_skus(["mug", "a&b +C/é", "D,E", "D", "NONE"]))

    assert sorted(item.sku for item in found) == ["A&B +c/é", "MUG"]


def test_nine_hundred_ids_go_into_one_url_with_their_commas():
    script = Script(EMPTY)
    ids = [str(number) for number in range(100_000, 101_000)]

    assert list(bigcommerce(script).list_inventory_of_variants(ids)) == []

    asked = [str(request.url) for request in script.requests]
    assert len(asked) == 1
    assert "variant_id:in=100000,100001," in asked[0]
    assert len(asked[0]) < 8000
    assert asked[0].endswith("limit=1000&page=1")


def test_names_are_cut_where_the_url_or_the_page_is_full():
    assert [len(part) for part in url_parts(["x"] * 1001, at_most=1000)] == [1000, 1]
    assert [len(part) for part in url_parts(["x" * 99] * 100)] == [70, 30]
    assert list(url_parts([])) == []


def test_items_not_asked_for_are_left_out():
    reply = httpx.Response(200, json={"data": [row()], "meta": {}})
    client = bigcommerce(Script(reply))

    assert list(client.list_inventory_of_variants(["6"])) == []
    assert list(client.list_inventory_of_skus(["B"])) == []


def test_a_row_that_breaks_the_model_is_named_and_the_others_come():
    broken = row(locations=[{**row()["locations"][0], "total_inventory_onhand": "many"}])
    nameless = row(identity={"sku": "B", "product_id": None})
    reply = httpx.Response(200, json={"data": [broken, row(), nameless, None], "meta": {}})

    first, good, second, third = bigcommerce(Script(reply)).list_inventory()

    assert isinstance(first, UnreadableItem)
    assert (first.sku, first.product_id) == ("A", "7")
    assert "total_inventory_onhand" in first.field
    assert "many" not in str(first)
    assert isinstance(good, StockItem)
    assert (good.at("1").on_hand, good.at("1").safety_stock) == (10, 2)
    assert isinstance(second, UnreadableItem)
    assert isinstance(third, UnreadableItem)


def test_nulls_where_nothing_is_set_are_read():
    level = {**row()["locations"][0], "settings": None, "location_enabled": None}
    unset = {**level, "settings": {"safety_stock": None}}
    identity = {"sku": None, "variant_id": None, "product_id": 7}
    reply = httpx.Response(200, json={"data": [row(locations=[level, unset], identity=identity)]})

    (item,) = bigcommerce(Script(reply)).list_inventory()

    assert (item.sku, item.variant_id, item.product_id) == ("", None, "7")
    assert [(one.safety_stock, one.is_enabled) for one in item.locations] == [(0, False)] * 2


def test_an_absolute_adjustment_sets_what_is_on_hand(front):
    number = front.client.adjust_stock(
        [by_product(front, "MUG", 7), by_product(front, "PEN", 0)], kind="absolute", reason="count"
    )

    assert number
    assert [item.at("1").on_hand for item in front.client.list_inventory()] == [7, 0]


def test_a_relative_adjustment_adds_to_it(front):
    front.client.adjust_stock([by_product(front, "MUG", -7)], kind="relative", reason="damaged")

    assert front.store.variant("MUG").on_hand == 93


def test_rows_are_sent_by_location_in_one_request():
    script = Script(httpx.Response(200, json={"transaction_id": "t"}))
    rows = [StockChange("2", "sku", "A", 1), StockChange("1", "variant_id", "5", 2)]

    assert bigcommerce(script).adjust_stock(rows, kind="absolute", reason="sync") == "t"

    (request,) = script.requests
    assert (request.method, request.url.path.rpartition("/v3")[2]) == (
        "PUT",
        "/inventory/adjustments/absolute",
    )
    assert json.loads(request.content) == {
        "reason": "sync",
        "items": [
            {"location_id": 1, "variant_id": 5, "quantity": 2},
            {"location_id": 2, "sku": "A", "quantity": 1},
        ],
    }


@pytest.mark.parametrize("count", [0, 2001])
def test_nothing_and_too_much_are_never_sent(count):
    script = Script(EMPTY)
    rows = [StockChange("1", "sku", "A", 1)] * count
    with pytest.raises(ValueError, match="1 to 2000"):
        bigcommerce(script).adjust_stock(rows, kind="absolute", reason="x")
    assert script.requests == []


def test_what_is_tracked_by_product_is_named_and_can_be_flipped(front):
    named = StockChange("1", "sku", "MUG", 7)
    with pytest.raises(RejectedStockError) as caught:
        front.client.adjust_stock([named], kind="absolute", reason="x")

    assert caught.value.why == "tracked_by_product"
    assert caught.value.identities == {("sku", "MUG")}
    assert caught.value.names(named)
    assert not caught.value.names(by_product(front, "MUG", 7))


def test_what_was_never_counted_at_a_location_is_named(front):
    locate(front.store, LocationChange(label="Shed"))
    rows = [by_product(front, sku, 1, "2") for sku in ("MUG", "PEN")]
    with pytest.raises(RejectedStockError) as caught:
        front.client.adjust_stock(rows, kind="relative", reason="x")

    assert caught.value.why == "needs_absolute"
    assert all(caught.value.names(one) for one in rows)


def test_locations_that_do_not_exist_are_named(front):
    rows = [by_product(front, "MUG", 1, location_id) for location_id in ("3", "2", "1")]
    with pytest.raises(RejectedStockError) as caught:
        front.client.adjust_stock(rows, kind="absolute", reason="x")

    assert caught.value.why == "unknown_location"
    assert [caught.value.names(one) for one in rows] == [True, True, False]


def test_a_deduction_of_more_than_the_stock_is_named(front):
    rows = [by_product(front, "MUG", -101), by_product(front, "PEN", -1)]
    with pytest.raises(RejectedStockError) as caught:
        front.client.adjust_stock(rows, kind="relative", reason="x")

    assert caught.value.why == "insufficient"
    assert [caught.value.names(one) for one in rows] == [True, False]
    assert front.store.variant("PEN").on_hand == 100


def test_what_does_not_exist_is_named(front):
    gone = StockChange("1", "sku", "GONE", 1)
    with pytest.raises(RejectedStockError) as caught:
        front.client.adjust_stock([gone], kind="absolute", reason="x")

    assert caught.value.why == "other"
    assert caught.value.names(gone)


@pytest.mark.parametrize(
    ("title", "why", "identities"),
    [
        (
            "[Item with variant_id 106 is tracked by product, please update stock by product id]",
            "tracked_by_product",
            {("variant_id", "106")},
        ),
        (
            "[Item with sku A, B is tracked by product, please update stock by product id, "
            "Item with sku [C] is tracked by product, please update stock by product id]",
            "tracked_by_product",
            {("sku", "A, B"), ("sku", "[C]")},
        ),
        (
            "Items with identity: [product_id 113] requires absolute adjustment before relative",
            "needs_absolute",
            {("product_id", "113")},
        ),
        (
            "Items with identity: [product_id 113, sku A, B] requires absolute adjustment "
            "before relative",
            "needs_absolute",
            {("product_id", "113"), ("sku", "A, B")},
        ),
        (
            "Location not found, identities: [3,2]",
            "unknown_location",
            {("location_id", "3"), ("location_id", "2")},
        ),
        ("Something else is wrong", "other", set()),
        ("", "other", set()),
    ],
)
def test_a_refusal_is_read_from_its_title(title, why, identities):
    error = adjust(title)

    assert (error.why, error.code, error.identities) == (why, why, identities)
    assert error.status == 422


def test_a_title_with_two_thousand_names_is_read_whole_and_shown_in_a_line():
    names = ", ".join(f"product_id {number}" for number in range(2000))
    error = adjust(f"Items with identity: [{names}] requires absolute adjustment before relative")

    assert len(error.identities) == 2000
    assert len(str(error)) < 600


def test_a_refusal_never_shows_what_was_sent_or_the_token():
    assert "sandbox-access-token" not in repr(vars(adjust("Location not found, identities: [3]")))
    assert "quantity" not in str(adjust("Location not found, identities: [3]"))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.ReadTimeout("late"), OutcomeUnknownError),
        (httpx.Response(502, text="<html>"), OutcomeUnknownError),
        (httpx.Response(200, json={}), OutcomeUnknownError),
        (httpx.Response(503, text=""), OutcomeUnknownError),
        (httpx.Response(429, json={"status": 429}), TransientError),
        (httpx.ConnectError("no"), TransientError),
        (httpx.Response(413, json={"status": 413, "title": "too large"}), RejectedError),
        (httpx.Response(404, json={"status": 404}), NotFoundError),
    ],
)
def test_an_adjustment_that_fails_says_whether_it_may_have_been_done(reply, error):
    script = Script(reply)
    with pytest.raises(error) as caught:
        bigcommerce(script).adjust_stock(
            [StockChange("1", "sku", "A", 1)], kind="absolute", reason="x"
        )
    assert type(caught.value) is error
    assert len(script.requests) == 1


def test_a_lost_answer_leaves_the_adjustment_in_place(front):
    front.faults.configure([{"kind": "lost_answer", "method": "PUT", "path": "adjustments"}])
    with pytest.raises(OutcomeUnknownError):
        front.client.adjust_stock([by_product(front, "MUG", 7)], kind="absolute", reason="x")

    assert front.store.variant("MUG").on_hand == 7


def test_a_read_that_fails_names_the_path_and_none_of_the_ids():
    with pytest.raises(TransientError) as caught:
        list(
            bigcommerce(Script(httpx.Response(500, text="no"))).list_inventory_of_variants(
                ["123456"]
            )
        )

    assert "/v3/inventory/items" in str(caught.value)
    assert "123456" not in str(caught.value)


def test_an_inventory_without_a_list_breaks_the_contract():
    with pytest.raises(ContractError):
        list(bigcommerce(Script(httpx.Response(200, json={"data": {}}))).list_inventory())


def test_the_settings_say_when_orders_change_stock(front):
    front.store.switches.update_stock_behavior = "order_completed_or_shipped"

    settings = front.client.get_inventory_settings()

    assert settings.update_stock_behavior == "order_completed_or_shipped"
