"""What a delivery gets for an answer, and what the inbox holds afterwards."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from waiting import WITHIN_S

from core.settings import Settings, load_settings
from receiver import brightpearl
from receiver.app import LARGEST_BODY, Receiver
from receiver.bigcommerce import Secrets, is_genuine
from receiver.doors import MOST_REFUSALS
from store.database import Database, open_database
from store.inbox import Inbox
from store.links import Link, Links
from store.statistics import Counts

SENT_AT = 1_700_000_000
NOW = datetime.fromtimestamp(SENT_AT, UTC) + timedelta(seconds=100)
SECRET = "a-long-shared-secret"
CARD = 4111_1111_1111_1111
CREATED = {
    "producer": "stores/abc123",
    "scope": "store/order/created",
    "data": {"type": "order", "id": 250},
    "created_at": SENT_AT,
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        {
            "CAUSEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/c.db",
            "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "abc123",
            "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "t",
            "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "test_client_secret",
            "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:1",
            "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "acme",
            "CAUSEWAY_BRIGHTPEARL__APP_REF": "a",
            "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "t",
            "CAUSEWAY_WEBHOOKS__SECRET": SECRET,
        }
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database of the receiver, which does not wait long for others."""
    open_database(settings.database_url).close()
    database = Database(settings.database_url, busy_timeout_s=0.2)
    yield database
    database.close()


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[httpx.Client]:
    config = uvicorn.Config(
        Receiver(settings, database, clock=lambda: NOW).app(),
        port=0,
        log_level="error",
        lifespan="on",
    )
    listening = config.bind_socket()
    listening.listen(64)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    port = listening.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN_S) as client:
        yield client
    server.should_exit = True
    thread.join()
    listening.close()


def deliver(client: httpx.Client, event: Any = None, **headers: str) -> int:
    body = event if isinstance(event, bytes) else json.dumps(event or CREATED).encode()
    shown = headers or {"X-Causeway-Secret": SECRET}
    return client.post("/webhooks/bigcommerce/default", content=body, headers=shown).status_code


def signed(body: bytes, *, at: float, key: str = "test_client_secret") -> dict[str, str]:
    message = f"msg_0001.{int(at)}.".encode() + body
    digest = hmac.new(key.encode(), message, hashlib.sha256).digest()
    return {
        "webhook-id": "msg_0001",
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def due(database: Database) -> dict[str, str]:
    keys = [str(number) for number in range(1, 1000)]
    return Inbox(database).states("default", "orders", keys)


def counted(database: Database) -> dict[str, int]:
    return Counts(database).of_day("default", NOW.date())


def test_an_event_with_our_secret_puts_its_key_in_the_inbox(
    client: httpx.Client, database: Database
) -> None:
    assert deliver(client) == 200
    assert due(database) == {"250": "due"}


def test_fifty_deliveries_of_one_order_are_one_key(
    client: httpx.Client, database: Database
) -> None:
    assert {deliver(client) for _ in range(50)} == {200}
    assert due(database) == {"250": "due"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Nothing": "here"},
        {"X-Causeway-Secret": "wrong"},
        {"X-Causeway-Secret": SECRET, **signed(b"another body", at=SENT_AT)},
        signed(json.dumps(CREATED).encode(), key="another", at=SENT_AT),
        {"X-Causeway-Secret": SECRET, "webhook-signature": "v1,no base64"},
        {"X-Causeway-Secret": SECRET, "webhook-signature": "v2,AAAA v1"},
    ],
)
def test_a_delivery_that_is_not_genuine_is_refused_counted_and_not_kept(
    client: httpx.Client, database: Database, headers: dict[str, str]
) -> None:
    assert deliver(client, **headers) == 401
    assert due(database) == {}
    assert counted(database) == {"webhooks refused: not genuine": 1}


def test_characters_that_no_signature_has_are_refused_like_a_wrong_one(
    client: httpx.Client, database: Database
) -> None:
    """Anybody may send this: it must not be answered with an error."""
    headers = [(b"X-Causeway-Secret", SECRET.encode()), (b"webhook-signature", "v1,é".encode())]
    url = "/webhooks/bigcommerce/default"
    assert client.post(url, content=json.dumps(CREATED), headers=headers).status_code == 401
    assert due(database) == {}
    assert counted(database) == {"webhooks refused: not genuine": 1}


def test_an_old_delivery_that_is_replayed_is_harmless_and_taken(
    client: httpx.Client, database: Database
) -> None:
    body = json.dumps(CREATED).encode()
    month_ago = SENT_AT - 30 * 86_400
    headers = {"X-Causeway-Secret": SECRET, **signed(body, at=month_ago)}
    assert deliver(client, body, **headers) == 200
    assert due(database) == {"250": "due"}


def test_the_published_test_vector_of_the_signature_holds() -> None:
    body = (
        b'{"producer":"stores/abc123","hash":"dd70c0976e06b67aaf671e73f49dcb79230ebf9d",'
        b'"created_at":1700000000,"store_id":"1025646","scope":"store/order/created",'
        b'"data":{"type":"order","id":250}}'
    )
    headers = {
        "webhook-id": "msg_0001",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1,cZ2QIW30lUpzRNYR7WnavtfHWalZvrAYho8NSYJAD7I=",
    }
    secrets = Secrets("test_client_secret", None)
    assert is_genuine(headers, body, secrets, NOW)
    assert not is_genuine(headers, body, secrets, NOW + timedelta(seconds=201))
    assert not is_genuine(headers, body + b" ", secrets, NOW)


@pytest.mark.parametrize(
    ("event", "status", "why"),
    [
        (b"not json", 200, "malformed"),
        (b"[]", 200, "malformed"),
        ({**CREATED, "data": {"type": "order"}}, 200, "malformed"),
        ({**CREATED, "data": {"type": "order", "id": "x; drop"}}, 200, "malformed"),
        ({**CREATED, "data": {"type": "order", "id": None}}, 200, "malformed"),
        ({**CREATED, "data": {"type": "order", "id": 0}}, 200, "malformed"),
        ({**CREATED, "data": {"type": "order", "id": -250}}, 200, "malformed"),
        ({**CREATED, "data": {"type": "order", "id": 10**30}}, 200, "malformed"),
        ({**CREATED, "data": ["order", 250]}, 200, "malformed"),
        ({**CREATED, "data": "order 250"}, 200, "malformed"),
        ({"producer": "stores/abc123", "data": {"id": 250}}, 200, "malformed"),
        ({**CREATED, "card": "4111-1111-1111-1111"}, 200, "with a card's number"),
        ({**CREATED, "data": {"id": 250, "paid": [{"by": CARD}]}}, 200, "with a card's number"),
        ({**CREATED, "data": {"id": 250, str(CARD): True}}, 200, "with a card's number"),
        (b"", 200, "malformed"),
        (b'{"scope": "store/order/\xff', 200, "malformed"),
        (b"[" * 200_000, 200, "malformed"),
        ({**CREATED, "producer": "stores/other"}, 200, "of another store"),
        (b"x" * (LARGEST_BODY + 1), 413, "too large"),
    ],
)
def test_genuine_events_of_which_nothing_can_be_made_are_acknowledged_and_counted(
    client: httpx.Client, database: Database, event: Any, status: int, why: str
) -> None:
    assert deliver(client, event) == status
    assert due(database) == {}
    assert counted(database) == {f"webhooks refused: {why}": 1}


def test_any_number_of_unreadable_genuine_events_leaves_readable_ones_welcome(
    client: httpx.Client, database: Database
) -> None:
    assert {deliver(client, b"not json") for _ in range(MOST_REFUSALS + 5)} == {200}
    assert deliver(client) == 200
    assert due(database) == {"250": "due"}


def test_what_is_not_genuine_is_never_acknowledged_however_unreadable(
    client: httpx.Client, database: Database
) -> None:
    assert deliver(client, b"not json", X_Causeway_Secret="wrong") == 401
    assert client.post("/webhooks/bigcommerce/default", content=b"[").status_code == 401
    assert counted(database) == {"webhooks refused: not genuine": 2}


def test_a_body_without_a_length_is_not_read_beyond_the_limit(
    client: httpx.Client, database: Database
) -> None:
    parts = (b"x" * 1024 for _ in range(LARGEST_BODY // 1024 + 1))
    answer = client.post(
        "/webhooks/bigcommerce/default", content=parts, headers={"X-Causeway-Secret": SECRET}
    )
    assert answer.status_code == 413
    assert counted(database) == {"webhooks refused: too large": 1}


def test_a_body_of_the_largest_size_is_read(client: httpx.Client, database: Database) -> None:
    body = json.dumps(CREATED).encode()
    assert deliver(client, body + b" " * (LARGEST_BODY - len(body))) == 200
    assert due(database) == {"250": "due"}


@pytest.mark.parametrize("scope", ["store/cart/created", "store/order", "", 7])
def test_an_unknown_scope_is_acknowledged_and_ignored(
    client: httpx.Client, database: Database, scope: Any
) -> None:
    assert deliver(client, {**CREATED, "scope": scope}) == 200
    assert due(database) == {}
    assert counted(database) == {"webhooks ignored scope": 1}


def test_an_unknown_pair_is_not_found(client: httpx.Client) -> None:
    assert client.post("/webhooks/bigcommerce/nobody", json=CREATED).status_code == 404


def test_money_that_moved_is_more_than_a_hint(client: httpx.Client, database: Database) -> None:
    event = {
        **CREATED,
        "scope": "store/order/transaction/created",
        "data": {"type": "transaction", "order_id": "250", "transaction_id": "9"},
    }
    assert deliver(client, event) == 200
    (claim,) = Inbox(database).claim("default", "orders", owner="t", limit=5, lease_s=9, now=NOW)
    assert (claim.key, claim.source) == ("250", "transaction")


def test_a_lost_database_is_answered_with_503_so_that_the_sender_comes_back(
    client: httpx.Client, settings: Settings
) -> None:
    Path(settings.database_url.removeprefix("sqlite:///")).unlink()
    assert deliver(client) == 503
    assert client.get("/health").status_code == 503


def test_a_locked_database_is_answered_with_503_and_taken_when_it_is_free(
    client: httpx.Client, database: Database
) -> None:
    with database.write():
        assert deliver(client) == 503
    with closing(sqlite3.connect(str(database.path), isolation_level=None)) as another_process:
        another_process.execute("BEGIN IMMEDIATE")
        assert deliver(client) == 503
        assert deliver(client, X_Wrong="secret") == 401
        another_process.execute("ROLLBACK")

    assert deliver(client) == 200

    assert due(database) == {"250": "due"}


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        ({"accountCode": "other"}, 200, "of another account"),
        ({"accountCode": None}, 200, "of another account"),
        ({"id": "1-99999999"}, 200, "malformed"),
        ({"id": "5-1"}, 200, "malformed"),
        ({"id": "one"}, 200, "malformed"),
        ({"id": ""}, 200, "malformed"),
        ({"id": "1" * 30}, 200, "malformed"),
        ({"note": f"paid by {CARD}"}, 200, "with a card's number"),
        (b"not json", 200, "malformed"),
        (b"[" * 200_000, 200, "malformed"),
        (b"x" * (LARGEST_BODY + 1), 413, "too large"),
    ],
)
def test_genuine_notices_of_which_nothing_can_be_made_are_acknowledged_and_counted(
    client: httpx.Client, database: Database, change: Any, status: int, why: str
) -> None:
    notice = {"accountCode": "acme", "fullEvent": "order.modified.order-status", "id": "100001"}
    body = change if isinstance(change, bytes) else json.dumps({**notice, **change}).encode()
    url = f"/webhooks/brightpearl/default/{SECRET}"
    assert client.post(url, content=body).status_code == status
    assert due(database) == {}
    assert counted(database) == {f"webhooks refused: {why}": 1}


def test_a_notice_of_brightpearl_without_our_secret_is_refused_and_counted(
    client: httpx.Client, database: Database
) -> None:
    for token in ("wrong", f"{SECRET}x", "%ff"):
        assert client.post(f"/webhooks/brightpearl/default/{token}", json={}).status_code == 401
    assert counted(database) == {"webhooks refused: not genuine": 3}


def test_a_notice_of_brightpearl_names_orders_by_ranges(
    client: httpx.Client, database: Database
) -> None:
    links = [Link("250", "100001"), Link("251", "100002"), Link("260", "100009")]
    Links(database).put("default", "orders", links, now=NOW)
    notice = {
        "accountCode": "acme",
        "fullEvent": "order.modified.order-status",
        "id": "100001-100003,100009",
    }
    url = f"/webhooks/brightpearl/default/{SECRET}"
    assert client.post(url, json=notice).status_code == 200
    assert sorted(due(database)) == ["250", "251", "260"]
    assert client.post(url, json={**notice, "accountCode": "other"}).status_code == 200
    assert client.post(url + "x", json=notice).status_code == 401
    assert client.post(url, json={**notice, "id": "1-99999999"}).status_code == 200


def test_stock_that_changed_in_brightpearl_is_a_key_of_its_product(
    client: httpx.Client, database: Database
) -> None:
    notice = {
        "accountCode": "acme",
        "fullEvent": "product.modified.on-hand-modified",
        "id": "1007-1008",
    }
    url = f"/webhooks/brightpearl/default/{SECRET}"
    assert client.post(url, json=notice).status_code == 200
    claims = Inbox(database).claim("default", "stock", owner="t", limit=5, lease_s=9, now=NOW)
    assert sorted(one.key for one in claims) == ["product:1007", "product:1008"]


@given(st.sets(st.integers(1, 5000), min_size=1, max_size=40))
def test_a_set_of_ids_reads_back_whatever_its_ranges(ids: set[int]) -> None:
    text = ",".join(f"{number}-{number}" if number % 2 else str(number) for number in sorted(ids))
    assert brightpearl.parse_ids(text) == [str(number) for number in sorted(ids)]


def test_the_receiver_imports_neither_engine_nor_frames() -> None:
    code = (
        "import sys, receiver.app; "
        "print([m for m in ('prefect','pandas','great_expectations','connectors') "
        "if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert shown.stdout.strip() == "[]"
