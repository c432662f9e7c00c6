"""Keys of many deliveries written together: durable before the 2xx, and cheap in a burst."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.times import utc_now
from store import counts, inbox
from store.database import Database
from store.errors import StoreUnavailableError

MOST_AT_ONCE = 500


@dataclass
class Delivery:
    """What one delivery asks to be remembered."""

    pair: str
    counted: str
    """What is counted, such as `accepted` or `refused: signature`."""
    entity: str = ""
    keys: Sequence[str] = ()
    source: str = "webhook"
    written: asyncio.Future[None] = field(default_factory=lambda: new_future())


class Writer:
    """One transaction for all deliveries that arrive while the last one is being written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()

    async def keep(self, delivery: Delivery) -> None:
        """Return when the delivery is on disk.

        Raises: StoreUnavailableError.
        """
        self._waiting.put_nowait(delivery)
        await delivery.written

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty() and len(batch) < MOST_AT_ONCE:
                batch.append(self._waiting.get_nowait())
            try:
                await asyncio.to_thread(self._write, batch)
            except StoreUnavailableError as error:
                for delivery in batch:
                    delivery.written.set_exception(error)
            else:
                for delivery in batch:
                    delivery.written.set_result(None)

    def _write(self, batch: Sequence[Delivery]) -> None:
        now = utc_now()
        keys: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for delivery in batch:
            counted[delivery.pair][f"webhooks {delivery.counted}"] += 1
            if delivery.keys:
                keys[delivery.pair, delivery.entity, delivery.source].extend(delivery.keys)
        with self._database.write() as connection:
            for (pair, entity, source), named in keys.items():
                inbox.put(connection, pair, entity, named, source=source, now=now)
            for pair, by_name in counted.items():
                counts.add(connection, pair, now.date(), by_name)


def new_future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()
