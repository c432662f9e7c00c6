"""Attackers that try to keep the receiver from its work; each kind runs in a process of its own.

`python -m bench.attackers KIND URL` goes on until it is ended.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

SOURCE = "127.0.0.66"
"""Their address; genuine senders have another one."""
REQUESTS_PER_S = 10_000
"""Ten times as many as the receiver answers on one core."""
FLOODING = 64
AHEAD = 20
"""Requests that are written before an answer is read."""
SLOW_BODIES = 600
ANNOUNCED = 250_000
"""Bytes of a slow body, of which one comes each second."""
IDLE = 5_000
AGAIN_S = 0.5
"""Waited before a connection that was closed is opened again."""


async def flood(url: str) -> None:
    """Requests with a wrong signature, at a rate that no answer slows down."""
    at = urlsplit(url)
    body = b'{"scope":"store/order/updated","data":{"type":"order","id":1}}'
    head = (
        f"POST {at.path} HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nwebhook-id: msg_1\r\nwebhook-timestamp: 1\r\n"
        "webhook-signature: v1,d3Jvbmc=\r\n\r\n"
    )
    requests = (head.encode() + body) * AHEAD
    pause_s = FLOODING * AHEAD / REQUESTS_PER_S

    async def keep_sending() -> None:
        due_at = time.monotonic()
        while True:
            with suppress(OSError):
                reader, writer = await _open(url)
                writer.write(requests)
                await reader.read()
                writer.close()
            due_at += pause_s
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))

    await asyncio.gather(*(keep_sending() for _ in range(FLOODING)))


async def slow_bodies(url: str) -> None:
    """Requests whose bodies come a byte a second."""
    at = urlsplit(url)
    head = (
        f"POST {at.path} HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {ANNOUNCED}\r\n\r\n"
    ).encode()

    async def keep_dribbling() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await _open(url)
                writer.write(head)
                while not reader.at_eof():
                    writer.write(b"x")
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1024), 1)
                writer.close()
            await asyncio.sleep(AGAIN_S)

    await asyncio.gather(*(keep_dribbling() for _ in range(SLOW_BODIES)))


async def idle_connections(url: str) -> None:
    """Connections on which nothing is sent."""

    async def keep_open() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await _open(url)
                await reader.read()
                writer.close()
            await asyncio.sleep(AGAIN_S)

    await asyncio.gather(*(keep_open() for _ in range(IDLE)))


KINDS: dict[str, Callable[[str], Awaitable[None]]] = {
    "flood": flood,
    "slow-bodies": slow_bodies,
    "idle-connections": idle_connections,
}


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    at = urlsplit(url)
    return await asyncio.open_connection(at.hostname, at.port, local_addr=(SOURCE, 0))


async def _attack(kind: str, url: str) -> None:
    await KINDS[kind](url)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_attack(sys.argv[1], sys.argv[2]))
