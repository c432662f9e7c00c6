"""How a Prefect server that we start uses its SQLite database: one writer after the other.

Prefect begins its transactions as deferred ones and reads before it writes. While any other
connection writes, SQLite refuses such a write at once, without waiting, and the request ends in a
503. Worse, the refused statement is garbage, and finalizing it waits for its connection: when
that one has meanwhile begun to wait for a writer itself, the collector has stopped the event loop
that the writer needs to commit, and the whole server stands still for the busy timeout, which is
a minute (seen in stack dumps: the main thread inside an ordinary allocation, one connection
waiting, all others idle).

A transaction that announces its write when it begins waits for its turn instead.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, CreateEnginePlugin, Engine, event, make_url

PLUGIN = "causeway_immediate"
"""Its name in the URL of a database; `pyproject.toml` registers it."""
STEPS_TOGETHER = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
"""Prefect writes each state of each step in a transaction of its own: dozens a run, which keep its
SQLite database busy while the next run is to begin."""
DEFERRED, IMMEDIATE = "BEGIN DEFERRED", "BEGIN IMMEDIATE"


def with_plugin(url: str) -> str:
    """The URL of a database with the plugin, where it is a file of SQLite and names no plugin."""
    named = make_url(url)
    if named.get_backend_name() != "sqlite" or ":memory:" in url or "plugin" in named.query:
        return url
    return f"{url}{'&' if named.query else '?'}plugin={PLUGIN}"


class ImmediateTransactions(CreateEnginePlugin):
    """Begin every explicit transaction of an engine as a writing one: `?plugin=…` in its URL.

    Source: docs.sqlalchemy.org, `CreateEnginePlugin` and the event `before_cursor_execute`.
    """

    def update_url(self, url: URL) -> URL:
        """Leave the rest of the URL to the driver; the engine has taken the plugin off."""
        return url

    def engine_created(self, engine: Engine) -> None:
        """Watch the statements of the engine."""
        event.listen(engine, "before_cursor_execute", _begin_immediate, retval=True)


def _begin_immediate(
    _connection: Connection,
    _cursor: object,
    statement: str,
    parameters: Any,  # noqa: ANN401 - the driver's, passed on as they are
    _context: object,
    _is_many: bool,  # noqa: FBT001 - the event's signature
) -> tuple[str, Any]:
    return (IMMEDIATE if statement == DEFERRED else statement), parameters
