"""Stock as it truly is, its journal, products as staff make them, and odd answers."""

import asyncio
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.brightpearl.app import create_app
from sandbox.brightpearl.id_sets import IdSet, format_id_set
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_stock import (
    Component,
    OddAnswer,
    StaffProduct,
    StockChange,
    change_stock,
    set_odd_answers,
    stock_by_sku,
    stock_journal,
    write_product,
)

SEARCH = "/product-service/product-search"


def controlled(account, *steps):
    """The answers to controls, by an application that runs meanwhile."""

    async def go():
        transport = httpx.ASGITransport(create_app(account))
        async with httpx.AsyncClient(transport=transport, base_url="http://bp.test") as http:
            return [
                await http.request(method, f"/_sandbox/{path}", content=json.dumps(body))
                for method, path, body in steps
            ]

    return asyncio.run(go())


def made(api, **wanted):
    """Id of a product that staff make, or change."""
    return write_product(api.account, StaffProduct(**wanted))["product_id"]


def bundle(api, sku, parts):
    listed = [
        Component(quantity=units, **{"sku" if isinstance(part, str) else "product_id": part})
        for part, units in parts
    ]
    return made(api, sku=sku, components=listed)


def bundles_in(api, number):
    return api.call("GET", f"/warehouse-service/bundle-availability/{number}").value[str(number)]


def causes(api):
    return [
        (entry["cause"], entry["before"], entry["after"]) for entry in stock_journal(api.account)
    ]


def test_stock_is_shown_by_sku_and_warehouse(api):
    change_stock(api.account, StockChange(sku="PEN", warehouse_id=3, on_hand=4))
    api.reserve(api.order())

    every, one = controlled(
        api.account, ("GET", "stock", None), ("GET", "stock?sku=PEN&sku=NONE", None)
    )

    assert every.json()["MUG"] == {"2": [10, 8, 2]}
    assert one.json() == {"PEN": {"2": [5, 5, 0], "3": [4, 4, 0]}}


def test_stock_of_products_without_stock_keeping_is_not_shown(api):
    made(api, sku="WRAP", stock_tracked=False)
    bundle(api, "SET", [("MUG", 1)])

    assert set(stock_by_sku(api.account, [])) == {"MUG", "PEN", "BIG MUG"}


def test_the_journal_has_every_change_of_what_may_be_sold_and_no_other(api):
    order_id = api.order()
    api.reserve(order_id)
    note = api.goods_out(order_id).value
    api.ship(note)
    change_stock(api.account, StockChange(sku="MUG", delta=-3))
    made(api, sku="NEW", stock=7)

    assert causes(api) == [("reservation", 10, 8), ("staff", 8, 5), ("opening", 0, 7)]


def test_the_journal_names_product_and_warehouse_and_is_cleared_on_request(api):
    change_stock(api.account, StockChange(sku="PEN", warehouse_id=3, on_hand=4))

    shown, cleared, empty = controlled(
        api.account,
        ("GET", "stock/journal", None),
        ("DELETE", "stock/journal", None),
        ("GET", "stock/journal", None),
    )

    assert shown.json() == [
        {
            "at": "2026-07-01T12:00:00.000+00:00",
            "product_id": api.product_id("PEN"),
            "sku": "PEN",
            "warehouse_id": 3,
            "before": 0,
            "after": 4,
            "cause": "staff",
        }
    ]
    assert (cleared.json(), empty.json()) == ({"cleared": 1}, [])


def test_a_deleted_product_stays_in_the_journal(api):
    change_stock(api.account, StockChange(sku="PEN", delta=1))

    controlled(api.account, ("DELETE", "products/PEN", None))

    assert [entry["sku"] for entry in stock_journal(api.account)] == ["PEN"]


def test_goods_on_a_note_that_were_not_reserved_leave_the_shelf_when_the_note_is_made(api):
    order_id = api.order()
    note = api.goods_out(order_id, quantity=1).value
    path = f"/warehouse-service/order/{order_id}/goods-note/goods-out/{note}"
    api.call("DELETE", path)

    assert causes(api) == [("goods-out note", 10, 9), ("note deleted", 9, 10)]


def test_corrections_of_one_call_add_up_and_are_made_together_or_not_at_all(api):
    path = "/warehouse-service/warehouse/2/stock-correction"
    line = {"productId": api.product_id("MUG"), "quantity": -6, "reason": "count", "locationId": 2}

    assert api.call("POST", path, {"corrections": [line, line]}).codes == ["WHSB-904"]
    assert api.stock()["inStock"] == 10
    assert len(api.call("POST", path, {"corrections": [line, line | {"quantity": -4}]}).value) == 2
    assert api.stock()["inStock"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": 1, "batchId": 3, "cost": {"currency": "GBP", "value": 1}}, "WHSC-916"),
        ({"orderId": 5}, "WHSC-917"),
        ({"quantity": "many"}, "CMNC-904"),
        ({"quantity": 1.5}, "CMNC-904"),
        ({"quantity": 10**30}, "CMNC-904"),
        ({"locationId": 9}, "WHSC-915"),
        ({"productId": 99}, "WHSC-902"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(api, change, code):
    line = {"productId": api.product_id("MUG"), "quantity": -1, "reason": "x", "locationId": 2}

    refused = api.call(
        "POST", "/warehouse-service/warehouse/2/stock-correction", {"corrections": [line | change]}
    )

    assert refused.codes == [code]
    assert api.stock()["inStock"] == 10


def test_a_correction_for_an_order_shows_in_the_movement(api):
    order_id = api.order()
    line = {
        "productId": api.product_id("MUG"),
        "quantity": -1,
        "reason": "broken",
        "locationId": 2,
        "orderId": order_id,
    }

    api.call("POST", "/warehouse-service/warehouse/2/stock-correction", {"corrections": [line]})

    (moved,) = api.call("GET", "/warehouse-service/goods-movement-search").rows
    assert (moved["orderId"], moved["quantity"]) == (order_id, -1)


def test_stock_that_is_added_makes_an_archived_product_live_and_newly_changed(api):
    made(api, edit="MUG", status="ARCHIVED")
    version = api.account.products[api.product_id("MUG")].version

    change_stock(api.account, StockChange(sku="MUG", delta=-1))
    assert api.account.products[api.product_id("MUG")].status == "ARCHIVED"
    change_stock(api.account, StockChange(sku="MUG", delta=1))

    (row,) = api.call("GET", SEARCH, SKU="MUG").rows
    assert row["productStatus"] == "LIVE"
    assert api.account.products[api.product_id("MUG")].version == version + 1


def test_staff_make_a_product_of_every_kind(api):
    made(api, sku="GIFT", name="Gift wrap", stock_tracked=False, price_ex_tax="2.50")
    made(api, sku="OLD", status="DISCONTINUED", stock=3)
    number = bundle(api, "SET", [("MUG", 2), ("GIFT", 1)])

    kinds = {row["SKU"]: row for row in api.call("GET", SEARCH).rows}
    assert (kinds["GIFT"]["stockTracked"], kinds["SET"]["stockTracked"]) == (False, False)
    assert kinds["OLD"]["productStatus"] == "DISCONTINUED"
    read = api.call("GET", f"/product-service/product/{number}").value[0]["composition"]
    assert read == {
        "bundle": True,
        "bundleComponents": [
            {"productId": api.product_id("MUG"), "productQuantity": "2"},
            {"productId": api.product_id("GIFT"), "productQuantity": "1"},
        ],
    }
    assert bundles_in(api, number)["total"] == {"onHand": 5}


def test_staff_change_what_they_name_and_nothing_else(api):
    number = api.product_id("MUG")

    made(api, edit="MUG", sku="MUG-2")
    made(api, edit=number, name="Red mug")
    with pytest.raises(Refusal, match="stock"):
        made(api, edit=number, stock=4)

    (row,) = api.call("GET", SEARCH, SKU="MUG-2").rows
    assert (row["productName"], row["stockTracked"]) == ("Red mug", True)
    assert row["updatedOn"] is not None
    assert "MUG" not in {row["SKU"] for row in api.call("GET", SEARCH).rows}
    assert api.fired()[-2:] == ["product.modified"] * 2


def test_two_products_may_have_one_sku_and_one_may_have_none(api):
    made(api, sku="MUG")
    made(api, name="Nameless")

    assert len(api.call("GET", SEARCH, SKU="MUG").rows) == 2
    assert stock_by_sku(api.account, ["MUG"]) == {"MUG": {"2": [10, 10, 0]}}


def test_a_bundle_whose_part_was_deleted_cannot_be_made(api):
    number = bundle(api, "SET", [("MUG", 1), ("PEN", 1)])
    assert bundles_in(api, number)["total"] == {"onHand": 5}

    controlled(api.account, ("DELETE", "products/PEN", None))

    assert bundles_in(api, number)["total"] == {"onHand": 0}
    order = api.order(
        rows=[{"productId": number, "quantity": "1", "taxCode": "T20", "net": "9", "tax": "2"}]
    )
    assert len(api.sales_order(order)["rows"]) == 2


def test_a_bundle_that_contains_itself_through_another_cannot_be_made(api):
    inner = bundle(api, "INNER", [("MUG", 1)])
    outer = bundle(api, "OUTER", [(inner, 2), ("PEN", 1)])
    assert bundles_in(api, outer)["total"] == {"onHand": 5}

    made(api, edit="INNER", components=[Component(sku="OUTER"), Component(sku="MUG")])

    assert bundles_in(api, outer)["total"] == {"onHand": 0}
    assert bundles_in(api, inner)["total"] == {"onHand": 0}
    order = api.order(
        rows=[{"productId": outer, "quantity": "1", "taxCode": "T20", "net": "9", "tax": "2"}]
    )
    assert len(api.sales_order(order)["rows"]) == 3


def test_parts_needed_twice_are_counted_twice_and_each_warehouse_by_itself(api):
    inner = bundle(api, "INNER", [("MUG", 2)])
    outer = bundle(api, "OUTER", [(inner, 1), ("MUG", 1)])
    change_stock(api.account, StockChange(sku="MUG", warehouse_id=3, on_hand=4))

    assert bundles_in(api, outer) == {
        "total": {"onHand": 4},
        "warehouses": {"2": {"onHand": 3}, "3": {"onHand": 1}},
    }


def test_a_bundle_of_what_never_existed_can_be_made_on_screen_and_not_sold(api):
    assert bundles_in(api, bundle(api, "SET", [(4, 1)]))["total"] == {"onHand": 0}
    assert bundles_in(api, bundle(api, "BARE", []))["total"] == {"onHand": 0}


@pytest.mark.parametrize(
    ("odd", "seen"),
    [
        ({"value": -3}, {"2": {"onHand": -3}}),
        ({"value": None}, {"2": {"onHand": None}}),
        ({"value": "ten"}, {"2": {"onHand": "ten"}}),
        ({"value": 1.5, "field": "inStock"}, {"2": {"inStock": 1.5}}),
        ({"kind": "no_level"}, {"2": None}),
        ({"kind": "no_warehouses"}, {}),
    ],
)
def test_the_availability_of_a_chosen_product_is_odd_and_that_of_others_is_not(api, odd, seen):
    ids = f"{api.product_id('MUG')}-{api.product_id('PEN')}"
    path = f"/warehouse-service/product-availability/{ids}"
    before = api.call("GET", path).value

    set_odd_answers(api.account, [OddAnswer(sku="MUG", **odd)])

    answered = api.call("GET", path).value
    mug, pen = str(api.product_id("MUG")), str(api.product_id("PEN"))
    warehouses = answered[mug]["warehouses"]
    assert warehouses.keys() == seen.keys()
    for number, level in seen.items():
        expected = level if level is None else before[mug]["warehouses"][number] | level
        assert warehouses[number] == expected
    assert answered[pen] == before[pen]
    assert api.account.stock[int(mug)][2].on_hand == 10


def test_a_product_can_be_left_out_or_null_and_oddities_end(api):
    path = f"/warehouse-service/product-availability/{api.product_id('MUG')}"

    answers = controlled(
        api.account,
        ("PUT", "stock/odd", [{"sku": "MUG", "kind": "absent"}]),
        ("PUT", "stock/odd", [{"sku": "NONE"}]),
        ("PUT", "stock/odd", [{"sku": "MUG", "kind": "strange"}]),
    )
    assert [answer.status_code for answer in answers] == [200, 404, 400]
    assert api.call("GET", path).value == {}
    controlled(api.account, ("PUT", "stock/odd", [{"sku": "MUG", "kind": "no_document"}]))
    assert list(api.call("GET", path).value.values()) == [None]
    controlled(api.account, ("PUT", "stock/odd", []))
    assert api.stock()["onHand"] == 10


def test_further_pages_show_products_as_they_are_once_something_changed(api):
    first = api.call("GET", SEARCH, pageSize="1").rows
    second = api.call("GET", SEARCH, pageSize="1", firstResult="2").rows
    assert [row["SKU"] for row in first + second] == ["MUG", "PEN"]

    made(api, edit="PEN", sku="PEN-2")
    controlled(api.account, ("DELETE", "products/MUG", None))

    (row,) = api.call("GET", SEARCH, pageSize="1", firstResult="1").rows
    assert row["SKU"] == "PEN-2"
    (row,) = api.call("GET", SEARCH, pageSize="1", firstResult="2").rows
    assert row["SKU"] == "BIG MUG"


def test_changed_and_new_products_are_found_by_time_in_order_of_id(api):
    api.account.clock.advance(3600)
    made(api, edit="PEN", name="Blue pen")
    made(api, edit="MUG", name="Blue mug")
    made(api, sku="NEW")
    since = "2026-07-01T12:30:00Z/"

    changed = api.call("GET", SEARCH, updatedOn=since).rows
    created = api.call("GET", SEARCH, createdOn=since).rows

    assert [row["SKU"] for row in changed] == ["MUG", "PEN"]
    assert [row["SKU"] for row in created] == ["NEW"]
    two = f"{api.product_id('MUG')},{api.product_id('NEW')}"
    assert [row["SKU"] for row in api.call("GET", SEARCH, productId=two).rows] == ["MUG", "NEW"]


@given(st.sets(st.integers(1, 60)))
def test_an_id_set_as_written_holds_exactly_the_ids(ids):
    parts = [part.split("-") for part in format_id_set(ids).split(",") if part]
    read = IdSet(tuple((int(part[0]), int(part[-1])) for part in parts))

    assert set(read.ids()) == ids


@given(st.sets(st.integers(1, 60)), st.integers(1, 30), st.integers(30, 60))
def test_a_wide_range_names_the_ids_within_it(existing, low, high):
    wide = IdSet(((low, low + 10**6), (low, high)))
    one = IdSet(((low, low + 10**6),))

    assert wide.among(sorted(existing), existing) == [n for n in sorted(existing) if n >= low]
    assert one.among(sorted(existing), existing) == [n for n in sorted(existing) if n >= low]
