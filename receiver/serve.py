"""The receiver process."""

from __future__ import annotations

import uvicorn

from core.settings import Settings
from receiver.app import Receiver
from store.database import open_database

KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than senders and proxies keep theirs, as a rule a
minute at most, so that none of them sends a webhook into one that is just being closed."""


def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT. No access log: paths hold Brightpearl's token.

    Raises: ConfigError, StoreUnavailableError at start only.
    """
    database = open_database(settings.database_url)
    config = uvicorn.Config(
        Receiver(settings, database).app(),
        host=settings.receiver.host,
        port=settings.receiver.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    where = f"{settings.receiver.host}:{settings.receiver.port}"
    print(f"causeway receiver: listening on {where}", flush=True)  # noqa: T201 - people wait for it
    server.run()
