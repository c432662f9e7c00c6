"""Which answers prove that a write was not done: all others leave its outcome unknown.

After such an answer the caller reads what was written, and never simply sends it again.
"""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.bigcommerce.inventory_models import StockChange
from connectors.bigcommerce.refund_models import RefundItemCreate, RefundPaymentCreate
from connectors.bigcommerce.shipment_models import ShipmentCreate, ShipmentItemCreate
from connectors.brightpearl import messages
from connectors.brightpearl.account_models import ContactCreate, PaymentCreate, PostalAddress
from connectors.brightpearl.goods_note_models import GoodsInCreate, GoodsMovedCreate, UnitCost
from connectors.brightpearl.messages import Message
from connectors.brightpearl.models import (
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    RowAdd,
    SalesOrderCreate,
)
from connectors.brightpearl.stock_models import StockCorrection
from core.errors import (
    ConfigError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from tests.connectors.conftest import Script, bigcommerce, brightpearl

NOW = datetime(2026, 7, 1, tzinfo=UTC)
THROTTLED = {"response": "You have sent too many requests. Please wait before sending another"}
HTML = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}
PACKED = gzip.compress(json.dumps({"response": list(range(2000))}).encode())


def create_shipment(script: Script) -> Any:
    items = (ShipmentItemCreate(order_product_id=1, quantity=1),)
    return bigcommerce(script).create_shipment("7", ShipmentCreate(order_address_id=3, items=items))


def create_refund(script: Script) -> Any:
    item = RefundItemCreate(item_type="PRODUCT", item_id=1, quantity=1)
    payment = RefundPaymentCreate(provider_id="card", amount=Decimal("1.50"), offline=False)
    return bigcommerce(script).create_refund("7", [item], [payment])


def add_stock(script: Script) -> Any:
    change = StockChange("1", "sku", "MUG", 3)
    return bigcommerce(script).adjust_stock([change], kind="relative", reason="Counted")


def create_hook(script: Script) -> Any:
    return bigcommerce(script).create_hook("store/order/*", "https://hooks.test/x", {})


STORE_WRITES = [create_shipment, create_refund, add_stock, create_hook]

ADDRESS = PostalAddress(line_1="1 High St")
CONTACT = ContactCreate(first_name="Ann", last_name="Lee", address_ids={"DEF": 1}, communication={})
GOODS = GoodsInCreate(
    warehouse_id=2,
    moved=(
        GoodsMovedCreate(
            product_id=1,
            row_id=1,
            quantity=1,
            location_id=2,
            unit_cost=UnitCost(currency="GBP", value=Decimal(0)),
        ),
    ),
    received_at=NOW,
    batch_ref="BC-7-R1",
)
ROW = RowAdd(name="Gift", quantity="1", tax_code="T0", net=Decimal("1.50"), tax=Decimal(0))
TAKEN = StockCorrection(product_id=7, quantity=-3, location_id=2)
ORDER = SalesOrderCreate(
    customer=CustomerRef(id=1),
    billing=BillingRef(contact_id=1),
    delivery=Delivery(),
    ref="7",
    external_ref="BC-7",
    instance_id=4711,
    placed_on=NOW,
    tax_date="2026-07-01",
    status_id=2,
    warehouse_id=2,
    channel_id=2,
    price_mode_code="EXC",
    currency=CurrencyRef(code="GBP"),
    rows=(),
)
PAYMENT = PaymentCreate(
    method_code="CARD",
    payment_type="RECEIPT",
    order_id=7,
    currency_code="GBP",
    paid_at=NOW,
    transaction_ref="tx-1",
    amount=Decimal("1.50"),
)
KEYED = [messages.create_sales_order("m", ORDER), messages.create_sales_credit("m", ORDER)]
"""What Brightpearl does not create twice, and what is found by its reference."""
UNKEYED = [
    messages.create_payment("m", PAYMENT),
    messages.create_address("m", ADDRESS),
    messages.create_contact("m", CONTACT),
    messages.create_goods_in("m", "8", GOODS),
    messages.add_row("m", "7", ROW),
    messages.correct_stock("m", "2", [TAKEN], "Counted"),
]
ACCOUNT_WRITES = [*KEYED, *UNKEYED]

MAY_BE_DONE = {
    "no answer": httpx.ReadTimeout("slow"),
    "a dropped connection": httpx.RemoteProtocolError("gone"),
    "half a request": httpx.WriteError("gone"),
    "a proxy's timeout": httpx.Response(408),
    "an error": httpx.Response(500),
    "an error of HTML": httpx.Response(500, html="<h1>oops</h1>"),
    "a bad gateway": httpx.Response(502, html="<h1>Bad gateway</h1>"),
    "an outage": httpx.Response(503, html="<h1>Down for maintenance</h1>"),
    "a gateway's timeout": httpx.Response(504),
    "an unknown error": httpx.Response(524),
    "an empty list": httpx.Response(200, json=[]),
    "half a document": httpx.Response(200, content=b'{"response": 1', headers=JSON),
    "half a packed document": httpx.Response(
        200, content=PACKED[: len(PACKED) // 2], headers={**JSON, "content-encoding": "gzip"}
    ),
    "a page of HTML": httpx.Response(200, content=b"<h1>Welcome</h1>", headers=HTML),
    "a text": httpx.Response(200, json="done"),
    "a number": httpx.Response(200, json=1),
}
"""Answers, of either system, to a write that may have been carried out."""

WITHOUT_ID = {
    "nothing": httpx.Response(200),
    "no content": httpx.Response(204),
    "null": httpx.Response(200, content=b"null", headers=JSON),
    "an empty object": httpx.Response(200, json={}),
    "an answer of null": httpx.Response(200, json={"response": None, "data": None}),
    "an answer of another type": httpx.Response(200, json={"response": {"a": 1}, "data": "x"}),
    "an answer of nothing": httpx.Response(200, json={"response": "", "data": {}}),
}
"""Good answers, of either system, that do not say what was created."""

NOT_DONE = {
    "no connection": (httpx.ConnectError("refused"), TransientError),
    "no connection in time": (httpx.ConnectTimeout("slow"), TransientError),
    "no free connection": (httpx.PoolTimeout("busy"), TransientError),
    "too fast": (httpx.Response(429), TransientError),
    "not signed in": (httpx.Response(401), ConfigError),
    "not allowed": (httpx.Response(403), ConfigError),
    "not found": (httpx.Response(404), NotFoundError),
    "refused": (httpx.Response(400), RejectedError),
    "in conflict": (httpx.Response(409), RejectedError),
    "too large": (httpx.Response(413), RejectedError),
}
"""Answers, of either system, which prove that nothing was done."""


def outcome_of(message: Message, reply: Any) -> Any:
    """The outcome of one message sent alone, raised or not."""
    try:
        (outcome,) = brightpearl(Script(reply)).send([message]).values()
    except Exception as error:  # noqa: BLE001 - the test checks its class
        return error
    return outcome


@pytest.mark.parametrize("answer", MAY_BE_DONE | WITHOUT_ID)
@pytest.mark.parametrize("write", STORE_WRITES)
def test_a_write_to_the_store_is_unknown_where_nothing_proves_that_it_was_not_done(write, answer):
    with pytest.raises(OutcomeUnknownError) as caught:
        write(Script((MAY_BE_DONE | WITHOUT_ID)[answer]))

    assert type(caught.value) is OutcomeUnknownError


@pytest.mark.parametrize("answer", MAY_BE_DONE)
@pytest.mark.parametrize("message", ACCOUNT_WRITES, ids=lambda message: message.uri)
def test_a_write_to_the_account_is_unknown_where_nothing_proves_that_it_was_not_done(
    message, answer
):
    assert type(outcome_of(message, MAY_BE_DONE[answer])) is OutcomeUnknownError


@pytest.mark.parametrize("answer", WITHOUT_ID)
@pytest.mark.parametrize("message", UNKEYED, ids=lambda message: message.uri)
def test_a_create_that_answers_no_id_is_unknown(message, answer):
    assert type(outcome_of(message, WITHOUT_ID[answer])) is OutcomeUnknownError


@pytest.mark.parametrize("answer", WITHOUT_ID)
@pytest.mark.parametrize("message", KEYED, ids=lambda message: message.uri)
def test_a_create_under_a_key_of_ours_may_answer_no_id(message, answer):
    assert outcome_of(message, WITHOUT_ID[answer]) is None


@pytest.mark.parametrize("answer", NOT_DONE)
@pytest.mark.parametrize("write", STORE_WRITES)
def test_a_write_to_the_store_that_was_not_done_is_named_by_who_must_act(write, answer):
    reply, error = NOT_DONE[answer]

    with pytest.raises(error) as caught:
        write(Script(reply))

    assert type(caught.value) is error


@pytest.mark.parametrize("answer", NOT_DONE)
@pytest.mark.parametrize("message", ACCOUNT_WRITES, ids=lambda message: message.uri)
def test_a_write_to_the_account_that_was_not_done_is_named_by_who_must_act(message, answer):
    reply, error = NOT_DONE[answer]

    assert type(outcome_of(message, reply)) is error


@pytest.mark.parametrize("message", ACCOUNT_WRITES, ids=lambda message: message.uri)
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (THROTTLED, TransientError),
        ({"errors": [{"code": "ORDC-024", "message": "No"}]}, RejectedError),
        ({"errors": [{"code": "ORDB-001", "message": "No"}]}, RejectedError),
        ({"errors": [{"code": "CMNU-003", "message": "oops"}]}, OutcomeUnknownError),
        ({"response": "down for maintenance"}, OutcomeUnknownError),
        ({}, OutcomeUnknownError),
    ],
)
def test_what_brightpearl_says_with_a_503_separates_throttling_and_refusals_from_outages(
    message, body, error
):
    assert type(outcome_of(message, httpx.Response(503, json=body))) is error


@pytest.mark.parametrize("message", ACCOUNT_WRITES, ids=lambda message: message.uri)
def test_an_answer_that_lists_errors_is_no_success_whatever_its_status(message):
    refused = {"errors": [{"code": "ORDC-024", "message": "No"}]}
    broken = {"errors": [{"code": "CMNU-003", "message": "oops"}]}

    assert type(outcome_of(message, httpx.Response(207, json=refused))) is RejectedError
    assert type(outcome_of(message, httpx.Response(200, json=broken))) is OutcomeUnknownError


@pytest.mark.parametrize("status", [501, 505, 507, 509])
def test_what_bigcommerce_cannot_or_may_not_do_is_refused(status):
    with pytest.raises(RejectedError):
        create_shipment(Script(httpx.Response(status)))


@pytest.mark.parametrize("status", [423, 429])
def test_a_store_that_is_locked_or_throttles_did_nothing(status):
    with pytest.raises(TransientError) as caught:
        create_shipment(Script(httpx.Response(status)))

    assert type(caught.value) is TransientError
