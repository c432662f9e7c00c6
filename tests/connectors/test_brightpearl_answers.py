"""Answers of Brightpearl whose shape is odd, partial or broken."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.brightpearl.messages import MOST_MESSAGES, Message
from connectors.brightpearl.models import SalesOrder, Unreadable
from core.errors import (
    ConfigError,
    ContractError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from tests.connectors.conftest import Script, brightpearl


def batch(many: int) -> list[Message]:
    return [Message(f"m{number}", "PUT", "/x-service/x", {}) for number in range(many)]


def processed(label: str, status: int, content: str | None) -> dict[str, Any]:
    return {"label": label, "statusCode": status, "body": {"content": content}}


def answered(*messages: dict[str, Any], status: int = 207, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"response": {"processedMessages": list(messages), **more}})


def order(order_id: int, **changes: Any) -> dict[str, Any]:
    row = {"id": 5, "quantity": "1", "net": "10.0000", "tax": "2.00"}
    return {
        "id": order_id,
        "total": {"net": "10.00", "tax": "2.00", "gross": "12.00"},
        "rows": [row],
        **changes,
    }


@pytest.mark.parametrize("many", [0, 11])
def test_a_multi_message_takes_no_more_than_brightpearl_does(many):
    script = Script(answered())

    with pytest.raises(ValueError, match=f"not {many}"):
        brightpearl(script).send(batch(many))

    assert script.requests == []


def test_labels_of_a_multi_message_must_differ():
    with pytest.raises(ValueError, match="labels"):
        brightpearl(Script(answered())).send([*batch(2), *batch(1)])


def test_a_multi_message_is_parallel_and_goes_on_after_a_refusal():
    script = Script(
        answered(*(processed(f"m{n}", 200, "{}") for n in range(MOST_MESSAGES)), status=200)
    )

    outcome = brightpearl(script).send(batch(MOST_MESSAGES))

    (request,) = script.requests
    assert request.url.path == "/public-api/sandbox/multi-message"
    body = json.loads(request.content)
    assert (body["processingMode"], body["onFail"]) == ("PARALLEL", "CONTINUE")
    assert set(outcome) == {f"m{number}" for number in range(MOST_MESSAGES)}


def test_what_a_message_answered_is_decoded_a_second_time():
    done = [
        processed("m0", 200, '{"response": 111}'),
        processed("m1", 400, '{"errors": [{"code": "PRDC-024", "message": "No"}]}'),
        processed("m2", 500, "<h1>oops</h1>"),
        processed("m3", 200, None),
        processed("m4", 401, '{"response": "Invalid instance token: abc"}'),
        {"label": "m5", "statusCode": "200"},
    ]

    outcome = brightpearl(Script(answered(*done, unprocessedMessages=["m6"]))).send(batch(7))

    assert (outcome["m0"], outcome["m3"], outcome["m5"]) == (111, None, None)
    assert outcome["m1"].code == "PRDC-024"
    assert type(outcome["m2"]) is OutcomeUnknownError
    assert type(outcome["m4"]) is ConfigError
    assert type(outcome["m6"]) is TransientError


@pytest.mark.parametrize("response", [None, [], "done", {}, {"processedMessages": None}])
def test_a_multi_message_answered_in_another_shape_may_have_been_carried_out(response):
    with pytest.raises(OutcomeUnknownError, match="messages"):
        brightpearl(Script(httpx.Response(200, json={"response": response}))).send(batch(2))


def test_a_message_without_an_outcome_may_have_been_carried_out_and_leaves_the_others_alone():
    odd = [
        "m0",
        {"label": "m1"},
        {"label": "m2", "statusCode": "fine"},
        processed("m3", 503, '{"response": "down for maintenance"}'),
    ]
    fine = [
        processed("m4", 200, None),
        processed("m5", 503, '{"response": "You have sent too many requests."}'),
        processed("m6", 200, '{"errors": [{"code": "ORDC-024", "message": "No"}]}'),
        processed("m7", 200, '{"errors": [{"code": "CMNU-003", "message": "oops"}]}'),
    ]

    outcome = brightpearl(Script(answered(*odd, *fine))).send(batch(8))

    for label in ("m0", "m1", "m2", "m3", "m7"):
        assert type(outcome[label]) is OutcomeUnknownError, label
    assert outcome["m4"] is None
    assert type(outcome["m5"]) is TransientError
    assert type(outcome["m6"]) is RejectedError


def test_orders_whose_model_is_broken_name_the_field_and_let_the_others_pass():
    rows = [order(1), order(2, total=None), order(3, rows=[{"id": 1}]), order(4, isCanceled=None)]

    found = brightpearl(Script(httpx.Response(207, json={"response": rows}))).get_sales_orders(
        ["1", "2", "3", "4"]
    )

    assert [type(one) for one in found] == [SalesOrder, Unreadable, Unreadable, SalesOrder]
    assert (found[1].order_id, found[1].field) == ("2", "total")
    assert found[2].field == "rows.0.quantity"


def test_a_mixed_answer_that_holds_only_errors_has_no_orders():
    body = {"errors": [{"code": "ORDC-003", "message": "invalid order id"}]}

    assert brightpearl(Script(httpx.Response(207, json=body))).get_sales_orders(["1"]) == []


PLACED = datetime(2026, 7, 1, tzinfo=UTC)


def page(columns: list[str], rows: list[list[Any]], **meta: Any) -> httpx.Response:
    listed = [{"name": name} for name in columns]
    return httpx.Response(
        200, json={"response": {"metaData": {"columns": listed, **meta}, "results": rows}}
    )


def test_columns_are_named_anew_by_every_page():
    script = Script(
        page(["productId", "SKU"], [[1, "MUG"]], morePagesAvailable=True, resultsAvailable=500),
        page(["SKU", "new", "productId"], [["PEN", None, 2]], morePagesAvailable=False),
    )

    found = list(brightpearl(script).list_products())

    assert [(row.product_id, row.sku) for row in found] == [("1", "MUG"), ("2", "PEN")]
    assert [request.url.params["firstResult"] for request in script.requests] == ["1", "2"]


def test_a_search_that_promises_more_and_gives_nothing_ends():
    script = Script(page(["productId"], [], morePagesAvailable=True))

    assert list(brightpearl(script).list_products()) == []


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"results": []},
        {"metaData": {}, "results": []},
        {"metaData": {"columns": [{"name": "productId"}]}, "results": [[1, 2]]},
        {"metaData": {"columns": [{"name": "productId"}]}, "results": None},
        {"metaData": {"columns": [{"name": "other"}]}, "results": [[1]]},
    ],
)
def test_what_is_no_page_of_a_search_breaks_the_contract(response):
    with pytest.raises(ContractError):
        list(brightpearl(Script(httpx.Response(200, json={"response": response}))).list_products())


def test_rows_that_do_not_fit_the_question_are_left_out():
    columns = ["orderId", "orderTypeId", "externalRef", "installedIntegrationInstanceId"]
    rows = [[1, 1, "BC-1", 4711], [2, 3, "BC-1", 4711], [3, 1, "BC-1", 9], [4, 1, "BC-10", 4711]]
    client = brightpearl(Script(page(columns, rows)))

    assert [row.order_id for row in client.find_sales_orders("BC-1")] == ["1", "3"]
    listed = client.list_order_refs(PLACED, PLACED, 4711)
    assert [row.order_id for row in listed] == ["1", "4"]


def test_money_that_comes_as_a_number_is_exact():
    columns = ["paymentId", "orderId", "amountPaid"]

    (row,) = brightpearl(Script(page(columns, [[1, 7, 0.1]]))).list_payments(["7"])

    assert row.amount == Decimal("0.1")
