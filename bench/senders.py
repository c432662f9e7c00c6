"""Signed webhooks over kept connections, faster than a receiver on one core can take them.

Written on sockets, for a client library costs more per request than the receiver does.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from receiver.bigcommerce import SECRET_HEADER

OK = 200
CONNECTIONS = 32


@dataclass(frozen=True)
class Shop:
    """Whose webhooks they are, and where they go."""

    url: str
    store_hash: str
    client_secret: str
    shared_secret: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Shop:
        """The store of an installation's settings."""
        public = environment["CAUSEWAY_WEBHOOKS__PUBLIC_URL"]
        return cls(
            url=f"{public}/webhooks/bigcommerce/{environment['CAUSEWAY_PAIR']}",
            store_hash=environment["CAUSEWAY_BIGCOMMERCE__STORE_HASH"],
            client_secret=environment["CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET"],
            shared_secret=environment["CAUSEWAY_WEBHOOKS__SECRET"],
        )

    def request(self, order_id: str) -> bytes:
        """One HTTP request: this order was updated."""
        moment, at = int(time.time()), urlsplit(self.url)
        event = {
            "producer": f"stores/{self.store_hash}",
            "hash": hashlib.sha256(f"{order_id}.{moment}".encode()).hexdigest()[:40],
            "created_at": moment,
            "store_id": "1025646",
            "scope": "store/order/updated",
            "data": {"type": "order", "id": int(order_id)},
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        name = f"msg_{order_id}"
        digest = hmac.new(
            self.client_secret.encode(), f"{name}.{moment}.".encode() + body, hashlib.sha256
        ).digest()
        head = (
            f"POST {at.path} HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nwebhook-id: {name}\r\nwebhook-timestamp: {moment}\r\n"
            f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\n"
            f"{SECRET_HEADER}: {self.shared_secret}\r\n\r\n"
        )
        return head.encode() + body


@dataclass
class Sent:
    """The outcome of the webhooks that were sent."""

    accepted: list[str] = field(default_factory=list)
    """Order ids that were answered 2xx."""
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    """From the moment at which a webhook was to be sent, whether or not a connection was free."""
    seconds: float = 0.0

    def record(self, order_id: str, status: int, latency_s: float) -> None:
        """One answer."""
        self.statuses[status] += 1
        self.latencies_s.append(latency_s)
        if status == OK:
            self.accepted.append(order_id)


class Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> Connection:
        """Connect."""
        at = urlsplit(url)
        return cls(*await asyncio.open_connection(at.hostname, at.port))

    async def send(self, request: bytes) -> int:
        """Send, and wait for the whole answer; its status.

        Raises: ConnectionError, asyncio.IncompleteReadError when the other side is gone.
        """
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = head.split("\r\n")
        length = next((ln.split(":")[1] for ln in lines if ln.startswith("content-length:")), "0")
        await self._reader.readexactly(int(length))
        return int(lines[0].split()[1])

    def close(self) -> None:
        """Close it."""
        self._writer.close()


async def flood(
    shop: Shop, order_ids: Iterator[str], seconds: float, connections: int = CONNECTIONS
) -> Sent:
    """As many as go through in this time: each connection sends when it was answered.

    A connection that breaks is not opened again: what it had under way was not accepted.
    """
    sent, until = Sent(), time.perf_counter() + seconds

    async def keep_sending(connection: Connection) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (began := time.perf_counter()) < until:
                order_id = next(order_ids)
                status = await connection.send(shop.request(order_id))
                sent.record(order_id, status, time.perf_counter() - began)

    began = time.perf_counter()
    opened = [await Connection.open(shop.url) for _ in range(connections)]
    await asyncio.gather(*map(keep_sending, opened))
    sent.seconds = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return sent


async def steady(
    shop: Shop, order_ids: Sequence[str], per_s: float, connections: int = CONNECTIONS
) -> Sent:
    """These, one every 1/`per_s` seconds, however long the answers take."""
    sent = Sent()
    opened = [await Connection.open(shop.url) for _ in range(connections)]
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in opened:
        free.put_nowait(connection)

    async def send(order_id: str, due_at: float) -> None:
        connection = await free.get()
        status = await connection.send(shop.request(order_id))
        free.put_nowait(connection)
        sent.record(order_id, status, time.perf_counter() - due_at)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for place, order_id in enumerate(order_ids):
            due_at = began + place / per_s
            await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
            group.create_task(send(order_id, due_at))
    sent.seconds = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return sent
