"""Bodies nobody meant to send: each is answered, none breaks the account."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.brightpearl.api import Call
from sandbox.brightpearl.gateway import ROUTER

WRITES = [
    (method, template)
    for method, template in sorted(ROUTER.operations())
    if method in {"POST", "PUT", "PATCH"}
]
TEXTS = st.sampled_from(
    [
        "op",
        "path",
        "value",
        "replace",
        "add",
        "/reference",
        "/PCF_TEAM",
        "id",
        "rows",
        "products",
        "productId",
        "quantity",
        "customer",
        "net",
        "tax",
        "taxCode",
        "T20",
        "orderTypeCode",
        "SO",
        "/quantity/magnitude",
        "/warehouseId",
        "orderStatus",
        "orderStatusId",
        "parties",
        "events",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 600_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    TEXTS,
)
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXTS, st.text(max_size=5)), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(("method", "template"), WRITES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODIES)
def test_any_json_is_answered_and_never_breaks_the_account(
    api: Any, method: str, template: str, body: Any
) -> None:
    if not api.account.orders:
        api.order()
    values = {
        "ids": str(next(iter(api.account.products))),
        "warehouse": "2",
        "rows": "500001",
        "row": "500001",
        "orders": "100001",
        "order": "100001",
        "lists": "2",
    }
    path = template
    for name, value in values.items():
        path = path.replace("{" + name + "}", value)
    owner = {
        "order-service": "100001",
        "product-service": values["ids"],
        "contact-service": "201",
        "warehouse-service": "100001",
    }
    path = path.replace("{id}", owner.get(path.split("/")[1], "1"))

    reply = ROUTER.handle(api.account, Call(method, path, {}, json.dumps(body).encode()))

    assert reply.status in {200, 207, 400, 404, 412, 500}
    assert reply.status == 200 or json.dumps(reply.body)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/delivery/deliveryDate", "soon"),
        ("/delivery/shippingMethodId", "x"),
        ("/warehouseId", {"id": 2}),
        ("/parties/customer/contactId", []),
    ],
)
def test_a_patch_value_of_the_wrong_kind_is_a_client_mistake(api, path, value):
    order_id = api.order()

    patch = [{"op": "replace", "path": path, "value": value}]
    answer = api.call("PATCH", f"/order-service/order/{order_id}", patch)

    assert answer.status == 400


def test_a_row_quantity_that_is_no_number_is_a_client_mistake(api):
    order_id = api.order()
    patch = [{"op": "replace", "path": "/quantity/magnitude", "value": "two"}]

    path = f"/order-service/order/{order_id}/row/{api.row_id(order_id)}"
    assert api.call("PATCH", path, patch).status == 400
