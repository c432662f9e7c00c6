"""Orders that exist, changed row by row, by header, by reservation, by status."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.brightpearl import messages
from connectors.brightpearl.models import Address, OrderAddress, RowAdd, RowUpdate
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import (
    CausewayError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
)
from tests.connectors.conftest import Script, brightpearl
from tests.connectors.test_brightpearl_client import notes_of, one, placed, sent


def row_of(world, order_id: str, ref: str = "line-1"):
    return next(row for row in one(world, order_id).rows if row.external_ref == ref)


def update(row: Any, **changes: Any) -> RowUpdate:
    as_it_is = {
        "id": row.id,
        "quantity": str(row.quantity),
        "tax_code": row.tax_code,
        "net": row.net,
        "tax": row.tax,
    }
    return RowUpdate.model_validate({**as_it_is, **changes})


def rows_answered(response: Any, status: int = 207) -> Script:
    return Script(httpx.Response(status, json={"response": response}))


def outcome_of(script: Script, *ids: int) -> Any:
    rows = [
        RowUpdate(id=number, quantity="1", tax_code="T20", net=Decimal(1), tax=Decimal(0))
        for number in ids
    ]
    return brightpearl(script).send([messages.update_rows("u", "54", rows)])["u"]


def test_several_rows_are_set_in_one_request_and_the_rest_stays(world):
    order_id = placed(world)
    first, second = row_of(world, order_id), row_of(world, order_id, "line-2")
    world.log.clear()

    outcome = sent(
        world,
        messages.update_rows(
            "u",
            order_id,
            [
                update(first, quantity="1", net="9.0909", tax="1.82"),
                update(second, net="2.00", name="Gift card", external_ref="line-9"),
            ],
        ),
    )

    assert outcome is None
    assert world.log.writes() == 1
    changed = row_of(world, order_id)
    assert (changed.quantity, changed.net, changed.tax) == (
        1,
        Decimal("9.0909"),
        Decimal("1.82"),
    )
    assert changed.product_id == first.product_id
    gift = row_of(world, order_id, "line-9")
    assert (gift.id, gift.name, gift.net) == (second.id, "Gift card", 2)


def test_a_row_that_is_refused_is_named_and_the_others_are_written(world):
    order_id = placed(world)
    first, second = row_of(world, order_id), row_of(world, order_id, "line-2")

    with pytest.raises(RejectedError) as caught:
        sent(
            world,
            messages.update_rows(
                "u", order_id, [update(first, quantity="1.5"), update(second, net="2.00")]
            ),
        )

    assert f"row {first.id} of order {order_id}" in caught.value.message
    assert second.id not in caught.value.message.split()
    assert (caught.value.code, caught.value.status) == ("ORDC-024", 400)
    assert row_of(world, order_id, "line-2").net == 2
    assert row_of(world, order_id).quantity == 2


def test_a_refused_row_inside_a_multi_message_is_that_messages_outcome(world):
    orders = [placed(world, ref) for ref in ("BC-1", "BC-2")]
    rows = [row_of(world, order_id) for order_id in orders]

    outcome = world.client.send(
        [
            messages.update_rows("good", orders[0], [update(rows[0], quantity="1")]),
            messages.update_rows("bad", orders[1], [update(rows[1], quantity="0")]),
        ]
    )

    assert outcome["good"] is None
    assert isinstance(outcome["bad"], RejectedError)
    assert rows[1].id in outcome["bad"].message


@pytest.mark.parametrize("together", [False, True])
def test_rows_of_an_order_that_is_gone_are_refused(world, together):
    row = row_of(world, placed(world))
    batch = [messages.update_rows("u", "999999", [update(row)])]
    if together:
        batch.append(messages.set_status("s", "999999", 2))

    assert isinstance(world.client.send(batch)["u"], RejectedError)


def test_what_became_of_each_row_is_read_from_its_status():
    fine = {"resourceStatuses": {"1": 200, "2": 201}, "resourceErrors": {"1": []}}
    assert outcome_of(rows_answered(fine, 200), 1, 2) is None
    assert outcome_of(rows_answered({"resourceStatuses": {"1": 200}}), 1) is None

    both = {
        "resourceStatuses": {"1": 400, "2": 404, "3": 200},
        "resourceErrors": {"1": [{"code": "ORDC-024", "message": "Bad"}], "2": None},
    }
    refused = outcome_of(rows_answered(both), 1, 2, 3)
    assert isinstance(refused, RejectedError)
    assert "row 1 " in refused.message
    assert "row 2 " in refused.message
    assert "row 3 " not in refused.message
    assert refused.code == "ORDC-024"


def test_a_row_that_failed_by_their_own_fault_is_worth_another_try():
    broken = {
        "resourceStatuses": {"1": 500},
        "resourceErrors": {"1": [{"code": "CMNU-003", "message": "oops"}]},
    }

    assert type(outcome_of(rows_answered(broken), 1)) is OutcomeUnknownError


@pytest.mark.parametrize(
    "response",
    [None, {}, [], "fine", {"resourceStatuses": {"2": 200}}, {"resourceStatuses": {"1": "fine"}}],
)
def test_rows_answered_in_another_shape_may_be_written(response):
    assert isinstance(outcome_of(rows_answered(response, 200), 1), OutcomeUnknownError)


@pytest.mark.parametrize("many", [0, 201])
def test_no_rows_or_too_many_are_not_sent(many):
    rows = [
        RowUpdate(id=number, quantity="1", tax_code="T20", net=Decimal(1), tax=Decimal(0))
        for number in range(1, many + 1)
    ]

    with pytest.raises(ValueError, match=f"not {many}"):
        messages.update_rows("u", "54", rows)


def test_a_row_is_added_then_given_our_reference_and_taken_off_again(world):
    order_id = placed(world)
    added = RowAdd(
        product_id=int(world.product_id("PEN")),
        quantity="2",
        tax_code="T20",
        net=Decimal("5.00"),
        tax=Decimal("1.00"),
    )

    row_id = str(sent(world, messages.add_row("a", order_id, added)))
    row = next(row for row in one(world, order_id).rows if row.id == row_id)
    assert (row.quantity, row.net, row.external_ref) == (2, 5, "")
    sent(world, messages.update_rows("u", order_id, [update(row, external_ref="line-3")]))

    assert row_of(world, order_id, "line-3").id == row_id
    sent(world, messages.delete_row("d", order_id, row_id))
    assert row_id not in {row.id for row in one(world, order_id).rows}
    with pytest.raises(NotFoundError):
        sent(world, messages.delete_row("d", order_id, row_id))


def test_an_added_row_of_free_text_has_the_shape_of_single_rows():
    row = RowAdd(name="Gift note", quantity="1", tax_code="T0", net=Decimal("1.50"), tax=Decimal(0))

    assert messages.add_row("a", "54", row).body == {
        "productName": "Gift note",
        "quantity": {"magnitude": "1"},
        "rowValue": {"taxCode": "T0", "rowNet": {"value": "1.50"}, "rowTax": {"value": "0"}},
    }
    with pytest.raises(ValidationError):
        RowAdd(name="x", quantity="1", tax_code="T0", net=Decimal("1.505"), tax=Decimal(0))


def test_a_shipping_method_is_patched_and_answers_no_document(world):
    order_id = placed(world)

    outcome = sent(world, messages.patch_order("p", order_id, shipping_method_id=3))

    assert outcome is None
    assert one(world, order_id).shipping_method_id == "3"
    sent(world, messages.patch_order("p", order_id, shipping_method_id=0))
    assert one(world, order_id).shipping_method_id == ""
    with pytest.raises(NotFoundError):
        sent(world, messages.patch_order("p", "999999", shipping_method_id=3))


def test_a_patch_goes_alone():
    message = messages.patch_order("p", "54", shipping_method_id=3)

    assert message.alone
    assert message.body == [{"op": "replace", "path": "/delivery/shippingMethodId", "value": 3}]
    assert messages.patch_order("p", "54", shipping_method_id=0).body == [
        {"op": "remove", "path": "/delivery/shippingMethodId"}
    ]
    with pytest.raises(ValueError, match="alone"):
        brightpearl(Script()).send([message, messages.set_status("s", "54", 2)])


def test_a_status_may_come_with_a_note_that_staff_see(world):
    order_id = placed(world)

    sent(world, messages.set_status("s", order_id, 20, "Cancelled in the store: check the pick."))

    assert one(world, order_id).status_id == "20"
    (note,) = notes_of(world, order_id)
    assert note == "Cancelled in the store: check the pick."
    body = messages.set_status("s", order_id, 20, "x").body
    assert body["orderNote"]["isPublic"] is False
    assert "orderNote" not in messages.set_status("s", order_id, 20).body


def test_a_reservation_is_set_to_fewer_units_and_then_given_back(world):
    order_id = placed(world)
    row = row_of(world, order_id)

    def wanted(units: int) -> list[ReservedProduct]:
        return [ReservedProduct(product_id=row.product_id, row_id=row.id, quantity=units)]

    sent(world, messages.reserve("r", order_id, "2", wanted(2)))
    sent(world, messages.set_reservation("r", order_id, wanted(1)))
    held = world.client.get_reservation(order_id)
    assert held is not None
    assert held.rows[row.id].quantity == 1
    free = world.client.on_hand([row.product_id])["2", row.product_id]

    sent(world, messages.release_reservation("r", order_id))

    assert world.client.get_reservation(order_id) is None
    assert world.client.on_hand([row.product_id])["2", row.product_id] == free + 1
    with pytest.raises(NotFoundError):
        sent(world, messages.release_reservation("r", order_id))


def test_a_whole_unwinding_shares_one_request(world):
    order_id = placed(world)
    row = row_of(world, order_id)
    units = [ReservedProduct(product_id=row.product_id, row_id=row.id, quantity=1)]
    sent(world, messages.reserve("r", order_id, "2", units))
    world.log.clear()

    outcome = world.client.send(
        [
            messages.release_reservation("r", order_id),
            messages.set_status("s", order_id, 5, "Cancelled in the store."),
            messages.delete_row("d", order_id, row_of(world, order_id, "line-2").id),
        ]
    )

    assert not any(isinstance(one, CausewayError) for one in outcome.values())
    assert world.log.writes() == 1
    assert one(world, order_id).is_cancelled


def test_addresses_are_compared_without_case_spacing_and_what_says_nothing():
    actual = OrderAddress.model_validate(
        {
            "addressFullName": "Ann  LEE",
            "addressLine1": " 1 High St ",
            "addressLine2": None,
            "countryIsoCode": "GBR",
            "countryId": 3,
        }
    )
    desired = Address(full_name="ann lee", line_1="1 high st", line_2="", country_iso3="GBR")

    assert actual.plain == desired.plain
    assert actual.plain != Address(full_name="ann lee", line_1="2 high st").plain
    assert OrderAddress().plain == Address().plain == {}


def test_rows_are_sent_as_totals_in_text_and_only_what_is_set():
    rows = [RowUpdate(id=3, quantity="1", tax_code="T20", net=Decimal("44.0000"), tax=Decimal(8))]
    script = Script(
        httpx.Response(200, json={"response": {"resourceStatuses": {"3": 200}}}),
    )

    brightpearl(script).send([messages.update_rows("u", "54", rows)])

    (request,) = script.requests
    assert request.url.path.endswith("/order-service/sales-order/54/row/3")
    assert json.loads(request.content) == [
        {"id": 3, "quantity": "1", "taxCode": "T20", "net": "44.0000", "tax": "8"}
    ]
