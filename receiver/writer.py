"""Keys of many deliveries written together: durable before the 2xx, and cheap in a burst."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.defects import log_defect
from store import inbox, statistics
from store.database import Database, StoreUnavailableError

log = logging.getLogger("causeway.receiver")

MOST_AT_ONCE = 500
NOTICE = "notice"
"""The source of what Brightpearl reports; all others are of BigCommerce."""


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass
class Delivery:
    """What one delivery asks to be remembered."""

    pair: str
    counted: str
    """What is counted, such as `accepted` or `refused: signature`."""
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By entity."""
    source: str = "webhook"
    written: asyncio.Future[None] = field(default_factory=_future)


class Writer:
    """One transaction for all deliveries that arrive while the last one is being written."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
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
            await self._write_out(batch)

    async def _write_out(self, batch: Sequence[Delivery]) -> None:
        """Write, and answer every waiting request; a batch that fails does not stop the writer."""
        failure: Exception | None = None
        try:
            await asyncio.to_thread(self._write, batch)
        except StoreUnavailableError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - senders are answered, and later batches kept
            log_defect(log, "Keeping webhooks", error)
            failure = StoreUnavailableError(f"Webhooks cannot be kept ({type(error).__name__}).")
        for delivery in batch:
            if delivery.written.done():  # the sender hung up meanwhile
                continue
            if failure is None:
                delivery.written.set_result(None)
            else:
                delivery.written.set_exception(failure)

    def _write(self, batch: Sequence[Delivery]) -> None:
        now = self._clock()
        counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for delivery in batch:
            counted[delivery.pair][f"webhooks {delivery.counted}"] += 1
            if delivery.keys:
                is_notice = delivery.source == NOTICE
                system = "brightpearl" if is_notice else "bigcommerce"
                counted[delivery.pair][f"webhooks of {system}"] += 1
        with self._database.write() as connection:
            events = [
                (delivery.pair, entity, key, delivery.source)
                for delivery in batch
                for entity, named in delivery.keys.items()
                for key in named
            ]
            inbox.put(connection, events, now=now)
            for pair, by_name in sorted(counted.items()):
                statistics.add(connection, pair, now.date(), by_name)
