"""Subscriptions, and webhooks that are really sent."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from waiting import WITHIN_S

from sandbox.bigcommerce.webhooks import RETRY_WAITS_S, Sender, is_subscribed, payload, sign
from sandbox.kit.delivery import Message

TOKEN = {"X-Auth-Token": "sandbox-access-token"}


class _Server(ThreadingHTTPServer):
    """Takes as many connections at once as the store opens."""

    request_queue_size = 64


class Receiver:
    """A server that keeps what it gets and answers with the status that is set."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.changed:
                    named = {name.lower(): value for name, value in self.headers.items()}
                    receiver.got.append((named, body))
                    status = receiver.status
                    receiver.changed.notify_all()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Bodies, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, WITHIN_S), self.got
            return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
def hooks(sandboxes) -> Iterator[Callable[..., dict[str, Any]]]:
    """Subscribes; all subscriptions and delivery switches are gone afterwards."""
    base = f"{sandboxes.bigcommerce_url}/stores/sandbox/v3/hooks"
    control = f"{sandboxes.bigcommerce_url}/_sandbox"

    def subscribe(scope: str, destination: str, **more: Any) -> dict[str, Any]:
        body = {"scope": scope, "destination": destination, **more}
        answer = httpx.post(base, json=body, headers=TOKEN, timeout=WITHIN_S)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    yield subscribe
    sandboxes.store.hooks.clear()
    reliable = {"duplicate_rate": 0, "loss_rate": 0, "reorder_rate": 0, "retry_time_scale": 1}
    httpx.put(f"{control}/deliveries", json=reliable, timeout=WITHIN_S)


def place(sandboxes: Any, **basket: Any) -> int:
    body = {"lines": [{"name": "Card", "price": "2"}], **basket}
    answer = httpx.post(f"{sandboxes.bigcommerce_url}/_sandbox/orders", json=body, timeout=WITHIN_S)
    return answer.json()["ids"][0]


def settle(sandboxes: Any) -> None:
    """Wait until the store has nothing to send for now."""
    url = f"{sandboxes.bigcommerce_url}/_sandbox/deliveries?wait_s={WITHIN_S}"
    assert httpx.get(url, timeout=WITHIN_S).json()["settled"]


def test_the_signature_is_the_documented_one():
    body = (
        b'{"producer":"stores/abc123","hash":"dd70c0976e06b67aaf671e73f49dcb79230ebf9d",'
        b'"created_at":1700000000,"store_id":"1025646","scope":"store/order/created",'
        b'"data":{"type":"order","id":250}}'
    )
    moment = datetime.fromtimestamp(1_700_000_000, UTC)

    headers = sign("test_client_secret", "msg_0001", moment, body)

    assert headers["webhook-signature"] == "v1,cZ2QIW30lUpzRNYR7WnavtfHWalZvrAYho8NSYJAD7I="
    assert headers["webhook-timestamp"] == "1700000000"


def test_two_changes_within_a_second_make_identical_bodies():
    moment = datetime(2026, 7, 1, 12, 0, 0, 100_000, UTC)
    data = {"type": "order", "id": 250}

    same = payload("store/order/updated", data, moment.replace(microsecond=900_000))

    assert payload("store/order/updated", data, moment) == same


@pytest.mark.parametrize(
    ("subscribed", "scope", "fits"),
    [
        ("store/order/*", "store/order/created", True),
        ("store/order/*", "store/order/transaction/created", True),
        ("store/order/transaction/*", "store/order/created", False),
        ("store/order/created", "store/order/created", True),
        ("store/order/created", "store/order/updated", False),
    ],
)
def test_a_wildcard_at_the_end_covers_what_begins_so(subscribed, scope, fits):
    assert is_subscribed(subscribed, scope) is fits


def test_a_placed_order_is_sent_with_own_headers_and_a_signature(sandboxes, hooks, receiver):
    hooks("store/order/*", receiver.url, headers={"X-Secret": "s3"})

    number = place(sandboxes)

    bodies = receiver.wait_for(4)
    assert sorted(body["scope"] for body in bodies) == [
        "store/order/created",
        "store/order/statusUpdated",
        "store/order/transaction/created",
        "store/order/updated",
    ]
    created = next(body for body in bodies if body["scope"] == "store/order/created")
    assert created["data"] == {"type": "order", "id": number}
    assert (created["producer"], created["store_id"]) == ("stores/sandbox", "1025646")
    headers, raw = receiver.got[0]
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    signed = sign("sandbox-client-secret", headers["webhook-id"], moment, raw)
    assert headers["webhook-signature"] == signed["webhook-signature"]
    assert headers["x-secret"] == "s3"


def test_a_write_over_the_api_is_sent_too(sandboxes, hooks, receiver):
    number = place(sandboxes)
    hooks("store/order/updated", receiver.url)

    url = f"{sandboxes.bigcommerce_url}/stores/sandbox/v2/orders/{number}"
    httpx.put(url, json={"external_order_id": "SO-1"}, headers=TOKEN, timeout=WITHIN_S)

    assert receiver.wait_for(1)[0]["data"]["id"] == number


def test_a_failed_delivery_is_tried_again_with_the_same_id(sandboxes, hooks, receiver):
    hooks("store/order/created", receiver.url)
    receiver.status = 500
    place(sandboxes)
    receiver.wait_for(1)
    settle(sandboxes)

    receiver.status = 200
    httpx.post(
        f"{sandboxes.bigcommerce_url}/_sandbox/clock", json={"advance_s": 61}, timeout=WITHIN_S
    )

    receiver.wait_for(2)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_after_the_last_try_the_subscription_is_deactivated_and_may_be_revived(
    sandboxes, hooks, receiver
):
    hook = hooks("store/order/created", receiver.url)
    control = f"{sandboxes.bigcommerce_url}/_sandbox"
    httpx.put(f"{control}/deliveries", json={"retry_time_scale": 0.00001}, timeout=WITHIN_S)
    receiver.status = 503
    place(sandboxes)

    receiver.wait_for(1 + len(RETRY_WAITS_S))
    settle(sandboxes)
    assert sandboxes.store.hooks[hook["id"]].is_deactivated

    base = f"{sandboxes.bigcommerce_url}/stores/sandbox/v3/hooks"
    listed = httpx.get(f"{base}/admin", headers=TOKEN, timeout=WITHIN_S).json()["data"][
        "hooks_list"
    ]
    assert listed[0]["status"] == "deactivated"
    httpx.put(f"{base}/{hook['id']}", json={"is_active": True}, headers=TOKEN, timeout=WITHIN_S)
    receiver.status = 200
    place(sandboxes)
    receiver.wait_for(2 + len(RETRY_WAITS_S))


def test_webhooks_may_come_twice_or_never(sandboxes, hooks, receiver):
    hooks("store/order/created", receiver.url)
    control = f"{sandboxes.bigcommerce_url}/_sandbox"
    httpx.put(f"{control}/deliveries", json={"loss_rate": 1}, timeout=WITHIN_S)
    place(sandboxes)
    httpx.put(f"{control}/deliveries", json={"loss_rate": 0, "duplicate_rate": 1}, timeout=WITHIN_S)
    number = place(sandboxes)

    bodies = receiver.wait_for(2)
    settle(sandboxes)
    assert [body["data"]["id"] for body in bodies] == [number, number]
    assert len(receiver.got) == 2


def test_webhooks_may_come_out_of_order(sandboxes, hooks, receiver):
    hooks("store/order/created", receiver.url)
    control = f"{sandboxes.bigcommerce_url}/_sandbox"
    httpx.put(
        f"{control}/deliveries", json={"reorder_rate": 0.5, "reorder_s": 0.1}, timeout=WITHIN_S
    )

    baskets = [{"lines": [{"name": "Card", "price": "2"}]}] * 20
    placed = httpx.post(f"{control}/orders", json=baskets, timeout=WITHIN_S).json()["ids"]

    came = [body["data"]["id"] for body in receiver.wait_for(20)]
    assert came != placed
    assert sorted(came) == placed


def message(number: int, url: str = "http://127.0.0.1:1/hook") -> Message:
    return Message(f"msg_{number}", "x", "POST", url, b"", lambda _: {})


def test_a_domain_that_fails_too_much_is_blocked_for_three_minutes(shop, clock):
    hook = shop.call(
        "POST", "/v3/hooks", {"scope": "store/order/created", "destination": "http://h/x"}
    ).body["data"]
    sent: list[Message] = []
    sender = Sender(shop.store)
    sender.put = sent.append
    for _ in range(101):
        sender.emit("store/order/created", {"type": "order", "id": 1})
    for number, item in enumerate(sent[:100]):
        sender.settle(item, 1, 200 if number < 85 else 500)

    last = sent[100]
    held = sender.hold_s(last)
    blocked = shop.get("/v3/hooks/admin")["data"]["blocked_domains"]
    clock.advance(181)

    assert held == pytest.approx(180)
    assert (blocked[0]["destination"], blocked[0]["time_left"]) == ("h", 180)
    assert sender.hold_s(last) == 0
    shop.call("DELETE", f"/v3/hooks/{hook['id']}")
    assert sender.hold_s(last) is None


def test_failures_are_reported_to_their_own_scope_once_in_ten_minutes(shop, clock):
    for scope in ("store/order/created", "store/hook/deliveryException"):
        shop.call("POST", "/v3/hooks", {"scope": scope, "destination": "http://h/x"})
    sent: list[Message] = []
    sender = Sender(shop.store)
    sender.put = sent.append
    for _ in range(3):
        sender.emit("store/order/created", {"type": "order", "id": 1})
    for item in sent.copy():
        sender.settle(item, 1, 500)
    clock.advance(601)
    sender.settle(sent[0], 12, None)

    codes = [json.loads(item.body)["data"]["error_code"] for item in sent[3:]]
    assert codes == [90001, 90002]


@pytest.mark.parametrize(
    "body",
    [
        {"destination": "https://example.com"},
        {"scope": "orders", "destination": "https://example.com"},
        {"scope": "store/order/*", "destination": "nowhere"},
        {"scope": "store/order/*", "destination": "http://example.com/in"},
        {"scope": "store/order/*", "destination": "https://example.com:8443/in"},
        {"scope": "store/order/*", "destination": "https://example.com", "headers": {"a": 1}},
        {"scope": "store/order/*", "destination": "https://example.com", "colour": "red"},
    ],
)
def test_a_subscription_that_the_store_would_refuse_is_refused(shop, body):
    shop.store.switches.strict_destinations = True

    assert shop.call("POST", "/v3/hooks", body).status == 422


def test_a_scope_takes_ten_destinations_each_once(shop):
    def subscribe(number: int) -> int:
        body = {"scope": "store/order/*", "destination": f"http://h/{number}"}
        return shop.call("POST", "/v3/hooks", body).status

    assert [subscribe(number) for number in [*range(9), 1, 10, 11]] == [200] * 9 + [422, 200, 422]


def test_a_new_subscription_may_be_silent_at_first(shop, clock):
    shop.store.switches.hook_live_after_s = 60
    shop.call("POST", "/v3/hooks", {"scope": "store/order/*", "destination": "http://h/x"})
    sent: list[Message] = []
    Sender(shop.store).put = sent.append

    shop.place()
    clock.advance(61)
    assert sent == []
    shop.place()
    assert len(sent) == 4
