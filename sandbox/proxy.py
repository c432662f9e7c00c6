"""A forwarding proxy that leads the vendors' host names to the sandboxes, and nowhere else.

Clients that hard-code `https://api.bigcommerce.com` reach the sandbox unchanged by `HTTPS_PROXY`.
The proxy only passes bytes on: TLS is between the client and the sandbox.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch

CHUNK = 65_536
READ_HEAD_S = 10.0
REFUSED = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """Answers `CONNECT`. `routes` are local ports by host name, where `*` stands for any part."""

    def __init__(self, host: str, routes: Mapping[str, int]) -> None:
        self._host = host
        self._routes = routes
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    def port_for(self, name: str) -> int | None:
        """The local port that a host name leads to; None for one that is no vendor's."""
        folded = name.casefold()
        return next((port for host, port in self._routes.items() if fnmatch(folded, host)), None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        broken = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        with contextlib.suppress(*broken), self._open(writer):
            await self._lead(reader, writer)

    async def close(self) -> None:
        """End all connections."""
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextlib.contextmanager
    def _open(self, end: asyncio.StreamWriter) -> Iterator[None]:
        """One end of a connection, until the block ends."""
        self._ends.add(end)
        try:
            yield
        finally:
            self._ends.discard(end)
            end.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(_read_head(reader), READ_HEAD_S)
        method, _, rest = head.partition(" ")
        port = self.port_for(rest.partition(" ")[0].partition(":")[0])
        if method != "CONNECT" or port is None:
            writer.write(REFUSED)
            await writer.drain()
            return
        answers, requests = await asyncio.open_connection(self._host, port)
        with self._open(requests):
            writer.write(CONNECTED)
            await asyncio.gather(_pass(reader, requests), _pass(answers, writer))


async def _read_head(reader: asyncio.StreamReader) -> str:
    """The request line; the header fields are read and dropped."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b"\r\n", 1)[0].decode("latin-1")


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Hand on bytes until the source ends."""
    while chunk := await source.read(CHUNK):
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
