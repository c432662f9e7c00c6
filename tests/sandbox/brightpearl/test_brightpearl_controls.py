"""The controls under `/_sandbox/`: what staff do on a tester's request, over HTTP and at random."""

import asyncio
import contextlib

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.brightpearl.app import create_app
from sandbox.brightpearl.controls import ACTIONS, perform
from sandbox.brightpearl.refusals import Refusal

NAMES = sorted({name for _, shape, _ in ACTIONS for name in shape.model_fields})
TEXTS = st.sampled_from(["MUG", "line-1", "BC-1", "shipped", "packed", "name", "100001", "500001"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 12), st.just(100_001), TEXTS)
MUG = 1007
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(TEXTS, SCALARS, max_size=2),
    st.lists(st.dictionaries(st.sampled_from(["sku", "id", "quantity", "net"]), SCALARS)),
)


def perform_all(account, *steps):
    """The answers to controls, one after the other, by an application that runs meanwhile."""

    async def go():
        app = create_app(account)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bp.test") as http:
            return [await http.post(f"/_sandbox/{name}", json=body) for name, body in steps]

    return asyncio.run(go())


def test_staff_play_the_whole_life_of_an_order(api):
    order_id = api.order()

    answers = perform_all(
        api.account,
        ("edit", {"external_ref": "BC-1", "rows": [{"external_ref": "line-1", "quantity": 3}]}),
        ("payment", {"order_id": order_id}),
        ("backorder", {"order_id": order_id, "rows": {"line-1": 1}}),
        ("ship", {"order_id": order_id, "rows": {"MUG": 1}, "tracking": "T1"}),
        ("dropship", {"order_id": order_id, "tracking": "T2"}),
        ("credit", {"order_id": order_id, "rows": [{"sku": "MUG", "quantity": 1}]}),
    )

    assert [answer.status_code for answer in answers] == [200] * 6
    credit = answers[-1].json()["credit_id"]
    assert api.sales_order(order_id)["shippingStatusCode"] == "ASS"
    last = perform_all(
        api.account,
        ("receive", {"order_id": credit, "quarantine": True, "batch_reference": "R-1"}),
        ("payment", {"order_id": credit}),
        ("edit", {"order_id": credit, "close": True}),
        ("stock", {"sku": "MUG", "release_quarantined": 1}),
    )
    assert [answer.status_code for answer in last] == [200] * 4
    assert last[-1].json()["on_hand"] == 10


def test_a_misspelt_name_is_a_mistake_and_does_nothing(api):
    order_id = api.order()

    (answer,) = perform_all(api.account, ("ship", {"order_id": order_id, "tracking_number": "T1"}))

    assert answer.status_code == 400
    assert "tracking_number" in answer.json()["errors"][0]["message"]
    assert api.account.goods_out == {}


@pytest.mark.parametrize("unknown", [{"tax_code": "T99"}, {"variations": {"Taste": "sweet"}}])
def test_a_product_with_a_name_that_does_not_exist_is_refused_and_not_made(api, unknown):
    products = len(api.account.products)

    (answer,) = perform_all(api.account, ("products", {"sku": "PEN"} | unknown))

    assert answer.status_code == 400
    assert "there is no" in answer.json()["errors"][0]["message"]
    assert len(api.account.products) == products


def test_one_refused_item_of_a_list_names_its_reason(api):
    api.order()

    (answer,) = perform_all(
        api.account, ("ship", [{"external_ref": "BC-1"}, {"external_ref": "BC-1"}])
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "WHSC-914"
    assert len(api.account.goods_out) == 1


def test_an_external_reference_means_the_order_before_its_credit(api):
    api.call("POST", "/order-service/sales-credit", api.order_body("BC-1"))
    order_id = api.order()

    (answer,) = perform_all(api.account, ("edit", {"external_ref": "BC-1", "hold": True}))

    assert answer.json()["order_id"] == order_id


@pytest.mark.parametrize(("name", "shape", "act"), ACTIONS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_whatever_is_asked_is_done_or_refused(api, name, shape, act, body):
    if not api.account.orders:
        api.order()
    known = {key: value for key, value in body.items() if key in shape.model_fields}
    names_no_order = name in {"stock", "products", "notices/flood"}
    wanted = known if names_no_order else {"external_ref": "BC-1"} | known

    with contextlib.suppress(Refusal):
        assert perform(api.account, shape, act, wanted)
    assert all(held.on_hand >= 0 for held in api.account.stock[MUG].values())
