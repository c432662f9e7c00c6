"""Refunds through the store's client: pages, batches, quotes, verdicts, odd answers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.bigcommerce.api import LONGEST_NAMES, url_parts
from connectors.bigcommerce.models import Unreadable
from connectors.bigcommerce.refund_models import (
    Refund,
    RefundItemCreate,
    RefundPaymentCreate,
)
from core.errors import (
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from tests.connectors.conftest import Script, bigcommerce

CREATED = "2026-07-01T12:00:00+00:00"
URL = 8000
"""Characters of a URL that BigCommerce takes."""


def tender(**changes: Any) -> dict[str, Any]:
    return {
        "id": 13,
        "provider_id": "authorizenet",
        "amount": 12.5,
        "offline": False,
        "is_declined": False,
        "declined_message": "",
        "transaction_id": "77",
        **changes,
    }


def refund(number: int, order_id: int = 180, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "order_id": order_id,
        "user_id": 0,
        "created": CREATED,
        "reason": "Wrong size",
        "total_amount": 12.5,
        "total_tax": 2.08,
        "uses_merchant_override_values": False,
        "payments": [tender()],
        "items": [
            {"item_type": "PRODUCT", "item_id": 87, "quantity": 1, "requested_amount": None},
            {"item_type": "SHIPPING", "item_id": 9, "requested_amount": "2.50", "reason": "Late"},
        ],
        **changes,
    }


class Till(httpx.BaseTransport):
    """A store that lists refunds as V3 does, or one that ignores filters."""

    def __init__(self, rows: list[dict[str, Any]], *, ignores_filters: bool = False) -> None:
        self.rows = rows
        self.ignores_filters = ignores_filters
        self.asked: list[Mapping[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        self.asked.append(dict(asked))
        assert request.url.path == "/stores/sandbox/v3/orders/payment_actions/refunds"
        assert len(str(request.url)) <= URL
        wanted = asked.get("order_id:in", "").split(",")
        rows = [
            row
            for row in self.rows
            if self.ignores_filters
            or "order_id:in" not in asked
            or not isinstance(row, dict)
            or str(row["order_id"]) in wanted
        ]
        size, page = int(asked["limit"]), int(asked["page"])
        pages = max(1, -(-len(rows) // size))
        meta = {"pagination": {"total_pages": pages, "current_page": page}}
        chosen = rows[(page - 1) * size : page * size]
        return httpx.Response(200, json={"data": chosen, "meta": meta})


def read(document: dict[str, Any]) -> Refund:
    """As an answer is: numbers with a point are exact."""
    return Refund.model_validate(json.loads(json.dumps(document), parse_float=Decimal))


def product(item_id: int = 87, quantity: int = 1, **more: Any) -> RefundItemCreate:
    return RefundItemCreate(item_type="PRODUCT", item_id=item_id, quantity=quantity, **more)


def paid(amount: str = "12.50", provider_id: str = "authorizenet") -> RefundPaymentCreate:
    return RefundPaymentCreate(provider_id=provider_id, amount=Decimal(amount), offline=False)


def test_a_refund_has_its_money_dates_and_parts_in_our_types():
    (found,) = bigcommerce(Till([refund(12)])).list_refunds(order_ids=["180"])

    assert isinstance(found, Refund)
    assert (found.id, found.order_id, found.reason) == ("12", "180", "Wrong size")
    assert found.created == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert (found.total_amount, found.total_tax) == (Decimal("12.5"), Decimal("2.08"))
    line, shipping = found.items
    assert (line.item_type, line.item_id, line.quantity) == ("PRODUCT", "87", 1)
    assert (line.requested_amount, shipping.requested_amount) == (None, Decimal("2.50"))
    assert (shipping.quantity, shipping.reason) == (0, "Late")
    assert (found.payments[0].id, found.payments[0].transaction_id) == ("13", "77")


@pytest.mark.parametrize(("many", "requests"), [(0, 1), (1, 1), (250, 1), (251, 2), (600, 3)])
def test_refunds_come_in_pages_of_250(many, requests):
    till = Till([refund(number) for number in range(1, many + 1)])

    found = list(bigcommerce(till).list_refunds())

    assert [one.id for one in found] == [str(number) for number in range(1, many + 1)]
    assert len(till.asked) == requests


def test_refunds_since_a_moment_are_asked_for_in_utc():
    till = Till([refund(1)])

    list(bigcommerce(till).list_refunds(created_from=datetime(2026, 7, 1, 9, tzinfo=UTC)))

    assert till.asked[0]["created:min"] == "2026-07-01T09:00:00.000Z"


def test_no_orders_at_all_cost_no_request():
    till = Till([refund(1)])

    assert list(bigcommerce(till).list_refunds(order_ids=[])) == []
    assert till.asked == []


def test_as_many_orders_as_a_url_holds_share_a_request():
    orders = [str(1_000_000 + 7 * number) for number in range(1_500)]
    till = Till([refund(number, int(order)) for number, order in enumerate(orders, start=1)])

    found = list(bigcommerce(till).list_refunds(order_ids=[*orders, *orders]))

    assert sorted(one.order_id for one in found) == orders
    batches = {asked["order_id:in"] for asked in till.asked}
    assert len(batches) == 2


def test_ids_are_cut_into_the_fewest_parts_that_fit():
    ids = [str(number) for number in range(10**9, 10**9 + 2_000)]

    parts = list(url_parts(ids))

    assert [one for part in parts for one in part] == ids
    assert all(len(",".join(part)) <= LONGEST_NAMES for part in parts)
    assert len(parts) == 4
    assert list(url_parts([])) == []


def test_refunds_of_orders_not_asked_for_are_left_out():
    till = Till([refund(1, 180), refund(2, 181)], ignores_filters=True)

    assert [one.id for one in bigcommerce(till).list_refunds(order_ids=["180"])] == ["1"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total_amount": None}, "total_amount"),
        ({"created": "jane@example.com"}, "created"),
        ({"payments": None}, "payments"),
        ({"items": [{"item_type": "PRODUCT", "quantity": 1}]}, "items.0.item_id"),
        ({"items": [{"item_type": "FEE", "item_id": 1, "requested_amount": "jane@"}]}, "items.0"),
    ],
)
def test_a_refund_of_another_shape_lets_the_others_pass_and_names_itself(changes, field):
    client = bigcommerce(Till([refund(1), refund(2, **changes), refund(3)]))

    before, broken, after = client.list_refunds(order_ids=["180"])

    assert isinstance(before, Refund)
    assert isinstance(after, Refund)
    assert isinstance(broken, Unreadable)
    assert (broken.order_id, broken.record_id) == ("180", "2")
    assert broken.field.startswith(field)
    assert "@" not in broken.reason


def test_a_row_that_is_no_refund_at_all_is_not_passed_over():
    client = bigcommerce(Till([refund(1), "x"]))

    found = list(client.list_refunds(order_ids=["180"]))

    assert [type(one) for one in found] == [Refund, Unreadable]


def test_a_page_without_its_envelope_breaks_the_contract():
    with pytest.raises(ContractError, match="data"):
        list(bigcommerce(Script(httpx.Response(200, json={}))).list_refunds())


def test_one_refund_is_read_by_its_id():
    script = Script(httpx.Response(200, json={"data": refund(12), "meta": {}}))

    found = bigcommerce(script).get_refund("12")

    assert (found.id, found.order_id) == ("12", "180")
    path = "/stores/sandbox/v3/orders/payment_actions/refunds/12"
    assert script.requests[0].url.path == path


def test_a_refund_that_does_not_exist_or_is_not_readable_says_so():
    with pytest.raises(NotFoundError):
        bigcommerce(Script(httpx.Response(404, json={"status": 404}))).get_refund("12")
    broken = httpx.Response(200, json={"data": refund(12, total_amount="jane@example.com")})
    with pytest.raises(RejectedError, match=r"order 180.*'total_amount'") as caught:
        bigcommerce(Script(broken)).get_refund("12")
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("payments", "is_pending", "is_declined"),
    [
        ([tender()], False, False),
        ([tender(transaction_id=None)], True, False),
        ([tender(transaction_id="")], True, False),
        ([tender(transaction_id=None, is_declined=None)], True, False),
        ([tender(transaction_id=None, offline=True)], False, False),
        ([tender(transaction_id=None, provider_id="storecredit")], False, False),
        ([tender(is_declined=None, provider_id="storecredit")], True, False),
        ([{"provider_id": "x", "amount": 1}], True, False),
        ([tender(transaction_id=None, is_declined=True)], False, True),
        ([tender(), tender(transaction_id=None)], True, False),
        ([tender(is_declined=True), tender()], False, True),
        ([], False, False),
    ],
)
def test_a_refund_is_pending_while_a_gateway_owes_its_verdict(payments, is_pending, is_declined):
    found = read(refund(1, payments=payments))

    assert (found.is_pending, found.is_declined) == (is_pending, is_declined)


def test_a_refund_of_tax_alone_has_no_items():
    assert read(refund(1, items=[])).items == ()
    assert read(refund(1, items=None)).items == ()


def quote(**changes: Any) -> dict[str, Any]:
    store_credit = {"provider_id": "storecredit", "amount": 39, "offline": False}
    bank = {"provider_id": "bankdeposit", "amount": 80.35, "offline": True}
    return {
        "order_id": 180,
        "total_refund_amount": 119.35,
        "total_refund_tax_amount": 19.89,
        "order_level_refund_amount": 0,
        "rounding": 0,
        "adjustment": None,
        "tax_inclusive": True,
        "refund_methods": [[{**store_credit, "amount": 119.35}], [bank, store_credit]],
        **changes,
    }


def test_a_quote_offers_alternatives_whose_payments_are_used_together():
    script = Script(httpx.Response(201, json={"data": quote()}))

    found = bigcommerce(script).quote_refund(
        "180", [product(), RefundItemCreate(item_type="SHIPPING", item_id=9, amount=Decimal("2.5"))]
    )

    (request,) = script.requests
    assert request.url.path == "/stores/sandbox/v3/orders/180/payment_actions/refund_quotes"
    assert json.loads(request.content) == {
        "items": [
            {"item_type": "PRODUCT", "item_id": 87, "quantity": 1},
            {"item_type": "SHIPPING", "item_id": 9, "amount": 2.5},
        ]
    }
    assert found.total_amount == Decimal("119.35")
    (alone,), both = found.alternatives
    assert alone.payment() == paid("119.35", "storecredit")
    assert [one.payment().offline for one in both] == [True, False]
    assert sum(one.amount for one in both) == found.total_amount


def test_a_quote_of_another_shape_concerns_one_order_only():
    script = Script(httpx.Response(201, json={"data": quote(refund_methods=None)}))

    with pytest.raises(RejectedError, match="order 180"):
        bigcommerce(script).quote_refund("180", [product()])


def test_a_refund_is_sent_with_numbers_to_the_cent_and_its_reason_on_every_item():
    script = Script(httpx.Response(201, json={"data": refund(12), "meta": {}}))

    made = bigcommerce(script).create_refund(
        "180", [product(), product(88, reason="Own")], [paid("0.07")], reason="SC 31"
    )

    assert made.id == "12"
    sent = script.requests[0].content
    assert b'"amount": 0.07,' in sent
    body = json.loads(sent)
    assert [item["reason"] for item in body["items"]] == ["SC 31", "Own"]
    assert set(body) == {"items", "payments"}


def test_a_refund_without_a_reason_has_none():
    script = Script(httpx.Response(201, json={"data": refund(12)}))

    bigcommerce(script).create_refund("180", [product()], [paid()])

    assert "reason" not in json.loads(script.requests[0].content)["items"][0]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            httpx.Response(422, json={"data": [{"status": 422, "title": "Not for a guest."}]}),
            RejectedError,
            "Not for a guest",
        ),
        (httpx.Response(409, json={"status": 409, "title": "Busy."}), RejectedError, "Busy"),
        (httpx.Response(429), TransientError, "too fast"),
        (
            httpx.Response(503, json={"data": [{"error": "Tax is down"}]}),
            OutcomeUnknownError,
            "503",
        ),
        (httpx.Response(504), OutcomeUnknownError, "504"),
        (httpx.ReadTimeout("slow"), OutcomeUnknownError, "no answer"),
        (httpx.Response(201, json={"data": None}), OutcomeUnknownError, "Refund"),
        (httpx.Response(201), OutcomeUnknownError, "Refund"),
        (httpx.Response(201, json={"data": refund(1, payments=0)}), OutcomeUnknownError, "paym"),
    ],
)
def test_every_answer_to_a_refund_has_one_meaning(answer, error, words):
    script = Script(answer)

    with pytest.raises(error, match=words) as caught:
        bigcommerce(script).create_refund("180", [product()], [paid()])

    assert type(caught.value) is error
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"item_type": "PRODUCT", "item_id": 1},
        {"item_type": "PRODUCT", "item_id": 1, "amount": "1.00"},
        {"item_type": "PRODUCT", "item_id": 1, "quantity": 1, "amount": "1.00"},
        {"item_type": "PRODUCT", "item_id": 1, "quantity": 0},
        {"item_type": "PRODUCT", "item_id": 1, "quantity": -1},
        {"item_type": "SHIPPING", "item_id": 1},
        {"item_type": "SHIPPING", "item_id": 1, "quantity": 1},
        {"item_type": "ORDER", "item_id": 1, "amount": "0"},
        {"item_type": "ORDER", "item_id": 1, "amount": "1.005"},
        {"item_type": "ORDER", "item_id": 1, "amount": "jane@example.com"},
        {"item_type": "GIFT", "item_id": 1, "quantity": 1},
        {"item_type": "PRODUCT", "item_id": 1, "quantity": 1, "reason": "x" * 1001},
    ],
)
def test_a_part_that_no_refund_takes_is_not_made_up(given):
    with pytest.raises(ValidationError) as caught:
        RefundItemCreate.model_validate(given)

    assert "jane" not in str(caught.value)


def money_back(front, placed, *items: RefundItemCreate, way: int = 0, reason: str = "SC 31"):
    """Quote, take one alternative, refund."""
    order_id = str(placed.id)
    quoted = front.client.quote_refund(order_id, items)
    payments = [option.payment() for option in quoted.alternatives[way]]
    return quoted, front.client.create_refund(order_id, items, payments, reason)


def test_a_refund_is_quoted_made_and_found_again(front):
    placed = front.place()
    items = [product(placed.lines[0].id)]

    quoted, made = money_back(front, placed, *items)

    assert made.total_amount == quoted.total_amount
    assert (made.is_pending, made.is_declined) == (False, False)
    assert (made.reason, made.items[0].reason) == ("SC 31", "SC 31")
    assert front.client.get_refund(made.id) == made
    assert list(front.client.list_refunds(order_ids=[str(placed.id)])) == [made]
    (order,) = front.client.get_orders([str(placed.id)])
    assert (order.status_id, order.lines[0].quantity_refunded) == (14, 1)


def test_shipping_and_the_order_itself_are_refunded_by_amount(front):
    placed = front.place(shipping=[{"cost": "5.00"}])
    parts = [
        RefundItemCreate(
            item_type="SHIPPING", item_id=placed.lines[0].address_id, amount=Decimal("2.50")
        ),
        RefundItemCreate(item_type="ORDER", item_id=placed.id, amount=Decimal("1.07")),
    ]

    _, made = money_back(front, placed, *parts)

    assert [item.requested_amount for item in made.items] == [Decimal("2.5"), Decimal("1.07")]


def test_refunds_of_many_orders_and_since_a_moment_are_found(front):
    orders = [front.place() for _ in range(3)]
    for placed in orders:
        money_back(front, placed, product(placed.lines[0].id))
    front.log.clear()

    found = front.client.list_refunds(order_ids=[str(placed.id) for placed in orders])

    assert [one.order_id for one in found] == [str(placed.id) for placed in orders]
    assert front.log.count() == 1
    since = front.store.clock.now()
    assert len(list(front.client.list_refunds(created_from=since.replace(year=2020)))) == 3
    assert list(front.client.list_refunds(created_from=since.replace(year=since.year + 1))) == []


def test_a_refund_whose_gateway_answers_late_is_pending_until_then(front):
    front.store.switches.refund_payment_delay_s = 60
    placed = front.place()

    _, made = money_back(front, placed, product(placed.lines[0].id))

    assert made.is_pending
    assert front.client.get_refund(made.id).is_pending


def test_a_declined_refund_says_so(front):
    front.store.switches.refund_payments = "declined"
    placed = front.place()

    _, made = money_back(front, placed, product(placed.lines[0].id))

    assert (made.is_pending, made.is_declined) == (False, True)


def test_amounts_that_are_not_those_of_the_quote_are_refused(front):
    placed = front.place()

    with pytest.raises(RejectedError) as caught:
        front.client.create_refund(str(placed.id), [product(placed.lines[0].id)], [paid("0.01")])

    assert caught.value.status == 422
    assert "quote" in caught.value.message


def test_more_than_is_left_is_refused_by_the_quote(front):
    placed = front.place()

    with pytest.raises(RejectedError):
        front.client.quote_refund(str(placed.id), [product(placed.lines[0].id, 3)])


@pytest.mark.parametrize("as_", ["drop", "http_502"])
def test_a_refund_whose_answer_was_lost_is_found_by_its_reason(front, as_):
    placed = front.place()
    items = [product(placed.lines[0].id)]
    quoted = front.client.quote_refund(str(placed.id), items)
    payments = [option.payment() for option in quoted.alternatives[0]]
    front.faults.configure([{"kind": "lost_answer", "method": "POST", "times": 1, "as": as_}])

    with pytest.raises(OutcomeUnknownError):
        front.client.create_refund(str(placed.id), items, payments, "SC 31")

    (found,) = front.client.list_refunds(order_ids=[str(placed.id)])
    assert [item.reason for item in found.items] == ["SC 31"]
