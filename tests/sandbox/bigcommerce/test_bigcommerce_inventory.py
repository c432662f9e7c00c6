"""Stock by location: read, set, adjusted late, bought meanwhile, and written down."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from reference_material import SPECS, needs_specs
from waiting import WITHIN_S

from sandbox.bigcommerce.controls import state
from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.records import Hook
from sandbox.bigcommerce.staff import NotFound
from sandbox.bigcommerce.staff_stock import (
    LocationChange,
    StockChange,
    TrackingChange,
    change_stock,
    clear_journal,
    journal,
    levels,
    locate,
    track,
)
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.webhooks import Sender
from sandbox.catalogue.generated import generate
from sandbox.kit.clock import Clock
from tests.sandbox.bigcommerce.conftest import Driver

ITEMS = "/v3/inventory/items"
ABSOLUTE = "/v3/inventory/adjustments/absolute"
RELATIVE = "/v3/inventory/adjustments/relative"


def named(shop, sku: str, **more: Any) -> dict[str, Any]:
    """An item of an adjustment, by the identity that its tracking wants."""
    variant = shop.store.variant(sku)
    is_whole = shop.store.products[variant.product_id].tracking == "product"
    identity = {"product_id": variant.product_id} if is_whole else {"sku": sku}
    return {"location_id": 1, "quantity": 1, **identity, **more}


def put(shop, *items: dict[str, Any]) -> Any:
    return shop.call("PUT", ABSOLUTE, {"reason": "test", "items": list(items)})


def add(shop, *items: dict[str, Any]) -> Any:
    return shop.call("POST", RELATIVE, {"reason": "test", "items": list(items)})


def seen(shop, sku: str, location: int = 1) -> tuple[int, int]:
    """On hand and available to sell, as reads show them."""
    (row,) = shop.get(ITEMS, **{"sku:in": sku, "location_id:in": location})["data"]
    (level,) = row["locations"]
    return level["total_inventory_onhand"], level["available_to_sell"]


def real(shop, sku: str, location: int = 1) -> int:
    return shop.store.variant(sku).stock[location].on_hand


def delayed(shop, low: float, high: float) -> None:
    shop.store.switches.change({"inventory_delay_s": [low, high]})


def title(answer: Any) -> str:
    assert answer.status == 422
    assert answer.body["errors"] == {}
    return answer.body["title"]


@pytest.fixture
def shed(shop) -> int:
    return locate(shop.store, LocationChange(label="Shed", code="SHED"))["location_id"]


# --- reading


def test_what_is_not_tracked_has_no_row(shop):
    skus = [row["identity"]["sku"] for row in shop.get(ITEMS)["data"]]

    assert skus == ["MUG", "TEA", "BOOK", "SOCK-M", "SOCK-L"]


def test_a_row_shows_every_location(shop, shed):
    change_stock(shop.store, StockChange(sku="SOCK-M", location_id=shed, on_hand=4))

    (row,) = shop.get(ITEMS, **{"sku:in": "sock-m"})["data"]

    variant = shop.store.variant("SOCK-M")
    assert row["identity"] == {
        "sku": "SOCK-M",
        "sku_id": variant.sku_id,
        "variant_id": variant.id,
        "product_id": variant.product_id,
    }
    assert [
        (at["location_id"], at["location_code"], at["total_inventory_onhand"])
        for at in row["locations"]
    ] == [(1, "BC-LOCATION-1", 9), (shed, "SHED", 4)]


def test_filters_narrow_each_other_and_unknown_ones_are_ignored(shop):
    mug, sock = (shop.store.variant(sku) for sku in ("MUG", "SOCK-M"))

    def skus(**query: Any) -> list[str]:
        return [row["identity"]["sku"] for row in shop.get(ITEMS, **query)["data"]]

    assert skus(**{"variant_id:in": f"{sock.id},{mug.id},999,x"}) == ["MUG", "SOCK-M"]
    assert skus(**{"product_id:in": sock.product_id}) == ["SOCK-M", "SOCK-L"]
    assert skus(**{"product_id:in": sock.product_id, "sku:in": "MUG,sock-l"}) == ["SOCK-L"]
    assert skus(**{"location_id:in": "99"}) == []
    assert skus(**{"location_code:in": "bc-location-1", "limit": 1}) == ["MUG"]
    assert len(skus(sku="MUG")) == 5


def test_pages_hold_up_to_a_thousand(clock):
    shop = Driver(Store(generate(1, 1500), clock))

    first = shop.get(ITEMS, limit=5000)
    last = shop.get(ITEMS, limit=1000, page=2)

    assert first["meta"]["pagination"]["per_page"] == len(first["data"]) == 1000
    assert len(last["data"]) == last["meta"]["pagination"]["total"] - 1000
    ids = [row["identity"]["variant_id"] for row in first["data"] + last["data"]]
    assert ids == sorted(set(ids))


def test_one_location_is_read_by_itself(shop, shed):
    path = f"/v3/inventory/locations/{shed}/items"
    change_stock(shop.store, StockChange(sku="MUG", location_id=shed, on_hand=4))

    (row,) = shop.get(path, **{"sku:in": "MUG"})["data"]

    assert (row["total_inventory_onhand"], row["available_to_sell"]) == (4, 4)
    assert shop.call("GET", "/v3/inventory/locations/99/items").status == 404


def test_where_nothing_was_counted_stock_is_zero_or_hidden(shop, shed):
    assert seen(shop, "MUG", shed) == (0, 0)

    shop.store.switches.uncounted_locations = "hidden"

    assert shop.get(ITEMS, **{"location_id:in": shed})["data"] == []
    assert len(shop.get(ITEMS)["data"][0]["locations"]) == 1


# --- locations


def test_locations_are_made_disabled_and_filtered(shop, shed):
    locate(shop.store, LocationChange(location_id=shed, enabled=False, label="Barn"))

    def ids(**query: Any) -> list[int]:
        return [row["id"] for row in shop.get("/v3/inventory/locations", **query)["data"]]

    assert ids() == [1, shed]
    assert ids(is_active="false") == ids(is_default="false") == [shed]
    assert ids(**{"location_code:in": "shed"}) == ids(**{"location_id:in": f"{shed},9"}) == [shed]
    assert ids(**{"type_id:in": "VIRTUAL"}) == []
    assert shop.events[:2] == [
        ("store/inventory/location/created", {"location_id": shed}),
        ("store/inventory/location/updated", {"location_id": shed}),
    ]


def test_the_default_location_stays_and_codes_are_unique(shop, shed):
    with pytest.raises(ValueError, match="default"):
        locate(shop.store, LocationChange(location_id=1, enabled=False))
    with pytest.raises(ValueError, match="already"):
        locate(shop.store, LocationChange(code="shed"))
    with pytest.raises(NotFound):
        locate(shop.store, LocationChange(location_id=9))


# --- shoppers


def test_shoppers_buy_from_the_default_location(shop, shed):
    change_stock(shop.store, StockChange(sku="SOCK-M", location_id=shed, on_hand=50))
    shop.store.switches.refuse_oversell = True

    with pytest.raises(BasketRefused, match="only 9"):
        shop.place({"sku": "SOCK-M", "quantity": 10})


def test_shoppers_may_buy_what_all_enabled_locations_have(shop, shed):
    off = locate(shop.store, LocationChange(enabled=False))["location_id"]
    for place in (shed, off):
        change_stock(shop.store, StockChange(sku="SOCK-M", location_id=place, on_hand=5))
    shop.store.switches.change({"refuse_oversell": True, "shoppers_buy_from": "aggregated"})

    with pytest.raises(BasketRefused, match="only 14"):
        shop.place({"sku": "SOCK-M", "quantity": 15})
    shop.place({"sku": "SOCK-M", "quantity": 11})

    assert [real(shop, "SOCK-M", place) for place in (1, shed, off)] == [0, 3, 5]


def test_what_is_missing_everywhere_is_owed_by_the_default_location(shop, shed):
    change_stock(shop.store, StockChange(sku="SOCK-M", location_id=shed, on_hand=5))
    shop.store.switches.shoppers_buy_from = "aggregated"

    shop.place({"sku": "SOCK-M", "quantity": 20})

    assert [real(shop, "SOCK-M", place) for place in (1, shed)] == [-6, 0]
    assert shop.store.variant("SOCK-M").available == 0


# --- adjustments


def test_an_absolute_adjustment_answers_a_transaction_and_nothing_else(shop):
    answer = put(shop, named(shop, "MUG", quantity=40), named(shop, "SOCK-M", quantity=0))

    assert answer.status == 200
    assert list(answer.body) == ["transaction_id"]
    assert (seen(shop, "MUG"), seen(shop, "SOCK-M")) == ((40, 40), (0, 0))


def test_a_relative_adjustment_stops_at_the_safety_stock(shop):
    """The guide's own example."""
    change_stock(shop.store, StockChange(sku="MUG", on_hand=50, safety_stock=10))

    assert add(shop, named(shop, "MUG", quantity=-20)).status == 200
    assert seen(shop, "MUG") == (30, 20)
    refused = add(shop, named(shop, "TEA", quantity=1), named(shop, "MUG", quantity=-21))

    assert "Insufficient" in title(refused)
    assert (seen(shop, "MUG"), seen(shop, "TEA")) == ((30, 20), (50, 50))


def test_an_absolute_adjustment_is_never_refused_for_insufficiency(shop):
    change_stock(shop.store, StockChange(sku="MUG", safety_stock=10))

    assert put(shop, named(shop, "MUG", quantity=3)).status == 200
    assert seen(shop, "MUG") == (3, 0)


def test_more_may_be_added_below_the_safety_stock(shop):
    change_stock(shop.store, StockChange(sku="MUG", on_hand=0, safety_stock=10))

    assert add(shop, named(shop, "MUG", quantity=3)).status == 200


def test_what_is_tracked_by_product_wants_its_product_id(shop):
    variant_id = shop.store.variant("MUG").id
    rows = [{"location_id": 1, "quantity": 1, **one} for one in ({"variant_id": variant_id},)]

    assert title(put(shop, *rows, named(shop, "TEA"))) == (
        f"[Item with variant_id {variant_id} is tracked by product, please update stock by "
        "product id]"
    )
    assert seen(shop, "TEA") == (50, 50)


def test_a_simple_product_may_be_named_by_its_base_variant_where_the_switch_says_so(shop):
    shop.store.switches.simple_product_identity = "any"

    assert put(shop, {"location_id": 1, "sku": "MUG", "quantity": 7}).status == 200
    assert seen(shop, "MUG") == (7, 7)


def test_a_location_must_be_counted_before_it_is_added_to(shop, shed):
    row = named(shop, "MUG", location_id=shed)
    text = f"Items with identity: [product_id {row['product_id']}, sku SOCK-M] requires absolute "

    refused = add(shop, row, named(shop, "SOCK-M", location_id=shed))

    assert title(refused) == text + "adjustment before relative"
    put(shop, row | {"quantity": 0})
    assert add(shop, row).status == 200
    assert seen(shop, "MUG", shed) == (1, 1)


def test_locations_that_are_not_there_are_named_by_their_ids(shop):
    refused = put(shop, *(named(shop, "MUG", location_id=place) for place in (3, 2, 3, 1)))

    assert title(refused) == "Location not found, identities: [3,2]"
    assert seen(shop, "MUG") == (100, 100)


def test_a_disabled_location_takes_adjustments_unless_the_switch_says_no(shop, shed):
    locate(shop.store, LocationChange(location_id=shed, enabled=False))
    row = named(shop, "MUG", location_id=shed)

    assert put(shop, row).status == 200
    shop.store.switches.disabled_locations = "refuse"
    assert "Location not found" in title(put(shop, row))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"sku": "NONE"}, "Items not found, identities: [sku NONE]"),
        ({"sku": "PDF"}, "Items not found, identities: [sku PDF]"),
        ({"variant_id": 1}, "Items not found, identities: [variant_id 1]"),
        ({"product_id": 1}, "Items not found, identities: [product_id 1]"),
    ],
)
def test_what_does_not_exist_or_is_not_tracked_is_not_found(shop, row, text):
    assert title(put(shop, row | {"location_id": 1, "quantity": 1})) == text


def test_what_is_tracked_by_variant_is_not_adjusted_by_product(shop):
    product_id = shop.store.variant("SOCK-M").product_id
    refused = put(shop, {"location_id": 1, "product_id": product_id, "quantity": 1})

    assert f"Item with product_id {product_id} is tracked by variant" in title(refused)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"sku": "MUG", "variant_id": 3301, "location_id": 1, "quantity": 1}, "identity"),
        ({"location_id": 1, "quantity": 1}, "identity"),
        ({"sku": 5, "location_id": 1, "quantity": 1}, "identity"),
        ({"sku": "MUG", "quantity": 1}, "location_id"),
        ({"sku": "MUG", "location_id": "1", "quantity": 1}, "location_id"),
        ({"sku": "MUG", "location_id": 1}, "quantity"),
        ({"sku": "MUG", "location_id": 1, "quantity": 1.5}, "quantity"),
        ({"sku": "MUG", "location_id": 1, "quantity": True}, "quantity"),
        ({"sku": "MUG", "location_id": 1, "quantity": -1}, "quantity"),
        ("MUG", "item"),
    ],
)
def test_a_malformed_item_is_named_by_its_place(shop, row, field):
    answer = put(shop, named(shop, "TEA"), row)

    assert answer.status == 422
    assert list(answer.body["errors"]) == [f"items.1.{field}"]
    assert seen(shop, "TEA") == (50, 50)


def test_two_thousand_items_are_the_most(shop):
    row = named(shop, "SOCK-M", quantity=5)

    assert put(shop, *[row] * 2000).status == 200
    assert put(shop, *[row] * 2001).status == 422
    assert put(shop).status == 422
    shop.store.switches.adjustments_over_limit = "413"
    assert add(shop, *[row] * 2001).status == 413
    assert seen(shop, "SOCK-M") == (5, 5)


def test_of_too_large_a_number_nothing_is_stored(shop):
    most = 2_147_483_647
    put(shop, named(shop, "MUG", quantity=most), named(shop, "SOCK-M", quantity=most))
    add(shop, named(shop, "MUG"), named(shop, "TEA"))

    assert [real(shop, sku) for sku in ("MUG", "TEA", "SOCK-M")] == [most, 51, 9]


def test_an_item_named_twice_counts_twice(shop):
    add(shop, *[named(shop, "MUG", quantity=-40)] * 2)
    put(shop, named(shop, "TEA", quantity=3), named(shop, "TEA", quantity=4))

    assert (real(shop, "MUG"), real(shop, "TEA")) == (20, 4)
    assert "Insufficient" in title(add(shop, *[named(shop, "MUG", quantity=-15)] * 2))


def test_good_items_of_a_refused_request_are_carried_out_where_the_switch_says_so(shop):
    shop.store.switches.partial_adjustments = True

    assert (
        put(shop, named(shop, "MUG", quantity=4), named(shop, "MUG", location_id=8)).status == 422
    )
    assert real(shop, "MUG") == 4


def test_settings_keep_what_is_left_out(shop):
    path = "/v3/inventory/locations/1/items"
    row = {"identity": {"sku": "SOCK-M"}, "safety_stock": 2, "bin_picking_number": "B7"}

    answer = shop.call("PUT", path, {"settings": [row]})
    shop.call("PUT", path, {"settings": [{"identity": {"sku": "SOCK-M"}, "warning_level": 3}]})

    assert list(answer.body) == ["transaction_id"]
    assert seen(shop, "SOCK-M") == (9, 7)
    (row,) = shop.get(path, **{"sku:in": "SOCK-M"})["data"]
    assert row["settings"] == {
        "safety_stock": 2,
        "is_in_stock": True,
        "warning_level": 3,
        "bin_picking_number": "B7",
    }


def test_settings_that_set_nothing_are_refused_all_together(shop):
    path = "/v3/inventory/locations/1/items"
    good = {"identity": {"sku": "SOCK-M"}, "safety_stock": 2}
    bad = [{"identity": {"sku": "SOCK-L"}}, {"identity": {"sku": "GONE"}, "safety_stock": 1}]

    answer = shop.call("PUT", path, {"settings": [good, *bad]})

    assert answer.body["title"] == "Payload contains invalid fields"
    assert list(answer.body["errors"]) == ["setting.1.settings", "setting.2.identity"]
    assert seen(shop, "SOCK-M") == (9, 9)


# --- late landing


def test_an_absolute_adjustment_lands_late_over_what_was_bought_meanwhile(shop, clock):
    delayed(shop, 10, 10)
    put(shop, named(shop, "MUG", quantity=40))
    clock.advance(9)
    shop.place({"sku": "MUG", "quantity": 3})

    assert (real(shop, "MUG"), seen(shop, "MUG")) == (97, (97, 97))
    clock.advance(1)
    assert seen(shop, "MUG") == (40, 40)


def test_shoppers_are_bound_by_what_has_landed_before_any_read(shop, clock):
    delayed(shop, 10, 10)
    shop.store.switches.refuse_oversell = True
    put(shop, named(shop, "MUG", quantity=1))
    clock.advance(10)

    with pytest.raises(BasketRefused, match="only 1"):
        shop.place({"sku": "MUG", "quantity": 2})


def test_a_relative_adjustment_is_real_at_once_and_read_late(shop, clock):
    delayed(shop, 10, 10)
    add(shop, named(shop, "MUG", quantity=-30))

    assert (real(shop, "MUG"), seen(shop, "MUG")) == (70, (100, 100))
    shop.place({"sku": "MUG", "quantity": 5})
    assert (real(shop, "MUG"), seen(shop, "MUG")) == (65, (95, 95))
    clock.advance(10)
    assert seen(shop, "MUG") == (65, 65)


def test_a_relative_adjustment_is_checked_against_what_is_real(shop):
    delayed(shop, 10, 10)
    add(shop, named(shop, "MUG", quantity=-80))

    assert "Insufficient" in title(add(shop, named(shop, "MUG", quantity=-30)))


def test_an_absolute_adjustment_under_way_overwrites_a_later_relative_one(shop, clock):
    delayed(shop, 10, 10)
    put(shop, named(shop, "MUG", quantity=40))
    clock.advance(5)
    add(shop, named(shop, "MUG", quantity=7))

    assert real(shop, "MUG") == 107
    clock.advance(5)
    assert (seen(shop, "MUG"), real(shop, "MUG")) == ((40, 40), 40)
    clock.advance(10)
    assert seen(shop, "MUG") == (40, 40)


def test_two_absolute_adjustments_land_in_any_order(new_shop):
    def last(first: int) -> int:
        shop = new_shop()
        delayed(shop, 1, 60)
        for _ in range(first):
            put(shop, named(shop, "TEA", quantity=1))
        put(shop, named(shop, "MUG", quantity=40))
        put(shop, named(shop, "MUG", quantity=30))
        shop.store.clock.advance(60)
        return seen(shop, "MUG")[0]

    outcomes = [last(first) for first in range(8)]

    assert set(outcomes) == {30, 40}
    assert outcomes == [last(first) for first in range(8)]


def test_a_first_count_under_way_is_no_count_yet(shop, clock, shed):
    delayed(shop, 10, 10)
    row = named(shop, "MUG", location_id=shed)
    put(shop, row)

    assert "requires absolute" in title(add(shop, row))
    clock.advance(10)
    assert add(shop, row).status == 200


def test_what_was_deleted_or_untracked_meanwhile_is_passed_over(shop, clock):
    delayed(shop, 10, 10)
    put(shop, named(shop, "MUG", quantity=40), named(shop, "TEA", quantity=40))
    track(shop.store, TrackingChange(sku="MUG", tracking="none"))
    clock.advance(10)

    assert seen(shop, "TEA") == (40, 40)
    assert real(shop, "MUG") == 100


def test_delays_change_no_generated_order(new_shop):
    def chance(low: float) -> float:
        shop = new_shop()
        delayed(shop, low, low)
        put(shop, named(shop, "MUG", quantity=40))
        return shop.store.random.random()

    assert chance(0) == chance(5)


# --- tracking


def test_variants_tracked_by_product_share_one_row_and_one_level(shop):
    sock = shop.store.variant("SOCK-M")
    track(shop.store, TrackingChange(sku="SOCK-M", tracking="product"))

    (row,) = shop.get(ITEMS, **{"product_id:in": sock.product_id})["data"]
    assert row["identity"] == {"product_id": sock.product_id}
    assert row["locations"][0]["total_inventory_onhand"] == 18
    shop.place({"sku": "SOCK-L", "quantity": 3})
    assert sock.on_hand == 15
    assert "tracked by product" in title(
        put(shop, {"location_id": 1, "sku": "SOCK-M", "quantity": 1})
    )
    assert put(shop, named(shop, "SOCK-M", quantity=6)).status == 200
    assert shop.store.variant("SOCK-L").on_hand == 6


@pytest.mark.parametrize(("shape", "sku"), [("null", None), ("base", "SOCK-M")])
def test_a_shared_row_may_have_null_or_the_first_variants_names(shop, shape, sku):
    shop.store.switches.shared_stock_identity = shape
    track(shop.store, TrackingChange(sku="SOCK-M", tracking="product"))

    assert shop.get(ITEMS)["data"][-1]["identity"]["sku"] == sku


def test_what_is_tracked_by_variant_again_has_its_stock_in_the_first(shop):
    track(shop.store, TrackingChange(sku="SOCK-M", tracking="product"))
    track(shop.store, TrackingChange(sku="SOCK-M", tracking="variant"))

    assert (seen(shop, "SOCK-M"), seen(shop, "SOCK-L")) == ((18, 18), (0, 0))


# --- events


def test_an_adjustment_echoes_as_an_event_of_product_variant_and_channel(shop):
    put(shop, named(shop, "SOCK-M", quantity=4))
    sock = shop.store.variant("SOCK-M")
    inventory = {"product_id": sock.product_id, "method": "absolute", "value": 4}

    assert shop.events == [
        (
            "store/product/inventory/updated",
            {"type": "product", "id": sock.product_id, "inventory": inventory},
        ),
        (
            "store/sku/inventory/updated",
            {"type": "sku", "id": sock.sku_id, "inventory": inventory | {"variant_id": sock.id}},
        ),
        (
            "store/channel/*/inventory/product/stock_changed",
            {"variant_id": sock.id, "product_id": sock.product_id, "location_id": 1},
        ),
    ]


def test_what_is_tracked_by_product_has_no_event_of_a_variant(shop):
    add(shop, named(shop, "MUG", quantity=-4))

    assert "store/sku/inventory/updated" not in shop.scopes()
    inventory = dict(shop.events)["store/product/inventory/updated"]["inventory"]
    assert (inventory["method"], inventory["value"]) == ("relative", -4)


def test_what_changes_nothing_is_no_event(shop):
    put(shop, named(shop, "MUG", quantity=100))

    assert shop.events == []


def test_low_and_empty_stock_are_emitted_once(shop):
    shop.store.variant("SOCK-M").stock[1].warning_level = 5
    for quantity in (6, 5, 4, 0):
        put(shop, named(shop, "SOCK-M", quantity=quantity))

    scopes = [scope.rpartition("/")[2] for scope in shop.scopes()]
    assert scopes.count("low_stock_reached") == scopes.count("out_of_stock_reached") == 1


def test_an_absolute_adjustment_is_emitted_when_it_lands(shop, clock):
    delayed(shop, 10, 10)
    put(shop, named(shop, "MUG", quantity=4))
    assert shop.events == []
    clock.advance(10)
    shop.store.timers.run_due()

    assert "store/product/inventory/updated" in shop.scopes()


@pytest.mark.parametrize(
    ("subscribed", "delivered"),
    [
        ("store/channel/*/inventory/product/stock_changed", "store/channel/*/inventory/"),
        ("store/channel/2/inventory/product/stock_changed", "store/channel/2/inventory/"),
        ("store/channel/2/inventory/product/*", "store/channel/2/inventory/"),
        ("store/channel/2/order/*", None),
    ],
)
def test_an_event_of_all_channels_reaches_a_subscriber_of_one(store, subscribed, delivered):
    sender, sent = Sender(store), []
    sender.put = sent.append
    now = store.now()
    store.hooks[1] = Hook(1, subscribed, "https://example.com/in", {}, True, now, now, now)
    change_stock(store, StockChange(sku="MUG", delta=1))

    scopes = [json.loads(message.body)["scope"] for message in sent]
    assert scopes == ([delivered + "product/stock_changed"] if delivered else [])


@needs_specs
@pytest.mark.parametrize(
    "scope",
    [
        "store/product/inventory/updated",
        "store/product/inventory/order/updated",
        "store/sku/inventory/updated",
        "store/sku/inventory/order/updated",
        "from-guides/store/channel_inventory_product/stock_changed",
        "from-guides/store/inventory/location_created",
    ],
)
def test_an_event_has_the_fields_of_the_vendors_sample(shop, shed, scope):
    put(shop, named(shop, "SOCK-M", quantity=4))
    shop.place({"sku": "SOCK-M"})
    folder = SPECS / "bigcommerce" / "webhook-callbacks"
    name = scope.removeprefix("from-guides/").replace("/", "_")
    guides = scope.startswith("from-guides")
    file = (folder / "from-guides" if guides else folder) / f"{name}.json"
    sample = json.loads(file.read_text("utf-8"))

    data = next(data for scope, data in shop.events if scope == sample["scope"])

    assert shape(data) == shape(sample["data"])


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return type(value).__name__


# --- controls


def test_the_journal_has_every_change_with_its_cause(shop, clock, shed):
    start = clock.now()
    change_stock(shop.store, StockChange(sku="MUG", delta=-5))
    delayed(shop, 10, 10)
    landing = put(shop, named(shop, "MUG", quantity=40)).body["transaction_id"]
    adding = add(shop, named(shop, "MUG", quantity=2)).body["transaction_id"]
    order = shop.place({"sku": "MUG", "quantity": 3})
    clock.advance(60)
    shop.store.timers.run_due()
    shop.call("PUT", f"/v2/orders/{order.id}", {"status_id": 5})

    shown = journal(shop.store)

    assert shown["columns"] == (
        "time", "sku", "location_id", "before", "after", "cause", "reference",
    )  # fmt: skip
    landed = (start + timedelta(seconds=10)).isoformat()
    now = clock.now().isoformat()
    began = start.isoformat()
    assert shown["changes"] == [
        (began, "MUG", 1, 100, 95, "staff", ""),
        (began, "MUG", 1, 95, 97, "relative", adding),
        (began, "MUG", 1, 97, 94, "order", str(order.id)),
        (landed, "MUG", 1, 94, 40, "absolute", landing),
        (now, "MUG", 1, 40, 43, "cancel", str(order.id)),
    ]
    assert journal(shop.store, ["TEA"])["changes"] == []
    assert clear_journal(shop.store) == {"changes": 5, "overlapping_absolutes": 0}
    assert journal(shop.store)["changes"] == []


def test_a_refund_that_gives_back_is_in_the_journal(shop):
    shop.store.switches.refund_order_stock_adjustment = True
    order = shop.place({"sku": "MUG", "quantity": 2})
    item = {"item_type": "PRODUCT", "item_id": order.lines[0].id, "quantity": 1}
    body = {"items": [item], "payments": [{"provider_id": "custom", "amount": 12, "offline": True}]}
    assert shop.call("POST", f"/v3/orders/{order.id}/payment_actions/refunds", body).status < 300

    assert journal(shop.store)["changes"][-1][1:] == ("MUG", 1, 98, 99, "refund", str(order.id))


def test_absolute_adjustments_that_overlap_are_found_out(shop, clock):
    delayed(shop, 10, 10)
    put(shop, named(shop, "MUG", quantity=40), named(shop, "TEA", quantity=40))
    second = put(shop, named(shop, "MUG", quantity=30)).body["transaction_id"]
    shown = journal(shop.store)
    clock.advance(10)
    put(shop, named(shop, "MUG", quantity=20))

    assert shown["absolutes_under_way"] == 3
    assert [row[1:] for row in shown["overlapping_absolutes"]] == [("MUG", 1, second)]
    assert len(journal(shop.store)["overlapping_absolutes"]) == 1


def test_all_stock_is_shown_compactly_and_as_it_really_is(shop, shed):
    delayed(shop, 10, 10)
    change_stock(shop.store, StockChange(sku="MUG", safety_stock=10))
    change_stock(shop.store, StockChange(sku="TEA", location_id=shed, on_hand=3))
    add(shop, named(shop, "MUG", quantity=-1))

    assert levels(shop.store) == {
        "MUG": {"1": (99, 89)},
        "TEA": {"1": (50, 50), str(shed): (3, 3)},
        "BOOK": {"1": (20, 20)},
        "SOCK-M": {"1": (9, 9)},
        "SOCK-L": {"1": (9, 9)},
    }


def test_the_state_shows_stock_of_a_variant_in_all_and_by_location(shop, shed):
    change_stock(shop.store, StockChange(sku="MUG", location_id=shed, on_hand=3, safety_stock=1))
    mug = shop.store.variant("MUG")

    shown = state(shop.store)["variants"][mug.id]

    assert (shown["on_hand"], shown["available"], shown["safety_stock"]) == (100, 100, 0)
    assert shown["stock"][shed].available == 2


def test_an_unknown_location_or_delay_is_refused(shop):
    with pytest.raises(NotFound):
        change_stock(shop.store, StockChange(sku="MUG", location_id=9, delta=1))
    with pytest.raises(ValidationError):
        shop.store.switches.change({"inventory_delay_s": 5})


def test_controls_over_http_move_stock_and_let_it_land(sandboxes):
    control = httpx.Client(base_url=f"{sandboxes.bigcommerce_url}/_sandbox", timeout=WITHIN_S)
    api = httpx.Client(
        base_url=f"{sandboxes.bigcommerce_url}/stores/sandbox",
        headers={"X-Auth-Token": "sandbox-access-token"},
        timeout=WITHIN_S,
    )
    with control, api:
        place = control.post("/locations", json={"label": "Pier"}).json()["location_id"]
        sku = "GAR-01-RED-S"
        sent = [{"sku": sku, "location_id": place, "on_hand": 5}]
        assert control.post("/stock", json=sent).json()[0]["on_hand"] == 5
        control.delete("/stock/journal")
        control.put("/switches", json={"inventory_delay_s": [30, 40]})
        row = {"location_id": place, "sku": sku, "quantity": 2}
        assert api.put(ABSOLUTE, json={"items": [row]}).status_code == 200
        control.put("/switches", json={"inventory_delay_s": [0, 0]})

        before = control.get("/stock").json()[sku][str(place)]
        control.post("/clock", json={"advance_s": 41})
        after = control.get("/stock").json()[sku][str(place)]
        changes = control.get("/stock/journal", params={"sku": sku}).json()["changes"]
        locations = control.get("/state?only=locations").json()["locations"]
        missing = control.post("/locations", json={"location_id": 99})

    assert (before, after) == ([5, 5], [2, 2])
    assert [change[2:6] for change in changes] == [[place, 5, 2, "absolute"]]
    assert locations[str(place)]["label"] == "Pier"
    assert missing.status_code == 404


def test_a_catalogue_has_as_many_skus_as_asked_for():
    assert len(generate(1, 1000).products) == 1000
    assert len(generate(1, 7).products) == 7
    store = Store(generate(1, 1000), Clock())
    assert len(store.variants) == len(store.variant_by_sku) == 1000
