"""Metafields of orders: made, read, changed and deleted by the app that they belong to."""

import pytest

from sandbox.bigcommerce.metafields_api import NewMetafield, keep

FIELD = {"permission_set": "app_only", "namespace": "causeway", "key": "sales_order", "value": "7"}


@pytest.fixture
def path(shop):
    return f"/v3/orders/{shop.place().id}/metafields"


def test_a_metafield_is_made_read_changed_and_deleted(shop, path):
    made = shop.call("POST", path, FIELD).body["data"]
    one = f"{path}/{made['id']}"

    changed = shop.call("PUT", one, {"value": "8"}).body["data"]

    assert (made["resource_type"], made["owner_client_id"]) == ("order", "sandbox-client-id")
    assert shop.get(path)["data"] == [changed] == [shop.get(one)["data"]]
    assert changed["value"] == "8"
    assert shop.call("DELETE", one).status == 204
    assert shop.get(path)["data"] == []
    assert [scope for scope in shop.scopes() if "metafield" in scope] == [
        f"store/order/metafield/{what}" for what in ("created", "updated", "deleted")
    ]


def test_the_same_key_of_one_order_is_a_conflict(shop, path):
    shop.call("POST", path, FIELD)

    assert shop.call("POST", path, FIELD).status == 409
    assert shop.call("POST", path, FIELD | {"key": "other"}).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"namespace": "a"}, "key"),
        (FIELD | {"key": "x" * 65}, "key"),
        (FIELD | {"value": ""}, "value"),
        (FIELD | {"value": 7}, "value"),
        (FIELD | {"permission_set": "all"}, "permission_set"),
    ],
)
def test_a_metafield_that_is_not_valid_is_refused_by_field(shop, path, body, field):
    answer = shop.call("POST", path, body)

    assert answer.status == 422
    assert field in answer.body["errors"]


@pytest.mark.parametrize(
    ("permission_set", "seen", "status"),
    [("app_only", False, 404), ("read", True, 403), ("write", True, 200)],
)
def test_what_another_app_keeps_is_seen_and_changed_as_it_permits(
    shop, permission_set, seen, status
):
    order = shop.place()
    foreign = keep(
        shop.store,
        NewMetafield(order_id=order.id, key="id", value="A", permission_set=permission_set),
    )
    path = f"/v3/orders/{order.id}/metafields"

    assert bool(shop.get(path)["data"]) == seen
    assert shop.call("PUT", f"{path}/{foreign['id']}", {"value": "B"}).status == status
    assert shop.call("DELETE", f"{path}/{foreign['id']}").status == (403 if seen else 404)


def test_metafields_of_all_orders_are_filtered_by_key_and_namespace(shop):
    first, second = shop.place(), shop.place()
    rows = [
        FIELD | {"resource_id": first.id},
        FIELD | {"resource_id": second.id, "key": "other", "namespace": "elsewhere"},
    ]
    assert shop.call("POST", "/v3/orders/metafields", rows).status == 200

    def orders(**query):
        return [row["resource_id"] for row in shop.get("/v3/orders/metafields", **query)["data"]]

    assert orders() == [first.id, second.id]
    assert orders(direction="desc") == [second.id, first.id]
    assert orders(key="other") == orders(**{"namespace:in": "elsewhere,x"}) == [second.id]
    assert orders(**{"key:in": "sales_order"}) == orders(namespace="causeway") == [first.id]


def test_a_batch_does_what_it_can_and_names_the_rest(shop):
    order = shop.place()
    rows = [FIELD | {"resource_id": order.id}, FIELD | {"resource_id": 999_999}]

    made = shop.call("POST", "/v3/orders/metafields", rows)
    (field,) = made.body["data"]
    changed = shop.call("PUT", "/v3/orders/metafields", [{"id": field["id"], "value": "9"}])
    gone = shop.call("DELETE", "/v3/orders/metafields", [field["id"], 4711])

    assert (made.status, made.body["meta"]) == (422, {"total": 2, "success": 1, "failed": 1})
    assert (changed.status, changed.body["data"][0]["value"]) == (200, "9")
    assert (gone.status, gone.body["data"]) == (422, [field["id"]])


def test_what_is_no_list_is_no_batch(shop):
    assert shop.call("POST", "/v3/orders/metafields", {}).status == 400
    assert shop.call("DELETE", "/v3/orders/metafields", ["a"]).status == 400
