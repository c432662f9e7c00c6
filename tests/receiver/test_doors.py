"""What a sender may hold of the receiver before anybody knows who it is."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from waiting import WITHIN_S

from core.settings import load_settings
from receiver.app import Receiver
from receiver.doors import LARGEST_HEAD, MOST_REFUSALS, Doors, RareWarnings, Refusals
from store.database import open_database

SECRET = "a-long-shared-secret"
PATH = "/webhooks/bigcommerce/default"
EVENT = json.dumps(
    {"producer": "stores/abc123", "scope": "store/order/created", "data": {"id": 250}}
).encode()
ALLOWED = 20


@dataclass
class Listening:
    """A receiver with small limits."""

    port: int
    doors: Doors

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S)

    def deliver(self, secret: str = SECRET) -> int:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)) as connection:
            connection.request("POST", PATH, EVENT, {"X-Causeway-Secret": secret})
            return connection.getresponse().status

    def answer(self, request: bytes) -> bytes:
        """All that comes back until the receiver closes the connection."""
        with closing(self.connect()) as connection:
            connection.sendall(request)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def head(*, secret: str = SECRET, length: int = 0, **more: str) -> bytes:
    headers = {"Host": "causeway", "X-Causeway-Secret": secret, "Content-Length": str(length)}
    lines = [f"{name}: {value}" for name, value in {**headers, **more}.items()]
    return "\r\n".join([f"POST {PATH} HTTP/1.1", *lines, "", ""]).encode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    folder: Path = tmp_path_factory.mktemp("receiver")
    settings = load_settings(
        {
            "CAUSEWAY_DATABASE_URL": f"sqlite:///{folder}/c.db",
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
    doors = Doors(most_connections=ALLOWED, head_within_s=0.5)
    config = uvicorn.Config(
        Receiver(settings, open_database(settings.database_url), body_within_s=0.3).app(),
        port=0,
        log_level="critical",
        lifespan="on",
        http=doors.protocol(),
        ws="none",
    )
    listening = config.bind_socket()
    listening.listen(64)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Listening(listening.getsockname()[1], doors)
    server.should_exit = True
    thread.join()
    listening.close()
    open_database(settings.database_url).close()


@pytest.mark.parametrize(
    "request_",
    [
        head(Name="x" * LARGEST_HEAD),
        f"POST /{'x' * LARGEST_HEAD} HTTP/1.1\r\nHost: causeway\r\n\r\n".encode(),
        f"POST {PATH} HTTP/1.1\r\nName: {'x' * 4 * LARGEST_HEAD}".encode(),
        b"\r\n".join([f"POST {PATH} HTTP/1.1".encode(), *[b"Name: x"] * LARGEST_HEAD]),
    ],
    ids=["a header", "a url", "a header without an end", "many headers"],
)
def test_a_head_larger_than_any_sender_needs_is_refused_and_the_connection_closed(
    receiver: Listening, request_: bytes
) -> None:
    # Of a sender that is still sending, the end of the connection may overtake the answer.
    answer = receiver.answer(request_)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


def test_a_connection_that_never_finishes_its_headers_is_closed(receiver: Listening) -> None:
    assert receiver.answer(f"POST {PATH} HTTP/1.1\r\nHost: cause".encode()) == b""
    assert receiver.answer(b"") == b""


def test_of_a_body_without_our_secret_nothing_is_awaited(receiver: Listening) -> None:
    answer = receiver.answer(head(secret="another", length=200_000))
    assert answer.startswith(b"HTTP/1.1 401")


def test_a_body_that_never_ends_is_answered_and_the_connection_closed(receiver: Listening) -> None:
    answer = receiver.answer(head(length=200_000) + b"x" * 70_000)
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_genuine_delivery_goes_through_with_more_idle_connections_than_are_allowed(
    receiver: Listening,
) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(closing(receiver.connect())) for _ in range(3 * ALLOWED)]
        assert receiver.deliver() == 200
        assert len(receiver.doors.connections) <= ALLOWED
        assert all(everything(connection) == b"" for connection in idle)


def test_a_source_that_was_refused_often_is_not_even_counted_but_our_secret_still_opens(
    receiver: Listening,
) -> None:
    statuses = [receiver.deliver("wrong") for _ in range(MOST_REFUSALS + 1)]
    assert statuses[-1] == 429
    assert receiver.deliver() == 200


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([head(), EVENT, b"\r\n\r\n"]))))
def test_whatever_bytes_come_the_receiver_goes_on(receiver: Listening, parts: list[bytes]) -> None:
    with closing(receiver.connect()) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except ConnectionError:
            pass
    assert receiver.deliver() == 200


def test_trouble_of_one_kind_is_logged_once_a_minute_with_its_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    moment = [0.0]
    warnings = RareWarnings(lambda: moment[0])
    for moment[0] in (0.0, 1.0, 59.0, 60.0):
        warnings.add("Trouble", "Nothing to do.")
    assert [record.args for record in caplog.records] == [
        ("Trouble", 1, "Nothing to do."),
        ("Trouble", 3, "Nothing to do."),
    ]


def test_refusals_are_forgotten_after_a_minute_without_one() -> None:
    moment = [0.0]
    refusals = Refusals(lambda: moment[0])
    for _ in range(MOST_REFUSALS):
        refusals.add("a")
    assert (refusals.are_too_many("a"), refusals.are_too_many("b")) == (True, False)
    moment[0] = 61.0
    assert not refusals.are_too_many("a")
