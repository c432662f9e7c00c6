"""The account over HTTP: credentials, quota, faults, controls."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sandbox.brightpearl import reference
from sandbox.brightpearl.app import create_app
from sandbox.brightpearl.records import Outgoing
from sandbox.brightpearl.webhooks import QualityPolicy, wants_retry
from sandbox.kit.delivery import Deliveries, Message
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog

BASE = "http://bp.test/public-api/sandbox"
KEYS = {
    "brightpearl-app-ref": reference.APP_REF,
    "brightpearl-account-token": reference.ACCOUNT_TOKEN,
}


@dataclass
class Server:
    http: httpx.Client
    transport: httpx.BaseTransport
    faults: Faults
    log: RequestsLog
    sent: list[Message]


class SyncTransport(httpx.BaseTransport):
    """Runs the application for each request, without a socket."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            moved = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
            answer = await transport.handle_async_request(moved)
            content = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=content)

        return asyncio.run(go())


@pytest.fixture
def server(account, monkeypatch):
    faults, log, sent = Faults(), RequestsLog(), []
    monkeypatch.setattr(Deliveries, "put", lambda _self, message: sent.append(message))
    transport = SyncTransport(create_app(account, faults=faults, log=log))
    with httpx.Client(transport=transport, base_url=BASE, headers=KEYS) as http:
        yield Server(http, transport, faults, log, sent)


def test_a_known_app_gets_answers_and_sees_its_quota(server):
    answer = server.http.get("/accounting-service/tax-code")

    assert answer.status_code == 200
    assert answer.headers["brightpearl-requests-remaining"] == "199"
    assert answer.headers["brightpearl-next-throttle-period"] == "60000"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "Not authenticated. You must provide a valid authentication token."),
        (KEYS | {"brightpearl-account-token": "nope"}, "Invalid instance token: nope"),
        (
            {"brightpearl-app-ref": reference.APP_REF, "authorization": "Bearer old"},
            "Invalid instance token: old",
        ),
    ],
)
def test_a_wrong_credential_is_a_401_with_a_string_and_costs_quota(server, headers, text):
    with httpx.Client(transport=server.transport, base_url=BASE) as other_app:
        answer = other_app.get("/accounting-service/tax-code", headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"response": text})
    assert answer.headers["brightpearl-requests-remaining"] == "199"


@pytest.mark.parametrize(
    "extra",
    [
        {"brightpearl-staff-token": reference.STAFF_TOKEN},
        {"authorization": f"Bearer {reference.OAUTH_TOKEN}"},
    ],
)
def test_staff_and_oauth_apps_may_call_too(server, extra):
    headers = {"brightpearl-app-ref": reference.APP_REF} | extra
    with httpx.Client(transport=server.transport, base_url=BASE) as other:
        answer = other.get("/accounting-service/tax-code", headers=headers)

    assert answer.status_code == 200
    has_instance = "brightpearl-installed-integration-instance-id" in answer.headers
    assert has_instance is ("authorization" in extra)


def test_the_quota_is_a_wall_clock_minute(server, clock, account):
    account.switches.requests_per_minute = 2
    clock.advance(40.5)

    answers = [server.http.get("/accounting-service/tax-code") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 503]
    text = "You have sent too many requests. Please wait before sending another request"
    assert answers[2].json() == {"response": text}
    assert answers[2].headers["brightpearl-requests-remaining"] == "0"
    assert answers[2].headers["brightpearl-next-throttle-period"] == "19500"
    clock.advance(19.5)
    assert server.http.get("/accounting-service/tax-code").status_code == 200


def test_the_quota_may_roll_and_then_refused_calls_count(server, clock, account):
    account.switches.requests_per_minute = 2
    account.switches.rolling_window = True

    statuses = []
    for wait in (0, 30, 20, 15, 30):
        clock.advance(wait)
        statuses.append(server.http.get("/accounting-service/tax-code").status_code)

    assert statuses == [200, 200, 503, 503, 503]


def test_other_apps_of_the_pool_eat_into_the_quota(server, account):
    account.switches.foreign_calls_per_minute = 199

    first, second = (server.http.get("/accounting-service/tax-code") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 503)
    assert first.headers["brightpearl-requests-remaining"] == "0"


def test_without_limits_nothing_is_throttled(server, account):
    account.switches.limits = "off"
    account.switches.requests_per_minute = 1

    assert {server.http.get("/accounting-service/tax-code").status_code for _ in range(5)} == {200}


def test_a_multi_message_costs_one_request_and_answers_each_message(server, api):
    body = {
        "processingMode": "SEQUENTIAL",
        "onFail": "CONTINUE",
        "messages": [
            {
                "label": name,
                "uri": "/order-service/sales-order",
                "httpMethod": "POST",
                "body": api.order_body(name) | change,
            }
            for name, change in (("A", {}), ("B", {"statusId": 9}), ("C", {}))
        ],
    }

    answer = server.http.post("/multi-message", json=body)

    assert answer.status_code == 207
    assert answer.headers["brightpearl-requests-remaining"] == "199"
    parts = answer.json()["response"]["processedMessages"]
    assert [part["statusCode"] for part in parts] == [200, 400, 200]
    assert json.loads(parts[2]["body"]["content"])["response"] in api.account.orders
    assert json.loads(parts[1]["body"]["content"])["errors"][0]["code"] == "ORDC-903"


def test_a_stopped_multi_message_names_what_it_did_not_do(server, api):
    messages = [
        {
            "label": name,
            "uri": "/order-service/sales-order",
            "httpMethod": "POST",
            "body": api.order_body(name) | change,
        }
        for name, change in (("A", {}), ("B", {"statusId": 9}), ("C", {}))
    ]
    body = {"processingMode": "SEQUENTIAL", "onFail": "STOP", "messages": messages}

    answer = server.http.post("/multi-message", json=body)

    assert answer.status_code == 207
    assert answer.json()["response"]["unprocessedMessages"] == ["C"]
    assert api.account.external_refs() == ["A"]


def _message(**changes: Any) -> dict[str, Any]:
    uri = "/contact-service/postal-address"
    base = {"label": "x", "uri": uri, "httpMethod": "POST", "body": {"addressLine1": "1"}}
    return base | changes


@pytest.mark.parametrize(
    ("mode", "on_fail", "messages"),
    [
        ("PARALLEL", "STOP", [_message(), _message()]),
        ("PARALLEL", "CONTINUE", [_message()]),
        ("PARALLEL", "CONTINUE", [_message()] * 11),
        ("PARALLEL", "CONTINUE", [_message(), _message(httpMethod="GET")]),
        ("PARALLEL", "CONTINUE", [_message(), _message(uri="/multi-message")]),
        ("BOTH", "CONTINUE", [_message(), _message()]),
    ],
)
def test_a_multi_message_out_of_bounds_does_nothing(server, account, mode, on_fail, messages):
    body = {"processingMode": mode, "onFail": on_fail, "messages": messages}

    assert server.http.post("/multi-message", json=body).status_code == 400
    assert not account.addresses


def test_messages_that_all_succeed_answer_200(server, account):
    body = {
        "processingMode": "PARALLEL",
        "onFail": "CONTINUE",
        "messages": [_message(label="a"), _message(label="b")],
    }
    account.switches.parallel_in_any_order = True

    answer = server.http.post("/multi-message", json=body)

    assert answer.status_code == 200
    assert [part["label"] for part in answer.json()["response"]["processedMessages"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("http_500", 500, '{"errors":[{"code":"CMNU-003"'),
        ("http_502_html", 502, "<html>"),
        ("http_503", 503, "<html>"),
        ("http_504", 504, "<html>"),
    ],
)
def test_an_outage_changes_nothing_in_the_account(server, api, kind, status, start):
    server.faults.configure([{"kind": kind}])

    answer = server.http.post("/order-service/sales-order", json=api.order_body())

    assert answer.status_code == status
    assert answer.text.startswith(start)
    assert not api.account.orders


def test_an_error_after_the_work_leaves_the_order_in_place(server, api):
    server.faults.configure([{"kind": "error_after_commit"}])

    answer = server.http.post("/order-service/sales-order", json=api.order_body())

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (500, "CMNU-003")
    assert api.account.external_refs() == ["BC-1"]


def test_an_answer_lost_to_a_gateway_leaves_the_order_in_place(server, api):
    server.faults.configure([{"kind": "lost_answer", "as": "http_502"}])

    assert server.http.post("/order-service/sales-order", json=api.order_body()).status_code == 502
    assert api.account.external_refs() == ["BC-1"]


def test_one_message_may_fail_after_its_work_while_the_others_answer(server, api):
    server.faults.configure([{"kind": "error_after_commit", "path": "sales-order"}])
    messages = [
        {
            "label": "a",
            "uri": "/order-service/sales-order",
            "httpMethod": "POST",
            "body": api.order_body("A"),
        },
        _message(),
    ]
    body = {"processingMode": "PARALLEL", "onFail": "CONTINUE", "messages": messages}

    answer = server.http.post("/multi-message", json=body)

    parts = answer.json()["response"]["processedMessages"]
    assert (answer.status_code, [part["statusCode"] for part in parts]) == (207, [500, 200])
    assert api.account.external_refs() == ["A"]


def test_a_throttled_answer_may_come_without_headers(server):
    server.faults.configure([{"kind": "throttle_without_headers"}])

    answer = server.http.get("/accounting-service/tax-code")

    assert answer.status_code == 503
    assert "brightpearl-next-throttle-period" not in answer.headers


def test_answers_may_grow_fields_or_lose_values(server, api):
    order_id = api.order()
    path = f"/order-service/sales-order/{order_id}"

    server.faults.configure([{"kind": "extra_fields"}])
    assert "fieldNobodyKnows" in server.http.get(path).json()["response"][0]
    server.faults.configure([{"kind": "null_fields"}])
    document = server.http.get(path).json()["response"][0]
    assert document["id"] == order_id
    assert list(document.values()).count(None) == 1


def test_requests_are_counted_by_path_template(server, account):
    server.http.get("/order-service/order/1,2,3")
    account.switches.requests_per_minute = 1
    server.http.get("/nothing/here")

    assert server.log.document()["requests"] == {
        "GET /nothing": {"count": 1, "throttled": 1, "failed": 1},
        "GET /order-service/order/{ids}": {"count": 1, "throttled": 0, "failed": 0},
    }


def test_the_older_url_and_a_trailing_slash_work_and_others_do_not(server):
    get = server.http.get

    assert get("http://bp.test/2.0.0/sandbox/accounting-service/tax-code/").status_code == 200
    assert get("http://bp.test/public-api/other/accounting-service/tax-code").status_code == 401
    unknown = get("/orders-service/order/1")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "CMNC-404")


def test_a_body_that_is_not_json_is_a_client_mistake(server):
    answer = server.http.post("/order-service/sales-order", content=b"{")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "CMNC-010")


def test_a_subscription_fires_with_its_templates_filled(server, api):
    body = {
        "subscribeTo": "order.modified",
        "httpMethod": "POST",
        "uriTemplate": "http://127.0.0.1:9/hook/${account-code}",
        "bodyTemplate": json.dumps(
            {
                "type": "${resource-type}",
                "id": "${resource-id}",
                "event": "${lifecycle-event}",
                "full": "${full-event}",
                "on": "${raised-on}",
            }
        ),
        "contentType": "application/json",
        "idSetAccepted": True,
    }
    webhook = server.http.post("/integration-service/webhook", json=body).json()["response"]
    messages = [
        {
            "label": name,
            "uri": "/order-service/sales-order",
            "httpMethod": "POST",
            "body": api.order_body(name),
        }
        for name in "ABC"
    ]
    envelope = {"processingMode": "PARALLEL", "onFail": "CONTINUE", "messages": messages}
    server.http.post("/multi-message", json=envelope)

    assert len(server.sent) == 1
    delivery = server.sent[0]
    first, last = min(api.account.orders), max(api.account.orders)
    assert (delivery.about, delivery.url) == (
        f"webhook {webhook}",
        "http://127.0.0.1:9/hook/sandbox",
    )
    assert json.loads(delivery.body) == {
        "type": "order",
        "id": f"{first}-{last}",
        "event": "modified",
        "full": "order.modified",
        "on": "2026-07-01T12:00:00.000Z",
    }


def test_without_id_sets_each_record_has_its_own_call(server, api):
    template = (
        "http://127.0.0.1:9/${account-code}/${resource-type}/${resource-id}/${lifecycle-event}"
    )
    body = {"subscribeTo": "sales-order.created", "httpMethod": "GET", "uriTemplate": template}
    server.http.post("/integration-service/webhook", json=body)

    for name in "AB":
        server.http.post("/order-service/sales-order", json=api.order_body(name))

    ids = list(api.account.orders)
    assert [call.url.split("/")[-2] for call in server.sent] == [str(number) for number in ids]


def test_events_gather_as_long_as_the_switch_says(server, api, account, clock):
    account.switches.webhook_coalesce_s = 5
    template = (
        "http://127.0.0.1:9/${account-code}/${resource-type}/${resource-id}/${lifecycle-event}"
    )
    body = {
        "subscribeTo": "sales-order.created",
        "httpMethod": "GET",
        "uriTemplate": template,
        "idSetAccepted": True,
    }
    server.http.post("/integration-service/webhook", json=body)
    for name in "AB":
        server.http.post("/order-service/sales-order", json=api.order_body(name))
    assert server.sent == []

    clock.advance(6)
    server.http.get("/accounting-service/tax-code")

    first, last = api.account.orders
    assert [call.url.split("/")[-2] for call in server.sent] == [f"{first}-{last}"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subscribeTo": "contact.created"}, "INTC-064"),
        ({"subscribeTo": "order.created"}, "INTC-064"),
        ({"subscribeTo": "order.modified.colour"}, "INTC-064"),
        ({"subscribeTo": "order.changed"}, "INTC-062"),
        ({"uriTemplate": "http://127.0.0.1/${account-code}"}, "INTC-057"),
        ({"httpMethod": "POST"}, "INTC-901"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused_with_the_vendors_code(server, change, code):
    template = "http://127.0.0.1/${account-code}/${resource-type}/${resource-id}/${lifecycle-event}"
    body = {"subscribeTo": "order.modified", "httpMethod": "GET", "uriTemplate": template}

    answer = server.http.post("/integration-service/webhook", json=body | change)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_subscriptions_are_listed_simulated_and_removed(server):
    template = "http://127.0.0.1/${account-code}/${resource-type}/${resource-id}/${lifecycle-event}"
    body = {"subscribeTo": "product", "httpMethod": "GET", "uriTemplate": template}
    number = server.http.post("/integration-service/webhook", json=body).json()["response"]
    path = f"/integration-service/webhook/{number}"

    assert server.http.get("/integration-service/webhook").json()["response"][0]["id"] == number
    test_data = {"${resource-id}": "1-3", "${account-code}": "sandbox"}
    server.http.post(f"{path}/simulate", json={"testData": test_data})
    assert server.sent[0].url == "http://127.0.0.1/sandbox//1-3/"
    assert server.http.delete(path).json() == {}
    assert server.http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("quality", "status", "again"),
    [
        (0, 503, True),
        (0, 500, False),
        (0, None, False),
        (1, 500, True),
        (1, None, True),
        (1, 404, False),
        (1, 200, False),
    ],
)
def test_retries_follow_the_quality_of_service(quality, status, again):
    assert wants_retry(quality, status) is again


def test_staff_controls_need_no_credentials_and_cost_nothing(server, api):
    order_id = api.order()
    with httpx.Client(transport=server.transport, base_url="http://bp.test/_sandbox") as staff:
        stock = staff.post("/stock", json={"sku": "MUG", "on_hand": 4})
        many = staff.post("/products", json=[{"sku": "NEW-1"}, {"sku": "NEW-2", "stock": 2}])
        gone = staff.delete("/products/NEW-1")
        shipped = staff.post("/ship", json={"order_id": order_id, "tracking": "T1"})
        edited = staff.post("/edit", json={"order_id": order_id, "status_id": 18})
        unknown = staff.post("/edit", json={"order_id": 5, "status_id": 18})

    assert stock.json()["on_hand"] == 4
    assert len(many.json()) == 2
    assert "NEW-2" in api.account.products_by_sku
    assert not api.account.products_by_sku["NEW-1"]
    assert gone.status_code == 200
    assert shipped.json()["shipped"] is True
    assert edited.json()["status_id"] == 18
    assert unknown.status_code == 404
    assert server.log.count() == 0


def test_switches_are_shown_with_their_meaning_and_set_in_part(server, account):
    with httpx.Client(transport=server.transport, base_url="http://bp.test/_sandbox") as staff:
        shown = staff.get("/switches").json()
        changed = staff.put("/switches", json={"shuffle_columns": True, "search_lag_s": 3})
        unknown = staff.put("/switches", json={"shuffle": True})
        wrong = staff.put("/switches", json={"limits": "sometimes"})

    assert shown["rolling_window"]["value"] is False
    assert "wall-clock" in shown["rolling_window"]["meaning"]
    assert changed.json()["search_lag_s"]["value"] == 3
    assert account.switches.shuffle_columns is True
    assert (unknown.status_code, wrong.status_code) == (400, 400)


def test_a_url_that_is_too_long_never_reaches_the_api(server, account):
    account.switches.longest_url = 200
    ids = ",".join(str(number) for number in range(100_000, 100_100, 2))

    answer = server.http.get(f"/order-service/order/{ids}")

    assert (answer.status_code, answer.headers["content-type"]) == (414, "text/html; charset=UTF-8")


def test_the_whole_state_can_be_read_as_json(server, api):
    order_id = api.order()
    api.reserve(order_id)
    api.pay(order_id)
    with httpx.Client(transport=server.transport, base_url="http://bp.test/_sandbox") as staff:
        state = staff.get("/state").json()

    assert state["counts"]["sales_orders"] == 1
    assert state["orders"][str(order_id)]["external_ref"] == "BC-1"
    payment = next(iter(state["payments"].values()))
    assert payment["amount_paid"] == "24.00"
    assert state["stock"][str(api.product_id("MUG"))]["2"] == {
        "in_stock": 10,
        "allocated": 2,
        "quarantined": 0,
    }


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(server, clock):
    token_url = "http://bp.test/oauth/token"
    form = {"client_id": reference.APP_REF, "account_code": "sandbox"}
    code = form | {"grant_type": "authorization_code", "code": "sandbox-authorization-code"}

    first = server.http.post(token_url, data=code).json()
    renew = form | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = server.http.post(token_url, data=renew).json()
    again = server.http.post(token_url, data=renew)

    assert first["installation_instance_id"] == "11"
    assert "installation_instance_id" not in second
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert server.http.post(token_url, data={}).json() == {"error": "invalid_client"}
    headers = {
        "brightpearl-app-ref": reference.APP_REF,
        "authorization": f"Bearer {second['access_token']}",
    }
    with httpx.Client(transport=server.transport, base_url=BASE, headers=headers) as app:
        assert app.get("/accounting-service/tax-code").status_code == 200
        clock.advance(8 * 24 * 3600)
        late = app.get("/accounting-service/tax-code")
    assert (late.status_code, late.json()) == (401, {"response": "Authorization token expired"})


def test_a_delivery_is_tried_again_at_growing_intervals_and_then_given_up():
    policy = QualityPolicy()
    message = policy.message(Outgoing(1, "POST", "http://127.0.0.1", "{}", "application/json", 1))

    waits = [policy.settle(message, tries, 500) for tries in range(1, 8)]

    assert waits[:3] == [10.0, 30.0, 60.0]
    assert waits[-1] is None
    assert policy.settle(message, 1, 200) is None


def test_answers_are_dated_by_the_sandbox_clock_unless_the_switch_says_no(server, account):
    dated = server.http.get("/accounting-service/tax-code")
    refused = server.http.get("/accounting-service/tax-code", headers={"brightpearl-app-ref": "x"})
    missing = server.http.get("/nowhere")

    assert {answer.headers["date"] for answer in (dated, refused, missing)} == {
        "Wed, 01 Jul 2026 12:00:00 GMT"
    }
    account.switches.date_header = False
    assert "date" not in server.http.get("/accounting-service/tax-code").headers


@pytest.mark.parametrize(
    "url",
    [
        "http://bp.test/2.0.0/sandbox//accounting-service/tax-code",
        "http://bp.test/public-api//sandbox/accounting-service/tax-code",
        "http://bp.test/public-api/sandbox/accounting-service//tax-code//",
        "http://bp.test//public-api/sandbox/accounting-service/tax-code",
    ],
)
def test_double_slashes_in_a_path_are_one_unless_the_switch_says_no(server, account, url):
    assert server.http.get(url).status_code == 200
    account.switches.double_slashes = "refuse"
    assert server.http.get(url).status_code in {401, 404}


def form(server, path, **fields):
    return server.http.post(f"http://oauth.test{path}", data={"client_id": "causeway_app"} | fields)


@pytest.mark.parametrize("path", ["/token/sandbox", "/oauth/token", "/sandbox/oauth/token"])
def test_tokens_come_with_the_host_that_they_are_for(server, account, path):
    account.switches.api_domain = "ws-use.brightpearl.com"
    code = {"grant_type": "authorization_code", "code": "sandbox-authorization-code"}

    first = form(server, path, **code).json()
    again = form(server, path, grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert (first["api_domain"], again.json()["api_domain"]) == ("ws-use.brightpearl.com",) * 2
    assert "installation_instance_id" in first
    assert "installation_instance_id" not in again.json()


def test_a_grant_that_is_used_up_is_refused_in_the_recorded_words(server):
    answer = form(server, "/token/sandbox", grant_type="refresh_token", refresh_token="old")

    assert answer.status_code == 400
    assert answer.json() == {
        "error_description": "The auth token has either expired or does not exist",
        "error": "invalid_grant",
    }


def authorized(server, redirect_uri="https://app.example/back"):
    """The code that the authorisation page sends an app's user back with."""
    query = {"client_id": "causeway_app", "redirect_uri": redirect_uri, "state": "s1"}
    answer = server.http.get("http://oauth.test/authorize/sandbox", params=query)
    assert answer.status_code == 302
    target, _, sent = answer.headers["location"].partition("?")
    assert target == redirect_uri
    return dict(pair.split("=") for pair in sent.split("&"))


def test_an_app_is_authorised_for_one_exchange_at_its_own_redirect_uri(server):
    sent = authorized(server)
    grant = {"grant_type": "authorization_code", "code": sent["code"]}
    back = {"redirect_uri": "https://app.example/back"}

    token = form(server, "/token/sandbox", **grant, **back).json()

    assert sent["state"] == "s1"
    headers = KEYS | {"authorization": f"Bearer {token['access_token']}"}
    assert server.http.get("/accounting-service/tax-code", headers=headers).status_code == 200
    again = form(server, "/token/sandbox", **grant, **back).json()
    assert again["error_description"].startswith("The auth token has either expired")


def test_another_redirect_uri_is_refused_in_the_recorded_words(server):
    grant = {"grant_type": "authorization_code", "code": authorized(server)["code"]}

    answer = form(server, "/token/sandbox", **grant, redirect_uri="https://elsewhere.example/")

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error_description": "Redirect uri does not match that used to request auth token",
            "error": "invalid_grant",
        },
    )


def test_only_a_known_app_is_authorised(server):
    answer = server.http.get("http://oauth.test/authorize/sandbox", params={"client_id": "other"})

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
