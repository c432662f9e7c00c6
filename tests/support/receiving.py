"""The real receiver on a port of its own, and events as BigCommerce sends them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from world import PAIR

from core.settings import load_settings
from receiver.app import Receiver
from receiver.bigcommerce import SECRET_HEADER
from store.database import open_database

SECRET = "a-long-shared-secret"


@contextmanager
def receiving() -> Iterator[str]:
    """Where the receiver of the configured pair listens for the store's events."""
    settings = load_settings()
    database = open_database(settings.database_url)
    app = Receiver(settings, database).app()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
    listening = server.config.bind_socket()
    listening.listen(64)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/bigcommerce/{PAIR}"
    finally:
        server.should_exit = True
        thread.join()
        database.close()


def send(url: str, event: Mapping[str, Any], client: httpx.Client) -> int:
    """Deliver one event with our own secret, as the subscription has it; the answer's status."""
    body = {"producer": "stores/sandbox", "store_id": "1025646", **event}
    return client.post(url, json=body, headers={SECRET_HEADER: SECRET}).status_code
