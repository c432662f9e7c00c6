"""Goods notes through the account's client: what leaves, what a supplier sends, what comes back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.brightpearl import messages
from connectors.brightpearl.goods_note_models import (
    DropShipNote,
    GoodsInCreate,
    GoodsInNote,
    GoodsMovedCreate,
    GoodsOutNote,
    UnitCost,
)
from connectors.brightpearl.models import Unreadable
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import (
    CausewayError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from core.times import to_iso
from sandbox.brightpearl.staff_goods import unship
from tests.connectors.conftest import Script, brightpearl
from tests.connectors.test_brightpearl_client import one, placed, sales_order, sent

STAFF = 4


def line_of(world, order_id: str):
    return next(row for row in one(world, order_id).rows if row.external_ref == "line-1")


def units_of(world, order_id: str, units: int) -> ReservedProduct:
    row = line_of(world, order_id)
    return ReservedProduct(product_id=row.product_id, row_id=row.id, quantity=units)


def made_note(world, order_id: str, units: int = 1) -> str:
    """A goods-out note as the warehouse's own software makes it."""
    products = [units_of(world, order_id, units).wire()]
    body = {"warehouses": [{"warehouseId": 2, "transfer": False, "products": products}]}
    path = f"/warehouse-service/order/{order_id}/goods-note/goods-out"
    read = messages.first_id
    return str(sent(world, messages.Message("g", "POST", path, body, read=read)))


def shipped(world, note_id: str) -> None:
    at = to_iso(world.account.clock.now())
    body = {"events": [{"eventCode": "SHW", "occured": at, "eventOwnerId": STAFF}]}
    path = f"/warehouse-service/goods-note/goods-out/{note_id}/event"
    sent(world, messages.Message("e", "POST", path, body))


def note(order_id: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "orderId": order_id,
        "warehouseId": 2,
        "transfer": False,
        "status": {"shipped": True, "shippedOn": "2025-11-04T10:41:38.000-06:00"},
        "shipping": {"reference": "TRACK-1", "shippingMethodId": 49},
        "orderRows": {
            "29": [
                {"productId": 48, "quantity": 1, "locationId": 2},
                {"productId": 48, "quantity": 2, "locationId": 3},
            ],
            "30": [{"productId": 49, "quantity": 1}],
        },
        "lastEventVersion": 31,
        **changes,
    }


def answered(notes: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"response": notes})


def test_a_note_has_its_units_by_row_its_tracking_and_its_progress(world):
    order_id = placed(world)
    note_id = made_note(world, order_id, 2)

    (before,) = world.client.get_goods_out([note_id])
    shipped(world, note_id)
    (after,) = world.client.list_goods_out_of_orders([order_id])

    assert isinstance(before, GoodsOutNote)
    row = line_of(world, order_id)
    assert (before.id, before.order_id, before.warehouse_id) == (note_id, order_id, "2")
    assert (before.rows, before.products) == ({row.id: 2}, {row.id: row.product_id})
    assert {before.is_picked, before.is_packed, before.is_shipped} == {False}
    assert (before.shipped_at, before.reference, before.is_transfer) == (None, "", False)
    assert {after.is_picked, after.is_packed, after.is_shipped} == {True}
    assert after.shipped_at is not None
    assert after.shipping_method_id == "2"


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (lambda client: client.get_goods_out(["12"]), note()),
        (lambda client: client.list_goods_out_of_orders(["7"]), note()),
        (lambda client: client.get_drop_ship(["12"]), note()),
        (lambda client: client.list_drop_ship_of_orders(["7"]), note()),
        (lambda client: client.list_goods_in(["7"]), {"orderId": 7, "goodsMoved": []}),
    ],
)
def test_a_field_that_nobody_knows_among_notes_is_no_note(read, document):
    client = brightpearl(Script(answered({"12": document, "apiVersion": {"since": "4.96"}})))

    assert [found.id for found in read(client)] == ["12"]


def test_a_field_that_nobody_knows_among_tags_is_no_tag():
    client = brightpearl(Script(answered({"3": {"tagName": "Trade"}, "apiVersion": "4.96"})))

    assert client.list_tags() == {"3": "Trade"}


def test_units_of_a_row_are_summed_over_its_locations():
    client = brightpearl(Script(answered({"12": note()})))

    (found,) = client.get_goods_out(["12"])

    assert (found.rows, found.products) == ({"29": 3, "30": 1}, {"29": "48", "30": "49"})
    assert found.shipped_at == datetime(2025, 11, 4, 16, 41, 38, tzinfo=UTC)
    assert (found.reference, found.shipping_method_id) == ("TRACK-1", "49")


def test_a_transfer_belongs_to_no_order_and_a_note_without_shipping_has_no_tracking():
    transfer = note(0, transfer=True, shipping=None, status={"shipped": False})
    client = brightpearl(Script(answered({"12": transfer})))

    (found,) = client.get_goods_out(["12"])

    assert (found.is_transfer, found.order_id) == (True, "0")
    assert (found.reference, found.shipping_method_id, found.shipped_at) == ("", "", None)
    assert brightpearl(Script(answered({"12": transfer}))).list_goods_out_of_orders(["7"]) == []


@pytest.mark.parametrize(
    "answer",
    [
        answered({}),
        answered([]),
        httpx.Response(404, json={"errors": [{"code": "CMNC-404", "message": "none"}]}),
        httpx.Response(207, json={"errors": [{"code": "WHSC-1", "message": "none"}]}),
    ],
)
@pytest.mark.parametrize(
    "method", ["get_goods_out", "list_goods_out_of_orders", "get_drop_ship", "list_goods_in"]
)
def test_no_notes_are_none_however_that_is_said(answer, method):
    script = Script(answer)

    assert getattr(brightpearl(script), method)(["1", "3"]) == []
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("method", "size"),
    [
        ("get_goods_out", 500),
        ("list_goods_out_of_orders", 500),
        ("get_drop_ship", 200),
        ("list_drop_ship_of_orders", 200),
        ("list_goods_in", 200),
    ],
)
def test_as_many_ids_as_a_resource_takes_share_a_request_and_none_cost_none(method, size):
    script = Script(answered({}))
    read = getattr(brightpearl(script), method)

    read(str(number) for number in range(1, 2 * size + 1, 2))
    assert len(script.requests) == 1
    read(str(number) for number in range(1, 2 * size + 3, 2))
    assert len(script.requests) == 3
    read([])
    assert len(script.requests) == 3
    assert all(len(str(request.url)) < 4200 for request in script.requests)


def test_ids_that_are_too_long_for_one_url_are_shared_out():
    script = Script(answered({}))

    brightpearl(script).get_goods_out(str(10**9 + 2 * number) for number in range(500))

    assert len(script.requests) == 2
    assert all(len(str(request.url)) < 4200 for request in script.requests)


def test_notes_are_asked_for_by_order_or_by_note_of_any_order():
    script = Script(answered({}))
    client = brightpearl(script)

    client.list_goods_out_of_orders(["7", "9"])
    client.get_goods_out(["12"])
    client.list_drop_ship_of_orders(["7"])
    client.list_goods_in(["8"])

    assert [request.url.path.partition("/order/")[2] for request in script.requests] == [
        "7,9/goods-note/goods-out",
        "*/goods-note/goods-out/12",
        "7/goods-note/drop-ship",
        "8/goods-note/goods-in",
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": None}, "status.shipped"),
        ({"status": {"shipped": "jane@example.com"}}, "status.shipped"),
        ({"orderRows": None}, "orderRows"),
        ({"orderRows": {"29": [{"productId": 1}]}}, "orderRows.29.0.quantity"),
        ({"orderRows": {"29": {"productId": 1, "quantity": 1}}}, "orderRows.29"),
        ({"shipping": {"reference": {"text": "jane@example.com"}}}, "shipping.reference"),
    ],
)
def test_a_note_of_another_shape_names_itself_and_lets_the_others_pass(changes, field):
    client = brightpearl(Script(answered({"13": note(**changes), "12": note(), "14": "x"})))

    good, broken, no_note = client.list_goods_out_of_orders(["7"])

    assert isinstance(good, GoodsOutNote)
    assert isinstance(broken, Unreadable)
    assert (broken.order_id, broken.record_id, broken.field) == ("7", "13", field)
    assert "@" not in broken.reason
    assert isinstance(no_note, Unreadable)
    assert no_note.record_id == "14"


@pytest.mark.parametrize("notes", ["text", 5, [note()]])
def test_what_is_no_map_of_notes_breaks_the_contract(notes):
    with pytest.raises(ContractError, match="map"):
        brightpearl(Script(answered(notes))).get_goods_out(["12"])


def test_notes_that_left_are_found_by_when_and_a_row_outside_is_left_out(world):
    order_id = placed(world, units=3)
    first, second = made_note(world, order_id), made_note(world, order_id)
    shipped(world, first)
    now = world.account.clock.now()

    found = list(world.client.list_goods_out(shipped_since=now - timedelta(hours=1)))

    assert [(row.note_id, row.order_id) for row in found] == [(first, order_id)]
    assert second not in {row.note_id for row in found}
    assert list(world.client.list_goods_out(shipped_since=now + timedelta(hours=1))) == []


@pytest.mark.parametrize("way", ["reopen", "remake"])
def test_a_note_that_staff_unship_has_not_left_and_no_search_by_time_finds_it(world, way):
    world.account.switches.unshipping = way
    order_id = placed(world)
    note_id = made_note(world, order_id)
    shipped(world, note_id)

    unship(world.account, world.account.goods_out[int(note_id)])

    (found,) = world.client.list_goods_out_of_orders([order_id])
    assert (found.is_shipped, found.shipped_at) == (False, None)
    since = world.account.clock.now() - timedelta(days=1)
    assert list(world.client.list_goods_out(shipped_since=since)) == []


def test_a_search_that_ignores_the_time_is_not_believed():
    columns = ["goodsOutNoteId", "orderId", "shipped", "shippedOn", "transfer"]
    rows = [
        [1, 7, True, "2026-07-01T10:00:00.000Z", False],
        [2, 7, True, "2026-06-01T10:00:00.000Z", False],
        [3, 7, False, None, None],
    ]
    meta = {"columns": [{"name": name} for name in columns], "morePagesAvailable": False}
    script = Script(answered({"metaData": meta, "results": rows}))

    found = brightpearl(script).list_goods_out(shipped_since=datetime(2026, 7, 1, tzinfo=UTC))

    assert [row.note_id for row in found] == ["1"]
    assert script.requests[0].url.params["shippedOn"] == "2026-07-01T00:00:00.000Z/"


def test_a_note_that_has_not_left_is_taken_back_and_one_that_has_is_not(world):
    order_id = placed(world, units=2)
    gone, kept = made_note(world, order_id), made_note(world, order_id)
    shipped(world, kept)

    sent(world, messages.delete_goods_out("d", order_id, gone))

    assert [found.id for found in world.client.list_goods_out_of_orders([order_id])] == [kept]
    with pytest.raises(RejectedError):
        sent(world, messages.delete_goods_out("d", order_id, kept))
    with pytest.raises(NotFoundError):
        sent(world, messages.delete_goods_out("d", order_id, gone))


def test_what_must_go_alone_is_never_bundled():
    lonely = messages.Message("a", "PATCH", "/order-service/order/1", [], alone=True)
    other = messages.set_status("b", "1", 2)
    script = Script(httpx.Response(200, json={}))

    with pytest.raises(ValueError, match="messages a must each be sent alone"):
        brightpearl(script).send([lonely, other])

    assert script.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            httpx.Response(503, json={"response": "You have sent too many requests."}),
            TransientError,
        ),
        (httpx.Response(502, html="<h1>no</h1>"), OutcomeUnknownError),
        (httpx.ReadTimeout("slow"), OutcomeUnknownError),
    ],
)
def test_a_deletion_that_is_throttled_differs_from_one_whose_answer_is_lost(answer, error):
    with pytest.raises(error) as caught:
        brightpearl(Script(answer)).send([messages.delete_goods_out("g", "7", "8")])

    assert type(caught.value) is error


def test_a_suppliers_note_has_its_sales_order_and_rows():
    found = note(156, purchaseOrderId=157, supplierId=235)
    client = brightpearl(Script(answered({"117": found})))

    (by_order,) = client.list_drop_ship_of_orders(["156"])
    (by_note,) = client.get_drop_ship(["117"])

    assert isinstance(by_order, DropShipNote)
    assert by_order == by_note
    assert (by_order.id, by_order.order_id, by_order.is_shipped) == ("117", "156", True)
    assert (by_order.rows, by_order.reference) == ({"29": 3, "30": 1}, "TRACK-1")


def credit_of(world, order_id: str, units: int = 2) -> tuple[str, Any]:
    order = one(world, order_id)
    wanted = sales_order(world, int(order.customer.id), "BC-R1", units=units).model_copy(
        update={"status_id": 9, "parent_id": int(order_id)}
    )
    credit_id = str(sent(world, messages.create_sales_credit("c", wanted)))
    (credit,) = world.client.get_sales_credits([credit_id])
    return credit_id, next(row for row in credit.rows if row.external_ref == "line-1")


def goods_in(row: Any, units: int, ref: str) -> GoodsInCreate:
    moved = GoodsMovedCreate(
        product_id=row.product_id,
        row_id=row.id,
        quantity=units,
        location_id=2,
        unit_cost=UnitCost(currency="GBP", value=Decimal("4.50")),
    )
    return GoodsInCreate(
        warehouse_id=2,
        moved=(moved,),
        received_at=datetime(2026, 7, 2, 9, tzinfo=UTC),
        batch_ref=ref,
    )


def test_goods_come_back_on_a_credit_once_for_each_reference(world):
    credit_id, row = credit_of(world, placed(world))
    assert world.client.list_goods_in([credit_id]) == []
    stock = world.client.on_hand([row.product_id])["2", row.product_id]

    first = messages.create_goods_in("g", credit_id, goods_in(row, 1, "BC-R1-1"))
    note_id = str(sent(world, first))

    (found,) = world.client.list_goods_in([credit_id, "999999"])
    assert isinstance(found, GoodsInNote)
    assert (found.id, found.order_id, found.batch_ref) == (note_id, credit_id, "BC-R1-1")
    assert found.rows == {row.id: 1}
    assert world.client.on_hand([row.product_id])["2", row.product_id] == stock + 1
    with pytest.raises(RejectedError):
        sent(world, first)


def test_goods_that_came_in_are_read_in_either_form():
    moved = [
        {"productId": 48, "purchaseOrderRowId": 29, "quantity": 1, "destinationLocationId": 2},
        {"productId": 48, "purchaseOrderRowId": 29, "quantity": 2, "destinationLocationId": 9},
    ]
    by_row = {
        "29": [
            {"productId": 48, "quantity": 1, "locationId": 2},
            {"productId": 48, "quantity": 2, "locationId": 9},
        ]
    }
    head = {"orderId": 8, "userBatchReference": "R-1", "goodsNoteStatus": "CLOSED"}

    def read(document: Mapping[str, Any]) -> GoodsInNote:
        (found,) = brightpearl(Script(answered({"5": document}))).list_goods_in(["8"])
        return found

    listed, mapped = read({**head, "goodsMoved": moved}), read({**head, "orderRows": by_row})

    assert listed == mapped
    assert (listed.rows, listed.status) == ({"29": 3}, "CLOSED")
    assert isinstance(read({**head}), Unreadable)
    assert isinstance(read({**head, "orderRows": {"29": 1}}), Unreadable)
    assert isinstance(read({**head, "goodsMoved": [{"quantity": 1}]}), Unreadable)


def test_what_a_goods_in_note_never_is_cannot_be_sent():
    row = type("Row", (), {"product_id": 1, "id": 2})
    body = goods_in(row, 1, "R").wire()

    assert body == {
        "transfer": False,
        "warehouseId": 2,
        "goodsMoved": [
            {
                "productId": 1,
                "purchaseOrderRowId": 2,
                "quantity": 1,
                "destinationLocationId": 2,
                "productValue": {"currency": "GBP", "value": "4.50"},
            }
        ],
        "receivedOn": "2026-07-02T09:00:00.000Z",
        "userBatchReference": "R",
    }
    for changes in ({"batch_ref": ""}, {"moved": ()}, {"transfer": True}):
        with pytest.raises(ValidationError):
            GoodsInCreate.model_validate({**goods_in(row, 1, "R").model_dump(), **changes})
    with pytest.raises(ValidationError):
        goods_in(row, 0, "R")


def test_the_default_place_of_a_warehouse_is_known_and_an_unknown_warehouse_has_none(world):
    assert world.client.get_default_location("2") == "2"
    with pytest.raises(NotFoundError):
        world.client.get_default_location("99")
    with pytest.raises(ContractError):
        brightpearl(Script(answered([2]))).get_default_location("2")


def test_goods_messages_share_a_request(world):
    order_id = placed(world, units=3)
    one_, two = made_note(world, order_id), made_note(world, order_id)
    world.log.clear()

    outcome = world.client.send(
        [
            messages.delete_goods_out("a", order_id, one_),
            messages.delete_goods_out("b", order_id, two),
            messages.delete_goods_out("c", order_id, "999999"),
        ]
    )

    assert world.log.writes() == 1
    assert (outcome["a"], outcome["b"]) == (None, None)
    assert isinstance(outcome["c"], CausewayError)
    assert world.client.list_goods_out_of_orders([order_id]) == []
