"""A flow that the worker's tests deploy: it settles what is due, and misbehaves by a key's name."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from prefect import flow

from core.errors import ConfigError
from core.times import utc_now
from store.database import open_database
from store.inbox import Done, Inbox

OWNER = "deployed"


@flow(name="sync-orders", persist_result=False)
async def sync_orders(pair: str = "default", *, dry_run: bool = False) -> int:
    """Settle whatever is due; gives how many keys that were."""
    _write_process_id()
    inbox = Inbox(open_database(os.environ["CAUSEWAY_DATABASE_URL"]))
    for claim in inbox.peek(pair, "orders", keys=None, limit=500, now=utc_now()):
        if not await _behaves(claim.key):
            return 0
    claims = inbox.claim(pair, "orders", owner=OWNER, limit=500, lease_s=60, now=utc_now())
    inbox.settle(pair, "orders", OWNER, [Done(claim.key) for claim in claims], now=utc_now())
    return len(claims)


def _write_process_id() -> None:
    Path(os.environ["FLOWS_FOLDER"], "pid").write_text(str(os.getpid()), encoding="ascii")


async def _behaves(key: str) -> bool:
    """Whether a run with this key ends as it should; it may also never come back from here."""
    match key.partition("-")[0]:
        case "refused":
            raise ConfigError("The token was refused.", remedy="Renew it.")
        case "broken":
            raise ZeroDivisionError
        case "exits":
            raise SystemExit(3)
        case "cancels":
            raise asyncio.CancelledError
        case "left":
            return False
        case "slow":
            folder = Path(os.environ["FLOWS_FOLDER"])
            (folder / "begun").touch()
            while not (folder / "go-on").exists():  # noqa: ASYNC110 - a file cannot be awaited
                await asyncio.sleep(0.02)
    return True
