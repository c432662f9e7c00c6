"""Prefect's clients, taught to ask a busy server again at once.

A Prefect server on SQLite answers 503 while another request writes: for milliseconds, often just
when two runs begin. Prefect's own client then rests for two seconds, for which a shopper waits.
"""

from __future__ import annotations

from httpx_retries import Retry, RetryTransport
from prefect.client.orchestration import PrefectClient, SyncPrefectClient

AT_ONCE = Retry(
    total=12,
    allowed_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
    status_forcelist=(503,),
    retry_on_exceptions=(),
    backoff_factor=0.03,
    max_backoff_wait=0.4,
    total_timeout=2.0,
)
"""Beneath Prefect's own retries, which repeat the same requests: what a 503 refused was not done. A
server that is not there at all is theirs alone."""


def patient(client: SyncPrefectClient | PrefectClient) -> None:
    """Let this client ask again at once. Its proxies, if there are any, stay as they are."""
    # Prefect takes a transport only in place of the one that it sets up, certificates and all.
    inner = client._client  # noqa: SLF001
    inner._transport = RetryTransport(inner._transport, AT_ONCE)  # noqa: SLF001
