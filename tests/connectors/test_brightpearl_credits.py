"""Sales credits, children, changes and payments through the account's client."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.models import SalesCredit, SalesOrderCreate, Unreadable
from core.errors import ContractError, NotFoundError, OutcomeUnknownError, RejectedError
from sandbox.brightpearl.back_orders import BackOrder, split
from tests.connectors.conftest import Script, brightpearl
from tests.connectors.test_brightpearl_client import (
    INSTANCE,
    PLACED,
    contact,
    found_order,
    one,
    placed,
    receipt,
    sales_order,
    sent,
)

DAY = timedelta(days=1)
COLUMNS = ["orderId", "orderTypeId", "externalRef", "parentOrderId", "orderStatusId", "updatedOn"]


def credit_for(world, order_id: str, ref: str = "BC-1-R1", units: int = 1) -> SalesOrderCreate:
    customer = one(world, order_id).customer
    order = sales_order(world, int(customer.id), ref, units=units)
    return order.model_copy(update={"status_id": 9, "parent_id": int(order_id)})


def credited(world, order_id: str, ref: str = "BC-1-R1") -> str:
    message = messages.create_sales_credit("c", credit_for(world, order_id, ref))
    return str(sent(world, message))


def page(rows: list[list[Any]], columns: list[str] = COLUMNS) -> httpx.Response:
    meta = {"columns": [{"name": name} for name in columns], "morePagesAvailable": False}
    return httpx.Response(200, json={"response": {"metaData": meta, "results": rows}})


def test_a_credit_reads_back_with_its_parent_and_its_rows(world):
    order_id = placed(world)
    credit_id = credited(world, order_id)

    (credit,) = world.client.get_sales_credits([credit_id])

    assert isinstance(credit, SalesCredit)
    assert (credit.parent_id, credit.external_ref, credit.status_id) == (order_id, "BC-1-R1", "9")
    assert (credit.instance_id, credit.currency_code) == (str(INSTANCE), "GBP")
    assert credit.total.gross == Decimal("13.50")
    assert {row.external_ref: row.net for row in credit.rows} == {
        "line-1": 10,
        "line-2": Decimal("1.5"),
    }
    assert not credit.is_invoiced
    assert one(world, order_id).parent_id == ""


def test_the_same_credit_twice_is_one(world):
    order_id = placed(world)

    assert credited(world, order_id) == credited(world, order_id)
    (found,) = world.client.find_sales_credits("BC-1-R1")
    assert (found.parent_id, found.order_type_id) == (order_id, "3")


def test_a_credit_and_an_order_of_one_reference_are_not_confused(world):
    order_id = placed(world, "BC-1")
    credit_id = credited(world, order_id, "BC-1")

    assert [row.order_id for row in world.client.find_sales_credits("BC-1")] == [credit_id]
    assert found_order(world, "BC-1") == order_id
    assert world.client.find_sales_credits("BC") == []


def test_a_credit_that_is_gone_or_an_order_is_not_among_credits(world):
    order_id = placed(world)

    assert world.client.get_sales_credits([order_id, "999999"]) == []
    assert world.client.get_sales_credits([]) == []


def test_200_credits_are_one_request_and_one_more_is_another(world):
    for many, requests in ((401, 1), (403, 3)):
        world.client.get_sales_credits(str(number) for number in range(1, many, 2))
        assert world.log.count("GET") == requests


def test_credits_of_many_orders_are_one_search_and_each_comes_once(world):
    first, second, other = (placed(world, f"BC-{n}") for n in (1, 2, 3))
    ids = [credited(world, first, "R-1"), credited(world, second, "R-2")]
    credited(world, other, "R-3")
    sent(world, messages.set_status("s", ids[0], 10))
    world.log.clear()

    found = list(world.client.list_credit_refs(parent_ids=[first, second]))

    assert [(row.order_id, row.parent_id) for row in found] == [(ids[0], first), (ids[1], second)]
    assert found[0].status_id == "10"
    assert world.log.count() == 1
    assert list(world.client.list_credit_refs(parent_ids=[])) == []


def test_credits_that_are_new_or_changed_are_found_once_each(world):
    order_id = placed(world)
    new, changed = credited(world, order_id, "R-1"), credited(world, order_id, "R-2")
    sent(world, messages.set_status("s", changed, 10))
    now = world.account.clock.now()
    world.log.clear()

    found = list(world.client.list_credit_refs(updated_since=now - DAY))

    assert sorted(row.order_id for row in found) == sorted([new, changed])
    assert world.log.count() == 2
    assert list(world.client.list_credit_refs(updated_since=now + DAY)) == []
    both = world.client.list_credit_refs(parent_ids=["999"], updated_since=now - DAY)
    assert list(both) == []


def test_sales_orders_made_out_of_others_are_found_and_credits_are_not_among_them(world):
    parent = placed(world)
    order = sales_order(world, contact(world, "b@example.com"), "BC-1/2")
    child = order.model_copy(update={"parent_id": int(parent)})
    child_id = str(sent(world, messages.create_sales_order("o", child)))
    credited(world, parent)

    (found,) = world.client.list_child_refs([parent, "999"])

    assert (found.order_id, found.parent_id) == (child_id, parent)
    assert list(world.client.list_child_refs([child_id])) == []
    assert one(world, child_id).parent_id == parent


def test_a_back_order_that_staff_split_off_is_a_child_and_can_be_read(world):
    parent = placed(world, units=3)
    child_id = str(split(world.account, BackOrder(order_id=int(parent)))["back_order_id"])

    (found,) = world.client.list_child_refs([parent])

    assert (found.order_id, found.parent_id) == (child_id, parent)
    child = one(world, child_id)
    assert (child.parent_id, [row.sku for row in child.rows]) == (parent, ["MUG"])


def test_sales_orders_that_changed_are_found_whoever_made_them(world):
    ours, foreign = placed(world, "BC-1"), placed(world, "X-9")
    sent(world, messages.set_status("s", foreign, 17))
    credited(world, ours)
    now = world.account.clock.now()

    found = {row.order_id: row for row in world.client.list_changed_refs(now - DAY)}

    assert set(found) == {ours, foreign}
    assert (found[foreign].status_id, found[ours].external_ref) == ("17", "BC-1")
    assert list(world.client.list_changed_refs(now + DAY)) == []


def test_rows_of_a_search_that_do_not_fit_the_question_are_left_out():
    rows = [
        [1, 3, "R-1", 7, 9, None],
        [2, 1, "R-1", 7, 2, None],
        [3, 3, "R-2", 8, 9, None],
        [4, 3, "R-3", None, 9, None],
        [5, 3, "R-4", 0, 9, None],
        [6, 3, "R-5", "0", 9, None],
    ]
    client = brightpearl(Script(page(rows)))

    assert [row.order_id for row in client.list_credit_refs(parent_ids=["7"])] == ["1"]
    assert [row.order_id for row in client.find_sales_credits("R-1")] == ["1"]
    assert [row.order_id for row in client.list_child_refs(["7"])] == ["2"]
    everything = client.list_credit_refs(updated_since=datetime(2026, 7, 1, tzinfo=UTC))
    assert [row.parent_id for row in everything] == ["7", "8", "", "", ""]


def test_parents_are_asked_for_200_at_a_time():
    script = Script(page([]))

    list(brightpearl(script).list_credit_refs(parent_ids=map(str, range(1, 403, 2))))

    sets = [request.url.params["parentOrderId"] for request in script.requests]
    assert [len(one.split(",")) for one in sets] == [200, 1]


def test_a_credit_of_another_shape_names_itself_and_lets_the_others_pass():
    total = {"net": "1.00", "tax": "0.20", "gross": "1.20"}
    rows = [{"id": 1, "total": total, "rows": []}, {"id": 2, "rows": []}]

    good, broken = brightpearl(
        Script(httpx.Response(200, json={"response": rows}))
    ).get_sales_credits(["1", "2"])

    assert isinstance(good, SalesCredit)
    assert isinstance(broken, Unreadable)
    assert (broken.order_id, broken.field) == ("2", "total")


def test_an_order_has_its_header_address_and_dates_in_our_types(world):
    order_id = placed(world)

    order = one(world, order_id)

    assert (order.warehouse_id, order.channel_id, order.currency_code) == ("2", "2", "GBP")
    assert (order.exchange_rate, order.shipping_method_id) == (1, "2")
    assert (order.placed_on, order.payment_status) == (PLACED, "UNPAID")
    wanted = sales_order(world, 1).delivery.address
    assert wanted is not None
    assert order.delivery_address.plain == wanted.plain
    assert order.delivery_address.plain["line_1"] == "1 high st"
    row = next(row for row in order.rows if row.external_ref == "line-1")
    assert (row.tax_code, row.sku, row.name) == ("T20", "MUG", "A thing")
    assert (row.is_bundle_child, row.parent_row_id) == (False, "")


def test_components_of_a_bundle_name_the_row_of_the_bundle(world):
    bundle = world.account.products[int(world.product_id("A1"))]
    bundle.document["composition"] = {
        "bundle": True,
        "bundleComponents": [{"productId": int(world.product_id("PEN")), "productQuantity": 3}],
    }
    bundle.document["stock"]["stockTracked"] = False

    rows = one(world, placed(world, sku="A1", units=2)).rows

    parent = next(row for row in rows if row.external_ref == "line-1")
    child = next(row for row in rows if row.is_bundle_child)
    assert (child.parent_row_id, child.quantity, child.external_ref) == (parent.id, 6, "")


def test_an_order_is_invoiced_when_its_invoice_has_a_reference(world):
    order_id = placed(world)
    close = messages.Message("i", "POST", f"/order-service/sales-order/{order_id}/close", {})
    sent(world, close)
    assert not one(world, order_id).is_invoiced

    world.account.clock.advance(5)

    assert one(world, order_id).is_invoiced
    with pytest.raises(RejectedError):
        sent(world, close)


def test_a_credit_is_invoiced_too(world):
    credit_id = credited(world, placed(world))
    sent(world, messages.close_credit("i", credit_id))

    world.account.clock.advance(5)

    (credit,) = world.client.get_sales_credits([credit_id])
    assert credit.is_invoiced
    with pytest.raises(NotFoundError):
        sent(world, messages.close_credit("i", "999999"))


def test_money_out_belongs_to_the_credit_and_is_found_by_it(world):
    credit_id = credited(world, placed(world))
    out = receipt(credit_id, "R-1", "13.50").model_copy(update={"payment_type": "PAYMENT"})

    number = str(sent(world, messages.create_payment("p", out)))

    (found,) = world.client.list_payments([credit_id])
    assert (found.payment_id, found.payment_type, found.amount) == (
        number,
        "PAYMENT",
        Decimal("13.50"),
    )
    assert found.currency_code == "GBP"
    with pytest.raises(RejectedError):
        sent(world, messages.create_payment("p", out))


def test_a_payment_is_taken_back_once_and_its_reference_is_free_again(world):
    order_id = placed(world)
    number = str(sent(world, messages.create_payment("p", receipt(order_id))))

    sent(world, messages.delete_payment("d", number))

    assert list(world.client.list_payments([order_id])) == []
    sent(world, messages.create_payment("p", receipt(order_id)))
    with pytest.raises(NotFoundError):
        sent(world, messages.delete_payment("d", number))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"payment_type": "PAYMENT", "amount": None},
        {"payment_type": "AUTH"},
        {"payment_type": "REFUND"},
    ],
)
def test_a_payment_without_the_amount_of_its_type_is_not_made_up(changes):
    with pytest.raises(ValidationError):
        PaymentCreate.model_validate({**receipt("1").model_dump(), **changes})


@pytest.mark.parametrize("as_", ["drop", "http_502"])
def test_a_credit_whose_answer_was_lost_can_be_found(world, as_):
    order_id = placed(world)
    rule = {"kind": "lost_answer", "path": "sales-credit", "times": 1, "as": as_}
    world.faults.configure([rule])

    with pytest.raises(OutcomeUnknownError):
        credited(world, order_id)

    assert len(world.client.find_sales_credits("BC-1-R1")) == 1


def test_statuses_belong_to_a_type_and_say_what_is_cancelled(world):
    orders = {one.status_id: one for one in world.client.list_order_statuses("SO")}
    credits_ = {one.status_id: one for one in world.client.list_order_statuses("SC")}

    assert {"9", "10"} <= set(credits_)
    assert not set(orders) & set(credits_)
    assert [one.status_id for one in orders.values() if one.is_cancelled] == ["5"]
    assert orders["1"].state == "draft"
    assert {one.status_id for one in world.client.list_order_statuses()} == set(orders)


def test_a_status_that_does_not_say_what_it_means_is_not_cancelled():
    rows = [{"statusId": 5, "name": "Cancelled", "orderTypeCode": "SO"}]

    (found,) = brightpearl(
        Script(httpx.Response(200, json={"response": rows}))
    ).list_order_statuses()

    assert not found.is_cancelled


@pytest.mark.parametrize("body", [{}, None, {"errors": [{"code": "ORDC-003", "message": "no"}]}])
def test_a_mixed_answer_without_documents_has_no_credits(body):
    answer = httpx.Response(207, json=body) if body is not None else httpx.Response(207)

    assert brightpearl(Script(answer)).get_sales_credits(["1"]) == []


def test_a_search_of_another_shape_breaks_the_contract():
    script = Script(page([[1]], ["other"]))

    with pytest.raises(ContractError, match="orderId"):
        list(brightpearl(script).list_credit_refs(parent_ids=["1"]))
