"""Stock, bundles and corrections, against the sandbox over HTTP and against odd answers."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.brightpearl.api import MOST_OF_NONE
from connectors.brightpearl.goods_note_models import UnitCost
from connectors.brightpearl.messages import correct_stock
from connectors.brightpearl.stock import PRODUCTS_AT_ONCE
from connectors.brightpearl.stock_models import (
    Bundle,
    NotTracked,
    ProductStock,
    StockCorrection,
    UnreadableProduct,
    read_bundle,
    read_stock,
)
from core.errors import (
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from sandbox.brightpearl.staff_stock import (
    Component,
    OddAnswer,
    StaffProduct,
    StockChange,
    change_stock,
    delete_product,
    set_odd_answers,
    write_product,
)
from tests.connectors.conftest import Script, brightpearl

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=3)
    | st.sampled_from(["1007", "2.0000", "1e999999999"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "warehouses",
                        "total",
                        "onHand",
                        "inStock",
                        "allocated",
                        "2",
                        "id",
                        "identity",
                    ),
                    *("composition", "bundle", "bundleComponents", "productId", "productQuantity"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def level(on_hand: Any = 3, in_stock: Any = 5, allocated: Any = 2) -> dict[str, Any]:
    return {"inStock": in_stock, "onHand": on_hand, "allocated": allocated, "inTransit": 0}


def stocked(warehouses: Any, on_hand: int = 3) -> dict[str, Any]:
    return {"total": level(on_hand), "warehouses": warehouses}


def made(world, **wanted: Any) -> str:
    return str(write_product(world.account, StaffProduct(**wanted))["product_id"])


def all_but(world, *ids: str) -> list[str]:
    return [str(number) for number in world.account.products if str(number) not in ids]


def correction(world, units: int, sku: str = "MUG", **changes: Any) -> StockCorrection:
    cost = UnitCost(currency="GBP", value=Decimal("4.20")) if units > 0 else None
    return StockCorrection(
        **{
            "product_id": int(world.product_id(sku)),
            "quantity": units,
            "location_id": 2,
            "unit_cost": cost,
            **changes,
        }
    )


# --- availability


def test_units_are_read_by_warehouse(world):
    change_stock(world.account, StockChange(sku="MUG", warehouse_id=3, on_hand=4))
    mug = world.product_id("MUG")

    (stock,) = world.client.list_availability([mug])

    assert stock == ProductStock(mug, {"2": 10, "3": 4})


def test_each_product_comes_once_in_order_of_id_by_200_to_a_request(world):
    ids = [made(world, sku=f"P{number}", stock=number) for number in range(450)]

    found = list(world.client.list_availability([*reversed(ids), *ids[:5]]))

    assert [product.product_id for product in found] == ids
    units = [sum(product.on_hand.values()) for product in found]
    assert units == list(range(450))
    assert PRODUCTS_AT_ONCE == 200
    assert world.log.count("GET", "/warehouse-service/product-availability/{ids}") == 3


def test_nothing_asked_is_nothing_sent(world):
    assert list(world.client.list_availability([])) == []
    assert list(world.client.list_bundles([])) == []
    assert world.log.count() == 0


@pytest.mark.parametrize("how", ["refuse", "ignore"])
def test_a_product_without_stock_keeping_or_existence_spoils_no_other(world, how):
    world.account.switches.availability_bad_id = how
    wrap = made(world, sku="WRAP", stock_tracked=False)
    ids = [*all_but(world), "4"]

    found = {product.product_id: product for product in world.client.list_availability(ids)}

    assert {wrap: found[wrap], "4": found["4"]} == {wrap: NotTracked(wrap), "4": NotTracked("4")}
    assert all(isinstance(found[good], ProductStock) for good in all_but(world, wrap))
    assert len(found) == len(ids)


def test_one_bad_product_of_200_is_found_by_halving(world):
    ids = [made(world, sku=f"P{number}", stock_tracked=number != 77) for number in range(200)]

    found = list(world.client.list_availability(ids))

    bad = [product for product in found if isinstance(product, NotTracked)]
    assert bad == [NotTracked(ids[77])]
    assert world.log.count() < 20


@pytest.mark.parametrize(
    ("odd", "field", "reason"),
    [
        ({"value": None}, "warehouses.2.onHand", "missing"),
        ({"kind": "no_field"}, "warehouses.2.onHand", "missing"),
        ({"value": "10"}, "warehouses.2.onHand", "whole number"),
        ({"value": 1.5, "field": "inStock"}, "warehouses.2.inStock", "whole number"),
        ({"value": True, "field": "allocated"}, "warehouses.2.allocated", "whole number"),
        ({"value": 10**15}, "warehouses.2.onHand", "whole number"),
        ({"kind": "no_level"}, "warehouses.2", "missing"),
        ({"kind": "no_warehouses"}, "warehouses", "in no warehouse"),
        ({"kind": "no_warehouse_map"}, "warehouses", "missing"),
        ({"kind": "no_document"}, "product", "missing"),
    ],
)
def test_odd_values_make_that_product_unreadable_and_leave_the_page_alone(
    world, odd, field, reason
):
    set_odd_answers(world.account, [OddAnswer(sku="MUG", **odd)])
    mug = world.product_id("MUG")

    found = {
        product.product_id: product for product in world.client.list_availability(all_but(world))
    }

    broken = found.pop(mug)
    assert isinstance(broken, UnreadableProduct)
    assert broken.field == field
    assert reason in broken.reason
    assert "10" not in broken.reason
    assert all(isinstance(product, ProductStock) for product in found.values())
    assert mug not in {product_id for _, product_id in world.client.on_hand(all_but(world))}


def test_less_than_nothing_is_a_number_of_units(world):
    set_odd_answers(world.account, [OddAnswer(sku="MUG", value=-3)])
    mug = world.product_id("MUG")

    (stock,) = world.client.list_availability([mug])

    assert stock == ProductStock(mug, {"2": -3})
    assert world.client.on_hand([mug]) == {("2", mug): -3}


def test_a_product_that_no_warehouse_ever_held_has_no_units():
    assert read_stock("7", stocked({}, on_hand=0)) == ProductStock("7", {})
    assert read_stock("7", {"warehouses": {}}) == ProductStock("7", {})


def test_whole_numbers_may_be_written_with_places():
    found = json.loads(
        '{"2": {"inStock": 5.0, "onHand": 3.00, "allocated": 2}}', parse_float=Decimal
    )

    assert read_stock("7", stocked(found)) == ProductStock("7", {"2": 3})


@pytest.mark.parametrize("answer", [None, [], "none", 5])
def test_an_answer_that_is_no_map_stops_the_sweep(answer):
    script = Script(httpx.Response(200, json={"response": answer}))

    with pytest.raises(ContractError):
        list(brightpearl(script).list_availability(["7"]))


def test_a_page_that_is_not_theirs_is_no_empty_warehouse():
    elsewhere = Script(httpx.Response(404, html="<h1>not here</h1>"))
    nothing = Script(httpx.Response(404, json={"errors": [{"code": "CMNC-404", "message": "-"}]}))

    with pytest.raises(NotFoundError):
        list(brightpearl(elsewhere).list_availability(["7"]))
    assert list(brightpearl(nothing).list_availability(["7", "8"])) == [
        NotTracked("7"),
        NotTracked("8"),
    ]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (
            httpx.Response(500, json={"errors": [{"code": "WHSC-901", "message": "-"}]}),
            RejectedError,
        ),
        (httpx.Response(401, json={"response": "Not authenticated."}), ConfigError),
        (httpx.ReadTimeout("late"), TransientError),
    ],
)
def test_what_concerns_all_products_is_raised_and_not_halved(reply, error):
    script = Script(reply)

    with pytest.raises(error):
        list(brightpearl(script).list_availability(["7", "8"]))

    assert len(script.requests) == 1


def test_an_outage_is_no_products_fault_and_found_by_few_requests():
    script = Script(httpx.Response(502, html="<h1>bad gateway</h1>"))

    with pytest.raises(TransientError):
        list(brightpearl(script).list_availability(map(str, range(1, 201))))

    assert len(script.requests) == MOST_OF_NONE + 1


def test_products_are_read_as_they_come_and_not_all_at_once(world):
    ids = [made(world, sku=f"P{number}") for number in range(250)]
    found = world.client.list_availability(ids)

    next(found)

    assert world.log.count() == 1


@given(JSON)
def test_whatever_is_answered_of_stock_is_units_or_unreadable(found):
    read = read_stock("7", found)

    if isinstance(read, ProductStock):
        assert all(type(number) is int for number in read.on_hand.values())
    else:
        assert (read.product_id, bool(read.field), bool(read.reason)) == ("7", True, True)


@given(
    st.dictionaries(
        st.integers(1, 99).map(str),
        st.tuples(*[st.integers(-(10**6), 10**9)] * 3),
        max_size=5,
    )
)
def test_units_are_read_as_they_are_answered(warehouses):
    found = {
        number: {"inStock": units[0], "onHand": units[1], "allocated": units[2]}
        for number, units in warehouses.items()
    }

    read = read_stock("7", {"total": level(0), "warehouses": found})

    assert read == ProductStock("7", {number: units[1] for number, units in warehouses.items()})


# --- bundles


def test_bundles_come_with_their_components_and_others_are_left_out(world):
    number = made(
        world, sku="SET", components=[Component(sku="MUG", quantity=2), Component(sku="PEN")]
    )

    (bundle,) = world.client.list_bundles(all_but(world))

    parts = {world.product_id("MUG"): 2, world.product_id("PEN"): 1}
    assert bundle == Bundle(number, "SET", parts)


def test_bundles_that_make_no_sense_are_read_as_they_are(world):
    inner = made(world, sku="INNER", components=[])
    outer = made(world, sku="OUTER", components=[Component(product_id=int(inner))])
    made(world, edit="INNER", components=[Component(sku="OUTER"), Component(product_id=4)])
    orphan = made(world, sku="ORPHAN", components=[Component(sku="PEN")])
    pen = world.product_id("PEN")
    delete_product(world.account, "PEN")

    bundles = {bundle.product_id: bundle for bundle in world.client.list_bundles(all_but(world))}

    assert bundles[inner].components == {outer: 1, "4": 1}
    assert bundles[outer].components == {inner: 1}
    assert bundles[orphan].components == {pen: 1}


def test_a_component_that_is_listed_twice_counts_twice(world):
    made(world, sku="PAIR", components=[Component(sku="MUG"), Component(sku="MUG", quantity=2)])

    (bundle,) = world.client.list_bundles(all_but(world))

    assert bundle.components == {world.product_id("MUG"): 3}


def test_a_part_of_a_unit_makes_a_bundle_unreadable_and_no_other(world):
    made(world, sku="HALF", components=[Component(sku="MUG", quantity=Decimal("0.5"))])
    made(world, sku="WHOLE", components=[Component(sku="MUG")])

    half, whole = world.client.list_bundles(all_but(world))

    assert isinstance(half, UnreadableProduct)
    assert half.field == "composition.bundleComponents.0.productQuantity"
    assert isinstance(whole, Bundle)


def test_products_that_are_gone_are_no_bundles(world):
    assert list(world.client.list_bundles(["4", "5"])) == []


def test_bundles_are_asked_for_by_200_to_a_request(world):
    ids = [made(world, sku=f"P{number}", components=[]) for number in range(401)]

    assert len(list(world.client.list_bundles(ids))) == 401
    assert world.log.count("GET", "/product-service/product/{ids}") == 3


@pytest.mark.parametrize(
    "composition", [None, {}, {"bundle": False}, {"bundle": None, "bundleComponents": None}]
)
def test_a_product_without_a_composition_is_no_bundle(composition):
    assert read_bundle({"id": 7, "composition": composition}) is None


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (None, "product"),
        ({"composition": {"bundle": True}}, "id"),
        ({"id": 7, "composition": "bundle"}, "composition"),
        ({"id": 7, "composition": {"bundle": "yes"}}, "composition.bundle"),
        (
            {"id": 7, "composition": {"bundle": True, "bundleComponents": {"8": 1}}},
            "composition.bundleComponents",
        ),
        (
            {"id": 7, "composition": {"bundle": True, "bundleComponents": [{"productId": "x"}]}},
            "composition.bundleComponents.0.productId",
        ),
        (
            {
                "id": 7,
                "composition": {
                    "bundle": True,
                    "bundleComponents": [{"productId": 8, "productQuantity": "some"}],
                },
            },
            "composition.bundleComponents.0.productQuantity",
        ),
    ],
)
def test_a_composition_that_cannot_be_read_names_its_field(row, field):
    read = read_bundle(row)

    assert isinstance(read, UnreadableProduct)
    assert read.field == field


@given(JSON)
def test_whatever_is_answered_of_a_product_is_a_bundle_or_none_or_unreadable(found):
    read = read_bundle(found)

    if isinstance(read, Bundle):
        assert all(type(units) is int for units in read.components.values())
    else:
        assert read is None or (read.field and read.reason)


# --- corrections


def corrected(client, corrections, reason="Counted"):
    """The ids of the movements in warehouse 2; an error is raised."""
    (outcome,) = client.send([correct_stock("c", "2", corrections, reason)]).values()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def test_a_correction_changes_stock_by_a_difference(world):
    ids = corrected(world.client, [correction(world, 4), correction(world, -1)])

    assert len(set(ids)) == 2
    assert world.client.on_hand([world.product_id("MUG")]) == {("2", world.product_id("MUG")): 13}


def test_a_correction_says_why_and_what_a_unit_cost():
    script = Script(httpx.Response(200, json={"response": [8796]}))
    cost = UnitCost(currency="GBP", value=Decimal("4.20"))
    added = StockCorrection(product_id=7, quantity=3, location_id=2, unit_cost=cost)

    assert corrected(brightpearl(script), [added], "Counted in the store") == ("8796",)

    (request,) = script.requests
    assert request.url.path.endswith("/warehouse-service/warehouse/2/stock-correction")
    assert json.loads(request.content) == {
        "corrections": [
            {
                "productId": 7,
                "quantity": 3,
                "locationId": 2,
                "cost": {"currency": "GBP", "value": "4.20"},
                "reason": "Counted in the store",
            }
        ]
    }


def test_units_that_are_added_must_have_a_cost_and_none_are_no_correction():
    with pytest.raises(ValueError, match="cost"):
        StockCorrection(product_id=7, quantity=3, location_id=2)
    with pytest.raises(ValueError, match="0 units"):
        StockCorrection(product_id=7, quantity=0, location_id=2)
    with pytest.raises(ValueError, match="nothing"):
        correct_stock("c", "2", [], "Counted")


def test_more_than_the_stock_cannot_be_taken_and_then_nothing_is(world):
    corrections = [correction(world, -1), correction(world, -4, sku="PEN")]

    with pytest.raises(RejectedError) as refused:
        corrected(world.client, corrections)

    assert refused.value.code == "WHSB-904"
    assert world.client.on_hand([world.product_id("MUG")])["2", world.product_id("MUG")] == 10


def test_a_correction_whose_answer_was_lost_is_an_unknown_outcome_and_was_made(world):
    world.faults.configure([{"kind": "lost_answer", "method": "POST", "times": 1}])

    with pytest.raises(OutcomeUnknownError):
        corrected(world.client, [correction(world, 4)])

    assert world.client.on_hand([world.product_id("MUG")])["2", world.product_id("MUG")] == 14


def test_stock_added_to_an_archived_product_makes_it_live(world):
    made(world, edit="MUG", status="ARCHIVED")

    corrected(world.client, [correction(world, 1)])

    (product,) = (one for one in world.client.list_products() if one.sku == "MUG")
    assert product.status == "LIVE"


@pytest.mark.parametrize("response", [None, 8796, {"id": 1}, []])
def test_a_correction_answered_without_a_list_of_ids_may_be_counted(response):
    script = Script(httpx.Response(200, json={"response": response}))
    taken = StockCorrection(product_id=7, quantity=-3, location_id=2)

    with pytest.raises(OutcomeUnknownError):
        corrected(brightpearl(script), [taken])


def test_corrections_of_two_warehouses_share_a_request(world):
    batch = [
        correct_stock("main", "2", [correction(world, 1)], "Counted"),
        correct_stock("over", "3", [correction(world, -1)], "Counted"),
    ]

    outcome = world.client.send(batch)

    assert len(outcome["main"]) == 1
    assert isinstance(outcome["over"], RejectedError)
    assert world.log.count() == 1
