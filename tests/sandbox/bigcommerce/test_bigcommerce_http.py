"""The store's front door over real HTTP: credentials, quota, headers, faults."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from waiting import WITHIN_S

from sandbox.bigcommerce.switches import BigCommerceSwitches

TOKEN = {"X-Auth-Token": "sandbox-access-token"}
CONTROL = "/_sandbox"


@pytest.fixture
def world(sandboxes) -> Iterator[Any]:
    """The sandboxes, with switches, faults and counts as new."""
    yield sandboxes
    sandboxes.bigcommerce_faults.configure([])
    sandboxes.bigcommerce_requests.clear()
    fresh = BigCommerceSwitches(limits="off")
    for name, value in vars(fresh).items():
        setattr(sandboxes.store.switches, name, value)


@pytest.fixture
def api(world) -> Iterator[httpx.Client]:
    base = f"{world.bigcommerce_url}/stores/sandbox"
    with httpx.Client(base_url=base, headers=TOKEN, timeout=WITHIN_S) as client:
        yield client


@pytest.fixture
def control(world) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{world.bigcommerce_url}{CONTROL}", timeout=WITHIN_S) as client:
        yield client


def place(control: httpx.Client, **basket: Any) -> int:
    answer = control.post("/orders", json={"lines": [{"name": "Card", "price": "2"}], **basket})
    assert answer.status_code == 200, answer.text
    return answer.json()["ids"][0]


@pytest.mark.parametrize(
    ("store_hash", "headers"),
    [("sandbox", {}), ("sandbox", {"X-Auth-Token": "wrong"}), ("other", TOKEN)],
)
def test_a_wrong_token_or_store_is_401_in_the_shape_of_the_version(world, store_hash, headers):
    base = f"{world.bigcommerce_url}/stores/{store_hash}"
    v2 = httpx.get(f"{base}/v2/orders", headers=headers, timeout=WITHIN_S)
    v3 = httpx.get(f"{base}/v3/hooks", headers=headers, timeout=WITHIN_S)

    assert (v2.status_code, v2.json()[0]["status"]) == (401, 401)
    assert (v3.status_code, v3.json()["status"]) == (401, 401)
    assert "x-rate-limit-requests-left" in v2.headers


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        ("store_v2_orders_read_only", "GET", "/v2/orders/count", 200),
        ("store_v2_orders_read_only", "DELETE", "/v2/orders/1", 403),
        ("store_v2_products", "GET", "/v2/orders/count", 403),
        ("store_v2_orders", "GET", "/v3/orders/payment_actions/refunds", 200),
        ("store_v2_orders", "GET", "/v3/orders/1/transactions", 403),
        ("store_v2_products", "GET", "/v3/hooks", 200),
    ],
)
def test_a_missing_scope_is_403(world, api, scopes, method, path, status):
    world.store.switches.scopes = scopes

    assert api.request(method, path).status_code == status


def test_a_body_must_be_json_and_the_caller_must_take_json(api):
    assert api.get("/v2/time", headers={"Accept": "application/xml"}).status_code == 406
    put = api.put("/v2/orders/1", content=b"a=b", headers={"Content-Type": "text/plain"})
    assert put.status_code == 415


def test_the_quota_is_a_fixed_window_with_headers_on_every_answer(world, api, clock_jump):
    world.store.switches.limits = "documented"
    clock_jump(31)

    left = [int(api.get("/v2/time").headers["x-rate-limit-requests-left"]) for _ in range(150)]
    refused_v2, refused_v3 = api.get("/v2/time"), api.get("/v3/hooks")

    assert left == list(range(149, -1, -1))
    assert refused_v2.status_code == refused_v3.status_code == 429
    assert refused_v2.headers["x-rate-limit-time-window-ms"] == "30000"
    assert 0 < int(refused_v2.headers["x-rate-limit-time-reset-ms"]) <= 30_000
    assert (refused_v2.json()[0]["status"], refused_v3.json()["title"]) == (
        429,
        "Too many requests",
    )
    clock_jump(30)
    assert api.get("/v2/time").status_code == 200


@pytest.fixture
def clock_jump(control):
    def jump(seconds: float) -> None:
        assert control.post("/clock", json={"advance_s": seconds}).status_code == 200

    return jump


def test_other_apps_use_up_quota_too(world, api, clock_jump):
    world.store.switches.limits, world.store.switches.foreign_requests = "documented", 149
    clock_jump(31)

    assert [api.get("/v2/time").status_code for _ in range(2)] == [200, 429]


def test_large_answers_are_compressed_for_those_who_accept_it(world, control):
    place(control)
    url = f"{world.bigcommerce_url}/stores/sandbox/v2/orders"
    with httpx.stream("GET", url, headers={**TOKEN, "Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    plain = httpx.get(url, headers={**TOKEN, "Accept-Encoding": "identity"}, timeout=WITHIN_S)

    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers


def test_a_lost_answer_leaves_the_write_in_place(world, api, control):
    number = place(control)
    fault = {"kind": "lost_answer", "method": "PUT", "path": "^/v2/orders/", "times": 1}
    assert control.put("/faults", json=[fault]).status_code == 200

    with pytest.raises(httpx.TransportError):
        api.put(f"/v2/orders/{number}", json={"external_order_id": "SO-1"})

    assert api.get(f"/v2/orders/{number}").json()["external_order_id"] == "SO-1"
    assert control.get("/faults").json()[0]["struck"] == 1


@pytest.mark.parametrize(
    ("kind", "status", "applied"),
    [
        ("http_500", 500, False),
        ("http_502_html", 502, False),
        ("http_503", 503, False),
        ("http_504", 504, False),
        ("maintenance", 503, False),
        ("throttle_without_headers", 429, False),
        ("error_after_commit", 500, True),
        ("truncated_json", 200, True),
        ("empty_answer", 200, True),
    ],
)
def test_each_fault_answers_its_status_and_applies_the_write_or_not(
    api, control, kind, status, applied
):
    number = place(control)
    control.put("/faults", json=[{"kind": kind, "method": "PUT"}])

    answer = api.put(f"/v2/orders/{number}", json={"staff_notes": "x"})

    assert answer.status_code == status
    assert (api.get(f"/v2/orders/{number}").json()["staff_notes"] == "x") is applied
    if kind == "truncated_json":
        with pytest.raises(ValueError, match=r"Unterminated|Expecting|Invalid"):
            answer.json()
    if kind == "empty_answer":
        assert not answer.content
    if kind == "throttle_without_headers":
        assert "x-rate-limit-requests-left" not in answer.headers


def test_a_dropped_connection_applies_nothing(api, control):
    number = place(control)
    control.put("/faults", json=[{"kind": "drop_connection", "method": "PUT"}])

    with pytest.raises(httpx.TransportError):
        api.put(f"/v2/orders/{number}", json={"staff_notes": "x"})

    assert api.get(f"/v2/orders/{number}").json()["staff_notes"] == ""


def test_documents_may_carry_unknown_fields_nulls_and_no_lines(api, control):
    number = place(control)
    whole = {"include": "consignments.line_items", "consignment_structure": "object"}
    faults = [
        ({"kind": "extra_fields"}, lambda order: "field_nobody_knows" in order),
        ({"kind": "null_fields", "field": "staff_notes"}, lambda o: o["staff_notes"] is None),
        (
            {"kind": "empty_line_items"},
            lambda o: o["consignments"]["shipping"][0]["line_items"] == [],
        ),
    ]
    for fault, holds in faults:
        control.put("/faults", json=[fault])
        assert holds(api.get(f"/v2/orders/{number}", params=whole).json())
        assert holds(api.get("/v2/orders", params={**whole, "min_id": number}).json()[0])


def test_requests_are_counted_by_method_and_template_and_controls_are_not(world, api, control):
    control.delete("/requests")
    number = place(control)
    for _ in range(3):
        api.get(f"/v2/orders/{number}")
    api.get("/v2/orders/1")

    counted = control.get("/requests").json()

    assert counted["requests"] == {"GET /v2/orders/{id}": {"count": 4, "throttled": 0, "failed": 1}}
    assert world.bigcommerce_requests.count("GET", "/v2/orders/{id}") == 4


def test_too_many_requests_at_once_are_throttled_when_the_cap_is_on(world, control):
    world.store.switches.concurrent_requests = 2
    world.store.switches.latency_ms = 100

    async def burst() -> list[int]:
        base = f"{world.bigcommerce_url}/stores/sandbox"
        async with httpx.AsyncClient(base_url=base, headers=TOKEN, timeout=WITHIN_S) as client:
            answers = await asyncio.gather(*(client.get("/v2/time") for _ in range(5)))
        return sorted(answer.status_code for answer in answers)

    assert asyncio.run(burst()) == [200, 200, 429, 429, 429]


def test_controls_refuse_what_they_do_not_understand(control):
    for path, body, status in (
        ("/orders", {"lines": [], "colour": 1}, 400),
        ("/orders", {"lines": [{"sku": "", "name": ""}]}, 409),
        ("/orders", {"lines": [{"name": "x"}], "currency": "SEK"}, 409),
        ("/pay", {"order_id": 1}, 404),
        ("/edit", {"order_id": 1}, 404),
        ("/stock", {"sku": "none"}, 404),
        ("/clock", {}, 400),
    ):
        answer = control.post(path, json=body)
        assert (answer.status_code, "error" in answer.json()) == (status, True), path
    assert control.put("/faults", json=[{"kind": "earthquake"}]).status_code == 400
    assert control.put("/switches", json={"limits": "some"}).status_code == 400
    assert control.put("/switches", json={"colour": 1}).status_code == 400
    assert control.put("/deliveries", json={"speed": 1}).status_code == 400


def test_switches_are_shown_with_their_meaning_and_set_together(world, control):
    changed = control.put("/switches", json={"plan": "pro", "latency_ms": 0}).json()

    assert changed["plan"]["value"] == world.store.switches.plan == "pro"
    assert all(switch["meaning"] for switch in changed.values())


def test_the_state_shows_counts_and_full_records(control):
    number = place(control, payment="authorized")

    state = control.get("/state", params={"only": "counts,orders"}).json()

    order = state["orders"][str(number)]
    assert set(state) == {"counts", "orders"}
    assert (order["total_inc_tax"], order["paid"]) == ("7.1400", "0")
    assert order["transactions"][0]["event"] == "authorization"
    assert control.get("/health").json() == {"status": "ok"}


def test_an_install_code_is_exchanged_for_the_token_once(world):
    url = f"{world.bigcommerce_url}/oauth2/token"
    sent = {
        "client_id": "sandbox-client-id",
        "client_secret": "sandbox-client-secret",
        "code": "abc",
        "context": "stores/sandbox",
        "scope": "store_v2_orders",
        "grant_type": "authorization_code",
        "redirect_uri": "https://example.com/auth",
    }

    first, again = (
        httpx.post(url, json=sent, timeout=WITHIN_S),
        httpx.post(url, data=sent, timeout=WITHIN_S),
    )

    assert first.json()["access_token"] == TOKEN["X-Auth-Token"]
    assert again.status_code == 400
    assert httpx.post(url, json=sent | {"client_secret": "x"}, timeout=WITHIN_S).status_code == 401


@pytest.mark.parametrize("what", ["shipments", "refunds"])
def test_a_shipment_or_refund_whose_answer_is_lost_is_there_all_the_same(api, control, what):
    number = place(control)
    order = api.get(f"/v2/orders/{number}/products").json()[0]
    items = [{"order_product_id": order["id"], "quantity": 1}]
    item = {"item_type": "PRODUCT", "item_id": order["id"], "quantity": 1}
    path, body = {
        "shipments": (
            f"/v2/orders/{number}/shipments",
            {"order_address_id": order["order_address_id"], "items": items},
        ),
        "refunds": (
            f"/v3/orders/{number}/payment_actions/refunds",
            {"items": [item], "payments": [{"provider_id": "stripe", "amount": 2.4}]},
        ),
    }[what]
    control.put("/faults", json=[{"kind": "lost_answer", "method": "POST", "times": 1}])

    with pytest.raises(httpx.TransportError):
        api.post(path, json=body)

    listed = api.get(path).json()
    assert len(listed["data"] if what == "refunds" else listed) == 1
    assert api.post(path, json=body).status_code in {400, 422}


def test_shipments_need_the_scope_of_orders_and_refunds_either_of_two(api, control):
    number = place(control)
    paths = {
        "shipments": f"/v2/orders/{number}/shipments",
        "refunds": f"/v3/orders/{number}/payment_actions/refunds",
    }
    expected = {
        "store_v2_transactions": {"shipments": 403, "refunds": 422},
        "store_v2_orders": {"shipments": 400, "refunds": 422},
        "store_v2_orders_read_only": {"shipments": 403, "refunds": 403},
    }
    for scope, statuses in expected.items():
        control.put("/switches", json={"scopes": scope})
        for what, status in statuses.items():
            assert api.post(paths[what], json={}).status_code == status


def test_429_for_want_of_quota_says_when_to_come_again_unless_switched_off(world, api):
    world.store.switches.limits = "documented"
    world.store.switches.foreign_requests = 1000

    refused = api.get("/v2/time")
    reset_ms = int(refused.headers["x-rate-limit-time-reset-ms"])

    assert refused.status_code == 429
    assert reset_ms <= int(refused.headers["x-retry-after"]) * 1000 < reset_ms + 1000
    world.store.switches.retry_after = False
    assert "x-retry-after" not in api.get("/v2/time").headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v3/inventory/locations/99/items", None),
        ("PUT", "/v3/inventory/adjustments/absolute", {"items": [{"sku": "nowhere"}]}),
        ("POST", "/v3/inventory/adjustments/relative", {"items": []}),
        ("PUT", "/v3/inventory/locations/1/items", {"settings": []}),
    ],
)
def test_errors_of_inventory_are_problem_documents(api, method, path, body):
    answer = api.request(method, path, json=body)

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.get("/v3/inventory/items").headers["content-type"] == "application/json"
    assert api.get("/v3/hooks/1").headers["content-type"] == "application/json"


def test_the_shapes_of_the_field_are_made_by_controls(api, control):
    order = place(control, pickup={}, external_order_id="AMZ-1", email="")
    kept = control.post("/metafields", json={"order_id": order, "key": "id", "value": "7"})
    paid = control.post("/pay", json={"order_id": order, "action": "add", "amount": "10"})
    edited = control.post("/edit", json={"order_id": order, "collected": True})

    assert kept.json()["owner_client_id"] == "another-client-id"
    assert len(paid.json()["transaction_ids"]) == 2
    assert edited.json()["status_id"] == 10
    assert api.get(f"/v3/orders/{order}/metafields").json()["data"][0]["value"] == "7"
    wrong = control.post("/metafields", json={"order_id": order, "key": "", "value": "7"})
    assert (wrong.status_code, "key" in wrong.json()["error"]) == (400, True)
